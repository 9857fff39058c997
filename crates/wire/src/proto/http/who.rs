//! Who asks, as `Authorization` tells it. Only names leave this file, never a password or its digest.

use super::records::trim;
use crate::bytes::{u16_le_at, u32_le_at};
use memchr::memmem;

/// Longer authorizations are not looked into.
const VALUE_BYTES_MAX: usize = 1 << 14;
const NAME_BYTES_MAX: usize = 512;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    pub account: Option<String>,
    pub workstation: Option<String>,
}

/// Reads the value of `Authorization` or `Proxy-Authorization` (RFC 7617, 7616, 4559).
pub fn who(value: &[u8]) -> Option<Who> {
    let value = trim(value.get(..value.len().min(VALUE_BYTES_MAX))?);
    let end = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at_checked(end)?;
    match scheme.to_ascii_lowercase().as_slice() {
        b"basic" => {
            let decoded = base64(trim(rest));
            let account = decoded.split(|byte| *byte == b':').next()?;
            Some(Who { account: named(account), workstation: None })
        }
        b"digest" => {
            let parameters = [b"; ", rest].concat();
            let account = digest_user(&parameters)?;
            Some(Who { account: named(&account), workstation: None })
        }
        b"ntlm" | b"negotiate" => ntlm(&base64(trim(rest))),
        _ => None,
    }
}

fn named(name: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(name.get(..name.len().min(NAME_BYTES_MAX))?).into_owned();
    (!name.is_empty()).then_some(name)
}

/// `username="…"` among parameters that commas separate.
fn digest_user(parameters: &[u8]) -> Option<Vec<u8>> {
    let lower = parameters.to_ascii_lowercase();
    let at = memmem::find(&lower, b"username=")? + b"username=".len();
    let rest = parameters.get(at..)?;
    let (text, stop) = match rest.strip_prefix(b"\"") {
        Some(quoted) => (quoted, b'"'),
        None => (rest, b','),
    };
    text.split(|byte| *byte == stop).next().map(<[u8]>::to_vec)
}

/// The third message of NTLMSSP, also inside of SPNEGO ([MS-NLMP], section 2.2.1.3).
fn ntlm(token: &[u8]) -> Option<Who> {
    let message = token.get(memmem::find(token, b"NTLMSSP\0")?..)?;
    if u32_le_at(message, 8)? != 3 {
        return None;
    }
    let unicode = u32_le_at(message, 60).is_none_or(|flags| flags & 1 != 0);
    let field = |at: usize| -> Option<String> {
        let length = usize::from(u16_le_at(message, at)?).min(NAME_BYTES_MAX);
        let offset = usize::try_from(u32_le_at(message, at + 4)?).ok()?;
        let bytes = message.get(offset..offset.checked_add(length)?)?;
        if !unicode {
            return named(bytes);
        }
        let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|pair| u16_le_at(pair, 0)).collect();
        Some(String::from_utf16_lossy(&units)).filter(|name| !name.is_empty())
    };
    let (domain, user) = (field(28), field(36));
    let account = match (domain, user) {
        (Some(domain), Some(user)) => Some(format!("{domain}\\{user}")),
        (_, user) => user,
    };
    Some(Who { account, workstation: field(44) })
}

/// Base64 (RFC 4648, both alphabets); what is no digit is passed over.
pub fn base64(text: &[u8]) -> Vec<u8> {
    let (mut out, mut bits, mut count) = (Vec::with_capacity(text.len() / 4 * 3), 0u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

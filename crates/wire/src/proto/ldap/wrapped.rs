//! The layer that SASL puts around messages after a bind: a length and a token (RFC 4752, RFC 4121, [MS-NLMP] 2.2.2.9).

use crate::bytes::{u8_at, u16_be_at, u32_be_at};

/// Longer tokens are not negotiated by anybody.
pub const TOKEN_BYTES_MAX: usize = 1 << 24;
const LENGTH_BYTES: usize = 4;
/// Bytes of a Kerberos token before its content.
const KERBEROS_HEAD: usize = 16;
/// The content is sealed and not only signed.
const KERBEROS_SEALED: u8 = 0x02;
const NTLM_SIGNATURE: usize = 16;

/// Length of the wrapped record that begins here, with the length itself. A message begins with `0x30`, a length of three
/// bytes with nought: they cannot be mistaken for each other.
pub fn record_length(data: &[u8]) -> Option<usize> {
    let length = u32_be_at(data, 0)? as usize;
    (length > 0 && length < TOKEN_BYTES_MAX).then_some(LENGTH_BYTES + length)
}

/// Where a wrapped record begins behind a hole: a length, and a token that names itself. Tokens of Kerberos hold a byte
/// that is filled with ones, those of NTLM a version of one.
pub fn find(data: &[u8]) -> Option<usize> {
    data.windows(LENGTH_BYTES + 4).position(|bytes| match bytes {
        [0, _, _, _, 0x05, 0x04, _, 0xff] => true,
        [0, _, _, _, 1, 0, 0, 0] => record_length(bytes).is_some_and(|length| length > LENGTH_BYTES + NTLM_SIGNATURE),
        _ => false,
    })
}

/// The bytes at the end of data that may be the beginning of what [`find`] looks for.
pub const FIND_KEPT: usize = LENGTH_BYTES + 3;

/// The messages in a wrapped record, when they are not sealed.
pub fn content(record: &[u8]) -> Option<&[u8]> {
    let token = record.get(LENGTH_BYTES..)?;
    let inside = if token.starts_with(&[0x05, 0x04]) {
        if u8_at(token, 2)? & KERBEROS_SEALED != 0 {
            return None;
        }
        let checksum = usize::from(u16_be_at(token, 4)?);
        let rotated = usize::from(u16_be_at(token, 6)?);
        let body = token.get(KERBEROS_HEAD..)?;
        // The checksum follows, unless it was rotated to the front.
        if rotated == 0 { body.get(..body.len().checked_sub(checksum)?)? } else { body.get(checksum..)? }
    } else if token.starts_with(&[1, 0, 0, 0]) {
        token.get(NTLM_SIGNATURE..)?
    } else {
        token
    };
    (inside.first() == Some(&0x30)).then_some(inside)
}

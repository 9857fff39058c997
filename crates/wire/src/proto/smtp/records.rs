//! Commands and answers, a line each.

use crate::lines::{after, word};
use crate::mime::base64;

/// A command of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    Hello(&'a [u8]),
    Mail(&'a [u8]),
    Recipient(&'a [u8]),
    Data,
    Chunk {
        length: u64,
        last: bool,
    },
    Auth {
        mechanism: &'a [u8],
        first: &'a [u8],
    },
    StartTls,
    Reset,
    Quit,
    /// Known, and of no further use.
    Other,
    Unknown,
}

pub fn command(line: &[u8]) -> Command<'_> {
    let line = line.trim_ascii();
    let (name, rest) = word(line);
    let upper = name.to_ascii_uppercase();
    match upper.as_slice() {
        b"EHLO" | b"HELO" | b"LHLO" => Command::Hello(rest),
        b"DATA" => Command::Data,
        b"BDAT" => {
            let (length, last) = word(rest);
            let length = std::str::from_utf8(length).ok().and_then(|length| length.parse().ok());
            match length {
                Some(length) => Command::Chunk { length, last: last.eq_ignore_ascii_case(b"LAST") },
                None => Command::Unknown,
            }
        }
        b"AUTH" => {
            let (mechanism, first) = word(rest);
            Command::Auth { mechanism, first }
        }
        b"STARTTLS" | b"X-ANONYMOUSTLS" => Command::StartTls,
        b"RSET" => Command::Reset,
        b"QUIT" => Command::Quit,
        b"NOOP" | b"VRFY" | b"EXPN" | b"HELP" | b"ETRN" | b"TURN" | b"XCLIENT" | b"XFORWARD" => Command::Other,
        _ => {
            if let Some(path) = after(line, "MAIL FROM:") {
                return Command::Mail(word(path).0);
            }
            if let Some(path) = after(line, "RCPT TO:") {
                return Command::Recipient(word(path).0);
            }
            Command::Unknown
        }
    }
}

/// An answer's line: its code, whether more lines follow, and its text.
pub fn reply(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits.iter().fold(0u16, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.split_first() {
        None => Some((code, false, rest)),
        Some((b'-', text)) => Some((code, true, text)),
        Some((b' ', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}

/// The account in the first message of `AUTH PLAIN` (RFC 4616) or the answer to `AUTH LOGIN`'s first question.
pub fn account(mechanism: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
    let decoded = base64(answer.trim_ascii());
    let account = if mechanism.eq_ignore_ascii_case(b"PLAIN") {
        decoded.split(|byte| *byte == 0).nth(1)?.to_vec()
    } else if mechanism.eq_ignore_ascii_case(b"LOGIN") {
        decoded
    } else if mechanism.eq_ignore_ascii_case(b"CRAM-MD5") {
        decoded.split(|byte| *byte == b' ').next()?.to_vec()
    } else if mechanism.eq_ignore_ascii_case(b"XOAUTH2") {
        let user = decoded.strip_prefix(b"user=")?;
        user.split(|byte| *byte == 1).next()?.to_vec()
    } else {
        return None;
    };
    Some(account).filter(|account| !account.is_empty() && account.len() <= 320)
}

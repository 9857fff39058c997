//! Pieces of IMAP's lines.

use crate::lines::word;

/// The length of the literal that a line announces at its end (RFC 3501, section 4.3; RFC 7888).
pub fn literal(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let from = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = inner.get(from + 1..)?;
    let digits = digits.strip_suffix(b"+").or_else(|| digits.strip_suffix(b"-")).unwrap_or(digits);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// True when the literal that a server's line announces is a whole mail.
pub fn announces_mail(line: &[u8]) -> bool {
    let Some(at) = line.iter().rposition(|byte| *byte == b'{') else { return false };
    let before = line.get(..at).unwrap_or_default().trim_ascii_end().to_ascii_uppercase();
    before.ends_with(b"BODY[]") || before.ends_with(b"RFC822") || before.ends_with(b"BODY[]<0>")
}

/// The next argument: quoted, or up to a blank; and what follows it.
pub fn argument(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let text = text.trim_ascii_start();
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let (word, rest) = word(text);
        return (word.to_vec(), rest);
    };
    let (mut value, mut escaped) = (Vec::new(), false);
    for (at, byte) in quoted.iter().enumerate() {
        match byte {
            _ if escaped => {
                value.push(*byte);
                escaped = false;
            }
            b'\\' => escaped = true,
            b'"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            _ => value.push(*byte),
        }
    }
    (value, &[])
}

/// Letters of a name, of which those beyond ASCII are words in a base64 of their own (RFC 3501, section 5.1.3).
pub fn letters(name: &[u8]) -> usize {
    let (mut count, mut rest) = (0, name);
    while let Some((first, after)) = rest.split_first() {
        let word = after.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b',')).count();
        if *first == b'&' && after.get(word) == Some(&b'-') {
            // Six bits a byte, sixteen a letter; the ampersand itself is an empty word.
            count += (word * 6 / 16).max(1);
            rest = after.get(word + 1..).unwrap_or_default();
        } else {
            count += 1;
            rest = after;
        }
    }
    count
}

/// Commands whose arguments are the names of mailboxes and accounts: short ones.
pub fn takes_names(command: &[u8]) -> bool {
    matches!(
        command,
        b"AUTHENTICATE"
            | b"LOGIN"
            | b"SELECT"
            | b"EXAMINE"
            | b"STATUS"
            | b"LIST"
            | b"LSUB"
            | b"CREATE"
            | b"DELETE"
            | b"RENAME"
            | b"SUBSCRIBE"
            | b"UNSUBSCRIBE"
    )
}

//! What is odd about the name of a part: names that lead a careless program out of its folder, or hide what they name.

use crate::reading::Reading;
use encoding_rs::{GBK, WINDOWS_1252};
use model::Message;

/// Names that Windows takes for a device, with any extension.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];
/// Bytes of a name beyond which no file system goes.
const NAME_BYTES_MAX: usize = 4096;

/// Looks over a name, as the container spells it.
pub fn look(reading: &mut Reading, name: &str, at: u64) {
    let mut odd = |code: &str| reading.odd_at(Message::new(code).with("name", shown(name)), at);
    let pieces = || name.split(['/', '\\']);
    if pieces().any(|piece| piece == "..") {
        odd("name.traversal");
    }
    if name.starts_with(['/', '\\'])
        || name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic()
    {
        odd("name.absolute");
    }
    if pieces().any(is_device) {
        odd("name.device");
    }
    if name.chars().any(|letter| letter.is_control()) {
        odd("name.control-letters");
    }
    if name.chars().any(|letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        odd("name.turns-direction");
    }
    if pieces()
        .skip(1)
        .chain(pieces().take(1))
        .any(|piece| piece.char_indices().skip(2).any(|(_, letter)| letter == ':'))
    {
        odd("name.alternate-stream");
    }
    if pieces().any(|piece| piece.ends_with([' ', '.']) && piece != "." && piece != ".." && !piece.is_empty()) {
        odd("name.trailing-space-or-dot");
    }
    if name.len() > NAME_BYTES_MAX {
        odd("name.overlong");
    }
}

fn is_device(piece: &str) -> bool {
    let stem = piece.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered =
        |word: &str| stem.strip_prefix(word).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit());
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// A name as a parameter of a message: not longer than one reads.
pub fn shown(name: &str) -> String {
    let mut name = name.to_owned();
    crate::gather::cut(&mut name, 256);
    name
}

/// Decodes a name whose alphabet is not told: UTF-8, else that of Chinese Windows, else that of Western Windows.
pub fn decode(name: &[u8]) -> String {
    if let Ok(name) = std::str::from_utf8(name) {
        return name.to_owned();
    }
    let (text, broken) = GBK.decode_without_bom_handling(name);
    if broken { WINDOWS_1252.decode_without_bom_handling(name).0.into_owned() } else { text.into_owned() }
}

/// Letters of two bytes, low byte first, up to a zero if there is one.
pub fn utf16(bytes: &[u8]) -> String {
    let letters = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let letters: Vec<u16> = letters.take_while(|letter| *letter != 0).collect();
    String::from_utf16_lossy(&letters)
}

/// Letters of one byte up to a zero if there is one.
pub fn until_zero(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let mut reading = Reading::default();
        look(&mut reading, name, 0);
        let codes: Vec<&str> = reading.oddities.iter().map(|oddity| oddity.message.code.as_str()).collect();
        assert_eq!(codes.join(" "), expected, "{name:?}");
    }

    #[test]
    fn names_that_lead_elsewhere_are_told() {
        check("a/b.txt", "");
        check("../../etc/passwd", "name.traversal");
        check("..\\x", "name.traversal");
        check("/etc/passwd", "name.absolute");
        check("C:\\x", "name.absolute");
        check("a/CON.txt", "name.device");
        check("com1", "name.device");
        check("common.txt", "");
        check("a\u{202e}txt.exe", "name.turns-direction");
        check("a.txt:x", "name.alternate-stream");
        check("a\nb", "name.control-letters");
        check("a.exe ", "name.trailing-space-or-dot");
    }

    #[test]
    fn a_name_without_an_alphabet_is_decoded() {
        assert_eq!(decode("纵深".as_bytes()), "纵深");
        assert_eq!(decode(b"\xd7\xdd\xc9\xee"), "纵深");
    }
}

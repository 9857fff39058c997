//! Links in the text of a mail.

/// Links of one mail that are kept.
const URLS_MAX: usize = 64;
const URL_BYTES_MAX: usize = 2048;
/// Text that is looked at in one piece.
const LINE_BYTES_MAX: usize = 8192;
const SCHEMES: [&[u8]; 3] = [b"http", b"https", b"ftp"];

/// Text as it comes, until the end of its line is there.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    line: Vec<u8>,
}

impl Scanner {
    pub fn text(&mut self, text: &[u8], found: &mut Vec<(bool, Vec<u8>)>) {
        for piece in text.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.line.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if piece.ends_with(b"\n") {
                self.flush(found);
            }
        }
    }

    /// The text ends, or a line of it.
    pub fn flush(&mut self, found: &mut Vec<(bool, Vec<u8>)>) {
        scan(&self.line, found);
        self.line.clear();
    }
}

/// Finds links; each with whether its scheme is plain `http`, and without the scheme.
fn scan(line: &[u8], found: &mut Vec<(bool, Vec<u8>)>) {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(line.get(from..).unwrap_or_default(), b"://").map(|at| from + at) {
        from = at + 3;
        let before = line.get(..at).unwrap_or_default();
        let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).take(6).count();
        let scheme = before.get(before.len() - letters..).unwrap_or_default().to_ascii_lowercase();
        if !SCHEMES.contains(&scheme.as_slice()) {
            continue;
        }
        let rest = line.get(from..).unwrap_or_default();
        let ends = |byte: &u8| {
            byte.is_ascii_whitespace() || byte.is_ascii_control() || matches!(byte, b'"' | b'\'' | b'<' | b'>')
        };
        let length = rest.iter().position(ends).unwrap_or(rest.len()).min(URL_BYTES_MAX);
        let url = rest.get(..length).unwrap_or_default().to_vec();
        from += length;
        let entry = (scheme == b"http", url);
        if !entry.1.is_empty() && found.len() < URLS_MAX && !found.contains(&entry) {
            found.push(entry);
        }
    }
}

//! The notation of PDF (ISO 32000-1, section 7.3): numbers, names, strings, arrays, dictionaries and references.

/// Arrays and dictionaries in one another.
const DEPTH_MAX: usize = 48;
/// Bytes of one name.
const NAME_BYTES_MAX: usize = 512;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Object {
    Null,
    Flag(bool),
    Integer(i64),
    Real(f64),
    Name(String),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Vec<(String, Object)>),
    Reference(u32),
}

impl Object {
    pub fn dictionary(&self) -> Option<&[(String, Object)]> {
        if let Object::Dictionary(entries) = self { Some(entries) } else { None }
    }

    pub fn array(&self) -> Option<&[Object]> {
        if let Object::Array(items) = self { Some(items) } else { None }
    }

    /// The value of a key of a dictionary.
    pub fn get(&self, key: &str) -> Option<&Object> {
        self.dictionary()?.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn name(&self) -> Option<&str> {
        if let Object::Name(name) = self { Some(name) } else { None }
    }

    pub fn integer(&self) -> Option<i64> {
        match self {
            Object::Integer(number) => Some(*number),
            Object::Real(number) => Some(*number as i64),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&[u8]> {
        if let Object::Text(text) = self { Some(text) } else { None }
    }
}

/// Reads values from bytes.
pub struct Lexer<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
    /// Values that may still be made.
    pub nodes: usize,
    /// Names that hide ordinary letters behind numbers, as they are written.
    pub hidden: Vec<String>,
}

pub fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

pub fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    pub fn new(bytes: &'a [u8], at: usize, nodes: usize) -> Self {
        Lexer { bytes, at, nodes, hidden: Vec::new() }
    }

    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Goes over white space and comments.
    pub fn skip(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let rest = &self.bytes[self.at..];
                self.at += rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
            } else if is_space(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// A run of regular characters.
    pub fn word(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| is_space(*byte) || is_delimiter(*byte)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// The next value; none where there is no value.
    pub fn object(&mut self) -> Option<Object> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Option<Object> {
        self.skip();
        self.nodes = self.nodes.checked_sub(1)?;
        match self.peek()? {
            b'/' => Some(Object::Name(self.name_of())),
            b'(' => Some(Object::Text(self.literal())),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => self.dictionary(depth),
            b'<' => Some(Object::Text(self.hexadecimal())),
            b'[' => self.array(depth),
            byte if is_delimiter(byte) => None,
            _ => self.plain(),
        }
    }

    fn name_of(&mut self) -> String {
        self.at += 1;
        let written = self.word();
        let written = &written[..written.len().min(NAME_BYTES_MAX)];
        let (mut name, mut at, mut hides) = (Vec::new(), 0, false);
        while let Some(byte) = written.get(at) {
            let digits = written.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
            match digits.filter(|_| *byte == b'#').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(letter) => {
                    hides |= letter.is_ascii_alphanumeric();
                    name.push(letter);
                    at += 3;
                }
                None => {
                    name.push(*byte);
                    at += 1;
                }
            }
        }
        if hides && self.hidden.len() < 32 {
            self.hidden.push(String::from_utf8_lossy(written).into_owned());
        }
        String::from_utf8_lossy(&name).into_owned()
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let (mut text, mut depth) = (Vec::new(), 0_usize);
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.escape(&mut text),
                b'(' => {
                    depth += 1;
                    text.push(byte);
                }
                b')' if depth == 0 => break,
                b')' => {
                    depth -= 1;
                    text.push(byte);
                }
                _ => text.push(byte),
            }
        }
        text
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit) = self.peek().filter(|byte| (b'0'..=b'7').contains(byte)) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                text.push(value as u8);
            }
            b'\r' => self.at += usize::from(self.peek() == Some(b'\n')),
            b'\n' => {}
            other => text.push(other),
        }
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.at += 1;
        let (mut text, mut half) = (Vec::new(), None);
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            let Some(digit) = (byte as char).to_digit(16) else { continue };
            half = match half {
                None => Some(digit),
                Some(high) => {
                    text.push((high << 4 | digit) as u8);
                    None
                }
            };
        }
        text.extend(half.map(|high| (high << 4) as u8));
        text
    }

    fn array(&mut self, depth: usize) -> Option<Object> {
        self.at += 1;
        let mut items = Vec::new();
        if depth >= DEPTH_MAX {
            return Some(Object::Array(items));
        }
        loop {
            self.skip();
            if self.peek()? == b']' {
                self.at += 1;
                break;
            }
            match self.nested(depth + 1) {
                Some(item) => items.push(item),
                None if self.stuck() => break,
                None => {}
            }
        }
        Some(Object::Array(items))
    }

    fn dictionary(&mut self, depth: usize) -> Option<Object> {
        self.at += 2;
        let mut entries = Vec::new();
        if depth >= DEPTH_MAX {
            return Some(Object::Dictionary(entries));
        }
        loop {
            self.skip();
            match self.peek() {
                Some(b'>') => {
                    self.at += if self.bytes.get(self.at + 1) == Some(&b'>') { 2 } else { 1 };
                    break;
                }
                Some(b'/') => {
                    let key = self.name_of();
                    if let Some(value) = self.nested(depth + 1) {
                        entries.push((key, value));
                    } else if self.nodes == 0 {
                        break;
                    }
                }
                Some(_) if self.word().is_empty() && self.stuck() => break,
                Some(_) => {}
                None => break,
            }
        }
        Some(Object::Dictionary(entries))
    }

    /// Goes over one byte that fits nowhere; true when there is no going on.
    fn stuck(&mut self) -> bool {
        self.at += 1;
        self.nodes == 0 || self.at >= self.bytes.len()
    }

    /// A number, a reference or a word.
    fn plain(&mut self) -> Option<Object> {
        let start = self.at;
        let word = self.word();
        match word {
            b"true" => return Some(Object::Flag(true)),
            b"false" => return Some(Object::Flag(false)),
            b"null" => return Some(Object::Null),
            _ => {}
        }
        let Some(number) = number(word) else {
            // What is no value, as the end of an object, is left to who asked.
            if word.is_empty() || word.starts_with(b"end") || word == b"stream" {
                self.at = start;
            }
            return None;
        };
        if let Object::Integer(first) = number
            && let Ok(first) = u32::try_from(first)
        {
            let behind = self.at;
            self.skip();
            if self.word().iter().all(u8::is_ascii_digit) && self.at > behind + 1 {
                self.skip();
                if self.word() == b"R" {
                    return Some(Object::Reference(first));
                }
            }
            self.at = behind;
        }
        Some(number)
    }
}

fn number(word: &[u8]) -> Option<Object> {
    if !word.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(word).ok()?.trim_start_matches('+');
    if let Ok(number) = text.parse() {
        return Some(Object::Integer(number));
    }
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-')
        .then(|| text.parse().map_or(Object::Integer(0), Object::Real))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut lexer = Lexer::new(text.as_bytes(), 0, 1000);
        assert_eq!(format!("{:?} {:?}", lexer.object(), lexer.hidden), expected);
    }

    #[test]
    fn values_are_read_as_they_are_meant() {
        check("/A#42C", "Some(Name(\"ABC\")) [\"A#42C\"]");
        check("/A#20C", "Some(Name(\"A C\")) []");
        check("(a(b)\\)\\101\\\n)", &format!("Some(Text({:?})) []", b"a(b))A"));
        check("<4 1 4>", &format!("Some(Text({:?})) []", b"A@"));
        check("[1 0 R 2 -3.5]", "Some(Array([Reference(1), Integer(2), Real(-3.5)])) []");
        check(
            "<</A<</B 1>>/C[/D]>>",
            "Some(Dictionary([(\"A\", Dictionary([(\"B\", Integer(1))])), (\"C\", Array([Name(\"D\")]))])) []",
        );
        check("<</A", "Some(Dictionary([])) []");
        let deep = [b'['; 100_000];
        assert!(Lexer::new(&deep, 0, 1000).object().is_some());
    }
}

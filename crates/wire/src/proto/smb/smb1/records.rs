//! Headers, words and bytes of SMB1 messages ([MS-CIFS] 2.2.3).

use crate::bytes::{Bytes, u8_at, u16_le_at, u32_le_at};
use crate::proto::smb::events::Status;
use crate::proto::smb::text;

pub const HEADER_BYTES: usize = 32;
const FLAG_ANSWER: u8 = 0x80;
const FLAG2_NT_STATUS: u16 = 0x4000;
const FLAG2_UNICODE: u16 = 0x8000;
pub const FLAG2_EXTENDED_SECURITY: u16 = 0x0800;

#[derive(Debug, Clone, Copy)]
pub struct Header {
    pub command: u8,
    pub status: Status,
    pub is_answer: bool,
    pub flags2: u16,
    pub process_high: u16,
    pub process: u16,
    pub tree: u16,
    pub session: u16,
    pub multiplex: u16,
    /// The field that signatures are in.
    pub security: [u8; 8],
}

pub fn header(input: &[u8]) -> Option<Header> {
    let mut bytes = Bytes::new(input);
    bytes.skip(4)?;
    let command = bytes.u8()?;
    let status = bytes.array::<4>()?;
    let (flags, flags2, process_high) = (bytes.u8()?, bytes.u16_le()?, bytes.u16_le()?);
    let security = bytes.array::<8>()?;
    bytes.skip(2)?;
    let (tree, process, session, multiplex) = (bytes.u16_le()?, bytes.u16_le()?, bytes.u16_le()?, bytes.u16_le()?);
    let [class, _, low, high] = status;
    let status = if flags2 & FLAG2_NT_STATUS != 0 {
        Status::Nt(u32::from_le_bytes(status))
    } else {
        Status::Dos { class, code: u16::from_le_bytes([low, high]) }
    };
    let is_answer = flags & FLAG_ANSWER != 0;
    Some(Header { command, status, is_answer, flags2, process_high, process, tree, session, multiplex, security })
}

impl Header {
    pub fn is_unicode(&self) -> bool {
        self.flags2 & FLAG2_UNICODE != 0
    }

    /// What request and answer have in common.
    pub fn key(&self) -> u64 {
        u64::from(self.process) << 16 | u64::from(self.multiplex)
    }

    /// What the messages of one transaction have in common.
    pub fn transaction_key(&self) -> u64 {
        u64::from(self.session) << 48 | u64::from(self.tree) << 32 | self.key()
    }
}

/// Words and bytes of one command, as far as they are there.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    pub words: &'a [u8],
    /// The number of words that the sender states.
    pub word_count: u8,
    pub bytes: &'a [u8],
    /// The number of bytes that the sender states.
    pub byte_count: u16,
    /// Where the bytes begin in the message.
    pub bytes_at: usize,
    whole: &'a [u8],
}

/// Reads the words and bytes at a place of the message; what breaks off is as long as it is.
pub fn block(message: &[u8], at: usize) -> Option<Block<'_>> {
    let word_count = u8_at(message, at)?;
    let words_end = at + 1 + 2 * usize::from(word_count);
    let words = message.get(at + 1..words_end).or_else(|| message.get(at + 1..))?;
    let byte_count = u16_le_at(message, words_end).unwrap_or(0);
    let bytes_at = words_end + 2;
    let rest = message.get(bytes_at..).unwrap_or_default();
    let bytes = rest.get(..byte_count.into()).unwrap_or(rest);
    Some(Block { words, word_count, bytes, byte_count, bytes_at, whole: message })
}

impl<'a> Block<'a> {
    pub fn u8(&self, at: usize) -> Option<u8> {
        u8_at(self.words, at)
    }

    pub fn u16(&self, at: usize) -> Option<u16> {
        u16_le_at(self.words, at)
    }

    pub fn u32(&self, at: usize) -> Option<u32> {
        u32_le_at(self.words, at)
    }

    pub fn u64(&self, at: usize) -> Option<u64> {
        Bytes::new(self.words.get(at..)?).u64_le()
    }

    /// What an offset from the header and a length point at; what lies outside is cut.
    pub fn part(&self, offset: usize, length: usize) -> &'a [u8] {
        let rest = self.whole.get(offset..).unwrap_or_default();
        rest.get(..length).unwrap_or(rest)
    }

    /// Texts in the bytes, behind the first `skipped`.
    pub fn texts(&self, skipped: usize, unicode: bool) -> Texts<'a> {
        Texts { rest: self.bytes.get(skipped..).unwrap_or_default(), at: self.bytes_at + skipped, unicode }
    }
}

/// Terminated texts one after the other.
pub struct Texts<'a> {
    rest: &'a [u8],
    /// Where the rest begins in the message; text in UTF-16 stands at even places.
    at: usize,
    pub unicode: bool,
}

impl Texts<'_> {
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        self.at += count;
    }

    pub fn next(&mut self) -> String {
        if !self.unicode {
            return self.next_oem();
        }
        if self.at % 2 == 1 {
            self.skip(1);
        }
        let (text, used) = text::utf16_terminated(self.rest);
        self.skip(used);
        text
    }

    pub fn next_oem(&mut self) -> String {
        let (text, used) = text::oem_terminated(self.rest);
        self.skip(used);
        text
    }

    /// A text behind the byte that says that it is one.
    pub fn next_marked(&mut self) -> String {
        if self.rest.first() == Some(&4) {
            self.skip(1);
        }
        self.next()
    }
}

/// Commands that others can be chained behind.
pub fn is_chained(command: u8) -> bool {
    matches!(command, 0x24 | 0x2d | 0x2e | 0x2f | 0x73 | 0x74 | 0x75 | 0xa2)
}

//! Small programs for tests, laid out as a linker would, and signed as a signing tool would.

use super::signing::{Identity, SHA_256, Signing, message, parameters};
use crate::cms::Hash;
use crate::pe::image::{DIRECTORIES_MAX, SECURITY};

pub const CODE: u32 = 0x6000_0020;
pub const DATA: u32 = 0x4000_0040;
const HEADERS_BYTES: usize = 0x400;

/// What a program is made of.
pub struct Program {
    pub wide: bool,
    pub sections: Vec<(&'static str, u32, Vec<u8>)>,
    pub directories: [(u32, u32); DIRECTORIES_MAX],
    pub entry: u32,
    pub overlay: Vec<u8>,
}

impl Program {
    pub fn new(wide: bool) -> Self {
        let sections = vec![(".text", CODE, vec![0xc3; 16])];
        Program { wide, sections, directories: [(0, 0); DIRECTORIES_MAX], entry: 0x1000, overlay: Vec::new() }
    }

    /// Adds a section, and lets a directory point to its beginning. Its contents are made for the address it gets.
    pub fn with(mut self, directory: usize, name: &'static str, content: impl FnOnce(u32) -> Vec<u8>) -> Self {
        let address = 0x1000 * (self.sections.len() as u32 + 1);
        let content = content(address);
        self.directories[directory] = (address, content.len() as u32);
        self.sections.push((name, DATA, content));
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"MZ".to_vec();
        bytes.resize(0x3c, 0);
        put(&mut bytes, &[0x80]);
        bytes.resize(0x80, 0);
        bytes.extend(b"PE\0\0");
        let machine: u16 = if self.wide { 0x8664 } else { 0x014c };
        bytes.extend(machine.to_le_bytes());
        bytes.extend((self.sections.len() as u16).to_le_bytes());
        put(&mut bytes, &[0x5f5e_1000, 0, 0]);
        let optional: u16 = if self.wide { 240 } else { 224 };
        bytes.extend(optional.to_le_bytes());
        bytes.extend(0x0022_u16.to_le_bytes());
        self.optional(&mut bytes);
        for (number, (name, flags, content)) in self.sections.iter().enumerate() {
            let mut raw = name.as_bytes().to_vec();
            raw.resize(8, 0);
            bytes.extend(raw);
            let size = content.len() as u32;
            let offset =
                HEADERS_BYTES + self.sections[..number].iter().map(|section| raw_bytes(&section.2)).sum::<usize>();
            let address = 0x1000 * (number as u32 + 1);
            put(&mut bytes, &[size, address, raw_bytes(content) as u32, offset as u32, 0, 0, 0, *flags]);
        }
        assert!(bytes.len() <= HEADERS_BYTES);
        bytes.resize(HEADERS_BYTES, 0);
        for (_, _, content) in &self.sections {
            bytes.extend(content);
            bytes.resize(bytes.len().next_multiple_of(0x200), 0);
        }
        bytes.extend(&self.overlay);
        bytes
    }

    fn optional(&self, bytes: &mut Vec<u8>) {
        bytes.extend(if self.wide { [0x0b, 2, 14, 29] } else { [0x0b, 1, 14, 29] });
        put(bytes, &[0, 0, 0, self.entry, 0x1000]);
        if self.wide {
            bytes.extend(0x1_4000_0000_u64.to_le_bytes());
        } else {
            put(bytes, &[0, 0x40_0000]);
        }
        put(bytes, &[0x1000, 0x200, 6, 0, 6, 0, 0x1000 * (self.sections.len() as u32 + 1), HEADERS_BYTES as u32, 0]);
        bytes.extend([3, 0, 0x60, 0x81]);
        bytes.extend(vec![0; if self.wide { 32 } else { 16 }]);
        put(bytes, &[0, DIRECTORIES_MAX as u32]);
        for (address, size) in self.directories {
            put(bytes, &[address, size]);
        }
    }
}

fn raw_bytes(content: &[u8]) -> usize {
    content.len().next_multiple_of(0x200)
}

pub fn put(bytes: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        bytes.extend(number.to_le_bytes());
    }
}

/// Bytes at offsets, and zeros elsewhere.
pub fn laid(length: usize, pieces: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (at, piece) in pieces {
        bytes[*at..at + piece.len()].copy_from_slice(piece);
    }
    bytes
}

pub fn numbers(numbers: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, numbers);
    bytes
}

/// An import table of one library, in a section at that address, for 32 bits.
pub fn imports(address: u32, library: &str, functions: &[Result<&str, u16>]) -> Vec<u8> {
    let (mut table, mut names) = (Vec::new(), Vec::new());
    let names_at = 40 + 4 * (functions.len() + 1);
    for function in functions {
        match function {
            Ok(name) => {
                put(&mut table, &[address + (names_at + names.len()) as u32]);
                names.extend([&[0, 0], name.as_bytes(), &[0]].concat());
            }
            Err(ordinal) => put(&mut table, &[0x8000_0000 | u32::from(*ordinal)]),
        }
    }
    put(&mut table, &[0]);
    let library_at = address + (names_at + names.len()) as u32;
    names.extend([library.as_bytes(), &[0]].concat());
    [numbers(&[address + 40, 0, 0, library_at, address + 40, 0, 0, 0, 0, 0]), table, names].concat()
}

/// An item of ASN.1.
pub fn item(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    item(0x30, &parts.concat())
}

const INDIRECT_DATA: &[u8] = &[6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 4];
const IMAGE_DATA: &[u8] = &[6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 15];
const OPUS_INFO: &[u8] = &[6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 12];

/// Puts a signature behind a program that has none, by somebody whom nobody knows.
pub fn signed(program: Vec<u8>, wide: bool) -> Vec<u8> {
    let by = Identity::self_made(parameters("Test Signer", (2000, 2050)));
    signed_by(program, wide, &Signing { by: &by, with: Vec::new(), stamp: None })
}

pub fn signed_by(mut program: Vec<u8>, wide: bool, signing: &Signing) -> Vec<u8> {
    let optional = 0x80 + 24;
    let entry = optional + if wide { 112 } else { 96 } + SECURITY * 8;
    program.resize(program.len().next_multiple_of(8), 0);
    let covered = [&program[..optional + 64], &program[optional + 68..entry], &program[entry + 8..]];
    let digest = Hash::Sha256.of(&covered);
    let algorithm = sequence(&[SHA_256, &[5, 0]]);
    let content = sequence(&[&sequence(&[IMAGE_DATA]), &sequence(&[&algorithm, &item(4, &digest)])]);
    let info = sequence(&[&item(0xa0, &item(0x80, b"\0T\0\xfc")), &item(0xa1, &item(0x80, b"http://a"))]);
    let info = sequence(&[OPUS_INFO, &item(0x31, &info)]);
    let message = message(signing, INDIRECT_DATA, &content, &info);
    let size = (8 + message.len()).next_multiple_of(8);
    let place = numbers(&[program.len() as u32, size as u32]);
    program[entry..entry + 8].copy_from_slice(&place);
    let start = program.len();
    put(&mut program, &[size as u32, 0x0002_0200]);
    program.extend(message);
    program.resize(start + size, 0);
    program
}

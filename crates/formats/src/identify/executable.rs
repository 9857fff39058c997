//! Machine code and byte code: what a short beginning leaves open is read from the headers behind it.
//!
//! PE and COFF as in Microsoft's specification, NE and LE by their signatures, Mach-O as in `mach-o/loader.h` and
//! `mach-o/fat.h`, Java classes as in the virtual machine's specification, chapter 4.

use crate::bytes::{has, slice, u8_at, u16_be, u16_le, u32_be, u32_le};
use crate::kind::Kind;

/// A DOS program, or one of the formats that carry one in front: its header says where theirs is.
pub fn mz(bytes: &[u8]) -> Option<Kind> {
    // The header of a DOS program has 28 bytes; two letters alone are also how a text may begin.
    slice(bytes, 0, 28)?;
    let at = u32_le(bytes, 0x3c).map_or(0, |at| at as usize);
    Some(match slice(bytes, at, 4) {
        Some([b'P', b'E', 0, 0]) if at >= 4 => Kind::Pe,
        Some([b'N', b'E', ..]) if at >= 4 => Kind::Ne,
        Some([b'L', b'E' | b'X', ..]) if at >= 4 => Kind::Le,
        _ if is_text(bytes) => return None,
        _ => Kind::MsDos,
    })
}

/// A header without a zero is no header: its numbers are 16 bits wide, and some of them are small.
fn is_text(bytes: &[u8]) -> bool {
    !crate::bytes::head(bytes, 64).contains(&0) && bytes.len() > 64
}

/// A Java class or a Mach-O file for several processors. The same word follows: the version of the class, which began
/// at 45 in 1996, or the number of processors, which is small.
pub fn cafebabe(bytes: &[u8]) -> Option<Kind> {
    let number = u32_be(bytes, 4)?;
    if (1..45).contains(&number) && fat_arch(bytes) {
        return Some(Kind::MachO);
    }
    (u16_be(bytes, 6)? >= 45).then_some(Kind::Class)
}

pub fn fat_64(bytes: &[u8]) -> Option<Kind> {
    ((1..45).contains(&u32_be(bytes, 4)?) && fat_arch(bytes)).then_some(Kind::MachO)
}

/// Whether the first processor of a Mach-O file for several is one that there is.
fn fat_arch(bytes: &[u8]) -> bool {
    u32_be(bytes, 8).is_some_and(is_mach_cpu)
}

/// Processor types are small numbers, with flags for 64 bits on top.
fn is_mach_cpu(cpu: u32) -> bool {
    cpu == u32::MAX || cpu & 0x00ff_ffff <= 32
}

pub fn mach_o(bytes: &[u8]) -> Option<Kind> {
    let cpu = if u8_at(bytes, 0)? == 0xfe { u32_be(bytes, 4)? } else { u32_le(bytes, 4)? };
    is_mach_cpu(cpu).then_some(Kind::MachO)
}

/// A terse executable of firmware: the machine, and few sections.
pub fn te(bytes: &[u8]) -> Option<Kind> {
    let machine = matches!(u16_le(bytes, 2)?, 0x014c | 0x8664 | 0x01c2 | 0xaa64 | 0x0200 | 0x0ebc);
    (machine && u8_at(bytes, 4)? < 32).then_some(Kind::Te)
}

/// An object of AIX: sections, then where the symbols are.
pub fn xcoff(bytes: &[u8]) -> Option<Kind> {
    let sections = u16_be(bytes, 2)?;
    let header = u16_be(bytes, 16)?;
    ((1..100).contains(&sections) && matches!(header, 0 | 28 | 48 | 72 | 110 | 120)).then_some(Kind::Xcoff)
}

/// An object of Windows: it has no letters in front, so every field of its header must make sense.
pub fn coff(bytes: &[u8]) -> Option<Kind> {
    let sections = usize::from(u16_le(bytes, 2)?);
    let symbols = u32_le(bytes, 8)? as usize;
    let optional = u16_le(bytes, 16)?;
    let flags = u16_le(bytes, 18)?;
    let sound = sections > 0 && 20 + sections * 40 <= bytes.len() && symbols <= bytes.len();
    // The optional header is for images, which have `MZ` in front.
    (sound && optional == 0 && flags & 0x2000 == 0 && coff_section(bytes)).then_some(Kind::Coff)
}

/// Whether the first section has a printable name.
fn coff_section(bytes: &[u8]) -> bool {
    let Some(name) = slice(bytes, 20, 8) else { return false };
    let used = name.iter().take_while(|byte| **byte != 0).count();
    used > 0 && name[..used].iter().all(u8::is_ascii_graphic) && name[used..].iter().all(|byte| *byte == 0)
}

/// An object with more sections than the old header can count, or one that imports: both say a machine.
pub fn coff_big(bytes: &[u8]) -> Option<Kind> {
    let version = u16_le(bytes, 4)?;
    let machine = matches!(u16_le(bytes, 6)?, 0x014c | 0x8664 | 0x01c0 | 0x01c4 | 0xaa64 | 0xa641);
    (version <= 2 && machine).then_some(Kind::Coff)
}

/// The old format of Unix: sizes of its parts, which cannot exceed the file.
pub fn a_out(bytes: &[u8]) -> Option<Kind> {
    let (text, data, symbols) = (u32_le(bytes, 4)?, u32_le(bytes, 8)?, u32_le(bytes, 16)?);
    let whole = u64::from(text) + u64::from(data) + u64::from(symbols);
    (text > 0 && bytes.len() >= 32 && whole <= bytes.len() as u64 + 0x1000).then_some(Kind::Aout)
}

/// An object of Intel's format: a record of a name whose length and text agree.
pub fn omf(bytes: &[u8]) -> Option<Kind> {
    let record = usize::from(u16_le(bytes, 1)?);
    let name = usize::from(u8_at(bytes, 3)?);
    let text = slice(bytes, 4, name)?;
    let next = u8_at(bytes, 3 + record)?;
    let sound = name > 0 && record == name + 2 && text.iter().all(|byte| (0x20..0x7f).contains(byte));
    (sound && matches!(next, 0x88 | 0x96 | 0x98 | 0x99 | 0x9a | 0x8c)).then_some(Kind::OmfObject)
}

/// A chunk of Android's resources: its size is that of the file.
pub fn android_chunk(bytes: &[u8]) -> Option<Kind> {
    let size = u32_le(bytes, 4)? as usize;
    let kind = if u8_at(bytes, 0)? == 3 { Kind::AndroidXml } else { Kind::AndroidResources };
    (size == bytes.len() || size + 3 >= bytes.len() && size <= bytes.len()).then_some(kind)
}

pub fn beam(bytes: &[u8]) -> Option<Kind> {
    has(bytes, 8, b"BEAM").then_some(Kind::Beam)
}

/// Python's byte code: the number of the version, a line end, then since 3.7 flags, a time and a size.
pub fn python_bytecode(bytes: &[u8]) -> Option<Kind> {
    let version = u16_le(bytes, 0)?;
    let python_3 = (3000..=3900).contains(&version);
    let python_2 = matches!(version, 20121 | 50428 | 50823 | 60202 | 60717 | 62011..=62215);
    let code = |at| u8_at(bytes, at).is_some_and(|byte| byte & 0x7f == b'c');
    ((python_3 && (code(16) || code(12) || code(8))) || (python_2 && code(8))).then_some(Kind::Pyc)
}

//! Arguments and results of versions 2 and 3 (RFC 1094, section 2.2; RFC 1813, section 3.3).

use super::rpc::{data, opaque};
use crate::bytes::Bytes;

pub const NAME_BYTES_MAX: usize = 1024;
pub const HANDLE_BYTES_MAX: usize = 128;
const V2_HANDLE_BYTES: usize = 32;
/// Attributes of a file in versions 2 and 3, and where its size is.
const V2_ATTRIBUTES: usize = 68;
const V3_ATTRIBUTES: usize = 84;
const V2_SIZE_AT: usize = 20;
const V3_SIZE_AT: usize = 20;
/// Entries of a directory whose names are kept of one reply.
const ENTRIES_MAX: usize = 1024;

/// What a call asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask<'a> {
    /// Of version 4, the operation the compound is about.
    pub procedure: u32,
    pub handle: &'a [u8],
    /// A name in the directory that the handle is of.
    pub name: Option<&'a [u8]>,
    pub renamed_to: Option<&'a [u8]>,
    pub read: Option<Read>,
    pub write: Option<Piece<'a>>,
    /// The file is closed, or its writing is over.
    pub ends: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    pub offset: u64,
    pub count: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Piece<'a> {
    pub offset: u64,
    pub data: &'a [u8],
}

/// What a reply says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said<'a> {
    pub status: u32,
    /// The handle of the file that was asked for by name.
    pub handle: Option<&'a [u8]>,
    pub data: Option<&'a [u8]>,
    pub at_end: bool,
    pub size: Option<u64>,
    /// Names and handles in a directory.
    pub entries: Vec<(&'a [u8], &'a [u8])>,
}

pub fn ask<'a>(version: u32, procedure: u32, body: &'a [u8]) -> Ask<'a> {
    let mut ask = Ask { procedure, ..Ask::default() };
    // What breaks off is told as far as it goes.
    let _ =
        if version == 2 { ask_v2(&mut ask, &mut Bytes::new(body)) } else { ask_v3(&mut ask, &mut Bytes::new(body)) };
    ask
}

pub fn said<'a>(version: u32, procedure: u32, body: &'a [u8]) -> Option<Said<'a>> {
    let mut bytes = Bytes::new(body);
    let mut said = Said { status: bytes.u32_be()?, ..Said::default() };
    let _ = if version == 2 {
        said_v2(&mut said, procedure, &mut bytes)
    } else {
        said_v3(&mut said, procedure, &mut bytes)
    };
    Some(said)
}

fn name<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    opaque(bytes, NAME_BYTES_MAX)
}

fn handle<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    opaque(bytes, HANDLE_BYTES_MAX)
}

fn ask_v2<'a>(ask: &mut Ask<'a>, bytes: &mut Bytes<'a>) -> Option<()> {
    ask.handle = bytes.take(V2_HANDLE_BYTES)?;
    match ask.procedure {
        4 | 9 | 10 | 13 | 14 | 15 => ask.name = Some(name(bytes)?),
        6 => ask.read = Some(Read { offset: bytes.u32_be()?.into(), count: bytes.u32_be()?.into() }),
        8 => {
            bytes.u32_be()?;
            let offset = bytes.u32_be()?.into();
            bytes.u32_be()?;
            ask.write = Some(Piece { offset, data: data(bytes)? });
        }
        11 => {
            ask.name = Some(name(bytes)?);
            bytes.skip(V2_HANDLE_BYTES)?;
            ask.renamed_to = Some(name(bytes)?);
        }
        12 => {
            ask.handle = bytes.take(V2_HANDLE_BYTES)?;
            ask.name = Some(name(bytes)?);
        }
        _ => {}
    }
    Some(())
}

fn said_v2<'a>(said: &mut Said<'a>, procedure: u32, bytes: &mut Bytes<'a>) -> Option<()> {
    if said.status != 0 {
        return None;
    }
    match procedure {
        4 | 9 | 14 => {
            said.handle = Some(bytes.take(V2_HANDLE_BYTES)?);
            said.size = size(bytes.take(V2_ATTRIBUTES)?, V2_SIZE_AT).map(|size| size >> 32);
        }
        6 => {
            said.size = size(bytes.take(V2_ATTRIBUTES)?, V2_SIZE_AT).map(|size| size >> 32);
            said.data = Some(data(bytes)?);
        }
        _ => {}
    }
    Some(())
}

fn ask_v3<'a>(ask: &mut Ask<'a>, bytes: &mut Bytes<'a>) -> Option<()> {
    ask.handle = handle(bytes)?;
    match ask.procedure {
        3 | 8..=13 => ask.name = Some(name(bytes)?),
        6 => ask.read = Some(Read { offset: bytes.u64_be()?, count: bytes.u32_be()?.into() }),
        7 => {
            let offset = bytes.u64_be()?;
            bytes.skip(8)?;
            ask.write = Some(Piece { offset, data: data(bytes)? });
        }
        14 => {
            ask.name = Some(name(bytes)?);
            handle(bytes)?;
            ask.renamed_to = Some(name(bytes)?);
        }
        15 => {
            ask.handle = handle(bytes)?;
            ask.name = Some(name(bytes)?);
        }
        21 => ask.ends = true,
        _ => {}
    }
    Some(())
}

fn said_v3<'a>(said: &mut Said<'a>, procedure: u32, bytes: &mut Bytes<'a>) -> Option<()> {
    if said.status != 0 {
        return None;
    }
    match procedure {
        3 => {
            said.handle = Some(handle(bytes)?);
            said.size = optional_attributes(bytes)?;
        }
        8..=11 => {
            said.handle = optional_handle(bytes)?;
            said.size = optional_attributes(bytes)?;
        }
        6 => {
            said.size = optional_attributes(bytes)?;
            bytes.u32_be()?;
            said.at_end = bytes.u32_be()? != 0;
            said.data = Some(data(bytes)?);
        }
        17 => {
            optional_attributes(bytes)?;
            bytes.skip(8)?;
            while said.entries.len() < ENTRIES_MAX && bytes.u32_be()? != 0 {
                bytes.skip(8)?;
                let name = name(bytes)?;
                bytes.skip(8)?;
                optional_attributes(bytes)?;
                if let Some(handle) = optional_handle(bytes)? {
                    said.entries.push((name, handle));
                }
            }
        }
        _ => {}
    }
    Some(())
}

fn optional_handle<'a>(bytes: &mut Bytes<'a>) -> Option<Option<&'a [u8]>> {
    if bytes.u32_be()? == 0 { Some(None) } else { handle(bytes).map(Some) }
}

/// The size in attributes that may be left out.
fn optional_attributes(bytes: &mut Bytes<'_>) -> Option<Option<u64>> {
    if bytes.u32_be()? == 0 {
        return Some(None);
    }
    Some(size(bytes.take(V3_ATTRIBUTES)?, V3_SIZE_AT))
}

fn size(attributes: &[u8], at: usize) -> Option<u64> {
    Bytes::new(attributes.get(at..)?).u64_be()
}

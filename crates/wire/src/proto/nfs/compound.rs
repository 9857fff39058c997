//! The compounds of version 4 (RFC 7530, section 16; RFC 8881, section 18).

use super::records::{Ask, HANDLE_BYTES_MAX, NAME_BYTES_MAX, Piece, Read, Said};
use super::rpc::{data, opaque};
use crate::bytes::Bytes;

/// Operations of a compound that are looked at.
const OPERATIONS_MAX: u32 = 128;
const TAG_BYTES_MAX: usize = 1024;
const WORDS_MAX: u32 = 64;
const STATE: usize = 16;
const CHANGE: usize = 20;

const ACCESS: u32 = 3;
const CLOSE: u32 = 4;
const COMMIT: u32 = 5;
const CREATE: u32 = 6;
const DELEGRETURN: u32 = 8;
const GETATTR: u32 = 9;
const GETFH: u32 = 10;
const LINK: u32 = 11;
const LOOKUP: u32 = 15;
const LOOKUPP: u32 = 16;
const OPEN: u32 = 18;
const PUTFH: u32 = 22;
const PUTPUBFH: u32 = 23;
const PUTROOTFH: u32 = 24;
pub const READ: u32 = 25;
const READDIR: u32 = 26;
const READLINK: u32 = 27;
const REMOVE: u32 = 28;
const RENAME: u32 = 29;
const RENEW: u32 = 30;
const RESTOREFH: u32 = 31;
const SAVEFH: u32 = 32;
const SETATTR: u32 = 34;
pub const WRITE: u32 = 38;
const SEQUENCE: u32 = 53;

/// Operations that only prepare or accompany another.
fn is_accompaniment(operation: u32) -> bool {
    matches!(operation, SEQUENCE | PUTFH | PUTPUBFH | PUTROOTFH | SAVEFH | RESTOREFH | GETFH | GETATTR | ACCESS)
}

pub fn ask(body: &[u8]) -> Ask<'_> {
    let mut ask = Ask::default();
    let _ = operations(&mut ask, &mut Bytes::new(body));
    ask
}

fn operations<'a>(ask: &mut Ask<'a>, bytes: &mut Bytes<'a>) -> Option<()> {
    opaque(bytes, TAG_BYTES_MAX)?;
    bytes.u32_be()?;
    for _ in 0..bytes.u32_be()?.min(OPERATIONS_MAX) {
        let operation = bytes.u32_be()?;
        // The last operation that does something is what it is about; failing that, the last one.
        if !is_accompaniment(operation) || is_accompaniment(ask.procedure) || ask.procedure == 0 {
            ask.procedure = operation;
        }
        arguments(ask, operation, bytes)?;
    }
    Some(())
}

/// Reads over the arguments of an operation; nothing when they are not known or break off.
fn arguments<'a>(ask: &mut Ask<'a>, operation: u32, bytes: &mut Bytes<'a>) -> Option<()> {
    match operation {
        PUTFH => ask.handle = opaque(bytes, HANDLE_BYTES_MAX)?,
        PUTPUBFH | PUTROOTFH | SAVEFH | RESTOREFH | GETFH | LOOKUPP | READLINK => {}
        SEQUENCE => bytes.skip(STATE + 16)?,
        GETATTR => bitmap(bytes)?,
        ACCESS => bytes.skip(4)?,
        CLOSE => {
            bytes.skip(4 + STATE)?;
            ask.ends = true;
        }
        COMMIT => bytes.skip(12)?,
        DELEGRETURN => bytes.skip(STATE)?,
        RENEW => bytes.skip(8)?,
        LOOKUP | REMOVE | LINK => ask.name = Some(name(bytes)?),
        RENAME => {
            ask.name = Some(name(bytes)?);
            ask.renamed_to = Some(name(bytes)?);
        }
        CREATE => {
            match bytes.u32_be()? {
                3 | 4 => bytes.skip(8)?,
                5 => drop(name(bytes)?),
                _ => {}
            }
            ask.name = Some(name(bytes)?);
            attributes(bytes)?;
        }
        SETATTR => {
            bytes.skip(STATE)?;
            attributes(bytes)?;
        }
        OPEN => open(ask, bytes)?,
        READ => {
            bytes.skip(STATE)?;
            ask.read = Some(Read { offset: bytes.u64_be()?, count: bytes.u32_be()?.into() });
        }
        WRITE => {
            bytes.skip(STATE)?;
            let offset = bytes.u64_be()?;
            bytes.skip(4)?;
            ask.write = Some(Piece { offset, data: data(bytes)? });
        }
        READDIR => {
            bytes.skip(24)?;
            bitmap(bytes)?;
        }
        _ => return None,
    }
    Some(())
}

fn open<'a>(ask: &mut Ask<'a>, bytes: &mut Bytes<'a>) -> Option<()> {
    bytes.skip(4 + 4 + 4 + 8)?;
    opaque(bytes, TAG_BYTES_MAX)?;
    if bytes.u32_be()? == 1 {
        match bytes.u32_be()? {
            0 | 1 => attributes(bytes)?,
            2 => bytes.skip(8)?,
            3 => {
                bytes.skip(8)?;
                attributes(bytes)?;
            }
            _ => return None,
        }
    }
    match bytes.u32_be()? {
        0 | 3 => ask.name = Some(name(bytes)?),
        1 => bytes.skip(4)?,
        2 => {
            bytes.skip(STATE)?;
            ask.name = Some(name(bytes)?);
        }
        5 => bytes.skip(STATE)?,
        _ => {}
    }
    Some(())
}

pub fn said(body: &[u8]) -> Option<Said<'_>> {
    let mut bytes = Bytes::new(body);
    let mut said = Said { status: bytes.u32_be()?, ..Said::default() };
    let _ = results(&mut said, &mut bytes);
    Some(said)
}

fn results<'a>(said: &mut Said<'a>, bytes: &mut Bytes<'a>) -> Option<()> {
    opaque(bytes, TAG_BYTES_MAX)?;
    for _ in 0..bytes.u32_be()?.min(OPERATIONS_MAX) {
        let (operation, status) = (bytes.u32_be()?, bytes.u32_be()?);
        if status != 0 {
            return None;
        }
        match operation {
            PUTFH | PUTPUBFH | PUTROOTFH | SAVEFH | RESTOREFH | LOOKUP | LOOKUPP | DELEGRETURN | RENEW => {}
            SEQUENCE => bytes.skip(STATE + 20)?,
            GETATTR => attributes(bytes)?,
            GETFH => said.handle = Some(opaque(bytes, HANDLE_BYTES_MAX)?),
            ACCESS => bytes.skip(8)?,
            CLOSE => bytes.skip(STATE)?,
            COMMIT => bytes.skip(8)?,
            REMOVE | LINK => bytes.skip(CHANGE)?,
            RENAME => bytes.skip(2 * CHANGE)?,
            CREATE => {
                bytes.skip(CHANGE)?;
                bitmap(bytes)?;
            }
            SETATTR => bitmap(bytes)?,
            OPEN => opened(bytes)?,
            READ => {
                said.at_end = bytes.u32_be()? != 0;
                said.data = Some(data(bytes)?);
            }
            WRITE => bytes.skip(16)?,
            _ => return None,
        }
    }
    Some(())
}

fn opened(bytes: &mut Bytes<'_>) -> Option<()> {
    bytes.skip(STATE + CHANGE + 4)?;
    bitmap(bytes)?;
    match bytes.u32_be()? {
        1 => bytes.skip(STATE + 4)?,
        2 => {
            bytes.skip(STATE + 4)?;
            bytes.skip(12)?;
        }
        3 => {
            if matches!(bytes.u32_be()?, 1 | 2) {
                bytes.skip(4)?;
            }
            return Some(());
        }
        _ => return Some(()),
    }
    // The right that comes with the delegation.
    bytes.skip(12)?;
    opaque(bytes, TAG_BYTES_MAX)?;
    Some(())
}

fn name<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    opaque(bytes, NAME_BYTES_MAX)
}

fn bitmap(bytes: &mut Bytes<'_>) -> Option<()> {
    let words = bytes.u32_be()?;
    if words > WORDS_MAX {
        return None;
    }
    bytes.skip(words as usize * 4)
}

fn attributes(bytes: &mut Bytes<'_>) -> Option<()> {
    bitmap(bytes)?;
    opaque(bytes, usize::MAX)?;
    Some(())
}

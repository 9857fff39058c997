//! Presentations that are encrypted (MS-PPT, section 2.3): each object of the document has a key of its own, and a directory
//! says where they stand.

use super::compound::Compound;
use super::legacy::{self, Cipher, Key};
use super::slides;
use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::limits::Limit;
use crate::reading::{Child, Reading, Storage};
use std::collections::BTreeMap;

/// The number that says that a document is encrypted.
const ENCRYPTED: u32 = 0xf3d1_c4df;
const EDIT: u16 = 0x0ff5;
const DIRECTORY: u16 = 0x1772;
const SESSION: u16 = 0x2f14;
const HEADER_BYTES: usize = 8;
/// Edits of a document, and objects in all of them.
const EDITS_MAX: usize = 64;
const OBJECTS_MAX: usize = 20_000;

/// Tells how a presentation is encrypted, and gives what is inside when a password opens it.
pub fn of_compound(compound: &Compound, passwords: &[String], budget: &mut Budget, reading: &mut Reading) {
    let (Some(user), Some(entry)) = (compound.find("Current User"), compound.find("PowerPoint Document")) else {
        return;
    };
    let user = compound.stream(user, budget).bytes();
    if u32_le(&user, 12) != Some(ENCRYPTED) {
        return;
    }
    let document = compound.stream(entry, budget).bytes();
    let found = u32_le(&user, 16).and_then(|edit| directory(&document, edit as usize));
    let cipher = found.as_ref().and_then(|found| {
        let (kind, header) = object(&document, found.session)?;
        Cipher::rc4(header, reading).filter(|_| kind == SESSION)
    });
    let (Some(found), Some(cipher)) = (found, cipher) else { return legacy::unknown(reading) };
    // The limit is a fact of the streams by then.
    let _ = opened(&found, &cipher, document, passwords, budget, reading);
}

/// Where objects stand.
struct Directory {
    objects: BTreeMap<u32, usize>,
    /// The one that says how the others are encrypted, which is plain itself.
    session: usize,
}

/// The kind and the bytes of a plain object.
fn object(document: &[u8], at: usize) -> Option<(u16, &[u8])> {
    let (kind, size) = (u16_le(document, at.checked_add(2)?)?, u32_le(document, at.checked_add(4)?)?);
    Some((kind, slice(document, at + HEADER_BYTES, size as usize)?))
}

/// Goes from the last edit to the first; what a later one has is not taken from an earlier one.
fn directory(document: &[u8], last: usize) -> Option<Directory> {
    let (mut objects, mut session, mut at) = (BTreeMap::new(), None, last);
    for _ in 0..EDITS_MAX {
        let edit = object(document, at).filter(|(kind, _)| *kind == EDIT)?.1;
        session = session.or(u32_le(edit, 28));
        list(object(document, u32_le(edit, 12)? as usize)?, &mut objects);
        at = u32_le(edit, 8)? as usize;
        if at == 0 {
            break;
        }
    }
    let session = objects.remove(&session?)?;
    Some(Directory { objects, session })
}

/// Runs of objects: the number of the first, how many, and where each stands.
fn list((kind, mut runs): (u16, &[u8]), objects: &mut BTreeMap<u32, usize>) {
    while let Some(run) = u32_le(runs, 0).filter(|_| kind == DIRECTORY) {
        let (first, count) = (run & 0xf_ffff, (run >> 20) as usize);
        for (number, at) in (first..).zip(0..count) {
            let Some(place) = u32_le(runs, 4 + at * 4).filter(|_| objects.len() < OBJECTS_MAX) else { return };
            objects.entry(number).or_insert(place as usize);
        }
        runs = runs.get(4 + count * 4..).unwrap_or_default();
    }
}

fn opened(
    found: &Directory,
    cipher: &Cipher,
    mut document: Vec<u8>,
    passwords: &[String],
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let Some(key) = cipher.open(passwords, budget, reading)? else { return Ok(()) };
    budget.expand(document.len())?;
    for (number, at) in &found.objects {
        undo(&key, *number, *at, &mut document, budget)?;
    }
    slides::objects(&document, budget, reading)?;
    reading.child(budget, Child::made("PowerPoint Document (decrypted)", document, Storage::Encrypted))
}

/// Undoes one object in its place: its size is known when its header is plain.
fn undo(key: &Key, number: u32, at: usize, document: &mut [u8], budget: &mut Budget) -> Result<(), Limit> {
    let Some(header) = slice(document, at, HEADER_BYTES) else { return Ok(()) };
    let size = u32_le(&key.block(number, header), 4).unwrap_or(0) as usize;
    let end = at.saturating_add(HEADER_BYTES).saturating_add(size).min(document.len());
    let Some(place) = document.get_mut(at..end) else { return Ok(()) };
    budget.pass(place.len())?;
    let plain = key.block(number, place);
    place.copy_from_slice(&plain);
    Ok(())
}

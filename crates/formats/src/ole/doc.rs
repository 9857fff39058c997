//! Documents of Word that are encrypted (MS-DOC, section 2.2.6): the text and its tables, as far as a password opens them.

use super::compound::Compound;
use super::legacy::{self, Cipher, Key};
use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::limits::Limit;
use crate::reading::{Child, Reading, Storage};

/// Bytes of a block, for each of which a key is made.
const BLOCK_BYTES: usize = 512;
/// Bytes at the beginning of the document that are plain.
const PLAIN_BYTES: usize = 68;
const ENCRYPTED: u16 = 1 << 8;
const SECOND_TABLE: u16 = 1 << 9;
const OBFUSCATED: u16 = 1 << 15;

/// Tells how a document is encrypted, and gives what is inside when a password opens it.
pub fn of_compound(compound: &Compound, passwords: &[String], budget: &mut Budget, reading: &mut Reading) {
    let Some(entry) = compound.find("WordDocument") else { return };
    let document = compound.stream(entry, budget).bytes();
    let flags = u16_le(&document, 10).unwrap_or(0);
    if flags & ENCRYPTED == 0 {
        return;
    }
    // The limit is a fact of the streams by then.
    let _ = opened(compound, document, flags, passwords, budget, reading);
}

fn opened(
    compound: &Compound,
    document: Vec<u8>,
    flags: u16,
    passwords: &[String],
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let number = u32_le(&document, 14).unwrap_or(0);
    if flags & OBFUSCATED != 0 {
        // Letters of the text are found by tables that are changed as well, in a way that only Word 95 wrote.
        Cipher::xor((number >> 16) as u16, number as u16, reading);
        reading.know(super::encryption::NAMESPACE, "opened", false);
        return Ok(());
    }
    let name = if flags & SECOND_TABLE != 0 { "1Table" } else { "0Table" };
    let table = compound.find(name).map(|entry| compound.stream(entry, budget).bytes()).unwrap_or_default();
    let Some(cipher) = slice(&table, 0, number as usize).and_then(|header| Cipher::rc4(header, reading)) else {
        legacy::unknown(reading);
        return Ok(());
    };
    let Some(key) = cipher.open(passwords, budget, reading)? else { return Ok(()) };
    for (name, plain, stream) in [("WordDocument", PLAIN_BYTES, document), (name, number as usize, table)] {
        let content = undone(&key, stream, plain, budget)?;
        reading.child(budget, Child::made(format!("{name} (decrypted)"), content, Storage::Encrypted))?;
    }
    Ok(())
}

fn undone(key: &Key, mut stream: Vec<u8>, plain: usize, budget: &mut Budget) -> Result<Vec<u8>, Limit> {
    budget.pass(stream.len())?;
    budget.expand(stream.len())?;
    let all = 0..stream.len();
    key.undo(BLOCK_BYTES).range(&mut stream, plain.min(all.end)..all.end, &all);
    Ok(stream)
}

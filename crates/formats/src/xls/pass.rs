//! Workbooks that are encrypted: which bytes of their records are, and what is there when a password opens them.

use crate::budget::Budget;
use crate::bytes::{slice, u16_le};
use crate::limits::Limit;
use crate::ole::legacy::{self, Cipher, Key};
use crate::reading::{Child, Reading, Storage};

/// Records in front of which the one with the password stands.
const RECORDS_AHEAD_MAX: usize = 16;
/// Bytes of a block, for each of which a key is made.
const BLOCK_BYTES: usize = 1024;
/// Records that are plain all the same: beginnings, the password itself, locks, and who has it open.
const PLAIN: [u16; 7] = [super::BOF, super::FILE_PASS, 0xe1, 0x138, 0x194, 0x195, 0x196];
/// The place of a sheet, of which the first number is plain.
const SHEET: u16 = 0x85;

/// The stream of a workbook, opened where a password does it; and whether that was done.
pub fn opened(
    mut stream: Vec<u8>,
    passwords: &[String],
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(Vec<u8>, bool), Limit> {
    let Some(header) = header(&stream) else { return Ok((stream, false)) };
    let cipher = match u16_le(header, 0) {
        Some(1) => Cipher::rc4(header.get(2..).unwrap_or_default(), reading),
        // Books of Excel 95 have no type in front.
        Some(0) if header.len() >= 6 => xor(header, 2, reading),
        _ => xor(header, 0, reading),
    };
    let Some(cipher) = cipher else {
        legacy::unknown(reading);
        return Ok((stream, false));
    };
    let Some(key) = cipher.open(passwords, budget, reading)? else { return Ok((stream, false)) };
    budget.pass(stream.len())?;
    budget.expand(stream.len())?;
    undo(&key, &mut stream);
    // The limit is a fact by then.
    let _ = reading.child(budget, Child::made("Workbook (decrypted)", stream.clone(), Storage::Encrypted));
    Ok((stream, true))
}

fn xor(header: &[u8], at: usize, reading: &mut Reading) -> Option<Cipher> {
    Some(Cipher::xor(u16_le(header, at)?, u16_le(header, at + 2)?, reading))
}

/// What the record with the password holds.
fn header(stream: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    for _ in 0..RECORDS_AHEAD_MAX {
        let data = slice(stream, at + 4, u16_le(stream, at + 2)?.into())?;
        if u16_le(stream, at)? == super::FILE_PASS {
            return Some(data);
        }
        at += 4 + data.len();
    }
    None
}

fn undo(key: &Key, stream: &mut [u8]) {
    let (mut undo, mut at) = (key.undo(BLOCK_BYTES), 0);
    while let (Some(number), Some(length)) = (u16_le(stream, at), u16_le(stream, at + 2)) {
        let record = at + 4..at + 4 + usize::from(length);
        let plain = if number == SHEET { 4.min(record.len()) } else { 0 };
        if !PLAIN.contains(&number) {
            undo.range(stream, record.start + plain..record.end, &record);
        }
        at = record.end;
    }
}

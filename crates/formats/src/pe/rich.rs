//! The Rich header: which tools of Visual Studio made how many parts of a program, coded with a checksum over itself and
//! the program for DOS (undocumented; described first by D. Pistelli in 2008).

use super::image::Image;
use super::{facts, oddities};
use crate::bytes::{array, slice, u32_le};
use crate::{Reading, Value};
use md5::{Digest as _, Md5};

const ENTRIES_MAX: usize = 256;
const START: u32 = u32::from_le_bytes(*b"DanS");

/// Tells the Rich header.
pub fn read(image: &Image, reading: &mut Reading) {
    let Some((at, end)) = find(image.bytes.get(..image.nt).unwrap_or_default()) else {
        for fact in [facts::RICH_HASH, facts::RICH_ENTRIES] {
            fact.absent(reading);
        }
        return;
    };
    let coded = &image.bytes[at..end];
    let key: [u8; 4] = array(image.bytes, end + 4).unwrap_or_default();
    let clear: Vec<u8> = coded.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    facts::RICH_HASH.known_at(reading, Value::Digest(Md5::digest(&clear).to_vec()), at);
    facts::RICH_KEY.known(reading, format!("{:08x}", u32::from_le_bytes(key)));
    let entries = clear.get(16..).unwrap_or_default().chunks_exact(8);
    let more = entries.len() > ENTRIES_MAX;
    let pairs = || entries.clone().filter_map(|entry| Some((u32_le(entry, 0)?, u32_le(entry, 4)?)));
    let spelled = |(tool, count): (u32, u32)| format!("{}.{}={count}", tool >> 16, tool & 0xffff);
    facts::RICH_ENTRIES.list(reading, pairs().take(ENTRIES_MAX).map(spelled).collect(), more);
    let valid = checksum(&image.bytes[..at], pairs()) == u32::from_le_bytes(key);
    facts::RICH_VALID.known(reading, valid);
    if !valid {
        oddities::RICH_WRONG.note_at(reading, at);
    }
}

/// Where it begins, and where its end `Rich` stands: the number behind that decodes `DanS` at the beginning.
fn find(stub: &[u8]) -> Option<(usize, usize)> {
    let end = (0..stub.len()).step_by(4).rev().find(|at| slice(stub, *at, 4) == Some(b"Rich"))?;
    let key = u32_le(stub, end + 4)?;
    let at = (0..end).step_by(4).rev().find(|at| u32_le(stub, *at) == Some(START ^ key))?;
    Some((at, end))
}

/// Where the header begins, plus each byte before it turned by its place, without the field that points to `PE`; plus
/// each tool turned by how often it was used.
fn checksum(stub: &[u8], tools: impl Iterator<Item = (u32, u32)>) -> u32 {
    let turned = (0_u32..).zip(stub).map(|(at, byte)| {
        let counts = !(0x3c..0x40).contains(&at);
        if counts { u32::from(*byte).rotate_left(at % 32) } else { 0 }
    });
    let mut sum = turned.fold(stub.len() as u32, u32::wrapping_add);
    for (tool, count) in tools {
        sum = sum.wrapping_add(tool.rotate_left(count % 32));
    }
    sum
}

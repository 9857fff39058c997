//! Portable Network Graphics (ISO/IEC 15948): chunks up to `IEND`.

use super::Walked;
use crate::budget::Budget;
use crate::bytes::{slice, u32_be};
use crate::decode::zlib;
use crate::limits::Limit;
use crate::names::{decode, until_zero};
use crate::reading::Reading;
use crate::unpack::unpack_up_to;
use model::Message;

/// Bytes of one text.
const TEXT_BYTES_MAX: u64 = 1 << 16;
/// Chunks of the specification, its extensions and of animations.
#[rustfmt::skip]
const KNOWN: &[&[u8; 4]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"tEXt", b"zTXt", b"iTXt",
    b"bKGD", b"hIST", b"pHYs", b"sPLT", b"eXIf", b"tIME", b"acTL", b"fcTL", b"fdAT", b"oFFs", b"pCAL", b"sCAL", b"gIFg", b"gIFx",
    b"sTER", b"dSIG", b"mDCv", b"cLLi", b"vpAg", b"caNv", b"orNT",
];

pub fn walk(bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<Walked, Limit> {
    let (mut walked, mut at, mut bad) = (Walked::default(), 8, 0_u32);
    while let (Some(length), Some(name)) = (u32_be(bytes, at), slice(bytes, at + 4, 4)) {
        budget.step(1)?;
        let Some(data) = slice(bytes, at + 8, length as usize) else { break };
        let Some(sum) = u32_be(bytes, at + 8 + data.len()) else { break };
        walked.pieces += 1;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(name);
        hasher.update(data);
        bad += u32::from(hasher.finalize() != sum);
        if !KNOWN.iter().any(|known| known.as_slice() == name) {
            walked.unusual.push(decode(name));
        }
        chunk(name, data, budget, &mut walked, reading)?;
        at += 12 + data.len();
        if name == b"IEND" {
            if !data.is_empty() {
                reading.odd_at(Message::new("media.data-in-end").number("bytes", length), at as u64);
            }
            walked.end = Some(at);
            break;
        }
    }
    if bad > 0 {
        reading.odd(Message::new("media.checksum-differs").number("chunks", bad));
    }
    Ok(walked)
}

fn chunk(
    name: &[u8],
    data: &[u8],
    budget: &mut Budget,
    walked: &mut Walked,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let key = until_zero(data);
    let rest = data.get(key.len() + 1..).unwrap_or_default();
    let key = decode(key);
    match name {
        b"IHDR" => walked.size = u32_be(data, 0).zip(u32_be(data, 4)),
        b"tEXt" => walked.texts.push(format!("{key}={}", decode(rest))),
        b"zTXt" => {
            let packed = rest.get(1..).unwrap_or_default();
            let value = unpack_up_to(zlib(packed), packed.len(), TEXT_BYTES_MAX, budget).bytes();
            walked.texts.push(format!("{key}={}", decode(&value)));
        }
        b"iTXt" => {
            let packed = rest.first() == Some(&1);
            let value = rest.get(2..).unwrap_or_default().splitn(3, |byte| *byte == 0).nth(2).unwrap_or_default();
            let value = if packed {
                unpack_up_to(zlib(value), value.len(), TEXT_BYTES_MAX, budget).bytes()
            } else {
                value.to_vec()
            };
            walked.texts.push(format!("{key}={}", decode(&value)));
        }
        b"eXIf" => super::exif::read(data, reading),
        _ => {}
    }
    budget.step(1)
}

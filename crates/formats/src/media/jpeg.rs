//! JPEG (ITU-T T.81): segments, and between them packed dots up to the marker of the end.

use super::Walked;
use crate::budget::Budget;
use crate::bytes::{slice, u16_be};
use crate::limits::Limit;
use crate::names::decode;
use crate::reading::Reading;

pub fn walk(bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<Walked, Limit> {
    let (mut walked, mut at) = (Walked::default(), 2);
    while let Some(0xff) = bytes.get(at) {
        budget.step(1)?;
        let Some(marker) = bytes.get(at + 1) else { break };
        match marker {
            // Any number of these may stand in front of a marker.
            0xff => at += 1,
            0xd9 => {
                walked.end = Some(at + 2);
                break;
            }
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                let Some(length) = u16_be(bytes, at + 2).map(usize::from).filter(|length| *length >= 2) else { break };
                let Some(data) = slice(bytes, at + 4, length - 2) else { break };
                walked.pieces += 1;
                segment(*marker, data, &mut walked, reading);
                at += 2 + length;
                if *marker == 0xda {
                    at += packed(bytes.get(at..).unwrap_or_default());
                }
            }
        }
    }
    Ok(walked)
}

/// The length of packed dots: in them a marker has a zero behind it, or is a sign to begin anew.
fn packed(bytes: &[u8]) -> usize {
    let ends = |at: &usize| bytes.get(at + 1).is_some_and(|next| !matches!(next, 0 | 0xd0..=0xd7));
    memchr::memchr_iter(0xff, bytes).find(ends).unwrap_or(bytes.len())
}

fn segment(marker: u8, data: &[u8], walked: &mut Walked, reading: &mut Reading) {
    match marker {
        0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
            let size = u16_be(data, 3).zip(u16_be(data, 1));
            walked.size = size.map(|(width, height)| (width.into(), height.into()));
        }
        0xfe => walked.comments.push(decode(data.trim_ascii())),
        0xe1 => {
            if let Some(exif) = data.strip_prefix(b"Exif\0\0") {
                super::exif::read(exif, reading);
            }
        }
        0x02..=0xbf | 0xf0..=0xfd => walked.unusual.push(format!("ff{marker:02x}")),
        _ => {}
    }
}

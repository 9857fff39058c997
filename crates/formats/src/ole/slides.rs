//! Objects inside the stream of a presentation (MS-PPT, 2.10.34): compound files, mostly packed, the macro project among them.

use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::decode::zlib;
use crate::limits::Limit;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{damaged, unpack};

/// Records that are walked.
const RECORDS_MAX: usize = 100_000;
const OBJECT: u16 = 0x1011;

/// Takes the objects out of the stream `PowerPoint Document`.
///
/// # Errors
/// When there are too many.
pub fn objects(stream: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let mut at = 0;
    for _ in 0..RECORDS_MAX {
        let (Some(version), Some(kind), Some(size)) =
            (u16_le(stream, at), u16_le(stream, at + 2), u32_le(stream, at + 4))
        else {
            return Ok(());
        };
        budget.step(1)?;
        // Records of version 15 hold records, which are walked as they come.
        let inside = version & 15 == 15;
        if kind == OBJECT {
            let data = slice(stream, at + 8, size as usize).unwrap_or_default();
            let (content, storage) = match data.get(4..).filter(|_| version >> 4 == 1) {
                Some(packed) => (unpack(zlib(packed), packed.len(), budget).content(), Storage::Packed("deflate")),
                None if data.is_empty() => (Content::Failed(damaged()), Storage::Plain),
                None => {
                    budget.expand(data.len())?;
                    (Content::Bytes(data.to_vec()), Storage::Plain)
                }
            };
            let name = format!("object at {at}");
            reading.child(budget, Child { name, content, storage, at: None })?;
        }
        at = at.saturating_add(8).saturating_add(if inside { 0 } else { size as usize });
    }
    Err(Limit::Entries)
}

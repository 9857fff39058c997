//! Notebooks of OneNote (MS-ONESTORE): files that were put into pages, found by the identifier in front of each.

use crate::budget::Budget;
use crate::bytes::u64_le;
use crate::limits::Limit;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};

vectors! { "onenote":
    "embedded" integer "Files that are embedded.";
}

/// In front of every embedded file (MS-ONESTORE, section 2.6.13).
const FILE: [u8; 16] = [0xe7, 0x16, 0xe3, 0xbd, 0x65, 0x26, 0x11, 0x45, 0xa4, 0xc4, 0x8d, 0x4d, 0x0b, 0x7a, 0x9e, 0xac];
/// The identifier, the size, and twelve bytes that are not used.
const HEADER_BYTES: usize = 36;
/// Files of one notebook.
const FILES_MAX: usize = 5000;

/// Takes a notebook apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let mut count = 0;
    let ended = files(bytes, budget, &mut count, &mut reading);
    reading.know(NAMESPACE, "embedded", Value::unsigned(count as u64));
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "embedded", State::Limited(limit), None);
    }
    reading
}

fn files(bytes: &[u8], budget: &mut Budget, count: &mut usize, reading: &mut Reading) -> Result<(), Limit> {
    budget.pass(bytes.len())?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr::memmem::find(rest, &FILE)).map(|at| from + at) {
        *count += 1;
        if *count > FILES_MAX {
            return Err(Limit::Entries);
        }
        let start = at + HEADER_BYTES;
        let size = u64_le(bytes, at + 16).and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let end = start.saturating_add(size);
        let content = if end <= bytes.len() {
            Content::Range(start..end)
        } else {
            let there = bytes.get(start..).unwrap_or_default();
            budget.expand(there.len())?;
            Content::Partial(there.to_vec(), damaged())
        };
        // One that lies inside of another is that other's business.
        from = if end <= bytes.len() { end } else { start.min(bytes.len()) };
        let name = format!("file-{count}");
        reading.child(budget, Child { name, content, storage: Storage::Plain, at: Some(start as u64) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::FILE;
    use crate::Kind;
    use crate::kit::reading;

    #[test]
    fn files_in_pages_are_parts() {
        let file = |data: &[u8], size: u64| [&FILE[..], &size.to_le_bytes(), &[0; 12], data].concat();
        let bytes = [vec![0; 64], file(b"one", 3), vec![0; 9], file(b"two", 300)].concat();
        let children = reading(Kind::OneNote, &bytes).children;
        let texts: Vec<_> = children.iter().map(|child| child.bytes(&bytes).unwrap()).collect();
        assert_eq!(texts, [b"one", b"two"]);
        assert!(matches!(children[1].content, crate::Content::Partial(..)));
    }
}

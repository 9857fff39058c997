//! The one door through which bytes are unpacked: whatever a decoder gives, it gives here, and stops where the limits are.

use crate::budget::Budget;
use crate::limits::Limit;
use crate::reading::Content;
use model::Message;
use std::cell::RefCell;
use std::io::{self, Read};

/// Bytes that are asked of a decoder at once.
const PORTION_BYTES: usize = 1 << 16;

/// What came out of a decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpacked {
    Whole(Vec<u8>),
    /// What came before the decoder found the data damaged.
    Broken(Vec<u8>),
    Limited(Limit),
}

impl Unpacked {
    /// The content of a part.
    pub fn content(self) -> Content {
        match self {
            Unpacked::Whole(bytes) => Content::Bytes(bytes),
            Unpacked::Broken(bytes) if bytes.is_empty() => Content::Failed(damaged()),
            Unpacked::Broken(bytes) => Content::Partial(bytes, damaged()),
            Unpacked::Limited(limit) => Content::Limited(limit),
        }
    }

    /// What is there, however much of it that is.
    pub fn bytes(self) -> Vec<u8> {
        match self {
            Unpacked::Whole(bytes) | Unpacked::Broken(bytes) => bytes,
            Unpacked::Limited(_) => Vec::new(),
        }
    }
}

/// The content is not what its own format says.
pub fn damaged() -> Message {
    Message::new("file.damaged")
}

/// The content is encrypted, and no password that was given opens it.
pub fn encrypted() -> Message {
    Message::new("file.encrypted")
}

/// There is no reader for this method of packing or encrypting.
pub fn unknown_method(method: impl std::fmt::Display) -> Message {
    Message::new("file.method-unknown").with("method", method)
}

/// Passes on what a decoder gives, and takes it from the budget. At a limit it ends with an error and keeps the limit.
pub struct Capped<'b, 'a, R> {
    decoder: R,
    budget: &'b mut Budget<'a>,
    left: u64,
    limited: Option<Limit>,
}

impl<'b, 'a, R: Read> Capped<'b, 'a, R> {
    pub fn new(decoder: R, budget: &'b mut Budget<'a>) -> Self {
        let left = budget.file_bytes();
        Capped { decoder, budget, left, limited: None }
    }

    /// The limit that ended it, if one did.
    pub fn limited(&self) -> Option<Limit> {
        self.limited
    }
}

impl<R: Read> Read for Capped<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        let charged = self.budget.expand(count).and_then(|()| {
            self.left = self.left.checked_sub(count as u64).ok_or(Limit::FileBytes)?;
            Ok(())
        });
        charged.map(|()| count).map_err(|limit| {
            self.limited = Some(limit);
            io::Error::other(limit.label())
        })
    }
}

/// Takes what a decoder hands out by itself, and ends it at a limit, which it keeps.
pub struct Filling<'c, 'b, 'a> {
    pub bytes: Vec<u8>,
    left: u64,
    limited: Option<Limit>,
    budget: &'c RefCell<&'b mut Budget<'a>>,
}

impl<'c, 'b, 'a> Filling<'c, 'b, 'a> {
    pub fn new(budget: &'c RefCell<&'b mut Budget<'a>>) -> Self {
        let left = budget.borrow().file_bytes();
        Filling { bytes: Vec::new(), left, limited: None, budget }
    }

    /// What there is when the decoder has ended, well or not.
    pub fn unpacked(self, well: bool) -> Unpacked {
        match self.limited {
            Some(limit) => Unpacked::Limited(limit),
            None if well => Unpacked::Whole(self.bytes),
            None => Unpacked::Broken(self.bytes),
        }
    }
}

impl io::Write for Filling<'_, '_, '_> {
    fn write(&mut self, portion: &[u8]) -> io::Result<usize> {
        let charged = self.budget.borrow_mut().expand(portion.len()).and_then(|()| {
            self.left = self.left.checked_sub(portion.len() as u64).ok_or(Limit::FileBytes)?;
            Ok(())
        });
        if let Err(limit) = charged {
            self.limited = Some(limit);
            return Err(io::Error::other(limit.label()));
        }
        self.bytes.extend_from_slice(portion);
        Ok(portion.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Passes on packed bytes, and takes the work of asking for them from the budget: a decoder may go through much of its
/// input and give nothing.
pub struct Asking<'c, 'b, 'a> {
    pub input: &'c [u8],
    pub budget: &'c RefCell<&'b mut Budget<'a>>,
}

impl Read for Asking<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.budget.borrow_mut().pass(count).map_err(|limit| io::Error::other(limit.label()))?;
        Ok(count)
    }
}

/// Unpacks to the end of what a decoder has, whose input has so many bytes.
pub fn unpack(decoder: impl Read, packed_bytes: usize, budget: &mut Budget) -> Unpacked {
    unpack_up_to(decoder, packed_bytes, u64::MAX, budget)
}

/// Unpacks at most so many bytes, as many as the container says there are.
pub fn unpack_up_to(decoder: impl Read, packed_bytes: usize, most: u64, budget: &mut Budget) -> Unpacked {
    // Going through the input is work, also when nothing comes out of it.
    if let Err(limit) = budget.pass(packed_bytes) {
        return Unpacked::Limited(limit);
    }
    let mut source = Capped::new(decoder, budget);
    let (mut bytes, mut portion) = (Vec::new(), vec![0; PORTION_BYTES]);
    while (bytes.len() as u64) < most {
        match source.read(&mut portion) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&portion[..count.min(portion.len())]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return source.limited().map_or(Unpacked::Broken(bytes), Unpacked::Limited),
        }
    }
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Unpacked::Whole(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn what_never_ends_is_ended() {
        let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
        let mut budget = Budget::new(&limits, &|| false);
        assert_eq!(unpack(io::repeat(0), 1, &mut budget), Unpacked::Limited(Limit::FileBytes));
        let limits = Limits { expanded_bytes: 1 << 20, ..Limits::default() };
        let mut budget = Budget::new(&limits, &|| false);
        assert_eq!(unpack(io::repeat(0), 1, &mut budget), Unpacked::Limited(Limit::ExpandedBytes));
        assert_eq!(unpack(io::empty(), 1, &mut Budget::new(&limits, &|| false)), Unpacked::Whole(Vec::new()));
    }

    #[test]
    fn what_breaks_keeps_what_came_before() {
        let broken = b"abc".chain(flate2::read::DeflateDecoder::new([0xff; 9].as_slice()));
        assert_eq!(
            unpack(broken, 12, &mut Budget::new(&Limits::default(), &|| false)),
            Unpacked::Broken(b"abc".into())
        );
    }
}

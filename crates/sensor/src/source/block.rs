//! Frames by the hundred.

use wire::capture::{Frame, LinkType};

/// Frames that were read together, in their order, and the bytes they lie in. One block serves all workers: each takes
/// the frames that are its own and leaves the others without looking at them.
#[derive(Debug, Default)]
pub struct Block {
    pub(super) bytes: Vec<u8>,
    frames: Vec<Placed>,
}

/// Whose a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Both hosts of its only datagram are known, by the number that [`wire::packet::pair`] gives them.
    Pair(u64),
    /// To say that, it must be decoded: each worker looks at it and takes of it what is its own.
    Anyone,
}

#[derive(Debug, Clone, Copy)]
struct Placed {
    time_ns: i64,
    link: LinkType,
    wire_length: u32,
    at: usize,
    length: usize,
    owner: Owner,
}

impl Block {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// The frames, and whose each is.
    pub fn frames(&self) -> impl Iterator<Item = (Frame<'_>, Owner)> {
        self.frames.iter().map(|placed| (self.placed(placed), placed.owner))
    }

    pub(super) fn frame(&self, at: usize) -> Option<Frame<'_>> {
        self.frames.get(at).map(|placed| self.placed(placed))
    }

    pub fn last(&self) -> Option<Frame<'_>> {
        self.frame(self.len().checked_sub(1)?)
    }

    fn placed(&self, placed: &Placed) -> Frame<'_> {
        let Placed { time_ns, link, wire_length, at, length, .. } = *placed;
        let data = self.bytes.get(at..at + length).unwrap_or_default();
        Frame { time_ns, link, wire_length, data }
    }

    /// Makes room for other frames and keeps the memory.
    pub fn clear(&mut self) {
        self.frames.clear();
    }

    /// Notes a frame whose data begins at a place of the bytes that will be put under it.
    pub(super) fn note(&mut self, frame: &Frame<'_>, at: usize) {
        let owner = wire::packet::pair_of_frame(frame.link, frame.data).map_or(Owner::Anyone, Owner::Pair);
        let Frame { time_ns, link, wire_length, data } = *frame;
        self.frames.push(Placed { time_ns, link, wire_length, at, length: data.len(), owner });
    }

    /// Adds a frame with a copy of its data.
    pub(super) fn copy(&mut self, frame: &Frame<'_>) {
        if self.frames.is_empty() {
            self.bytes.clear();
        }
        let at = self.bytes.len();
        self.bytes.extend_from_slice(frame.data);
        self.note(frame, at);
    }
}

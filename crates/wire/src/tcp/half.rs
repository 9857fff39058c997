//! One direction of a connection: segments in any order become a stream in order. What is in order already is handed
//! on without a copy.

use std::collections::BTreeMap;

/// Bytes beyond a hole that one direction may hold back.
pub const HELD_BYTES_MAX: usize = 1 << 20;
/// Segments beyond a hole that one direction may hold back.
pub const HELD_SEGMENTS_MAX: usize = 4096;

/// Which of two segments that hold the same place is believed, while neither was handed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Overlap {
    #[default]
    First,
    Last,
}

/// What the stream goes on with.
#[derive(Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    Data(&'a [u8]),
    /// So many bytes were never seen.
    Gap(u64),
}

/// What was out of the ordinary in a direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub out_of_order: u32,
    /// Segments that held what had been seen before.
    pub repeated: u32,
    /// Held segments that overlap with other bytes in them: somebody tries to show two stories.
    pub conflicting: u32,
    pub gaps: u32,
    pub gap_bytes: u64,
    /// Most separate stretches that were held at a time.
    pub stretches_max: u32,
    /// Held bytes given up to keep within the limits.
    pub shed: u64,
}

/// One direction.
#[derive(Debug, Default)]
pub struct Half {
    /// Sequence number and offset of the next byte wanted. Offsets count from the first byte and do not wrap.
    next: Option<(u32, u64)>,
    held: BTreeMap<u64, Vec<u8>>,
    held_bytes: usize,
    /// Offset after the last byte that the other side says it has.
    acknowledged: u64,
    /// Offset at which the direction ends, once it said so.
    end: Option<u64>,
    pub counts: Counts,
}

impl Half {
    /// The stream begins with this sequence number.
    pub fn begin(&mut self, sequence: u32) {
        self.next = Some((sequence, 0));
    }

    pub fn has_begun(&self) -> bool {
        self.next.is_some()
    }

    /// Bytes handed on and passed over so far.
    pub fn reached(&self) -> u64 {
        self.next.map_or(0, |(_, offset)| offset)
    }

    pub fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// True when everything up to the end was handed on.
    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.reached() >= end)
    }

    pub fn next_sequence(&self) -> Option<u32> {
        self.next.map(|(sequence, _)| sequence)
    }

    /// Offset of a sequence number near the stream's present place; negative before the beginning.
    fn offset(&self, sequence: u32) -> i64 {
        let Some((next, offset)) = self.next else { return 0 };
        offset as i64 + i64::from(sequence.wrapping_sub(next) as i32)
    }

    /// Takes a segment's bytes and hands on what is in order.
    pub fn segment(&mut self, sequence: u32, data: &[u8], overlap: Overlap, out: &mut impl FnMut(Chunk<'_>)) {
        if self.next.is_none() {
            self.begin(sequence);
        }
        if data.is_empty() {
            return;
        }
        let start = self.offset(sequence);
        let reached = self.reached() as i64;
        if start > reached {
            self.counts.out_of_order += 1;
            self.hold(start as u64, data, overlap);
            self.counts.stretches_max = self.counts.stretches_max.max(self.held.len() as u32);
            self.shed(out);
            return;
        }
        let Some(fresh) = data.get((reached - start) as usize..).filter(|fresh| !fresh.is_empty()) else {
            self.counts.repeated += 1;
            return;
        };
        if start < reached {
            self.counts.repeated += 1;
        }
        if self.held.is_empty() {
            self.hand_on(fresh, out);
            return;
        }
        self.hold(reached as u64, fresh, overlap);
        self.release(out);
    }

    /// The other side says what it has: what lies before that and was never seen is lost, as soon as something behind
    /// it is here to go on with.
    pub fn acknowledge(&mut self, sequence: u32, out: &mut impl FnMut(Chunk<'_>)) {
        if self.next.is_none() {
            return;
        }
        // An acknowledgement of the end counts one more than the bytes; it does no harm here.
        self.acknowledged = self.acknowledged.max(self.offset(sequence).max(0) as u64);
        while let Some((first, _)) = self.held.first_key_value().filter(|(first, _)| self.acknowledged >= **first) {
            self.pass_over(*first, out);
            self.release(out);
        }
    }

    /// The direction ends after the bytes before this sequence number.
    pub fn finish(&mut self, sequence: u32) {
        if self.next.is_some() {
            self.end = Some(self.offset(sequence).max(0) as u64);
        }
    }

    /// Hands on what is held, with the holes in it: nothing more will come.
    pub fn flush(&mut self, out: &mut impl FnMut(Chunk<'_>)) {
        while let Some((first, _)) = self.held.first_key_value() {
            self.pass_over(*first, out);
            self.release(out);
        }
        // The other side has bytes that were never captured.
        let end = self.end.unwrap_or(u64::MAX).min(self.acknowledged);
        if self.next.is_some() && end > self.reached() + 1 {
            self.pass_over(end, out);
        }
    }

    /// Gives up what is held back, to make room.
    pub fn forget(&mut self) -> usize {
        let bytes = std::mem::take(&mut self.held_bytes);
        self.held.clear();
        self.counts.shed += bytes as u64;
        bytes
    }

    fn hand_on(&mut self, data: &[u8], out: &mut impl FnMut(Chunk<'_>)) {
        let Some((sequence, offset)) = &mut self.next else { return };
        *sequence = sequence.wrapping_add(data.len() as u32);
        *offset += data.len() as u64;
        out(Chunk::Data(data));
    }

    fn pass_over(&mut self, to: u64, out: &mut impl FnMut(Chunk<'_>)) {
        let Some((sequence, offset)) = &mut self.next else { return };
        let length = to.saturating_sub(*offset);
        if length == 0 {
            return;
        }
        *sequence = sequence.wrapping_add(length as u32);
        *offset = to;
        self.counts.gaps += 1;
        self.counts.gap_bytes += length;
        out(Chunk::Gap(length));
    }

    /// Keeps a segment's bytes where nothing is kept yet, or over what is kept.
    fn hold(&mut self, start: u64, data: &[u8], overlap: Overlap) {
        let end = start + data.len() as u64;
        let mut fresh = Vec::new();
        let mut from = start;
        let first = self.held.range(..start).next_back().map_or(start, |(offset, _)| *offset);
        for (offset, kept) in self.held.range_mut(first..end) {
            let kept_end = offset + kept.len() as u64;
            if kept_end <= from {
                continue;
            }
            let (low, high) = ((*offset).max(start), kept_end.min(end));
            let ours = data.get((low - start) as usize..(high - start) as usize).unwrap_or_default();
            let theirs = kept.get_mut((low - offset) as usize..(high - offset) as usize).unwrap_or_default();
            if ours != theirs {
                self.counts.conflicting += 1;
                if overlap == Overlap::Last {
                    theirs.copy_from_slice(ours);
                }
            }
            if *offset > from {
                fresh.push((from, *offset));
            }
            from = from.max(kept_end);
        }
        if from < end {
            fresh.push((from, end));
        }
        for (from, to) in fresh {
            let bytes = data.get((from - start) as usize..(to - start) as usize).unwrap_or_default();
            self.held_bytes += bytes.len();
            self.held.insert(from, bytes.to_vec());
        }
    }

    /// Hands on what is held and in order now.
    fn release(&mut self, out: &mut impl FnMut(Chunk<'_>)) {
        while let Some(entry) =
            self.held.first_entry().filter(|entry| *entry.key() <= self.next.map_or(0, |(_, at)| at))
        {
            let data = entry.remove();
            self.held_bytes -= data.len();
            self.hand_on(&data, out);
        }
    }

    /// Beyond the limits the hole in front of what is held counts as lost.
    fn shed(&mut self, out: &mut impl FnMut(Chunk<'_>)) {
        while self.held_bytes > HELD_BYTES_MAX || self.held.len() > HELD_SEGMENTS_MAX {
            let Some((first, _)) = self.held.first_key_value() else { return };
            self.pass_over(*first, out);
            self.release(out);
        }
    }
}

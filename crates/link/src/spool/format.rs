//! The files of a spool as bytes.
//!
//! A file begins with a header: eight bytes that say what it is, the spool, the sequence of its first batch, and their
//! check. A record is a head (length of the body, sequence, check of the body, check of the head) and the body (kind with
//! its length before it, rows, bytes). All numbers are little endian, all checks CRC-32. Since the head is checked by
//! itself, a record that was cut off is told from one that was damaged, and one with a damaged body can be passed over.

use crate::batch::{BATCH_BYTES_MAX, Batch, KIND_BYTES_MAX, SEQUENCE_MAX, is_kind};
use prost::bytes::Bytes;
use std::io::{self, Read};

pub(crate) const MAGIC: &[u8; 8] = b"RDXSPL1\n";
pub(crate) const HEADER_BYTES: u64 = 28;
pub(crate) const HEAD_BYTES: usize = 20;
/// A body is never longer.
const BODY_BYTES_MAX: usize = 1 + KIND_BYTES_MAX + 4 + BATCH_BYTES_MAX;

/// What stands at the next place of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    End,
    /// The file ends within a record: what a crash leaves of one that was never acknowledged.
    Torn,
    /// What stands here is no head of a record; where the next one begins nobody knows.
    Broken,
    /// A record with so many bytes, head and all. Without a batch when its body is damaged.
    Record {
        sequence: i64,
        bytes: u64,
        batch: Option<Batch>,
    },
}

pub(crate) fn header(spool: u64, first: i64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(spool.to_le_bytes());
    bytes.extend(first.to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// The spool and the first sequence that a header tells.
pub(crate) fn read_header(bytes: &[u8]) -> Option<(u64, i64)> {
    let (said, check) = bytes.get(..HEADER_BYTES as usize)?.split_last_chunk::<4>()?;
    let rest = said.strip_prefix(MAGIC)?;
    let (spool, first) = rest.split_first_chunk::<8>()?;
    let first = i64::from_le_bytes(first.try_into().ok()?);
    let whole = crc32fast::hash(said).to_le_bytes() == *check && (0..=SEQUENCE_MAX).contains(&first);
    whole.then(|| (u64::from_le_bytes(*spool), first))
}

/// Bytes that a batch takes in a file.
pub(crate) fn record_bytes(kind: &str, bytes: usize) -> u64 {
    (HEAD_BYTES + 1 + kind.len() + 4 + bytes) as u64
}

pub(crate) fn put_record(into: &mut Vec<u8>, sequence: i64, kind: &str, rows: u32, bytes: &[u8]) {
    let at = into.len();
    into.extend([0; HEAD_BYTES]);
    into.push(kind.len() as u8);
    into.extend(kind.as_bytes());
    into.extend(rows.to_le_bytes());
    into.extend(bytes);
    let body = into.get(at + HEAD_BYTES..).unwrap_or_default();
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend((body.len() as u32).to_le_bytes());
    head.extend(sequence.to_le_bytes());
    head.extend(crc32fast::hash(body).to_le_bytes());
    head.extend(crc32fast::hash(&head).to_le_bytes());
    if let Some(place) = into.get_mut(at..at + HEAD_BYTES) {
        place.copy_from_slice(&head);
    }
}

/// Reads what stands at the next place.
pub(crate) fn next(from: &mut impl Read) -> io::Result<Found> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    from.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Ok(Found::End);
    }
    // A disk that lost power may leave a file longer than what was written to it: the rest is zeros.
    let zeros = head.iter().all(|byte| *byte == 0);
    let Some((length, sequence, check)) = read_head(&head) else {
        let torn = head.len() < HEAD_BYTES || (zeros && only_zeros(from)?);
        return Ok(if torn { Found::Torn } else { Found::Broken });
    };
    let mut body = Vec::with_capacity(length);
    from.by_ref().take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Ok(Found::Torn);
    }
    let bytes = (HEAD_BYTES + length) as u64;
    let whole = crc32fast::hash(&body).to_le_bytes() == check;
    let batch = if whole { read_body(sequence, body.into()) } else { None };
    Ok(Found::Record { sequence, bytes, batch })
}

fn read_head(head: &[u8]) -> Option<(usize, i64, [u8; 4])> {
    let (said, check) = head.split_last_chunk::<4>()?;
    let (length, rest) = said.split_first_chunk::<4>()?;
    let (sequence, body) = rest.split_first_chunk::<8>()?;
    let (length, sequence) = (u32::from_le_bytes(*length) as usize, i64::from_le_bytes(*sequence));
    let whole = crc32fast::hash(said).to_le_bytes() == *check;
    let sound = whole && length <= BODY_BYTES_MAX && (0..=SEQUENCE_MAX).contains(&sequence);
    Some((length, sequence, body.try_into().ok()?)).filter(|_| sound)
}

fn only_zeros(from: &mut impl Read) -> io::Result<bool> {
    let mut part = [0; 4096];
    loop {
        match from.read(&mut part)? {
            0 => return Ok(true),
            got if part.iter().take(got).any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

fn read_body(sequence: i64, body: Bytes) -> Option<Batch> {
    let length = usize::from(*body.first()?);
    let kind = std::str::from_utf8(body.get(1..1 + length)?).ok().filter(|kind| is_kind(kind))?.to_owned();
    let rows = u32::from_le_bytes(body.get(1 + length..1 + length + 4)?.try_into().ok()?);
    Some(Batch { sequence, kind, rows, bytes: body.slice(1 + length + 4..) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use proptest::prelude::*;

    fn three() -> Vec<u8> {
        let mut bytes = Vec::new();
        put_record(&mut bytes, 7, "session", 3, b"first");
        put_record(&mut bytes, 8, "finding/2", 1, b"");
        put_record(&mut bytes, 9, "session", 9, &[5; 300]);
        bytes
    }

    fn all(mut bytes: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        loop {
            match next(&mut bytes).unwrap() {
                record @ Found::Record { .. } => found.push(record),
                last => {
                    found.push(last);
                    return found;
                }
            }
        }
    }

    fn sequences(bytes: &[u8]) -> (Vec<(i64, bool)>, Found) {
        let mut found = all(bytes);
        let last = found.pop().unwrap();
        let told = |found| match found {
            Found::Record { sequence, batch, .. } => Some((sequence, batch.is_some())),
            _ => None,
        };
        (found.into_iter().filter_map(told).collect(), last)
    }

    #[test]
    fn records_come_back_as_they_were() {
        let batch = |sequence, kind: &str, rows, bytes: &[u8]| Found::Record {
            sequence,
            bytes: record_bytes(kind, bytes.len()),
            batch: Some(Batch { sequence, kind: kind.to_owned(), rows, bytes: bytes.to_vec().into() }),
        };
        let wanted = [
            batch(7, "session", 3, b"first"),
            batch(8, "finding/2", 1, b""),
            batch(9, "session", 9, &[5; 300]),
            Found::End,
        ];
        assert_eq!(all(&three()), wanted);
        assert_eq!(read_header(&header(5, 7)), Some((5, 7)));
    }

    #[test]
    fn wherever_it_is_cut_off_the_whole_records_before_are_read() {
        let bytes = three();
        let ends: Vec<usize> = [("session", 5), ("finding/2", 0), ("session", 300)]
            .iter()
            .scan(0, |at, (kind, length)| {
                *at += record_bytes(kind, *length) as usize;
                Some(*at)
            })
            .collect();
        for cut in 0..bytes.len() {
            let (whole, last) = sequences(&bytes[..cut]);
            assert_eq!(whole.len(), ends.iter().filter(|end| **end <= cut).count(), "cut at {cut}");
            assert_eq!(last, if cut == 0 || ends.contains(&cut) { Found::End } else { Found::Torn }, "cut at {cut}");
        }
    }

    #[test]
    fn zeros_behind_the_last_record_are_its_torn_end() {
        let mut bytes = three();
        bytes.extend([0; 5000]);
        assert_eq!(sequences(&bytes), (vec![(7, true), (8, true), (9, true)], Found::Torn));
        bytes.push(1);
        assert_eq!(sequences(&bytes), (vec![(7, true), (8, true), (9, true)], Found::Broken));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        /// One changed byte is found: the record it is in is not read, those before it are, and those behind a body too.
        #[test]
        fn a_changed_byte_is_found(at in any::<prop::sample::Index>(), by in 1u8..) {
            let mut bytes = three();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            let (whole, last) = sequences(&bytes);
            let good: Vec<i64> = whole.iter().filter(|(_, whole)| *whole).map(|(sequence, _)| *sequence).collect();
            if last == Found::End {
                prop_assert_eq!((whole.len(), good.len()), (3, 2));
            } else {
                prop_assert_eq!(&good[..], &[7, 8, 9][..good.len()]);
                prop_assert!(good.len() < 3);
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = all(&bytes);
            let _ = read_header(&bytes);
        }
    }
}

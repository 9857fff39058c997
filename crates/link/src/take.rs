//! What the server has to do with what arrives: keep it, or say why not.

use crate::batch::{Batch, SEQUENCE_MAX, is_kind};
use crate::proto;
use crate::proto::refused::Code;
use crate::spool::Why;
use model::Message;
use std::time::Duration;

/// Batches that one message says are lost.
pub(crate) const LOST_MAX: i64 = 10_000;
/// Bytes of a sentence that is sent along.
const DETAIL_BYTES_MAX: usize = 300;

/// Who keeps what collectors deliver.
///
/// A source is a collector and its spool: `group/0123456789abcdef/0123456789abcdef`. Its batches come one after the other,
/// the next after the answer to the one before, and never from two connections at once.
pub trait Take: Send + Sync + 'static {
    /// Keeps a batch. [`Outcome::Taken`] only when it lasts: the collector lets go of it.
    fn take(&self, source: &str, batch: Batch) -> impl Future<Output = Result<Outcome, Refusal>> + Send;

    /// Goes past batches that the collector no longer has: the next one has the number after them.
    fn lost(&self, source: &str, lost: Lost) -> impl Future<Output = Result<Outcome, Refusal>> + Send;

    /// The number of the last batch of a source that lasts, or that was gone past; `None` when there is none.
    fn reached(&self, source: &str) -> impl Future<Output = Result<Option<i64>, Refusal>> + Send;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It lasts.
    Taken,
    /// It lasted before.
    Known,
}

/// Batches that do not come, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    pub first: i64,
    pub last: i64,
    pub why: Why,
}

/// Why a batch is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not now; the collector comes again after that, and waits longer each time.
    Busy { again_after: Duration },
    /// Never; the collector sets it aside. The text is for its log.
    Malformed(String),
    /// This server does not know the kind, or the version of it; the collector sets it aside.
    UnknownKind,
    /// Another one is due.
    OutOfOrder { expected: i64 },
}

impl Refusal {
    pub(crate) fn told(&self, sequence: i64) -> proto::Refused {
        let refused = |code: Code| refused(code, sequence, "");
        match self {
            Refusal::Busy { again_after } => proto::Refused {
                retry_after_ms: u32::try_from(again_after.as_millis()).unwrap_or(u32::MAX),
                ..refused(Code::Busy)
            },
            Refusal::Malformed(why) => proto::Refused { detail: short(why), ..refused(Code::Malformed) },
            Refusal::UnknownKind => refused(Code::UnknownKind),
            Refusal::OutOfOrder { expected } => proto::Refused { expected: *expected, ..refused(Code::OutOfOrder) },
        }
    }
}

/// What a batch is malformed in, by the word that a detail begins with.
const MALFORMED: [&str; 6] = ["columns", "damaged", "future", "large", "source", "values"];

/// That a batch was refused since it is malformed, in words for people.
pub fn malformed(detail: &str) -> Message {
    let (word, rest) = detail.split_once(": ").unwrap_or((detail, ""));
    let known = MALFORMED.iter().find(|known| **known == word).copied();
    let what = Message::new(format!("link.malformed.{}", known.unwrap_or("other")));
    let detail = if known.is_some() { rest } else { detail };
    Message::new("link.refused-malformed").reason("what", what).with("detail", detail)
}

pub(crate) fn refused(code: Code, sequence: i64, detail: &str) -> proto::Refused {
    proto::Refused { sequence, code: code.into(), expected: 0, retry_after_ms: 0, detail: short(detail) }
}

pub(crate) fn short(text: &str) -> String {
    let end = text.floor_char_boundary(DETAIL_BYTES_MAX.min(text.len()));
    text.get(..end).unwrap_or_default().chars().filter(|char| !char.is_control()).collect()
}

pub(crate) fn sent(batch: &Batch) -> proto::Batch {
    proto::Batch {
        sequence: batch.sequence,
        kind: batch.kind.clone(),
        rows: batch.rows,
        crc: crc32fast::hash(&batch.bytes),
        bytes: batch.bytes.clone(),
    }
}

/// A batch as it arrived, if it is one.
pub(crate) fn arrived(batch: proto::Batch, bytes_max: usize) -> Result<Batch, proto::Refused> {
    let proto::Batch { sequence, kind, rows, bytes, crc } = batch;
    let malformed = |why| Err(refused(Code::Malformed, sequence, why));
    if !(0..=SEQUENCE_MAX).contains(&sequence) {
        return malformed("sequence");
    }
    if bytes.len() > bytes_max {
        return Err(refused(Code::TooLarge, sequence, ""));
    }
    if !is_kind(&kind) {
        return malformed("kind");
    }
    if crc32fast::hash(&bytes) != crc {
        return malformed("check");
    }
    Ok(Batch { sequence, kind, rows, bytes })
}

pub(crate) fn arrived_lost(lost: proto::Lost) -> Result<Lost, proto::Refused> {
    let proto::Lost { first, last, .. } = lost;
    let is_range = (0..=SEQUENCE_MAX).contains(&first) && (first..first + LOST_MAX).contains(&last);
    if !is_range || last > SEQUENCE_MAX {
        return Err(refused(Code::Malformed, first, "range"));
    }
    let why = match lost.why() {
        proto::lost::Why::Refused => Why::Refused,
        proto::lost::Why::LetGo => Why::LetGo,
        proto::lost::Why::Damaged | proto::lost::Why::Unspecified => Why::Damaged,
    };
    Ok(Lost { first, last, why })
}

/// Decodes what a collector sends from any bytes. For fuzzing.
#[doc(hidden)]
pub fn read_bytes(bytes: &[u8]) -> bool {
    use prost::Message;
    match proto::FromCollector::decode(bytes).map(|from| from.message) {
        Ok(Some(proto::from_collector::Message::Batch(batch))) => arrived(batch, crate::BATCH_BYTES_MAX).is_ok(),
        Ok(Some(proto::from_collector::Message::Lost(lost))) => arrived_lost(lost).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use proptest::prelude::*;
    use prost::Message;

    fn batch() -> Batch {
        Batch { sequence: 7, kind: "session".to_owned(), rows: 3, bytes: vec![1, 2, 3].into() }
    }

    #[test]
    fn a_batch_arrives_as_it_was_sent() {
        assert_eq!(arrived(sent(&batch()), 3).unwrap(), batch());
    }

    #[test]
    fn what_is_not_a_batch_is_refused() {
        let code = |batch| Code::try_from(arrived(batch, 3).unwrap_err().code).unwrap();
        let sent = || sent(&batch());
        assert_eq!(code(proto::Batch { sequence: -1, ..sent() }), Code::Malformed);
        assert_eq!(code(proto::Batch { sequence: i64::MAX, ..sent() }), Code::Malformed);
        assert_eq!(code(proto::Batch { kind: "../etc".to_owned() + "\0", ..sent() }), Code::Malformed);
        assert_eq!(code(proto::Batch { crc: 0, ..sent() }), Code::Malformed);
        assert_eq!(code(proto::Batch { bytes: vec![0; 4].into(), ..sent() }), Code::TooLarge);
    }

    #[test]
    fn what_is_no_range_is_not_lost() {
        for (first, last) in
            [(-1, 5), (5, 4), (0, LOST_MAX), (SEQUENCE_MAX, SEQUENCE_MAX + 1), (i64::MAX, i64::MAX), (0, i64::MIN)]
        {
            assert!(arrived_lost(proto::Lost { first, last, why: 1 }).is_err(), "{first} to {last}");
        }
        let lost = arrived_lost(proto::Lost { first: 3, last: 3, why: 99 }).unwrap();
        assert_eq!(lost, Lost { first: 3, last: 3, why: Why::Damaged });
    }

    #[test]
    fn a_detail_is_cut_where_a_letter_ends() {
        assert_eq!(short(&"界".repeat(200)).len(), 300);
        assert_eq!(short("a\nb\u{1b}[31m"), "ab[31m");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        #[test]
        fn no_message_panics(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6), cut in any::<prop::sample::Index>()) {
            let message = proto::FromCollector { message: Some(proto::from_collector::Message::Batch(sent(&batch()))) };
            let mut bytes = message.encode_to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            read_bytes(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            read_bytes(&bytes);
        }
    }
}

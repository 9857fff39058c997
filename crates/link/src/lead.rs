//! What endpoints are told, in pieces that fit into messages, and who tells it.

use crate::batch::{SEQUENCE_MAX, is_kind};
use crate::proto::ToEndpoint;
use prost::bytes::{Bytes, BytesMut};
use tokio::sync::watch;

/// Bytes that an endpoint says of itself at a time.
pub const REPORT_BYTES_MAX: usize = 256 << 10;
/// Bytes of one thing that an endpoint is told: the reputation of two million files has this room.
pub const GUIDE_BYTES_MAX: usize = 64 << 20;
/// Bytes of a piece.
pub(crate) const PIECE_BYTES: usize = 1 << 20;
const PIECES_MAX: usize = GUIDE_BYTES_MAX / PIECE_BYTES;

/// Something that an endpoint is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guide {
    /// What the bytes are; see [`crate::is_kind`].
    pub kind: String,
    /// A higher one takes the place of a lower one of its kind.
    pub version: i64,
    pub bytes: Bytes,
}

/// Who leads endpoints.
#[tonic::async_trait]
pub trait Lead: Send + Sync + 'static {
    /// An endpoint says how it is, or what it is to have may have changed: tells what it has not yet. What was told on this
    /// connection in this version is not told again.
    async fn lead(&self, endpoint: &str, report: &Bytes) -> Vec<Guide>;

    /// An endpoint that attended is gone.
    async fn gone(&self, endpoint: &str);

    /// Moves whenever what endpoints are to have may have changed.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// The pieces of a guide, the first one first.
pub(crate) fn pieces(guide: &Guide) -> Vec<ToEndpoint> {
    let count = guide.bytes.len().div_ceil(PIECE_BYTES).max(1);
    let piece = |piece: usize| {
        let begin = piece * PIECE_BYTES;
        let end = guide.bytes.len().min(begin + PIECE_BYTES);
        ToEndpoint {
            kind: guide.kind.clone(),
            version: guide.version,
            piece: u32::try_from(piece).unwrap_or(u32::MAX),
            pieces: u32::try_from(count).unwrap_or(u32::MAX),
            bytes: guide.bytes.slice(begin..end),
        }
    };
    (0..count).map(piece).collect()
}

/// Guides as they come in pieces.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    open: Option<(ToEndpoint, BytesMut)>,
}

impl Pieces {
    /// Takes a piece in; gives the guide that is whole with it. Nothing of what cannot be is kept.
    pub fn take(&mut self, piece: ToEndpoint) -> Result<Option<Guide>, &'static str> {
        let open = self.open.take();
        if !is_kind(&piece.kind) || !(0..=SEQUENCE_MAX).contains(&piece.version) {
            return Err("no kind and version");
        }
        let (number, count) = (piece.piece as usize, piece.pieces as usize);
        if number >= count || count > PIECES_MAX || piece.bytes.len() > PIECE_BYTES {
            return Err("no piece of so many");
        }
        // All but the last one are full, so that the number of pieces tells how much there may be.
        if number + 1 < count && piece.bytes.len() != PIECE_BYTES {
            return Err("a piece that is not full");
        }
        let mut bytes = match open {
            None if number == 0 => BytesMut::new(),
            Some((before, bytes)) if follows(&before, &piece) => bytes,
            _ => return Err("a piece out of order"),
        };
        bytes.extend_from_slice(&piece.bytes);
        if number + 1 == count {
            return Ok(Some(Guide { kind: piece.kind, version: piece.version, bytes: bytes.freeze() }));
        }
        self.open = Some((ToEndpoint { bytes: Bytes::new(), ..piece }, bytes));
        Ok(None)
    }
}

fn follows(before: &ToEndpoint, piece: &ToEndpoint) -> bool {
    (&before.kind, before.version, before.pieces) == (&piece.kind, piece.version, piece.pieces)
        && before.piece.checked_add(1) == Some(piece.piece)
}

/// Whether bytes are a message with a piece that can be the first one. For fuzzing.
pub fn read_bytes(bytes: &[u8]) -> bool {
    use prost::Message;
    let mut open = Pieces::default();
    let read = ToEndpoint::decode(bytes).is_ok_and(|piece| open.take(piece).is_ok());
    crate::proto::FromEndpoint::decode(bytes).is_ok() || read
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use proptest::prelude::*;
    use prost::Message;

    fn guide(length: usize) -> Guide {
        let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
        Guide { kind: "orders".to_owned(), version: 7, bytes: bytes.into() }
    }

    #[test]
    fn a_guide_comes_as_it_was_told() {
        for length in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 5] {
            let (guide, mut open) = (guide(length), Pieces::default());
            let mut told = pieces(&guide);
            let last = told.pop().unwrap();
            for piece in told {
                assert_eq!(open.take(piece), Ok(None));
            }
            assert_eq!(open.take(last), Ok(Some(guide)), "{length}");
        }
    }

    #[test]
    fn pieces_out_of_order_are_none() {
        let told = pieces(&guide(2 * PIECE_BYTES + 1));
        let take = |order: &[usize]| {
            let mut open = Pieces::default();
            order.iter().map(|at| open.take(told[*at].clone())).last().unwrap()
        };
        assert!(take(&[0, 1, 2]).unwrap().is_some());
        for order in [&[1][..], &[0, 2], &[0, 0], &[0, 1, 1], &[0, 2, 1]] {
            assert!(take(order).is_err(), "{order:?}");
        }
        let mut open = Pieces::default();
        open.take(told[0].clone()).unwrap();
        assert!(open.take(ToEndpoint { version: 8, ..told[1].clone() }).is_err());
        assert!(open.take(told[1].clone()).is_err(), "what was begun is let go");
        for bad in [
            ToEndpoint { kind: "no kind".to_owned(), ..told[2].clone() },
            ToEndpoint { version: -1, ..told[0].clone() },
            ToEndpoint { pieces: u32::MAX, ..told[0].clone() },
            ToEndpoint { pieces: 0, piece: 0, ..told[0].clone() },
            ToEndpoint { bytes: Bytes::new(), ..told[0].clone() },
            ToEndpoint { bytes: vec![0; PIECE_BYTES + 1].into(), pieces: 1, ..told[0].clone() },
        ] {
            assert!(Pieces::default().take(bad.clone()).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_message_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), change in any::<prop::sample::Index>(), to in any::<u8>()) {
            read_bytes(&bytes);
            bytes = pieces(&guide(20))[0].encode_to_vec();
            let at = change.index(bytes.len());
            bytes[at] = to;
            read_bytes(&bytes);
        }
    }
}

//! What was found so far, each once and so many of a kind.

use super::known::is_common;
use super::{Indicator, IndicatorKind, Indicators, Layer};
use std::collections::HashSet;

/// Indicators of one kind in one file.
const KIND_MAX: usize = 1000;
/// Bytes of one value.
pub const VALUE_BYTES_MAX: usize = 2048;
/// Bytes that are decoded from other notations in one file.
const DECODED_BYTES_MAX: usize = 64 << 20;
/// Words whose checksum is computed in one file.
const WALLETS_TRIED_MAX: usize = 20_000;

pub struct Gathering {
    found: Vec<Indicator>,
    /// Of each kind.
    seen: [HashSet<String>; IndicatorKind::ALL.len()],
    counts: [usize; IndicatorKind::ALL.len()],
    more: bool,
    decoded_left: usize,
    wallets_left: usize,
}

impl Default for Gathering {
    fn default() -> Self {
        Gathering {
            found: Vec::new(),
            seen: std::array::from_fn(|_| HashSet::new()),
            counts: [0; IndicatorKind::ALL.len()],
            more: false,
            decoded_left: DECODED_BYTES_MAX,
            wallets_left: WALLETS_TRIED_MAX,
        }
    }
}

impl Gathering {
    /// Whether no more of a kind are kept, so that looking closer is for nothing.
    pub fn is_full(&mut self, kind: IndicatorKind) -> bool {
        let is_full = self.counts.get(kind as usize).is_none_or(|count| *count >= KIND_MAX);
        self.more |= is_full;
        is_full
    }

    /// Keeps one, if it is new.
    pub fn keep(&mut self, kind: IndicatorKind, value: String, at: u64, layer: Layer) {
        if self.is_full(kind) || value.len() > VALUE_BYTES_MAX {
            return;
        }
        let (Some(count), Some(seen)) = (self.counts.get_mut(kind as usize), self.seen.get_mut(kind as usize)) else {
            return;
        };
        if seen.contains(&value) {
            return;
        }
        *count += 1;
        seen.insert(value.clone());
        let common = is_common(kind, &value);
        self.found.push(Indicator { kind, value, at, layer, common });
    }

    /// Asks whether so many bytes may be decoded.
    pub fn decode(&mut self, count: usize) -> bool {
        self.more |= count > self.decoded_left;
        let may = count <= self.decoded_left;
        if may {
            self.decoded_left -= count;
        }
        may
    }

    /// Asks whether another checksum may be computed.
    pub fn try_wallet(&mut self) -> bool {
        self.more |= self.wallets_left == 0;
        let may = self.wallets_left > 0;
        self.wallets_left = self.wallets_left.saturating_sub(1);
        may
    }

    pub fn end(mut self) -> Indicators {
        self.found.sort_by(|a, b| (a.at, a.kind, &a.value).cmp(&(b.at, b.kind, &b.value)));
        Indicators { indicators: self.found, more: self.more }
    }
}

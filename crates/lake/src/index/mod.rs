//! Which values stand where: beside every file of rows lies an index of the values that an indicator can name, each with
//! the pages of the file that hold it. A hunt asks the index first and reads only those pages.
//!
//! A value is kept as a number: addresses of IPv4 as they are and those of IPv6 by their upper half, in order, so that a
//! network is a range; everything else by a hash. A number can stand for several values, so what the index says is where
//! to look and never that something is there.

mod bits;
mod block;
mod build;
mod read;
mod sought;

#[doc(hidden)]
pub use block::read_bytes as read_block;
pub use build::Builder;
pub use read::{Answer, Index, Pages};
pub(crate) use sought::Named;
use sought::Sought;

use rules::{Indicator, IndicatorKind};
use std::net::IpAddr;
use twox_hash::XxHash3_64;

/// Rows of a page: fewer make a hunt read less, more make files smaller.
pub const PAGE_ROWS: usize = 4096;
/// Bits kept of a hash. Of a million values asked about in a file of a million, one page is looked at in vain; each bit less
/// would double that, and makes files smaller by an eighth of a byte for each value.
const HASH_BITS: u32 = 40;
const MAGIC: &[u8; 8] = b"RDXLIDX2";
/// What indexes began with that had longer hashes and a byte for each page.
const MAGIC_BEFORE: &[u8; 8] = b"RDXLIDX1";
/// Values between two entries of a directory.
const BLOCK_KEYS: usize = 1024;

/// What a value is. The numbers are those of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    Address4 = 1,
    Address6 = 2,
    Domain = 3,
    Url = 4,
    Sha256 = 5,
    Ja3 = 6,
    Ja4 = 7,
    Certificate = 8,
    Email = 9,
    Account = 10,
    FileName = 11,
    Imphash = 12,
}

impl Field {
    pub const ALL: [Field; 12] = [
        Field::Address4,
        Field::Address6,
        Field::Domain,
        Field::Url,
        Field::Sha256,
        Field::Ja3,
        Field::Ja4,
        Field::Certificate,
        Field::Email,
        Field::Account,
        Field::FileName,
        Field::Imphash,
    ];

    /// What a value of this kind is, when it is no address.
    pub fn of(kind: IndicatorKind) -> Option<Field> {
        match kind {
            IndicatorKind::Address | IndicatorKind::Network => None,
            IndicatorKind::Domain => Some(Field::Domain),
            IndicatorKind::Url => Some(Field::Url),
            IndicatorKind::Sha256 => Some(Field::Sha256),
            IndicatorKind::Ja3 => Some(Field::Ja3),
            IndicatorKind::Ja4 => Some(Field::Ja4),
            IndicatorKind::Certificate => Some(Field::Certificate),
            IndicatorKind::Email => Some(Field::Email),
            IndicatorKind::Account => Some(Field::Account),
            IndicatorKind::FileName => Some(Field::FileName),
            IndicatorKind::Imphash => Some(Field::Imphash),
        }
    }

    fn numbered(number: u8) -> Option<Field> {
        Self::ALL.into_iter().find(|field| *field as u8 == number)
    }
}

/// The number of an address.
pub fn address_key(address: IpAddr) -> (Field, u64) {
    match address {
        IpAddr::V4(address) => (Field::Address4, u64::from(address.to_bits())),
        IpAddr::V6(address) => (Field::Address6, (address.to_bits() >> 64) as u64),
    }
}

/// The number of any other value, in the form it is compared in.
pub fn text_key(value: &[u8]) -> u64 {
    XxHash3_64::oneshot(value) >> (u64::BITS - HASH_BITS)
}

/// A range of numbers that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub first: u64,
    pub last: u64,
}

/// What is asked about, by what it is.
#[derive(Debug, Clone, Default)]
pub struct Question(Vec<(Field, Sought)>);

impl Question {
    /// Indicators are remembered by their place among these.
    pub fn new<'a>(indicators: impl IntoIterator<Item = &'a Indicator>) -> Question {
        let (mut ranges, mut hashes) = (Field::ALL.map(|_| Vec::new()), Field::ALL.map(|_| Vec::new()));
        for (at, indicator) in indicators.into_iter().enumerate() {
            match Field::of(indicator.kind) {
                None => {
                    if let Some((field, asked)) = addresses(indicator)
                        && let Some(all) = ranges.get_mut(field as usize - 1)
                    {
                        all.push(asked);
                    }
                }
                Some(field) => {
                    if let Some(all) = hashes.get_mut(field as usize - 1) {
                        all.push((text_key(indicator.value.as_bytes()), at));
                    }
                }
            }
        }
        let fields = Field::ALL.into_iter().zip(ranges.into_iter().zip(hashes));
        let asked = fields.filter(|(_, (ranges, hashes))| !(ranges.is_empty() && hashes.is_empty()));
        Question(asked.map(|(field, (ranges, hashes))| (field, Sought::new(ranges, &hashes))).collect())
    }

    pub fn fields(&self) -> impl Iterator<Item = (Field, &Sought)> {
        self.0.iter().map(|(field, sought)| (*field, sought))
    }

    /// What the hashes of a field are made of; none when that is not known.
    pub(crate) fn named(&self, field: Field) -> Option<&Named> {
        self.fields().find(|(of, _)| *of == field)?.1.named()
    }
}

/// What an address or a network is asked about by.
fn addresses(indicator: &Indicator) -> Option<(Field, Asked)> {
    let value = &*indicator.value;
    let Some((address, length)) = value.split_once('/') else {
        let (field, key) = address_key(value.parse().ok()?);
        return Some((field, Asked { first: key, last: key }));
    };
    let (address, length): (IpAddr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let (field, first) = address_key(address);
    // Of IPv6 only the upper half is kept: a longer prefix asks about the number it begins with.
    let bits = if address.is_ipv4() { 32 } else { 64 };
    let below = bits - length.min(bits);
    let rest = 1_u64.checked_shl(below).map_or(u64::MAX, |size| size - 1);
    Some((field, Asked { first: first & !rest, last: first | rest }))
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the index")]
    Io(#[from] std::io::Error),
    #[error("the index is of an earlier version; `redoubt lake compact` makes it anew")]
    Before,
    #[error("the index is damaged: {0}")]
    Damaged(&'static str),
}

#[cfg(test)]
mod tests;

//! A set of IPv4 addresses.

/// Addresses that share their first two bytes, beyond which a bit for each of them takes less time and little more room.
const FEW: usize = 512;
const PARTS: usize = 1 << 16;
type Bits = [u64; 1024];

/// The addresses by their first two bytes: those of a network lie beside each other, and most of what is asked of a lake is
/// about few networks.
#[derive(Debug, Default)]
pub struct Addresses {
    parts: Vec<Part>,
    count: usize,
    bytes: usize,
}

/// The last two bytes of addresses.
#[derive(Debug)]
enum Part {
    /// In order.
    Few(Vec<u16>),
    Many(Box<Bits>),
}

impl Addresses {
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn bytes(&self) -> usize {
        self.parts.capacity() * size_of::<Part>() + self.bytes
    }

    pub fn insert(&mut self, address: u32) {
        if self.parts.is_empty() {
            self.parts.resize_with(PARTS, || Part::Few(Vec::new()));
        }
        let (first, last) = ((address >> 16) as usize, address as u16);
        let Some(part) = self.parts.get_mut(first) else { return };
        let is_new = match part {
            Part::Many(bits) => set(bits, last),
            Part::Few(few) => match few.binary_search(&last) {
                Ok(_) => false,
                Err(place) => {
                    few.insert(place, last);
                    self.bytes += size_of::<u16>();
                    if few.len() == FEW {
                        let mut bits = Box::new([0; 1024]);
                        few.iter().for_each(|last| _ = set(&mut bits, *last));
                        self.bytes += size_of::<Bits>();
                        *part = Part::Many(bits);
                    }
                    true
                }
            },
        };
        self.count += usize::from(is_new);
    }
}

/// Whether it was not set before.
fn set(bits: &mut Bits, number: u16) -> bool {
    // Sixteen bits are a place among 1,024 of 64 each.
    let Some(word) = bits.get_mut(usize::from(number >> 6)) else { return false };
    let bit = 1 << (number & 63);
    let is_new = *word & bit == 0;
    *word |= bit;
    is_new
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn an_address_is_counted_once(seeds in prop::collection::vec((0..4_u32, any::<u16>()), 0..3000), by: u16) {
            let mut addresses = Addresses::default();
            let of = |(first, last): &(u32, u16)| first.wrapping_mul(0x5555_0000) | u32::from(last % by.max(1));
            seeds.iter().for_each(|seed| addresses.insert(of(seed)));
            prop_assert_eq!(addresses.len(), seeds.iter().map(of).collect::<HashSet<_>>().len());
        }
    }

    #[test]
    fn what_a_set_takes_is_told() {
        let mut addresses = Addresses::default();
        assert_eq!((addresses.len(), addresses.bytes()), (0, 0));
        (0..100_000).for_each(|address| addresses.insert(address));
        assert_eq!(addresses.len(), 100_000);
        assert!((PARTS * 24..PARTS * 33).contains(&addresses.bytes()), "{}", addresses.bytes());
    }
}

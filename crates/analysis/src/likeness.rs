//! Files that are much alike, by their TLSH (Oliver, Cheng, Chen, "TLSH: a locality sensitive hash", 2013, and the
//! description of `T1` digests beside its reference program).
//!
//! What is compared first is what rules most out: files lie in bands by the length that their hash has, and of two whose
//! lengths differ by `n` steps the distance is at least `12 n`. Bands are looked through from the nearest outwards, until
//! none can hold anything nearer than what was found. So the answer is exact, whatever lies in between.

/// Beyond this two files have nothing in common; at 0 they are the same to this hash.
pub const DISTANCE_MAX: u32 = 100;

const BANDS: usize = 256;
/// What a step of length costs from the second one on, and of a ratio of quartiles.
const STEP: u32 = 12;
/// The lower bit of each of the 32 pairs of a word.
const LOW: u64 = 0x5555_5555_5555_5555;

/// A digest, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlsh {
    checksum: u8,
    length: u8,
    ratios: u8,
    body: [u64; 4],
}

impl Tlsh {
    /// Reads `T1` and 70 hexadecimal digits.
    pub fn read(text: &str) -> Option<Tlsh> {
        let digits = text.strip_prefix("T1")?;
        if digits.len() != 70 || !digits.is_ascii() {
            return None;
        }
        let byte = |at: usize| u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok();
        let mut body = [0; 4];
        for (number, word) in body.iter_mut().enumerate() {
            for at in 0..8 {
                *word = *word << 8 | u64::from(byte(3 + number * 8 + at)?);
            }
        }
        // The first two bytes are written with their halves turned around.
        Some(Tlsh { checksum: byte(0)?.rotate_left(4), length: byte(1)?.rotate_left(4), ratios: byte(2)?, body })
    }

    /// How far two files are from each other.
    pub fn distance(&self, other: &Tlsh) -> u32 {
        let ratio = |of: fn(u8) -> u8| steps(around(of(self.ratios), of(other.ratios), 16));
        let head = length(self.length, other.length)
            + ratio(|ratios| ratios & 15)
            + ratio(|ratios| ratios >> 4)
            + u32::from(self.checksum != other.checksum);
        head + self.body.iter().zip(&other.body).map(|(one, other)| pairs(*one, *other)).sum::<u32>()
    }
}

/// The difference of two numbers on a circle.
fn around(one: u8, other: u8, size: u32) -> u32 {
    let apart = u32::from(one.abs_diff(other));
    apart.min(size - apart)
}

fn length(one: u8, other: u8) -> u32 {
    match around(one, other, 256) {
        apart @ 0..=1 => apart,
        apart => apart * STEP,
    }
}

fn steps(apart: u32) -> u32 {
    match apart {
        0..=1 => apart,
        _ => (apart - 1) * STEP,
    }
}

/// The sum over 32 pairs of bits, numbers from 0 to 3, of how far they are apart; 3 counts as 6.
fn pairs(one: u64, other: u64) -> u32 {
    let differs = one ^ other;
    let (high, low) = (differs >> 1 & LOW, differs & LOW);
    // Where both bits differ, the numbers are 0 and 3, if the bits of each are the same, or else 1 and 2.
    let both = high & low;
    let far = both & !(one ^ one >> 1);
    let (one_apart, two_apart) = ((low & !high) | (both & !far), high & !low);
    one_apart.count_ones() + 2 * two_apart.count_ones() + 6 * far.count_ones()
}

/// Files by their digests.
pub struct Likeness<K> {
    bands: Vec<Vec<(Tlsh, K)>>,
}

impl<K> Default for Likeness<K> {
    fn default() -> Self {
        Likeness { bands: (0..BANDS).map(|_| Vec::new()).collect() }
    }
}

impl<K: Copy + Ord> Likeness<K> {
    pub fn add(&mut self, tlsh: Tlsh, file: K) {
        if let Some(band) = self.bands.get_mut(usize::from(tlsh.length)) {
            band.push((tlsh, file));
        }
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        self.bands.iter().map(Vec::len).sum()
    }

    /// The nearest files within [`DISTANCE_MAX`], at most so many, the nearest first.
    pub fn nearest(&self, tlsh: &Tlsh, most: usize) -> Vec<(u32, K)> {
        let mut found: Vec<(u32, K)> = Vec::with_capacity(most + 1);
        for apart in 0..=BANDS / 2 {
            let bound = length(0, u8::try_from(apart).unwrap_or(u8::MAX));
            let worst = found.last().filter(|_| found.len() >= most).map_or(DISTANCE_MAX, |(distance, _)| *distance);
            if bound > worst {
                break;
            }
            let here = usize::from(tlsh.length);
            let mut bands = vec![(here + apart) % BANDS, (here + BANDS - apart) % BANDS];
            bands.dedup();
            for band in bands {
                self.look(band, tlsh, most, &mut found);
            }
        }
        found
    }

    fn look(&self, band: usize, tlsh: &Tlsh, most: usize, found: &mut Vec<(u32, K)>) {
        for (other, file) in self.bands.get(band).into_iter().flatten() {
            let near = (tlsh.distance(other), *file);
            let full = found.len() >= most;
            if near.0 > DISTANCE_MAX || full && found.last().is_none_or(|last| near >= *last) {
                continue;
            }
            let place = found.partition_point(|known| *known < near);
            found.insert(place, near);
            found.truncate(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A digest of 35 bytes.
    fn spelled(bytes: &[u8]) -> String {
        format!("T1{}", crate::report::hex(bytes).to_uppercase())
    }

    /// The distance as it is described: byte by byte, pair by pair.
    fn distance_as_described(one: &[u8], other: &[u8]) -> u32 {
        let around = |one: i32, other: i32, size: i32| (one - other).abs().min(size - (one - other).abs());
        let dear = |apart: i32| if apart <= 1 { apart } else { (apart - 1) * 12 };
        let length = around(one[1].rotate_left(4).into(), other[1].rotate_left(4).into(), 256);
        let mut sum = i32::from(one[0] != other[0]) + if length <= 1 { length } else { length * 12 };
        for shift in [0, 4] {
            sum += dear(around((one[2] >> shift & 15).into(), (other[2] >> shift & 15).into(), 16));
        }
        for (one, other) in one[3..].iter().zip(&other[3..]) {
            for shift in [0, 2, 4, 6] {
                let apart = (i32::from(one >> shift & 3) - i32::from(other >> shift & 3)).abs();
                sum += if apart == 3 { 6 } else { apart };
            }
        }
        sum.unsigned_abs()
    }

    /// Distances that the reference program (`py-tlsh` 4.7.2) gives.
    #[test]
    fn distances_are_those_of_the_reference() {
        for (one, other, distance) in [
            (
                "T182B70EEE7F1A5039BEF07EC2347F066ED08F5DC7512447E3404300026B6E545594A065",
                "T1C0CEE7EE871A5039BE547EF15C7F066E1D8F5DB5F6010BD66443B8026B6E5E5594A065",
                1521,
            ),
            (
                "T13C7DECB0B580EC37BC9712DD2E6AAEB94BAE8D2F9FA29C5A284C9EF7521829CF1079B0",
                "T13C7DEC4AB580EC37BC9712DD2E6AAEB94BAE8D2F9FA29C5A284CE9F7521829101079B0",
                34,
            ),
            (
                "T1AB6A4243D33656DEBE4C1ED79648E856E8F9A2F58C95F0CE4B39C15BFFAD5C2DFB8BB8",
                "T1AB6A4243D33656DEBE4C1ED79648E856E8F9A2F58C95F0CE4B39C15BFFAD5C2DFB8BB8",
                0,
            ),
            (
                "T19A3097AD96B442D6D1BDEF4850C3F465442EB300C337A648A6C0DBDD73FC95F5C2C451",
                "T19A3CF2AD96B4420CD189EF4850C3F48CFE2E9240C337A648A645DBDD73FCFC7DC2C490",
                932,
            ),
            (
                "T1AC970DEDB3B843120181E9376107DBDAF6C5F3C86497EE219B01DD92F19F4954F4FEA9",
                "T1AC976DED52B8431DCC81E94C61073EDAF624F3C8640DEE2137015E05959F49CFF4FEA9",
                153,
            ),
            (
                "T1A0372C52266D08E1B7F9D8C043069DE5723B479FF72C86CEA0434229F17D2BDB7D8D1F",
                "T1A0432C7F266DBFE1B7E2D8C043069DE5723B009FF72C86CEA0432429F17D2BDB7D8D1F",
                798,
            ),
        ] {
            assert_eq!(Tlsh::read(one).unwrap().distance(&Tlsh::read(other).unwrap()), distance, "{one}");
        }
    }

    proptest! {
        #[test]
        fn distances_are_as_described(one: [u8; 32], head: [u8; 3], change in proptest::collection::vec((0usize..35, any::<u8>()), 0..20)) {
            let bytes: Vec<u8> = head.iter().chain(&one).copied().collect();
            let mut other = bytes.clone();
            for (at, value) in change {
                other[at] = value;
            }
            let distance = Tlsh::read(&spelled(&bytes)).unwrap().distance(&Tlsh::read(&spelled(&other)).unwrap());
            prop_assert_eq!(distance, distance_as_described(&bytes, &other));
        }

        #[test]
        fn the_nearest_are_those_that_a_look_at_all_finds(files in proptest::collection::vec(proptest::collection::vec(0u8..4, 35), 0..200), sought in proptest::collection::vec(0u8..4, 35)) {
            let mut index = Likeness::default();
            let sought = Tlsh::read(&spelled(&sought)).unwrap();
            let mut all = Vec::new();
            for (number, bytes) in files.iter().enumerate() {
                let tlsh = Tlsh::read(&spelled(bytes)).unwrap();
                index.add(tlsh, number);
                all.push((sought.distance(&tlsh), number));
            }
            all.retain(|(distance, _)| *distance <= DISTANCE_MAX);
            all.sort_unstable();
            all.truncate(10);
            prop_assert_eq!(index.nearest(&sought, 10), all);
        }
    }

    #[test]
    fn what_is_no_digest_is_not_read() {
        for text in ["", "T1", "T2", "TNULL", &"0".repeat(72), &format!("T1{}", "é".repeat(35))] {
            assert_eq!(Tlsh::read(text), None, "{text}");
        }
    }
}

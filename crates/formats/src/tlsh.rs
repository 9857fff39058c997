//! TLSH (Oliver, Cheng, Chen, "TLSH: a locality sensitive hash", 2013), with 128 buckets and one byte of checksum, as
//! everyone exchanges it: `T1` and 70 hexadecimal digits.
//!
//! Of each five bytes six triples are taken that hold the last one. Each is hashed by a table of one byte (Pearson) and
//! counted in one of 256 buckets; what is told of each bucket is between which quartiles its count lies. Two of the three
//! steps of a hash depend on two bytes and are looked up at once; the last step only puts the buckets in another order,
//! which is done in the end. The crate `tlsh2` takes 1.7 times as long and is what the tests compare with.

use std::array;
use std::fmt::Write as _;

/// Bytes that a triple is taken from.
const WINDOW: usize = 5;
const BYTES_MIN: usize = 50;
/// Buckets that are told; the others are there so that a hash has one.
const BUCKETS_TOLD: usize = 128;

/// The hash as it is spelled; none of bytes that are too few or too much alike.
pub fn hash(bytes: &[u8]) -> Option<String> {
    if bytes.len() < BYTES_MIN {
        return None;
    }
    let Counted { buckets, checksum } = count(bytes);
    let mut sorted = buckets;
    sorted.sort_unstable();
    let [first, second, third] = array::from_fn(|quartile| sorted[(quartile + 1) * BUCKETS_TOLD / 4 - 1]);
    if third == 0 || buckets.iter().filter(|count| **count > 0).count() <= BUCKETS_TOLD / 2 {
        return None;
    }
    // As the reference program reckons, which has 32 bits.
    let ratio = |quartile: u32| (quartile.wrapping_mul(100) as f32 / third as f32) as u32 % 16;
    let mut text = format!("T1{:02X}{:02X}", checksum.rotate_left(4), length(bytes.len()).rotate_left(4));
    let _ = write!(text, "{:X}{:X}", ratio(first), ratio(second));
    for four in buckets.as_chunks::<4>().0.iter().rev() {
        let above = |count: &u32| [first, second, third].iter().filter(|quartile| count > quartile).count();
        let byte = four.iter().rev().fold(0, |byte, count| byte << 2 | above(count));
        let _ = write!(text, "{byte:02X}");
    }
    Some(text)
}

/// How often each bucket was met.
struct Counted {
    buckets: [u32; BUCKETS_TOLD],
    checksum: u8,
}

fn count(bytes: &[u8]) -> Counted {
    // Each triple counts for itself: the next step need not wait for what the one before it wrote.
    let mut counts = [[0_u32; 256]; TRIPLES];
    let [edc, edb, eda, ecb, eca, eba] = &mut counts;
    let add = |counts: &mut [u32; 256], at: u8| counts[usize::from(at)] = counts[usize::from(at)].wrapping_add(1);
    let mut checksum = 0;
    for window in bytes.windows(WINDOW) {
        let Some(&[a, b, c, d, e]) = window.first_chunk() else { break };
        let four = BY_ED[usize::from(u16::from_le_bytes([d, e]))] ^ u32::from_le_bytes([a, b, c, d]);
        let [at_a, at_b, at_c, mixed] = four.to_le_bytes();
        add(eda, at_a);
        add(edb, at_b);
        add(edc, at_c);
        checksum = PEARSON[usize::from(mixed ^ checksum)];
        let two = BY_EC[usize::from(u16::from_le_bytes([c, e]))] ^ u16::from_le_bytes([a, b]);
        let [at_a, at_b] = two.to_le_bytes();
        add(eca, at_a);
        add(ecb, at_b);
        add(eba, BY_EB[usize::from(u16::from_le_bytes([b, e]))] ^ a);
    }
    let mut buckets = [0_u32; 256];
    for at in 0..=u8::MAX {
        let of_all = counts.iter().fold(0_u32, |sum, counts| sum.wrapping_add(counts[usize::from(at)]));
        buckets[usize::from(PEARSON[usize::from(at)])] = of_all;
    }
    Counted { buckets: array::from_fn(|at| buckets[at]), checksum }
}

/// The step of length that so many bytes are in.
fn length(bytes: usize) -> u8 {
    let steps = LENGTHS.partition_point(|most| (*most as usize) < bytes);
    u8::try_from(steps).unwrap_or(u8::MAX)
}

/// Triples that are taken of five bytes `a` to `e`, and what each of them begins with, so that they do not hash alike.
const TRIPLES: usize = 6;
const EDC: u8 = 49;
const EDB: u8 = 12;
const EDA: u8 = 84;
const ECB: u8 = 178;
const ECA: u8 = 166;
const EBA: u8 = 230;
const CHECKSUM: u8 = 1;

/// Two steps of a hash, of two bytes.
const fn two_steps(begins: u8, last: u8, before: u8) -> u8 {
    PEARSON[(PEARSON[(begins ^ last) as usize] ^ before) as usize]
}

/// Of `e` and `d`, with `a` to `d` from the lowest byte on yet to be mixed in: what of `d` is too much is in it already.
static BY_ED: [u32; 1 << 16] = {
    let (mut table, mut at) = ([0; 1 << 16], 0);
    while at < table.len() {
        let [d, e] = (at as u16).to_le_bytes();
        let (eda, edb, edc) = (two_steps(EDA, e, d), two_steps(EDB, e, d), two_steps(EDC, e, d));
        table[at] = u32::from_le_bytes([eda, edb, edc, two_steps(CHECKSUM, e, d) ^ d]);
        at += 1;
    }
    table
};

/// Of `e` and `c`, with `a` and `b` yet to be mixed in.
static BY_EC: [u16; 1 << 16] = {
    let (mut table, mut at) = ([0; 1 << 16], 0);
    while at < table.len() {
        let [c, e] = (at as u16).to_le_bytes();
        table[at] = u16::from_le_bytes([two_steps(ECA, e, c), two_steps(ECB, e, c)]);
        at += 1;
    }
    table
};

/// Of `e` and `b`, with `a` yet to be mixed in.
static BY_EB: [u8; 1 << 16] = {
    let (mut table, mut at) = ([0; 1 << 16], 0);
    while at < table.len() {
        let [b, e] = (at as u16).to_le_bytes();
        table[at] = two_steps(EBA, e, b);
        at += 1;
    }
    table
};

/// The table of the hash (P. K. Pearson, "Fast hashing of variable-length text strings", 1990): numbers without order.
#[rustfmt::skip]
const PEARSON: [u8; 256] = [
    1, 87, 49, 12, 176, 178, 102, 166, 121, 193, 6, 84, 249, 230, 44, 163, 14, 197, 213, 181, 161, 85, 218, 80, 64, 239,
    24, 226, 236, 142, 38, 200, 110, 177, 104, 103, 141, 253, 255, 50, 77, 101, 81, 18, 45, 96, 31, 222, 25, 107, 190,
    70, 86, 237, 240, 34, 72, 242, 20, 214, 244, 227, 149, 235, 97, 234, 57, 22, 60, 250, 82, 175, 208, 5, 127, 199,
    111, 62, 135, 248, 174, 169, 211, 58, 66, 154, 106, 195, 245, 171, 17, 187, 182, 179, 0, 243, 132, 56, 148, 75, 128,
    133, 158, 100, 130, 126, 91, 13, 153, 246, 216, 219, 119, 68, 223, 78, 83, 88, 201, 99, 122, 11, 92, 32, 136, 114,
    52, 10, 138, 30, 48, 183, 156, 35, 61, 26, 143, 74, 251, 94, 129, 162, 63, 152, 170, 7, 115, 167, 241, 206, 3, 150,
    55, 59, 151, 220, 90, 53, 23, 131, 125, 173, 15, 238, 79, 95, 89, 16, 105, 137, 225, 224, 217, 160, 37, 123, 118,
    73, 2, 157, 46, 116, 9, 145, 134, 228, 207, 212, 202, 215, 69, 229, 27, 188, 67, 124, 168, 252, 42, 4, 29, 108, 21,
    247, 19, 205, 39, 203, 233, 40, 186, 147, 198, 192, 155, 33, 164, 191, 98, 204, 165, 180, 117, 76, 140, 36, 210,
    172, 41, 54, 159, 8, 185, 232, 113, 196, 231, 47, 146, 120, 51, 65, 28, 144, 254, 221, 93, 189, 194, 139, 112, 43,
    71, 109, 184, 209,
];

/// The most bytes of each step of length: powers of 1.5, 1.3 and 1.1, as the reference program rounds them.
#[rustfmt::skip]
const LENGTHS: [u32; 170] = [
    1, 2, 3, 5, 7, 11, 17, 25, 38, 57, 86, 129, 194, 291, 437, 656, 854, 1110, 1443, 1876, 2439, 3171, 3475, 3823, 4205,
    4626, 5088, 5597, 6157, 6772, 7450, 8195, 9014, 9916, 10907, 11998, 13198, 14518, 15970, 17567, 19323, 21256, 23382,
    25720, 28292, 31121, 34233, 37656, 41422, 45564, 50121, 55133, 60646, 66711, 73382, 80721, 88793, 97672, 107_439,
    118_183, 130_002, 143_002, 157_302, 173_032, 190_335, 209_369, 230_306, 253_337, 278_670, 306_538, 337_191, 370_911,
    408_002, 448_802, 493_682, 543_050, 597_356, 657_091, 722_800, 795_081, 874_589, 962_048, 1_058_252, 1_164_078,
    1_280_486, 1_408_534, 1_549_388, 1_704_327, 1_874_759, 2_062_236, 2_268_459, 2_495_305, 2_744_836, 3_019_320,
    3_321_252, 3_653_374, 4_018_711, 4_420_582, 4_862_641, 5_348_905, 5_883_796, 6_472_176, 7_119_394, 7_831_333,
    8_614_467, 9_475_909, 10_423_501, 11_465_851, 12_612_437, 13_873_681, 15_261_050, 16_787_154, 18_465_870,
    20_312_458, 22_343_706, 24_578_077, 27_035_886, 29_739_474, 32_713_425, 35_984_770, 39_583_245, 43_541_573,
    47_895_730, 52_685_306, 57_953_837, 63_749_221, 70_124_148, 77_136_564, 84_850_228, 93_335_252, 102_668_779,
    112_935_659, 124_229_227, 136_652_151, 150_317_384, 165_349_128, 181_884_040, 200_072_456, 220_079_703, 242_087_671,
    266_296_456, 292_926_096, 322_218_735, 354_440_623, 389_884_688, 428_873_168, 471_760_495, 518_936_559, 570_830_240,
    627_913_311, 690_704_607, 759_775_136, 835_752_671, 919_327_967, 1_011_260_767, 1_112_386_880, 1_223_623_232,
    1_345_985_727, 1_480_584_256, 1_628_642_751, 1_791_507_135, 1_970_657_856, 2_167_723_648, 2_384_496_256,
    2_622_945_920, 2_885_240_448, 3_173_764_736, 3_491_141_248, 3_840_255_616, 4_224_281_216,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_the_crate(bytes: &[u8]) -> Option<String> {
        let hash = tlsh2::TlshDefaultBuilder::build_from(bytes)?.hash();
        Some(String::from_utf8_lossy(&hash).into_owned())
    }

    #[test]
    fn bytes_that_are_few_or_alike_have_none() {
        let mixed: Vec<u8> = (0..=u8::MAX).map(|number| number.wrapping_mul(167) ^ number >> 3).collect();
        for (bytes, is_there) in [(&mixed[..49], false), (&mixed[..80], true), (&[7; 5_000][..], false), (&[], false)] {
            assert_eq!(hash(bytes).is_some(), is_there, "{} bytes", bytes.len());
            assert_eq!(hash(bytes), of_the_crate(bytes));
        }
    }

    #[test]
    fn steps_of_length_begin_where_those_of_the_crate_do() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 19) as u8).collect();
        for most in LENGTHS.iter().map(|most| *most as usize).filter(|most| (50..bytes.len()).contains(most)) {
            for count in [most, most + 1] {
                assert_eq!(hash(&bytes[..count]), of_the_crate(&bytes[..count]), "{count} bytes");
            }
        }
    }

    proptest! {
        #[test]
        fn hashes_are_those_of_the_crate(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..3_000),
            proptest::collection::vec(0_u8..5, 0..3_000),
        ], times in 1_usize..5) {
            let bytes = bytes.repeat(times);
            prop_assert_eq!(hash(&bytes), of_the_crate(&bytes));
        }
    }
}

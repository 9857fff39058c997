//! Numbers and pieces at an offset of foreign bytes, without an index that can panic.
//!
//! Files point into themselves, so everything here takes the whole and a place in it; what lies outside is `None`.

/// The piece of so many bytes at an offset.
pub fn slice(input: &[u8], at: usize, count: usize) -> Option<&[u8]> {
    input.get(at..at.checked_add(count)?)
}

/// A fixed number of bytes at an offset.
pub fn array<const N: usize>(input: &[u8], at: usize) -> Option<[u8; N]> {
    input.get(at..)?.first_chunk().copied()
}

/// Whether these bytes stand at that offset.
pub fn has(input: &[u8], at: usize, expected: &[u8]) -> bool {
    input.get(at..).is_some_and(|rest| rest.starts_with(expected))
}

pub fn u8_at(input: &[u8], at: usize) -> Option<u8> {
    input.get(at).copied()
}

pub fn u16_le(input: &[u8], at: usize) -> Option<u16> {
    array(input, at).map(u16::from_le_bytes)
}

pub fn u16_be(input: &[u8], at: usize) -> Option<u16> {
    array(input, at).map(u16::from_be_bytes)
}

pub fn u32_le(input: &[u8], at: usize) -> Option<u32> {
    array(input, at).map(u32::from_le_bytes)
}

pub fn u32_be(input: &[u8], at: usize) -> Option<u32> {
    array(input, at).map(u32::from_be_bytes)
}

pub fn u64_le(input: &[u8], at: usize) -> Option<u64> {
    array(input, at).map(u64::from_le_bytes)
}

/// The first bytes, at most so many.
pub fn head(input: &[u8], count: usize) -> &[u8] {
    &input[..input.len().min(count)]
}

/// The last bytes, at most so many.
pub fn tail(input: &[u8], count: usize) -> &[u8] {
    &input[input.len().saturating_sub(count)..]
}

/// Whether some bytes occur, in any case of their ASCII letters; `wanted` is in lower case.
pub fn contains_ignoring_case(input: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return true };
    let upper = first.to_ascii_uppercase();
    memchr::memchr2_iter(*first, upper, input)
        .any(|at| slice(input, at, wanted.len()).is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
}

/// Whether some bytes occur.
pub fn contains(input: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(input, wanted).is_some()
}

/// Whether the input starts so, in any case of its ASCII letters.
pub fn starts_ignoring_case(input: &[u8], wanted: &[u8]) -> bool {
    input.get(..wanted.len()).is_some_and(|found| found.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_none() {
        assert_eq!(u16_le(&[1, 2, 3], 1), Some(0x0302));
        assert_eq!(u16_le(&[1, 2, 3], 2), None);
        assert_eq!(u32_be(&[1, 2, 3], usize::MAX), None);
        assert_eq!(slice(&[1, 2, 3], usize::MAX, 2), None);
        assert_eq!((head(&[1, 2], 5), tail(&[1, 2], 1)), ([1, 2].as_slice(), [2].as_slice()));
    }

    #[test]
    fn letters_of_any_case_are_found() {
        assert!(contains_ignoring_case(b"xx<HtA:Application>", b"<hta:application"));
        assert!(!contains_ignoring_case(b"<hta:applicatio", b"<hta:application"));
    }
}

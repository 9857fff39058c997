//! Numbers of any width, one behind the other, the lowest bit first.

/// Collects bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that are not a whole byte yet.
    rest: u64,
    count: u32,
}

impl BitWriter {
    /// The lowest bits of a value, at most 56 of them.
    pub fn put(&mut self, value: u64, bits: u32) {
        self.rest |= (value & mask(bits)) << self.count;
        self.count += bits;
        while self.count >= 8 {
            self.bytes.push(self.rest as u8);
            self.rest >>= 8;
            self.count -= 8;
        }
    }

    /// A value of any size by as many zeros, and a one.
    pub fn put_unary(&mut self, value: u64) {
        (0..value / 32).for_each(|_| self.put(0, 32));
        let rest = (value % 32) as u32;
        self.put(1 << rest, rest + 1);
    }

    /// The bits, filled up to whole bytes.
    pub fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.rest as u8);
        }
        self.bytes
    }
}

/// Takes bits. What is behind the end is zeros: who asks knows how many there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0 }
    }

    /// At most 56 bits.
    pub fn take(&mut self, bits: u32) -> u64 {
        let value = bits_at(self.bytes, self.at) & mask(bits);
        self.at += bits as usize;
        value
    }

    /// How many zeros there are before the next one, which is taken too; none when there is no further one.
    pub fn take_unary(&mut self) -> Option<u64> {
        let mut zeros = 0;
        loop {
            let ahead = bits_at(self.bytes, self.at) & mask(56);
            if ahead != 0 {
                let more = ahead.trailing_zeros();
                self.at += more as usize + 1;
                return Some(zeros + u64::from(more));
            }
            if self.at / 8 >= self.bytes.len() {
                return None;
            }
            (zeros, self.at) = (zeros + 56, self.at + 56);
        }
    }
}

/// At least 56 bits from a place on.
pub(super) fn bits_at(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at / 8..).unwrap_or_default();
    let word = match rest.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    word >> (at % 8)
}

pub(super) fn mask(bits: u32) -> u64 {
    1_u64.checked_shl(bits).map_or(u64::MAX, |end| end - 1)
}

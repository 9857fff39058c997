//! Taking numbers and pieces off the front of foreign bytes, without an index that can panic.

/// What is left of some bytes. Every take gives `None` when there is not enough, and then takes nothing.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Bytes { rest }
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn len(&self) -> usize {
        self.rest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// Takes a fixed number of bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub fn u16_be(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u24_be(&mut self) -> Option<u32> {
        self.array().map(|[high, mid, low]| u32::from_be_bytes([0, high, mid, low]))
    }

    pub fn u32_be(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64_be(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn u16_le(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32_le(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64_le(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// The byte at an offset, as the protocols with fixed headers want it.
pub fn u8_at(input: &[u8], at: usize) -> Option<u8> {
    input.get(at).copied()
}

pub fn u16_be_at(input: &[u8], at: usize) -> Option<u16> {
    Bytes::new(input.get(at..)?).u16_be()
}

pub fn u32_be_at(input: &[u8], at: usize) -> Option<u32> {
    Bytes::new(input.get(at..)?).u32_be()
}

pub fn u16_le_at(input: &[u8], at: usize) -> Option<u16> {
    Bytes::new(input.get(at..)?).u16_le()
}

pub fn u32_le_at(input: &[u8], at: usize) -> Option<u32> {
    Bytes::new(input.get(at..)?).u32_le()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_take_that_fails_takes_nothing() {
        let mut bytes = Bytes::new(&[1, 2, 3]);
        assert_eq!(bytes.u32_be(), None);
        assert_eq!(bytes.u16_be(), Some(0x0102));
        assert_eq!(bytes.rest(), [3]);
    }
}

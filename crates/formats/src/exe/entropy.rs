//! How evenly the values of bytes are spread (Shannon's entropy).

/// Bits of information in one byte, from 0 (all the same) to 8 (like noise: packed or encrypted).
pub fn entropy(bytes: &[u8]) -> f64 {
    // Four tables, because counting the same value twice in a row waits for the first count to be stored.
    let mut counts = [[0_u32; 256]; 4];
    let mut groups = bytes.chunks_exact(4);
    for group in &mut groups {
        for (table, byte) in counts.iter_mut().zip(group) {
            table[usize::from(*byte)] += 1;
        }
    }
    for byte in groups.remainder() {
        counts[0][usize::from(*byte)] += 1;
    }
    let total = bytes.len() as f64;
    let sum = |value: usize| counts.iter().map(|table| f64::from(table[value])).sum::<f64>();
    // Adding a zero makes the negative zero of equal bytes a plain one.
    (0..256).map(sum).filter(|count| *count > 0.0).map(|count| -(count / total) * (count / total).log2()).sum::<f64>()
        + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_of_known_bytes() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!((entropy(b""), entropy(b"aaaaaaa"), entropy(&all)), (0.0, 0.0, 8.0));
        assert!((entropy(b"abababab") - 1.0).abs() < 1e-12);
    }
}

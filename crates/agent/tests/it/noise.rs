//! Bytes that look like chance and are the same each time (xoshiro256++): for what files hold and for scrambling them.
//! It is not cryptography and need not be: what it makes is as flat as what a cipher makes, and that is what a guard sees.

pub struct Noise([u64; 4]);

impl Noise {
    pub fn new(seed: u64) -> Noise {
        // Neighbouring seeds must not give neighbouring streams (splitmix64).
        let mut state = seed;
        Noise(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }))
    }

    pub fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let answer = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        answer
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn pick<'a, T: ?Sized>(&mut self, among: &[&'a T]) -> &'a T {
        among[self.below(among.len())]
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.xor(&mut bytes);
        bytes
    }

    /// Lays the stream over `bytes`.
    pub fn xor(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            for (byte, key) in chunk.iter_mut().zip(self.next().to_le_bytes()) {
                *byte ^= key;
            }
        }
    }
}

//! Numbers by chance, the same for a seed on every machine: SplitMix64 (Steele and others, 2014).

pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// From `from` on, below `end`.
    pub fn between(&mut self, from: i64, end: i64) -> i64 {
        from + self.below((end - from).max(1) as u64) as i64
    }

    pub fn chance(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    /// Different ones of `all`, at most `many`.
    pub fn some<T: Clone>(&mut self, all: &[T], many: usize) -> Vec<T> {
        let mut all = all.to_vec();
        let many = many.min(all.len());
        for at in 0..many {
            let other = at + self.below((all.len() - at) as u64) as usize;
            all.swap(at, other);
        }
        all.truncate(many);
        all
    }
}

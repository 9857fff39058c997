//! Context triggered piecewise hashing (J. Kornblum, Digital Investigation 3S, 2006), spelled as `ssdeep` does.
//!
//! A rolling hash of the last seven bytes says where a piece ends; each piece gives one letter, of a hash of its bytes.
//! How long pieces are doubles from three bytes on, so that a file has about 64 of them; all lengths that may still be
//! wanted are kept at once, so one pass is enough. What the paper leaves open (a string that is full, an end of seven
//! zeros) is as `ssdeep` answers it. The crate `fuzzyhash` is not used: it counts bytes in 32 bits, makes strings in
//! unsafe code, and its steps are those of a program under the GPL.

/// The shortest piece, and how often its length is doubled: enough for 200 GB.
const PIECE_BYTES_MIN: u64 = 3;
const LEVELS: usize = 31;
/// Letters of the first string; the second, of pieces twice as long, has half as many.
const LETTERS_MAX: usize = 64;
const HALF_MAX: usize = LETTERS_MAX / 2;

const WINDOW: usize = 7;
/// Of the 32 bits of the hash of a piece only the lowest six become a letter, and no higher bit gets down to them: sixteen
/// are kept, of which many are computed at once.
const PRIME: u16 = 0x0193;
const START: u16 = 0x1967;
/// Levels that are computed at once.
const LANES: usize = 8;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The hash of a stream of bytes, while it comes.
pub struct Spamsum {
    rolling: Rolling,
    levels: Vec<Level>,
    /// Of each level the hash of the piece that grows, and the hash from behind the last letter of a string of half the
    /// length on. What stands here of levels that are none is of no meaning.
    pieces: [u16; LEVELS + 1],
    halves: [u16; LEVELS + 1],
    /// The first level that may still be wanted; shorter pieces would be too many.
    first: usize,
    bytes: u64,
}

/// Pieces of one length.
#[derive(Clone)]
struct Level {
    letters: Vec<u8>,
    /// The letters of both hashes at the last end of a piece, where a string was full already.
    last: Option<u8>,
    half_last: Option<u8>,
}

impl Level {
    fn new() -> Self {
        Level { letters: Vec::with_capacity(LETTERS_MAX), last: None, half_last: None }
    }

    /// A piece ends. The last letter stands for everything from its piece on, so it is left to the end.
    fn cut(&mut self, piece: &mut u16, half: &mut u16) {
        self.last = Some(letter(*piece));
        self.half_last = Some(letter(*half));
        if self.letters.len() == LETTERS_MAX - 1 {
            return;
        }
        self.letters.extend(self.last.take());
        *piece = START;
        if self.letters.len() < HALF_MAX {
            *half = START;
            self.half_last = None;
        }
    }
}

fn letter(hash: u16) -> u8 {
    ALPHABET[usize::from(hash % 64)]
}

/// Mixes bytes into the hashes of some levels.
fn mix(hashes: &mut [u16; LANES], bytes: &[u8]) {
    let mut mixed = *hashes;
    for byte in bytes {
        mixed = mixed.map(|hash| hash.wrapping_mul(PRIME) ^ u16::from(*byte));
    }
    *hashes = mixed;
}

/// A sum of the last seven bytes, in three parts that each forget in a way of their own.
#[derive(Default)]
struct Rolling {
    /// The last one lowest.
    window: u64,
    sum: u32,
    weighted: u32,
    shifted: u32,
}

impl Rolling {
    fn push(&mut self, byte: u8) -> u32 {
        let new = u32::from(byte);
        self.weighted = self.weighted.wrapping_sub(self.sum).wrapping_add(WINDOW as u32 * new);
        let oldest = (self.window >> (8 * (WINDOW - 1))) & 0xff;
        self.sum = self.sum.wrapping_add(new).wrapping_sub(oldest as u32);
        self.window = self.window << 8 | u64::from(byte);
        self.shifted = (self.shifted << 5) ^ new;
        self.value()
    }

    fn value(&self) -> u32 {
        self.sum.wrapping_add(self.weighted).wrapping_add(self.shifted)
    }
}

impl Default for Spamsum {
    fn default() -> Self {
        Spamsum {
            rolling: Rolling::default(),
            levels: vec![Level::new()],
            pieces: [START; LEVELS + 1],
            halves: [START; LEVELS + 1],
            first: 0,
            bytes: 0,
        }
    }
}

impl Spamsum {
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let ended = self.end_of_piece(rest);
            let (piece, behind) = rest.split_at(ended.map_or(rest.len(), |(count, _)| count));
            let blocks = self.first / LANES..self.levels.len().div_ceil(LANES);
            for hashes in [&mut self.pieces, &mut self.halves] {
                let (all, _) = hashes.as_chunks_mut::<LANES>();
                all.get_mut(blocks.clone()).unwrap_or_default().iter_mut().for_each(|hashes| mix(hashes, piece));
            }
            if let Some((_, last)) = ended {
                self.ends(last);
            }
            rest = behind;
        }
    }

    /// How many bytes there are up to where a piece ends that is still wanted, and the last level of which one does.
    fn end_of_piece(&mut self, bytes: &[u8]) -> Option<(usize, usize)> {
        bytes.iter().zip(1..).find_map(|(byte, count)| {
            // The sum is then one less than a multiple of the length, which is three times a power of two.
            let behind = u64::from(self.rolling.push(*byte)) + 1;
            let last = behind.trailing_zeros() as usize;
            (last >= self.first && behind.is_multiple_of(PIECE_BYTES_MIN)).then_some((count, last))
        })
    }

    /// Pieces of lengths up to a level end: where a long piece ends, all shorter ones end as well.
    fn ends(&mut self, last: usize) {
        let mut at = self.first;
        while at < self.levels.len() && at <= last {
            // Up to its first letter, a longer level has seen what this one has.
            if self.levels[at].letters.is_empty() && at + 1 == self.levels.len() && self.levels.len() < LEVELS {
                self.levels.push(self.levels[at].clone());
                self.pieces[at + 1] = self.pieces[at];
                self.halves[at + 1] = self.halves[at];
            }
            self.levels[at].cut(&mut self.pieces[at], &mut self.halves[at]);
            self.drop_first(at);
            at += 1;
        }
    }

    /// Forgets the shortest pieces when the next are enough for so many bytes.
    fn drop_first(&mut self, at: usize) {
        let enough = self.levels.get(at + 1).is_some_and(|next| next.letters.len() >= HALF_MAX);
        let long = (PIECE_BYTES_MIN << at) * (LETTERS_MAX as u64) < self.bytes;
        if at == self.first && self.levels[at].letters.len() == LETTERS_MAX - 1 && enough && long {
            self.first += 1;
        }
    }

    /// The hash, as it is spelled.
    pub fn finish(self) -> String {
        let wanted = (0..LEVELS).find(|at| (PIECE_BYTES_MIN << at) * LETTERS_MAX as u64 >= self.bytes);
        let mut at = wanted.unwrap_or(LEVELS - 1).clamp(self.first, self.levels.len() - 1);
        while at > self.first && self.levels[at].letters.len() < HALF_MAX {
            at -= 1;
        }
        let level = &self.levels[at];
        // Behind seven zeros or more the rest says nothing, and the last end of a piece counts.
        let rest = self.rolling.value() != 0;
        let mut one = level.letters.clone();
        one.extend(if rest { Some(letter(self.pieces[at])) } else { level.last });
        let two = match self.levels.get(at + 1) {
            Some(next) => {
                let mut two = next.letters[..next.letters.len().min(HALF_MAX - 1)].to_vec();
                two.extend(if rest { Some(letter(self.halves[at + 1])) } else { next.half_last });
                two
            }
            None => rest.then(|| letter(self.pieces[at])).into_iter().collect(),
        };
        let text = |letters: Vec<u8>| String::from_utf8_lossy(&letters).into_owned();
        format!("{}:{}:{}", PIECE_BYTES_MIN << at, text(one), text(two))
    }
}

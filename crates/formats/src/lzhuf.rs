//! The packing of the first method of LHA, `-lh1-`: copies from 4 KiB back, told apart from letters by one tree of Huffman that
//! grows with what was read (Yoshizaki's LZHUF). Packers have gone on, and what was packed then still unpacks.

use crate::bits::Bits;
use std::io::{self, Read};

const WINDOW_BYTES: usize = 4096;
const COPY_MAX: usize = 60;
/// Letters, and the lengths of copies behind them.
const SYMBOLS: usize = 256 - 2 + COPY_MAX;
const NODES: usize = 2 * SYMBOLS - 1;
const ROOT: usize = NODES - 1;
/// What the root has counted when all counts are halved.
const COUNTED_MAX: u32 = 0x8000;

/// A decoder of packed bytes.
pub struct Lzhuf<'a> {
    bits: Bits<'a>,
    tree: Tree,
    window: Vec<u8>,
    at: usize,
    copy: usize,
    from: usize,
}

/// Unpacks bytes; how many come out is told by the archive.
pub fn lzhuf(input: &[u8]) -> Lzhuf<'_> {
    let at = WINDOW_BYTES - COPY_MAX;
    // In front of the first letter there are blanks.
    Lzhuf { bits: Bits::new(input), tree: Tree::new(), window: vec![b' '; WINDOW_BYTES], at, copy: 0, from: 0 }
}

impl Lzhuf<'_> {
    fn letter(&mut self) -> io::Result<u8> {
        let letter = if self.copy == 0 {
            match u8::try_from(self.tree.next(&mut self.bits)?) {
                Ok(letter) => letter,
                Err(_) => {
                    let distance = distance(&mut self.bits)?;
                    self.copy = self.tree.last - 254;
                    self.from = self.at.wrapping_sub(distance + 1) % WINDOW_BYTES;
                    self.copied()
                }
            }
        } else {
            self.copy -= 1;
            self.copied()
        };
        self.window[self.at] = letter;
        self.at = (self.at + 1) % WINDOW_BYTES;
        Ok(letter)
    }

    fn copied(&mut self) -> u8 {
        let letter = self.window[self.from];
        self.from = (self.from + 1) % WINDOW_BYTES;
        letter
    }
}

impl Read for Lzhuf<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for (count, place) in buffer.iter_mut().enumerate() {
            match self.letter() {
                Ok(letter) => *place = letter,
                // What came before the break is given first.
                Err(_) if count > 0 => return Ok(count),
                Err(error) => return Err(error),
            }
        }
        Ok(buffer.len())
    }
}

/// How far back a copy reaches: six high bits in three to eight bits, and six low ones as they are.
fn distance(bits: &mut Bits) -> io::Result<usize> {
    let mut code = bits.take(8)?;
    // Codes of each length, the shortest first: how many there are, and how many bytes begin with each.
    let (mut first_byte, mut first_code) = (0, 0);
    for (length, count) in [(3, 1), (4, 3), (5, 8), (6, 12), (7, 24), (8, 16)] {
        let each = 1 << (8 - length);
        if code < first_byte + count * each {
            let high = first_code + (code - first_byte) / each;
            code = code << (length - 2) | bits.take(length as u32 - 2)?;
            return Ok(high << 6 | code & 0x3f);
        }
        first_byte += count * each;
        first_code += count;
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// A tree in which nodes stand in the order of their counts, leaves and branches mixed.
struct Tree {
    counts: Vec<u32>,
    /// The first of two children, or `NODES` and the symbol of a leaf.
    children: Vec<usize>,
    /// Parents of nodes, and behind those of symbols.
    parents: Vec<usize>,
    /// The symbol that was read last.
    last: usize,
}

impl Tree {
    fn new() -> Self {
        let mut tree = Tree {
            counts: vec![1; SYMBOLS],
            children: (NODES..NODES + SYMBOLS).collect(),
            parents: vec![0; NODES + SYMBOLS],
            last: 0,
        };
        for first in (0..NODES - 1).step_by(2) {
            tree.counts.push(tree.counts[first] + tree.counts[first + 1]);
            tree.children.push(first);
        }
        tree.find_parents();
        // Nothing counts more than what stands behind the root.
        tree.counts.push(u32::MAX);
        tree
    }

    fn find_parents(&mut self) {
        for (node, child) in self.children.iter().enumerate() {
            self.parents[*child] = node;
            if *child < NODES {
                self.parents[child + 1] = node;
            }
        }
        self.parents[ROOT] = 0;
    }

    fn next(&mut self, bits: &mut Bits) -> io::Result<usize> {
        let mut node = self.children[ROOT];
        while node < NODES {
            node = self.children[node + bits.bit()?];
        }
        self.last = node - NODES;
        self.count(self.last);
        Ok(self.last)
    }

    /// Counts a symbol: each node on the way up changes places with the last one that counts as little.
    fn count(&mut self, symbol: usize) {
        if self.counts[ROOT] >= COUNTED_MAX {
            self.halve();
        }
        let mut node = self.parents[NODES + symbol];
        loop {
            self.counts[node] += 1;
            let count = self.counts[node];
            if count > self.counts[node + 1] {
                let mut other = node + 1;
                while count > self.counts[other + 1] {
                    other += 1;
                }
                self.counts.swap(node, other);
                self.children.swap(node, other);
                for place in [node, other] {
                    let child = self.children[place];
                    self.parents[child] = place;
                    if child < NODES {
                        self.parents[child + 1] = place;
                    }
                }
                node = other;
            }
            node = self.parents[node];
            if node == 0 {
                break;
            }
        }
    }

    /// Halves all counts and builds the tree anew from its leaves.
    fn halve(&mut self) {
        let leaves = (0..NODES).filter(|node| self.children[*node] >= NODES);
        let (mut counts, mut children): (Vec<u32>, Vec<usize>) =
            leaves.map(|node| (self.counts[node].div_ceil(2), self.children[node])).unzip();
        for first in (0..NODES - 1).step_by(2) {
            let count = counts[first] + counts[first + 1];
            let place = counts.iter().rposition(|other| *other <= count).map_or(0, |place| place + 1);
            counts.insert(place, count);
            children.insert(place, first);
        }
        (self.counts, self.children) = (counts, children);
        self.find_parents();
        self.counts.push(u32::MAX);
    }
}

//! What supersedes what: one graph over the whole catalogue, with its closure and its chains.
//!
//! The graph is not kept per product: chains hop between products, so a closure within one product would call fixed
//! hosts open. Cycles are in the data and do no harm here.

use model::KbId;
use std::collections::{BTreeSet, VecDeque};

/// Edges from a superseder to what it supersedes, by index into the catalogue's update table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Graph {
    /// `targets[starts[i]..starts[i + 1]]` are superseded by update `i`.
    starts: Vec<u32>,
    targets: Vec<u32>,
}

/// A set of updates: bits over the catalogue's table, and the few that are not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KbSet {
    words: Vec<u64>,
    outside: BTreeSet<KbId>,
}

impl KbSet {
    pub(super) fn new(updates: usize) -> KbSet {
        KbSet { words: vec![0; updates.div_ceil(64)], outside: BTreeSet::new() }
    }

    pub(super) fn has(&self, index: u32) -> bool {
        self.words.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Adds an index of the table and says whether it is new.
    pub(super) fn add(&mut self, index: u32) -> bool {
        let Some(word) = self.words.get_mut(index as usize / 64) else { return false };
        let bit = 1 << (index % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    pub(super) fn add_outside(&mut self, kb: KbId) {
        self.outside.insert(kb);
    }

    pub(super) fn has_outside(&self, kb: KbId) -> bool {
        self.outside.contains(&kb)
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = u32> + '_ {
        self.words
            .iter()
            .zip(0u32..)
            .flat_map(|(&word, at)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit))
    }

    pub(super) fn outside(&self) -> impl Iterator<Item = KbId> + '_ {
        self.outside.iter().copied()
    }

    /// How many updates are in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum::<usize>() + self.outside.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Graph {
    /// Makes the graph of `updates` nodes; the edges are sorted, without repeats, and within the table.
    pub(super) fn new(updates: usize, edges: &[(u32, u32)]) -> Graph {
        let mut starts = vec![0u32; updates + 1];
        for (from, _) in edges {
            starts[*from as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Graph { starts, targets: edges.iter().map(|edge| edge.1).collect() }
    }

    pub(super) fn superseded_by(&self, index: u32) -> &[u32] {
        let range = self.starts.get(index as usize).zip(self.starts.get(index as usize + 1));
        range.and_then(|(from, to)| self.targets.get(*from as usize..*to as usize)).unwrap_or(&[])
    }

    pub(super) fn edges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..self.starts.len().saturating_sub(1) as u32)
            .flat_map(|from| self.superseded_by(from).iter().map(move |to| (from, *to)))
    }

    pub(super) fn edge_count(&self) -> usize {
        self.targets.len()
    }

    /// Adds everything that a member supersedes, however indirectly.
    pub(super) fn close(&self, set: &mut KbSet) {
        let mut stack: Vec<u32> = set.indexes().collect();
        while let Some(index) = stack.pop() {
            for &next in self.superseded_by(index) {
                if set.add(next) {
                    stack.push(next);
                }
            }
        }
    }

    /// The shortest chain from one of `from` down to `to`, both included.
    pub(super) fn chain(&self, from: impl Iterator<Item = u32>, to: u32) -> Option<Vec<u32>> {
        const UNSEEN: u32 = u32::MAX;
        let mut before = vec![UNSEEN; self.starts.len()];
        let mut queue = VecDeque::new();
        for start in from {
            before[start as usize] = start;
            queue.push_back(start);
        }
        while let Some(index) = queue.pop_front() {
            if index == to {
                return Some(walk_back(&before, to));
            }
            for &next in self.superseded_by(index) {
                if before[next as usize] == UNSEEN {
                    before[next as usize] = index;
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

fn walk_back(before: &[u32], to: u32) -> Vec<u32> {
    let mut chain = vec![to];
    let mut at = to;
    while before[at as usize] != at {
        at = before[at as usize];
        chain.push(at);
    }
    chain.reverse();
    chain
}

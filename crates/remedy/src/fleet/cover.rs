//! Weighted set cover with shared costs: which choices, together as cheap as can be, cover every element.
//!
//! Greedy by covered weight per cost, which is within H(n) = 1 + 1/2 + … + 1/n of the best when every element weighs
//! the same and nothing is shared, and no polynomial way is better by more than a constant. Lazy: a choice's ratio can
//! only fall when others are taken, so the heap's top is re-counted until it stays on top. Only a shared cost that has
//! been paid makes a ratio rise; the choices that share it are then put back with their new ratio.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeSet, BinaryHeap};

/// Elements to cover, and what covers them.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// What covering each element is worth.
    pub weights: Vec<u64>,
    pub choices: Vec<Choice>,
    /// Costs paid once by whichever choice needs them first: base patches.
    pub shared: Vec<u64>,
}

#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Indexes into `weights`.
    pub covers: Vec<u32>,
    pub cost: u64,
    /// Indexes into `shared`.
    pub shares: Vec<u32>,
}

/// Indexes of the choices taken, best first. What no choice covers stays uncovered.
///
/// Deterministic: equal ratios are decided by the lower index.
pub fn greedy(problem: &Problem) -> Vec<usize> {
    let mut state =
        State { problem, covered: vec![false; problem.weights.len()], paid: vec![false; problem.shared.len()] };
    let mut users = vec![Vec::new(); problem.shared.len()];
    for (index, choice) in problem.choices.iter().enumerate() {
        choice.shares.iter().for_each(|share| users[*share as usize].push(index));
    }
    let mut heap: BinaryHeap<Rated> = (0..problem.choices.len()).map(|index| state.rate(index)).collect();
    let mut taken = Vec::new();
    let mut is_taken = vec![false; problem.choices.len()];
    while let Some(top) = heap.pop() {
        if is_taken[top.index.0] {
            continue;
        }
        let now = state.rate(top.index.0);
        if now.gain == 0 {
            continue;
        }
        if heap.peek().is_some_and(|next| *next > now) {
            heap.push(now);
            continue;
        }
        is_taken[now.index.0] = true;
        taken.push(now.index.0);
        for share in state.take(now.index.0) {
            heap.extend(users[share as usize].iter().map(|index| state.rate(*index)));
        }
    }
    without_redundant(problem, taken)
}

struct State<'a> {
    problem: &'a Problem,
    covered: Vec<bool>,
    paid: Vec<bool>,
}

impl State<'_> {
    fn rate(&self, index: usize) -> Rated {
        let choice = &self.problem.choices[index];
        let open = choice.covers.iter().filter(|element| !self.covered[**element as usize]);
        let gain = open.map(|element| self.problem.weights[*element as usize]).sum();
        let owed = choice.shares.iter().filter(|share| !self.paid[**share as usize]);
        let shared: u64 = owed.map(|share| self.problem.shared[*share as usize]).sum();
        Rated { gain, cost: (choice.cost + shared).max(1), index: Reverse(index) }
    }

    /// Takes a choice; returns the shared costs that are paid from now on.
    fn take(&mut self, index: usize) -> Vec<u32> {
        let choice = &self.problem.choices[index];
        choice.covers.iter().for_each(|element| self.covered[*element as usize] = true);
        let new: BTreeSet<u32> = choice.shares.iter().copied().filter(|share| !self.paid[*share as usize]).collect();
        new.iter().for_each(|share| self.paid[*share as usize] = true);
        new.into_iter().collect()
    }
}

/// A choice with its gain and cost at the time it was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rated {
    gain: u64,
    cost: u64,
    index: Reverse<usize>,
}

impl Ord for Rated {
    fn cmp(&self, other: &Self) -> Ordering {
        // Ratios by cross multiplication: no rounding, so the order is total and the same everywhere.
        let (a, b) = (u128::from(self.gain) * u128::from(other.cost), u128::from(other.gain) * u128::from(self.cost));
        a.cmp(&b).then(self.index.cmp(&other.index))
    }
}

impl PartialOrd for Rated {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Drops choices whose elements later choices cover anyway, the dearest first.
fn without_redundant(problem: &Problem, taken: Vec<usize>) -> Vec<usize> {
    let mut times = vec![0u32; problem.weights.len()];
    for index in &taken {
        problem.choices[*index].covers.iter().for_each(|element| times[*element as usize] += 1);
    }
    let mut by_cost: Vec<usize> = taken.clone();
    by_cost.sort_by_key(|index| (Reverse(problem.choices[*index].cost), *index));
    let mut dropped = BTreeSet::new();
    for index in by_cost {
        let covers = &problem.choices[index].covers;
        if covers.iter().all(|element| times[*element as usize] > 1 || problem.weights[*element as usize] == 0) {
            covers.iter().for_each(|element| times[*element as usize] -= 1);
            dropped.insert(index);
        }
    }
    taken.into_iter().filter(|index| !dropped.contains(index)).collect()
}

//! A map of bounded size: when it is full, what was put in first is forgotten.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

pub struct Memory<K, V> {
    entries: HashMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
    next: u64,
    max: usize,
}

impl<K: Copy + Eq + Hash, V> Memory<K, V> {
    pub fn new(max: usize) -> Self {
        Memory { entries: HashMap::new(), order: BTreeMap::new(), next: 0, max }
    }

    /// Keeps a value; gives the one that had to go for it: the earlier one of this key, or the oldest of all.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let mut gone = self.remove(&key);
        if gone.is_none() && self.entries.len() >= self.max {
            gone = self.remove_oldest();
        }
        self.entries.insert(key, (self.next, value));
        self.order.insert(self.next, key);
        self.next += 1;
        gone
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (place, value) = self.entries.remove(key)?;
        self.order.remove(&place);
        Some(value)
    }

    pub fn remove_oldest(&mut self) -> Option<V> {
        let (_, key) = self.order.pop_first()?;
        self.entries.remove(&key).map(|(_, value)| value)
    }
}

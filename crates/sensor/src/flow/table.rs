//! All conversations that go on. The table is bounded: when it is full, the one that was silent longest among those its
//! hand passes makes room.

use super::{Flow, Key};
use hashbrown::HashMap;

/// Conversations followed at a time, unless told otherwise.
pub const FLOWS_MAX: usize = 1 << 18;
/// Places the hand looks at to find the one that makes room.
const LOOKED_AT: usize = 64;

pub struct Table {
    index: HashMap<Key, u32>,
    places: Vec<Option<Box<Flow>>>,
    free: Vec<u32>,
    hand: usize,
    most: usize,
    created: u64,
}

impl Default for Table {
    fn default() -> Self {
        Table::with_room_for(FLOWS_MAX)
    }
}

impl Table {
    pub fn with_room_for(most: usize) -> Table {
        Table { index: HashMap::new(), places: Vec::new(), free: Vec::new(), hand: 0, most: most.max(1), created: 0 }
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// Number for the next conversation.
    pub fn next_id(&mut self) -> u64 {
        self.created += 1;
        self.created
    }

    pub fn find(&self, key: &Key) -> Option<u32> {
        self.index.get(key).copied()
    }

    pub fn at(&mut self, place: u32) -> Option<&mut Flow> {
        self.places.get_mut(place as usize)?.as_deref_mut()
    }

    pub fn insert(&mut self, flow: Flow) -> u32 {
        let key = flow.key;
        let flow = Some(Box::new(flow));
        let place = match self.free.pop() {
            Some(place) => {
                if let Some(slot) = self.places.get_mut(place as usize) {
                    *slot = flow;
                }
                place
            }
            None => {
                self.places.push(flow);
                (self.places.len() - 1) as u32
            }
        };
        self.index.insert(key, place);
        place
    }

    pub fn remove(&mut self, place: u32) -> Option<Box<Flow>> {
        let flow = self.places.get_mut(place as usize)?.take()?;
        self.index.remove(&flow.key);
        self.free.push(place);
        Some(flow)
    }

    /// Takes out the conversation that was silent longest among the next few.
    pub fn make_room(&mut self) -> Option<Box<Flow>> {
        let mut oldest: Option<(usize, i64)> = None;
        let mut looked_at = 0;
        for _ in 0..self.places.len() {
            if looked_at >= LOOKED_AT {
                break;
            }
            self.hand = (self.hand + 1) % self.places.len();
            let Some(Some(flow)) = self.places.get(self.hand) else { continue };
            looked_at += 1;
            if oldest.is_none_or(|(_, heard_ns)| flow.heard_ns < heard_ns) {
                oldest = Some((self.hand, flow.heard_ns));
            }
        }
        oldest.and_then(|(place, _)| self.remove(place as u32))
    }

    /// Takes out the conversations that are over by now, a part of the table at a call.
    pub fn sweep(&mut self, now_ns: i64, part: usize) -> Vec<Box<Flow>> {
        let mut over = Vec::new();
        for _ in 0..part.min(self.places.len()) {
            self.hand = (self.hand + 1) % self.places.len();
            let silent = |flow: &Flow| flow.is_silent(now_ns);
            if self.places.get(self.hand).and_then(|place| place.as_deref()).is_some_and(silent) {
                over.extend(self.remove(self.hand as u32));
            }
        }
        over
    }

    /// Takes out everything, oldest first.
    pub fn drain(&mut self) -> Vec<Box<Flow>> {
        self.index.clear();
        self.free.clear();
        let mut flows: Vec<Box<Flow>> = std::mem::take(&mut self.places).into_iter().flatten().collect();
        flows.sort_by_key(|flow| flow.id);
        flows
    }
}

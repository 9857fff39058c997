//! Follows what lineages do, step by step. What it remembers is bounded: by time, in each lineage, and altogether.

use super::alarm::{Alarm, process};
use super::builtin::SEQUENCES;
use super::steps::{Key, Sequence};
use crate::telemetry::event::{Event, Process};
use model::Message;
use std::collections::{BTreeMap, HashMap};

/// Sequences that have begun in one lineage.
pub const BEGUN_OF_LINEAGE_MAX: usize = 64;
/// Sequences that have begun altogether; beyond, the one that would end first is forgotten.
pub const BEGUN_MAX: usize = 100_000;

/// A sequence that has begun.
#[derive(Debug, Clone)]
struct Begun {
    sequence: usize,
    /// The step that is waited for.
    next: usize,
    remembered: Vec<String>,
    /// When the last step was, and when it is too late.
    last: u64,
    until: u64,
    events: Vec<u64>,
    serial: u64,
}

#[derive(Debug, Default)]
pub struct Sequences {
    sequences: Vec<Sequence>,
    begun: HashMap<Key, Vec<Begun>>,
    /// Which one ends next.
    ends: BTreeMap<(u64, u64), Key>,
    /// When something was told of a lineage last.
    told: HashMap<(usize, Key), u64>,
    serial: u64,
    forgotten: u64,
}

/// A file of sequences that is wrong.
#[derive(Debug, thiserror::Error)]
#[error("cannot read sequence `{name}`")]
pub struct Wrong {
    name: String,
    #[source]
    cause: toml::de::Error,
}

impl Sequences {
    /// Those that came with the agent.
    ///
    /// # Errors
    /// When one of them is wrong, which a test would have said.
    pub fn builtin() -> Result<Sequences, Wrong> {
        Sequences::of(SEQUENCES)
    }

    /// Of files: their names, and what is in them.
    ///
    /// # Errors
    /// When one of them is wrong.
    pub fn of(files: &[(&str, &str)]) -> Result<Sequences, Wrong> {
        let mut sequences = Vec::new();
        for (name, text) in files {
            let name = (*name).to_owned();
            sequences.push(toml::from_str(text).map_err(|cause| Wrong { name, cause })?);
        }
        Ok(Sequences { sequences, ..Sequences::default() })
    }

    pub fn all(&self) -> &[Sequence] {
        &self.sequences
    }

    /// What began and was forgotten for want of room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Takes in an event, and tells which sequences it ends.
    pub fn judge(&mut self, event: &Event, tell: &mut dyn FnMut(Alarm)) {
        self.expire(event.time);
        let Some(process) = process(event) else { return };
        // Those that have begun first: one event is one step of a sequence.
        let above = process.ancestors.iter().map(|above| (above.pid, above.began));
        let chain: Vec<Key> = std::iter::once((process.pid, process.began)).chain(above).collect();
        for key in chain {
            self.go_on(key, event, process, tell);
        }
        for sequence in 0..self.sequences.len() {
            self.begin(sequence, event, process, tell);
        }
    }

    fn go_on(&mut self, key: Key, event: &Event, process: &Process, tell: &mut dyn FnMut(Alarm)) {
        let Some(begun) = self.begun.get_mut(&key) else { return };
        let mut ended = Vec::new();
        let sequences = &self.sequences;
        begun.retain_mut(|it| {
            let Some(sequence) = sequences.get(it.sequence) else { return false };
            let Some(step) = sequence.steps.get(it.next) else { return false };
            // What is earlier than the step before is another story.
            if event.time < it.last || it.events.last() == Some(&event.sequence) {
                return true;
            }
            let Some(fits) = step.fits(event, process, &it.remembered) else { return true };
            if !fits.remembered.is_empty() {
                it.remembered = fits.remembered;
            }
            it.last = event.time;
            it.next += 1;
            it.events.push(event.sequence);
            let is_done = it.next == sequence.steps.len();
            if is_done {
                ended.push(it.clone());
            }
            !is_done
        });
        if begun.is_empty() {
            self.begun.remove(&key);
        }
        for it in ended {
            self.ends.remove(&(it.until, it.serial));
            self.alarm(it.sequence, key, it.events, event, process, tell);
        }
    }

    fn begin(&mut self, number: usize, event: &Event, process: &Process, tell: &mut dyn FnMut(Alarm)) {
        let Some(sequence) = self.sequences.get(number) else { return };
        let Some(first) = sequence.steps.first() else { return };
        let Some(fits) = first.fits(event, process, &[]) else { return };
        let Some(key) = first.begins(process) else { return };
        if sequence.steps.len() == 1 {
            return self.alarm(number, key, vec![event.sequence], event, process, tell);
        }
        let until = event.time.saturating_add(sequence.within_s.saturating_mul(1_000_000_000));
        let begun = self.begun.entry(key).or_default();
        // The same again only begins later.
        let same = |it: &Begun| it.sequence == number && it.next == 1 && it.remembered == fits.remembered;
        if let Some(at) = begun.iter().position(same) {
            let it = begun.swap_remove(at);
            self.ends.remove(&(it.until, it.serial));
        } else if begun.len() >= BEGUN_OF_LINEAGE_MAX {
            let it = begun.remove(0);
            self.ends.remove(&(it.until, it.serial));
            self.forgotten += 1;
        }
        self.serial += 1;
        let (serial, last, remembered) = (self.serial, event.time, fits.remembered);
        let events = vec![event.sequence];
        begun.push(Begun { sequence: number, next: 1, remembered, last, until, events, serial });
        self.ends.insert((until, serial), key);
        if self.ends.len() > BEGUN_MAX {
            self.drop_first();
            self.forgotten += 1;
        }
    }

    fn alarm(
        &mut self,
        number: usize,
        key: Key,
        events: Vec<u64>,
        event: &Event,
        process: &Process,
        tell: &mut dyn FnMut(Alarm),
    ) {
        let Some(sequence) = self.sequences.get(number) else { return };
        let window = sequence.within_s.saturating_mul(1_000_000_000);
        // Once in its time of a lineage is enough.
        if self.told.get(&(number, key)).is_some_and(|told| event.time.saturating_sub(*told) < window) {
            return;
        }
        if self.told.len() >= BEGUN_MAX {
            self.told.clear();
        }
        self.told.insert((number, key), event.time);
        tell(Alarm {
            rule: sequence.id.clone(),
            message: Message::new(format!("behaviour.sequence-{}", sequence.id)),
            level: sequence.level,
            tags: sequence.tags.clone(),
            time: event.time,
            events,
            process: Some(process.clone()),
        });
    }

    fn expire(&mut self, time: u64) {
        while self.ends.first_key_value().is_some_and(|((until, _), _)| *until < time) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        let Some(((_, serial), key)) = self.ends.pop_first() else { return };
        if let Some(begun) = self.begun.get_mut(&key) {
            begun.retain(|it| it.serial != serial);
            if begun.is_empty() {
                self.begun.remove(&key);
            }
        }
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.begun.values().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests;

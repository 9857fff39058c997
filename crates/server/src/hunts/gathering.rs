//! Meetings as they are kept: of each hour who met what, and how often.

use super::{hour_of, time};
use lake::{Goes, Hit, Hunting, Progress};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use store::HuntHit;

/// Different meetings that are held at a time.
const HELD_MAX: usize = 200_000;

/// How far it is, and whether to stop; looked at from outside.
#[derive(Default)]
pub struct Shared {
    pub files: AtomicUsize,
    pub hits: AtomicU64,
    pub stop: AtomicBool,
}

pub struct Gathering<'a> {
    shared: &'a Shared,
    met: BTreeMap<Key, HuntHit>,
    /// Meetings that found no room.
    left_out: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: &'static str,
    value: Box<str>,
    host: String,
    place: &'static str,
    record: &'static str,
    hour: i64,
}

impl<'a> Gathering<'a> {
    pub fn new(shared: &'a Shared) -> Self {
        Gathering { shared, met: BTreeMap::new(), left_out: 0 }
    }

    /// What was met, and how many meetings found no room.
    pub fn into_hits(self) -> (Vec<HuntHit>, u64) {
        (self.met.into_values().collect(), self.left_out)
    }

    fn goes(&self) -> Goes {
        if self.shared.stop.load(Ordering::Relaxed) { Goes::Break(()) } else { Goes::Continue(()) }
    }
}

impl Hunting for Gathering<'_> {
    fn hit(&mut self, hit: Hit, _: &Progress) -> Goes {
        self.shared.hits.fetch_add(1, Ordering::Relaxed);
        let hour = hour_of(hit.time_us);
        let at = time(hit.time_us);
        let (host, peer) = ends(&hit);
        let key = Key {
            kind: hit.indicator.kind.name(),
            value: hit.indicator.value.clone(),
            host: host.clone(),
            place: hit.column,
            record: hit.table,
            hour: hour.as_second(),
        };
        if self.met.len() >= HELD_MAX && !self.met.contains_key(&key) {
            self.left_out += 1;
            return self.goes();
        }
        let met = self.met.entry(key).or_insert_with(|| HuntHit {
            kind: hit.indicator.kind.name().to_owned(),
            value: hit.indicator.value.to_string(),
            host,
            place: hit.column.to_owned(),
            record: hit.table.to_owned(),
            hour,
            peer: None,
            community: None,
            protocol: None,
            count: 0,
            first: at,
            last: at,
        });
        met.count += 1;
        if met.count == 1 || at < met.first {
            met.first = at;
            (met.peer, met.community, met.protocol) = (peer, hit.community_id, hit.protocol);
        }
        met.last = met.last.max(at);
        self.goes()
    }

    fn file(&mut self, progress: &Progress) -> Goes {
        self.shared.files.store(progress.files + progress.unreadable.len(), Ordering::Relaxed);
        self.goes()
    }
}

/// Who met it, and with whom: who met an address is the other end.
fn ends(hit: &Hit) -> (String, Option<String>) {
    match &hit.responder {
        Some(responder) if hit.column == "originator" => (responder.clone(), Some(hit.originator.clone())),
        responder => (hit.originator.clone(), responder.clone()),
    }
}

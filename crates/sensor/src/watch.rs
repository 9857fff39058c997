//! Watching traffic for indicators. The set can be replaced while conversations go on: a worker takes the new one with its
//! next question.

use crate::Moment;
use crate::files::FileRecord;
use crate::flow::Flow;
use crate::observed::{Held, Observer};
use model::{Notable, NotableKind};
use rules::{Indicator, IndicatorKind, Indicators};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use wire::proto::Event;

/// Sightings kept until the end.
const SIGHTINGS_MAX: usize = 1 << 16;
/// Frames and conversations named as evidence of one.
const FRAMES_KEPT: usize = 16;
const FLOWS_KEPT: usize = 16;

/// The live set, shared by all workers and whoever brings new intelligence.
#[derive(Debug, Default)]
pub struct LiveIndicators {
    version: AtomicU64,
    set: Mutex<Arc<Indicators>>,
}

impl LiveIndicators {
    pub fn new(set: Indicators) -> LiveIndicators {
        LiveIndicators { version: AtomicU64::new(0), set: Mutex::new(Arc::new(set)) }
    }

    /// Puts another set in place; nobody waits for it.
    pub fn replace(&self, set: Indicators) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// How many are looked for.
    pub fn len(&self) -> usize {
        self.current().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The set that is looked for now.
    pub fn current(&self) -> Arc<Indicators> {
        Arc::clone(&self.set.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An indicator met between two hosts, however often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub indicator: Indicator,
    /// Where it was met: `address`, `question`, `answer`, `host`, `url`, `server-name`, `fingerprint`, `certificate`, `file`,
    /// `file-name`, `account`, `envelope`, `mail-header`, `link`.
    pub place: &'static str,
    pub originator: IpAddr,
    pub responder: IpAddr,
    pub count: u64,
    pub first_ns: i64,
    pub last_ns: i64,
    /// Conversations it was met in, and numbers of frames.
    pub community_ids: Vec<String>,
    pub frames: Vec<u64>,
}

impl Sighting {
    /// The meeting as it is kept.
    pub fn notable(&self) -> Notable {
        Notable {
            kind: NotableKind::Indicator,
            name: self.indicator.kind.name().to_owned(),
            value: self.indicator.value.to_string(),
            place: self.place.to_owned(),
            originator: self.originator,
            responder: Some(self.responder),
            transport: None,
            port: None,
            count: self.count,
            first: crate::timestamp(self.first_ns),
            last: crate::timestamp(self.last_ns),
            facts: BTreeMap::new(),
            community_ids: self.community_ids.clone(),
            frames: self.frames.clone(),
        }
    }

    fn add(&mut self, flow: &Flow, now: Moment) {
        self.count += 1;
        self.last_ns = now.time_ns;
        if self.frames.len() < FRAMES_KEPT {
            self.frames.push(now.frame);
        }
        if self.community_ids.len() < FLOWS_KEPT {
            let id = flow.community_id(0);
            if !self.community_ids.contains(&id) {
                self.community_ids.push(id);
            }
        }
    }
}

/// An indicator between two hosts.
type Met = (IndicatorKind, Box<str>, IpAddr, IpAddr);

fn met_in(indicator: &Indicator, originator: IpAddr, responder: IpAddr) -> Met {
    (indicator.kind, indicator.value.clone(), originator, responder)
}

/// One worker's eye on the live set.
#[derive(Default)]
pub struct Watch {
    live: Option<Arc<LiveIndicators>>,
    set: Arc<Indicators>,
    version: u64,
    seen: HashMap<Met, Sighting>,
    /// How often each was met when somebody last asked.
    told: HashMap<Met, u64>,
    /// Sightings beyond the limit.
    pub shed: u64,
}

impl Watch {
    pub fn new(live: Arc<LiveIndicators>) -> Watch {
        let version = live.version.load(Ordering::Acquire);
        Watch { set: live.current(), live: Some(live), version, ..Watch::default() }
    }

    pub fn sightings(&self) -> impl Iterator<Item = &Sighting> {
        self.seen.values()
    }

    /// What was met since this was last asked, with how often since then.
    pub fn news(&mut self) -> Vec<Sighting> {
        let mut news = Vec::new();
        for (key, sighting) in &self.seen {
            let told = self.told.get(key).copied().unwrap_or_default();
            if sighting.count > told {
                self.told.insert(key.clone(), sighting.count);
                news.push(Sighting { count: sighting.count - told, ..sighting.clone() });
            }
        }
        news
    }

    /// Takes the newest set; true when there is something to look for.
    fn is_on(&mut self) -> bool {
        if let Some(live) = &self.live {
            let version = live.version.load(Ordering::Acquire);
            if version != self.version {
                self.version = version;
                self.set = live.current();
            }
        }
        !self.set.is_empty()
    }

    /// A conversation began: are its ends known?
    pub fn began(&mut self, flow: &Flow, now: Moment) -> Vec<Sighting> {
        if !self.is_on() {
            return Vec::new();
        }
        let set = Arc::clone(&self.set);
        let met = of_ends(&set, flow);
        self.note(met.into_iter().map(|met| (met, "address")), flow, now)
    }

    /// A conversation turned round: its addresses are met between originator and responder as they are called now, and
    /// not as they were called when it [began](Watch::began).
    pub fn turned(&mut self, flow: &Flow, now: Moment) -> Vec<Sighting> {
        if !self.is_on() {
            return Vec::new();
        }
        let set = Arc::clone(&self.set);
        let met = of_ends(&set, flow);
        let taken_back = met.iter().filter_map(|indicator| self.take_back(indicator, flow)).min();
        let new = self.note(met.iter().map(|indicator| (*indicator, "address")), flow, now);
        if let Some(first_ns) = taken_back {
            for indicator in met {
                let key = met_in(indicator, flow.originator.address, flow.responder.address);
                self.seen.entry(key).and_modify(|sighting| sighting.first_ns = sighting.first_ns.min(first_ns));
            }
        }
        new
    }

    /// Counts a meeting less between the ends of a conversation as they were called before; gives when that began, if it
    /// was the only one.
    fn take_back(&mut self, indicator: &Indicator, flow: &Flow) -> Option<i64> {
        let key = met_in(indicator, flow.responder.address, flow.originator.address);
        let sighting = self.seen.get_mut(&key)?;
        if sighting.count > 1 {
            sighting.count -= 1;
            let count = sighting.count;
            self.told.entry(key).and_modify(|told| *told = count.min(*told));
            return None;
        }
        self.told.remove(&key);
        self.seen.remove(&key).map(|sighting| sighting.first_ns)
    }

    pub fn event(&mut self, event: Event<'_>, flow: &Flow, now: Moment) -> Vec<Sighting> {
        self.look(|observer| observer.event(event), flow, now)
    }

    pub fn file(&mut self, file: &FileRecord, flow: &Flow, now: Moment) -> Vec<Sighting> {
        self.look(|observer| observer.file(file), flow, now)
    }

    fn look(&mut self, look: impl FnOnce(&mut Observer<'_>), flow: &Flow, now: Moment) -> Vec<Sighting> {
        if !self.is_on() {
            return Vec::new();
        }
        let set = Arc::clone(&self.set);
        let mut met = Vec::new();
        let wanted = |kind| set.has(kind) || (kind == IndicatorKind::Address && set.has(IndicatorKind::Network));
        let mut each = |held: Held<'_>, place| {
            let mut tell = |found| met.push((found, place));
            match held {
                Held::Address(address) => set.each_of_address(address, &mut tell),
                Held::Form(kind, form) => set.each_held(kind, form, &mut tell),
            }
        };
        look(&mut Observer { wanted: &wanted, each: &mut each });
        self.note(met, flow, now)
    }

    /// Counts what was met; gives what was met for the first time between these hosts.
    fn note<'a>(
        &mut self,
        met: impl IntoIterator<Item = (&'a Indicator, &'static str)>,
        flow: &Flow,
        now: Moment,
    ) -> Vec<Sighting> {
        let (originator, responder) = (flow.originator.address, flow.responder.address);
        let mut new = Vec::new();
        for (indicator, place) in met {
            let key = met_in(indicator, originator, responder);
            if let Some(sighting) = self.seen.get_mut(&key) {
                sighting.add(flow, now);
                continue;
            }
            if self.seen.len() >= SIGHTINGS_MAX {
                self.shed += 1;
                continue;
            }
            let (first_ns, last_ns) = (now.time_ns, now.time_ns);
            let indicator = indicator.clone();
            let (community_ids, frames) = (Vec::new(), Vec::new());
            let mut sighting = Sighting {
                indicator,
                place,
                originator,
                responder,
                count: 0,
                first_ns,
                last_ns,
                community_ids,
                frames,
            };
            sighting.add(flow, now);
            self.seen.insert(key, sighting.clone());
            new.push(sighting);
        }
        new
    }
}

/// What the addresses of a conversation are met by.
fn of_ends<'s>(set: &'s Indicators, flow: &Flow) -> Vec<&'s Indicator> {
    let mut met = Vec::new();
    for address in [flow.originator.address, flow.responder.address] {
        set.each_of_address(address, &mut |found| met.push(found));
    }
    met
}

//! Where what was seen goes: EVE JSON, session records, findings.

mod columns;
mod eve;
mod sessions;

pub use columns::RecordFiles;
pub use eve::Eve;
pub use sessions::{Sessions, transport};

use crate::files::FileRecord;
use crate::findings::Alert;
use crate::flow::{EndReason, Flow};
use crate::watch::Sighting;
use crate::{Moment, Options};
use model::Finding;
use wire::packet::Arp;
use wire::proto::Event;
use wire::session::{Mark, Place};

/// What everything that is told has in common.
pub struct Seen<'a> {
    pub flow: &'a Flow,
    pub now: Moment,
    pub options: &'a Options,
}

/// What a worker found since it was last asked.
#[derive(Debug, Clone, Default)]
pub struct News {
    /// Findings that are new or grew, as they are by now.
    pub findings: Vec<Finding>,
    /// Indicators that were met, with how often since the last time.
    pub sightings: Vec<Sighting>,
}

/// One place where records go. What fails there is kept and told by [`Output::finish`]; reading goes on.
pub trait Output: Send {
    fn event(&mut self, seen: &Seen<'_>, event: Event<'_>, place: Place);

    /// The ends acknowledged more of what they said. True while records wait for more of that.
    fn acknowledged(&mut self, _seen: &Seen<'_>) -> bool {
        false
    }

    fn file(&mut self, _seen: &Seen<'_>, _file: &FileRecord, _context: Event<'_>, _place: Place) {}

    fn mark(&mut self, _seen: &Seen<'_>, _mark: &Mark) {}

    /// Something was found for the first time between two hosts.
    fn alert(&mut self, _seen: &Seen<'_>, _alert: &Alert) {}

    /// An indicator was met for the first time between two hosts.
    fn sighting(&mut self, _seen: &Seen<'_>, _sighting: &Sighting) {}

    fn flow(&mut self, _seen: &Seen<'_>, _reason: EndReason) {}

    /// While reading goes on, and once more before its end: what was found since the last time.
    fn beat(&mut self, _news: &News) {}

    fn arp(&mut self, _now: Moment, _options: &Options, _arp: &Arp) {}

    /// Everything is told; gives the first error there was.
    fn finish(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

//! What a room tells, on its way to the outputs: joined with the conversation it is of.

use crate::files::Files;
use crate::findings::Findings;
use crate::flow::Flow;
use crate::output::{Output, Seen};
use crate::watch::{Sighting, Watch};
use crate::{Moment, Options};
use wire::proto::{Detail, Event};
use wire::session::{Expected, FileEnd, FileId, Mark, NewFile, PartOf, Place, Sink};

/// The sink of one conversation, for as long as one packet is read.
pub struct Telling<'a> {
    pub flow: &'a mut Flow,
    pub now: Moment,
    pub options: &'a Options,
    pub files: &'a mut Files,
    pub findings: &'a mut Findings,
    pub watch: &'a mut Watch,
    pub outputs: &'a mut Vec<Box<dyn Output>>,
    /// Conversations that were arranged meanwhile.
    pub expected: &'a mut Vec<Expected>,
}

impl Telling<'_> {
    pub fn detail(&self) -> Detail {
        self.options.detail
    }

    /// Bytes were acknowledged: records that waited for it are written.
    pub fn acknowledged(&mut self) {
        let seen = Seen { flow: self.flow, now: self.now, options: self.options };
        let waits = self.outputs.iter_mut().fold(false, |waits, output| output.acknowledged(&seen) | waits);
        self.flow.records_wait = waits;
    }

    /// The conversation's first packet is read.
    pub fn began(&mut self) {
        let met = self.watch.began(self.flow, self.now);
        self.sighted(met);
    }

    /// What was taken for the originator is the responder.
    pub fn turn(&mut self) {
        self.flow.turn();
        let met = self.watch.turned(self.flow, self.now);
        self.sighted(met);
    }

    fn sighted(&mut self, met: Vec<Sighting>) {
        for sighting in met {
            self.flow.alerts += 1;
            self.each(|output, seen| output.sighting(seen, &sighting));
        }
    }

    fn each(&mut self, tell: impl Fn(&mut dyn Output, &Seen<'_>)) {
        let seen = Seen { flow: self.flow, now: self.now, options: self.options };
        self.outputs.iter_mut().for_each(|output| tell(output.as_mut(), &seen));
    }
}

impl Sink for Telling<'_> {
    fn now_ns(&self) -> i64 {
        self.now.time_ns
    }

    fn event(&mut self, event: Event<'_>, place: Place) {
        self.flow.spoken.refined = event.refines().or(self.flow.spoken.refined);
        self.flow.transactions = self.flow.transactions.max(place.transaction.saturating_add(1));
        self.flow.records_wait |= self.flow.awaits(place.said_by).is_some();
        self.each(|output, seen| output.event(seen, event, place));
        let met = self.watch.event(event, self.flow, self.now);
        self.sighted(met);
    }

    fn mark(&mut self, mark: Mark) {
        self.each(|output, seen| output.mark(seen, &mark));
        for alert in self.findings.mark(self.flow, &mark, self.now) {
            self.flow.alerts += 1;
            self.each(|output, seen| output.alert(seen, &alert));
        }
    }

    fn open_file(&mut self, file: NewFile<'_>) -> FileId {
        self.files.open(&file, [self.flow.originator.address, self.flow.responder.address])
    }

    fn file_is_part(&mut self, id: FileId, part: PartOf<'_>) {
        self.files.is_part(id, part, [self.flow.originator.address, self.flow.responder.address]);
    }

    fn file_data(&mut self, id: FileId, data: &[u8]) {
        self.files.data(id, data);
    }

    fn file_gap(&mut self, id: FileId, length: u64) {
        self.files.gap(id, length);
    }

    fn close_file(&mut self, id: FileId, end: FileEnd, context: Event<'_>, place: Place) {
        let whole = self.files.close_whole(id);
        for file in self.files.close(id, end).into_iter().chain(whole) {
            self.each(|output, seen| output.file(seen, &file, context, place));
            let met = self.watch.file(&file, self.flow, self.now);
            self.sighted(met);
        }
    }

    fn expect(&mut self, expected: Expected) {
        self.expected.push(expected);
    }
}

//! How the endpoint is, as its server is told: at once when something changes, and counts no more often than it is to say that
//! it is there.

use super::machine;
use policy::telling::{Counts, REPORT_BYTES_MAX, Report};
use prost::bytes::Bytes;
use std::time::{Duration, Instant};
use tokio::sync::watch;

pub struct Reporter {
    say: watch::Sender<Bytes>,
    /// What does not change.
    begun: Report,
    last: Option<(Report, Instant)>,
}

impl Reporter {
    pub fn new(began: u64) -> Reporter {
        let begun = Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: machine::name(),
            system: machine::system(),
            kernel: machine::kernel(),
            began,
            ..Report::default()
        };
        Reporter { say: watch::Sender::new(Bytes::new()), begun, last: None }
    }

    /// What is said, for whoever brings it to the server.
    pub fn listen(&self) -> watch::Receiver<Bytes> {
        self.say.subscribe()
    }

    /// A report with nothing in it yet but the machine.
    pub fn blank(&self) -> Report {
        self.begun.clone()
    }

    /// Says how it is, if that is due; true when it was.
    pub fn put(&mut self, report: &Report, heartbeat: Duration, now: Instant) -> bool {
        let is_due = self.last.as_ref().is_none_or(|(last, at)| {
            is_another(last, report) || last.counts != report.counts && now.duration_since(*at) >= heartbeat
        });
        if is_due {
            self.say.send_replace(bytes(report).into());
            self.last = Some((report.clone(), now));
        }
        is_due
    }
}

/// Whether anything differs but counts and the clock.
fn is_another(one: &Report, other: &Report) -> bool {
    let still = |report: &Report| Report { now: 0, counts: Counts::default(), ..report.clone() };
    still(one) != still(other)
}

fn bytes(report: &Report) -> Vec<u8> {
    let bytes = serde_json::to_vec(report).unwrap_or_default();
    if bytes.len() <= REPORT_BYTES_MAX {
        return bytes;
    }
    // What the gaps are in is longer than any name of a file should be: how it is counts more.
    let gaps = report.gaps.iter().map(|gap| model::Message::new(&gap.code)).collect();
    let refused = report.refused.as_ref().map(|why| model::Message::new(&why.code));
    serde_json::to_vec(&Report { gaps, refused, ..report.clone() }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Message;

    #[test]
    fn counts_are_said_with_the_heartbeat_and_everything_else_at_once() {
        let (mut reporter, start, beat) = (Reporter::new(5), Instant::now(), Duration::from_mins(1));
        let mut said = reporter.listen();
        let mut report = reporter.blank();
        let mut is_said = |report: &Report, now: Instant| {
            reporter.put(report, beat, now).then(|| Report::read(&said.borrow_and_update()).unwrap())
        };
        assert_eq!(is_said(&report, start), Some(report.clone()));
        report.counts.decided = 1;
        report.now = 7;
        assert_eq!(is_said(&report, start), None);
        assert_eq!(is_said(&report, start + beat), Some(report.clone()));
        report.now = 8;
        assert_eq!(is_said(&report, start + 3 * beat), None, "nothing changed");
        report.orders = Some(3);
        assert_eq!(is_said(&report, start + 3 * beat), Some(report.clone()));
        report.gaps = vec![Message::new("exec.unwatched").with("path", "x".repeat(REPORT_BYTES_MAX))];
        assert_eq!(is_said(&report, start + 4 * beat).unwrap().gaps, [Message::new("exec.unwatched")]);
    }
}

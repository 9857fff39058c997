//! What one reading gives on its way into the lake: sessions, what was found, what stands out. What a reading that broke
//! off gave is delivered as well: it was seen.

use api::state::App;
use jiff::Timestamp;
use lake::{Outbox, Table};
use model::{Finding, Notable};
use records::{Batch, FINDINGS, Kind, NOTABLES, SESSIONS, SessionRow};
use std::collections::BTreeMap;
use std::net::IpAddr;
use store::CaptureId;

/// Which sign, by whom, against whom.
type FindingKey = (String, IpAddr, IpAddr);

pub struct Delivery {
    outbox: Outbox,
    sessions: Batch<SessionRow>,
    findings: Batch<Finding>,
    notables: Batch<Notable>,
    grown: Grown,
}

/// By how much findings grow, of those that are told with their count from the beginning: what is delivered adds up.
#[derive(Default)]
pub struct Grown {
    /// How often each was told, and up to when.
    told: BTreeMap<FindingKey, (u64, Timestamp)>,
}

impl Grown {
    /// Findings with what is new since they were last asked about; those with nothing new are left out.
    pub fn since(&mut self, findings: &[Finding]) -> Vec<Finding> {
        let mut grown = Vec::new();
        for finding in findings {
            let key = (finding.sign.clone(), finding.originator, finding.responder);
            let told = self.told.insert(key, (finding.count, finding.last));
            let (count, first) = told.unwrap_or((0, finding.first));
            if finding.count > count {
                grown.push(Finding { count: finding.count - count, first, ..finding.clone() });
            }
        }
        grown
    }
}

impl Delivery {
    pub fn begin(app: &App, id: CaptureId) -> Result<Delivery, store::Error> {
        // Each reading is a source of its own: one that is done again may cut its batches elsewhere.
        let source = format!("capture/{id}/{}", app.now().as_microsecond());
        let outbox = Outbox::begin(&crate::lake::folder(app), &source).map_err(failed)?;
        let (sessions, findings, notables) = (Batch::new(&SESSIONS), Batch::new(&FINDINGS), Batch::new(&NOTABLES));
        Ok(Delivery { outbox, sessions, findings, notables, grown: Grown::default() })
    }

    pub fn sessions(&mut self, rows: &[SessionRow]) -> Result<(), store::Error> {
        push(&mut self.outbox, &SESSIONS, &mut self.sessions, rows)
    }

    /// Adds by how much findings grew, each told with its count from the beginning.
    pub fn findings(&mut self, findings: &[Finding]) -> Result<(), store::Error> {
        let grown = self.grown.since(findings);
        push(&mut self.outbox, &FINDINGS, &mut self.findings, &grown)
    }

    /// Adds what stands out: indicators with how often they were met since the last time, behaviours as they are judged.
    pub fn notables(&mut self, notables: &[Notable]) -> Result<(), store::Error> {
        push(&mut self.outbox, &NOTABLES, &mut self.notables, notables)
    }

    /// Everything added until now is on its way for good.
    pub fn deliver(&mut self) -> Result<(), store::Error> {
        self.outbox.deliver().map_err(failed)
    }
}

fn push<R>(outbox: &mut Outbox, kind: &Kind<R>, batch: &mut Batch<R>, rows: &[R]) -> Result<(), store::Error> {
    let Some(table) = Table::named(kind.name).filter(|_| !rows.is_empty()) else { return Ok(()) };
    rows.iter().for_each(|row| batch.push(row));
    let rows = batch.take().map_err(failed)?;
    outbox.push(table, &rows).map_err(failed)
}

/// The lake is kept beside the store; that it cannot be written is told as it is of other files there.
fn failed(error: impl std::error::Error + Send + Sync + 'static) -> store::Error {
    store::Error::File { attempt: "write", path: "lake/incoming".to_owned(), source: std::io::Error::other(error) }
}

//! Who is led now: what each endpoint says, and what of that is still to be written down.

use super::seconds;
use crate::state::App;
use crate::{Problem, endpoints::Guides};
use jiff::Timestamp;
use model::Message;
use policy::telling::{RELEASE_GUIDE, Report};
use policy::{EndpointId, GroupId};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use store::{AskedIsolation, Endpoint};

/// An endpoint that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub collector: String,
    pub group: GroupId,
    pub own_orders: u64,
    pub own_made: u64,
    /// What was asked last about its isolation.
    pub isolation: Option<AskedIsolation>,
    pub machine: String,
    /// Seconds since 1970.
    pub added: i64,
}

/// Who is there, and what has changed since it was written down.
#[derive(Debug, Default)]
pub(super) struct Attending {
    pub now: BTreeMap<EndpointId, Report>,
    unwritten: BTreeMap<EndpointId, (Timestamp, Option<Report>)>,
}

/// The id of whoever delivers under a name: the part of it that is his own. None when it can be none.
pub fn id_of(collector: &str) -> Option<EndpointId> {
    let id = EndpointId::new(collector.rsplit_once('/').map_or(collector, |(_, own)| own));
    id.is_plain().then_some(id)
}

impl App {
    /// Takes what an endpoint says of itself, and gives what it is to have and has not.
    pub async fn attend(&self, collector: &str, report: &[u8]) -> Result<Guides, Problem> {
        let Some(id) = id_of(collector) else { return Ok(Guides::default()) };
        // Of one whose report cannot be read it is seen that it is there, and that something is wrong with it.
        let report = Report::read(report).unwrap_or_else(|why| Report {
            gaps: vec![Message::new("api.endpoint-report").reason("why", why.message())],
            ..Report::default()
        });
        let known = match self.endpoints.find(&id) {
            Some(known) => known,
            None => self.welcome(&id, collector, &report).await?,
        };
        self.endpoints.heard(&id, &report, self.now());
        let now = seconds(self);
        let mut guides = self.endpoints.guides(&id, &known, &report, now)?;
        if let Some(bundle) = self.bundle_for(&id, &known, &report, now).await? {
            // Whatever release it is of: it takes the place of one that was told by earlier orders.
            guides.push((RELEASE_GUIDE, self.endpoints.wanted(&known), bundle));
        }
        Ok(guides)
    }

    /// An endpoint that was not known: its group is the one its token was for, where there is such a group.
    async fn welcome(&self, id: &EndpointId, collector: &str, report: &Report) -> Result<Known, Problem> {
        let held = self.endpoints.held();
        let asked = GroupId::new(collector.rsplit_once('/').map_or("", |(group, _)| group));
        let group = if held.tree.get(&asked).is_some() { asked } else { held.tree.root().clone() };
        let now = self.now();
        let new = Endpoint {
            endpoint: id.clone(),
            collector: collector.to_owned(),
            group,
            added: now,
            heard: now,
            own_orders: 0,
            own_made: seconds(self),
            report: report.clone(),
            host: None,
            isolation: None,
        };
        self.store.endpoints().add(&new, &self.act()).await?;
        // Another server may have welcomed it before.
        let stored = self.store.endpoints().find(id).await?.ok_or_else(|| Problem::not_found("endpoint", &id.0))?;
        let known = Known::of(&stored);
        self.endpoints.known.write().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), known.clone());
        Ok(known)
    }

    /// An endpoint that attended is gone.
    pub fn endpoint_gone(&self, collector: &str) {
        if let Some(id) = id_of(collector) {
            self.endpoints.led().now.remove(&id);
            self.endpoints.wants_no_bundle(&id);
        }
    }

    /// Writes down who was heard; what could not be written is written the next time.
    pub async fn write_heard(&self) -> Result<(), Problem> {
        let unwritten = std::mem::take(&mut self.endpoints.led().unwritten);
        if unwritten.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = unwritten.iter().map(|(id, (at, report))| (id.clone(), *at, report.clone())).collect();
        let written = self.store.endpoints().put_heard(&rows, &self.act()).await;
        if written.is_err() {
            let mut led = self.endpoints.led();
            for (id, before) in unwritten {
                led.unwritten.entry(id).or_insert(before);
            }
        }
        Ok(written?)
    }
}

impl super::EndpointsOfServer {
    fn heard(&self, id: &EndpointId, report: &Report, at: Timestamp) {
        let is_new = {
            let mut led = self.led();
            let is_new = led.now.get(id) != Some(report);
            let kept = led.unwritten.remove(id).and_then(|(_, report)| report);
            let told = if is_new { Some(report.clone()) } else { kept };
            led.unwritten.insert(id.clone(), (at, told));
            led.now.insert(id.clone(), report.clone());
            is_new
        };
        if is_new
            && let Some(known) = self.known.write().unwrap_or_else(PoisonError::into_inner).get_mut(id)
            && known.machine != report.machine
        {
            known.machine.clone_from(&report.machine);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_part_of_a_name_that_is_its_own() {
        assert_eq!(id_of("laptops/4f1d"), Some(EndpointId::new("4f1d")));
        assert_eq!(id_of("4f1d"), Some(EndpointId::new("4f1d")));
        assert_eq!(id_of("laptops/"), None);
        assert_eq!(id_of("laptops/a b"), None);
    }
}

//! Bundles of releases, for the endpoints that say that they want one. Only so many are told one at a time: ten thousand that
//! come to another release at once would take the network from everything else.

use super::{EndpointsOfServer, Known};
use crate::Problem;
use crate::state::App;
use model::Digest;
use policy::EndpointId;
use policy::groups::AgentVersion;
use policy::orders::AgentOrders;
use policy::telling::{Report, UpdateState};
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::StoredRelease;

/// Endpoints that are told a bundle at a time.
const TELLING_MAX: usize = 16;
/// One that says nothing more is not waited for.
const TELLING_WITHIN: Duration = Duration::from_secs(300);

/// Who is told a bundle now, and the last one that was read.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    telling: BTreeMap<EndpointId, Instant>,
    /// Others want one and were told to wait.
    others_wait: bool,
    last: Option<(Digest, Arc<[u8]>)>,
}

impl Bundles {
    /// Whether an endpoint may be told one now.
    fn may(&mut self, id: &EndpointId, now: Instant) -> bool {
        self.telling.retain(|_, since| now.duration_since(*since) < TELLING_WITHIN);
        if !self.telling.contains_key(id) && self.telling.len() >= TELLING_MAX {
            self.others_wait = true;
            return false;
        }
        self.telling.entry(id.clone()).or_insert(now);
        true
    }

    /// The bundle with that program, if it is the last one that was read.
    fn last_of(&self, sha256: Digest) -> Option<Arc<[u8]>> {
        self.last.as_ref().filter(|(of, _)| *of == sha256).map(|(_, bytes)| bytes.clone())
    }

    /// An endpoint wants none any more; true when those who wait are to be looked at again. That is everybody, so it is
    /// not done for each place by itself.
    fn is_over(&mut self, id: &EndpointId) -> bool {
        let was_told = self.telling.remove(id).is_some();
        was_told && self.telling.len() <= TELLING_MAX / 2 && std::mem::take(&mut self.others_wait)
    }
}

impl EndpointsOfServer {
    /// What orders of a group say of the agent.
    pub(super) fn agent_orders(held: &super::Held, agent: &AgentVersion) -> Option<AgentOrders> {
        let AgentVersion::Release { version, older } = agent else { return None };
        let releases = held.releases.iter().filter(|one| one.release.version == *version);
        Some(AgentOrders {
            version: version.clone(),
            programs: releases.map(|one| (one.release.target.clone(), one.release.sha256)).collect(),
            keys: held.agent_keys.iter().map(|key| key.public).collect(),
            older: *older,
        })
    }

    /// The version of the agent that an endpoint is to run, where its group says any.
    pub fn agent_wanted(&self, known: &Known, now: u64) -> Option<String> {
        match self.held().tree.effective(&known.group, now).ok()?.agent.value {
            AgentVersion::Release { version, .. } => Some(version),
            AgentVersion::AsItIs => None,
        }
    }

    fn bundles(&self) -> MutexGuard<'_, Bundles> {
        self.bundles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wants_no_bundle(&self, id: &EndpointId) {
        if self.bundles().is_over(id) {
            self.tell_change();
        }
    }
}

impl App {
    /// The bundle that an endpoint wants, if its group is to run that and it is its turn.
    pub(super) async fn bundle_for(
        &self,
        id: &EndpointId,
        known: &Known,
        report: &Report,
        now: u64,
    ) -> Result<Option<Arc<[u8]>>, Problem> {
        let endpoints = &self.endpoints;
        let wanted = report.update.as_ref().filter(|update| update.state == UpdateState::Wanted);
        // What it says is looked at, and never taken for more: another release than its group's is told to nobody.
        let wanted = wanted.filter(|update| endpoints.agent_wanted(known, now).as_ref() == Some(&update.version));
        let Some(update) = wanted else {
            endpoints.wants_no_bundle(id);
            return Ok(None);
        };
        let held = endpoints.held();
        let is_it =
            |one: &&StoredRelease| (&one.release.version, &one.release.target) == (&update.version, &update.target);
        let Some(release) = held.releases.iter().find(is_it).map(|one| &one.release) else { return Ok(None) };
        if !endpoints.bundles().may(id, Instant::now()) {
            return Ok(None);
        }
        // One reads it, and the others who came at the same time have what he read.
        let _reading = endpoints.bundle_reading.lock().await;
        if let Some(bytes) = endpoints.bundles().last_of(release.sha256) {
            return Ok(Some(bytes));
        }
        let bytes = self.store.endpoints().bundle(&release.version, &release.target).await?;
        let Some(bytes) = bytes else { return Ok(None) };
        let bytes: Arc<[u8]> = bytes.into();
        endpoints.bundles().last = Some((release.sha256, bytes.clone()));
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_told_at_a_time_and_the_next_when_one_has_it() {
        let (mut bundles, now) = (Bundles::default(), Instant::now());
        let id = |number: usize| EndpointId::new(format!("{number:04}"));
        for number in 0..TELLING_MAX {
            assert!(bundles.may(&id(number), now));
        }
        assert!(bundles.may(&id(0), now), "it is told already");
        assert!(!bundles.may(&id(TELLING_MAX), now));
        let woken: Vec<_> = (0..TELLING_MAX).filter(|number| bundles.is_over(&id(*number))).collect();
        assert_eq!(woken, [TELLING_MAX / 2 - 1], "those who wait are looked at once");
        for number in TELLING_MAX..2 * TELLING_MAX {
            assert!(bundles.may(&id(number), now));
        }
        assert!(!bundles.may(&id(99), now) && !bundles.is_over(&id(98)));
        assert!(bundles.may(&id(99), now + TELLING_WITHIN), "nobody waits for ever");
    }
}

//! How far files are trusted by how they spread over endpoints: folded from what they tell, signed as a table.

use super::{EndpointsOfServer, seconds};
use crate::Problem;
use crate::state::App;
use crate::wire::endpoints::{FileReputation, ReputationChange, ReputationTerm};
use ::reputation::weights::TRUSTED_FROM;
use ::reputation::{Place, Program, Remote, Sighting, Source, UserRole, View, explain, fold};
use model::{Digest, HostId};
use policy::orders::{ReputationTable, TABLE_ENTRIES_MAX};
use policy::telling::{Ran, Told, What};
use policy::{EndpointId, GroupId, Origin, Outcome};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use store::PastRun;

/// A table as it is sent.
#[derive(Debug)]
pub(super) struct Table {
    pub content: Arc<ReputationTable>,
    pub sealed: Arc<[u8]>,
}

/// How far back, and how much, is learned from again.
const KEPT_SECONDS: i64 = 90 * 86_400;
const PAST_MAX: i64 = 4_000_000;
/// An endpoint's first day: what it tells then may have been there long before.
const FIRST_DAY_SECONDS: i64 = 86_400;

impl App {
    /// Learns from what an endpoint told. The group is what the server knows, never what the endpoint says.
    pub fn learn_spread(&self, id: &EndpointId, told: &[Told]) {
        let Some(known) = self.endpoints.find(id) else { return };
        let received = self.now().as_second();
        let mut network = self.endpoints.network.lock().unwrap_or_else(PoisonError::into_inner);
        for one in told {
            let What::Ran(ran) = &one.what else { continue };
            if let Some(sighting) = sighting(id, &known.group, known.added, received, one.at, ran) {
                fold(&mut network, &sighting);
            }
        }
    }

    /// Learns from what is kept: the network of before a restart. Of each file on a host its first and its last use count.
    pub(super) async fn learn_spread_again(&self) -> Result<(), Problem> {
        let since = self.now().as_second().saturating_sub(KEPT_SECONDS);
        let past = self.store.endpoints().executions_since(since, PAST_MAX).await?;
        let known = self.endpoints.known();
        let mut network = self.endpoints.network.lock().unwrap_or_else(PoisonError::into_inner);
        for PastRun { endpoint, ran, first, last, .. } in &past {
            let Some(known) = known.get(endpoint) else { continue };
            for at in [first, last] {
                let received = i64::try_from(*at).unwrap_or(i64::MAX);
                if let Some(sighting) = sighting(endpoint, &known.group, known.added, received, *at, ran) {
                    fold(&mut network, &sighting);
                }
            }
        }
        Ok(())
    }

    /// Makes a table of what is known now, if it says something else than the one before.
    pub async fn make_reputation(&self) -> Result<(), Problem> {
        let app = self.clone();
        let now = seconds(self);
        crate::rooms::blocking(move || app.endpoints.make_table(now)).await??;
        Ok(())
    }

    /// Where a file stands, with every term.
    pub async fn file_reputation(&self, sha256: Digest) -> Result<FileReputation, Problem> {
        let app = self.clone();
        crate::rooms::blocking(move || {
            let network = app.endpoints.network.lock().unwrap_or_else(PoisonError::into_inner);
            told(sha256, &network, app.now().as_second())
        })
        .await
    }
}

impl EndpointsOfServer {
    fn make_table(&self, now: u64) -> Result<(), Problem> {
        let Some(signer) = self.signer.get() else { return Ok(()) };
        let seconds = i64::try_from(now).map_err(Problem::internal)?;
        let reputation: BTreeMap<Digest, u8> = {
            let network = self.network.lock().unwrap_or_else(PoisonError::into_inner);
            View::new(&network, seconds).table().into_iter().take(TABLE_ENTRIES_MAX).collect()
        };
        let before = self.table.read().unwrap_or_else(PoisonError::into_inner).clone();
        // The time is the version: it rises over restarts too, and is the same for what was folded anew.
        let content = ReputationTable::new(now, now, &reputation).map_err(Problem::internal)?;
        if reputation.is_empty() || before.is_some_and(|before| before.content.says_the_same(&content)) {
            return Ok(());
        }
        let sealed = content.seal(signer).map_err(Problem::internal)?.into();
        *self.table.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Arc::new(Table { content: Arc::new(content), sealed }));
        self.tell_change();
        Ok(())
    }
}

fn sighting(id: &EndpointId, group: &GroupId, added: i64, received: i64, at: u64, ran: &Ran) -> Option<Sighting> {
    let at = i64::try_from(at).ok()?;
    let program = |path: &Option<String>| path.as_ref().map(|path| Program { sha256: None, name: name_of(path) });
    let source = match &ran.origin {
        Origin::Package { .. } => Source::Package,
        _ if received - added < FIRST_DAY_SECONDS => Source::Before,
        _ => Source::Unknown,
    };
    // What was kept from running is no use of it.
    (ran.outcome != Outcome::Blocked).then_some(())?;
    Some(Sighting {
        file: ran.sha256?,
        host: HostId(id.0.clone()),
        group: group.0.clone(),
        role: String::new(),
        at,
        received,
        source,
        account: None,
        parent: program(&ran.parent),
        writer: program(&ran.writer),
        place: place(&ran.path),
        user: match ran.user {
            Some(0) => UserRole::System,
            Some(1..1000) => UserRole::Service,
            Some(_) => UserRole::Person,
            None => UserRole::Unknown,
        },
        hour: u8::try_from(at.rem_euclid(86_400) / 3600).ok(),
        remote: Remote::Unknown,
    })
}

fn name_of(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn place(path: &str) -> Place {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    if path.is_empty() {
        Place::Nowhere
    } else if ["/tmp", "/var/tmp", "/dev/shm", "/run"].into_iter().any(below) {
        Place::Temporary
    } else if ["/home", "/root"].into_iter().any(below) {
        if path.contains("/Downloads/") { Place::Downloads } else { Place::Home }
    } else if ["/mnt", "/net"].into_iter().any(below) {
        Place::Share
    } else if below("/media") {
        Place::Removable
    } else if ["/opt", "/usr/local", "/srv"].into_iter().any(below) {
        Place::Programs
    } else {
        Place::System
    }
}

fn told(sha256: Digest, network: &::reputation::Network, now: i64) -> FileReputation {
    let standing = View::new(network, now).standing(&sha256);
    let explanation = explain(&standing);
    let terms = standing.terms.iter().map(|term| ReputationTerm {
        name: serde_json::to_value(term.name)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default(),
        points: term.points,
        words: term.why.clone(),
        without: explanation.without.iter().find(|without| without.term == term.name).map(|without| without.reputation),
    });
    FileReputation {
        sha256,
        reputation: standing.reputation,
        trusted_from: TRUSTED_FROM,
        terms: terms.collect(),
        changes: explanation
            .changes
            .iter()
            .map(|change| ReputationChange { words: change.what.clone(), reputation: change.reputation })
            .collect(),
        hosts: standing.hosts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_its_folder() {
        for (path, at) in [
            ("/usr/bin/ls", Place::System),
            ("/tmp/x", Place::Temporary),
            ("/tmpx/x", Place::System),
            ("/home/a/Downloads/x", Place::Downloads),
            ("/home/a/bin/x", Place::Home),
            ("/opt/tool/x", Place::Programs),
            ("", Place::Nowhere),
        ] {
            assert_eq!(place(path), at, "{path}");
        }
    }
}

//! Roll-outs: who is in which ring, which rings are open, and what is held back until they are.

use crate::session::Caller;
use crate::state::App;
use crate::wire::rollouts::*;
use crate::{Problem, fleet};
use model::{HostId, Message};
use remedy::fleet::rings;
use serde_json::json;
use std::collections::BTreeMap;
use store::{RingMember, RolloutId};

const NEEDED_PERCENT: std::ops::RangeInclusive<u8> = 50..=100;

/// Lays down the rings of an action as it is now, and begins.
pub async fn start(app: &App, caller: &Caller, request: NewRollout) -> Result<Rollout, Problem> {
    let needed_percent = request.needed_percent.unwrap_or(rings::VERIFIED_PERCENT);
    if !NEEDED_PERCENT.contains(&needed_percent) {
        return Err(Problem::bad_request(Message::new("api.rollout-percent")));
    }
    let gone = || Problem::conflict(Message::new("api.rollout-no-action").with("action", &request.action));
    let chosen = fleet::hosts_of_action(app, &request.action).await?.ok_or_else(gone)?;
    let candidates = chosen.hosts.iter().map(|host| rings::Candidate {
        caution: chosen.caution(host),
        value: remedy::fleet::rated(host.value),
        host: host.host.clone(),
    });
    let weapons: BTreeMap<&HostId, _> = chosen.hosts.iter().map(|host| (&host.host, chosen.weapons(host))).collect();
    let member = |(host, ring)| RingMember { weapons: weapons.get(&host).cloned().unwrap_or_default(), host, ring };
    let members: Vec<RingMember> = rings::assign(candidates.collect()).into_iter().map(member).collect();
    if members.is_empty() {
        return Err(gone());
    }
    let detail = json!({ "action": request.action, "hosts": members.len(), "needed_percent": needed_percent });
    let act = caller.act(app, "rollout.start", format!("action:{}", request.action), detail);
    let new = store::NewRollout {
        action: request.action,
        title: chosen.title,
        needed_percent,
        owner: caller.actor(),
        members,
    };
    let id = app.store.start_rollout(&new, &act).await?;
    Ok(show(app.store.rollout(id).await?))
}

pub fn show(kept: store::Rollout) -> Rollout {
    let open = open_rings(&kept);
    let id = kept.id;
    let ring = |(standing, percent): (store::RingStanding, u8)| RingStanding {
        ring: standing.ring,
        percent,
        hosts: standing.hosts,
        verified: standing.verified,
        failed: standing.failed,
        excepted: standing.excepted,
        working: standing.working,
        waiting: standing.waiting,
        open: standing.ring <= open,
        query: format!("rollout={id}&ring={}", standing.ring),
    };
    Rollout {
        id,
        rings: kept.rings.into_iter().zip(rings::PERCENT).map(ring).collect(),
        action: kept.action,
        title: kept.title,
        needed_percent: kept.needed_percent,
        by: kept.owner,
        started: kept.started,
        ended: kept.ended,
    }
}

/// The last ring that is open: the first one always is, each other one by the ring before it.
fn open_rings(kept: &store::Rollout) -> u8 {
    let done = |ring: &&store::RingStanding| {
        rings::opens(ring.hosts - ring.excepted, ring.verified, ring.failed, kept.needed_percent)
    };
    1 + u8::try_from(kept.rings.iter().take_while(done).count()).unwrap_or(u8::MAX - 1)
}

/// What the roll-outs that go on hold back at this moment.
pub struct Gate {
    rollouts: BTreeMap<RolloutId, (store::Rollout, u8)>,
}

impl Gate {
    pub async fn now(app: &App) -> Result<Gate, Problem> {
        let rollouts = app.store.rollouts().await?;
        Ok(Gate {
            rollouts: rollouts.into_iter().map(|kept| (kept.id, (open_rings(&kept), kept))).map(turned).collect(),
        })
    }

    /// The hosts among these whose ring is not open yet, each with the reason.
    pub async fn held(&self, app: &App, hosts: &[HostId]) -> Result<BTreeMap<HostId, Message>, Problem> {
        if self.rollouts.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut held = BTreeMap::new();
        for (host, places) in app.store.rings_of(hosts).await? {
            let reason = places.iter().find_map(|(rollout, ring)| self.reason(*rollout, *ring));
            held.extend(reason.map(|reason| (host, reason)));
        }
        Ok(held)
    }

    fn reason(&self, rollout: RolloutId, ring: u8) -> Option<Message> {
        let (kept, open) = self.rollouts.get(&rollout)?;
        let before = kept.rings.get(usize::from(*open) - 1).filter(|_| ring > *open)?;
        let message = Message::new("api.ring-not-open")
            .number("ring", i64::from(ring))
            .number("before", i64::from(before.ring))
            .number("verified", before.verified as i64)
            .number("hosts", (before.hosts - before.excepted) as i64)
            .number("needed", i64::from(kept.needed_percent))
            .number("failed", before.failed as i64);
        Some(message.with("rollout", rollout))
    }
}

fn turned((id, (open, kept)): (RolloutId, (u8, store::Rollout))) -> (RolloutId, (store::Rollout, u8)) {
    (id, (kept, open))
}

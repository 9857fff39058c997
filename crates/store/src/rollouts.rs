//! Roll-outs: an action of the fleet in rings, and how far each ring is.
//!
//! Nothing is written when a host is verified: how a ring stands is read off the judgements and the plans of its hosts,
//! so that it is true after every write, whoever wrote.

use crate::db::{Columns, Sql, Tx, sql};
use crate::hosts::IDS_MAX;
use crate::pack::{clean, from_json, from_word, json, sure_time, time};
use crate::{Act, Error, ProfileId, Result, Store, assets, bulk};
use jiff::Timestamp;
use model::{ExposureState, HostId, Message, PlanState, WeaponId};
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

pub type RolloutId = i64;

/// A roll-out about to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRollout {
    /// The key of the action.
    pub action: String,
    pub title: Message,
    pub needed_percent: u8,
    pub owner: String,
    pub members: Vec<RingMember>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingMember {
    pub host: HostId,
    /// 1-based.
    pub ring: u8,
    /// What the action closes on this host for good; none for a measure.
    pub weapons: BTreeSet<WeaponId>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    pub id: RolloutId,
    pub action: String,
    pub title: Message,
    pub needed_percent: u8,
    pub owner: String,
    pub started: Timestamp,
    /// `None` while it goes on.
    pub ended: Option<Timestamp>,
    pub rings: Vec<RingStanding>,
}

/// How far one ring is; each host counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RingStanding {
    pub ring: u8,
    pub hosts: u64,
    /// The facts show what the action was to close as closed, or the plan is verified.
    pub verified: u64,
    /// The plan failed, or was rolled back with the hole still open.
    pub failed: u64,
    /// Put off by an exception: not waited for.
    pub excepted: u64,
    /// Running or waiting to be verified.
    pub working: u64,
    pub waiting: u64,
}

/// A host of an action, with what puts it into its ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostOfAction {
    pub host: HostId,
    pub value: Option<u8>,
    pub profile: ProfileId,
}

impl Store {
    /// The hosts that have one of these profiles.
    pub async fn hosts_of_profiles(&self, profiles: &BTreeSet<ProfileId>) -> Result<Vec<HostOfAction>> {
        let profiles: Vec<_> = profiles.iter().copied().collect();
        let mut found = Vec::new();
        for profiles in profiles.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT id, value, profile FROM hosts WHERE profile IN ");
            sql.list(profiles.iter().copied());
            for row in sql.all(self.db.reader()).await? {
                let value = u8::try_from(row.int("value")?).ok().filter(|value| *value > 0);
                found.push(HostOfAction { host: HostId(row.text("id")?), value, profile: row.int("profile")? });
            }
        }
        Ok(found)
    }

    /// Begins a roll-out. One action is rolled out once at a time.
    pub async fn start_rollout(&self, new: &NewRollout, act: &Act) -> Result<RolloutId> {
        let mut tx = self.db.begin().await?;
        let row = sql!(
            "INSERT INTO rollouts (action, title, needed_percent, owner, started, ended) \
             VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING RETURNING id",
            clean(&new.action),
            json("title", &new.title)?,
            i64::from(new.needed_percent),
            clean(&new.owner),
            act.micros()
        )
        .optional(&mut *tx)
        .await?;
        let row = row.ok_or_else(|| Error::Exists { kind: "rollout", id: new.action.clone() })?;
        let id = row.int("id")?;
        let member = |member: &RingMember| {
            let weapons: Vec<_> = member.weapons.iter().map(WeaponId::as_str).collect();
            vec![id.into(), member.host.as_str().into(), i64::from(member.ring).into(), weapons.join(" ").into()]
        };
        let rows = new.members.iter().map(member).collect();
        bulk::insert(&mut tx, "rollout_hosts", &["rollout", "host", "ring", "weapons"], rows, "").await?;
        self.commit(tx, act).await?;
        Ok(id)
    }

    /// Ends a roll-out: its rings hold nothing up any more.
    pub async fn end_rollout(&self, id: RolloutId, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let ended =
            sql!("UPDATE rollouts SET ended = $1 WHERE id = $2 AND ended = 0", act.micros(), id).run(&mut *tx).await?;
        if ended == 0 {
            return Err(Error::not_found("rollout", id));
        }
        self.commit(tx, act).await
    }

    pub async fn rollout(&self, id: RolloutId) -> Result<Rollout> {
        let row = sql!("SELECT * FROM rollouts WHERE id = $1", id).optional(self.db.reader()).await?;
        let row = row.ok_or_else(|| Error::not_found("rollout", id))?;
        self.with_rings(&row).await
    }

    /// Roll-outs that go on, newest first.
    pub async fn rollouts(&self) -> Result<Vec<Rollout>> {
        let rows = Sql::new("SELECT * FROM rollouts WHERE ended = 0 ORDER BY id DESC").all(self.db.reader()).await?;
        let mut rollouts = Vec::with_capacity(rows.len());
        for row in &rows {
            rollouts.push(self.with_rings(row).await?);
        }
        Ok(rollouts)
    }

    /// In which ring of which roll-out that goes on these hosts are.
    pub async fn rings_of(&self, hosts: &[HostId]) -> Result<BTreeMap<HostId, Vec<(RolloutId, u8)>>> {
        let mut found: BTreeMap<HostId, Vec<(RolloutId, u8)>> = BTreeMap::new();
        for hosts in hosts.chunks(IDS_MAX) {
            let mut sql = Sql::new(
                "SELECT host, rollout, ring FROM rollout_hosts \
                 WHERE rollout IN (SELECT id FROM rollouts WHERE ended = 0) AND host IN ",
            );
            sql.list(hosts.iter().map(HostId::as_str)).push(" ORDER BY rollout");
            for row in sql.all(self.db.reader()).await? {
                found.entry(HostId(row.text("host")?)).or_default().push((row.int("rollout")?, ring(&row)?));
            }
        }
        Ok(found)
    }

    async fn with_rings(&self, row: &AnyRow) -> Result<Rollout> {
        let id = row.int("id")?;
        Ok(Rollout {
            id,
            action: row.text("action")?,
            title: from_json("rollout", id, &row.text("title")?)?,
            needed_percent: u8::try_from(row.int("needed_percent")?).unwrap_or(100),
            owner: row.text("owner")?,
            started: sure_time(row.int("started")?),
            ended: time(row.int("ended")?),
            rings: self.rings(id).await?,
        })
    }

    async fn rings(&self, rollout: RolloutId) -> Result<Vec<RingStanding>> {
        let places = self.weapon_places().await?;
        // Hosts that stand alike are counted together: a few hundred rows, however many hosts there are.
        let rows = sql!(
            "SELECT ring, weapons, states, plan_state, COUNT(*) AS n FROM rollout_hosts \
             JOIN hosts ON hosts.id = rollout_hosts.host WHERE rollout = $1 GROUP BY ring, weapons, states, plan_state",
            rollout
        )
        .all(self.db.reader())
        .await?;
        let mut rings = [1, 2, 3].map(|ring| RingStanding { ring, ..RingStanding::default() });
        for row in rows {
            let place = usize::from(ring(&row)?.clamp(1, 3)) - 1;
            let closed = closed(&row.text("weapons")?, &row.text("states")?, &places);
            rings[place].count(closed, from_word(&row.text("plan_state")?), row.int("n")?.unsigned_abs());
        }
        Ok(rings.to_vec())
    }
}

impl RingStanding {
    fn count(&mut self, closed: bool, plan: Option<PlanState>, hosts: u64) {
        self.hosts += hosts;
        let part = match plan {
            Some(PlanState::Verified) => &mut self.verified,
            _ if closed => &mut self.verified,
            Some(PlanState::Failed | PlanState::RolledBack) => &mut self.failed,
            Some(PlanState::Exception) => &mut self.excepted,
            Some(PlanState::Running | PlanState::Verifying) => &mut self.working,
            Some(PlanState::Draft | PlanState::Approval) | None => &mut self.waiting,
        };
        *part += hosts;
    }
}

/// Whether every one of these weapons is shown to be fixed or not to affect the host. No weapons is nothing shown, and
/// so is a weapon that the judgement does not know.
fn closed(weapons: &str, states: &str, places: &[WeaponId]) -> bool {
    let state = |weapon: &str| {
        let place = places.iter().position(|known| known.as_str() == weapon)?;
        assets::state_of(states.chars().nth(place)?)
    };
    let is_closed = |weapon| matches!(state(weapon), Some(ExposureState::Fixed | ExposureState::NotAffected));
    !weapons.is_empty() && weapons.split(' ').all(is_closed)
}

fn ring(row: &AnyRow) -> Result<u8> {
    Ok(u8::try_from(row.int("ring")?).unwrap_or(u8::MAX))
}

/// Gives the places of a host in roll-outs to another: two records turned out to be one machine.
pub(crate) async fn absorb(tx: &mut Tx, gone: &HostId, into: &HostId) -> Result<()> {
    sql!(
        "UPDATE rollout_hosts SET host = $1 WHERE host = $2 AND rollout NOT IN \
         (SELECT rollout FROM rollout_hosts WHERE host = $3)",
        into.as_str(),
        gone.as_str(),
        into.as_str()
    )
    .run(&mut **tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weapon_is_closed_only_where_a_judgement_shows_it() {
        let places = ["a", "b"].map(WeaponId::from);
        assert!(closed("a b", "fn", &places));
        for (weapons, states) in [("a b", "fo"), ("a b", "fu"), ("a b", "f-"), ("a b", "f"), ("c", "ff"), ("", "ff")] {
            assert!(!closed(weapons, states, &places), "{weapons} {states}");
        }
    }
}

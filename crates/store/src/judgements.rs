//! Judgements: exposure and plan of a host, and the columns of the asset table that come from them.

use crate::assets::{letter, timeline_number};
use crate::bulk;
use crate::db::{Columns, Sql, Tx, Value, sql};
use crate::hosts::IDS_MAX;
use crate::pack::{clean, optional_word, pack, unpack};
use crate::profiles::{self, Profile, ProfileId};
use crate::{Act, Result, Store, plans};
use jiff::Timestamp;
use model::{ActionKind, Disposal, Exposure, ExposureState, HostExposure, HostId, HostPlan, Timeline, WeaponId};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is judged of one host.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub exposure: HostExposure,
    pub plan: HostPlan,
}

/// A judgement as it is stored: with the profile by which the fleet counts the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub judgement: Judgement,
    pub profile: Profile,
}

/// The part of a judgement that is about weapons.
pub(crate) struct Evidence {
    pub exposures: Vec<Exposure>,
    pub disposals: Vec<Disposal>,
}

/// A part of [`HostExposure`] as it is stored.
#[derive(Deserialize)]
struct WeaponsOnly {
    weapons: Vec<Exposure>,
}

/// A part of [`HostPlan`] as it is stored.
#[derive(Deserialize)]
struct DisposalsOnly {
    disposals: Vec<Disposal>,
}

impl Store {
    /// Stores judgements of known hosts, all or none: after new knowledge, or on a new day.
    pub async fn store_judgements(&self, judged: &[Judged], knowledge: &str, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        prepare(&mut tx, judged, knowledge, act.now).await?.write(&mut tx).await?;
        self.commit(tx, act).await
    }

    /// The last judgement of a host with the version of the knowledge it was made with.
    pub async fn judgement(&self, id: &HostId) -> Result<Option<(Judgement, String)>> {
        let row = sql!("SELECT exposure, plan, knowledge FROM assessments WHERE host = $1", id.as_str())
            .optional(self.db.reader())
            .await?;
        row.map(|row| Ok((judgement(&row, id)?, row.text("knowledge")?))).transpose()
    }

    pub async fn judgements(&self, ids: &[HostId]) -> Result<BTreeMap<HostId, Judgement>> {
        let mut found = BTreeMap::new();
        for ids in ids.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT host, exposure, plan FROM assessments WHERE host IN ");
            sql.list(ids.iter().map(HostId::as_str));
            for row in sql.all(self.db.reader()).await? {
                let id = HostId(row.text("host")?);
                let judgement = judgement(&row, &id)?;
                found.insert(id, judgement);
            }
        }
        Ok(found)
    }

    /// What is known of the weapons against these hosts. A judgement lists every open vulnerability of its host, thousands
    /// of them; here they are passed over.
    pub(crate) async fn evidence(&self, ids: &[HostId]) -> Result<BTreeMap<HostId, Evidence>> {
        let mut found = BTreeMap::new();
        for ids in ids.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT host, exposure, plan FROM assessments WHERE host IN ");
            sql.list(ids.iter().map(HostId::as_str));
            for row in sql.all(self.db.reader()).await? {
                let id = row.text("host")?;
                let exposure: WeaponsOnly = unpack("exposure", &id, &row.bytes("exposure")?)?;
                let plan: DisposalsOnly = unpack("plan", &id, &row.bytes("plan")?)?;
                found.insert(HostId(id), Evidence { exposures: exposure.weapons, disposals: plan.disposals });
            }
        }
        Ok(found)
    }

    /// Judgements in host order after the given one: to walk over the fleet without holding all of it.
    pub async fn judgements_after(&self, after: Option<&HostId>, limit: u32) -> Result<Vec<Judgement>> {
        let rows = sql!(
            "SELECT host, exposure, plan FROM assessments WHERE host > $1 ORDER BY host LIMIT $2",
            after.map_or("", HostId::as_str),
            i64::from(limit)
        )
        .all(self.db.reader())
        .await?;
        rows.iter().map(|row| judgement(row, &HostId(row.text("host")?))).collect()
    }

    /// The weapons in the order of the letters in `hosts.states`.
    pub(crate) async fn weapon_places(&self) -> Result<Vec<WeaponId>> {
        let rows = Sql::new("SELECT id FROM weapons ORDER BY place").all(self.db.reader()).await?;
        rows.iter().map(|row| Ok(WeaponId(row.text("id")?))).collect()
    }
}

fn judgement(row: &sqlx::any::AnyRow, id: &HostId) -> Result<Judgement> {
    Ok(Judgement {
        exposure: unpack("exposure", id, &row.bytes("exposure")?)?,
        plan: unpack("plan", id, &row.bytes("plan")?)?,
    })
}

/// The columns of the asset table that a judgement fills.
pub(crate) const COLUMNS: [&str; 14] = [
    "system_id",
    "supported",
    "states",
    "worst",
    "open_count",
    "unknown_count",
    "open_cves",
    "open_kev",
    "urgency",
    "next_action",
    "plan_id",
    "plan_state",
    "assessed_at",
    "profile",
];

/// Judgements on their way into the store: their columns of the asset table, and what is kept beside it.
pub(crate) struct Prepared {
    rows: BTreeMap<HostId, Vec<Value>>,
    bodies: Vec<Vec<Value>>,
    plans: plans::Changes,
}

/// Works out what these judgements write, before their hosts are written: a row of the asset table is in a dozen
/// indexes, and written once with its judgement it costs a third of being written without, with it, and with its plan.
pub(crate) async fn prepare(tx: &mut Tx, judged: &[Judged], knowledge: &str, now: Timestamp) -> Result<Prepared> {
    let latest: BTreeMap<_, _> = judged.iter().map(|judged| (&judged.judgement.exposure.host, judged)).collect();
    let (mut rows, mut bodies) = (BTreeMap::new(), Vec::with_capacity(latest.len()));
    if latest.is_empty() {
        return Ok(Prepared { rows, bodies, plans: plans::Changes::default() });
    }
    let kinds = profiles::places(tx, latest.values().map(|judged| &judged.profile)).await?;
    let kinds: BTreeMap<_, _> =
        latest.iter().map(|(id, judged)| (*id, profiles::place(&kinds, &judged.profile))).collect();
    let latest: BTreeMap<_, _> = latest.into_iter().map(|(id, judged)| (id, &judged.judgement)).collect();
    let places = places(tx, &latest).await?;
    let plans = plans::follow(tx, &latest, now).await?;
    for (id, judgement) in &latest {
        rows.insert((*id).clone(), row_values(judgement, &places, plans.shown(id), kinds[id], now));
        bodies.push(vec![
            id.as_str().into(),
            judgement.plan.day.to_string().into(),
            clean(knowledge).into(),
            pack("exposure", &judgement.exposure)?.into(),
            pack("plan", &judgement.plan)?.into(),
        ]);
    }
    Ok(Prepared { rows, bodies, plans })
}

impl Prepared {
    /// Hands out the values of [`COLUMNS`] for a host that is written now; [`Prepared::write`] leaves it alone then.
    pub fn take(&mut self, id: &HostId) -> Option<Vec<Value>> {
        self.rows.remove(id)
    }

    /// Writes the rest: hosts that were not taken, and what is kept beside the asset table.
    pub async fn write(self, tx: &mut Tx) -> Result<()> {
        let rows = self.rows.into_iter().map(|(id, row)| [id.as_str().into()].into_iter().chain(row).collect());
        let columns: Vec<_> = ["id"].into_iter().chain(COLUMNS).collect();
        bulk::update(tx, "hosts", &columns, rows.collect()).await?;
        let columns = ["host", "day", "knowledge", "exposure", "plan"];
        bulk::insert(tx, "assessments", &columns, self.bodies, &bulk::overwrite("host", &columns)).await?;
        self.plans.write(tx).await
    }
}

/// The place of every weapon, new ones appended. Places never change, so old rows stay readable.
async fn places(tx: &mut Tx, judgements: &BTreeMap<&HostId, &Judgement>) -> Result<BTreeMap<WeaponId, usize>> {
    let mut known = read_places(tx).await?;
    // New ones get their places in the knowledge base's order, which is also the order of the exposure list.
    let mut new: Vec<&WeaponId> = Vec::new();
    for exposure in judgements.values().flat_map(|judgement| &judgement.exposure.weapons) {
        if !known.contains_key(&exposure.weapon) && !new.contains(&&exposure.weapon) {
            new.push(&exposure.weapon);
        }
    }
    for weapon in new {
        // Another writer may take the same place first; then this one waits for it and takes the next.
        while !known.contains_key(weapon) {
            sql!(
                "INSERT INTO weapons (place, id) VALUES ((SELECT COALESCE(MAX(place), -1) + 1 FROM weapons), $1) \
                 ON CONFLICT DO NOTHING",
                weapon.as_str()
            )
            .run(&mut **tx)
            .await?;
            known = read_places(tx).await?;
        }
    }
    Ok(known)
}

async fn read_places(tx: &mut Tx) -> Result<BTreeMap<WeaponId, usize>> {
    let rows = Sql::new("SELECT place, id FROM weapons ORDER BY place").all(&mut **tx).await?;
    rows.iter().map(|row| Ok((WeaponId(row.text("id")?), usize::try_from(row.int("place")?).unwrap_or(0)))).collect()
}

fn row_values(
    judgement: &Judgement,
    places: &BTreeMap<WeaponId, usize>,
    [plan_id, plan_state]: [Value; 2],
    profile: ProfileId,
    now: Timestamp,
) -> Vec<Value> {
    let Judgement { exposure, plan } = judgement;
    let count = |state| exposure.weapons.iter().filter(|weapon| weapon.state == state).count() as i64;
    let next = plan.steps.iter().map(|step| step.action.kind).find(|kind| *kind != ActionKind::NothingToDo);
    vec![
        clean(exposure.system.as_deref().unwrap_or_default()).into(),
        exposure.supported.map_or(-1, i64::from).into(),
        states(exposure, places).into(),
        worst(judgement).map(|weapon| weapon.0.clone()).unwrap_or_default().into(),
        count(ExposureState::Open).into(),
        count(ExposureState::Unknown).into(),
        i64::from(exposure.open_cves).into(),
        i64::from(exposure.open_kev).into(),
        timeline_number(plan.urgency.timeline).into(),
        optional_word(next.as_ref()).into(),
        plan_id,
        plan_state,
        now.as_microsecond().into(),
        profile.into(),
    ]
}

fn states(exposure: &HostExposure, places: &BTreeMap<WeaponId, usize>) -> String {
    let mut letters = vec!['-'; places.len()];
    for weapon in &exposure.weapons {
        if let Some(slot) = places.get(&weapon.weapon).and_then(|place| letters.get_mut(*place)) {
            *slot = letter(weapon.state);
        }
    }
    letters.into_iter().collect()
}

/// The weapon to name first: open before unknown, then the most urgent, then the best proven.
fn worst(judgement: &Judgement) -> Option<&WeaponId> {
    let urgency = |weapon: &WeaponId| {
        let disposal = judgement.plan.disposals.iter().find(|disposal| disposal.weapon == *weapon);
        disposal.map_or(Timeline::None, |disposal| disposal.urgency.timeline)
    };
    let needing = judgement.exposure.weapons.iter().filter(|weapon| weapon.state.needs_action());
    needing.min_by_key(|weapon| (weapon.state, urgency(&weapon.weapon), weapon.confidence)).map(|weapon| &weapon.weapon)
}

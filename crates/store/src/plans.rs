//! Where each plan stands, how it came there, and what its scripts reported.

use crate::assets::{AssetFilter, AssetRow, Page, PageQuery};
use crate::bulk;
use crate::db::{Columns, Sql, Tx, Value, sql};
use crate::hosts::IDS_MAX;
use crate::pack::{clean, from_word, optional_day, pack, sure_time, unpack, word};
use crate::{Act, AuditEntry, Checkpoint, Error, Judgement, Result, Store, assets_sql, audit, jobs};
use jiff::{Timestamp, civil::Date};
use model::{ActionKind, HostId, HostPlan, PlanId, PlanState};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sqlx::any::AnyRow;
use std::collections::BTreeMap;

/// Written as the actor of moves that follow from facts, not from a person.
pub const SYSTEM: &str = "system";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRecord {
    pub plan: PlanId,
    pub host: HostId,
    pub state: PlanState,
    /// An exception ends on this day.
    pub due: Option<Date>,
    /// False once a newer judgement gave the host another plan.
    pub current: bool,
    pub changed: Timestamp,
}

/// A step of a plan through its states. `from` is what the person saw; a plan that moved meanwhile stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanMove {
    pub plan: PlanId,
    pub from: PlanState,
    pub to: PlanState,
    pub due: Option<Date>,
    pub note: String,
    pub actor: String,
}

/// A plan that somebody wants to move, with its host's name for the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanToMove {
    pub plan: PlanId,
    pub host: HostId,
    pub label: String,
}

/// One move in the history of a host's plans; `from` is `None` where the plan began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEvent {
    pub plan: PlanId,
    pub at: Timestamp,
    pub actor: String,
    pub from: Option<PlanState>,
    pub to: PlanState,
    pub due: Option<Date>,
    pub note: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlanFilter {
    /// `plan_state` in here selects the columns of the board; empty is all plans.
    pub assets: AssetFilter,
    /// Exceptions that end before this day.
    pub due_before: Option<Date>,
}

/// A plan on the board, with the row of its host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanCard {
    pub record: PlanRecord,
    pub asset: AssetRow,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardColumn {
    pub state: PlanState,
    pub plans: i64,
    /// Of these, past their due day.
    pub overdue: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NewResult {
    pub plan: PlanId,
    pub host: HostId,
    /// Which script reported: `harden`, `verify`, `undo`.
    pub kind: String,
    pub sha256: String,
    pub body: Json,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StoredResult {
    pub id: i64,
    pub plan: PlanId,
    pub host: HostId,
    pub kind: String,
    pub at: Timestamp,
    pub sha256: String,
    pub body: Json,
}

pub const BOARD: [PlanState; 8] = [
    PlanState::Draft,
    PlanState::Approval,
    PlanState::Running,
    PlanState::Verifying,
    PlanState::Verified,
    PlanState::Failed,
    PlanState::RolledBack,
    PlanState::Exception,
];

/// Whether a person may move a plan so. A verified plan can be undone or opened again, never silently become another.
pub fn may_move(from: PlanState, to: PlanState) -> bool {
    use PlanState::{Approval, Draft, Exception, Failed, RolledBack, Running, Verified, Verifying};
    let next: &[PlanState] = match from {
        Draft => &[Approval, Exception],
        Approval => &[Running, Draft, Exception],
        Running => &[Verifying, Failed, RolledBack],
        Verifying => &[Verified, Failed, RolledBack],
        Verified => &[RolledBack, Draft],
        Failed => &[Draft, Approval, Running, RolledBack, Exception],
        RolledBack => &[Draft, Exception],
        Exception => &[Draft, Approval],
    };
    next.contains(&to)
}

/// A plan with nothing to do has no place on the board.
pub(crate) fn needs_work(plan: &HostPlan) -> bool {
    plan.steps.iter().any(|step| step.action.kind != ActionKind::NothingToDo)
}

impl Store {
    pub async fn plan(&self, id: &PlanId) -> Result<PlanRecord> {
        let row = sql!("SELECT * FROM plans WHERE id = $1", id.as_str()).optional(self.db.reader()).await?;
        plan_row(&row.ok_or_else(|| Error::not_found("plan", id))?)
    }

    pub async fn move_plan(&self, step: &PlanMove, act: &Act) -> Result<PlanRecord> {
        let mut tx = self.db.begin().await?;
        let record = move_in(&mut tx, step, act.now).await?;
        self.commit(tx, act).await?;
        Ok(record)
    }

    /// Moves many plans, each by itself: one that cannot move is told and the others go on. Every move has its own
    /// audit entry, and all of them are committed together. `reached` is asked where a job then stands, by how many
    /// moved; that is kept in the same transaction.
    pub async fn move_each(
        &self,
        steps: &[(PlanMove, AuditEntry)],
        now: Timestamp,
        reached: impl FnOnce(u64) -> Option<Checkpoint>,
    ) -> Result<Vec<Result<PlanRecord>>> {
        let mut tx = self.db.begin().await?;
        let mut outcomes = Vec::with_capacity(steps.len());
        for (step, entry) in steps {
            let outcome = match move_in(&mut tx, step, now).await {
                Ok(record) => {
                    audit::append(&mut tx, entry, now).await?;
                    Ok(record)
                }
                // Nothing was written for this one.
                Err(error) if error.is_conflict() || error.is_not_found() => Err(error),
                Err(Error::ExceptionWithoutDue) => Err(Error::ExceptionWithoutDue),
                Err(error) => return Err(error),
            };
            outcomes.push(outcome);
        }
        let moved = outcomes.iter().filter(|outcome| outcome.is_ok()).count() as u64;
        if let Some(checkpoint) = reached(moved) {
            jobs::write_checkpoint(&mut tx, &checkpoint).await?;
        }
        tx.commit().await?;
        Ok(outcomes)
    }

    /// The current plans in this state that the filter lets through, by id. Those that came there after `until` are
    /// left out: nobody who asked until then has seen them there.
    pub async fn plans_to_move(
        &self,
        filter: &AssetFilter,
        state: PlanState,
        until: Timestamp,
    ) -> Result<Vec<PlanToMove>> {
        let places = self.weapon_places().await?;
        let filter = AssetFilter { plan_state: vec![state], ..filter.clone() };
        let mut sql = assets_sql::select("plan_id, id, label", &assets_sql::condition(&filter, &places));
        sql.push(" AND plan_id IN (SELECT id FROM plans WHERE is_current = 1 AND changed <= ");
        sql.value(until.as_microsecond()).push(") ORDER BY plan_id");
        let rows = sql.all(self.db.reader()).await?;
        rows.iter().map(to_move).collect()
    }

    /// The plans of these ids, with their hosts; ids that are not there are left out.
    pub async fn plans_by_id(&self, ids: &[PlanId]) -> Result<Vec<PlanToMove>> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_MAX) {
            let mut sql = Sql::new(
                "SELECT plans.id AS plan_id, hosts.id AS id, label FROM plans \
                 JOIN hosts ON hosts.id = plans.host WHERE plans.id IN ",
            );
            sql.list(ids.iter().map(PlanId::as_str));
            for row in sql.all(self.db.reader()).await? {
                found.push(to_move(&row)?);
            }
        }
        Ok(found)
    }

    /// The plan history of a host, oldest first, over all its plans.
    pub async fn plan_history(&self, host: &HostId) -> Result<Vec<PlanEvent>> {
        let rows =
            sql!("SELECT * FROM plan_history WHERE host = $1 ORDER BY id", host.as_str()).all(self.db.reader()).await?;
        rows.iter().map(event_row).collect()
    }

    /// The columns of the board, empty ones too.
    pub async fn board(&self, filter: &AssetFilter, today: Date) -> Result<Vec<BoardColumn>> {
        let places = self.weapon_places().await?;
        let condition = assets_sql::condition(filter, &places);
        let mut sql = assets_sql::select("plan_state, COUNT(*) AS n", &condition);
        sql.push(" AND plan_state <> '' GROUP BY plan_state");
        let mut late = assets_sql::select("plan_state, COUNT(*) AS n", &condition);
        overdue(&mut late, today);
        late.push(" GROUP BY plan_state");
        let (plans, late) = tokio::try_join!(counts(self, sql), counts(self, late))?;
        let column = |state: PlanState| BoardColumn {
            state,
            plans: plans.get(&word(&state)).copied().unwrap_or(0),
            overdue: late.get(&word(&state)).copied().unwrap_or(0),
        };
        Ok(BOARD.map(column).to_vec())
    }

    /// Plans with their hosts, in the order asked for; the default is most urgent first.
    pub async fn plans(&self, filter: &PlanFilter, page: &PageQuery) -> Result<Page<PlanCard>> {
        let places = self.weapon_places().await?;
        let mut condition = assets_sql::condition(&filter.assets, &places);
        condition.push(" AND plan_state <> ''");
        if let Some(day) = filter.due_before {
            overdue(&mut condition, day);
        }
        let condition = self.narrowed(&filter.assets, condition).await?;
        let Page { rows, next, total } = self.asset_page(&condition, page, &places).await?;
        let records = self.plan_records(rows.iter().filter_map(|row| row.plan.as_ref())).await?;
        let card = |asset: AssetRow| {
            let record = asset.plan.as_ref().and_then(|plan| records.get(plan))?.clone();
            Some(PlanCard { record, asset })
        };
        Ok(Page { rows: rows.into_iter().filter_map(card).collect(), next, total })
    }

    async fn plan_records(&self, ids: impl Iterator<Item = &PlanId>) -> Result<BTreeMap<PlanId, PlanRecord>> {
        let ids: Vec<_> = ids.collect();
        let mut records = BTreeMap::new();
        for ids in ids.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT * FROM plans WHERE id IN ");
            sql.list(ids.iter().map(|id| id.as_str()));
            for row in sql.all(self.db.reader()).await? {
                let record = plan_row(&row)?;
                records.insert(record.plan.clone(), record);
            }
        }
        Ok(records)
    }

    /// Keeps what a script reported; the same file twice is one result. Returns true when it is new.
    pub async fn store_result(&self, result: &NewResult, act: &Act) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let written = sql!(
            "INSERT INTO results (plan, host, kind, at, sha256, body) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (plan, sha256) DO NOTHING",
            result.plan.as_str(),
            result.host.as_str(),
            clean(&result.kind),
            act.micros(),
            clean(&result.sha256),
            pack("result", &result.body)?
        )
        .run(&mut *tx)
        .await?;
        self.commit(tx, act).await?;
        Ok(written > 0)
    }

    /// What the scripts of a host reported, newest first.
    pub async fn results(&self, host: &HostId) -> Result<Vec<StoredResult>> {
        let rows =
            sql!("SELECT * FROM results WHERE host = $1 ORDER BY id DESC", host.as_str()).all(self.db.reader()).await?;
        rows.iter()
            .map(|row| {
                let id = row.int("id")?;
                Ok(StoredResult {
                    id,
                    plan: PlanId(row.text("plan")?),
                    host: HostId(row.text("host")?),
                    kind: row.text("kind")?,
                    at: sure_time(row.int("at")?),
                    sha256: row.text("sha256")?,
                    body: unpack("result", id, &row.bytes("body")?)?,
                })
            })
            .collect()
    }
}

/// Gives every judged host its current plan. The same plan keeps its state; another plan begins as a draft. When
/// nothing is left to do after work was under way, the facts have verified that work.
pub(crate) async fn follow(tx: &mut Tx, judgements: &BTreeMap<&HostId, &Judgement>, now: Timestamp) -> Result<Changes> {
    let before = current(tx, judgements.keys().map(|id| id.as_str())).await?;
    let mut changes = Changes::default();
    for (host, Judgement { plan, .. }) in judgements {
        let old = before.get(*host);
        match (needs_work(plan), old) {
            (true, Some(old)) if old.plan == plan.id => changes.show(host, &plan.id, Some(old.state)),
            (true, old) => changes.begin(host, &plan.id, old, now),
            (false, Some(old)) if matches!(old.state, PlanState::Running | PlanState::Verifying) => {
                changes.verify(host, old, now);
            }
            (false, Some(old)) if old.state == PlanState::Verified => changes.show(host, &old.plan, Some(old.state)),
            (false, old) => changes.clear(host, old),
        }
    }
    Ok(changes)
}

/// What following the judgements of one chunk changes, gathered so that it is written in few statements.
#[derive(Default)]
pub(crate) struct Changes {
    plans: Vec<Vec<Value>>,
    retired: Vec<String>,
    events: Vec<Vec<Value>>,
    /// The plan that the asset table shows of a host, and its state; '' for none.
    shown: BTreeMap<HostId, [Value; 2]>,
}

impl Changes {
    /// `plan_id` and `plan_state` of a host that was followed.
    pub fn shown(&self, host: &HostId) -> [Value; 2] {
        self.shown.get(host).cloned().unwrap_or_else(|| ["".into(), "".into()])
    }

    fn show(&mut self, host: &HostId, plan: &PlanId, state: Option<PlanState>) {
        let state = state.as_ref().map(word).unwrap_or_default();
        self.shown.insert(host.clone(), [plan.as_str().into(), state.into()]);
    }

    fn begin(&mut self, host: &HostId, plan: &PlanId, old: Option<&PlanRecord>, now: Timestamp) {
        self.retired.extend(old.map(|old| old.plan.0.clone()));
        self.put(host, plan, old.map(|old| old.state), PlanState::Draft, now);
    }

    fn verify(&mut self, host: &HostId, old: &PlanRecord, now: Timestamp) {
        self.put(host, &old.plan, Some(old.state), PlanState::Verified, now);
    }

    fn clear(&mut self, host: &HostId, old: Option<&PlanRecord>) {
        self.retired.extend(old.map(|old| old.plan.0.clone()));
        self.shown.insert(host.clone(), ["".into(), "".into()]);
    }

    fn put(&mut self, host: &HostId, plan: &PlanId, from: Option<PlanState>, to: PlanState, now: Timestamp) {
        let at = now.as_microsecond();
        self.plans.push(vec![
            plan.as_str().into(),
            host.as_str().into(),
            word(&to).into(),
            "".into(),
            1.into(),
            at.into(),
        ]);
        let from = from.as_ref().map(word).unwrap_or_default();
        self.events.push(vec![
            plan.as_str().into(),
            host.as_str().into(),
            at.into(),
            SYSTEM.into(),
            from.into(),
            word(&to).into(),
            "".into(),
            "".into(),
        ]);
        self.show(host, plan, Some(to));
    }

    pub async fn write(self, tx: &mut Tx) -> Result<()> {
        for retired in self.retired.chunks(IDS_MAX) {
            let mut sql = Sql::new("UPDATE plans SET is_current = 0 WHERE id IN ");
            sql.list(retired.iter().map(String::as_str));
            sql.run(&mut **tx).await?;
        }
        let columns = ["id", "host", "state", "due", "is_current", "changed"];
        bulk::insert(tx, "plans", &columns, self.plans, &bulk::overwrite("id", &columns)).await?;
        bulk::insert(tx, "plan_history", &EVENT_COLUMNS, self.events, "").await?;
        Ok(())
    }
}

const EVENT_COLUMNS: [&str; 8] = ["plan", "host", "at", "actor", "from_state", "to_state", "due", "note"];

async fn current<'a>(tx: &mut Tx, hosts: impl Iterator<Item = &'a str>) -> Result<BTreeMap<HostId, PlanRecord>> {
    let hosts: Vec<_> = hosts.collect();
    let mut found = BTreeMap::new();
    for hosts in hosts.chunks(IDS_MAX) {
        let mut sql = Sql::new("SELECT * FROM plans WHERE is_current = 1 AND host IN ");
        sql.list(hosts.iter().copied());
        for row in sql.all(&mut **tx).await? {
            let record = plan_row(&row)?;
            found.insert(record.host.clone(), record);
        }
    }
    Ok(found)
}

async fn move_in(tx: &mut Tx, step: &PlanMove, now: Timestamp) -> Result<PlanRecord> {
    if !may_move(step.from, step.to) {
        return Err(Error::Transition { from: word(&step.from), to: word(&step.to) });
    }
    if step.to == PlanState::Exception && step.due.is_none() {
        return Err(Error::ExceptionWithoutDue);
    }
    let due = step.due.map(|due| due.to_string()).unwrap_or_default();
    let row = sql!(
        "UPDATE plans SET state = $1, due = $2, changed = $3 WHERE id = $4 AND state = $5 RETURNING *",
        word(&step.to),
        due.as_str(),
        now.as_microsecond(),
        step.plan.as_str(),
        word(&step.from)
    )
    .optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Err(moved_meanwhile(tx, &step.plan).await?) };
    let record = plan_row(&row)?;
    let event = vec![
        step.plan.as_str().into(),
        record.host.as_str().into(),
        now.as_microsecond().into(),
        clean(&step.actor).into(),
        word(&step.from).into(),
        word(&step.to).into(),
        due.into(),
        clean(&step.note).into(),
    ];
    bulk::insert(tx, "plan_history", &EVENT_COLUMNS, vec![event], "").await?;
    sql!("UPDATE hosts SET plan_state = $1 WHERE plan_id = $2", word(&step.to), step.plan.as_str())
        .run(&mut **tx)
        .await?;
    Ok(record)
}

async fn moved_meanwhile(tx: &mut Tx, plan: &PlanId) -> Result<Error> {
    let row = sql!("SELECT state FROM plans WHERE id = $1", plan.as_str()).optional(&mut **tx).await?;
    Ok(match row {
        Some(row) => Error::PlanMoved { plan: plan.0.clone(), state: row.text("state")? },
        None => Error::not_found("plan", plan),
    })
}

/// A due day is kept as `2017-06-01`, which compares as text. Plans with a day are few: by the host too, theirs are
/// looked up, where the plan alone would be looked for in every row.
fn overdue(sql: &mut Sql, today: Date) {
    sql.push(" AND (id, plan_id) IN (SELECT host, id FROM plans WHERE due <> '' AND due < ");
    sql.value(today.to_string()).push(")");
}

async fn counts(store: &Store, sql: Sql) -> Result<BTreeMap<String, i64>> {
    let rows = sql.all(store.db.reader()).await?;
    rows.iter().map(|row| Ok((row.text("plan_state")?, row.int("n")?))).collect()
}

fn to_move(row: &AnyRow) -> Result<PlanToMove> {
    Ok(PlanToMove { plan: PlanId(row.text("plan_id")?), host: HostId(row.text("id")?), label: row.text("label")? })
}

fn plan_row(row: &AnyRow) -> Result<PlanRecord> {
    Ok(PlanRecord {
        plan: PlanId(row.text("id")?),
        host: HostId(row.text("host")?),
        state: from_word(&row.text("state")?).unwrap_or(PlanState::Draft),
        due: optional_day(&row.text("due")?),
        current: row.flag("is_current")?,
        changed: sure_time(row.int("changed")?),
    })
}

fn event_row(row: &AnyRow) -> Result<PlanEvent> {
    Ok(PlanEvent {
        plan: PlanId(row.text("plan")?),
        at: sure_time(row.int("at")?),
        actor: row.text("actor")?,
        from: from_word(&row.text("from_state")?),
        to: from_word(&row.text("to_state")?).unwrap_or(PlanState::Draft),
        due: optional_day(&row.text("due")?),
        note: row.text("note")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_can_be_reached_from_a_draft_and_left_again() {
        let mut reached = vec![PlanState::Draft];
        let mut at = 0;
        while let Some(from) = reached.get(at).copied() {
            let next: Vec<_> = BOARD.into_iter().filter(|to| may_move(from, *to)).collect();
            assert!(!next.is_empty(), "{from:?} is a dead end");
            reached.extend(next.into_iter().filter(|to| !reached.contains(to)).collect::<Vec<_>>());
            at += 1;
        }
        assert_eq!(reached.len(), BOARD.len());
    }

    #[test]
    fn nothing_runs_without_approval_and_nothing_is_verified_without_verifying() {
        for from in BOARD {
            assert_eq!(may_move(from, PlanState::Verified), from == PlanState::Verifying, "{from:?}");
        }
        assert!(!may_move(PlanState::Draft, PlanState::Running));
    }
}

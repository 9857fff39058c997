//! Findings of weapons: grouped, by host and by conversation.

use super::{CaptureId, FindingGroup, GroupKey, StoredFinding, StoredSession, Traffic};
use crate::db::{Columns, Sql, Tx, Value, sql};
use crate::pack::{clean, from_json, from_word, json, sure_time, word};
use crate::{Error, Result, bulk};
use model::{Finding, FindingOutcome, WeaponId};
use sqlx::any::AnyRow;
use std::collections::BTreeMap;

/// Members of one group of findings that are shown.
const MEMBERS_MAX: i64 = 50;
/// Addresses of one host that are looked for.
const ADDRESSES_MAX: usize = 64;

impl Traffic<'_> {
    /// Findings, grouped by weapon, outcome and originator; those seen last come first.
    pub async fn findings(
        &self,
        weapon: Option<&str>,
        capture: Option<CaptureId>,
        cursor: Option<&GroupKey>,
        limit: u32,
    ) -> Result<(Vec<FindingGroup>, Option<GroupKey>)> {
        let limit = i64::from(limit.clamp(1, 200));
        let mut sql = Sql::new(
            "SELECT weapon, outcome, originator, COUNT(DISTINCT responder) AS targets, CAST(SUM(times) AS BIGINT) AS n, \
             MIN(first_seen) AS low, MAX(last_seen) AS high FROM wire_findings WHERE 1 = 1",
        );
        restrict(&mut sql, weapon, capture);
        sql.push(" GROUP BY weapon, outcome, originator");
        if let Some(GroupKey(last, weapon, outcome, originator)) = cursor {
            sql.push(" HAVING (MAX(last_seen), weapon, outcome, originator) < (").value(*last).push(", ");
            sql.value(clean(weapon)).push(", ").value(clean(outcome)).push(", ").value(clean(originator)).push(")");
        }
        sql.push(" ORDER BY high DESC, weapon DESC, outcome DESC, originator DESC LIMIT ").value(limit + 1);
        let rows = sql.all(self.db().reader()).await?;
        let mut groups = Vec::new();
        let mut next = None;
        for row in &rows {
            if groups.len() as i64 == limit {
                break;
            }
            let (weapon, outcome, originator) = (row.text("weapon")?, row.text("outcome")?, row.text("originator")?);
            let members = self.members(&weapon, &outcome, &originator, capture).await?;
            next = Some(GroupKey(row.int("high")?, weapon.clone(), outcome.clone(), originator.clone()));
            groups.push(FindingGroup {
                weapon: WeaponId(weapon),
                outcome: from_word(&outcome).unwrap_or(FindingOutcome::Attempt),
                originator,
                targets: row.int("targets")?.unsigned_abs(),
                times: row.int("n")?.unsigned_abs(),
                first_seen: sure_time(row.int("low")?),
                last_seen: sure_time(row.int("high")?),
                members,
            });
        }
        let more = rows.len() as i64 > limit;
        Ok((groups, next.filter(|_| more)))
    }

    async fn members(
        &self,
        weapon: &str,
        outcome: &str,
        originator: &str,
        capture: Option<CaptureId>,
    ) -> Result<Vec<StoredFinding>> {
        let mut sql = sql!(
            "SELECT * FROM wire_findings WHERE weapon = $1 AND outcome = $2 AND originator = $3",
            weapon,
            outcome,
            originator
        );
        if let Some(capture) = capture {
            sql.push(" AND capture = ").value(capture);
        }
        sql.push(" ORDER BY last_seen DESC, id LIMIT ").value(MEMBERS_MAX);
        self.with_flows(sql).await
    }

    pub async fn finding(&self, id: i64) -> Result<StoredFinding> {
        let found = self.with_flows(sql!("SELECT * FROM wire_findings WHERE id = $1", id)).await?;
        found.into_iter().next().ok_or_else(|| Error::not_found("finding", id))
    }

    /// Findings in which one of these addresses is at either end, newest first.
    pub async fn findings_on(&self, addresses: &[String], limit: u32) -> Result<Vec<StoredFinding>> {
        let addresses: Vec<_> = addresses.iter().take(ADDRESSES_MAX).map(|address| clean(address)).collect();
        let mut sql = Sql::new("SELECT * FROM wire_findings WHERE originator IN ");
        sql.list(addresses.iter().map(String::as_str)).push(" OR responder IN ");
        sql.list(addresses.iter().map(String::as_str)).push(" ORDER BY last_seen DESC, id LIMIT ");
        sql.value(i64::from(limit));
        self.with_flows(sql).await
    }

    /// Findings that a conversation shows.
    pub async fn findings_in(&self, capture: CaptureId, community: &str) -> Result<Vec<StoredFinding>> {
        let sql = sql!(
            "SELECT * FROM wire_findings WHERE id IN (SELECT finding FROM wire_finding_flows WHERE community = $1 \
             AND capture = $2) ORDER BY last_seen DESC, id LIMIT $3",
            clean(community),
            capture,
            MEMBERS_MAX
        );
        self.with_flows(sql).await
    }

    /// Weapons that were seen in conversations, by capture and Community ID.
    pub async fn weapons_of(&self, rows: &[StoredSession]) -> Result<BTreeMap<(CaptureId, String), Vec<WeaponId>>> {
        let mut found: BTreeMap<(CaptureId, String), Vec<WeaponId>> = BTreeMap::new();
        for rows in rows.chunks(500) {
            let mut sql =
                Sql::new("SELECT DISTINCT capture, community, weapon FROM wire_finding_flows WHERE community IN ");
            sql.list(rows.iter().map(|row| clean(&row.record.community_id))).push(" ORDER BY weapon");
            for row in sql.all(self.db().reader()).await? {
                let key = (row.int("capture")?, row.text("community")?);
                found.entry(key).or_default().push(WeaponId(row.text("weapon")?));
            }
        }
        Ok(found)
    }

    async fn with_flows(&self, sql: Sql) -> Result<Vec<StoredFinding>> {
        let rows = sql.all(self.db().reader()).await?;
        let mut found = rows.iter().map(finding).collect::<Result<Vec<_>>>()?;
        let mut flows: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        let mut sql = Sql::new("SELECT finding, community FROM wire_finding_flows WHERE finding IN ");
        sql.list(found.iter().map(|found| found.id)).push(" ORDER BY finding, community");
        for row in sql.all(self.db().reader()).await? {
            flows.entry(row.int("finding")?).or_default().push(row.text("community")?);
        }
        for found in &mut found {
            found.finding.community_ids = flows.remove(&found.id).unwrap_or_default();
        }
        Ok(found)
    }
}

pub(super) fn restrict(sql: &mut Sql, weapon: Option<&str>, capture: Option<CaptureId>) {
    if let Some(weapon) = weapon {
        sql.push(" AND weapon = ").value(clean(weapon));
    }
    if let Some(capture) = capture {
        sql.push(" AND capture = ").value(capture);
    }
}

/// A finding that is known of the capture has grown to this; a new one is added.
pub(super) async fn put_finding(tx: &mut Tx, capture: CaptureId, finding: &Finding) -> Result<()> {
    grow(tx, capture, finding, "$1").await
}

/// A finding that is known of the capture grows by this; a new one is added.
pub(crate) async fn add_up(tx: &mut Tx, capture: CaptureId, finding: &Finding) -> Result<()> {
    grow(tx, capture, finding, ADDED).await
}

/// Added, up to 2^45: all rows together are still a number that both databases can hold, whatever a collector says.
const ADDED: &str = "CASE WHEN times + $1 > 35184372088832 THEN 35184372088832 ELSE times + $1 END";

async fn grow(tx: &mut Tx, capture: CaptureId, finding: &Finding, times: &'static str) -> Result<()> {
    let mut sql = sql!(
        "UPDATE wire_findings SET frames = $3, \
         last_seen = CASE WHEN last_seen > $2 THEN last_seen ELSE $2 END, \
         first_seen = CASE WHEN first_seen < $9 THEN first_seen ELSE $9 END, times = ",
        i64::try_from(finding.count).unwrap_or(i64::MAX),
        finding.last.as_microsecond(),
        json("frames", &finding.frames)?,
        word(&finding.outcome),
        capture,
        clean(&finding.sign),
        finding.originator.to_string(),
        finding.responder.to_string(),
        finding.first.as_microsecond()
    );
    sql.push(times);
    sql.push(" WHERE outcome = $4 AND capture = $5 AND sign = $6 AND originator = $7 AND responder = $8 RETURNING id");
    let row = match sql.optional(&mut **tx).await? {
        Some(row) => row,
        None => add_finding(tx, capture, finding).await?,
    };
    let id = row.int("id")?;
    let weapon = clean(finding.weapon.as_str());
    let flow = |community: &String| -> Vec<Value> {
        vec![id.into(), weapon.as_str().into(), capture.into(), clean(community).into()]
    };
    let rows = finding.community_ids.iter().map(flow).collect();
    let columns = ["finding", "weapon", "capture", "community"];
    bulk::insert(tx, "wire_finding_flows", &columns, rows, "ON CONFLICT (finding, community) DO NOTHING").await?;
    Ok(())
}

pub(super) async fn add_finding(tx: &mut Tx, capture: CaptureId, finding: &Finding) -> Result<AnyRow> {
    sql!(
        "INSERT INTO wire_findings (capture, weapon, sign, outcome, confidence, originator, responder, times, \
         first_seen, last_seen, frames) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        capture,
        clean(finding.weapon.as_str()),
        clean(&finding.sign),
        word(&finding.outcome),
        word(&finding.confidence),
        finding.originator.to_string(),
        finding.responder.to_string(),
        i64::try_from(finding.count).unwrap_or(i64::MAX),
        finding.first.as_microsecond(),
        finding.last.as_microsecond(),
        json("frames", &finding.frames)?
    )
    .one(&mut **tx)
    .await
}

pub(super) fn finding(row: &AnyRow) -> Result<StoredFinding> {
    let id = row.int("id")?;
    let address = |name: &str| {
        let text = row.text(name)?;
        text.parse().map_err(|source: std::net::AddrParseError| Error::Damaged {
            what: "finding",
            id: id.to_string(),
            source: source.into(),
        })
    };
    let finding = Finding {
        weapon: WeaponId(row.text("weapon")?),
        sign: row.text("sign")?,
        outcome: from_word(&row.text("outcome")?).unwrap_or(FindingOutcome::Attempt),
        confidence: from_word(&row.text("confidence")?).unwrap_or(model::Confidence::Unverified),
        originator: address("originator")?,
        responder: address("responder")?,
        count: row.int("times")?.unsigned_abs(),
        first: sure_time(row.int("first_seen")?),
        last: sure_time(row.int("last_seen")?),
        community_ids: Vec::new(),
        frames: from_json("frames", id, &row.text("frames")?)?,
    };
    Ok(StoredFinding { id, capture: row.int("capture")?, finding })
}

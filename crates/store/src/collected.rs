//! What collectors deliver: findings and what stands out, each batch once, and figures of who delivers.

use crate::db::{Columns, Sql, Tx, sql};
use crate::notables::put_rows;
use crate::pack::{clean, from_optional_json, micros, optional_json, sure_time, time};
use crate::traffic::{CaptureId, Traffic, add_up};
use crate::{Act, Result, Store};
use jiff::Timestamp;
use model::{Finding, Message, Notable};
use sqlx::any::AnyRow;

/// One batch of a collector.
#[derive(Debug, Clone, Copy)]
pub struct Delivered<'a> {
    /// The collector and its spool.
    pub source: &'a str,
    pub collector: &'a str,
    /// What people call it.
    pub name: &'a str,
    pub sequence: i64,
    /// By how much they grew.
    pub findings: &'a [Finding],
    pub notables: &'a [Notable],
}

/// A spool that delivers, or once did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorSource {
    pub source: String,
    pub collector: String,
    pub heard: Timestamp,
    pub batches: u64,
    pub records: u64,
    /// Batches that the collector no longer had.
    pub lost: u64,
    /// Batches that were refused for good.
    pub refused: u64,
    /// Why the last one was refused, and when.
    pub trouble: Option<(Message, Timestamp)>,
}

impl Traffic<'_> {
    /// Adds what a batch brings, once however often it is sent; absent when it was added before.
    pub async fn put_delivered(&self, batch: Delivered<'_>, act: &Act) -> Result<Option<CaptureId>> {
        let mut tx = self.db().begin().await?;
        // The mark and what it stands for are written together.
        let marked = sql!(
            "INSERT INTO collector_sources (source, collector, reached, heard, batches, records, lost, refused, \
             trouble, trouble_at) VALUES ($1, $2, $3, $4, 0, 0, 0, 0, '', 0) \
             ON CONFLICT (source) DO UPDATE SET reached = excluded.reached \
             WHERE collector_sources.reached < excluded.reached",
            clean(batch.source),
            clean(batch.collector),
            batch.sequence,
            act.micros()
        )
        .run(&mut *tx)
        .await?;
        if marked == 0 {
            return Ok(None);
        }
        let capture = capture_of(&mut tx, &batch, act).await?;
        for finding in batch.findings {
            add_up(&mut tx, capture, finding).await?;
        }
        put_rows(&mut tx, capture, batch.notables).await?;
        seen(&mut tx, capture, &batch).await?;
        self.store.commit(tx, act).await?;
        Ok(Some(capture))
    }
}

/// Everything of one collector is one capture, which never ends and has no file.
async fn capture_of(tx: &mut Tx, batch: &Delivered<'_>, act: &Act) -> Result<CaptureId> {
    sql!(
        "INSERT INTO captures (digest, name, kind, owner, state, job, kept, added, bytes, frames, flows, evicted, odd, \
         dropped, sessions, findings, removed, first_seen, last_seen, ending, volume, shed, evidence_shed, beat) \
         VALUES ($1, $2, 'collector', $3, 'done', 0, 0, $4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, $4) \
         ON CONFLICT (digest) DO UPDATE SET name = excluded.name, beat = excluded.beat RETURNING id",
        format!("collector:{}", clean(batch.collector)),
        clean(batch.name),
        clean(batch.collector),
        act.micros()
    )
    .one(&mut **tx)
    .await?
    .int("id")
}

async fn seen(tx: &mut Tx, capture: CaptureId, batch: &Delivered<'_>) -> Result<()> {
    let times = batch.findings.iter().map(|finding| (finding.first, finding.last));
    let times = times.chain(batch.notables.iter().map(|notable| (notable.first, notable.last)));
    let Some((first, last)) = times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else { return Ok(()) };
    sql!(
        "UPDATE captures SET findings = (SELECT COUNT(*) FROM wire_findings WHERE capture = captures.id), \
         first_seen = CASE WHEN first_seen = 0 OR first_seen > $1 THEN $1 ELSE first_seen END, \
         last_seen = CASE WHEN last_seen < $2 THEN $2 ELSE last_seen END WHERE id = $3",
        first.as_microsecond(),
        last.as_microsecond(),
        capture
    )
    .run(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// Every spool that was heard of.
    pub async fn collector_sources(&self) -> Result<Vec<CollectorSource>> {
        let rows = Sql::new("SELECT * FROM collector_sources ORDER BY source").all(self.db.reader()).await?;
        rows.iter().map(source).collect()
    }

    /// Writes down the figures of spools as they are now.
    pub async fn put_collector_sources(&self, sources: &[CollectorSource], act: &Act) -> Result<()> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let mut tx = self.db.begin().await?;
        for one in sources {
            let (trouble, at) = one.trouble.as_ref().map_or((None, None), |(why, at)| (Some(why), Some(*at)));
            sql!(
                "INSERT INTO collector_sources (source, collector, reached, heard, batches, records, lost, refused, \
                 trouble, trouble_at) VALUES ($1, $2, -1, $3, $4, $5, $6, $7, $8, $9) \
                 ON CONFLICT (source) DO UPDATE SET heard = excluded.heard, batches = excluded.batches, \
                 records = excluded.records, lost = excluded.lost, refused = excluded.refused, \
                 trouble = excluded.trouble, trouble_at = excluded.trouble_at",
                clean(&one.source),
                clean(&one.collector),
                one.heard.as_microsecond(),
                number(one.batches),
                number(one.records),
                number(one.lost),
                number(one.refused),
                clean(&optional_json("trouble", trouble)?),
                micros(at)
            )
            .run(&mut *tx)
            .await?;
        }
        self.commit(tx, act).await
    }
}

fn source(row: &AnyRow) -> Result<CollectorSource> {
    let source = row.text("source")?;
    let number = |name: &str| row.int(name).map(i64::unsigned_abs);
    let why: Option<Message> = from_optional_json("trouble", &source, &row.text("trouble")?)?;
    Ok(CollectorSource {
        collector: row.text("collector")?,
        heard: sure_time(row.int("heard")?),
        batches: number("batches")?,
        records: number("records")?,
        lost: number("lost")?,
        refused: number("refused")?,
        trouble: why.zip(time(row.int("trouble_at")?)),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NotableFilter, Options};
    use model::{Confidence, FindingOutcome, NotableKind, WeaponId};

    const SOURCE: &str = "sensors/0123456789abcdef/0000000000000001";
    const COLLECTOR: &str = "sensors/0123456789abcdef";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn finding(count: u64, second: i64, community: &str) -> Finding {
        Finding {
            weapon: WeaponId("eternalblue".to_owned()),
            sign: "trans2-secondary".to_owned(),
            outcome: FindingOutcome::Attempt,
            confidence: Confidence::Known,
            originator: [10, 0, 0, 1].into(),
            responder: [10, 0, 0, 2].into(),
            count,
            first: at(second),
            last: at(second),
            community_ids: vec![community.to_owned()],
            frames: vec![1],
        }
    }

    fn notable(count: u64) -> Notable {
        Notable {
            kind: NotableKind::Indicator,
            name: "domain".to_owned(),
            value: "evil.example".to_owned(),
            place: "question".to_owned(),
            originator: [10, 0, 0, 1].into(),
            responder: Some([10, 0, 0, 53].into()),
            transport: None,
            port: None,
            count,
            first: at(5),
            last: at(6),
            facts: Default::default(),
            community_ids: Vec::new(),
            frames: Vec::new(),
        }
    }

    fn batch<'a>(sequence: i64, findings: &'a [Finding], notables: &'a [Notable]) -> Delivered<'a> {
        Delivered { source: SOURCE, collector: COLLECTOR, name: "plant-3", sequence, findings, notables }
    }

    #[tokio::test]
    async fn increments_add_up_once_however_often_a_batch_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        let store = Store::open(&url, &Options::at(at(0))).await.unwrap();
        let (traffic, act) = (store.traffic(), Act::at(at(100)));
        let put = async |one: Delivered<'_>| traffic.put_delivered(one, &act).await.unwrap().is_some();
        assert!(put(batch(0, &[finding(3, 20, "1:a")], &[])).await);
        assert!(!put(batch(0, &[finding(3, 20, "1:a")], &[])).await);
        assert!(put(batch(4, &[finding(2, 10, "1:b")], &[])).await);
        assert!(put(batch(5, &[], &[notable(7)])).await);
        assert!(!put(batch(5, &[], &[notable(7)])).await);
        assert!(put(batch(6, &[], &[notable(1)])).await);
        let (groups, _) = traffic.findings(None, None, None, 10).await.unwrap();
        let member = &groups[0].members[0].finding;
        assert_eq!((groups.len(), groups[0].members.len(), groups[0].times), (1, 1, 5));
        assert_eq!((member.first, member.last, member.community_ids.len()), (at(10), at(20), 2));
        let (notables, _) = traffic.notables(&NotableFilter::default(), None, 10).await.unwrap();
        assert_eq!((notables.len(), notables[0].notable.count), (1, 8));
        let captures = traffic.captures(None, 10).await.unwrap();
        let capture = &captures.rows[0];
        assert_eq!((captures.total, capture.name.as_str(), capture.kind.as_str()), (1, "plant-3", "collector"));
        assert_eq!(
            (capture.outcome.findings, capture.outcome.first_seen, capture.outcome.last_seen),
            (1, Some(at(5)), Some(at(20)))
        );
        // Of another spool of the same collector the numbers begin anew.
        let found = [finding(1, 30, "1:a")];
        let other = Delivered { source: "sensors/0123456789abcdef/0000000000000002", ..batch(0, &found, &[]) };
        assert!(put(other).await);
        assert_eq!(traffic.findings(None, None, None, 10).await.unwrap().0[0].times, 6);
        store.close().await;
    }

    #[tokio::test]
    async fn figures_of_a_source_leave_its_mark_alone() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("a.db").display());
        let store = Store::open(&url, &Options::at(at(0))).await.unwrap();
        let act = Act::at(at(100));
        store.traffic().put_delivered(batch(3, &[finding(1, 20, "1:a")], &[]), &act).await.unwrap();
        let figures = CollectorSource {
            source: SOURCE.to_owned(),
            collector: COLLECTOR.to_owned(),
            heard: at(200),
            batches: 4,
            records: 17,
            lost: 1,
            refused: 2,
            trouble: Some((Message::new("link.refused-unknown-kind"), at(150))),
        };
        store.put_collector_sources(std::slice::from_ref(&figures), &act).await.unwrap();
        assert_eq!(store.collector_sources().await.unwrap(), [figures]);
        assert!(store.traffic().put_delivered(batch(3, &[finding(1, 20, "1:a")], &[]), &act).await.unwrap().is_none());
        store.close().await;
    }
}

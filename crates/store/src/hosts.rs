//! Hosts: the merged facts, the observations they come from, and the row the asset table shows.

use crate::assets::{AssetRow, URGENCY_UNKNOWN, search_text};
use crate::bulk;
use crate::db::{Columns, Sql, Tx, Value, sql};
use crate::judgements::{self, Prepared};
use crate::pack::{clean, from_word, json, micros, optional_word, pack, sha256_hex, sure_time, unpack, word};
use crate::profiles::NOT_JUDGED;
use crate::{Act, Error, Judgement, PlanRecord, Result, Store, rollouts};
use jiff::Timestamp;
use model::{Host, HostFacts, HostId, Observation, SourceKind};
use std::collections::{BTreeMap, BTreeSet};

/// Ids in one `IN (…)`: far below both databases' limits.
pub(crate) const IDS_MAX: usize = 500;

/// Everything kept of one host.
#[derive(Debug, Clone, PartialEq)]
pub struct HostDetail {
    pub asset: AssetRow,
    pub host: Host,
    pub judgement: Option<Judgement>,
    /// The version of the knowledge that the judgement was made with.
    pub knowledge: Option<String>,
    pub plan: Option<PlanRecord>,
}

/// One source's statement, as the history shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredObservation {
    pub digest: String,
    pub import: Option<i64>,
    pub stored: Timestamp,
    pub kind: SourceKind,
    pub observation: Observation,
}

impl Store {
    pub async fn host(&self, id: &HostId) -> Result<Host> {
        let row = sql!("SELECT body FROM host_bodies WHERE host = $1", id.as_str())
            .optional(self.db.reader())
            .await?
            .ok_or_else(|| Error::not_found("host", id))?;
        unpack("host", id, &row.bytes("body")?)
    }

    pub async fn host_detail(&self, id: &HostId) -> Result<HostDetail> {
        let asset = self.asset(id).await?;
        let host = self.host(id).await?;
        let judged = self.judgement(id).await?;
        let plan = match &asset.plan {
            Some(plan) => self
                .plan(plan)
                .await
                .map(Some)
                .or_else(|error| if error.is_not_found() { Ok(None) } else { Err(error) })?,
            None => None,
        };
        let (judgement, knowledge) = judged.unzip();
        Ok(HostDetail { asset, host, judgement, knowledge, plan })
    }

    /// The hosts among these ids that are kept; the others are left out.
    pub async fn hosts(&self, ids: &[HostId]) -> Result<Vec<Host>> {
        let mut hosts = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT host, body FROM host_bodies WHERE host IN ");
            sql.list(ids.iter().map(HostId::as_str)).push(" ORDER BY host");
            for row in sql.all(self.db.reader()).await? {
                hosts.push(unpack("host", row.text("host")?, &row.bytes("body")?)?);
            }
        }
        Ok(hosts)
    }

    /// Hosts in id order after the given one: to walk over all of them without holding all of them.
    pub async fn hosts_after(&self, after: Option<&HostId>, limit: u32) -> Result<Vec<Host>> {
        let rows = sql!(
            "SELECT host, body FROM host_bodies WHERE host > $1 ORDER BY host LIMIT $2",
            after.map_or("", HostId::as_str),
            i64::from(limit)
        )
        .all(self.db.reader())
        .await?;
        rows.iter().map(|row| unpack("host", row.text("host")?, &row.bytes("body")?)).collect()
    }

    pub async fn host_count(&self) -> Result<i64> {
        Sql::new("SELECT COUNT(*) AS n FROM hosts").one(self.db.reader()).await?.int("n")
    }

    /// The history of a host, oldest first.
    pub async fn observations(&self, id: &HostId) -> Result<Vec<StoredObservation>> {
        let rows = sql!("SELECT * FROM observations WHERE host = $1 ORDER BY observed, stored, digest", id.as_str())
            .all(self.db.reader())
            .await?;
        rows.iter().map(observation).collect()
    }

    /// What merging needs: all observations of these hosts, oldest first.
    pub async fn observations_of(&self, ids: &[HostId]) -> Result<BTreeMap<HostId, Vec<Observation>>> {
        let mut found: BTreeMap<HostId, Vec<Observation>> = BTreeMap::new();
        for ids in ids.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT * FROM observations WHERE host IN ");
            sql.list(ids.iter().map(HostId::as_str)).push(" ORDER BY observed, stored, digest");
            for row in sql.all(self.db.reader()).await? {
                found.entry(HostId(row.text("host")?)).or_default().push(observation(&row)?.observation);
            }
        }
        Ok(found)
    }

    /// The hosts that share a key of [`host_keys`] with these facts, by key: candidates for being the same machine.
    pub async fn hosts_with_keys(&self, keys: &BTreeSet<String>) -> Result<BTreeMap<String, BTreeSet<HostId>>> {
        let mut found: BTreeMap<String, BTreeSet<HostId>> = BTreeMap::new();
        let keys: Vec<_> = keys.iter().map(|key| clean(key)).collect();
        for keys in keys.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT key_text, host FROM host_keys WHERE key_text IN ");
            sql.list(keys.iter().map(String::as_str));
            for row in sql.all(self.db.reader()).await? {
                found.entry(row.text("key_text")?).or_default().insert(HostId(row.text("host")?));
            }
        }
        Ok(found)
    }

    /// Forgets hosts with all that hangs on them; the audit log and the imports' file lists stay.
    pub async fn forget_hosts(&self, ids: &[HostId], act: &Act) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let mut gone = 0;
        for ids in ids.chunks(IDS_MAX) {
            for table in ["plan_history", "results"] {
                let mut sql = Sql::new("DELETE FROM ");
                sql.push(table).push(" WHERE host IN ").list(ids.iter().map(HostId::as_str));
                sql.run(&mut *tx).await?;
            }
            let mut sql = Sql::new("DELETE FROM hosts WHERE id IN ");
            sql.list(ids.iter().map(HostId::as_str));
            gone += sql.run(&mut *tx).await?;
        }
        self.commit(tx, act).await?;
        Ok(gone)
    }
}

/// What may tell this machine from another: `name:pc1`, `ip:10.0.0.1`, `mac:00:11:…`, `product-id:…`.
pub fn host_keys(facts: &HostFacts) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    keys.extend(facts.name.iter().map(|name| format!("name:{}", name.to_lowercase())));
    keys.extend(facts.addresses.iter().map(|address| format!("ip:{address}")));
    keys.extend(facts.macs.iter().map(|mac| format!("mac:{mac}")));
    keys.extend(facts.product_id.iter().map(|id| format!("product-id:{id}")));
    keys.iter().map(|key| clean(key)).collect()
}

const FACT_COLUMNS: [&str; 19] = [
    "id",
    "label",
    "address",
    "product",
    "edition",
    "service_pack",
    "build",
    "arch",
    "role",
    "host_group",
    "zone",
    "owner",
    "value",
    "sources",
    "os_basis",
    "updates",
    "first_seen",
    "last_seen",
    "search",
];

/// Writes merged hosts: row, body and keys. A host that is judged with them takes its judgement along; the judgement
/// columns of another known host stay until it is judged again.
pub(crate) async fn write(
    tx: &mut Tx,
    hosts: &BTreeMap<&HostId, &Host>,
    judged: &mut Prepared,
    now: Timestamp,
) -> Result<()> {
    let (mut rows, mut blank) = (Vec::new(), Vec::new());
    for (id, host) in hosts {
        let facts = fact_values(host, now).into_iter();
        match judged.take(id) {
            Some(judgement) => rows.push(facts.chain(judgement).collect()),
            None => blank.push(facts.chain(blank_values()).collect()),
        }
    }
    let columns: Vec<_> = FACT_COLUMNS.iter().chain(&judgements::COLUMNS).copied().collect();
    let both = format!("{}, {}", fact_conflict(), bulk::excluded(&judgements::COLUMNS));
    bulk::insert(tx, "hosts", &columns, rows, &both).await?;
    bulk::insert(tx, "hosts", &columns, blank, &fact_conflict()).await?;
    let mut bodies = Vec::with_capacity(hosts.len());
    for (id, host) in hosts {
        bodies.push(vec![Value::from(id.as_str()), Value::from(pack("host", host)?)]);
    }
    bulk::insert(tx, "host_bodies", &["host", "body"], bodies, &bulk::overwrite("host", &["host", "body"])).await?;
    let ids: Vec<_> = hosts.keys().map(|id| id.as_str()).collect();
    for ids in ids.chunks(IDS_MAX) {
        let mut sql = Sql::new("DELETE FROM host_keys WHERE host IN ");
        sql.list(ids.iter().copied());
        sql.run(&mut **tx).await?;
    }
    let keys = hosts
        .iter()
        .flat_map(|(id, host)| host_keys(&host.facts).into_iter().map(|key| vec![key.into(), id.as_str().into()]))
        .collect();
    bulk::insert(tx, "host_keys", &["key_text", "host"], keys, "").await?;
    Ok(())
}

fn fact_conflict() -> String {
    let plain: Vec<_> =
        FACT_COLUMNS.iter().filter(|column| !matches!(**column, "first_seen" | "last_seen")).copied().collect();
    // A host is never seen earlier than it was: an old file read late does not make it old.
    format!(
        "{}, last_seen = CASE WHEN excluded.last_seen > hosts.last_seen THEN excluded.last_seen ELSE hosts.last_seen \
         END",
        bulk::overwrite("id", &plain)
    )
}

fn fact_values(host: &Host, now: Timestamp) -> Vec<Value> {
    let (facts, os, business) = (&host.facts, &host.facts.os, &host.facts.business);
    let text = |text: Option<&String>| Value::from(text.map(|text| clean(text)).unwrap_or_default());
    let label = host.label();
    let addresses: Vec<_> = facts.addresses.iter().map(ToString::to_string).collect();
    let kinds: BTreeSet<_> = host.sources.iter().map(|source| word(&source.kind)).collect();
    let updates = match (facts.updates.known, facts.updates.complete) {
        (false, _) => "unknown",
        (true, false) => "incomplete",
        (true, true) => "complete",
    };
    let seen = host.sources.iter().filter_map(|source| source.observed);
    let search = search_text(
        [Some(label.as_str()), os.product.as_deref(), facts.domain.as_deref()]
            .into_iter()
            .chain([&business.group, &business.zone, &business.owner].map(Option::as_deref))
            .flatten()
            .chain(addresses.iter().map(String::as_str)),
    );
    vec![
        host.id.as_str().into(),
        clean(&label).into(),
        addresses.first().cloned().unwrap_or_default().into(),
        text(os.product.as_ref()),
        text(os.edition.as_ref()),
        os.service_pack.map_or(-1, i64::from).into(),
        os.build.map_or(-1, i64::from).into(),
        optional_word(os.arch.as_ref()).into(),
        optional_word(os.role.as_ref()).into(),
        text(business.group.as_ref()),
        text(business.zone.as_ref()),
        text(business.owner.as_ref()),
        business.value.map_or(0, i64::from).into(),
        Vec::from_iter(kinds).join(",").into(),
        word(&os.basis).into(),
        updates.into(),
        micros(seen.clone().min().or(Some(now))).into(),
        micros(seen.max().or(Some(now))).into(),
        search.into(),
    ]
}

/// What a host has before its first assessment: nothing known, nothing safe.
fn blank_values() -> [Value; judgements::COLUMNS.len()] {
    let (none, zero) = (Value::from(""), Value::from(0));
    [
        none.clone(),
        Value::from(-1),
        none.clone(),
        none.clone(),
        zero.clone(),
        zero.clone(),
        zero.clone(),
        zero.clone(),
        Value::from(URGENCY_UNKNOWN),
        none.clone(),
        none.clone(),
        none,
        zero,
        Value::from(NOT_JUDGED),
    ]
}

/// Writes what sources said. The same statement read again stays one row.
pub(crate) async fn write_observations(
    tx: &mut Tx,
    import: Option<i64>,
    observations: &[(HostId, Observation)],
    now: Timestamp,
) -> Result<()> {
    let mut rows: BTreeMap<(&str, String), Vec<Value>> = BTreeMap::new();
    for (host, observation) in observations {
        let (digest, source) = (observation_digest(observation)?, &observation.source);
        let row = vec![
            host.as_str().into(),
            digest.as_str().into(),
            import.unwrap_or(0).into(),
            word(&source.kind).into(),
            clean(&source.path).into(),
            micros(source.observed.or(Some(now))).into(),
            now.as_microsecond().into(),
            pack("observation", observation)?.into(),
        ];
        rows.insert((host.as_str(), digest), row);
    }
    let columns = ["host", "digest", "import", "kind", "path", "observed", "stored", "body"];
    let conflict = "ON CONFLICT (host, digest) DO UPDATE SET observed = excluded.observed, body = excluded.body \
                    WHERE excluded.observed > observations.observed";
    bulk::insert(tx, "observations", &columns, rows.into_values().collect(), conflict).await?;
    Ok(())
}

/// Two readings of the same bytes are one observation, whatever the file was called and whenever it was read.
pub fn observation_digest(observation: &Observation) -> Result<String> {
    let Observation { source, facts, oddities } = observation;
    Ok(sha256_hex(json("observation", &(&source.kind, &source.sha256, facts, oddities))?.as_bytes()))
}

/// Gives what hangs on one host id to another and forgets the first: two records turned out to be one machine.
pub(crate) async fn absorb(tx: &mut Tx, gone: &HostId, into: &HostId) -> Result<()> {
    if gone == into {
        return Ok(());
    }
    sql!(
        "UPDATE observations SET host = $1 WHERE host = $2 AND digest NOT IN \
         (SELECT digest FROM observations WHERE host = $3)",
        into.as_str(),
        gone.as_str(),
        into.as_str()
    )
    .run(&mut **tx)
    .await?;
    sql!("UPDATE plan_history SET host = $1 WHERE host = $2", into.as_str(), gone.as_str()).run(&mut **tx).await?;
    sql!("UPDATE results SET host = $1 WHERE host = $2", into.as_str(), gone.as_str()).run(&mut **tx).await?;
    rollouts::absorb(tx, gone, into).await?;
    sql!("DELETE FROM hosts WHERE id = $1", gone.as_str()).run(&mut **tx).await?;
    Ok(())
}

fn observation(row: &sqlx::any::AnyRow) -> Result<StoredObservation> {
    let digest = row.text("digest")?;
    let import = row.int("import")?;
    Ok(StoredObservation {
        import: (import > 0).then_some(import),
        stored: sure_time(row.int("stored")?),
        kind: from_word(&row.text("kind")?).unwrap_or(SourceKind::Manual),
        observation: unpack("observation", &digest, &row.bytes("body")?)?,
        digest,
    })
}

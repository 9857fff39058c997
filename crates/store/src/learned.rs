//! What was learned of hosts, links and accounts: profiles that outlive the captures they were drawn from.
//!
//! What a profile says is its maker's; here it is bytes that only its maker can merge. Merging happens inside of the
//! transaction that stores what came of it, so that two who learn at the same time lose nothing of each other.

use crate::assets::Page;
use crate::db::{Backend, Columns, Sql, Tx, Value, sql};
use crate::pack::{clean, sure_time, word};
use crate::traffic::{Traffic, cut, paged};
use crate::{Act, Error, Result, bulk};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::collections::BTreeMap;

/// Keys that are looked up in one statement.
const KEYS_AT_ONCE: usize = 400;
const CONFLICT: &str = "ON CONFLICT (kind, subject, other) DO UPDATE SET conversations = excluded.conversations, \
                        volume = excluded.volume, first_seen = excluded.first_seen, last_seen = excluded.last_seen, \
                        body = excluded.body";
const COLUMNS: [&str; 8] = ["kind", "subject", "other", "conversations", "volume", "first_seen", "last_seen", "body"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileKind {
    Host,
    /// Who opens and who answers.
    Link,
    Account,
    /// Administration from afar, by who does it and where.
    Administration,
}

impl ProfileKind {
    pub const ALL: [ProfileKind; 4] =
        [ProfileKind::Host, ProfileKind::Link, ProfileKind::Account, ProfileKind::Administration];
}

/// Whom a profile is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileKey {
    pub kind: ProfileKind,
    pub subject: String,
    /// Who answers; empty for hosts and accounts.
    pub other: String,
}

/// A profile, and what lists are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    pub key: ProfileKey,
    /// Conversations; of an account its exchanges.
    pub conversations: u64,
    /// Bytes both ways.
    pub volume: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub body: Vec<u8>,
}

/// Profiles kept of each kind; those silent longest make room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileQuota {
    pub each: u64,
}

impl Default for ProfileQuota {
    fn default() -> Self {
        ProfileQuota { each: 100_000 }
    }
}

impl Traffic<'_> {
    /// Merges what was seen into what is known. `merge` gets a key with what is known of it and gives what is to be
    /// known from now on. A capture with a digest is learned once: a second time nothing is stored, and `merge` only
    /// sees what is known.
    pub async fn learn(
        &self,
        digest: Option<&str>,
        keys: &[ProfileKey],
        mut merge: impl FnMut(&ProfileKey, Option<&Learned>, bool) -> Option<Learned>,
        act: &Act,
    ) -> Result<()> {
        let mut tx = self.db().begin().await?;
        if self.db().backend == Backend::Postgres {
            Sql::new("SELECT COUNT(pg_advisory_xact_lock(7233127)) AS n").one(&mut *tx).await?;
        }
        let new = match digest {
            Some(digest) => {
                let sql = sql!(
                    "INSERT INTO wire_profiled (digest) VALUES ($1) ON CONFLICT (digest) DO NOTHING",
                    clean(digest)
                );
                sql.run(&mut *tx).await? > 0
            }
            None => true,
        };
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let known = known(&mut tx, keys).await?;
            let made: Vec<Learned> = keys.iter().filter_map(|key| merge(key, known.get(key), new)).collect();
            if new {
                bulk::insert(&mut tx, "wire_profiles", &COLUMNS, made.into_iter().map(values).collect(), CONFLICT)
                    .await?;
            }
        }
        self.store.commit(tx, act).await
    }

    /// True when this capture is in the profiles.
    pub async fn is_learned(&self, digest: &str) -> Result<bool> {
        let row = sql!("SELECT digest FROM wire_profiled WHERE digest = $1", clean(digest));
        Ok(row.optional(self.db().reader()).await?.is_some())
    }

    pub async fn profile(&self, key: &ProfileKey) -> Result<Option<Learned>> {
        let row = sql!(
            "SELECT * FROM wire_profiles WHERE kind = $1 AND subject = $2 AND other = $3",
            word(&key.kind),
            clean(&key.subject),
            clean(&key.other)
        )
        .optional(self.db().reader())
        .await?;
        row.as_ref().map(learned).transpose()
    }

    /// The links a host opens and those it answers, by conversations; and how many there are of both.
    pub async fn links_of(&self, host: &str, limit: u32) -> Result<([Vec<Learned>; 2], [u64; 2])> {
        let host = clean(host);
        let link = word(&ProfileKind::Link);
        let mut found = [Vec::new(), Vec::new()];
        let mut counts = [0, 0];
        for (number, column) in ["subject", "other"].into_iter().enumerate() {
            let mut sql = Sql::new("SELECT * FROM wire_profiles WHERE kind = ");
            sql.value(link.as_str()).push(&format!(" AND {column} = ")).value(host.as_str());
            let mut counted = Sql::new("SELECT COUNT(*) AS n FROM wire_profiles WHERE kind = ");
            counted.value(link.as_str()).push(&format!(" AND {column} = ")).value(host.as_str());
            sql.push(" ORDER BY conversations DESC, id LIMIT ").value(i64::from(limit));
            let rows = sql.all(self.db().reader()).await?;
            if let (Some(found), Some(count)) = (found.get_mut(number), counts.get_mut(number)) {
                *found = rows.iter().map(learned).collect::<Result<_>>()?;
                *count = counted.one(self.db().reader()).await?.int("n")?.unsigned_abs();
            }
        }
        Ok((found, counts))
    }

    /// Profiles of a kind, those seen last first; `search` is part of a subject.
    pub async fn profiles_of(
        &self,
        kind: ProfileKind,
        search: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Learned>> {
        let limit = i64::from(crate::assets::limit(limit));
        let mut condition = Sql::new("kind = ");
        condition.value(word(&kind));
        if let Some(search) = search {
            let word = clean(&search.to_lowercase()).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            condition.push(" AND subject LIKE ").value(format!("%{word}%")).push(" ESCAPE '\\'");
        }
        let mut counted = Sql { text: "SELECT COUNT(*) AS n FROM wire_profiles WHERE ".to_owned(), values: Vec::new() };
        counted.push(&condition.text).values = condition.values.clone();
        let mut sql =
            Sql { text: format!("SELECT * FROM wire_profiles WHERE {}", condition.text), values: condition.values };
        if let Some((last, id)) = cursor.map(cut).transpose()? {
            sql.push(" AND (last_seen, id) < (").value(last).push(", ").value(id).push(")");
        }
        // Many links have the same subject, and many of them the same end.
        sql.push(" ORDER BY last_seen DESC, id DESC LIMIT ").value(limit + 1);
        let (rows, total) = tokio::try_join!(sql.all(self.db().reader()), counted.one(self.db().reader()))?;
        let rows = rows.iter().map(|row| Ok((row.int("id")?, learned(row)?))).collect::<Result<Vec<_>>>()?;
        let key = |(id, last): &(i64, Learned)| format!("{}.{id}", last.last_seen.as_microsecond());
        let Page { rows, next, total } = paged(rows, limit, total.int("n")?, key);
        Ok(Page { rows: rows.into_iter().map(|(_, learned)| learned).collect(), next, total })
    }

    /// Forgets the profiles beyond the quota that were silent longest; gives how many went.
    pub async fn make_profile_room(&self, quota: ProfileQuota) -> Result<u64> {
        let mut tx = self.db().begin().await?;
        let mut gone = 0;
        for kind in ProfileKind::ALL {
            let kind = word(&kind);
            let have = sql!("SELECT COUNT(*) AS n FROM wire_profiles WHERE kind = $1", kind.as_str());
            let over = have.one(&mut *tx).await?.int("n")? - i64::try_from(quota.each).unwrap_or(i64::MAX);
            if over > 0 {
                gone += sql!(
                    "DELETE FROM wire_profiles WHERE id IN \
                     (SELECT id FROM wire_profiles WHERE kind = $1 ORDER BY last_seen, id LIMIT $2)",
                    kind.as_str(),
                    over
                )
                .run(&mut *tx)
                .await?;
            }
        }
        tx.commit().await?;
        Ok(gone)
    }
}

async fn known(tx: &mut Tx, keys: &[ProfileKey]) -> Result<BTreeMap<ProfileKey, Learned>> {
    let mut sql = Sql::new("SELECT * FROM wire_profiles WHERE (kind, subject, other) IN (VALUES ");
    for (number, key) in keys.iter().enumerate() {
        sql.push(if number == 0 { "" } else { ", " });
        sql.list([word(&key.kind), clean(&key.subject), clean(&key.other)]);
    }
    sql.push(")");
    let rows = sql.all(&mut **tx).await?;
    rows.iter().map(|row| learned(row).map(|learned| (learned.key.clone(), learned))).collect()
}

fn values(learned: Learned) -> Vec<Value> {
    let number = |value: u64| Value::from(i64::try_from(value).unwrap_or(i64::MAX));
    vec![
        word(&learned.key.kind).into(),
        clean(&learned.key.subject).into(),
        clean(&learned.key.other).into(),
        number(learned.conversations),
        number(learned.volume),
        learned.first_seen.as_microsecond().into(),
        learned.last_seen.as_microsecond().into(),
        learned.body.into(),
    ]
}

fn learned(row: &AnyRow) -> Result<Learned> {
    let id = row.int("id")?;
    let kind = row.text("kind")?;
    let kind = ProfileKind::ALL.into_iter().find(|known| word(known) == kind).ok_or_else(|| Error::Damaged {
        what: "profile",
        id: id.to_string(),
        source: format!("kind `{kind}`").into(),
    })?;
    Ok(Learned {
        key: ProfileKey { kind, subject: row.text("subject")?, other: row.text("other")? },
        conversations: row.int("conversations")?.unsigned_abs(),
        volume: row.int("volume")?.unsigned_abs(),
        first_seen: sure_time(row.int("first_seen")?),
        last_seen: sure_time(row.int("last_seen")?),
        body: row.bytes("body")?,
    })
}

//! What was seen: a row for each content, and where it was seen.

use super::Files;
use super::lists::{FileList, restand};
use crate::assets::Page;
use crate::db::{Columns, Sql, Tx, sql};
use crate::pack::{clean, from_word, sure_time, time, word};
use crate::traffic::paged;
use crate::{Act, Error, FacetCount, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

const PAGE_MAX: i64 = 500;
/// Sightings and containers that are told of one file.
const TOLD_MAX: i64 = 500;
const NAME_CHARS_MAX: usize = 1000;

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    Waiting,
    /// Somebody analyses it.
    Leased,
    Done,
    /// It took down whoever analysed it, again and again.
    SetAside,
}

/// What is done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileStage {
    /// It is read.
    Static,
    /// It is run, where nothing can be harmed. Nobody does that yet.
    Dynamic,
}

/// What saw a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SightingSource {
    /// A person sent it in.
    Upload,
    /// It went over the wire.
    Wire,
    /// It lay in a folder that is watched.
    Folder,
    Endpoint,
}

/// A file that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSighting {
    pub sha256: String,
    pub size: u64,
    pub name: String,
    pub source: SightingSource,
    /// The host it was seen on, where there is one.
    pub host: Option<String>,
    pub at: Timestamp,
    /// Whether its bytes are kept now.
    pub kept: bool,
    /// The greater is analysed first.
    pub priority: i64,
}

/// What came of telling that a file was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Never before; it waits to be analysed.
    First,
    /// It was known by its digest only; now its bytes are kept, and it waits to be analysed.
    Had,
    Again(FileState),
}

/// A file, without its report.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRow {
    pub id: i64,
    pub sha256: String,
    pub size: u64,
    pub name: String,
    pub kept: bool,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Hosts it was seen on.
    pub hosts: u64,
    pub state: FileState,
    pub attempts: i64,
    pub worker: Option<String>,
    pub queued: Timestamp,
    /// Absent before the first analysis, as is everything below.
    pub analysed: Option<Timestamp>,
    pub verdict: Option<String>,
    pub standing: Option<String>,
    /// The list that counts, as JSON.
    pub overruled: Option<String>,
    pub score: u32,
    pub kind: Option<String>,
    pub group: Option<String>,
    pub mime: Option<String>,
    /// Digest under which its report is kept.
    pub report: Option<String>,
    /// Parts inside it.
    pub parts: u64,
    pub versions: Option<String>,
    pub took_ms: u64,
    pub list: Option<FileList>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSighting {
    pub host: Option<String>,
    pub source: SightingSource,
    pub name: String,
    pub times: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

/// A file that has another one inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    pub root: String,
    pub name: String,
    pub path: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFilter {
    /// What counts.
    pub standing: Vec<String>,
    pub states: Vec<FileState>,
    pub groups: Vec<String>,
    pub kinds: Vec<String>,
    pub list: Option<FileList>,
    pub host: Option<String>,
    pub source: Option<SightingSource>,
    /// Part of a name, or the beginning of a digest.
    pub text: Option<String>,
    /// Has this in common: kind and value of a pivot.
    pub pivot: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSort {
    #[default]
    LastSeen,
    Score,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileCounts {
    pub standing: Vec<FacetCount>,
    pub groups: Vec<FacetCount>,
    pub kept_bytes: u64,
    pub files: u64,
}

impl Files<'_> {
    /// Keeps that a file was seen. A content that is new, or whose bytes are kept for the first time, waits to be analysed.
    pub async fn see(&self, new: &NewSighting, act: &Act) -> Result<Seen> {
        let mut tx = self.db().begin().await?;
        let seen = see(&mut tx, new, act).await?;
        self.store.commit(tx, act).await?;
        Ok(seen)
    }

    pub async fn file(&self, sha256: &str) -> Result<FileRow> {
        self.find(sha256).await?.ok_or_else(|| Error::not_found("file", sha256))
    }

    pub async fn find(&self, sha256: &str) -> Result<Option<FileRow>> {
        let row = sql!(
            "SELECT f.*, COALESCE(l.list, '') AS list FROM files f LEFT JOIN file_lists l ON l.sha256 = f.sha256 \
             WHERE f.sha256 = $1",
            clean(sha256)
        )
        .optional(self.db().reader())
        .await?;
        row.as_ref().map(file).transpose()
    }

    /// Files by the numbers of their rows.
    pub async fn by_rows(&self, rows: impl IntoIterator<Item = i64>) -> Result<Vec<FileRow>> {
        let mut sql = Sql::new(
            "SELECT f.*, COALESCE(l.list, '') AS list FROM files f LEFT JOIN file_lists l ON l.sha256 = f.sha256 \
             WHERE f.id IN ",
        );
        sql.list(rows);
        sql.all(self.db().reader()).await?.iter().map(file).collect()
    }

    /// A page of files, the newest or the worst first.
    pub async fn page(
        &self,
        filter: &FileFilter,
        sort: FileSort,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<FileRow>> {
        let limit = i64::from(limit).clamp(1, PAGE_MAX);
        let column = match sort {
            FileSort::LastSeen => "last_seen",
            FileSort::Score => "score",
        };
        let mut count = Sql::new("SELECT COUNT(*) AS n FROM files f LEFT JOIN file_lists l ON l.sha256 = f.sha256");
        filter.restrict(&mut count);
        let total = count.one(self.db().reader()).await?.int("n")?;
        let mut page = Sql::new(
            "SELECT f.*, COALESCE(l.list, '') AS list FROM files f LEFT JOIN file_lists l ON l.sha256 = f.sha256",
        );
        filter.restrict(&mut page);
        if let Some(cursor) = cursor {
            let (value, id) = cursor.split_once('.').ok_or(Error::Cursor)?;
            let value: i64 = value.parse().map_err(|_| Error::Cursor)?;
            let id: i64 = id.parse().map_err(|_| Error::Cursor)?;
            page.push(&format!(" AND (f.{column}, f.id) < (")).value(value).push(", ").value(id).push(")");
        }
        page.push(&format!(" ORDER BY f.{column} DESC, f.id DESC LIMIT ")).value(limit + 1);
        let rows = page.all(self.db().reader()).await?;
        let rows = rows.iter().map(file).collect::<Result<Vec<_>>>()?;
        Ok(paged(rows, limit, total, |row| {
            let value = match sort {
                FileSort::LastSeen => row.last_seen.as_microsecond(),
                FileSort::Score => i64::from(row.score),
            };
            format!("{value}.{}", row.id)
        }))
    }

    /// How many there are of what counts and of each group of types, whatever else is asked.
    pub async fn counts(&self) -> Result<FileCounts> {
        let of = async |column: &str| -> Result<Vec<FacetCount>> {
            let mut sql = Sql::new("SELECT ");
            sql.push(column).push(" AS value, COUNT(*) AS n FROM files GROUP BY ").push(column);
            let rows = sql.all(self.db().reader()).await?;
            let mut counts = rows
                .iter()
                .map(|row| Ok(FacetCount { value: row.text("value")?, hosts: row.int("n")? }))
                .collect::<Result<Vec<_>>>()?;
            counts.sort_by_key(|facet| std::cmp::Reverse(facet.hosts));
            Ok(counts)
        };
        let kept = Sql::new(
            "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(CASE WHEN kept = 1 THEN size ELSE 0 END), 0) AS BIGINT) AS kept \
             FROM files",
        );
        let kept = kept.one(self.db().reader()).await?;
        Ok(FileCounts {
            standing: of("standing").await?,
            groups: of("kind_group").await?,
            kept_bytes: kept.int("kept")?.unsigned_abs(),
            files: kept.int("n")?.unsigned_abs(),
        })
    }

    /// Where a file was seen, the last ones first.
    pub async fn sightings(&self, sha256: &str) -> Result<Vec<FileSighting>> {
        let rows = sql!(
            "SELECT * FROM file_sightings WHERE sha256 = $1 ORDER BY last_seen DESC, host, name LIMIT $2",
            clean(sha256),
            TOLD_MAX
        )
        .all(self.db().reader())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(FileSighting {
                    host: Some(row.text("host")?).filter(|host| !host.is_empty()),
                    source: from_word(&row.text("source")?).unwrap_or(SightingSource::Upload),
                    name: row.text("name")?,
                    times: row.int("times")?.unsigned_abs(),
                    first_seen: sure_time(row.int("first_seen")?),
                    last_seen: sure_time(row.int("last_seen")?),
                })
            })
            .collect()
    }

    /// Files that have this one inside.
    pub async fn within(&self, sha256: &str) -> Result<Vec<Within>> {
        let rows = sql!(
            "SELECT p.root, p.path, f.name FROM file_parts p JOIN files f ON f.sha256 = p.root \
             WHERE p.part = $1 AND p.root <> $1 ORDER BY f.last_seen DESC LIMIT $2",
            clean(sha256),
            TOLD_MAX
        )
        .all(self.db().reader())
        .await?;
        rows.iter()
            .map(|row| Ok(Within { root: row.text("root")?, name: row.text("name")?, path: row.text("path")? }))
            .collect()
    }

    /// Bytes of the files that are kept, unpacked.
    pub async fn kept_bytes(&self) -> Result<u64> {
        let sum = Sql::new("SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) AS n FROM files WHERE kept = 1");
        Ok(sum.one(self.db().reader()).await?.int("n")?.unsigned_abs())
    }

    /// Kept files in the order in which they make room: what was seen longest ago, the bad ones last. What waits stays.
    pub async fn first_to_go(&self, limit: u32) -> Result<Vec<FileRow>> {
        let rows = sql!(
            "SELECT f.*, '' AS list FROM files f WHERE kept = 1 AND state IN ('done', 'set-aside') ORDER BY \
             CASE WHEN standing IN ('malicious', 'suspicious') THEN 1 ELSE 0 END, last_seen, id LIMIT $1",
            i64::from(limit)
        )
        .all(self.db().reader())
        .await?;
        rows.iter().map(file).collect()
    }

    /// Says that the bytes of a file are not kept any more.
    pub async fn let_go(&self, sha256: &str, act: &Act) -> Result<()> {
        let mut tx = self.db().begin().await?;
        sql!("UPDATE files SET kept = 0 WHERE sha256 = $1 AND state IN ('done', 'set-aside')", clean(sha256))
            .run(&mut *tx)
            .await?;
        self.store.commit(tx, act).await
    }

    /// Forgets a file with everything that was made of it; gives under which name its report was kept.
    pub async fn forget(&self, sha256: &str, act: &Act) -> Result<Option<String>> {
        let report = self.file(sha256).await?.report;
        let mut tx = self.db().begin().await?;
        for (table, column) in
            [("files", "sha256"), ("file_sightings", "sha256"), ("file_parts", "root"), ("file_pivots", "sha256")]
        {
            let mut sql = Sql::new("DELETE FROM ");
            sql.push(table).push(" WHERE ").push(column).push(" = ").value(clean(sha256));
            sql.run(&mut *tx).await?;
        }
        self.store.commit(tx, act).await?;
        Ok(report)
    }
}

async fn see(tx: &mut Tx, new: &NewSighting, act: &Act) -> Result<Seen> {
    let (sha256, at) = (clean(&new.sha256), new.at.as_microsecond());
    let name: String = clean(&new.name).chars().take(NAME_CHARS_MAX).collect();
    let host = clean(new.host.as_deref().unwrap_or_default());
    let known = sql!("SELECT state, kept FROM files WHERE sha256 = $1", sha256.as_str()).optional(&mut **tx).await?;
    sql!(
        "INSERT INTO files (sha256, size, name, kept, first_seen, last_seen, hosts, state, priority, queued, lease, \
         worker, lease_until, attempts, analysed, verdict, standing, overruled, score, kind, kind_group, mime, report, \
         parts, versions, took_ms, tlsh, lake_batch, lake_by) \
         VALUES ($1, $2, $3, $4, $5, $5, 0, $6, $7, $8, '', '', 0, 0, 0, '', '', '', 0, '', '', '', '', 0, '', 0, '', \
         0, '') \
         ON CONFLICT (sha256) DO UPDATE SET \
         last_seen = CASE WHEN excluded.last_seen > files.last_seen THEN excluded.last_seen ELSE files.last_seen END, \
         first_seen = CASE WHEN excluded.first_seen < files.first_seen THEN excluded.first_seen \
         ELSE files.first_seen END, \
         state = CASE WHEN files.kept = 0 AND excluded.kept = 1 THEN 'waiting' ELSE files.state END, \
         queued = CASE WHEN files.kept = 0 AND excluded.kept = 1 THEN excluded.queued ELSE files.queued END, \
         priority = CASE WHEN files.priority > excluded.priority THEN files.priority ELSE excluded.priority END, \
         kept = CASE WHEN excluded.kept = 1 THEN 1 ELSE files.kept END",
        sha256.as_str(),
        i64::try_from(new.size).unwrap_or(i64::MAX),
        name.as_str(),
        i64::from(new.kept),
        at,
        // What is known by its digest only cannot be analysed: nothing waits.
        if new.kept { "waiting" } else { "done" },
        new.priority,
        act.micros()
    )
    .run(&mut **tx)
    .await?;
    sql!(
        "INSERT INTO file_sightings (sha256, host, source, name, times, first_seen, last_seen, lake_batch, lake_by) \
         VALUES ($1, $2, $3, $4, 1, $5, $5, 0, '') ON CONFLICT (sha256, host, source, name) DO UPDATE SET \
         times = file_sightings.times + 1, \
         last_seen = CASE WHEN excluded.last_seen > file_sightings.last_seen THEN excluded.last_seen \
         ELSE file_sightings.last_seen END, \
         first_seen = CASE WHEN excluded.first_seen < file_sightings.first_seen THEN excluded.first_seen \
         ELSE file_sightings.first_seen END",
        sha256.as_str(),
        host.as_str(),
        word(&new.source),
        name.as_str(),
        at
    )
    .run(&mut **tx)
    .await?;
    if !host.is_empty() {
        sql!(
            "UPDATE files SET hosts = (SELECT COUNT(DISTINCT host) FROM file_sightings \
             WHERE sha256 = $1 AND host <> '') WHERE sha256 = $1",
            sha256.as_str()
        )
        .run(&mut **tx)
        .await?;
    }
    if known.is_none() {
        // Lists may know it already.
        restand(tx, std::slice::from_ref(&sha256)).await?;
    }
    Ok(match known {
        None => Seen::First,
        Some(row) if !row.flag("kept")? && new.kept => Seen::Had,
        Some(row) => Seen::Again(from_word(&row.text("state")?).unwrap_or(FileState::Done)),
    })
}

impl FileFilter {
    fn restrict(&self, sql: &mut Sql) {
        sql.push(" WHERE 1 = 1");
        let mut one_of = |column: &str, values: Vec<String>| {
            if !values.is_empty() {
                sql.push(&format!(" AND f.{column} IN ")).list(values);
            }
        };
        one_of("standing", self.standing.clone());
        one_of("state", self.states.iter().map(word).collect());
        one_of("kind_group", self.groups.clone());
        one_of("kind", self.kinds.clone());
        if let Some(list) = &self.list {
            sql.push(" AND l.list = ").value(word(list));
        }
        if self.host.is_some() || self.source.is_some() {
            sql.push(" AND f.sha256 IN (SELECT sha256 FROM file_sightings WHERE 1 = 1");
            if let Some(host) = &self.host {
                sql.push(" AND host = ").value(clean(host));
            }
            if let Some(source) = &self.source {
                sql.push(" AND source = ").value(word(source));
            }
            sql.push(")");
        }
        if let Some((kind, value)) = &self.pivot {
            sql.push(" AND f.sha256 IN (SELECT sha256 FROM file_pivots WHERE kind = ").value(clean(kind));
            sql.push(" AND value = ").value(clean(value)).push(")");
        }
        if let Some(text) = self.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            restrict_to_text(sql, &clean(text));
        }
    }
}

/// By the beginning of a digest, by one of the other digests, or by a part of a name.
fn restrict_to_text(sql: &mut Sql, text: &str) {
    let digits = text.to_ascii_lowercase();
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && digits.len() == 64 {
        sql.push(" AND (f.sha256 = ").value(digits.clone());
        sql.push(" OR f.sha256 IN (SELECT root FROM file_parts WHERE part = ").value(digits).push("))");
        return;
    }
    if is_hex && matches!(digits.len(), 32 | 40) {
        sql.push(
            " AND f.sha256 IN (SELECT sha256 FROM file_pivots WHERE kind IN ('md5', 'sha1', 'imphash') AND value = ",
        );
        sql.value(digits).push(")");
        return;
    }
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    sql.push(" AND (LOWER(f.name) LIKE ").value(format!("%{}%", escaped.to_lowercase())).push(" ESCAPE '\\'");
    if is_hex && digits.len() >= 6 {
        sql.push(" OR f.sha256 LIKE ").value(format!("{digits}%"));
    }
    sql.push(")");
}

pub(super) fn file(row: &AnyRow) -> Result<FileRow> {
    let text = |name: &str| row.text(name).map(|text| Some(text).filter(|text| !text.is_empty()));
    Ok(FileRow {
        id: row.int("id")?,
        sha256: row.text("sha256")?,
        size: row.int("size")?.unsigned_abs(),
        name: row.text("name")?,
        kept: row.flag("kept")?,
        first_seen: sure_time(row.int("first_seen")?),
        last_seen: sure_time(row.int("last_seen")?),
        hosts: row.int("hosts")?.unsigned_abs(),
        state: from_word(&row.text("state")?).unwrap_or(FileState::Done),
        attempts: row.int("attempts")?,
        worker: text("worker")?,
        queued: sure_time(row.int("queued")?),
        analysed: time(row.int("analysed")?),
        verdict: text("verdict")?,
        standing: text("standing")?,
        overruled: text("overruled")?,
        score: u32::try_from(row.int("score")?).unwrap_or(0),
        kind: text("kind")?,
        group: text("kind_group")?,
        mime: text("mime")?,
        report: text("report")?,
        parts: row.int("parts")?.unsigned_abs(),
        versions: text("versions")?,
        took_ms: row.int("took_ms")?.unsigned_abs(),
        list: from_word(&row.text("list")?),
    })
}

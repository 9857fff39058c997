//! Imports: which files came in, what became of each, and the chunks in which hosts are stored.

use crate::assets::Page;
use crate::bulk;
use crate::db::{Columns, Sql, Tx, sql};
use crate::hosts::{self, IDS_MAX};
use crate::jobs::{self, Checkpoint, JobId, JobOutcome};
use crate::pack::{clean, from_optional_json, from_word, optional_json, sure_time, time, word};
use crate::{Act, Error, Judged, Result, Store, judgements};
use jiff::Timestamp;
use model::{Host, HostId, Message, Observation};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use std::collections::{BTreeMap, BTreeSet};

pub type ImportId = i64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    /// What the person called it, or the first file's name.
    pub name: String,
    pub owner: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    pub id: ImportId,
    pub name: String,
    pub owner: String,
    pub state: ImportState,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    /// The counts are made when the import finishes.
    pub files: i64,
    pub refused: i64,
    /// Host records in its files; several may be one machine.
    pub hosts: i64,
    /// Machines that were not known before it.
    pub new_hosts: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportState {
    Running,
    Done,
    Failed,
    Cancelled,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOutcome {
    pub path: String,
    pub sha256: String,
    pub size: u64,
    pub hosts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Message>,
}

/// What is stored at once: all of it or nothing. A host belongs into the chunk that holds its last new observation,
/// merged from everything known of it, together with its judgement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chunk {
    pub files: Vec<FileOutcome>,
    pub observations: Vec<(HostId, Observation)>,
    pub hosts: Vec<Host>,
    pub judgements: Vec<Judged>,
    /// Version of the knowledge the judgements were made with.
    pub knowledge: String,
    /// `(gone, into)`: records that turned out to be the same machine.
    pub absorbed: Vec<(HostId, HostId)>,
    /// How far the job is that stores it, once it is stored.
    pub checkpoint: Option<Checkpoint>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredChunk {
    pub hosts_new: u64,
    pub hosts_known: u64,
}

impl Store {
    pub async fn begin_import(&self, import: &NewImport, act: &Act) -> Result<ImportId> {
        let mut tx = self.db.begin().await?;
        let row = sql!(
            "INSERT INTO imports (name, owner, state, started, finished, files, refused, hosts) \
             VALUES ($1, $2, 'running', $3, 0, 0, 0, 0) RETURNING id",
            clean(&import.name),
            clean(&import.owner),
            act.micros()
        )
        .one(&mut *tx)
        .await?;
        self.commit(tx, act).await?;
        row.int("id")
    }

    /// Stores a chunk in one transaction. Storing the same chunk again changes nothing but the times.
    ///
    /// Without an import it stores what was typed in, made by the demo, or judged anew.
    pub async fn store_chunk(&self, import: Option<ImportId>, chunk: &Chunk, act: &Act) -> Result<StoredChunk> {
        let merged: BTreeMap<_, _> = chunk.hosts.iter().map(|host| (&host.id, host)).collect();
        let mut tx = self.db.begin().await?;
        let mut stored = StoredChunk::default();
        let ids: Vec<_> = merged.keys().copied().collect();
        for ids in ids.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT COUNT(*) AS n FROM hosts WHERE id IN ");
            sql.list(ids.iter().map(|id| id.as_str()));
            stored.hosts_known += sql.one(&mut *tx).await?.int("n")?.unsigned_abs();
        }
        stored.hosts_new = merged.len() as u64 - stored.hosts_known;
        let mut judged = judgements::prepare(&mut tx, &chunk.judgements, &chunk.knowledge, act.now).await?;
        hosts::write(&mut tx, &merged, &mut judged, act.now).await?;
        hosts::write_observations(&mut tx, import, &chunk.observations, act.now).await?;
        for (gone, into) in &chunk.absorbed {
            hosts::absorb(&mut tx, gone, into).await?;
        }
        judged.write(&mut tx).await?;
        if let Some(import) = import {
            sql!("SELECT id FROM imports WHERE id = $1", import)
                .optional(&mut *tx)
                .await?
                .ok_or_else(|| Error::not_found("import", import))?;
            write_files(&mut tx, import, &chunk.files, act).await?;
            count_new(&mut tx, import, stored.hosts_new).await?;
        }
        if let Some(checkpoint) = &chunk.checkpoint {
            jobs::write_checkpoint(&mut tx, checkpoint).await?;
        }
        self.commit(tx, act).await?;
        Ok(stored)
    }

    pub async fn finish_import(&self, id: ImportId, state: ImportState, act: &Act) -> Result<Import> {
        let mut tx = self.db.begin().await?;
        let import = finish(&mut tx, id, state, act).await?;
        self.commit(tx, act).await?;
        Ok(import)
    }

    /// Ends a job and the import it worked on together: neither is ever over without the other.
    pub async fn finish_import_job(
        &self,
        job: JobId,
        worker: &str,
        outcome: &JobOutcome,
        import: ImportId,
        act: &Act,
    ) -> Result<Import> {
        let state = match outcome {
            JobOutcome::Done(_) => ImportState::Done,
            JobOutcome::Failed(_) => ImportState::Failed,
            JobOutcome::Cancelled => ImportState::Cancelled,
        };
        let mut tx = self.db.begin().await?;
        jobs::finish(&mut tx, job, worker, outcome, act).await?;
        let import = finish(&mut tx, import, state, act).await?;
        self.commit(tx, act).await?;
        Ok(import)
    }

    pub async fn import(&self, id: ImportId) -> Result<Import> {
        let row = sql!("SELECT * FROM imports WHERE id = $1", id).optional(self.db.reader()).await?;
        import_row(&row.ok_or_else(|| Error::not_found("import", id))?)
    }

    /// Newest first.
    pub async fn imports(&self, cursor: Option<&str>, limit: u32) -> Result<Page<Import>> {
        let limit = i64::from(crate::assets::limit(limit));
        let before = match cursor {
            Some(text) => text.parse::<i64>().map_err(|_| Error::Cursor)?,
            None => i64::MAX,
        };
        let total = Sql::new("SELECT COUNT(*) AS n FROM imports").one(self.db.reader()).await?.int("n")?;
        let rows = sql!("SELECT * FROM imports WHERE id < $1 ORDER BY id DESC LIMIT $2", before, limit + 1)
            .all(self.db.reader())
            .await?;
        let mut rows: Vec<Import> = rows.iter().map(import_row).collect::<Result<_>>()?;
        let more = rows.len() as i64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = if more { rows.last().map(|import| import.id.to_string()) } else { None };
        Ok(Page { rows, next, total })
    }

    /// Files of an import by path; `after` is the last path of the page before. Refused ones only, or all.
    pub async fn import_files(
        &self,
        id: ImportId,
        only_refused: bool,
        after: &str,
        limit: u32,
    ) -> Result<Vec<FileOutcome>> {
        let mut sql = sql!("SELECT * FROM import_files WHERE import = $1 AND path > $2", id, clean(after));
        if only_refused {
            sql.push(" AND refusal <> ''");
        }
        sql.push(" ORDER BY path LIMIT ").value(i64::from(crate::assets::limit(limit)));
        sql.all(self.db.reader()).await?.iter().map(file_row).collect()
    }

    /// Which of these files an import has stored already: a resumed import leaves them out.
    pub async fn stored_files(&self, id: ImportId, paths: &[String]) -> Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        let paths: Vec<_> = paths.iter().map(|path| clean(path)).collect();
        for paths in paths.chunks(IDS_MAX) {
            let mut sql = sql!("SELECT path, sha256 FROM import_files WHERE import = $1 AND path IN ", id);
            sql.list(paths.iter().map(String::as_str));
            for row in sql.all(self.db.reader()).await? {
                found.insert(row.text("path")?, row.text("sha256")?);
            }
        }
        Ok(found)
    }

    /// Which of these contents any import has read before without refusing them.
    pub async fn seen_contents(&self, sha256: &[String]) -> Result<BTreeSet<String>> {
        let mut seen = BTreeSet::new();
        for sha256 in sha256.chunks(IDS_MAX) {
            let mut sql = Sql::new("SELECT DISTINCT sha256 FROM import_files WHERE refusal = '' AND sha256 IN ");
            sql.list(sha256.iter().map(String::as_str));
            for row in sql.all(self.db.reader()).await? {
                seen.insert(row.text("sha256")?);
            }
        }
        Ok(seen)
    }
}

async fn finish(tx: &mut Tx, id: ImportId, state: ImportState, act: &Act) -> Result<Import> {
    let row = sql!(
        "UPDATE imports SET state = $1, finished = $2, \
         files = (SELECT COUNT(*) FROM import_files WHERE import = imports.id), \
         refused = (SELECT COUNT(*) FROM import_files WHERE import = imports.id AND refusal <> ''), \
         hosts = (SELECT COALESCE(SUM(f.hosts), 0) FROM import_files f WHERE f.import = imports.id) \
         WHERE id = $3 RETURNING *",
        word(&state),
        act.micros(),
        id
    )
    .optional(&mut **tx)
    .await?
    .ok_or_else(|| Error::not_found("import", id))?;
    import_row(&row)
}

async fn count_new(tx: &mut Tx, import: ImportId, hosts: u64) -> Result<()> {
    let hosts = i64::try_from(hosts).unwrap_or(i64::MAX);
    sql!("UPDATE imports SET new_hosts = new_hosts + $1 WHERE id = $2", hosts, import).run(&mut **tx).await?;
    Ok(())
}

async fn write_files(tx: &mut Tx, import: ImportId, files: &[FileOutcome], act: &Act) -> Result<()> {
    let mut rows = BTreeMap::new();
    for file in files {
        let path = clean(&file.path);
        let row = vec![
            import.into(),
            path.as_str().into(),
            clean(&file.sha256).into(),
            i64::try_from(file.size).unwrap_or(i64::MAX).into(),
            i64::from(file.hosts).into(),
            optional_json("refusal", file.refusal.as_ref())?.into(),
            act.micros().into(),
        ];
        rows.insert(path, row);
    }
    let columns = ["import", "path", "sha256", "size", "hosts", "refusal", "stored"];
    let conflict = "ON CONFLICT (import, path) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, \
                    hosts = excluded.hosts, refusal = excluded.refusal";
    bulk::insert(tx, "import_files", &columns, rows.into_values().collect(), conflict).await?;
    Ok(())
}

fn import_row(row: &AnyRow) -> Result<Import> {
    Ok(Import {
        id: row.int("id")?,
        name: row.text("name")?,
        owner: row.text("owner")?,
        state: from_word(&row.text("state")?).unwrap_or(ImportState::Failed),
        started: sure_time(row.int("started")?),
        finished: time(row.int("finished")?),
        files: row.int("files")?,
        refused: row.int("refused")?,
        hosts: row.int("hosts")?,
        new_hosts: row.int("new_hosts")?,
    })
}

fn file_row(row: &AnyRow) -> Result<FileOutcome> {
    let path = row.text("path")?;
    Ok(FileOutcome {
        refusal: from_optional_json("refusal", &path, &row.text("refusal")?)?,
        path,
        sha256: row.text("sha256")?,
        size: row.int("size")?.unsigned_abs(),
        hosts: u32::try_from(row.int("hosts")?).unwrap_or(0),
    })
}

//! Schema changes: numbered, forward only, each in a transaction of its own, with a backup before the first.
//!
//! The files are written in SQLite's types. PostgreSQL reads them after a word-for-word exchange ([`for_postgres`]):
//! `INTEGER` is 64 bits in both, `TEXT` is compared by bytes in both, so that a page is cut at the same row.

use crate::db::{Backend, Columns, Db, Sql, sql};
use crate::pack::sha256_hex;
use crate::{Error, Options, Result, archive};
use jiff::Timestamp;
use sqlx::AnyConnection;
use sqlx::{AssertSqlSafe, Executor};
use std::path::{Path, PathBuf};

pub(crate) struct Migration {
    pub version: i64,
    pub name: &'static str,
    pub text: &'static str,
}

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "foundation", text: include_str!("../migrations/0001_foundation.sql") },
    Migration { version: 2, name: "profiles", text: include_str!("../migrations/0002_profiles.sql") },
    Migration { version: 3, name: "network", text: include_str!("../migrations/0003_network.sql") },
    Migration { version: 4, name: "rollouts", text: include_str!("../migrations/0004_rollouts.sql") },
    Migration { version: 5, name: "overview", text: include_str!("../migrations/0005_overview.sql") },
    Migration { version: 6, name: "behaviour", text: include_str!("../migrations/0006_behaviour.sql") },
    Migration { version: 7, name: "search", text: include_str!("../migrations/0007_search.sql") },
    Migration { version: 8, name: "evidence", text: include_str!("../migrations/0008_evidence.sql") },
    Migration { version: 9, name: "session_ends", text: include_str!("../migrations/0009_session_ends.sql") },
    Migration { version: 10, name: "filters", text: include_str!("../migrations/0010_filters.sql") },
    Migration { version: 11, name: "hunts", text: include_str!("../migrations/0011_hunts.sql") },
    Migration { version: 12, name: "collectors", text: include_str!("../migrations/0012_collectors.sql") },
    Migration { version: 13, name: "queries", text: include_str!("../migrations/0013_queries.sql") },
    Migration { version: 14, name: "homes", text: include_str!("../migrations/0014_homes.sql") },
    Migration { version: 15, name: "holds", text: include_str!("../migrations/0015_holds.sql") },
    Migration { version: 16, name: "files", text: include_str!("../migrations/0016_files.sql") },
    Migration { version: 17, name: "publishers", text: include_str!("../migrations/0017_publishers.sql") },
    Migration { version: 18, name: "endpoints", text: include_str!("../migrations/0018_endpoints.sql") },
    Migration { version: 19, name: "checks", text: include_str!("../migrations/0019_checks.sql") },
    Migration { version: 20, name: "file_stages", text: include_str!("../migrations/0020_file_stages.sql") },
    Migration { version: 21, name: "isolation", text: include_str!("../migrations/0021_isolation.sql") },
    Migration { version: 22, name: "agent_releases", text: include_str!("../migrations/0022_agent_releases.sql") },
];

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, \
                      checksum TEXT NOT NULL, applied INTEGER NOT NULL)";

/// The schema this program writes.
pub(crate) fn known_version() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Brings the database to this program's schema and returns the backup it made first, if any was due.
pub(crate) async fn migrate(db: &Db, options: &Options, migrations: &[Migration]) -> Result<Option<PathBuf>> {
    let applied = applied(db).await?;
    let known = migrations.last().map_or(0, |migration| migration.version);
    let found = applied.last().map_or(0, |(version, _)| *version);
    if found > known {
        return Err(Error::NewerSchema { found, known });
    }
    for (version, checksum) in &applied {
        let same = migrations.iter().any(|m| m.version == *version && sha256_hex(m.text.as_bytes()) == *checksum);
        if !same {
            return Err(Error::ChangedMigration { version: *version });
        }
    }
    let due: Vec<_> = migrations.iter().filter(|migration| migration.version > found).collect();
    let backup = if found > 0 && !due.is_empty() { Some(back_up(db, options, found).await?) } else { None };
    for migration in due {
        let mut tx = db.begin().await?;
        apply(&mut tx, db.backend, migration, options.now).await?;
        tx.commit().await?;
    }
    Ok(backup)
}

/// Runs one migration on a connection that is in a transaction.
pub(crate) async fn apply(
    on: &mut AnyConnection,
    backend: Backend,
    migration: &Migration,
    now: Timestamp,
) -> Result<()> {
    let failed = |source| Error::Migrate { version: migration.version, source };
    // Two servers may start on one PostgreSQL at once: the second waits here and then finds the work done.
    if backend == Backend::Postgres {
        on.execute("SELECT pg_advisory_xact_lock(7233126)").await.map_err(failed)?;
    }
    on.execute(sqlx::raw_sql(AssertSqlSafe(dialect(backend, LEDGER)))).await.map_err(failed)?;
    let done = sql!("SELECT version FROM migrations WHERE version = $1", migration.version).optional(&mut *on).await?;
    if done.is_some() {
        return Ok(());
    }
    on.execute(sqlx::raw_sql(AssertSqlSafe(dialect(backend, migration.text)))).await.map_err(failed)?;
    sql!(
        "INSERT INTO migrations (version, name, checksum, applied) VALUES ($1, $2, $3, $4)",
        migration.version,
        migration.name,
        sha256_hex(migration.text.as_bytes()),
        now.as_microsecond()
    )
    .run(on)
    .await?;
    Ok(())
}

async fn applied(db: &Db) -> Result<Vec<(i64, String)>> {
    if !has_ledger(db).await? {
        return Ok(Vec::new());
    }
    let mut tx = db.begin().await?;
    let rows = Sql::new("SELECT version, checksum FROM migrations ORDER BY version").all(&mut *tx).await?;
    rows.iter().map(|row| Ok((row.int("version")?, row.text("checksum")?))).collect()
}

async fn has_ledger(db: &Db) -> Result<bool> {
    let text = match db.backend {
        Backend::Sqlite => "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'table' AND name = 'migrations'",
        Backend::Postgres => {
            "SELECT COUNT(*) AS n FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = 'migrations'"
        }
    };
    let mut tx = db.begin().await?;
    Ok(Sql::new(text).one(&mut *tx).await?.int("n")? > 0)
}

async fn back_up(db: &Db, options: &Options, from: i64) -> Result<PathBuf> {
    let folder = match (&options.backups, &db.file) {
        (Some(folder), _) => folder.clone(),
        (None, Some(file)) => file.parent().map(Path::to_path_buf).unwrap_or_default(),
        (None, None) => return Err(Error::NoBackupFolder { from }),
    };
    std::fs::create_dir_all(&folder).map_err(|source| Error::File {
        attempt: "make the folder",
        path: folder.display().to_string(),
        source,
    })?;
    let stamp = options.now.strftime("%Y%m%dT%H%M%SZ");
    match db.backend {
        Backend::Sqlite => {
            let path = free_name(&folder, &format!("before-migration-{from}-{stamp}"), "sqlite");
            let quoted = path.display().to_string().replace('\'', "''");
            db.execute(format!("VACUUM INTO '{quoted}'")).await?;
            Ok(path)
        }
        Backend::Postgres => {
            let path = free_name(&folder, &format!("before-migration-{from}-{stamp}"), "redoubt-backup");
            archive::write(db, &path, from, options.now).await?;
            Ok(path)
        }
    }
}

/// A name that is not taken, so that a second migration in the same second keeps the first backup.
fn free_name(folder: &Path, stem: &str, extension: &str) -> PathBuf {
    (0u32..)
        .map(|n| if n == 0 { format!("{stem}.{extension}") } else { format!("{stem}-{n}.{extension}") })
        .map(|name| folder.join(name))
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(format!("{stem}.{extension}")))
}

pub(crate) fn dialect(backend: Backend, text: &str) -> String {
    match backend {
        Backend::Sqlite => text.to_owned(),
        Backend::Postgres => for_postgres(text),
    }
}

/// The rest of a migration after this comment is for SQLite alone.
const ONLY_SQLITE: &str = "-- only SQLite";

/// Exchanges SQLite's type words for PostgreSQL's. Comments are dropped first, because they speak of types too.
fn for_postgres(text: &str) -> String {
    let text = text.split(ONLY_SQLITE).next().unwrap_or_default();
    let code: Vec<&str> = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    code.join("\n")
        .replace("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
        .replace(" INTEGER", " BIGINT")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
        .replace(" BLOB", " BYTEA")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbered_without_a_gap() {
        let versions: Vec<_> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=known_version()).collect::<Vec<_>>());
        assert!(MIGRATIONS.iter().all(|migration| !migration.name.is_empty()));
    }

    const SECOND: Migration =
        Migration { version: 2, name: "second", text: "ALTER TABLE settings ADD COLUMN note TEXT NOT NULL DEFAULT ''" };
    const BROKEN: Migration =
        Migration { version: 2, name: "broken", text: "CREATE TABLE half (id INTEGER PRIMARY KEY); SELECT nonsense" };

    fn first() -> Migration {
        let Migration { version, name, text } = MIGRATIONS[0];
        Migration { version, name, text }
    }

    fn block_on(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    /// A later program meets the database of this one, and then this one meets what the later one left.
    async fn moves_forward_and_never_back(url: &str, folder: &Path) {
        let options = Options { now: "2017-06-01T08:00:00Z".parse().unwrap(), backups: Some(folder.join("backups")) };
        let db = Db::open(url).await.unwrap();
        assert_eq!(migrate(&db, &options, &[first()]).await.unwrap(), None, "nothing to back up yet");
        db.execute("INSERT INTO settings (key_text, value) VALUES ('a', '1')".to_owned()).await.unwrap();
        assert_eq!(migrate(&db, &options, &[first()]).await.unwrap(), None);

        let broken = migrate(&db, &options, &[first(), BROKEN]).await;
        assert!(matches!(broken, Err(Error::Migrate { version: 2, .. })), "{broken:?}");
        assert_eq!(applied(&db).await.unwrap().len(), 1);
        db.execute("INSERT INTO settings (key_text, value) VALUES ('b', '2')".to_owned()).await.unwrap();

        let backup = migrate(&db, &options, &[first(), SECOND]).await.unwrap().expect("a backup was due");
        assert!(std::fs::metadata(&backup).unwrap().len() > 100, "{}", backup.display());
        let row = Sql::new("SELECT COUNT(*) AS n FROM settings WHERE note = ''").one(db.reader()).await.unwrap();
        assert_eq!(row.int("n").unwrap(), 2);

        let older = migrate(&db, &options, &[first()]).await;
        assert!(matches!(older, Err(Error::NewerSchema { found: 2, known: 1 })), "{older:?}");
        let other = migrate(&db, &options, &[first(), BROKEN]).await;
        assert!(matches!(other, Err(Error::ChangedMigration { version: 2 })), "{other:?}");
        if db.backend == Backend::Postgres {
            db.execute("DELETE FROM migrations WHERE version = 2".to_owned()).await.unwrap();
            let refused = migrate(&db, &Options::at(options.now), &[first(), SECOND]).await;
            assert!(matches!(refused, Err(Error::NoBackupFolder { from: 1 })), "{refused:?}");
        } else {
            let copy = Db::open(&format!("sqlite:{}", backup.display())).await.unwrap();
            assert_eq!(applied(&copy).await.unwrap().len(), 1, "the backup is the database as it was before");
            copy.close().await;
        }
        db.close().await;
    }

    #[test]
    fn sqlite_moves_forward_after_a_backup_and_never_back() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("it's.db").display());
        block_on(moves_forward_and_never_back(&url, folder.path()));
    }

    #[test]
    fn postgres_moves_forward_after_a_backup_and_never_back() {
        let Some(cluster) = testkit::postgres() else { return };
        let folder = tempfile::tempdir().unwrap();
        block_on(moves_forward_and_never_back(&cluster.database("migrate"), folder.path()));
    }

    #[test]
    fn postgres_leaves_out_what_is_for_sqlite_alone() {
        assert_eq!(for_postgres("SELECT 1;\n-- only SQLite: why\nSELECT 2;"), "SELECT 1;");
    }

    #[test]
    fn postgres_reads_the_types_by_its_own_names() {
        let text =
            "CREATE TABLE a (\n id INTEGER PRIMARY KEY AUTOINCREMENT, -- INTEGER here\n b BLOB NOT NULL, c TEXT)";
        assert_eq!(
            for_postgres(text),
            "CREATE TABLE a (\n id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \n b BYTEA NOT NULL, \
             c TEXT COLLATE \"C\")"
        );
    }
}

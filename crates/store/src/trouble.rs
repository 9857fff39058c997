//! What keeps a database from its work and is an administrator's to mend: told by name, never as an inner error.

use crate::Error;
use model::Message;
use sqlx::sqlite::SqliteError;
use std::io::{self, ErrorKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No room on the disk of the database, or the database reached its size.
    DiskFull,
    /// The database, its disk or its account may not be written.
    ReadOnly,
    /// The disk reports errors.
    DiskFails,
    /// Nobody answers: stopped, out of reach, or held by other work.
    NoAnswer,
}

impl Trouble {
    pub fn message(self) -> Message {
        Message::new(match self {
            Trouble::DiskFull => "store.disk-full",
            Trouble::ReadOnly => "store.read-only",
            Trouble::DiskFails => "store.disk-fails",
            Trouble::NoAnswer => "store.no-answer",
        })
    }

    pub fn hint(self) -> Message {
        Message::new(match self {
            Trouble::DiskFull => "store.disk-full-hint",
            Trouble::ReadOnly => "store.read-only-hint",
            Trouble::DiskFails => "store.disk-fails-hint",
            Trouble::NoAnswer => "store.no-answer-hint",
        })
    }
}

impl Error {
    /// The trouble behind a failure, where it is of that kind.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Error::Statement(cause) | Error::Open { source: cause, .. } | Error::Migrate { source: cause, .. } => {
                of_database(cause)
            }
            Error::File { source, .. } => of_file(source),
            _ => None,
        }
    }
}

fn of_database(cause: &sqlx::Error) -> Option<Trouble> {
    match cause {
        sqlx::Error::Database(refusal) => match refusal.try_downcast_ref::<SqliteError>() {
            Some(_) => of_sqlite(refusal.code()?.parse().ok()?),
            None => of_postgres(&refusal.code()?),
        },
        sqlx::Error::Io(cause) => of_file(cause).or(Some(Trouble::NoAnswer)),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Some(Trouble::NoAnswer),
        _ => None,
    }
}

/// SQLite's result codes (sqlite.org/rescode.html); the low byte is the kind, the rest says more.
fn of_sqlite(code: i64) -> Option<Trouble> {
    match code & 0xff {
        13 => Some(Trouble::DiskFull),
        8 => Some(Trouble::ReadOnly),
        10 => Some(Trouble::DiskFails),
        5 | 6 | 14 => Some(Trouble::NoAnswer),
        _ => None,
    }
}

/// PostgreSQL's error codes (its manual, appendix A).
fn of_postgres(code: &str) -> Option<Trouble> {
    match code {
        "53100" => Some(Trouble::DiskFull),
        "25006" => Some(Trouble::ReadOnly),
        "58030" => Some(Trouble::DiskFails),
        // Too many connections; going down, crashed, starting; the connection was lost.
        "53300" | "57P01" | "57P02" | "57P03" => Some(Trouble::NoAnswer),
        lost if lost.starts_with("08") => Some(Trouble::NoAnswer),
        _ => None,
    }
}

fn of_file(cause: &io::Error) -> Option<Trouble> {
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(Trouble::DiskFull),
        ErrorKind::ReadOnlyFilesystem => Some(Trouble::ReadOnly),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_codes_of_sqlite_are_of_their_kind() {
        assert_eq!(of_sqlite(13), Some(Trouble::DiskFull));
        assert_eq!(of_sqlite(8 | 4 << 8), Some(Trouble::ReadOnly));
        assert_eq!(of_sqlite(10 | 3 << 8), Some(Trouble::DiskFails));
        assert_eq!(of_sqlite(19 | 8 << 8), None, "a constraint is no trouble of the database");
    }

    /// What a real database answers, brought into trouble by its own limits.
    #[test]
    fn a_database_without_room_and_one_that_may_not_write_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("small.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let now = "2017-06-01T08:00:00Z".parse().unwrap();
            let store = crate::Store::open(&url, &crate::Options::at(now)).await.unwrap();
            let write = async || {
                let value = serde_json::json!("x".repeat(1 << 20));
                store.set_setting("big", &value, &crate::Act::at(now)).await
            };
            store.db.execute("PRAGMA max_page_count = 100".to_owned()).await.unwrap();
            let full = write().await.unwrap_err();
            assert_eq!(full.trouble(), Some(Trouble::DiskFull), "{full:?}");
            assert_eq!(full.message(), Message::new("store.disk-full"));
            store.db.execute("PRAGMA max_page_count = 100000".to_owned()).await.unwrap();
            write().await.unwrap();
            store.db.execute("PRAGMA query_only = ON".to_owned()).await.unwrap();
            assert_eq!(write().await.unwrap_err().trouble(), Some(Trouble::ReadOnly));
            store.close().await;
            assert_eq!(write().await.unwrap_err().trouble(), Some(Trouble::NoAnswer));
        });
    }

    #[test]
    fn a_refused_statement_of_postgres_is_no_trouble() {
        assert_eq!(of_postgres("53100"), Some(Trouble::DiskFull));
        assert_eq!(of_postgres("08006"), Some(Trouble::NoAnswer));
        assert_eq!(of_postgres("23505"), None);
        assert_eq!(of_postgres("42P01"), None);
    }
}

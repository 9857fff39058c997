//! What can go wrong in the store, and how a person is told.

use model::Message;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot open the database `{url}`")]
    Open { url: String, source: sqlx::Error },
    #[error("not a database address: `{0}`")]
    Address(String),
    #[error("database statement failed")]
    Statement(#[from] sqlx::Error),
    #[error("the database has schema {found} and this program knows schema {known}")]
    NewerSchema { found: i64, known: i64 },
    #[error("migration {version} is not the one that was applied to this database")]
    ChangedMigration { version: i64 },
    #[error("cannot back up before migrating from schema {from}: no folder for backups is set")]
    NoBackupFolder { from: i64 },
    #[error("migration {version} failed")]
    Migrate { version: i64, source: sqlx::Error },
    #[error("no {kind} `{id}`")]
    NotFound { kind: &'static str, id: String },
    #[error("{kind} `{id}` exists already")]
    Exists { kind: &'static str, id: String },
    #[error("what hunt `{hunt}` met is held")]
    Held { hunt: i64 },
    #[error("a plan cannot go from `{from}` to `{to}`")]
    Transition { from: String, to: String },
    #[error("plan `{plan}` changed meanwhile: it is `{state}` now")]
    PlanMoved { plan: String, state: String },
    #[error("an exception needs a due date")]
    ExceptionWithoutDue,
    #[error("job `{job}` is not held by this worker any more")]
    LeaseLost { job: i64 },
    #[error("the setup token was used or is not the right one")]
    SetupToken,
    #[error("the page cursor does not belong to this list")]
    Cursor,
    #[error("stored {what} `{id}` cannot be read")]
    Damaged { what: &'static str, id: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("cannot encode {what}")]
    Encode { what: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("cannot {attempt} `{path}`")]
    File { attempt: &'static str, path: String, source: std::io::Error },
    #[error("backup `{path}` is not usable: {}", reason.code)]
    Archive { path: String, reason: Box<Message> },
    #[error("backup `{path}` has schema {found} and this program knows schema {known}")]
    NewerArchive { path: String, found: i64, known: i64 },
}

impl Error {
    pub(crate) fn not_found(kind: &'static str, id: impl ToString) -> Self {
        Error::NotFound { kind, id: id.to_string() }
    }

    /// True when the caller asked for something that is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Error::NotFound { .. })
    }

    /// True when the caller's request clashes with what is stored; asking again after a fresh look may succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Error::Exists { .. }
                | Error::Held { .. }
                | Error::Transition { .. }
                | Error::PlanMoved { .. }
                | Error::LeaseLost { .. }
        )
    }

    /// What a person is told; causes stay in the log.
    pub fn message(&self) -> Message {
        if let (Some(trouble), Error::Statement(_) | Error::Migrate { .. }) = (self.trouble(), self) {
            return trouble.message();
        }
        match self {
            Error::Open { url, .. } => Message::new("store.open").with("url", url),
            Error::Address(url) => Message::new("store.address").with("url", url),
            Error::Statement(_) => Message::new("store.statement"),
            Error::NewerSchema { found, known } => {
                Message::new("store.newer-schema").number("found", *found).number("known", *known)
            }
            Error::ChangedMigration { version } => Message::new("store.changed-migration").number("version", *version),
            Error::NoBackupFolder { from } => Message::new("store.no-backup-folder").number("from", *from),
            Error::Migrate { version, .. } => Message::new("store.migrate").number("version", *version),
            Error::NotFound { id, .. } => Message::new("store.not-found").with("id", id),
            Error::Exists { id, .. } => Message::new("store.exists").with("id", id),
            Error::Held { hunt } => Message::new("store.held").number("hunt", *hunt),
            Error::Transition { from, to } => Message::new("store.transition").with("from", from).with("to", to),
            Error::PlanMoved { plan, state } => {
                Message::new("store.plan-moved").with("plan", plan).with("state", state)
            }
            Error::ExceptionWithoutDue => Message::new("store.exception-without-due"),
            Error::LeaseLost { job } => Message::new("store.lease-lost").number("job", *job),
            Error::SetupToken => Message::new("store.setup-token"),
            Error::Cursor => Message::new("store.cursor"),
            Error::Damaged { what, id, .. } => Message::new("store.damaged").with("what", what).with("id", id),
            Error::Encode { what, .. } => Message::new("store.encode").with("what", what),
            Error::File { path, source, .. } => Message::new("store.file").with("path", path).reason("cause", source),
            Error::Archive { path, reason } => {
                Message::new("store.archive").with("path", path).reason("reason", reason.as_ref().clone())
            }
            Error::NewerArchive { path, found, known } => {
                Message::new("store.newer-archive").with("path", path).number("found", *found).number("known", *known)
            }
        }
    }
}

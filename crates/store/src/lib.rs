//! Keeps the control plane in SQLite or PostgreSQL; the only crate that knows SQL.
//!
//! [`Store::open`] takes `sqlite:<path>` or `postgres://…`. What a function returns `Ok` for is committed and synced.
//! Nothing here reads a clock: writes take an [`Act`], which says when and, where the change is to be recorded, who.
//! The record is written in the change's own transaction.
//!
//! Interface notes for callers:
//! - a page's `next` is opaque; hand it back with the same filter and sort
//! - `''` in a filter's list of texts selects hosts for which that text is not known
//! - `AssetRow::urgency` is `None` for a host that is not assessed; facets count those under `''`

mod accounts;
mod archive;
mod archive_file;
mod archive_line;
mod assets;
mod assets_sql;
mod audit;
mod brief;
mod bulk;
mod collected;
mod db;
mod endpoints;
mod error;
mod exposures;
mod files;
mod holds;
mod hosts;
mod hunts;
mod imports;
mod indicators;
mod jobs;
mod judgements;
mod knowledge;
mod learned;
mod migrate;
mod notables;
mod object_names;
mod overview;
mod pack;
mod plans;
mod profiles;
mod queries;
mod rollouts;
mod sessions;
mod settings;
mod traffic;
mod traffic_sql;
mod trouble;
mod turns;

pub use accounts::{ApiToken, NewApiToken, NewUser, SetupToken, TokenId, User, UserChange, UserId};
pub use archive::BackupReport;
pub use assets::{
    AssetColumn, AssetFilter, AssetRow, AssetSort, Blind, FacetCount, Facets, Page, PageQuery, RingFilter, WeaponFilter,
};
pub use audit::{Act, AuditBreak, AuditEntry, AuditFilter, AuditRecord, AuditReport};
pub use brief::HostBrief;
pub use collected::{CollectorSource, Delivered};
pub use endpoints::{
    AgentKey, AlarmRow, Applied, AskedIsolation, ChangeId, CheckCount, CheckFilter, CheckRow, DeniedFile, DriftRow,
    Endpoint, EndpointChecks, EndpointCount, EndpointFilter, Endpoints, ExecutedFile, ExecutedFilter, ExecutedSort,
    Execution, IncidentRow, MemoryRow, PastRun, PolicyChange, StoredChange, StoredGroup, StoredPolicy, StoredRelease,
    ToldBatch,
};
pub use error::{Error, Result};
pub use exposures::{ExposureCounts, ExposureFilter, ExposureRow, SystemCount, WeaponCount};
pub use files::{
    FileCounts, FileFilter, FileLease, FileLikeness, FileList, FileResult, FileRow, FileSighting, FileSort, FileStage,
    FileState, Files, LakeBatch, LeaseOf, Listed, NewSighting, PartRow, Pivot, Publisher, QueueCounts, Seen,
    SightingSource, UntoldFile, UntoldSighting, Within,
};
pub use holds::{HOLDS_MAX, HeldMoment, HeldRecords, Hold, HoldId, NewHold};
pub use hosts::{HostDetail, StoredObservation, host_keys, observation_digest};
pub use hunts::{Anew, Figures, HITS_MAX, Hunt, HuntFilter, HuntGroup, HuntHit, HuntId, HuntState, HuntTop, NewHunt};
pub use imports::{Chunk, FileOutcome, Import, ImportId, ImportState, NewImport, StoredChunk};
pub use indicators::{IndicatorFilter, IndicatorList, NewIndicator, StoredIndicator};
pub use jobs::{Checkpoint, Job, JobFilter, JobId, JobOutcome, JobState, LogLine, NewJob, Progress};
pub use judgements::{Judged, Judgement};
pub use knowledge::{Mapping, NewOverlay, Overlay};
pub use learned::{Learned, ProfileKey, ProfileKind, ProfileQuota};
pub use notables::{NotableFilter, NotableKey, StoredNotable};
pub use overview::{BlindSpots, Overview, TrendPoint};
pub use plans::{
    BOARD, BoardColumn, NewResult, PlanCard, PlanEvent, PlanFilter, PlanMove, PlanRecord, PlanToMove, StoredResult,
    may_move,
};
pub use profiles::{Alike, Profile, ProfileId, Unprofiled};
pub use queries::{SAVED_QUERIES_MAX, SavedQuery};
pub use rollouts::{HostOfAction, NewRollout, RingMember, RingStanding, Rollout, RolloutId};
pub use sessions::{NewSession, Session};
pub use traffic::{
    Capture, CaptureId, CaptureState, FindingGroup, GroupKey, NewCapture, Outcome, Quota, SessionPage, Shape,
    StoredFinding, StoredSession, Talk, Traffic, TrafficCounts,
};
pub use traffic_sql::{Rows, TrafficFilter};
pub use trouble::Trouble;
pub use turns::Turn;

use db::Db;
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    pub now: Timestamp,
    /// Where the backup before a migration goes. SQLite without one keeps it beside the database; PostgreSQL without
    /// one refuses to migrate.
    pub backups: Option<PathBuf>,
}

impl Options {
    pub fn at(now: Timestamp) -> Self {
        Options { now, backups: None }
    }
}

/// The open database; clones share it.
#[derive(Clone)]
pub struct Store {
    db: Arc<Db>,
    /// The backup made by the migration at opening, if one was due.
    migration_backup: Option<PathBuf>,
}

impl Store {
    /// Opens the database, makes it when it is not there, and brings it to this program's schema.
    pub async fn open(url: &str, options: &Options) -> Result<Store> {
        let db = Db::open(url).await?;
        let migration_backup = migrate::migrate(&db, options, migrate::MIGRATIONS).await?;
        Ok(Store { db: Arc::new(db), migration_backup })
    }

    pub fn migration_backup(&self) -> Option<&PathBuf> {
        self.migration_backup.as_ref()
    }

    /// The schema this program writes.
    pub fn schema_version() -> i64 {
        migrate::known_version()
    }

    /// What kind of database this is and where, without any password; for logs and the system page.
    pub fn describe(&self) -> String {
        self.db.display()
    }

    /// Ends all connections; SQLite folds its log into the database file.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

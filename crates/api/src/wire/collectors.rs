//! Collectors: sensors on other machines, the tokens they enrol with, and how they deliver.

use jiff::Timestamp;
use model::Message;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of collectors, and the tokens that are good.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CollectorPage {
    /// Absent when the server was started without `--link`: nobody can enrol or deliver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkInfo>,
    /// By name.
    pub rows: Vec<CollectorRow>,
    pub total: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub tokens: Vec<CollectorToken>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LinkInfo {
    /// Address and port that collectors are served on.
    pub listen: String,
    /// SHA-256 of the authority's certificate, by which a collector knows this server.
    pub authority_sha256: String,
    /// Since the server was started.
    pub taken_batches: u64,
    pub taken_records: u64,
    /// Connections that were not let in.
    pub turned_away: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CollectorState {
    Connected,
    /// It may deliver, and does not at the moment.
    Away,
    /// None of its certificates is good any more.
    Ended,
    Revoked,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CollectorRow {
    /// Its group and a number, given when it enrolled.
    pub collector: String,
    pub group: String,
    /// What the machine called itself; nobody checked it.
    pub machine: String,
    pub state: CollectorState,
    pub enrolled: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_until: Option<Timestamp>,
    pub batches: u64,
    pub records: u64,
    /// Batches that it no longer had, and that were refused for good.
    pub lost: u64,
    pub refused: u64,
    /// What makes it wait, or why its last batch was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<CollectorTrouble>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CollectorTrouble {
    pub message: Message,
    /// Absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A token as it is known afterwards: nobody can enrol with what is told here.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CollectorToken {
    /// SHA-256 of the token.
    pub id: String,
    pub group: String,
    pub uses_left: u32,
    pub made: Timestamp,
    pub not_after: Timestamp,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct NewCollectorToken {
    /// 1 to 40 lower case letters, digits and hyphens.
    pub group: String,
    /// Collectors that can enrol with it, 1 to 10,000.
    pub uses: u32,
    /// Days after which it ends, 1 to 30.
    pub days: u32,
    /// Host and port under which collectors reach this server, for the command; where it listens when absent.
    #[serde(default)]
    pub server: Option<String>,
}

/// A token that was made. It is told here and never again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MadeCollectorToken {
    pub token: String,
    pub id: String,
    pub group: String,
    pub uses: u32,
    pub not_after: Timestamp,
    pub authority_sha256: String,
    /// To paste on the collector's machine.
    pub command: String,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct RevokeCollector {
    pub collector: String,
}

//! The server itself: its state, its knowledge, its audit log, and the search across all.

use super::fleet::KnowledgeAge;
use jiff::Timestamp;
use model::Message;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SystemInfo {
    pub version: String,
    pub started: Timestamp,
    /// The server's own time.
    pub now: Timestamp,
    pub data_directory: String,
    /// Kind and place, without a password.
    pub database: String,
    pub schema: i64,
    /// Resident memory of this process.
    pub memory_bytes: Option<u64>,
    pub listen: String,
    pub tls: Option<Certificate>,
    pub accounts: u64,
    /// No account holds the audit role together with another administrator role.
    pub duties_separated: bool,
    /// Newest first.
    pub backups: Vec<BackupFile>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupFile {
    pub name: String,
    pub bytes: u64,
    pub made: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    pub subject: String,
    pub not_after: Timestamp,
    /// SHA-256 of the authority's certificate, to compare when trusting it.
    pub authority_sha256: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct KnowledgeInfo {
    pub parts: Vec<KnowledgeAge>,
    pub weapons: u64,
    /// Names what judgements are made with now.
    pub version: String,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct AuditQuery {
    pub actor: Option<String>,
    /// `user` selects `user.create` and `user.change`; `user.create` only itself.
    pub action: Option<String>,
    pub object: Option<String>,
    pub cursor: Option<String>,
    /// Entries in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

/// One entry of the audit log; each holds the hash of the one before.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    pub sequence: i64,
    pub at: Timestamp,
    pub actor: String,
    pub address: Option<String>,
    /// `login`, `login-failed`, `host.delete`, `plan.transition`…
    pub action: String,
    pub object: String,
    /// What people call the object, where that is not its id: the host of a plan, the file of an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    pub hash: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Whether every entry still has the hash it was written with.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditVerification {
    pub whole: bool,
    pub entries: u64,
    /// The first entry that does not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// A host name, an address, a KB, a CVE, or a weapon.
    pub q: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchAnswer {
    pub hits: Vec<SearchHit>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    pub kind: SearchKind,
    /// Id of the host or weapon, `KB…`, `CVE-…`.
    pub id: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Message>,
    /// What tells it from others of its kind: address and product of a host, bulletin of a weapon.
    pub text: String,
    /// Hosts behind it, where that can be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SearchKind {
    Host,
    Weapon,
    Update,
    Vulnerability,
}

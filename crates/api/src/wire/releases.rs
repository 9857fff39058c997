//! Releases of the agent, and the keys that sign them.

use jiff::Timestamp;
use model::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentReleases {
    /// In the order in which they were imported.
    pub releases: Vec<AgentRelease>,
    pub keys: Vec<AgentKey>,
}

/// One program of one version.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentRelease {
    pub version: String,
    /// The kind of machine that it runs on.
    pub target: String,
    /// Of the program.
    pub sha256: Digest,
    pub program_bytes: u64,
    pub bundle_bytes: u64,
    /// The oldest version that it may follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    pub made: Timestamp,
    pub notes: String,
    /// The id of the key that signed it, and whose that is while it is trusted.
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    pub imported: Timestamp,
    pub owner: String,
}

/// A key whose releases are imported.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentKey {
    /// The public half: 64 hexadecimal digits.
    pub public: String,
    /// By which bundles call it.
    pub id: String,
    pub name: String,
    pub added: Timestamp,
    pub owner: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustAgentKey {
    /// Whose it is, as people call him.
    pub name: String,
}

//! Records that stay although they are old or too many.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is to stay: what a hunt has met, or all records of a time, of which one end may be open.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// What for, such as the number of a case.
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hunt: Option<i64>,
    /// From this time on, and before that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldList {
    /// The newest first.
    pub rows: Vec<HoldRow>,
    /// Files of the lake that stay because of any of them, and their bytes with those of their indexes.
    pub files: u64,
    pub bytes: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldRow {
    pub id: i64,
    pub name: String,
    pub by: String,
    pub created: Timestamp,
    /// The hunt whose meetings stay. It cannot be removed meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hunt: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Files that stay because of it, whole; another may hold them as well.
    pub files: u64,
    pub bytes: u64,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldMade {
    pub id: i64,
}

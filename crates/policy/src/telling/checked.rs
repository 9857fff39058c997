//! How configuration checks stand on an endpoint, and what its agent did about them.

use crate::baseline::Outcome;
use model::Message;
use serde::{Deserialize, Serialize};

/// How one check stands. Told when that is another thing than was told before, and once a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = EndpointChecked))]
pub struct Checked {
    pub check: String,
    /// Absent when nobody asks for it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The agent set it, and keeps what was there before.
    #[serde(default)]
    pub held: bool,
    /// What the agent did about it a moment ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckStep))]
pub struct Step {
    pub did: Did,
    /// Why it could not, or what is still to be done by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
    /// Version of the orders by which it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckDid))]
#[serde(rename_all = "snake_case")]
pub enum Did {
    Set,
    /// It could not, and all is as it was before.
    NotSet,
    /// What was there before is there again.
    Undone,
    NotUndone,
    /// Somebody else has changed it since: his stays.
    Left,
}

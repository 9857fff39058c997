//! Indicators that traffic is watched for.

use jiff::Timestamp;
use model::Message;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct IndicatorQuery {
    /// `ip`, `cidr`, `domain`, `url`, `sha256`, `ja3`, `ja4`, `certificate`, `email`, `account`, `file-name`, `imphash`.
    pub kind: Option<String>,
    pub list: Option<i64>,
    /// Part of the value.
    pub q: Option<String>,
    /// Only those that were met.
    pub met: bool,
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IndicatorPage {
    pub rows: Vec<IndicatorRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    pub total: u64,
    /// All that are kept, and how many may be.
    pub kept: u64,
    pub kept_max: u64,
    /// The newest 500 lists.
    pub lists: Vec<IndicatorListRow>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IndicatorRow {
    pub id: i64,
    pub list: i64,
    pub kind: String,
    pub value: String,
    pub source: String,
    pub by: String,
    pub added: Timestamp,
    /// How often it was met, and when last.
    pub hits: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hit: Option<Timestamp>,
}

/// What was added at once.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IndicatorListRow {
    pub id: i64,
    pub source: String,
    pub by: String,
    pub added: Timestamp,
    pub count: u64,
    /// Lines that were none.
    pub bad: u64,
}

/// Indicators as a person pastes them, one a line: a value, or `kind,value`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NewIndicators {
    /// What the person calls the list.
    pub source: String,
    pub text: String,
}

/// What came of a text of indicators.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IndicatorsTaken {
    /// Lines that say something: neither empty nor a comment.
    pub lines: u64,
    pub added: u64,
    /// Known before, or twice in the text.
    pub known: u64,
    /// Lines that are no indicator: how many, and the first 100.
    pub bad_lines: u64,
    pub bad: Vec<BadIndicator>,
    /// Left out because there would be too many.
    pub left_out: u64,
    /// The hunts that were started: who met what is new, in everything that is kept.
    pub hunts: Vec<i64>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BadIndicator {
    pub source: String,
    /// From one.
    pub line: u64,
    pub text: String,
    /// What is wrong with it.
    pub why: Message,
}

/// Indicators to be removed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RemoveIndicators {
    pub ids: Vec<i64>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct IndicatorsRemoved {
    pub removed: u64,
}

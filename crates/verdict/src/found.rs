//! What is found in the bytes of a part beside what its reader tells.

use formats::strings::Indicator;
use serde::{Deserialize, Serialize};

/// What was found in one part; verdicts are asked with a map of these by `formats::Part::number`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    #[serde(default)]
    pub indicators: Vec<Indicator>,
    #[serde(default)]
    pub matches: Vec<RuleMatch>,
}

/// A YARA rule that matched, with what its author said.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileRuleMatch))]
pub struct RuleMatch {
    pub namespace: String,
    pub rule: String,
    #[serde(default)]
    pub tags: Vec<String>,
    pub author: Option<String>,
    pub licence: Option<String>,
    pub reference: Option<String>,
    pub description: Option<String>,
    /// How bad its author says it is, mostly out of a hundred.
    pub score: Option<i64>,
    /// ATT&CK techniques.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// Which of its patterns stand where, as far as these are kept.
    #[serde(default)]
    pub strings: Vec<(String, u64)>,
}

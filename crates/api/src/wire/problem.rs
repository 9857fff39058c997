//! What an error looks like: a code with parameters, and its words in both languages.

use model::Param;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The body of every answer that is not a success.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// Key of the words: `api.not-found`.
    pub code: String,
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    pub text: Bilingual,
    /// What helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Bilingual>,
}

/// One text in each language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Bilingual {
    pub en: String,
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
}

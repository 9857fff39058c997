//! What goes over the wire, by topic. The console's TypeScript types are generated from these.

pub mod account;
pub mod behaviour;
pub mod checks;
pub mod collectors;
pub mod endpoints;
pub mod files;
pub mod fleet;
pub mod holds;
pub mod hosts;
pub mod hunts;
pub mod imports;
pub mod indicators;
pub mod jobs;
pub mod network;
pub mod plans;
pub mod problem;
pub mod queries;
pub mod releases;
pub mod rollouts;
pub mod story;
pub mod system;
pub mod weapons;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How a long list is read: the `next` of one answer is the `cursor` of the following question.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Rows in a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
}

impl PageQuery {
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(50).clamp(1, 500)
    }
}

/// How many rows have one value of a column.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Facet {
    pub value: String,
    pub count: u64,
}

/// Language of a text made for people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Lang {
    #[default]
    #[serde(rename = "en")]
    En,
    #[serde(rename = "zh-CN", alias = "zh")]
    ZhCn,
}

impl From<Lang> for words::Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::En => words::Language::En,
            Lang::ZhCn => words::Language::ZhCn,
        }
    }
}

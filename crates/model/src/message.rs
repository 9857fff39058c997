//! What a person is told, as a code with parameters. The words are in `locales/{en,zh-CN}`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A sentence without its words: `{"code":"exposure.fix-installed","params":{"kb":"KB4012212"}}`.
///
/// The code is a key of `locales/*/messages.json`; each `{{name}}` there is filled from `params`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    pub code: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Param>,
}

/// A parameter's value. Lists are joined by the language's own comma when the words are made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum Param {
    Number(i64),
    Text(String),
    List(Vec<String>),
}

impl Message {
    pub fn new(code: impl Into<String>) -> Self {
        Message { code: code.into(), params: BTreeMap::new() }
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, name: &str, value: impl Into<i64>) -> Self {
        self.params.insert(name.to_owned(), Param::Number(value.into()));
        self
    }

    /// Adds a parameter by the text it shows as: an id, a path, an address.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.params.insert(name.to_owned(), Param::Text(value.to_string()));
        self
    }

    /// Adds a list by the texts its items show as.
    #[must_use]
    pub fn list<T: std::fmt::Display>(mut self, name: &str, items: impl IntoIterator<Item = T>) -> Self {
        let items = items.into_iter().map(|item| item.to_string()).collect();
        self.params.insert(name.to_owned(), Param::List(items));
        self
    }
}

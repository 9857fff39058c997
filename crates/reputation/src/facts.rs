//! What the server knows of a file by itself, whatever hosts tell.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Facts {
    /// Who signed it, when the signature holds.
    pub publisher: Option<Publisher>,
    /// The package of a repository of this house that has exactly this content.
    pub package: Option<String>,
    pub analysis: Analysis,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Publisher {
    pub name: String,
    /// Whether the house lists it among those it trusts.
    pub trusted: bool,
}

/// What analyses made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    #[default]
    None,
    /// Nothing was found, which says nothing: what is made for one network is found by nobody.
    Clean,
    /// How many means that do not depend on each other found it malicious.
    Detected(u32),
}

impl Facts {
    pub fn detections(&self) -> u32 {
        match self.analysis {
            Analysis::None | Analysis::Clean => 0,
            Analysis::Detected(many) => many,
        }
    }
}

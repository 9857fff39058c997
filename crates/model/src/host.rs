//! A host as the house keeps it: merged facts, where each came from, and where sources disagree.

use crate::{HostFacts, HostId, Message};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one source said of one host, before merging. Kept as the host's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Observation {
    pub source: Source,
    pub facts: HostFacts,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<Oddity>,
}

/// A file or feed that facts came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Source {
    pub kind: SourceKind,
    /// Path as the person named it; inside an archive `archive.zip!folder/file.txt`.
    pub path: String,
    /// SHA-256 of the bytes, hexadecimal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
    /// When the facts were taken, where the source says; else when they were imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    Systeminfo,
    /// `wmic qfe`, `Get-HotFix`, or a plain list of installed KB numbers.
    UpdateList,
    /// A list of updates the machine still wants.
    WantedList,
    Nmap,
    Nessus,
    Openvas,
    /// CSV or XLSX through a column mapping.
    Table,
    /// The result file of a script that Redoubt rendered.
    ScriptResult,
    /// Typed in, or made by the demo.
    Manual,
}

/// Something about the input that was not as it should be; kept, because the odd case is evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Oddity {
    pub message: Message,
    /// Line (1-based) or byte offset in the source, where that helps a person find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

/// Two sources that disagree; `kept` is what the merged facts say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conflict {
    /// Path of the fact: `os.build`, `ports.tcp/445`.
    pub field: String,
    pub kept: String,
    pub kept_from: String,
    pub other: String,
    pub other_from: String,
}

/// A host: merged facts with provenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Host {
    pub id: HostId,
    pub facts: HostFacts,
    /// Path of the fact -> index into `sources`.
    pub provenance: BTreeMap<String, usize>,
    pub sources: Vec<Source>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<Oddity>,
}

impl Host {
    /// The name to show: the computer name, else an address, else the id.
    pub fn label(&self) -> String {
        self.facts
            .name
            .clone()
            .or_else(|| self.facts.addresses.first().map(ToString::to_string))
            .unwrap_or_else(|| self.id.0.clone())
    }

    /// True only when a source states the role; an unknown role is not "no domain controller".
    pub fn is_domain_controller(&self) -> Option<bool> {
        self.facts.os.role.map(crate::Role::is_domain_controller)
    }
}

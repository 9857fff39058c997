//! One file, seen on one host.

use model::{Digest, HostId};
use serde::{Deserialize, Serialize};

/// What a host told of a file that is there or that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub file: Digest,
    /// Who delivered this, as the server knows him.
    pub host: HostId,
    pub group: String,
    /// What the host is for: `office`, `database`, `engineering`.
    pub role: String,
    /// When, by the host's clock, in seconds UTC. It is believed within [`crate::weights::LATE_SECONDS`] before `received`.
    pub at: i64,
    /// When the server got to know, by its own clock, in seconds UTC.
    pub received: i64,
    pub source: Source,
    /// Who was logged on as whom, across hosts: `CORP\\wang`. None for accounts that only this host has.
    pub account: Option<String>,
    /// What started it.
    pub parent: Option<Program>,
    /// What wrote it to this host.
    pub writer: Option<Program>,
    pub place: Place,
    pub user: UserRole,
    /// Hour of the day where the host is, 0 to 23.
    pub hour: Option<u8>,
    pub remote: Remote,
}

/// How a file came to a host.
///
/// In this and what follows, what is not known is the first, so that of two sightings alike the poorer one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    #[default]
    Unknown,
    /// From another host of this network.
    Host,
    /// It was there before the host was watched. The server says so, of what a host tells on its first day.
    Before,
    /// From beyond this network, through its border.
    Outside,
    /// On something that was plugged in.
    Removable,
    /// Made on this host by a compiler or linker.
    Built,
    /// By the package manager, and it is as the package has it.
    Package,
}

/// A program by its content, and by what it is called where its content is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    pub sha256: Option<Digest>,
    pub name: String,
}

/// What kind of folder a file lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    #[default]
    Unknown,
    System,
    Programs,
    /// A home, with what a user installs for himself in it.
    Home,
    Downloads,
    Temporary,
    Share,
    Removable,
    /// It has no name on any disk.
    Nowhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    #[default]
    Unknown,
    /// The machine itself.
    System,
    /// An account that no person logs on with.
    Service,
    Person,
    Developer,
    Administrator,
}

/// Whom it speaks with first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remote {
    #[default]
    Unknown,
    /// It was watched and spoke with nobody.
    Nobody,
    Port(u16),
}

impl Source {
    /// Whether it may have spread to where it is from host to host. What is not known is taken for it.
    pub(crate) fn is_copy(self) -> bool {
        matches!(self, Source::Unknown | Source::Host)
    }

    /// Whether somebody brought it there from elsewhere: only then a host says something of its own about it.
    pub(crate) fn is_own(self) -> bool {
        !self.is_copy() && self != Source::Before
    }
}

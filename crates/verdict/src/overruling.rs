//! What stands above the points: lists of what is denied, allowed, known or trusted.

use crate::verdict::State;
use model::Message;
use serde::{Deserialize, Serialize};

/// The list that decided, and on which part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileOverruled))]
pub struct Overruled {
    pub by: Overruling,
    /// Number of the part that the list names.
    pub part: usize,
}

/// What a list says of a file, in the order in which the lists stand above one another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileOverruling))]
#[serde(rename_all = "kebab-case")]
pub enum Overruling {
    /// The house does not want it.
    Denied,
    /// The house wants it.
    Allowed,
    /// Its hash is known for a bad one.
    KnownHash { source: String },
    /// It is signed by somebody whom the house trusts.
    TrustedPublisher { name: String },
}

impl Overruling {
    /// What a file is by it.
    pub fn state(&self) -> State {
        match self {
            Overruling::Denied | Overruling::KnownHash { .. } => State::Malicious,
            Overruling::Allowed | Overruling::TrustedPublisher { .. } => State::Clean,
        }
    }

    /// The words for it.
    pub fn message(&self) -> Message {
        match self {
            Overruling::Denied => Message::new("verdict.denied"),
            Overruling::Allowed => Message::new("verdict.allowed"),
            Overruling::KnownHash { source } => Message::new("verdict.known-hash").with("source", source),
            Overruling::TrustedPublisher { name } => Message::new("verdict.trusted-publisher").with("name", name),
        }
    }
}

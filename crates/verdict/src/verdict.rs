//! What a file is judged to be, and why.

use crate::overruling::Overruled;
use model::Message;
use serde::{Deserialize, Serialize};

/// What the ledger says of a file with everything inside it. It stays as it was when a list overrules it;
/// [`Verdict::standing`] is what counts then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileVerdict))]
pub struct Verdict {
    pub state: State,
    /// From 0 to 100: that of the worst part, with what holds it.
    pub score: u32,
    /// What was counted first, the heaviest first; behind it what was met and not counted.
    pub reasons: Vec<Reason>,
    /// Whether everything was read.
    pub complete: bool,
    /// Version of the rules.
    pub ledger: String,
    pub overruled: Option<Overruled>,
}

/// What a file is judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileVerdictState))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Malicious,
    Suspicious,
    /// Nothing was found that is bad, and reading alone cannot say that it is good.
    Unknown,
    /// Everything was read, of types that hold nothing but what was read, and nothing was found.
    Clean,
    /// Nothing was found that is bad, and not everything could be read.
    Incomplete,
}

/// One rule that was met, or something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileReason))]
pub struct Reason {
    pub rule: String,
    pub version: u32,
    /// Reasons of one family say much the same and add up less and less.
    pub family: String,
    pub source: Source,
    /// What the rule weighs.
    pub points: i32,
    /// What of it went into the score; these sum up to it, unless it was cut at its ends.
    pub counted: i32,
    /// Number of the first part that met it.
    pub part: usize,
    /// Numbers of others that did, as far as these are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<usize>,
    pub message: Message,
    /// ATT&CK techniques.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub techniques: Vec<String>,
}

/// How something was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileReasonSource))]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// By reading the file.
    #[default]
    Static,
    /// By running it.
    Dynamic,
}

impl State {
    pub const ALL: [State; 5] = [State::Malicious, State::Suspicious, State::Unknown, State::Clean, State::Incomplete];

    /// The name it has in records.
    pub fn label(self) -> &'static str {
        match self {
            State::Malicious => "malicious",
            State::Suspicious => "suspicious",
            State::Unknown => "unknown",
            State::Clean => "clean",
            State::Incomplete => "incomplete",
        }
    }

    /// The word for it.
    pub fn message(self) -> Message {
        match self {
            State::Malicious => Message::new("verdict.malicious"),
            State::Suspicious => Message::new("verdict.suspicious"),
            State::Unknown => Message::new("verdict.unknown"),
            State::Clean => Message::new("verdict.clean"),
            State::Incomplete => Message::new("verdict.incomplete"),
        }
    }
}

impl Verdict {
    /// What counts: what a list says, else what the ledger does.
    pub fn standing(&self) -> State {
        self.overruled.as_ref().map_or(self.state, |overruled| overruled.by.state())
    }
}

//! What is told when a rule or a sequence fits.

use crate::telemetry::event::{Class, Event, Process};
use model::Message;
use serde::{Deserialize, Serialize};

/// A rule or a sequence that fits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// As the rule says.
    pub rule: String,
    pub message: Message,
    pub level: Level,
    /// As the rule has them: `attack.t1059.004`.
    pub tags: Vec<String>,
    /// Nanoseconds since 1970, of the last event.
    pub time: u64,
    /// The sequence numbers of the events, the first one first.
    pub events: Vec<u64>,
    /// Of the last event.
    pub process: Option<Process>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Informational,
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

/// The process of an event.
pub fn process(event: &Event) -> Option<&Process> {
    match &event.what {
        Class::ProcessActivity(it) => Some(&it.process),
        Class::NetworkActivity(it) => it.process.as_ref(),
        Class::FileSystemActivity(it) => it.process.as_ref(),
        Class::Authentication(it) => it.process.as_ref(),
        Class::ModuleActivity(_) | Class::TelemetryReport(_) => None,
    }
}

//! What protects works in a process below this one, which starts it again when it is killed.

use crate::voice;
use endpoint::keeping::{Kept, TakenOver};
use model::Message;
use serde_json::{Value, json};
use std::process::ExitCode;
use words::Language;

pub fn keep(language: Language, work: impl FnOnce(Kept) -> ExitCode) -> ExitCode {
    endpoint::keeping::keep(work, || voice::note(&Message::new("agent.let-go"), language))
}

/// That one took over from another, for people.
pub fn message(TakenOver { milliseconds, answered }: TakenOver, what: &str) -> Message {
    let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
    Message::new(what).number("milliseconds", number(milliseconds)).number("answered", number(answered))
}

/// The same for programs.
pub fn object(TakenOver { milliseconds, answered }: TakenOver) -> Value {
    json!({ "event": "taken-over", "ms": milliseconds, "answered": answered })
}

//! What a reading says: as it should be, not so, or nothing.

use super::check::{Absent, Expect, Way};
use model::Message;
use serde::{Deserialize, Serialize};

/// Bytes of a reading that are looked at; a longer one is no setting.
pub const VALUE_BYTES_MAX: usize = 4096;
/// How many entries of a list a sentence names.
const SHOWN_MAX: usize = 5;
const SHOWN_CHARS_MAX: usize = 80;

/// What an endpoint read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    Value(String),
    List(Vec<String>),
    /// It looked, and there is no such setting.
    Absent,
    /// It could not look.
    Failed(Message),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckState))]
#[serde(rename_all = "snake_case")]
pub enum State {
    Compliant,
    Unknown,
    Not,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckOutcome))]
pub struct Outcome {
    pub state: State,
    pub why: Message,
}

impl Way {
    /// What a reading says of this check.
    pub fn evaluate(&self, read: &Read) -> Outcome {
        let outcome = |state, why| Outcome { state, why };
        match (read, &self.expect) {
            (Read::Failed(why), _) => {
                outcome(State::Unknown, Message::new("baseline.failed").reason("why", why.clone()))
            }
            (Read::Absent, _) => match self.absent {
                Absent::Compliant => outcome(State::Compliant, Message::new("baseline.absent-compliant")),
                Absent::Not => {
                    outcome(State::Not, Message::new("baseline.absent-not").reason("wanted", self.expect.words()))
                }
                Absent::Unknown => outcome(State::Unknown, Message::new("baseline.absent-unknown")),
            },
            (Read::List(list), Expect::Empty) if list.is_empty() => {
                outcome(State::Compliant, Message::new("baseline.list-empty"))
            }
            (Read::List(list), Expect::Empty) => {
                let entries = list.iter().take(SHOWN_MAX).map(|entry| shown(entry));
                let why = Message::new("baseline.listed").number("count", crate::said::number(list.len()));
                outcome(State::Not, why.list("entries", entries))
            }
            (Read::Value(value), expect) if value.len() <= VALUE_BYTES_MAX => {
                let value = value.trim();
                let about = |code: &str| Message::new(code).with("value", shown(value));
                match expect.is_met(value) {
                    Some(true) => outcome(State::Compliant, about("baseline.as-wanted")),
                    Some(false) => {
                        outcome(State::Not, about("baseline.not-as-wanted").reason("wanted", expect.words()))
                    }
                    None => outcome(State::Unknown, about("baseline.senseless")),
                }
            }
            (Read::Value(value), _) => {
                outcome(State::Unknown, Message::new("baseline.senseless").with("value", shown(value)))
            }
            (Read::List(_), _) => outcome(State::Unknown, Message::new("baseline.senseless").with("value", "…")),
        }
    }
}

impl Expect {
    /// What is wanted, for people.
    pub fn words(&self) -> Message {
        match self {
            Expect::OneOf(words) => Message::new("baseline.wants-one-of").list("values", words),
            Expect::Between([from, to]) => {
                Message::new("baseline.wants-between").number("from", *from).number("to", *to)
            }
            Expect::ModeWithin(mode) => Message::new("baseline.wants-mode").with("mode", mode),
            Expect::Empty => Message::new("baseline.wants-empty"),
        }
    }
}

/// The beginning of what came from outside, without what a terminal would take for orders.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

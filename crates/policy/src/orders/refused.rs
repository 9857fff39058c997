//! Why orders are not followed. What was in force before stays in force.

use super::keys::{KEYS_MAX, KeyId};
use crate::said::{number, says_its_message, utc};
use model::Message;

/// How far ahead the clock of whoever made orders may be of the clock of whoever gets them.
pub const FUTURE_SECONDS_MAX: u64 = 300;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    TooLarge {
        bytes: usize,
        most: usize,
    },
    /// Not what it should be, or not all of it.
    Damaged,
    UnknownKey {
        key: KeyId,
    },
    /// It says that a known key signed it, and that one did not.
    Forged {
        key: KeyId,
    },
    /// The signature holds, and still it cannot be read; with the reason of the reader.
    Unreadable {
        why: String,
    },
    /// It is for somebody else.
    NotForUs {
        audience: String,
    },
    /// What only a later version of the program can do.
    Needs {
        capabilities: Vec<String>,
    },
    /// Not later than what is in force.
    NotLater {
        version: u64,
        in_force: u64,
    },
    /// Made later than now, as far as clocks agree.
    FromTheFuture {
        made: u64,
        now: u64,
    },
    /// In order, and in force only from then on: to be tried again.
    NotYet {
        not_before: u64,
    },
    /// Reputation is in orders, where there is no room for it.
    ReputationInside,
    /// More than one endpoint would be isolated, or one that may not know how.
    Isolation,
    /// A key that retires itself, one nobody has, or more than are allowed.
    Keys {
        why: KeyRefused,
    },
    /// The orders say something that no group may say.
    Content {
        why: Message,
    },
    /// Not in the order of digests, or one twice.
    Unsorted {
        entry: usize,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRefused {
    RetiresItself { key: KeyId },
    Bad,
    TooMany { count: usize },
}

says_its_message!(Refused);

impl Refused {
    pub fn message(&self) -> Message {
        match self {
            Refused::TooLarge { bytes, most } => {
                Message::new("policy.orders-too-large").number("bytes", number(*bytes)).number("most", number(*most))
            }
            Refused::Damaged => Message::new("policy.orders-damaged"),
            Refused::UnknownKey { key } => Message::new("policy.orders-unknown-key").with("key", key),
            Refused::Forged { key } => Message::new("policy.orders-forged").with("key", key),
            Refused::Unreadable { why } => Message::new("policy.orders-unreadable").with("why", why),
            Refused::NotForUs { audience } => Message::new("policy.orders-not-for-us").with("audience", audience),
            Refused::Needs { capabilities } => Message::new("policy.orders-needs").list("capabilities", capabilities),
            Refused::NotLater { version, in_force } => Message::new("policy.orders-not-later")
                .number("version", number(*version))
                .number("in_force", number(*in_force)),
            Refused::FromTheFuture { made, now } => {
                Message::new("policy.orders-from-future").with("made", utc(*made)).with("now", utc(*now))
            }
            Refused::NotYet { not_before } => {
                Message::new("policy.orders-not-yet").with("not_before", utc(*not_before))
            }
            Refused::ReputationInside => Message::new("policy.orders-reputation-inside"),
            Refused::Isolation => Message::new("policy.orders-isolation"),
            Refused::Keys { why: KeyRefused::RetiresItself { key } } => {
                Message::new("policy.orders-key-retires-itself").with("key", key)
            }
            Refused::Keys { why: KeyRefused::Bad } => Message::new("policy.orders-key-bad"),
            Refused::Keys { why: KeyRefused::TooMany { count } } => Message::new("policy.orders-keys-too-many")
                .number("count", number(*count))
                .number("most", number(KEYS_MAX)),
            Refused::Content { why } => Message::new("policy.orders-content").reason("why", why.clone()),
            Refused::Unsorted { entry } => Message::new("policy.table-unsorted").number("entry", number(*entry)),
        }
    }

    /// Whether the same bytes may be in order later.
    pub fn may_be_tried_again(&self) -> bool {
        matches!(self, Refused::NotYet { .. } | Refused::FromTheFuture { .. })
    }
}

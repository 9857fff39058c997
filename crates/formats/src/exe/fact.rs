//! Facts and oddities as they are declared: in one table a room, so that what a reader may tell can be listed.

use crate::{Limit, Oddity, Reading, State, Value};
use model::Message;

/// A fact that a reader of programs can tell.
pub use crate::vector::Declared as Fact;

/// An oddity that a reader can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Odd {
    pub code: &'static str,
    /// What it is, with its parameters in braces.
    pub doc: &'static str,
}

impl Fact {
    pub fn known(&self, reading: &mut Reading, value: impl Into<Value>) {
        reading.know(self.namespace, self.name, value);
    }

    pub fn known_at(&self, reading: &mut Reading, value: impl Into<Value>, at: usize) {
        reading.know_at(self.namespace, self.name, value, at as u64);
    }

    pub fn absent(&self, reading: &mut Reading) {
        reading.state(self.namespace, self.name, State::Absent, None);
    }

    pub fn failed(&self, reading: &mut Reading, why: Message) {
        reading.state(self.namespace, self.name, State::Failed(why), None);
    }

    pub fn limited(&self, reading: &mut Reading, limit: Limit) {
        reading.state(self.namespace, self.name, State::Limited(limit), None);
    }

    /// Tells a value that is there, or that there is none.
    pub fn maybe(&self, reading: &mut Reading, value: Option<impl Into<Value>>) {
        match value {
            Some(value) => self.known(reading, value),
            None => self.absent(reading),
        }
    }

    pub fn number(&self, reading: &mut Reading, number: impl TryInto<u64>) {
        self.known(reading, Value::unsigned(number.try_into().unwrap_or(u64::MAX)));
    }

    /// Tells a list as far as it was read. When there was more of it, it is told a second time as cut off, so that
    /// neither what is known nor that it is not all gets lost.
    pub fn list(&self, reading: &mut Reading, texts: Vec<String>, more: bool) {
        self.known(reading, texts);
        if more {
            self.limited(reading, Limit::Entries);
        }
    }
}

impl Odd {
    pub fn message(&self) -> Message {
        Message::new(self.code)
    }

    /// Notes it about the file as a whole.
    pub fn note(&self, reading: &mut Reading) {
        reading.oddities.push(Oddity::new(self.message()));
    }

    pub fn note_at(&self, reading: &mut Reading, at: usize) {
        reading.oddities.push(Oddity::at(self.message(), at as u64));
    }

    /// Notes it with what it is about.
    pub fn note_with(&self, reading: &mut Reading, fill: impl FnOnce(Message) -> Message) {
        reading.oddities.push(Oddity::new(fill(self.message())));
    }
}

/// Declares the facts of a namespace: one line each, `CONSTANT "name" type "doc"`.
macro_rules! facts {
    ($namespace:literal; $($constant:ident $name:literal $value:ident $doc:literal;)*) => {
        $(#[doc = $doc] pub const $constant: $crate::exe::Fact = $crate::exe::Fact {
            namespace: $namespace, name: $name, value: stringify!($value), doc: $doc,
        };)*
        /// Every fact of the room.
        pub const ALL: &[$crate::exe::Fact] = &[$($constant),*];
    };
}

/// Declares the oddities of a room: one line each, `CONSTANT "code" "doc"`.
macro_rules! odd {
    ($($constant:ident $code:literal $doc:literal;)*) => {
        $(#[doc = $doc] pub const $constant: $crate::exe::Odd = $crate::exe::Odd { code: $code, doc: $doc };)*
        /// Every oddity of the room.
        pub const ALL: &[$crate::exe::Odd] = &[$($constant),*];
    };
}

pub(crate) use {facts, odd};

/// Checks that a reading says nothing that its tables do not declare.
#[cfg(test)]
#[track_caller]
pub fn assert_declared(reading: &Reading, facts: &[Fact], odds: &[Odd]) {
    for vector in &reading.vectors {
        let fact = facts.iter().find(|fact| fact.namespace == vector.namespace && fact.name == vector.name);
        let fact = fact.unwrap_or_else(|| panic!("`{}.{}` is not declared", vector.namespace, vector.name));
        if let State::Known(value) = &vector.state {
            let is_large = matches!(value, crate::Value::Text(text) if text.parse::<u64>().is_ok());
            let fits = value.type_label() == fact.value || fact.value == "integer" && is_large;
            assert!(fits, "`{}.{}` is {value:?}", fact.namespace, fact.name);
        }
    }
    for oddity in &reading.oddities {
        assert!(odds.iter().any(|odd| odd.code == oddity.message.code), "`{}` is not declared", oddity.message.code);
    }
}

/// Checks a table of facts and one of oddities by themselves.
#[cfg(test)]
#[track_caller]
pub fn assert_tables(namespace: &str, facts: &[Fact], odds: &[Odd]) {
    let plain = |text: &str| text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
    let types = ["flag", "integer", "real", "text", "digest", "time", "texts"];
    let names: std::collections::BTreeSet<_> = facts.iter().map(|fact| fact.name).collect();
    assert_eq!(names.len(), facts.len());
    for fact in facts {
        let is_plain = plain(fact.name) && !fact.name.contains('-');
        assert!(fact.namespace == namespace && is_plain && fact.doc.ends_with('.'), "`{}`", fact.name);
        assert!(types.contains(&fact.value), "`{}`", fact.name);
    }
    let codes: std::collections::BTreeSet<_> = odds.iter().map(|odd| odd.code).collect();
    assert_eq!(codes.len(), odds.len());
    for odd in odds {
        let key = odd.code.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('.'));
        assert!(key.is_some_and(plain) && odd.doc.ends_with('.'), "`{}`", odd.code);
    }
}

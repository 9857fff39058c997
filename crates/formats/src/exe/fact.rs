//! Facts and oddities as they are told: each from its line in the table of the room, so that what a reader may tell can be
//! listed.

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

/// Declares the oddities of a room: one line each, `CONSTANT "code" "doc"`.
macro_rules! odd {
    ($($constant:ident $code:literal $doc:literal;)*) => {
        $(#[doc = $doc] pub const $constant: $crate::exe::Odd = $crate::exe::Odd { code: $code, doc: $doc };)*
        /// Every oddity of the room.
        pub const ALL: &[$crate::exe::Odd] = &[$($constant),*];
    };
}

pub(crate) use odd;

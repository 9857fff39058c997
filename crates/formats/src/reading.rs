//! What a reader gives back: everything it could make of a file, also of half a file.

use crate::limits::Limit;
use crate::oddity::Oddity;
use crate::vector::{State, Value, Vector};
use model::Message;
use std::ops::Range;

/// The facts, oddities and parts that a reader found. A broken file leaves what was read before the break.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    pub vectors: Vec<Vector>,
    pub oddities: Vec<Oddity>,
    pub children: Vec<Child>,
}

/// A part that is a file of its own: an entry of an archive, an attachment, an embedded object, a script in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// Its name or path as the container spells it; empty when it has none. Never a path to write to.
    pub name: String,
    pub content: Content,
    pub storage: Storage,
    /// Where the container keeps it.
    pub at: Option<u64>,
}

/// The bytes of a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// They stand in the container as they are.
    Range(Range<usize>),
    /// They were unpacked or decoded.
    Bytes(Vec<u8>),
    /// They are there and could not be had: encrypted, damaged, an unknown method.
    Failed(Message),
    /// They were not read, because this limit was met.
    Limited(Limit),
}

/// How a container keeps a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    Plain,
    /// Packed, and how: `deflate`, `lzx`, `lzma2`.
    Packed(&'static str),
    /// Written in another alphabet, and which: `base64`, `hex`, `quoted-printable`.
    Encoded(&'static str),
    Encrypted,
}

impl Child {
    /// The bytes of the child, as far as they are had; `container` is what the reader read.
    pub fn bytes<'a>(&'a self, container: &'a [u8]) -> Option<&'a [u8]> {
        match &self.content {
            Content::Range(range) => container.get(range.clone()),
            Content::Bytes(bytes) => Some(bytes),
            Content::Failed(_) | Content::Limited(_) => None,
        }
    }
}

impl Reading {
    /// Keeps a fact that is known.
    pub fn know(&mut self, namespace: &'static str, name: &'static str, value: impl Into<Value>) {
        self.state(namespace, name, State::Known(value.into()), None);
    }

    /// Keeps a fact that is known and stands at an offset.
    pub fn know_at(&mut self, namespace: &'static str, name: &'static str, value: impl Into<Value>, at: u64) {
        self.state(namespace, name, State::Known(value.into()), Some(at));
    }

    /// Keeps what is known of a fact, whatever that is.
    pub fn state(&mut self, namespace: &'static str, name: &'static str, state: State, at: Option<u64>) {
        self.vectors.push(Vector { namespace, name, state, at });
    }

    /// The first value of a fact, if it is known.
    pub fn value(&self, namespace: &str, name: &str) -> Option<&Value> {
        self.vectors.iter().find(|vector| vector.namespace == namespace && vector.name == name).and_then(|vector| {
            match &vector.state {
                State::Known(value) => Some(value),
                State::Absent | State::Failed(_) | State::Limited(_) => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_that_failed_is_not_a_value() {
        let mut reading = Reading::default();
        reading.know("zip", "entries", 3_u32);
        reading.state("zip", "comment", State::Failed(Message::new("x")), Some(4));
        assert_eq!(reading.value("zip", "entries"), Some(&Value::Integer(3)));
        assert_eq!(reading.value("zip", "comment"), None);
    }

    #[test]
    fn a_range_beyond_the_container_has_no_bytes() {
        let child =
            |range| Child { name: String::new(), content: Content::Range(range), storage: Storage::Plain, at: None };
        assert_eq!(child(1..3).bytes(b"abc"), Some(b"bc".as_slice()));
        assert_eq!(child(2..9).bytes(b"abc"), None);
    }
}

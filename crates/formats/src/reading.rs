//! What a reader gives back: everything it could make of a file, also of half a file.

use crate::budget::Budget;
use crate::limits::Limit;
use crate::oddity::Oddity;
use crate::vector::{State, Value, Vector};
use model::Message;
use std::ops::Range;

/// Oddities that are kept of one file. Of a file that is odd all over, more of the same say nothing.
const ODDITIES_MAX: usize = 500;

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
    /// These came before the rest turned out to be damaged or missing.
    Partial(Vec<u8>, Message),
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
    /// A part that stands in the container as it is.
    pub fn range(name: impl Into<String>, range: Range<usize>) -> Self {
        let at = Some(range.start as u64);
        Child { name: name.into(), content: Content::Range(range), storage: Storage::Plain, at }
    }

    /// A part that was made from the bytes of the container.
    pub fn made(name: impl Into<String>, bytes: impl Into<Vec<u8>>, storage: Storage) -> Self {
        Child { name: name.into(), content: Content::Bytes(bytes.into()), storage, at: None }
    }

    /// The bytes of the child, as far as they are had; `container` is what the reader read.
    pub fn bytes<'a>(&'a self, container: &'a [u8]) -> Option<&'a [u8]> {
        match &self.content {
            Content::Range(range) => container.get(range.clone()),
            Content::Bytes(bytes) | Content::Partial(bytes, _) => Some(bytes),
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

    /// Keeps what is odd about the file as a whole.
    pub fn odd(&mut self, message: Message) {
        self.oddity(Oddity::new(message));
    }

    /// Keeps what is odd at an offset.
    pub fn odd_at(&mut self, message: Message, at: u64) {
        self.oddity(Oddity::at(message, at));
    }

    fn oddity(&mut self, oddity: Oddity) {
        match self.oddities.len() {
            0..ODDITIES_MAX => self.oddities.push(oddity),
            ODDITIES_MAX => {
                self.oddities.push(oddity);
                self.state("file", "oddities", State::Limited(Limit::Entries), None);
            }
            _ => {}
        }
    }

    /// Takes over what another reader found in the same bytes.
    pub fn append(&mut self, other: Reading) {
        self.vectors.extend(other.vectors);
        self.oddities.extend(other.oddities);
        self.children.extend(other.children);
    }

    /// Keeps a part, unless there were too many of them; the limit is then a fact of the container.
    ///
    /// # Errors
    /// When no more parts may be kept, which is when a reader ends its list.
    pub fn child(&mut self, budget: &mut Budget, child: Child) -> Result<(), Limit> {
        if let Err(limit) = budget.child() {
            self.state("file", "children", State::Limited(limit), child.at);
            return Err(limit);
        }
        self.children.push(child);
        Ok(())
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

//! Typed facts about a file.

use crate::limits::Limit;
use model::Message;

/// One fact: `pe.timestamp`, `pdf.pages`, `zip.comment`. Its namespace is the reader's word for what it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    pub namespace: &'static str,
    pub name: &'static str,
    pub state: State,
    /// Offset in the file that was read, where the fact stands in one place.
    pub at: Option<u64>,
}

/// What is known of a fact. The four are different answers to different questions and are never folded into one.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    Known(Value),
    /// The file could say it and does not.
    Absent,
    /// The file says it, and what it says cannot be read.
    Failed(Message),
    /// It was not read to its end, because this limit was met.
    Limited(Limit),
}

/// A value and its type. Integers are signed, as stored tables have no others; what does not fit is a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Flag(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    /// A hash, in bytes.
    Digest(Vec<u8>),
    /// Microseconds since 1970 in UTC.
    Time(i64),
    Texts(Vec<String>),
}

/// What a reader may say: every room has one table of these, and says nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    pub namespace: &'static str,
    pub name: &'static str,
    /// The type of its values, as [`Value::type_label`] spells it.
    pub value: &'static str,
    pub doc: &'static str,
}

/// The table of a room: the namespace, then a line a fact, `"name" type "what it says";`. Where readers name a fact often,
/// a constant in front of it stands for it.
macro_rules! vectors {
    ($namespace:literal: $($($constant:ident)? $name:literal $value:ident $doc:literal;)*) => {
        pub(crate) const NAMESPACE: &str = $namespace;
        $($(#[doc = $doc] pub const $constant: $crate::vector::Declared = $crate::vector::Declared {
            namespace: NAMESPACE, name: $name, value: stringify!($value), doc: $doc,
        };)?)*
        /// What this room says.
        pub const VECTORS: &[$crate::vector::Declared] = &[$($crate::vector::Declared {
            namespace: NAMESPACE, name: $name, value: stringify!($value), doc: $doc,
        }),*];
    };
}
pub(crate) use vectors;

impl Value {
    /// The name of its type in records.
    pub fn type_label(&self) -> &'static str {
        match self {
            Value::Flag(_) => "flag",
            Value::Integer(_) => "integer",
            Value::Real(_) => "real",
            Value::Text(_) => "text",
            Value::Digest(_) => "digest",
            Value::Time(_) => "time",
            Value::Texts(_) => "texts",
        }
    }

    /// A count or an offset as a value; beyond what an integer holds it is spelled.
    pub fn unsigned(number: u64) -> Self {
        i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Integer)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Flag(flag)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Integer(number.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Real(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Value::Texts(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_no_integer_holds_is_spelled() {
        assert_eq!(Value::unsigned(7), Value::Integer(7));
        assert_eq!(Value::unsigned(u64::MAX), Value::Text("18446744073709551615".into()));
    }
}

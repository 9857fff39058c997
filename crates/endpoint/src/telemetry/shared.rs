//! Values that are kept once and stand in many events; in JSON they are as if each had its own.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Text that many events share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Default for Text {
    fn default() -> Text {
        Text::from("")
    }
}

impl<T: AsRef<str> + ?Sized> From<&T> for Text {
    fn from(text: &T) -> Text {
        Text(text.as_ref().into())
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        String::deserialize(deserializer).map(|text| Text(text.into()))
    }
}

/// A value that is kept once and told often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common<T>(Arc<T>);

impl<T> Common<T> {
    pub fn new(value: T) -> Common<T> {
        Common(Arc::new(value))
    }
}

impl<T> std::ops::Deref for Common<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Serialize for Common<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Common<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Common<T>, D::Error> {
        T::deserialize(deserializer).map(Common::new)
    }
}

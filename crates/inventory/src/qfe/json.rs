//! JSON of update lists (`Get-HotFix | ConvertTo-Json`), streamed: only the fields we know are kept, so that a hostile
//! document costs no more memory than its own size.

use super::HOST_COLUMNS;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// One update as an object tells it.
#[derive(Debug, Default)]
pub struct Item {
    /// By the lower-case name of the field.
    pub hosts: BTreeMap<String, String>,
    pub hotfix: Option<String>,
}

/// The objects of an array that name an update, or the one object there is; and why reading ended before the text did.
pub fn items(text: &str) -> (Vec<Item>, Option<serde_json::Error>) {
    let mut items = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(text.trim());
    let read = Items(&mut items).deserialize(&mut reader).and_then(|()| reader.end());
    (items, read.err())
}

/// Filled as the text is read, so that what stands before a break is kept.
struct Items<'a>(&'a mut Vec<Item>);

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("updates")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(item) = sequence.next_element::<Loose>()? {
            if let Loose::Object(item) = item
                && item.hotfix.is_some()
            {
                self.0.push(item);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.extend(Some(object(map)?).filter(|item| item.hotfix.is_some()));
        Ok(())
    }
}

fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Item, A::Error> {
    let mut item = Item::default();
    while let Some(key) = map.next_key::<String>()? {
        let key = key.to_ascii_lowercase();
        if key == "hotfixid" {
            item.hotfix = map.next_value::<Loose>()?.text();
        } else if HOST_COLUMNS.contains(&key.as_str()) {
            item.hosts.extend(map.next_value::<Loose>()?.text().map(|text| (key, text)));
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(item)
}

/// Any value, of which only texts and objects are kept.
enum Loose {
    Object(Item),
    Text(String),
    Other,
}

impl Loose {
    fn text(self) -> Option<String> {
        if let Loose::Text(text) = self { Some(text) } else { None }
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Loose, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Loose, A::Error> {
        object(map).map(Loose::Object)
    }
}

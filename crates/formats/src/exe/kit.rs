//! What tests of the readers of programs share: a room with its tables, and readings as they are compared.

use super::{Fact, Odd, hex};
use crate::{Reading, State, Value};
use expect_test::Expect;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A reader of programs and what it declares.
pub struct Room {
    pub namespace: &'static str,
    pub read: fn(&[u8]) -> Reading,
    pub facts: &'static [Fact],
    pub odds: &'static [Odd],
}

impl Room {
    /// Reads some bytes; that says nothing which the tables do not declare.
    #[track_caller]
    pub fn read(&self, bytes: &[u8]) -> Reading {
        let reading = (self.read)(bytes);
        for vector in &reading.vectors {
            let fact = self.facts.iter().find(|fact| fact.namespace == vector.namespace && fact.name == vector.name);
            let fact = fact.unwrap_or_else(|| panic!("`{}.{}` is not declared", vector.namespace, vector.name));
            if let State::Known(value) = &vector.state {
                let is_large = matches!(value, Value::Text(text) if text.parse::<u64>().is_ok());
                let fits = value.type_label() == fact.value || fact.value == "integer" && is_large;
                assert!(fits, "`{}.{}` is {value:?}", fact.namespace, fact.name);
            }
        }
        for oddity in &reading.oddities {
            let code = &oddity.message.code;
            assert!(self.odds.iter().any(|odd| odd.code == code), "`{code}` is not declared");
        }
        reading
    }

    /// Compares what is told of some bytes.
    #[track_caller]
    pub fn check(&self, bytes: &[u8], wanted: &[&str], expected: Expect) {
        expected.assert_eq(&told(&self.read(bytes), wanted));
    }

    /// Checks the tables by themselves.
    #[track_caller]
    pub fn check_tables(&self) {
        let plain =
            |text: &str| text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
        let types = ["flag", "integer", "real", "text", "digest", "time", "texts"];
        let names: BTreeSet<_> = self.facts.iter().map(|fact| fact.name).collect();
        assert_eq!(names.len(), self.facts.len());
        for fact in self.facts {
            let is_plain = plain(fact.name) && !fact.name.contains('-');
            assert!(fact.namespace == self.namespace && is_plain && fact.doc.ends_with('.'), "`{}`", fact.name);
            assert!(types.contains(&fact.value), "`{}`", fact.name);
        }
        let codes: BTreeSet<_> = self.odds.iter().map(|odd| odd.code).collect();
        assert_eq!(codes.len(), self.odds.len());
        for odd in self.odds {
            let key = odd.code.strip_prefix(self.namespace).and_then(|rest| rest.strip_prefix('.'));
            assert!(key.is_some_and(plain) && odd.doc.ends_with('.'), "`{}`", odd.code);
        }
    }
}

/// One fact a line, those that were asked for by the beginnings of their names; then the oddities and the parts.
pub fn told(reading: &Reading, wanted: &[&str]) -> String {
    let mut text = String::new();
    for vector in &reading.vectors {
        if !wanted.iter().any(|wanted| vector.name.starts_with(wanted)) {
            continue;
        }
        let state = match &vector.state {
            State::Known(value) => spelled(value),
            State::Absent => "absent".into(),
            State::Failed(why) => format!("failed {}", why.code),
            State::Limited(limit) => format!("limited {}", limit.label()),
        };
        writeln!(text, "{}: {state}", vector.name).unwrap();
    }
    for oddity in &reading.oddities {
        let params: Vec<_> = oddity.message.params.values().map(|value| format!("{value:?}")).collect();
        writeln!(text, "! {} {}", oddity.message.code, params.join(" ")).unwrap();
    }
    for child in &reading.children {
        writeln!(text, "> {} {:?}", child.name, child.content).unwrap();
    }
    text
}

fn spelled(value: &Value) -> String {
    match value {
        Value::Flag(flag) => flag.to_string(),
        Value::Integer(number) | Value::Time(number) => number.to_string(),
        Value::Real(number) => format!("{number:.3}"),
        Value::Text(text) => format!("{text:?}"),
        Value::Digest(bytes) => hex(bytes),
        Value::Texts(texts) => texts.join(" | "),
    }
}

//! Readings as tests compare them.

use super::hex;
use crate::{Reading, State, Value};
use std::fmt::Write as _;

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

//! Prints one line of JSON for each path: every fact that the reader of its type tells, its oddities and parts.
//! `--quiet` reads and prints nothing, for measurements; `-f LIST` takes the paths from the lines of a file.

#![allow(clippy::unwrap_used, reason = "an example that cannot go on ends")]

use formats::{Reading, State, Value};
use serde_json::{Map, json};
use std::fmt::Write as _;
use std::io::Write as _;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut quiet, mut paths) = (false, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quiet" => quiet = true,
            "-f" => {
                let list = std::fs::read_to_string(arguments.next().unwrap()).unwrap();
                paths.extend(list.lines().map(str::to_owned));
            }
            _ => paths.push(argument),
        }
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let reading = match bytes.first_chunk() {
            Some([b'M', b'Z', _, _]) => formats::pe::read(&bytes),
            Some(b"\x7fELF") => formats::elf::read(&bytes),
            Some(
                [0xca, 0xfe, 0xba, 0xbe | 0xbf] | [0xce | 0xcf, 0xfa, 0xed, 0xfe] | [0xfe, 0xed, 0xfa, 0xce | 0xcf],
            ) => formats::macho::read(&bytes),
            _ => Reading::default(),
        };
        if !quiet {
            writeln!(out, "{}", line(&path, &reading)).unwrap();
        }
    }
}

fn line(path: &str, reading: &Reading) -> serde_json::Value {
    let mut facts = Map::new();
    for vector in &reading.vectors {
        let value = match &vector.state {
            State::Known(value) => known(value),
            State::Absent => continue,
            State::Failed(why) => json!({"failed": why}),
            State::Limited(limit) => json!({"limited": limit.label()}),
        };
        let name = format!("{}.{}", vector.namespace, vector.name);
        let values = facts.entry(name).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(value);
    }
    let oddities: Vec<_> = reading.oddities.iter().map(|oddity| json!(oddity.message)).collect();
    let children: Vec<_> =
        reading.children.iter().map(|child| json!([child.name, format!("{:?}", child.at)])).collect();
    json!({"path": path, "facts": facts, "oddities": oddities, "children": children})
}

fn known(value: &Value) -> serde_json::Value {
    match value {
        Value::Flag(flag) => json!(flag),
        Value::Integer(number) | Value::Time(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Texts(texts) => json!(texts),
        Value::Digest(bytes) => json!(bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })),
    }
}

//! Prints what is inside of files, a line of JSON for each part: `--facts` adds what is told of each, `-p PASSWORD` may
//! stand several times, and each further word is a path.

#![allow(clippy::unwrap_used, reason = "an example that cannot go on ends")]

use formats::{Limits, Outcome, Part, State, Value};
use serde_json::{Map, json};
use std::io::Write as _;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut facts, mut passwords, mut paths) = (false, Vec::new(), Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--facts" => facts = true,
            "-p" => passwords.push(arguments.next().unwrap()),
            _ => paths.push(argument),
        }
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let start = std::time::Instant::now();
        let tree = formats::take_apart(&path, &bytes, &Limits::default(), &passwords, &|| false);
        let milliseconds = start.elapsed().as_millis() as u64;
        print(&tree, &path, facts, &mut out);
        writeln!(out, "{}", json!({"file": path, "complete": tree.is_complete(), "ms": milliseconds})).unwrap();
    }
}

fn print(part: &Part, file: &str, facts: bool, out: &mut impl std::io::Write) {
    let outcome = match &part.outcome {
        Outcome::Read => "read".to_owned(),
        Outcome::Same(number) => format!("same as {number}"),
        Outcome::Partial(message) | Outcome::Failed(message) => message.code.clone(),
        Outcome::Limited(limit) => limit.label().to_owned(),
    };
    let mut line = json!({"file": file, "number": part.number, "path": part.path, "outcome": outcome});
    if let Some(found) = &part.file {
        line["size"] = json!(found.size);
        line["type"] = json!(found.identified.kind.label());
        line["sha256"] = json!(found.hashes.sha256.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
    if facts {
        let mut told = Map::new();
        for vector in &part.vectors {
            let value = match &vector.state {
                State::Known(Value::Flag(flag)) => json!(flag),
                State::Known(Value::Integer(number) | Value::Time(number)) => json!(number),
                State::Known(Value::Real(number)) => json!(number),
                State::Known(Value::Text(text)) => json!(text),
                State::Known(Value::Texts(texts)) => json!(texts),
                State::Known(Value::Digest(bytes)) => json!(bytes),
                State::Absent => json!(null),
                State::Failed(message) => json!({"failed": message.code}),
                State::Limited(limit) => json!({"limited": limit.label()}),
            };
            let mut name = format!("{}.{}", vector.namespace, vector.name);
            while told.contains_key(&name) {
                name.push('+');
            }
            told.insert(name, value);
        }
        line["facts"] = told.into();
        line["oddities"] = part
            .oddities
            .iter()
            .map(|oddity| json!({"code": oddity.message.code, "params": oddity.message.params, "at": oddity.at}))
            .collect();
    }
    writeln!(out, "{line}").unwrap();
    part.children.iter().for_each(|child| print(child, file, facts, out));
}

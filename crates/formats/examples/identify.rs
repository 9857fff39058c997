//! Prints one line of JSON for each path: what the file is, and its hash. `--kind-only` leaves out the hash, for
//! measurements; `-f LIST` takes the paths from the lines of a file.

#![allow(clippy::unwrap_used, reason = "an example that cannot go on ends")]

use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut kind_only, mut paths) = (false, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--kind-only" => kind_only = true,
            "-f" => {
                let list = std::fs::read_to_string(arguments.next().unwrap()).unwrap();
                paths.extend(list.lines().map(str::to_owned));
            }
            _ => paths.push(argument),
        }
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in paths {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("cannot read `{path}`: {error}");
                continue;
            }
        };
        let found = formats::identify(&bytes);
        let also: Vec<_> = found.also.iter().map(|also| also.kind.label()).collect();
        let mut line = json!({
            "path": path,
            "size": bytes.len(),
            "type": found.kind.label(),
            "mime": found.kind.mime(),
            "group": found.kind.group().label(),
        });
        if !also.is_empty() {
            line["also"] = json!(also);
        }
        if let Some(mismatch) = formats::extension_mismatch(&path, &found.kind) {
            line["mismatch"] = json!(mismatch.extension);
        }
        if !kind_only {
            let hashes = formats::hashes(&bytes);
            line["sha256"] = json!(hex(&hashes.sha256));
            line["tlsh"] = json!(hashes.tlsh);
            line["ssdeep"] = json!(hashes.ssdeep);
        }
        writeln!(out, "{line}").unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

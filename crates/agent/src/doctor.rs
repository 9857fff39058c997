//! `redoubt-agent doctor`: what this kernel lets the agent do, and what protection is missing.

use crate::args;
use crate::voice;
use endpoint::doctor::{State, examine, kernel};
use model::Message;
use serde_json::json;
use std::io::{self, Write};
use std::process::ExitCode;
use words::Language;

/// Exits with 1 when anything is missing.
pub fn run(task: &args::Doctor, language: Language) -> ExitCode {
    let findings = examine();
    let kernel = kernel().unwrap_or_else(|| "?".to_owned());
    let version = env!("CARGO_PKG_VERSION");
    let mut out = io::stdout().lock();
    let lines = if task.json {
        vec![json!({ "version": version, "kernel": kernel, "findings": findings }).to_string()]
    } else {
        let head = Message::new("doctor.version").with("version", version).with("kernel", kernel);
        let messages = std::iter::once(head).chain(findings.iter().map(endpoint::doctor::Finding::message));
        messages.map(|message| voice::sentence(&message, language)).collect()
    };
    // Nobody listens any more; what was found is the same.
    let _ = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    if findings.iter().all(|finding| finding.state == State::Present) { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

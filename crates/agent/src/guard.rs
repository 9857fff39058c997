//! `redoubt-agent guard`: protects folders until it is told to stop, and says what happens.

use crate::args;
use crate::keeping;
use crate::signals::{self, STOP};
use crate::voice;
use endpoint::damage::Tripped;
use endpoint::guard::{Error, Guard, Settings, Told};
use endpoint::keeping::Kept;
use endpoint::undo::Restored;
use model::Message;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use words::Language;

pub fn run(task: args::Guard, kept: Kept, language: Language) -> ExitCode {
    if let Err(error) = signals::listen() {
        return voice::failed(&Message::new("guard.signals").reason("cause", &error), language);
    }
    let settings = Settings {
        undo_bytes_max: task.undo_max << 20,
        allowed: task.allow,
        canaries: !task.no_canaries,
        kept_for: Duration::from_hours(task.keep),
        kept,
        ..Settings::new(task.protect, task.state)
    };
    protect(settings, task.json, language)
}

/// Protects until this process is told to stop.
pub fn protect(settings: Settings, json: bool, language: Language) -> ExitCode {
    let mut tell = |told: Told| {
        let _ = voice::tell(json, language, || object(&told), || message(&told));
    };
    let kept = settings.kept.clone();
    match Guard::new(settings, &mut tell) {
        Ok(guard) => {
            kept.settle();
            guard.run(&STOP);
            ExitCode::SUCCESS
        }
        Err(error) => voice::failed(&why(&error), language),
    }
}

pub fn why(error: &Error) -> Message {
    match error {
        Error::Kernel(cause) => Message::new("guard.kernel").reason("cause", cause),
        Error::Path { path, source } => Message::new("guard.path").with("path", path.display()).reason("cause", source),
        Error::Inside(path) => Message::new("guard.inside").with("path", path.display()),
        Error::Elsewhere(path) => Message::new("guard.elsewhere").with("path", path.display()),
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What is told, for people.
pub fn message(told: &Told) -> Message {
    match told {
        Told::Ready { files, directories } => {
            let of = |count: &u64| i64::try_from(*count).unwrap_or(i64::MAX);
            Message::new("guard.ready").number("files", of(files)).number("directories", of(directories))
        }
        Told::TakenOver(over) => keeping::message(*over, "guard.taken-over"),
        Told::Resumed { lineages } => Message::new("guard.resumed").number("lineages", number(*lineages)),
        Told::Tripped { program, processes, why: Tripped { files, .. }, .. } => Message::new("guard.tripped")
            .with("program", shown(program.as_deref()))
            .number("processes", number(processes.len()))
            .number("files", number(*files)),
        Told::Restored { restored, .. } => Message::new("guard.restored")
            .number("restored", number(restored.restored.len()))
            .number("beside", number(restored.beside.len()))
            .number("failed", number(restored.failed.len())),
        Told::Degraded { why } => why.clone(),
        Told::Ended { .. } => Message::new("guard.ended"),
    }
}

/// What is told, for programs.
pub fn object(told: &Told) -> Value {
    match told {
        Told::Ready { files, directories } => json!({ "event": "ready", "files": files, "directories": directories }),
        Told::TakenOver(over) => keeping::object(*over),
        Told::Resumed { lineages } => json!({ "event": "resumed", "lineages": lineages }),
        Told::Tripped { lineage, program, processes, why, .. } => json!({
            "event": "tripped", "lineage": lineage.0, "program": shown(program.as_deref()), "pids": processes,
            "points": why.points, "touched": why.files, "reasons": why.reasons,
        }),
        Told::Restored { lineage, restored: Restored { restored, beside, evidence, failed, .. } } => {
            let paths = |paths: &[PathBuf]| paths.iter().map(|path| shown(Some(path))).collect::<Vec<_>>();
            let failures: Vec<_> =
                failed.iter().map(|(path, why)| json!({ "path": shown(Some(path)), "why": why })).collect();
            json!({
                "event": "restored", "lineage": lineage.0, "restored": restored.len(), "failed": failed.len(),
                "files": paths(restored), "beside": paths(beside), "evidence": paths(evidence), "failures": failures,
            })
        }
        Told::Degraded { why } => json!({ "event": "degraded", "why": why }),
        Told::Ended { lineages, events, overflows } => {
            json!({ "event": "ended", "lineages": lineages, "events": events, "overflows": overflows })
        }
    }
}

/// A path for programs; nothing when there is none.
pub fn shown(path: Option<&Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

//! `redoubt-agent run`: decides what runs, and protects folders beside that, until it is told to stop.

use crate::args;
use crate::guard;
use crate::keeping;
use crate::signals::{self, RELOAD, STOP};
use crate::voice;
use endpoint::execution::{Counts, Error, Execution, Filesystem, Ruled, Settings, Told};
use endpoint::keeping::Kept;
use model::Message;
use policy::{Mode, Outcome};
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use words::Language;

pub fn run(task: args::Run, only: Vec<Filesystem>, kept: Kept, language: Language) -> ExitCode {
    let fail = |why: &Message| voice::failed(why, language);
    if let Err(error) = signals::listen_for_reload() {
        return fail(&Message::new("guard.signals").reason("cause", &error));
    }
    let settings = Settings {
        only,
        packages: task.packages.into(),
        decide_within: Duration::from_millis(task.decide_within),
        kept: kept.clone(),
        ..Settings::new(task.rules, task.state.join("execution"))
    };
    let execution = match Execution::new(settings) {
        Ok(execution) => execution,
        Err(error) => return fail(&why(&error)),
    };
    let settings = endpoint::guard::Settings {
        canaries: !task.no_canaries,
        kept,
        ..endpoint::guard::Settings::new(task.protect, task.state)
    };
    let guard = match guard(settings, task.json, language) {
        Ok(guard) => guard,
        Err(error) => return fail(&Message::new("exec.kernel").reason("cause", &error)),
    };
    execution.run(&STOP, &RELOAD, &mut |told| {
        let _ = voice::tell(task.json, language, || object(&told), || message(&told));
    });
    match guard.map(JoinHandle::join) {
        Some(Ok(code)) => code,
        Some(Err(_)) => ExitCode::from(1),
        None => ExitCode::SUCCESS,
    }
}

/// Protects folders in a thread of its own, if there are any. Where that is not possible nothing is.
fn guard(
    settings: endpoint::guard::Settings,
    json: bool,
    language: Language,
) -> std::io::Result<Option<JoinHandle<ExitCode>>> {
    if settings.protected.is_empty() {
        settings.kept.settle();
        return Ok(None);
    }
    let work = move || {
        let code = guard::protect(settings, json, language);
        STOP.store(true, Ordering::Relaxed);
        code
    };
    thread::Builder::new().name("guard".to_owned()).spawn(work).map(Some)
}

pub fn why(error: &Error) -> Message {
    match error {
        Error::Kernel(cause) => Message::new("exec.kernel").reason("cause", cause),
        Error::Path { path, source } => Message::new("guard.path").with("path", path.display()).reason("cause", source),
        Error::Rules(why) => why.clone(),
    }
}

/// What is told, for people.
pub fn message(told: &Told) -> Message {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    match told {
        Told::Ready { filesystems, mode: now } => Message::new("exec.ready")
            .number("filesystems", i64::try_from(*filesystems).unwrap_or(i64::MAX))
            .reason("mode", mode(*now)),
        Told::TakenOver(over) => keeping::message(*over, "exec.taken-over"),
        Told::Rules { mode: now } => Message::new("exec.rules").reason("mode", mode(*now)),
        Told::Ruled(ruled) => of_ruled(ruled),
        Told::Degraded { why } => why.clone(),
        Told::Ended(Counts { asked, blocked, .. }) => {
            Message::new("exec.ended").number("asked", number(*asked)).number("blocked", number(*blocked))
        }
    }
}

/// What is done with what may not run.
pub fn mode(mode: Mode) -> Message {
    Message::new(match mode {
        Mode::Observe => "exec.mode-observe",
        Mode::Simulate => "exec.mode-simulate",
        Mode::Enforce => "exec.mode-enforce",
    })
}

fn of_ruled(ruled: &Ruled) -> Message {
    let why = ruled.verdict.why.clone();
    match (ruled.outcome, ruled.verdict.may, ruled.after) {
        (Outcome::Blocked, _, true) => Message::new("exec.stopped").reason("why", why),
        (Outcome::WouldBlock, ..) => Message::new("exec.would-block").reason("why", why),
        (Outcome::Ran, false, _) => Message::new("exec.observed").reason("why", why),
        _ => why,
    }
}

/// What is told, for programs.
pub fn object(told: &Told) -> Value {
    match told {
        Told::Ready { filesystems, mode } => json!({ "event": "ready", "filesystems": filesystems, "mode": mode }),
        Told::TakenOver(over) => keeping::object(*over),
        Told::Rules { mode } => json!({ "event": "rules", "mode": mode }),
        Told::Ruled(ruled) => {
            let Ruled { subject, verdict, outcome, process, program, after, .. } = &**ruled;
            json!({
                "event": "ruled", "outcome": outcome, "rung": verdict.rung, "may": verdict.may, "why": verdict.why,
                "kind": subject.kind, "path": subject.path, "sha256": subject.sha256, "origin": subject.origin,
                "writer": subject.writer, "pid": process, "program": guard::shown(program.as_deref()), "after": after,
            })
        }
        Told::Degraded { why } => json!({ "event": "degraded", "why": why }),
        Told::Ended(Counts { asked, at_once, blocked, undecided, overflows }) => json!({
            "event": "ended", "asked": asked, "at_once": at_once, "blocked": blocked, "undecided": undecided,
            "overflows": overflows,
        }),
    }
}

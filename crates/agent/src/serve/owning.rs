//! The agent's own files as a part of serving: its program, the unit that starts it, and the endpoint's folder.

use super::Parts;
use super::home::Home;
use super::situation::Part;
use endpoint::own_files::{Deployers, OwnFiles, Settings, Somebody, Told};
use model::Message;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// Where a unit lies.
const UNITS: &[&str] = &["/etc/systemd/system", "/usr/lib/systemd/system"];
const UNIT: &str = "redoubt-agent.service";

pub struct Owning {
    deployers: Deployers,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Owning {
    /// Begins. Where that is not possible it is a gap.
    pub fn begin(parts: &Parts, home: &Home, dpkg: PathBuf) -> Owning {
        let (deployers, stop) = (Deployers::default(), Arc::new(AtomicBool::new(false)));
        let real = |path: PathBuf| path.canonicalize().ok();
        let units = UNITS.iter().filter_map(|folder| real(PathBuf::from(folder).join(UNIT)));
        let files = std::env::current_exe().ok().and_then(real).into_iter().chain(units).collect();
        let folders = real(home.folder().to_owned()).into_iter().collect();
        let settings = Settings { files, folders, dpkg, kept: parts.kept.clone() };
        let (to, stopped) = (parts.clone(), stop.clone());
        let thread = OwnFiles::new(settings, deployers.clone()).and_then(|own| {
            Builder::new().name("own".to_owned()).spawn(move || own.run(&stopped, &mut |told| tell(&to, told)))
        });
        if let Err(error) = &thread {
            let why =
                Message::new("agent.own-unprotected").with("path", home.folder().display()).reason("cause", error);
            parts.situation.degraded(Part::Own, why);
        }
        Owning { deployers, stop, thread: thread.ok() }
    }

    /// Who may change them beside the agent.
    pub fn put(&self, deployers: &BTreeSet<String>) {
        self.deployers.lock().unwrap_or_else(PoisonError::into_inner).clone_from(deployers);
    }

    pub fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn tell(parts: &Parts, told: Told) {
    let (why, is_over) = match told {
        Told::Denied(who) => (message("agent.own-denied", who), true),
        Told::Replaced(who) => (message("agent.own-replaced", who), true),
        Told::Degraded { why } => (why, false),
    };
    parts.out.say(true, || json!({ "event": "degraded", "why": why }), || why.clone());
    match is_over {
        true => parts.situation.happened(Part::Own, why, 0),
        false => parts.situation.degraded(Part::Own, why),
    }
}

fn message(what: &str, Somebody { path, process, program }: Somebody) -> Message {
    Message::new(what)
        .with("program", crate::guard::shown(program.as_deref()))
        .number("process", i64::from(process))
        .with("path", path.display())
}

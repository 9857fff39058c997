//! `redoubt-agent watch`: tells what happens on the machine until it is told to stop, and what that means if asked to.

use crate::args;
use crate::signals::STOP;
use crate::voice;
use endpoint::behaviour::Behaviour;
use endpoint::behaviour::alarm::Alarm;
use endpoint::behaviour::rules::Rules;
use endpoint::behaviour::sequence::Sequences;
use endpoint::telemetry::event::{Class, Event, NetworkDid, Process, ProcessDid};
use endpoint::telemetry::watch::{self, Error, Settings};
use model::Message;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use terminal::{json_line, printable};
use words::Language;

/// Files of which every opening is told when somebody asks what it means.
const SECRETS: &[&str] = &[
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/krb5.keytab",
    "/etc/ssh/ssh_host_rsa_key",
    "/etc/ssh/ssh_host_ed25519_key",
];
/// The same in the home of the administrator. Homes of others may lie on servers that answer when they like.
const KEYS: &[&str] = &[".ssh/id_rsa", ".ssh/id_ed25519"];

pub fn run(task: args::Watch, language: Language) -> ExitCode {
    match watch(task, language) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => voice::failed(&why, language),
    }
}

fn watch(task: args::Watch, language: Language) -> Result<(), Message> {
    crate::signals::listen().map_err(|error| Message::new("guard.signals").reason("cause", &error))?;
    let mut behaviour = match task.detect {
        true => Some(behaviour(task.rules.as_deref(), &mut |why| voice::note(&why, language))?),
        false => None,
    };
    let secrets = if task.detect { secrets() } else { Vec::new() };
    let settings = Settings { folders: task.folder, secrets, ..Settings::default() };
    let mut out = Out { to: io::BufWriter::new(io::stdout().lock()), json: task.json, language };
    let watched = watch::run(&settings, &STOP, &mut |event| {
        for trouble in watch::troubles(&event) {
            voice::note(&trouble, language);
        }
        out.event(&event);
        if let Some(behaviour) = &mut behaviour {
            behaviour.take(event, &mut |alarm| out.alarm(&alarm));
        }
    });
    if let Some(behaviour) = &mut behaviour {
        behaviour.end(&mut |alarm| out.alarm(&alarm));
    }
    watched.map_err(|error| why(&error))
}

/// What judges events, by the rules that came with the agent and those of a folder; what cannot be used of those is refused.
pub fn behaviour(folder: Option<&Path>, refuse: &mut dyn FnMut(Message)) -> Result<Behaviour, Message> {
    let (rules, refused) = Rules::with(folder).map_err(|error| {
        let path = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
        Message::new("behaviour.folder").with("path", path).reason("cause", &error)
    })?;
    for it in refused {
        refuse(Message::new("behaviour.refused").with("path", it.path.display()).reason("why", it.why));
    }
    let sequences = Sequences::builtin().map_err(|error| Message::new("behaviour.wrong").with("text", error))?;
    Ok(Behaviour::new(rules, sequences))
}

/// Those that are there: of one that is not, nothing can be opened.
pub fn secrets() -> Vec<PathBuf> {
    let home = std::fs::read_to_string("/etc/passwd").ok().as_deref().and_then(home_of_root);
    let keys = home.iter().flat_map(|home| KEYS.iter().map(|key| home.join(key)));
    SECRETS.iter().map(PathBuf::from).chain(keys).filter(|path| path.exists()).collect()
}

/// The home of user 0, by the list of accounts.
fn home_of_root(accounts: &str) -> Option<PathBuf> {
    let home = |line: &str| {
        let mut fields = line.split(':').skip(2);
        let (user, home) = (fields.next()?, fields.nth(2)?);
        (user == "0" && home.starts_with('/')).then(|| PathBuf::from(home))
    };
    accounts.lines().find_map(home)
}

struct Out<'o> {
    to: io::BufWriter<io::StdoutLock<'o>>,
    json: bool,
    language: Language,
}

impl Out<'_> {
    fn event(&mut self, event: &Event) {
        let written = match self.json {
            true => json_line(&mut self.to, event),
            false => shown(event).map_or(Ok(()), |line| writeln!(self.to, "{}", printable(&line))),
        };
        self.written(written);
    }

    fn alarm(&mut self, alarm: &Alarm) {
        let written = match self.json {
            true => json_line(&mut self.to, &object(alarm)),
            false => {
                let line = alarm.process.as_ref().map(Process::line).unwrap_or_default();
                let text = words::text(&alarm.message, self.language);
                let line = format!("detection_finding {:?} {} — {text} — {line}", alarm.level, alarm.rule);
                writeln!(self.to, "{}", printable(&line))
            }
        };
        self.written(written);
    }

    fn written(&mut self, written: io::Result<()>) {
        if written.and_then(|()| self.to.flush()).is_err() {
            // Nobody listens any more.
            STOP.store(true, Ordering::Relaxed);
        }
    }
}

pub fn why(error: &Error) -> Message {
    match error {
        Error::Folders(cause) => Message::new("telemetry.folders").reason("cause", cause),
    }
}

/// An alarm, for programs.
pub fn object(alarm: &Alarm) -> Value {
    json!({ "class": "detection_finding", "finding": alarm })
}

/// An event in a line for people; names of events are those of the JSON in any language.
fn shown(event: &Event) -> Option<String> {
    let who = |process: &Option<Process>| process.as_ref().map_or_else(|| "?".to_owned(), |it| it.pid.to_string());
    Some(match &event.what {
        Class::ProcessActivity(it) => match it.activity {
            ProcessDid::Fork => return None,
            did => format!("process_activity {did:?} {} {}", it.process.pid, it.process.line()),
        },
        Class::NetworkActivity(it) => {
            let arrow = if it.activity == NetworkDid::Listen { "listens" } else { "->" };
            let (local, remote) = (it.connection.local, it.connection.remote);
            format!("network_activity {:?} {} {local} {arrow} {remote}", it.activity, who(&it.process))
        }
        Class::FileSystemActivity(it) => {
            format!("file_system_activity {:?} {} {}", it.activity, who(&it.process), it.path)
        }
        Class::ModuleActivity(it) => format!("module_activity {:?} {} {}", it.activity, it.name, it.taints),
        Class::Authentication(it) => {
            format!("authentication {:?} {} {} {}", it.activity, it.user, it.terminal, it.from)
        }
        Class::TelemetryReport(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_of_the_administrator_is_that_of_user_0() {
        let accounts = "anna:x:1000:1000::/home/anna:/bin/sh\nodd\nroot:x:0:0:root:/srv/admin:/bin/sh\n";
        assert_eq!(home_of_root(accounts), Some(PathBuf::from("/srv/admin")));
        assert_eq!(home_of_root("x:y:0:0::relative:\nroot:x:0\n"), None);
    }
}

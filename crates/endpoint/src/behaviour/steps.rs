//! The steps of a sequence, as they are written in `data/sequences`.

use super::alarm::Level;
use crate::telemetry::event::{Class, Event, FileDid, NetworkDid, Process, ProcessDid, Publisher, Running};
use serde::Deserialize;

/// What somebody does one step after the other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// Its words are `behaviour.sequence-<id>`.
    pub id: String,
    pub level: Level,
    pub tags: Vec<String>,
    /// From the first step to the last, in seconds.
    pub within_s: u64,
    pub steps: Vec<Step>,
}

/// One step: everything that is given must fit; of a list, any of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub on: On,
    /// The name of the program's file; one that ends with `*` begins so.
    #[serde(default)]
    pub name: Vec<String>,
    /// The name of the program or of any above it.
    #[serde(default)]
    pub under: Vec<String>,
    #[serde(default)]
    pub publisher: Vec<Whose>,
    /// What the path of the file, or of the program that is launched, begins with.
    #[serde(default)]
    pub path: Vec<String>,
    /// An argument is so; one with `*` at its ends is part of it.
    #[serde(default)]
    pub argument: Vec<String>,
    /// The path, or for a program any path it is given, is the one that was remembered.
    #[serde(default)]
    pub same: bool,
    /// What is remembered for later steps.
    pub remember: Option<Remember>,
    /// Who begins the lineage in which later steps must happen; of the first step only.
    #[serde(default)]
    pub of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    Launch,
    /// A file is made, written or moved there.
    Write,
    Open,
    Connect,
    Listen,
    Inject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    Package,
    Altered,
    Nobody,
    Unread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remember {
    Path,
    /// Each argument as a path; of many the first [`ARGUMENTS_MAX`].
    Arguments,
}

/// Arguments that are remembered.
pub const ARGUMENTS_MAX: usize = 64;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// The process itself.
    #[default]
    Process,
    Parent,
    /// The nearest one that `under` names, be it the process or one above it.
    Under,
}

/// A process, told from a later one with its number.
pub type Key = (i32, u64);

/// An event that fits a step: what is remembered of it, if anything is.
pub struct Fits {
    pub remembered: Vec<String>,
}

impl Step {
    /// Whether an event is this step, when something is remembered of those before.
    pub fn fits(&self, event: &Event, process: &Process, remembered: &[String]) -> Option<Fits> {
        let path = self.on(event, process)?;
        let running = process.running();
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let is_named = |names: &[String], path: &str| names.iter().any(|known| is_so(known, &name(path)));
        let named = running.is_some_and(|it| is_named(&self.name, &it.path));
        let itself = running.is_some_and(|it| is_named(&self.under, &it.path));
        let under = itself || process.ancestors.iter().any(|above| is_named(&self.under, &above.path));
        let whose = running.is_some_and(|it| self.publisher.contains(&whose(&it.file.publisher)));
        let placed = path.as_ref().is_some_and(|path| self.path.iter().any(|place| path.starts_with(place)));
        let argued = running.is_some_and(|it| self.is_argued(it));
        let same = remembered.iter().any(|known| path.as_ref() == Some(known) || is_given(running, known));
        let all = (self.name.is_empty() || named)
            && (self.under.is_empty() || under)
            && (self.publisher.is_empty() || whose)
            && (self.path.is_empty() || placed)
            && (self.argument.is_empty() || argued)
            && (!self.same || same);
        let remembered = match self.remember {
            _ if !all => return None,
            None => Vec::new(),
            Some(Remember::Path) => vec![path?],
            Some(Remember::Arguments) => running.map(paths).unwrap_or_default(),
        };
        Some(Fits { remembered })
    }

    /// The path that an event of this kind is about.
    fn on(&self, event: &Event, process: &Process) -> Option<Option<String>> {
        let ran = || process.running().map(|running| running.path.to_string());
        match (self.on, &event.what) {
            (On::Launch, Class::ProcessActivity(it)) if it.activity == ProcessDid::Launch => Some(ran()),
            (On::Inject, Class::ProcessActivity(it)) if matches!(it.activity, ProcessDid::Inject { .. }) => Some(ran()),
            (On::Write, Class::FileSystemActivity(it)) => {
                let writes = matches!(it.activity, FileDid::Create | FileDid::Update | FileDid::RenameTo);
                writes.then(|| Some(it.path.clone()))
            }
            (On::Open, Class::FileSystemActivity(it)) => (it.activity == FileDid::Open).then(|| Some(it.path.clone())),
            (On::Connect, Class::NetworkActivity(it)) => {
                let is_out = it.activity == NetworkDid::Open && it.connection.remote.port() != 0;
                (is_out && !it.connection.remote.ip().is_loopback()).then_some(None)
            }
            (On::Listen, Class::NetworkActivity(it)) => (it.activity == NetworkDid::Listen).then_some(None),
            _ => None,
        }
    }

    fn is_argued(&self, running: &Running) -> bool {
        let mut arguments = running.arguments.iter().skip(1);
        arguments.any(|argument| self.argument.iter().any(|known| is_so(known, argument)))
    }

    /// Who begins the lineage of a sequence whose first step this is.
    pub fn begins(&self, process: &Process) -> Option<Key> {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let key = match self.of {
            Of::Process => Some((process.pid, process.began)),
            Of::Parent => process.ancestors.first().map(|parent| (parent.pid, parent.began)),
            Of::Under => {
                let itself = process.running().map(|running| (process.pid, process.began, running.path.clone()));
                let above = process.ancestors.iter().map(|above| (above.pid, above.began, above.path.clone()));
                let mut chain = itself.into_iter().chain(above);
                let found = chain.find(|(.., path)| self.under.iter().any(|known| is_so(known, &name(path))));
                found.map(|(pid, began, _)| (pid, began))
            }
        };
        // Of one that nobody saw begin, a later process with its number could not be told.
        key.filter(|(_, began)| *began != 0)
    }
}

fn is_so(known: &str, text: &str) -> bool {
    match (known.strip_prefix('*'), known.strip_suffix('*')) {
        (Some(end), None) => text.ends_with(end),
        (None, Some(begin)) => text.starts_with(begin),
        (Some(part), Some(_)) => text.contains(part.strip_suffix('*').unwrap_or(part)),
        (None, None) => text == known,
    }
}

fn whose(publisher: &Publisher) -> Whose {
    match publisher {
        Publisher::Package { .. } => Whose::Package,
        Publisher::Altered { .. } => Whose::Altered,
        Publisher::Nobody => Whose::Nobody,
        Publisher::Unread => Whose::Unread,
    }
}

/// The arguments as paths from the root.
fn paths(running: &Running) -> Vec<String> {
    let arguments = running.arguments.iter().skip(1).take(ARGUMENTS_MAX);
    arguments.map(|argument| absolute(&running.folder, argument)).collect()
}

/// A path without `.` and `..`, as far as that can be said without looking.
fn absolute(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A program is given a path: an interpreter runs a script.
fn is_given(running: Option<&Running>, known: &str) -> bool {
    let Some(running) = running else { return false };
    running.arguments.iter().skip(1).any(|argument| absolute(&running.folder, argument) == known)
}

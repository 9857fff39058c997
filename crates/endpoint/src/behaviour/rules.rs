//! Rules of Sigma, read and tried on events. The grammar and the matching are those of `rsigma`.

use super::alarm::{Alarm, Level, process};
use super::builtin::SIGMA;
use super::fields::{CATEGORIES, Fields, SERVICE, fields};
use crate::kernel::files::open_regular;
use crate::telemetry::event::Event;
use model::Message;
use rsigma_eval::{Engine, EvaluationResult};
use rsigma_parser::{LogSource, SigmaRule, parse_sigma_yaml};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Larger files are no rules.
const FILE_BYTES_MAX: u64 = 256 << 10;
/// Files that are read of a folder with all below it.
const FILES_MAX: usize = 50_000;
/// Folders below folders.
const DEPTH_MAX: usize = 16;

pub struct Rules {
    engine: Engine,
    /// The ids of rules that came with the agent and have words; by the name of their file.
    own: Vec<(String, &'static str)>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rules").field("count", &self.engine.rule_count()).finish()
    }
}

/// A file whose rules are not used, or not all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    pub path: PathBuf,
    pub why: Message,
}

impl Rules {
    /// Those that came with the agent, and those of a folder with all below it; with the files that could not be used.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn with(folder: Option<&Path>) -> io::Result<(Rules, Vec<Refused>)> {
        let (mut rules, mut own, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (name, text) in SIGMA {
            let read = read(text, &mut |why| refused.push(Refused { path: PathBuf::from(*name), why }));
            own.extend(read.iter().filter_map(|rule| Some((rule.id.clone()?, *name))));
            rules.extend(read.into_iter().map(|rule| (rule, PathBuf::from(*name))));
        }
        if let Some(folder) = folder {
            let mut ids: BTreeSet<_> = own.iter().map(|(id, _)| id.clone()).collect();
            for path in files(folder, &mut refused)? {
                let mut refuse = |why| refused.push(Refused { path: path.clone(), why });
                let Some(text) = text(&path, &mut refuse) else { continue };
                for rule in read(&text, &mut refuse) {
                    if rule.id.as_ref().is_some_and(|id| !ids.insert(id.clone())) {
                        refuse(Message::new("behaviour.twice").with("id", rule.id.as_deref().unwrap_or_default()));
                    } else {
                        rules.push((rule, path.clone()));
                    }
                }
            }
        }
        let mut engine = Engine::new();
        // In one batch: the index over all of them is made once.
        for (at, error) in engine.add_rules(rules.iter().map(|(rule, _)| rule)) {
            if let Some((_, path)) = rules.get(at) {
                let why = Message::new("behaviour.not-compiled").with("text", error);
                refused.push(Refused { path: path.clone(), why });
            }
        }
        Ok((Rules { engine, own }, refused))
    }

    pub fn count(&self) -> usize {
        self.engine.rule_count()
    }

    /// The rules that fit an event.
    pub fn judge(&self, event: &Event, tell: &mut dyn FnMut(Alarm)) {
        let Some((source, fields)) = fields(event) else { return };
        for found in self.tried(&source, &fields) {
            let header = &found.header;
            // One without an id is called by its title.
            let id = header.rule_id.as_ref().unwrap_or(&header.rule_title).clone();
            let own = self.own.iter().find(|(known, _)| *known == id);
            let message = match own {
                Some((_, name)) => Message::new(format!("behaviour.rule-{name}")),
                None => Message::new("behaviour.imported").with("title", &header.rule_title),
            };
            tell(Alarm {
                rule: id,
                message,
                level: header.level.map_or(Level::Medium, level),
                tags: header.tags.clone(),
                time: event.time,
                events: vec![event.sequence],
                process: process(event).cloned(),
            });
        }
    }

    /// The rules that fit some fields.
    pub fn tried(&self, source: &LogSource, fields: &Fields) -> Vec<EvaluationResult> {
        self.engine.evaluate_with_logsource(fields, source)
    }
}

fn level(level: rsigma_parser::Level) -> Level {
    match level {
        rsigma_parser::Level::Informational => Level::Informational,
        rsigma_parser::Level::Low => Level::Low,
        rsigma_parser::Level::Medium => Level::Medium,
        rsigma_parser::Level::High => Level::High,
        rsigma_parser::Level::Critical => Level::Critical,
    }
}

/// The rules of a text that can be used here.
fn read(text: &str, refuse: &mut dyn FnMut(Message)) -> Vec<SigmaRule> {
    let collection = match parse_sigma_yaml(text) {
        Ok(collection) => collection,
        Err(error) => {
            refuse(Message::new("behaviour.not-read").with("text", error));
            return Vec::new();
        }
    };
    for error in &collection.errors {
        refuse(Message::new("behaviour.not-read").with("text", error));
    }
    if !collection.correlations.is_empty() || !collection.filters.is_empty() {
        refuse(Message::new("behaviour.correlation"));
    }
    let is_empty = collection.rules.is_empty() && collection.errors.is_empty();
    if is_empty && collection.correlations.is_empty() && collection.filters.is_empty() {
        refuse(Message::new("behaviour.no-rule"));
    }
    let (good, other): (Vec<_>, Vec<_>) = collection.rules.into_iter().partition(|rule| is_heard(&rule.logsource));
    for rule in other {
        let source = [&rule.logsource.product, &rule.logsource.category, &rule.logsource.service];
        let source: Vec<_> = source.into_iter().flatten().cloned().collect();
        refuse(Message::new("behaviour.not-heard").with("title", &rule.title).with("source", source.join("/")));
    }
    good
}

/// There are events that a rule of this source could fit.
fn is_heard(source: &LogSource) -> bool {
    let is = |value: &Option<String>, known: &str| value.as_ref().is_none_or(|it| it.eq_ignore_ascii_case(known));
    let category = match (&source.category, &source.service) {
        (Some(category), None) => CATEGORIES.iter().any(|known| known.eq_ignore_ascii_case(category)),
        (None, Some(service)) => service.eq_ignore_ascii_case(SERVICE),
        _ => false,
    };
    is(&source.product, "linux") && category
}

fn text(path: &Path, refuse: &mut dyn FnMut(Message)) -> Option<String> {
    let mut bytes = Vec::new();
    let read = open_regular(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        refuse(Message::new("behaviour.unreadable").reason("cause", &error));
        return None;
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let kib = i64::try_from(FILE_BYTES_MAX >> 10).unwrap_or(i64::MAX);
        refuse(Message::new("behaviour.too-large").number("kib", kib));
        return None;
    }
    let text = String::from_utf8(bytes).ok();
    if text.is_none() {
        refuse(Message::new("behaviour.no-text"));
    }
    text
}

/// The files of a folder that may be rules, in the order of their names. Links are not followed.
fn files(folder: &Path, refused: &mut Vec<Refused>) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut left) = (Vec::new(), vec![(folder.to_owned(), 0)]);
    let mut first = true;
    while let Some((folder, depth)) = left.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if first => return Err(error),
            Err(error) => {
                let why = Message::new("behaviour.unreadable").reason("cause", &error);
                refused.push(Refused { path: folder, why });
                continue;
            }
            Ok(entries) => entries,
        };
        first = false;
        for entry in entries.flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            let ends = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
            if kind.as_ref().is_ok_and(fs::FileType::is_dir) && depth < DEPTH_MAX {
                left.push((path, depth + 1));
            } else if kind.is_ok_and(|kind| kind.is_file()) && ends {
                if files.len() >= FILES_MAX {
                    let why = Message::new("behaviour.too-many").number("files", i64::try_from(FILES_MAX).unwrap_or(0));
                    refused.push(Refused { path: folder, why });
                    files.sort();
                    return Ok(files);
                }
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;

//! Macros of Office (MS-OVBA): the project, its modules with their sources, and what the sources call.

mod packed;
mod project;
mod signs;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names;
use crate::ole::compound::{Compound, Stream};
use crate::ole::properties::decode;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{Unpacked, damaged, unpack};
use crate::vector::{State, Value, vectors};
use model::Message;
use project::{Module, Project};
use sha2::{Digest, Sha256};

pub use signs::Signs;

vectors! { "vba":
    "projects" integer "Macro projects in the file.";
    "project" texts "Names of the projects.";
    "modules" texts "Names of modules, with the kind of each behind a colon.";
    "module_hash" digest "SHA-256 of the source of a module without attributes, comments, blanks and the case of letters; once for each.";
    "references" texts "Libraries and documents that the project refers to.";
    "code_page" integer "Code page of the first project.";
    "constants" text "Constants for compiling.";
    "protected" flag "Whether a password is set on looking at the project.";
    "source_bytes" integer "Bytes of all sources.";
    "auto_run" texts "Procedures that run without being asked: when a document opens, closes, is clicked on.";
    "calls" texts "Functions, objects and programs that sources name and that reach out of the document.";
    "declared" texts "Functions of libraries that are declared, as `library!function`.";
    "urls" texts "Addresses in the sources.";
}

/// Modules of one project.
const MODULES_MAX: usize = 1000;
/// Projects in one file.
const PROJECTS_MAX: usize = 16;
/// Names and words that are kept as facts.
const TEXTS_MAX: usize = 500;
/// What a module without any line of its own is smaller than: the attributes at its beginning.
const COMPILED_BYTES_MIN: usize = 1400;
/// Letters of code from which on a module is hashed.
const HASHED_BYTES_MIN: usize = 100;

/// Reads the macro projects of a compound file, wherever in it they are.
pub fn of_compound(compound: &Compound, budget: &mut Budget, reading: &mut Reading) {
    let folders = compound.entries.iter().filter(|entry| entry.is_stream() && entry.name.eq_ignore_ascii_case("dir"));
    let folders = folders.filter_map(|entry| {
        let folder = entry.path.get(..entry.path.len().checked_sub(3)?)?;
        let name = folder.strip_suffix('/')?.rsplit('/').next()?;
        name.eq_ignore_ascii_case("VBA").then(|| (folder.to_owned(), entry.clone()))
    });
    let mut folders: Vec<_> = folders.take(PROJECTS_MAX + 1).collect();
    if folders.is_empty() {
        return;
    }
    if folders.len() > PROJECTS_MAX {
        folders.truncate(PROJECTS_MAX);
        reading.state(NAMESPACE, "projects", State::Limited(Limit::Entries), None);
    }
    let mut all = All::default();
    for (folder, dir) in &folders {
        if all.project(folder, dir, compound, budget, reading).is_err() {
            break;
        }
    }
    all.state(folders.len(), reading);
}

/// What is gathered over all projects of a file.
struct All {
    names: Gathered,
    modules: Gathered,
    references: Gathered,
    signs: Signs,
    source_bytes: u64,
    hashes: Vec<Vec<u8>>,
    code_page: Option<u16>,
    constants: String,
    protected: bool,
}

impl Default for All {
    fn default() -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        All {
            names: list(),
            modules: list(),
            references: list(),
            signs: Signs::default(),
            source_bytes: 0,
            hashes: Vec::new(),
            code_page: None,
            constants: String::new(),
            protected: false,
        }
    }
}

impl All {
    fn project(
        &mut self,
        folder: &str,
        dir: &crate::ole::compound::Entry,
        compound: &Compound,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        let stream = compound.stream(dir, budget).bytes();
        let unpacked = unpack(packed::Container::new(&stream), stream.len(), budget);
        if let Unpacked::Limited(limit) = unpacked {
            reading.state(NAMESPACE, "modules", State::Limited(limit), None);
            return Err(limit);
        }
        if matches!(unpacked, Unpacked::Broken(_)) {
            reading.odd(Message::new("vba.directory-damaged"));
        }
        let mut project = project::read(&unpacked.bytes());
        let above = folder.trim_end_matches('/').rsplit_once('/').map_or("", |(above, _)| above);
        let settings = if above.is_empty() { "PROJECT".to_owned() } else { format!("{above}/PROJECT") };
        if let Some(entry) = compound.find(&settings) {
            let settings = compound.stream(entry, budget).bytes();
            self.protected |= project::is_protected(&settings);
        }
        self.keep(&project);
        // Modules that the directory does not list are run all the same when what was compiled of them is.
        let listed = project.modules.len();
        for entry in compound.entries.iter().filter(|entry| entry.is_stream() && entry.path.starts_with(folder)) {
            let known = project.modules.iter().any(|module| module.stream.eq_ignore_ascii_case(&entry.name));
            let table = entry.name.starts_with("__SRP_") || ["dir", "_VBA_PROJECT"].contains(&entry.name.as_str());
            if !known && !table && project.modules.len() <= MODULES_MAX {
                project.modules.push(Module {
                    name: entry.name.clone(),
                    stream: entry.name.clone(),
                    ..Module::default()
                });
            }
        }
        if project.is_cut || project.modules.len() > MODULES_MAX {
            reading.state(NAMESPACE, "modules", State::Limited(Limit::Entries), None);
            project.modules.truncate(MODULES_MAX);
        }
        if project.modules.len() > listed {
            let count = i64::try_from(project.modules.len() - listed).unwrap_or(i64::MAX);
            reading.odd(Message::new("vba.unlisted-modules").number("modules", count));
        }
        for module in &project.modules {
            self.module(folder, module, project.code_page, compound, budget, reading)?;
        }
        Ok(())
    }

    fn keep(&mut self, project: &Project) {
        self.names.push(project.name.as_str());
        project.references.iter().for_each(|reference| self.references.push(reference.as_str()));
        self.code_page = self.code_page.or(Some(project.code_page));
        if self.constants.is_empty() {
            self.constants.clone_from(&project.constants);
        }
    }

    fn module(
        &mut self,
        folder: &str,
        module: &Module,
        code_page: u16,
        compound: &Compound,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        let about = |code: &str| Message::new(code).with("module", names::shown(&module.name));
        let Some(entry) = compound.find(&format!("{folder}{}", module.stream)) else {
            reading.odd(about("vba.module-missing"));
            return Ok(());
        };
        let stream = match compound.stream(entry, budget) {
            Stream::Limited(limit) => {
                reading.state(NAMESPACE, "modules", State::Limited(limit), None);
                return Err(limit);
            }
            stream => stream.bytes(),
        };
        let told = module.offset.map(|offset| offset as usize).filter(|offset| packed::begins(&stream, *offset));
        let start = told.or_else(|| packed::find(&stream));
        if told.is_none() && module.offset.is_some() {
            reading.odd(about("vba.offset-wrong"));
        }
        let packed = start.and_then(|start| stream.get(start..)).unwrap_or_default();
        let unpacked = unpack(packed::Container::new(packed), packed.len(), budget);
        let source = match &unpacked {
            Unpacked::Whole(source) | Unpacked::Broken(source) => decode(source, code_page),
            Unpacked::Limited(limit) => {
                reading.state(NAMESPACE, "modules", State::Limited(*limit), None);
                return Err(*limit);
            }
        };
        let kind = module.kind(&source);
        self.modules.push(format!("{}:{kind}", module.name));
        let compiled = start.unwrap_or(stream.len());
        if !signs::has_code(&source) && compiled > COMPILED_BYTES_MIN {
            reading.odd(about("vba.no-source").number("compiled", i64::try_from(compiled).unwrap_or(i64::MAX)));
        }
        self.source_bytes += source.len() as u64;
        self.hash(&source, reading);
        self.signs.look(&source);
        let name = format!("{}.{}", module.name, if kind == "module" { "bas" } else { "cls" });
        let content = match unpacked {
            Unpacked::Whole(_) => Content::Bytes(source.into_bytes()),
            _ if source.is_empty() => Content::Failed(damaged()),
            _ => Content::Partial(source.into_bytes(), damaged()),
        };
        reading.child(budget, Child { name, content, storage: Storage::Packed("vba"), at: None })
    }

    /// A module is known again however it is indented, commented or spelled. One of a few words is in too many files.
    fn hash(&mut self, source: &str, reading: &mut Reading) {
        let code = signs::code(source);
        if code.len() < HASHED_BYTES_MIN {
            return;
        }
        let hash = Sha256::digest(code.as_bytes()).to_vec();
        if self.hashes.len() >= TEXTS_MAX {
            reading.state(NAMESPACE, "module_hash", State::Limited(Limit::Entries), None);
        } else if !self.hashes.contains(&hash) {
            reading.know(NAMESPACE, "module_hash", Value::Digest(hash.clone()));
            self.hashes.push(hash);
        }
    }

    fn state(self, projects: usize, reading: &mut Reading) {
        reading.know(NAMESPACE, "projects", Value::unsigned(projects as u64));
        self.names.state(reading, NAMESPACE, "project");
        self.modules.state(reading, NAMESPACE, "modules");
        self.references.state(reading, NAMESPACE, "references");
        if let Some(page) = self.code_page {
            reading.know(NAMESPACE, "code_page", u32::from(page));
        }
        text(reading, NAMESPACE, "constants", self.constants);
        reading.know(NAMESPACE, "protected", self.protected);
        reading.know(NAMESPACE, "source_bytes", Value::unsigned(self.source_bytes));
        self.signs.state(reading);
    }
}

//! What a machine cannot do without: a list with reasons, from `data/essentials`.

use crate::said::says_its_message;
use model::Message;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/essentials.rs"));

/// Folders in which a library may lie, as [`canonical`] has them.
const LIBRARY_FOLDERS: [&str; 3] = ["/usr/lib/", "/usr/lib64/", "/usr/lib32/"];

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Essential {
    /// Its words are `policy.essential-<id>`.
    pub id: String,
    #[serde(default)]
    pub paths: BTreeSet<String>,
    /// Everything below these.
    #[serde(default)]
    pub folders: BTreeSet<String>,
    /// Names of libraries before `.so`.
    #[serde(default)]
    pub libraries: BTreeSet<String>,
}

impl Essential {
    /// Why a machine cannot do without it.
    pub fn why(&self) -> Message {
        Message::new(format!("policy.essential-{}", self.id))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Essentials {
    all: Vec<Essential>,
    /// Where in the list a path is from.
    paths: BTreeMap<String, usize>,
}

/// A file that is no list of essentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEssentials {
    pub file: String,
    pub why: String,
}

says_its_message!(BadEssentials);

impl BadEssentials {
    pub fn message(&self) -> Message {
        Message::new("policy.essentials-bad").with("file", &self.file).with("why", &self.why)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    essential: Vec<Essential>,
}

impl Essentials {
    /// Those the product ships.
    pub fn builtin() -> &'static Essentials {
        static BUILTIN: OnceLock<Essentials> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Essentials::read(SHIPPED.iter().copied())
                .unwrap_or_else(|bad| panic!("the shipped list is checked by a test: {bad}"))
        })
    }

    /// Reads lists, given by name and text.
    ///
    /// # Errors
    /// With the file and what is wrong in it; a list is taken whole or not at all.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Essentials, BadEssentials> {
        let mut essentials = Essentials::default();
        for (file, text) in files {
            let bad = |why: String| BadEssentials { file: file.to_owned(), why };
            let read: File = toml::from_str(text).map_err(|error| bad(error.to_string().trim().to_owned()))?;
            for mut essential in read.essential {
                if essentials.iter().any(|other| other.id == essential.id) {
                    return Err(bad(format!("`{}` is there twice", essential.id)));
                }
                for path in essential.paths.iter().chain(&essential.folders) {
                    if !path.starts_with('/') || path.ends_with('/') {
                        return Err(bad(format!("`{path}` is no path of a file or folder")));
                    }
                }
                essential.folders = essential.folders.iter().map(|folder| format!("{}/", canonical(folder))).collect();
                let at = essentials.all.len();
                essentials.paths.extend(essential.paths.iter().map(|path| (canonical(path), at)));
                essentials.all.push(essential);
            }
        }
        Ok(essentials)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Essential> {
        self.all.iter()
    }

    /// What a file is essential as, by its path.
    pub fn of(&self, path: &str) -> Option<&Essential> {
        let path = canonical(path);
        if let Some(at) = self.paths.get(&path) {
            return self.all.get(*at);
        }
        let library = library(&path);
        self.all.iter().find(|essential| {
            essential.folders.iter().any(|folder| path.starts_with(folder.as_str()))
                || library.is_some_and(|name| essential.libraries.contains(name))
        })
    }
}

/// One name for what distributions have under two: `/bin/sh`, `/sbin/init` and `/lib/x` are below `/usr/bin` and `/usr/lib`.
fn canonical(path: &str) -> String {
    let in_usr = ["/bin/", "/sbin/", "/lib/", "/lib64/", "/lib32/"].iter().any(|folder| path.starts_with(folder));
    let path = if in_usr { format!("/usr{path}") } else { path.to_owned() };
    match path.strip_prefix("/usr/sbin/") {
        Some(name) => format!("/usr/bin/{name}"),
        None => path,
    }
}

/// The name before `.so` of what lies where libraries lie; older releases have `libc-2.31.so` for `libc.so.6`.
fn library(path: &str) -> Option<&str> {
    let is_there = LIBRARY_FOLDERS.iter().any(|folder| path.starts_with(folder));
    let (_, name) = path.rsplit_once('/').filter(|_| is_there)?;
    let (stem, _) = name.split_once(".so")?;
    let version = stem.rfind('-').filter(|at| stem.get(at + 1..).is_some_and(|rest| rest.starts_with("2.")));
    version.map_or(Some(stem), |at| stem.get(..at))
}

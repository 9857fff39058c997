//! Rules of YARA that files are matched with: sources in a folder of the server, compiled whenever they change.

use crate::Problem;
use crate::state::App;
use analysis::rules::Compiled;
use axum::http::StatusCode;
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

/// Files of rules, bytes of one, and of all together.
const FILES_MAX: usize = 10_000;
pub const FILE_BYTES_MAX: u64 = 16 << 20;
const BYTES_MAX: u64 = 256 << 20;
const NAME_BYTES_MAX: usize = 200;

/// The rules in use.
#[derive(Default)]
pub struct RulesOfServer {
    current: RwLock<Option<Current>>,
    /// Held while they are changed.
    changing: tokio::sync::Mutex<()>,
}

/// What was compiled last, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Current {
    pub compiled: Compiled,
    /// Sources by name, with their size.
    pub sources: BTreeMap<String, u64>,
}

impl RulesOfServer {
    /// The digest of the rules in use; empty when there are none.
    pub fn digest(&self) -> String {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|current| current.compiled.rules > 0)
            .map_or_else(String::new, |current| current.compiled.digest.clone())
    }

    pub fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    fn put(&self, current: Current) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(current);
    }
}

fn folder_of(app: &App) -> PathBuf {
    app.place.data_directory.join("files/rules")
}

/// The compiled rules of a digest, while they are those in use.
pub fn compiled(app: &App, digest: &str) -> Option<PathBuf> {
    let path = app.place.data_directory.join("files/compiled").join(format!("{digest}.rules"));
    (app.file_rules.digest() == digest && path.is_file()).then_some(path)
}

/// Compiles what lies in the folder, when the server begins. Without rules, or the program that compiles them, there are
/// none.
pub async fn begin(app: &App) -> Result<(), Problem> {
    let _alone = app.file_rules.changing.lock().await;
    if folder_of(app).is_dir() && analysis::program().is_some() { compile(app).await } else { Ok(()) }
}

/// Puts sources into the folder, those of the same name in their place, and compiles all.
pub async fn put(app: &App, files: Vec<(String, Vec<u8>)>) -> Result<(), Problem> {
    let _alone = app.file_rules.changing.lock().await;
    for (name, _) in &files {
        if !is_name(name) {
            return Err(Problem::bad_request(Message::new("api.rules-name").with("name", name)));
        }
    }
    let folder = folder_of(app);
    let room = app.file_rules.current().sources;
    let bytes: u64 = room.values().sum::<u64>() + files.iter().map(|(_, text)| text.len() as u64).sum::<u64>();
    if room.len() + files.len() > FILES_MAX || bytes > BYTES_MAX {
        let mib = i64::try_from(BYTES_MAX >> 20).unwrap_or(i64::MAX);
        let most = Message::new("api.rules-many").number("files", FILES_MAX as i64).number("mib", mib);
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, most));
    }
    let written = move || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        for (name, text) in files {
            write(&folder, &name, &text)?;
        }
        Ok(())
    };
    crate::rooms::blocking(written).await?.map_err(Problem::internal)?;
    compile(app).await
}

/// Takes a source out of the folder and compiles what is left; false when there was none.
pub async fn remove(app: &App, name: &str) -> Result<bool, Problem> {
    let _alone = app.file_rules.changing.lock().await;
    if !is_name(name) {
        return Ok(false);
    }
    match fs::remove_file(folder_of(app).join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Problem::internal(error)),
        Ok(()) => compile(app).await.map(|()| true),
    }
}

/// All sources, for a worker on another machine, which compiles them itself.
pub async fn sources(app: &App) -> Result<BTreeMap<String, String>, Problem> {
    let _alone = app.file_rules.changing.lock().await;
    let (folder, names) = (folder_of(app), app.file_rules.current().sources);
    let read = move || -> io::Result<BTreeMap<String, String>> {
        names
            .into_keys()
            .map(|name| {
                let text = fs::read(folder.join(&name))?;
                Ok((name, String::from_utf8_lossy(&text).into_owned()))
            })
            .collect()
    };
    crate::rooms::blocking(read).await?.map_err(Problem::internal)
}

/// One name, of a file of rules and no path.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ' | '(' | ')');
    let ends = name.ends_with(".yar") || name.ends_with(".yara");
    ends && name.len() <= NAME_BYTES_MAX && !name.starts_with('.') && name.chars().all(plain)
}

fn write(folder: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!(".{name}.part"));
    fs::write(&beside, text)?;
    fs::File::open(&beside)?.sync_all()?;
    fs::rename(beside, folder.join(name))
}

async fn compile(app: &App) -> Result<(), Problem> {
    let program = analysis::program()
        .ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, analysis::Error::Absent.message()))?;
    let (folder, into) = (folder_of(app), app.place.data_directory.join("files/compiled"));
    let compiling = move || -> Result<Current, Message> {
        let failed = |error: io::Error| {
            Message::new("analysis.rules-write").with("path", into.display()).reason("cause", &error)
        };
        fs::create_dir_all(&into).map_err(failed)?;
        let beside = into.join("new.rules");
        let compiled = analysis::rules::compile(&program, &folder, &beside)?;
        let name = format!("{}.rules", compiled.digest);
        fs::rename(&beside, into.join(&name)).map_err(failed)?;
        // Whoever uses the ones before has them in memory.
        for entry in fs::read_dir(&into).map_err(failed)?.flatten() {
            if entry.file_name() != name.as_str() {
                let _ = fs::remove_file(entry.path());
            }
        }
        let mut sources = BTreeMap::new();
        for entry in fs::read_dir(&folder).map_err(failed)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let (true, Ok(metadata)) = (is_name(&name), entry.metadata()) {
                sources.insert(name, metadata.len());
            }
        }
        Ok(Current { compiled, sources })
    };
    let current = crate::rooms::blocking(compiling).await?.map_err(Problem::bad_request)?;
    app.file_rules.put(current);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_is_no_path() {
        for name in ["a.yar", "APT (2017).yara", "规则.yar"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", ".yar", "a.txt", "../a.yar", "a/b.yar", "a\\b.yar", ".a.yar", "a\u{0}.yar"] {
            assert!(!is_name(name), "{name}");
        }
    }
}

//! The files below what was named.

use crate::interrupt;
use crate::output::Output;
use model::Message;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders within folders.
const FOLDERS_MAX: usize = 64;

/// The files below what was named, and what is none.
#[derive(Default)]
pub struct Found {
    pub files: Vec<PathBuf>,
    pub refused: Vec<(PathBuf, Message)>,
}

impl Found {
    pub fn of(paths: &[PathBuf]) -> anyhow::Result<Found> {
        let mut found = Found::default();
        for path in paths {
            found.add(path, 0)?;
        }
        Ok(found)
    }

    /// Says of what was refused why it was.
    pub fn tell_refused(&self, output: &Output) {
        for (path, why) in &self.refused {
            let cause = output.text(why);
            output.note(&Message::new("cli.file-refused").with("path", path.display()).with("cause", cause));
        }
    }

    /// A file as it is named, or those of a folder in the order of their names. Links in folders are not followed, and what
    /// is neither, a device or a pipe, might never end.
    fn add(&mut self, path: &Path, depth: usize) -> anyhow::Result<()> {
        interrupt::check()?;
        let metadata = if depth == 0 { fs::metadata(path) } else { fs::symlink_metadata(path) };
        match metadata {
            Ok(metadata) if metadata.is_file() => self.files.push(path.to_owned()),
            Ok(metadata) if metadata.is_dir() && depth < FOLDERS_MAX => {
                let entries = fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
                match entries {
                    Ok(entries) => {
                        let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
                        paths.sort();
                        for path in paths {
                            self.add(&path, depth + 1)?;
                        }
                    }
                    Err(error) => self.refused.push((path.to_owned(), Message::from(&error))),
                }
            }
            Ok(metadata) if metadata.is_symlink() => {}
            Ok(metadata) if metadata.is_dir() => self.refuse(path, "cli.file-deep"),
            Ok(_) => self.refuse(path, "cli.file-special"),
            Err(error) => self.refused.push((path.to_owned(), Message::from(&error))),
        }
        Ok(())
    }

    fn refuse(&mut self, path: &Path, why: &'static str) {
        self.refused.push((path.to_owned(), Message::new(why)));
    }
}

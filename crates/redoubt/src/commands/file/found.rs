//! The files below what was named.

use crate::interrupt;
use crate::output::Output;
use analysis::regular::{self, NoFile, Regular};
use model::Message;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders within folders.
const FOLDERS_MAX: usize = 64;

/// The files below what was named, and what is none.
#[derive(Default)]
pub struct Found {
    pub files: Vec<FoundFile>,
    /// Links in folders, which are not followed.
    pub links: Vec<PathBuf>,
    pub refused: Vec<(PathBuf, Message)>,
}

/// A file that was named, or stands below a folder that was.
#[derive(Clone)]
pub struct FoundFile {
    pub path: PathBuf,
    folder: Option<PathBuf>,
}

impl FoundFile {
    /// Opens it. It may be something else by now.
    pub fn open(&self) -> Result<Regular, Message> {
        let opened = match &self.folder {
            Some(folder) => regular::below(folder, &self.path),
            None => regular::named(&self.path),
        };
        opened.map_err(|why| match why {
            NoFile::Link => Message::new("cli.file-link"),
            NoFile::Special => Message::new("cli.file-special"),
            NoFile::Open(error) => Message::from(&error),
        })
    }

    /// The last piece of its path.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl Found {
    pub fn of(paths: &[PathBuf]) -> anyhow::Result<Found> {
        let mut found = Found::default();
        for path in paths {
            found.add(path, None, 0)?;
        }
        Ok(found)
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.refused.is_empty()
    }

    /// Says of what was refused why it was, and how many links were not followed.
    pub fn tell_refused(&self, output: &Output) {
        for (path, why) in &self.refused {
            let cause = output.text(why);
            output.note(&Message::new("cli.file-refused").with("path", path.display()).with("cause", cause));
        }
        if !self.links.is_empty() {
            let count = i64::try_from(self.links.len()).unwrap_or(i64::MAX);
            output.note(&Message::new("cli.file-links").number("count", count));
        }
    }

    /// A file as it is named, or those of a folder in the order of their names. Links in folders are not followed, and what
    /// is neither, a device or a pipe, might never end.
    fn add(&mut self, path: &Path, folder: Option<&Path>, depth: usize) -> anyhow::Result<()> {
        interrupt::check()?;
        let metadata = if depth == 0 { fs::metadata(path) } else { fs::symlink_metadata(path) };
        match metadata {
            Ok(metadata) if metadata.is_file() => {
                self.files.push(FoundFile { path: path.to_owned(), folder: folder.map(Path::to_owned) });
            }
            Ok(metadata) if metadata.is_dir() && depth < FOLDERS_MAX => {
                let entries = fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
                match entries {
                    Ok(entries) => {
                        let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
                        paths.sort();
                        for inside in paths {
                            self.add(&inside, Some(folder.unwrap_or(path)), depth + 1)?;
                        }
                    }
                    Err(error) => self.refused.push((path.to_owned(), Message::from(&error))),
                }
            }
            Ok(metadata) if metadata.is_symlink() => self.links.push(path.to_owned()),
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

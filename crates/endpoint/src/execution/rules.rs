//! The rules in force: of a file, the last good ones when that is none; or those that somebody hands in.

use super::{Error, Source};
use crate::kernel::files::open_regular;
use model::Message;
use policy::Rules;
use policy::orders::ReputationTable;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// A million digests and names.
const RULES_BYTES_MAX: u64 = 128 << 20;

pub struct Book {
    file: Option<File>,
    current: RwLock<InForce>,
}

struct File {
    path: PathBuf,
    /// A copy of the last good ones.
    kept: PathBuf,
}

#[derive(Debug, Clone)]
pub struct InForce {
    pub rules: Arc<Rules>,
    /// Beside the rules; it has nothing in it where they come from a file.
    pub reputation: Arc<ReputationTable>,
    /// Another one for each change.
    pub number: u64,
}

impl Book {
    /// Takes the rules as they are given, or reads them; where a file has none, those that were in force before, and what is
    /// wrong.
    ///
    /// # Errors
    /// When there were none before either.
    pub fn new(source: &Source) -> Result<(Book, Option<Message>), Error> {
        match source {
            Source::File { rules, state } => Book::open(rules, state),
            Source::Given { rules, reputation } => {
                let in_force = InForce { rules: Arc::new(*rules.clone()), reputation: reputation.clone(), number: 0 };
                Ok((Book { file: None, current: RwLock::new(in_force) }, None))
            }
        }
    }

    fn open(file: &Path, state: &Path) -> Result<(Book, Option<Message>), Error> {
        let at = |source| Error::Path { path: state.to_owned(), source };
        let mut builder = fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(state).map_err(at)?;
        let kept = state.join("rules.json");
        let (rules, trouble) = match read(file) {
            Ok(rules) => (rules, None),
            Err(why) => {
                let Ok(rules) = read(&kept) else { return Err(Error::Rules(why)) };
                (rules, Some(Message::new("exec.rules-kept").reason("why", why)))
            }
        };
        let in_force = InForce { rules: Arc::new(rules), reputation: Arc::default(), number: 0 };
        let file = File { path: file.to_owned(), kept };
        let book = Book { file: Some(file), current: RwLock::new(in_force) };
        if trouble.is_none() {
            book.keep();
        }
        Ok((book, trouble))
    }

    pub fn current(&self) -> InForce {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file anew, if there is one.
    ///
    /// # Errors
    /// When it cannot be used; what is in force stays.
    pub fn reload(&self) -> Result<InForce, Message> {
        let Some(file) = &self.file else { return Ok(self.current()) };
        let rules = read(&file.path).map_err(|why| Message::new("exec.rules-kept").reason("why", why))?;
        let in_force = self.put(rules, Arc::default());
        self.keep();
        Ok(in_force)
    }

    /// Others are in force from now on.
    pub fn put(&self, rules: Rules, reputation: Arc<ReputationTable>) -> InForce {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = InForce { rules: Arc::new(rules), reputation, number: current.number + 1 };
        current.clone()
    }

    /// Keeps what is in force for one who finds a bad file when he begins.
    fn keep(&self) {
        let Some(File { kept: path, .. }) = &self.file else { return };
        let kept = || -> io::Result<()> {
            let folder = path.parent().unwrap_or(Path::new("/"));
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, &*self.current().rules)?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        };
        if let Err(error) = kept() {
            tracing::warn!(cause = %error, "the rules in force are not kept");
        }
    }
}

fn read(path: &Path) -> Result<Rules, Message> {
    let unread =
        |error: &io::Error| Message::new("exec.rules-unread").with("path", path.display()).reason("cause", error);
    let mut text = Vec::new();
    let file = open_regular(path).map_err(|error| unread(&error))?;
    file.take(RULES_BYTES_MAX + 1).read_to_end(&mut text).map_err(|error| unread(&error))?;
    if text.len() as u64 > RULES_BYTES_MAX {
        return Err(Message::new("exec.rules-large").with("path", path.display()));
    }
    // Its own words name the place and the field, which no others can.
    serde_json::from_slice(&text)
        .map_err(|error| Message::new("exec.rules-wrong").with("path", path.display()).with("cause", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Mode;

    #[test]
    fn a_bad_file_changes_nothing_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let (file, state) = (folder.path().join("rules"), folder.path().join("state"));
        assert!(matches!(Book::open(&file, &state), Err(Error::Rules(_))), "there are none");
        fs::write(&file, r#"{"mode":"enforce","trust_packages":true}"#).unwrap();
        let (book, trouble) = Book::open(&file, &state).unwrap();
        assert!(trouble.is_none());
        assert_eq!((book.current().rules.mode, book.current().number), (Mode::Enforce, 0));
        for bad in ["", "{", r#"{"mode":"maybe"}"#, r#"{"denid":[]}"#, r#"{"denied":["12"]}"#] {
            fs::write(&file, bad).unwrap();
            let why = book.reload().unwrap_err();
            assert_eq!(why.code, "exec.rules-kept", "{bad}");
            assert_eq!((book.current().rules.mode, book.current().number), (Mode::Enforce, 0), "{bad}");
        }
        // One who begins with it takes those that were in force.
        let (again, trouble) = Book::open(&file, &state).unwrap();
        assert_eq!(trouble.unwrap().code, "exec.rules-kept");
        assert!(again.current().rules.trust_packages);
        fs::write(&file, "{}").unwrap();
        assert_eq!((book.reload().unwrap().number, book.current().rules.mode), (1, Mode::Observe));
    }
}

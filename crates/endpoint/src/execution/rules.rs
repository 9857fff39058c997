//! The rules in force: of a file, the last good ones when that is none.

use super::Error;
use crate::kernel::files::open_regular;
use model::Message;
use policy::Rules;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// A million digests and names.
const RULES_BYTES_MAX: u64 = 128 << 20;

pub struct Book {
    file: PathBuf,
    /// A copy of the last good ones.
    kept: PathBuf,
    current: RwLock<InForce>,
}

#[derive(Debug, Clone)]
pub struct InForce {
    pub rules: Arc<Rules>,
    /// Another one for each change.
    pub number: u64,
}

impl Book {
    /// Reads the rules; where they are none, those that were in force before, and what is wrong.
    ///
    /// # Errors
    /// When there were none before either.
    pub fn open(file: &Path, state: &Path) -> Result<(Book, Option<Message>), Error> {
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
        let current = RwLock::new(InForce { rules: Arc::new(rules), number: 0 });
        let book = Book { file: file.to_owned(), kept, current };
        if trouble.is_none() {
            book.keep();
        }
        Ok((book, trouble))
    }

    pub fn current(&self) -> InForce {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the file anew.
    ///
    /// # Errors
    /// When it cannot be used; what is in force stays.
    pub fn reload(&self) -> Result<InForce, Message> {
        let rules = read(&self.file).map_err(|why| Message::new("exec.rules-kept").reason("why", why))?;
        {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            *current = InForce { rules: Arc::new(rules), number: current.number + 1 };
        }
        self.keep();
        Ok(self.current())
    }

    /// Keeps what is in force for one who finds a bad file when he begins.
    fn keep(&self) {
        let kept = || -> io::Result<()> {
            let folder = self.kept.parent().unwrap_or(Path::new("/"));
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, &*self.current().rules)?;
            file.as_file().sync_all()?;
            file.persist(&self.kept)?;
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

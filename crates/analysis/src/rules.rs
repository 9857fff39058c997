//! Rules of YARA: what came of compiling some, by the program that opens files.

use crate::opener::Error;
use model::Message;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::{Command, Stdio};

/// What came of compiling some sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiled {
    /// Of the sources; two sets of the same sources have the same.
    pub digest: String,
    pub files: usize,
    pub rules: usize,
    /// What is wrong, and where; all other rules are in.
    pub refused: Vec<Refused>,
    /// Rules that were left out with a rule or for a module that they need.
    pub left_out: Vec<LeftOut>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub file: String,
    pub line: usize,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub rule: String,
    /// What it needs and there is not.
    pub needs: String,
}

/// Compiles the rules in a file, or in all files below a folder, into one file that is loaded at once.
///
/// # Errors
/// When sources cannot be read, or the file cannot be written; a rule that is wrong is told in what comes back.
pub fn compile(program: &Path, from: &Path, into: &Path) -> Result<Compiled, Message> {
    let failed = |source| Error::Start { path: program.to_owned(), source }.message();
    let output = Command::new(program)
        .arg("compile")
        .arg(from)
        .arg(into)
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(failed)?;
    let words = |source| Error::Words(source).message();
    if output.status.success() {
        serde_json::from_slice(&output.stdout).map_err(words)
    } else {
        Err(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| Message::new("analysis.rules-broken")))
    }
}

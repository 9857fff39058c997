//! What a person gives along with files: passwords that are tried, and hashes that are known for bad ones.

use crate::commands::sensor::listed;
use crate::output::{Failure, Output};
use analysis::{Report, passwords};
use model::Message;
use rules::IndicatorKind;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use verdict::Overruling;

/// Passwords in the order in which they are tried: those that were said, then those of a file, or else the usual ones.
pub fn passwords(said: &[String], file: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let more = file.map_or_else(|| Ok(passwords::usual()), read)?;
    let all = said.iter().chain(&more).map(String::as_str);
    Ok(passwords::checked(all).map_err(Failure::new)?)
}

fn read(path: &Path) -> anyhow::Result<Vec<String>> {
    let cannot = |why: Message| {
        Failure::new(Message::new("cli.file-passwords").with("path", path.display()).reason("cause", why))
    };
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(passwords::FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|error| cannot(Message::from(&error)))?;
    if bytes.len() as u64 > passwords::FILE_BYTES_MAX {
        let max = i64::try_from(passwords::PASSWORDS_MAX).unwrap_or(i64::MAX);
        return Err(cannot(Message::new("analysis.passwords-many").number("max", max)).into());
    }
    Ok(passwords::read(&String::from_utf8_lossy(&bytes)).map_err(cannot)?)
}

/// Hashes of lists, each with the list that has it first.
#[derive(Default)]
pub struct KnownHashes(HashMap<Box<str>, String>);

impl KnownHashes {
    /// Out of files of indicators; what names no file is of no use here.
    pub fn of(lists: &[PathBuf], output: &Output) -> anyhow::Result<KnownHashes> {
        let mut known = KnownHashes::default();
        for list in lists {
            let name = list.file_name().unwrap_or(list.as_os_str()).to_string_lossy().into_owned();
            let read = listed(std::slice::from_ref(list), output)?.unwrap_or_default();
            for indicator in read.all.into_iter().filter(|indicator| indicator.kind == IndicatorKind::Sha256) {
                known.0.entry(indicator.value).or_insert_with(|| name.clone());
            }
        }
        Ok(known)
    }

    /// Lets them decide on a file and on what is inside it.
    pub fn overrule(&self, report: &mut Report) {
        if self.0.is_empty() {
            return;
        }
        let named = report.parts.iter().filter_map(|part| {
            let source = self.0.get(part.file.as_ref()?.sha256.as_str())?;
            Some((part.number, Overruling::KnownHash { source: source.clone() }))
        });
        let named: Vec<_> = named.collect();
        report.verdict.let_decide(0, named);
    }
}

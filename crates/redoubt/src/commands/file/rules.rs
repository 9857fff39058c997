//! `redoubt file rules`: makes one file of rules of YARA that is loaded at once.

use crate::args::FileRules;
use crate::output::{Exit, Failure, Output, json_line};
use analysis::rules::Compiled;
use model::Message;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What the name of a file of compiled rules ends with.
const COMPILED: &str = "rules";

pub fn make(task: &FileRules, output: &Output) -> anyhow::Result<Exit> {
    let compiled = compile(&program()?, &task.from, &task.into)?;
    let mut out = output.stdout();
    if task.json {
        json_line(&mut out, &compiled)?;
    } else {
        tell_compiled(&compiled, output);
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let summary = Message::new("cli.file-rules-summary")
            .number("rules", number(compiled.rules))
            .number("files", number(compiled.files))
            .with("into", task.into.display());
        writeln!(out, "{}", output.text(&summary))?;
    }
    Ok(Exit::of(compiled.refused.len()))
}

/// The rules that are to be matched, compiled: a file of them that was compiled before, or sources. The folder they lie
/// in is gone with what comes back.
pub fn compiled(program: &Path, rules: &Path, output: &Output) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    if rules.extension().is_some_and(|extension| extension == COMPILED) {
        return Ok((rules.to_owned(), None));
    }
    let folder = tempfile::tempdir()?;
    let into = folder.path().join("rules").with_extension(COMPILED);
    tell_compiled(&compile(program, rules, &into)?, output);
    Ok((into, Some(folder)))
}

fn compile(program: &Path, from: &Path, into: &Path) -> anyhow::Result<Compiled> {
    Ok(analysis::rules::compile(program, from, into).map_err(Failure::new)?)
}

fn tell_compiled(compiled: &Compiled, output: &Output) {
    for refused in &compiled.refused {
        let line = i64::try_from(refused.line).unwrap_or(i64::MAX);
        let told = Message::new("cli.file-rule-refused");
        output.note(&told.with("file", &refused.file).number("line", line).with("why", &refused.why));
    }
    for left_out in &compiled.left_out {
        let told = Message::new("cli.file-rule-left-out");
        output.note(&told.with("rule", &left_out.rule).with("needs", &left_out.needs));
    }
}

pub fn program() -> anyhow::Result<PathBuf> {
    Ok(analysis::program().ok_or_else(|| Failure::new(analysis::Error::Absent.message()))?)
}

//! `redoubt-open`: opens files for redoubt, where nothing can be harmed.
//!
//! `serve` takes files from whoever holds the other end of its standard input ([`analysis::Opener`]); `compile` makes one
//! file of rules of YARA that it can load at once; `check` says what holds it back on this machine.

use opener::{check, rules, serve};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let words: Vec<&Path> = arguments.iter().map(PathBuf::as_path).collect();
    let is = |word: &Path, text: &str| word.as_os_str() == text;
    match words.as_slice() {
        [verb, options @ ..] if is(verb, "serve") && options.len() % 2 == 0 => end(serve(options)),
        [verb, from, into] if is(verb, "compile") => compile(from, into),
        [verb] if is(verb, "check") => check(),
        [verb] if is(verb, "--version") => {
            println!("redoubt-open {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("redoubt-open opens files for redoubt; `redoubt file scan` has files opened");
            ExitCode::from(2)
        }
    }
}

fn serve(options: &[&Path]) -> std::io::Result<()> {
    let line = std::io::stdin().as_fd().try_clone_to_owned()?;
    let given = |name: &str| {
        let pairs = options.as_chunks::<2>().0.iter();
        pairs.filter(|[option, _]| option.as_os_str() == name).map(|[_, value]| *value).next()
    };
    serve::serve(line, given("--rules"), given("--model"))
}

fn end(outcome: std::io::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("redoubt-open: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells as JSON what came of it, or the message that says why nothing did.
fn compile(from: &Path, into: &Path) -> ExitCode {
    let (told, code) = match rules::compile(from, into) {
        Ok(compiled) => (serde_json::to_string(&compiled), ExitCode::SUCCESS),
        Err(why) => (serde_json::to_string(&why), ExitCode::FAILURE),
    };
    println!("{}", told.unwrap_or_default());
    code
}

/// Tells as JSON what holds a copy back; it fails when something does not.
fn check() -> ExitCode {
    match check::held() {
        Ok(held) => {
            println!("{}", serde_json::to_string(&held).unwrap_or_default());
            if held.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => end(Err(error)),
    }
}

//! Judges files: the states and how many have each, and a line for each file that is suspicious or malicious. Words are
//! files, or folders that are gone through; `--all` shows a line for every file, `--zh` speaks Chinese.

#![allow(clippy::unwrap_used, reason = "an example that cannot go on ends")]

use formats::{Limits, strings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use verdict::{Found, Ledger, State, Verdict, judge};
use words::Language;

/// Larger files are left out: this is about states and not about time.
const FILE_BYTES_MAX: u64 = 20 << 20;

fn main() {
    let (mut all, mut language, mut paths) = (false, Language::En, Vec::new());
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--all" => all = true,
            "--zh" => language = Language::ZhCn,
            _ => paths.push(PathBuf::from(word)),
        }
    }
    let (mut states, mut rules) = (BTreeMap::<State, usize>::new(), BTreeMap::<String, usize>::new());
    let mut waiting = paths;
    while let Some(path) = waiting.pop() {
        let Ok(about) = path.symlink_metadata() else { continue };
        if about.is_dir() {
            waiting.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if about.is_file() && about.len() <= FILE_BYTES_MAX {
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let verdict = verdict(&path, &bytes);
            *states.entry(verdict.state).or_default() += 1;
            for reason in &verdict.reasons {
                *rules.entry(reason.rule.clone()).or_default() += 1;
            }
            if all || matches!(verdict.state, State::Suspicious | State::Malicious) {
                print(&path, &verdict, language);
            }
        }
    }
    println!("{rules:#?}");
    println!("{states:?} of {}", states.values().sum::<usize>());
}

fn verdict(path: &Path, bytes: &[u8]) -> Verdict {
    let start = Instant::now();
    let is_late = || start.elapsed() > Duration::from_secs(60);
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    let name = path.file_name().unwrap().to_string_lossy();
    let part = formats::take_apart_with(&name, bytes, &Limits::default(), &[], &is_late, None, &mut |part, bytes| {
        let indicators = strings::indicators(bytes).indicators;
        found.insert(part.number, Found { indicators, matches: Vec::new() });
    });
    judge(Ledger::builtin(), &part, &found)
}

fn print(path: &Path, verdict: &Verdict, language: Language) {
    println!("{} {} {}", verdict.state.label(), verdict.score, path.display());
    for reason in &verdict.reasons {
        println!("    {:+} of {:+} {}", reason.counted, reason.points, words::text(&reason.message, language));
    }
}

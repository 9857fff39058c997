//! `redoubt file scan`: what files are, what they say, and what is inside them. Works without a server.

use crate::args::FileScan;
use crate::interrupt;
use crate::output::{Exit, Failure, Output, json_line, printable};
use formats::{File, Limit, Limits, Outcome, Part, State, Value, Vector};
use model::Message;
use rayon::prelude::*;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// So long one file may take, with everything inside it.
const TIME_MAX: Duration = Duration::from_secs(120);
/// Files that are read at the same time by each core, before any of them is told: they are told in order.
const AT_ONCE: usize = 4;
/// Folders within folders.
const FOLDERS_MAX: usize = 64;

pub fn scan(task: &FileScan, output: &Output) -> anyhow::Result<Exit> {
    let mut found = Found::default();
    for path in &task.paths {
        found.add(path, 0)?;
    }
    if found.files.is_empty() && found.refused.is_empty() {
        return Err(Failure::new(Message::new("cli.file-nothing")).into());
    }
    interrupt::reached(Message::new("cli.file-stopped"));
    let bar = crate::progress::bar(output, "cli.file-scanning", found.files.len());
    let mut out = output.stdout();
    let (mut told, mut incomplete) = (0_u64, 0_u64);
    for files in found.files.chunks(AT_ONCE * rayon::current_num_threads()) {
        let scanned: Vec<(&PathBuf, io::Result<Part>)> =
            files.par_iter().map(|path| (path, taken_apart(path, &task.passwords))).collect();
        for (path, part) in scanned {
            bar.inc(1);
            match part {
                Ok(part) => {
                    told += 1;
                    incomplete += u64::from(!part.is_complete());
                    if task.json {
                        json_line(&mut out, &report(path, &part))?;
                    } else {
                        bar.suspend(|| tell(&mut out, path, &part, output))?;
                    }
                }
                Err(error) => found.refused.push((path.clone(), Message::from(&error))),
            }
        }
        out.flush()?;
        interrupt::check()?;
    }
    bar.finish_and_clear();
    if !task.json {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let summary =
            Message::new("cli.file-summary").number("count", count(told)).number("incomplete", count(incomplete));
        writeln!(out, "{}", output.text(&summary))?;
    }
    out.flush()?;
    for (path, why) in &found.refused {
        let cause = output.text(why);
        output.note(&Message::new("cli.file-refused").with("path", path.display()).with("cause", cause));
    }
    Ok(Exit::of(found.refused.len()))
}

/// The files below what was named, and what is none.
#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    refused: Vec<(PathBuf, Message)>,
}

impl Found {
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

/// Reads a file and takes it apart. Of one that is larger than is read, the beginning says what it is.
fn taken_apart(path: &Path, passwords: &[String]) -> io::Result<Part> {
    let limits = Limits::default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = fs::File::open(path)?;
    // It may grow while it is read.
    let mut bytes = Vec::new();
    (&mut file).take(limits.file_bytes + 1).read_to_end(&mut bytes)?;
    let began = Instant::now();
    let is_late = || began.elapsed() > TIME_MAX;
    let mut part = formats::take_apart(&name, &bytes, &limits, passwords, &is_late);
    if bytes.len() as u64 > limits.file_bytes {
        whole(&mut part, &bytes, &mut file)?;
    }
    Ok(part)
}

/// Size and digest of all of a file of which the beginning was read. The other digests of its beginning are none of it.
fn whole(part: &mut Part, beginning: &[u8], rest: &mut fs::File) -> io::Result<()> {
    let mut digest = Sha256::new_with_prefix(beginning);
    let more = io::copy(rest, &mut DigestWriter(&mut digest))?;
    part.outcome = Outcome::Limited(Limit::FileBytes);
    if let Some(file) = &mut part.file {
        file.size = beginning.len() as u64 + more;
        file.hashes.sha256 = digest.finalize().into();
    }
    Ok(())
}

struct DigestWriter<'a>(&'a mut Sha256);

impl Write for DigestWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A part as an object of JSON, with the parts inside it.
fn report(path: &Path, part: &Part) -> Json {
    let mut told = of_part(part);
    told.insert("path".to_owned(), json!(path.display().to_string()));
    told.insert("complete".to_owned(), json!(part.is_complete()));
    Json::Object(told)
}

fn of_part(part: &Part) -> Map<String, Json> {
    let mut told = Map::new();
    let mut tell = |name: &str, value: Json| _ = told.insert(name.to_owned(), value);
    tell("path", json!(part.path));
    if let Some(file) = &part.file {
        let File { size, identified, hashes } = file;
        tell("size", json!(size));
        tell("type", json!(identified.kind.label()));
        tell("mime", json!(identified.kind.mime()));
        tell("sha256", json!(hex(&hashes.sha256)));
        // Of a file that was not read to its end nothing else is known of all of it.
        if part.outcome != Outcome::Limited(Limit::FileBytes) {
            tell("sha1", json!(hex(&hashes.sha1)));
            tell("md5", json!(hex(&hashes.md5)));
            tell("tlsh", json!(hashes.tlsh));
            tell("ssdeep", json!(hashes.ssdeep));
        }
        let also: Vec<Json> =
            identified.also.iter().map(|also| json!({"type": also.kind.label(), "at": also.at})).collect();
        tell("also", json!(also));
        let name = if part.name.is_empty() { &part.path } else { &part.name };
        let mismatch = formats::extension_mismatch(name, &identified.kind).is_some();
        tell("extension_mismatch", json!(mismatch));
    }
    match &part.outcome {
        Outcome::Read => {}
        Outcome::Same(number) => tell("same_as", json!(number)),
        Outcome::Partial(why) => tell("partial", json!(why)),
        Outcome::Failed(why) => tell("failed", json!(why)),
        Outcome::Limited(limit) => tell("limited", json!(limit.label())),
    }
    tell("vectors", vectors(&part.vectors));
    let oddities: Vec<Json> = part
        .oddities
        .iter()
        .map(|oddity| json!({"code": oddity.message.code, "params": oddity.message.params, "at": oddity.at}))
        .collect();
    tell("oddities", json!(oddities));
    tell("children", json!(part.children.iter().map(of_part).collect::<Vec<_>>()));
    told
}

/// Facts by their names: a value, or why there is none. What a file says more than once is a list.
fn vectors(vectors: &[Vector]) -> Json {
    let mut told: Map<String, Json> = Map::new();
    for Vector { namespace, name, state, .. } in vectors {
        let value = match state {
            State::Known(value) => known(value),
            State::Absent => Json::Null,
            State::Failed(why) => json!({"failed": why}),
            State::Limited(limit) => json!({"limited": limit.label()}),
        };
        match told.entry(format!("{namespace}.{name}")) {
            serde_json::map::Entry::Vacant(place) => _ = place.insert(value),
            serde_json::map::Entry::Occupied(mut place) => match place.get_mut() {
                Json::Array(values) => values.push(value),
                first => *first = json!([first.take(), value]),
            },
        }
    }
    Json::Object(told)
}

fn known(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => json!(flag),
        Value::Integer(number) => json!(number),
        Value::Real(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Digest(digest) => json!(hex(digest)),
        Value::Time(us) => jiff::Timestamp::from_microsecond(*us).map_or(json!(us), |time| json!(time.to_string())),
        Value::Texts(texts) => json!(texts),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file in a line or two: what it is, and what of it could not be read.
fn tell(out: &mut impl Write, path: &Path, part: &Part, output: &Output) -> anyhow::Result<()> {
    let Some(file) = &part.file else { return Ok(()) };
    let name = printable(&path.display().to_string());
    let kind = file.identified.kind;
    writeln!(out, "{}  {} ({})  {}", output.bold(&name), kind.label(), kind.mime(), file.size)?;
    writeln!(out, "  {}", output.dim(&hex(&file.hashes.sha256)))?;
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut line = |message: &Message| writeln!(out, "  {}", printable(&output.text(message)));
    if formats::extension_mismatch(&part.name, &kind).is_some() {
        line(&Message::new("cli.file-extension"))?;
    }
    for also in &file.identified.also {
        line(
            &Message::new("cli.file-also")
                .with("type", also.kind.label())
                .number("at", i64::try_from(also.at).unwrap_or(i64::MAX)),
        )?;
    }
    let parts = part.all().count() - 1;
    if parts > 0 {
        line(&Message::new("cli.file-parts").number("count", number(parts)))?;
    }
    let oddities: usize = part.all().map(|part| part.oddities.len()).sum();
    if oddities > 0 {
        line(&Message::new("cli.file-oddities").number("count", number(oddities)))?;
    }
    if !part.is_complete() {
        line(&Message::new("cli.file-incomplete"))?;
    }
    Ok(())
}

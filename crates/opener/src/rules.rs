//! Rules of YARA: compiled once, kept in a file, and matched against every part of a file.
//!
//! The compiled form is machine code: it is only ever loaded from a file that this program wrote, whose digest is looked
//! at first.

use analysis::rules::{Compiled, LeftOut, Refused};
use model::Message;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use verdict::RuleMatch;
use yara_x::{Compiler, MetaValue, Rule, ScanError, Scanner, SourceCode};

/// What a file of compiled rules begins with; behind it two digests: of the sources, and of what follows.
const MAGIC: &[u8; 16] = b"redoubt-rules 1\n";
const DIGEST_BYTES: usize = 32;
/// Folders within folders, files, and bytes of one.
const DEPTH_MAX: usize = 16;
const FILES_MAX: usize = 20_000;
const SOURCE_BYTES_MAX: u64 = 16 << 20;
/// Of one pattern so many places are looked at, and of one rule so many kept.
const MATCHES_MAX: usize = 1_000;
const PLACES_MAX: usize = 8;
/// Rules that are told of one part.
const RULES_MAX: usize = 200;
const META_CHARS_MAX: usize = 500;
/// Modules that public rules speak of and nothing here can answer: their rules are left out, and told.
const ABSENT_MODULES: &[&str] = &["cuckoo", "magic", "vt", "olecf", "vba", "msi", "crx"];
/// What public rules expect to be told from outside.
const NAMES: &[&str] = &["filename", "filepath", "extension", "filetype", "owner"];

/// Compiled rules.
pub struct Rules {
    rules: yara_x::Rules,
    digest: String,
}

/// Compiles the rules in a file, or in all files below a folder, into one file.
///
/// # Errors
/// When sources cannot be read, or the file cannot be written.
pub fn compile(from: &Path, into: &Path) -> Result<Compiled, Message> {
    let mut sources = Vec::new();
    gather(from, from, 0, &mut sources)?;
    sources.sort();
    let mut compiler = Compiler::new();
    compiler.relaxed_re_syntax(true).enable_includes(false).max_warnings(0);
    for module in ABSENT_MODULES {
        compiler.ignore_module(*module);
    }
    for name in NAMES {
        compiler
            .define_global(name, "")
            .map_err(|error| Message::new("analysis.rules-compile").with("cause", error))?;
    }
    let mut digest = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    let mut refused = Vec::new();
    for (name, path) in &sources {
        let text = read(path)?;
        digest.update(name.as_bytes());
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(&text);
        // A namespace of its own: two files may have a rule of the same name.
        compiler.new_namespace(name);
        let before = compiler.errors().len();
        let _ = compiler.add_source(SourceCode::from(text.as_slice()).with_origin(name));
        refused.extend(compiler.errors().iter().skip(before).map(|error| refusal(name, &text, error)));
    }
    let left_out = compiler.ignored_rules().filter_map(|(rule, why)| left_out(rule, &why)).collect();
    let rules = compiler.build();
    let digest: [u8; DIGEST_BYTES] = digest.finalize().into();
    write(into, &digest, &rules)?;
    let count = rules.iter().count();
    Ok(Compiled { digest: analysis::report::hex(&digest), files: sources.len(), rules: count, refused, left_out })
}

/// Files of rules below a folder by their names, as `/` separates them. Links are not followed.
fn gather(root: &Path, path: &Path, depth: usize, found: &mut Vec<(String, PathBuf)>) -> Result<(), Message> {
    let failed =
        |error: io::Error| Message::new("analysis.rules-read").with("path", path.display()).reason("cause", &error);
    let metadata = if depth == 0 { fs::metadata(path) } else { fs::symlink_metadata(path) }.map_err(failed)?;
    if metadata.is_file() {
        let is_rules = path.extension().is_some_and(|extension| extension == "yar" || extension == "yara");
        if (is_rules || depth == 0) && found.len() < FILES_MAX {
            let name = path.strip_prefix(root).ok().filter(|name| !name.as_os_str().is_empty());
            let name = name.or_else(|| path.file_name().map(Path::new)).unwrap_or(path);
            found.push((name.to_string_lossy().replace('\\', "/"), path.to_owned()));
        }
    } else if metadata.is_dir() && depth < DEPTH_MAX {
        for entry in fs::read_dir(path).map_err(failed)? {
            gather(root, &entry.map_err(failed)?.path(), depth + 1, found)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Message> {
    use io::Read;
    let mut text = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(SOURCE_BYTES_MAX + 1).read_to_end(&mut text));
    read.map_err(|error| Message::new("analysis.rules-read").with("path", path.display()).reason("cause", &error))?;
    if text.len() as u64 > SOURCE_BYTES_MAX {
        let mib = i64::try_from(SOURCE_BYTES_MAX >> 20).unwrap_or(i64::MAX);
        return Err(Message::new("analysis.rules-large").with("path", path.display()).number("mib", mib));
    }
    Ok(text)
}

fn refusal(file: &str, text: &[u8], error: &yara_x::errors::CompileError) -> Refused {
    let label = error.labels().next();
    let line = label.as_ref().map_or(0, |label| {
        let before = text.get(..label.span().start()).unwrap_or(text);
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    });
    let detail = label.map_or_else(String::new, |label| format!(": {}", label.text()));
    Refused { file: file.to_owned(), line, why: shortened(&format!("{}{detail}", error.title())) }
}

fn left_out(rule: &str, why: &yara_x::IgnoredRuleReason<'_>) -> Option<LeftOut> {
    let needs = match why {
        yara_x::IgnoredRuleReason::IgnoredModule(module) => format!("module `{module}`"),
        yara_x::IgnoredRuleReason::IgnoredRule(other) => format!("rule `{other}`"),
        // It is told among what is refused.
        _ => return None,
    };
    Some(LeftOut { rule: rule.to_owned(), needs })
}

/// Beside the file and then in its place, so that whoever starts meanwhile finds the old one or the new one.
fn write(into: &Path, digest: &[u8; DIGEST_BYTES], rules: &yara_x::Rules) -> Result<(), Message> {
    let compiled = rules.serialize().map_err(|error| Message::new("analysis.rules-compile").with("cause", error))?;
    let written = || -> io::Result<()> {
        let beside = into.with_extension(format!("part-{}", std::process::id()));
        let mut file = fs::File::create(&beside)?;
        file.write_all(MAGIC)?;
        file.write_all(digest)?;
        file.write_all(&Sha256::digest(&compiled))?;
        file.write_all(&compiled)?;
        file.sync_all()?;
        fs::rename(&beside, into)
    };
    written().map_err(|error| Message::new("analysis.rules-write").with("path", into.display()).reason("cause", &error))
}

impl Rules {
    /// Loads a file that [`compile`] wrote.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or was written by another version.
    pub fn load(path: &Path) -> io::Result<Rules> {
        let bytes = fs::read(path)?;
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "no compiled rules, or damaged ones");
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (digest, rest) = rest.split_first_chunk::<DIGEST_BYTES>().ok_or_else(damaged)?;
        let (check, compiled) = rest.split_first_chunk::<DIGEST_BYTES>().ok_or_else(damaged)?;
        if Sha256::digest(compiled).as_slice() != check {
            return Err(damaged());
        }
        let rules = yara_x::Rules::deserialize(compiled).map_err(io::Error::other)?;
        Ok(Rules { rules, digest: analysis::report::hex(digest) })
    }

    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Somebody who matches parts of one file.
    pub fn matcher(&self) -> Matcher<'_> {
        let mut scanner = Scanner::new(&self.rules);
        scanner.max_matches_per_pattern(MATCHES_MAX);
        Matcher { scanner }
    }
}

/// Matches the parts of a file, one after the other.
pub struct Matcher<'r> {
    scanner: Scanner<'r>,
}

/// Why not all rules were asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Unmatched {
    Late,
    Failed(Message),
}

impl Matcher<'_> {
    /// The rules that some bytes meet. `name` is what they are called.
    ///
    /// # Errors
    /// When the time was over before all rules were asked, or the matching failed.
    pub fn matches(&mut self, bytes: &[u8], name: &str, within: Duration) -> Result<Vec<RuleMatch>, Unmatched> {
        if within < Duration::from_secs(1) {
            // It counts whole seconds.
            return Err(Unmatched::Late);
        }
        self.scanner.set_timeout(within);
        for (global, value) in [("filename", name), ("filepath", name), ("extension", extension(name))] {
            let _ = self.scanner.set_global(global, value);
        }
        match self.scanner.scan(bytes) {
            Ok(results) => Ok(results.matching_rules().take(RULES_MAX).map(|rule| told(&rule)).collect()),
            Err(ScanError::Timeout) => Err(Unmatched::Late),
            Err(error) => Err(Unmatched::Failed(Message::new("analysis.rules-failed").with("cause", error))),
        }
    }
}

fn extension(name: &str) -> &str {
    name.rfind('.').and_then(|dot| name.get(dot..)).unwrap_or_default()
}

/// A rule that was met, with what its author said. The names of what authors say are those of the public collections.
fn told(rule: &Rule<'_, '_>) -> RuleMatch {
    let meta = |names: &[&str]| {
        let found = rule.metadata().find(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)));
        found.and_then(|(_, value)| text_of(&value))
    };
    let strings = rule.patterns().flat_map(|pattern| {
        let identifier = pattern.identifier().to_owned();
        pattern.matches().map(move |found| (identifier.clone(), found.range().start as u64)).collect::<Vec<_>>()
    });
    RuleMatch {
        namespace: rule.namespace().to_owned(),
        rule: rule.identifier().to_owned(),
        tags: rule.tags().map(|tag| tag.identifier().to_owned()).collect(),
        author: meta(&["author", "authors"]),
        licence: meta(&["license", "licence", "license_url", "sharing"]),
        reference: meta(&["reference", "references", "url", "source_url", "ref"]),
        description: meta(&["description", "desc"]),
        score: meta(&["score", "weight"]).and_then(|score| score.parse().ok()),
        techniques: meta(&["technique", "techniques", "mitre_attack", "mitre", "attack"])
            .map_or_else(Vec::new, |text| techniques(&text)),
        strings: strings.take(PLACES_MAX).collect(),
    }
}

fn text_of(value: &MetaValue<'_>) -> Option<String> {
    let text = match value {
        MetaValue::Integer(number) => number.to_string(),
        MetaValue::Float(number) => number.to_string(),
        MetaValue::Bool(flag) => flag.to_string(),
        MetaValue::String(text) => (*text).to_owned(),
        MetaValue::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    Some(shortened(&text)).filter(|text| !text.is_empty())
}

fn shortened(text: &str) -> String {
    text.chars().take(META_CHARS_MAX).collect()
}

/// Techniques of ATT&CK in some text: `T1059`, `T1059.001`.
fn techniques(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '.'));
    words.filter(|word| is_technique(word)).map(str::to_owned).collect()
}

fn is_technique(word: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    match word.strip_prefix('T').map(|rest| rest.split_once('.').map_or((rest, None), |(main, sub)| (main, Some(sub))))
    {
        Some((main, sub)) => digits(main, 4) && sub.is_none_or(|sub| digits(sub, 3)),
        None => false,
    }
}

//! What the copy that opens one file does: gives up everything, reads the file, takes it apart, judges it.

use crate::guesser::Guesser;
use crate::rules::{Rules, Unmatched};
use crate::{confine, sys};
use analysis::{REPORT_BYTES_MAX, Report, Request, Versions};
use formats::guess::Model;
use formats::strings::Indicators;
use formats::{Limit, Limits, Outcome, Part, State, Storage, Vector};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, pread};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};
use verdict::{Found, Ledger};

/// Bytes of a large file that are read at a time.
const PORTION_BYTES: usize = 1 << 20;

/// Some bytes of our own, with what the readers of text look at.
const SAMPLE: &[u8] = b"http://192.0.2.1/a\r\nC:\\Windows\\a.txt\r\n";

/// Makes ready what is made at its first use: the rules of judgement, tables of what is searched for. A copy would make it
/// all again for each file, which takes longer than most files do.
pub fn make_ready() {
    formats::make_ready();
    let root = formats::take_apart("", SAMPLE, &Limits::default(), &[], &|| false);
    let found = Found { indicators: formats::strings::indicators(SAMPLE).indicators, matches: Vec::new() };
    verdict::judge(Ledger::builtin(), &root, &BTreeMap::from([(root.number, found)]));
}

/// Opens a file and tells its report, as JSON.
///
/// # Errors
/// When this process could not give up what it does not need, or the file cannot be read.
pub fn open(
    request: &Request,
    file: &File,
    rules: Option<&Rules>,
    guesser: Option<&Guesser>,
    original: i32,
) -> io::Result<Vec<u8>> {
    confine::only_this_file(&request.costs)?;
    // After it became another user, which makes the kernel forget this.
    sys::end_with(original)?;
    read(request, file, rules, guesser).map(|report| report.written(REPORT_BYTES_MAX))
}

/// What is made of a file. Of one that is larger than is read, the beginning says what it is.
///
/// # Errors
/// When it cannot be read.
pub fn read(request: &Request, file: &File, rules: Option<&Rules>, guesser: Option<&Guesser>) -> io::Result<Report> {
    let began = Instant::now();
    let time = Duration::from_secs(request.costs.seconds);
    let limits = request.costs.limits();
    let is_late = || began.elapsed() > time;
    let bytes = beginning(file, limits.file_bytes + 1)?;
    // Of a file on which reading broke down as well: it is read again when one of these is another.
    let versions = Versions {
        readers: env!("CARGO_PKG_VERSION").to_owned(),
        rules: rules.map_or_else(String::new, |rules| rules.digest().to_owned()),
        model: guesser.map_or_else(String::new, |guesser| guesser.digest().to_owned()),
    };
    if request.only_identify {
        return identified(request, file, &bytes, &is_late, versions);
    }
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    let mut unmatched: BTreeMap<usize, Unmatched> = BTreeMap::new();
    let mut cut: BTreeSet<usize> = BTreeSet::new();
    let mut matcher = rules.map(Rules::matcher);
    let mut look = |part: &Part, bytes: &[u8]| {
        let left = time.saturating_sub(began.elapsed());
        let matches = match matcher.as_mut().map(|matcher| matcher.matches(bytes, &part.name, left)) {
            Some(Ok(matches)) => matches,
            Some(Err(why)) => {
                unmatched.insert(part.number, why);
                Vec::new()
            }
            None => Vec::new(),
        };
        let Indicators { indicators, more } = formats::strings::indicators(bytes);
        if more {
            cut.insert(part.number);
        }
        if !(matches.is_empty() && indicators.is_empty()) {
            found.insert(part.number, Found { indicators, matches });
        }
    };
    let model = guesser.map(|guesser| guesser as &dyn Model);
    let (name, passwords) = (&request.name, &request.passwords);
    let mut root = formats::take_apart_with(name, &bytes, &limits, passwords, &is_late, model, &mut look);
    tell_unmatched(&mut root, &mut unmatched);
    if bytes.len() as u64 > limits.file_bytes {
        whole(&mut root, &bytes, file, &is_late)?;
    }
    let verdict = verdict::judge(Ledger::builtin(), &root, &found);
    let mut report = Report::of(&root, found, verdict, versions);
    for part in &mut report.parts {
        part.more_indicators = cut.contains(&part.number);
    }
    Ok(report)
}

/// What a file is, and which bytes it has; for when reading it broke down.
fn identified(
    request: &Request,
    file: &File,
    bytes: &[u8],
    is_late: &dyn Fn() -> bool,
    versions: Versions,
) -> io::Result<Report> {
    let most = usize::try_from(request.costs.file_bytes).unwrap_or(usize::MAX);
    let beginning = bytes.get(..most).unwrap_or(bytes);
    let known = formats::File {
        size: beginning.len() as u64,
        identified: formats::identify(beginning),
        hashes: formats::hashes(beginning),
    };
    let mut root = Part {
        number: 0,
        name: request.name.clone(),
        path: request.name.clone(),
        storage: Storage::Plain,
        at: None,
        outcome: Outcome::Read,
        file: Some(known),
        vectors: Vec::new(),
        oddities: Vec::new(),
        children: Vec::new(),
    };
    if bytes.len() > most {
        whole(&mut root, bytes, file, is_late)?;
    }
    let verdict = verdict::judge(Ledger::builtin(), &root, &BTreeMap::new());
    Ok(Report::of(&root, BTreeMap::new(), verdict, versions))
}

/// That not all rules were asked is a fact of the part: it may be what they look for.
fn tell_unmatched(part: &mut Part, unmatched: &mut BTreeMap<usize, Unmatched>) {
    if unmatched.is_empty() {
        return;
    }
    if let Some(why) = unmatched.remove(&part.number) {
        let state = match why {
            Unmatched::Late => State::Limited(Limit::Time),
            Unmatched::Failed(why) => State::Failed(why),
        };
        part.vectors.push(Vector { namespace: "rules", name: "matched", state, at: None });
    }
    for child in &mut part.children {
        tell_unmatched(child, unmatched);
    }
}

/// The first bytes of a file, however much it grows while it is read.
fn beginning(file: &File, most: u64) -> io::Result<Vec<u8>> {
    // Whoever sent it reads from places of its own, as is done here: where the file stands is nobody's concern.
    let expected = (&*file).seek(SeekFrom::End(0))?.min(most);
    let mut bytes = Vec::new();
    // One more than there are: where the end is is seen by reading nothing.
    let expected = usize::try_from(expected).unwrap_or(usize::MAX).saturating_add(1);
    bytes.try_reserve_exact(expected)?;
    while (bytes.len() as u64) < most {
        if bytes.len() == bytes.capacity() {
            bytes.try_reserve_exact(PORTION_BYTES)?;
        }
        let filled = bytes.len() as u64;
        match pread(file, spare_capacity(&mut bytes), filled) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(bytes)
}

/// Size and digest of all of a file of which the beginning was read. The other digests of its beginning are none of it.
fn whole(root: &mut Part, beginning: &[u8], file: &File, is_late: &dyn Fn() -> bool) -> io::Result<()> {
    let mut digest = Sha256::new_with_prefix(beginning);
    let mut size = beginning.len() as u64;
    let mut portion = vec![0; PORTION_BYTES];
    root.outcome = Outcome::Limited(Limit::FileBytes);
    loop {
        let read = file.read_at(&mut portion, size)?;
        if read == 0 {
            break;
        }
        if is_late() {
            root.outcome = Outcome::Limited(Limit::Time);
            return Ok(());
        }
        digest.update(portion.get(..read).unwrap_or_default());
        size += read as u64;
    }
    if let Some(file) = &mut root.file {
        file.size = size;
        file.hashes.sha256 = digest.finalize().into();
    }
    Ok(())
}

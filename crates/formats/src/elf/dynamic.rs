//! What the loader is told: libraries, paths, and what is fixed once everything is in place (System V ABI, chapter 5).

use super::file::{DYNAMIC, EXECUTE, Elf, GNU_RELRO, GNU_STACK, INTERPRETER};
use super::{facts, oddities};
use crate::Reading;
use crate::exe::{spelled, until_zero};

/// What is still to be linked has no loader.
const OBJECT: u16 = 1;
const ENTRIES_MAX: usize = 8_192;
const TOLD_MAX: usize = 4_096;
const TEXT_BYTES_MAX: usize = 4_096;

const NEEDED: u64 = 1;
const STRINGS: u64 = 5;
const SYMBOLS: u64 = 6;
const SONAME: u64 = 14;
const RPATH: u64 = 15;
const TEXT_RELOCATIONS: u64 = 22;
const BIND_NOW: u64 = 24;
const RUNPATH: u64 = 29;
const FLAGS: u64 = 30;
const FLAGS_1: u64 = 0x6fff_fffb;

/// The entries for the loader, and where the texts and symbols are that these name.
#[derive(Default)]
pub struct Dynamic<'a> {
    pub present: bool,
    entries: Vec<(u64, u64)>,
    pub strings: &'a [u8],
    pub symbols: &'a [u8],
}

impl<'a> Dynamic<'a> {
    pub fn read(elf: &Elf<'a>) -> Self {
        let segment = elf.segments_of(DYNAMIC).next().map(|segment| elf.segment_bytes(segment));
        let section =
            || elf.sections.iter().find(|section| section.kind == 6).map(|section| elf.section_bytes(section));
        let Some(table) = segment.filter(|table| !table.is_empty()).or_else(section) else { return Dynamic::default() };
        let step = elf.word_bytes();
        let entry = |pair: &[u8]| Some((elf.word_in(pair, 0)?, elf.word_in(pair, step)?));
        let entries = table.chunks_exact(2 * step).take(ENTRIES_MAX).map_while(entry);
        let entries: Vec<_> = entries.take_while(|(tag, _)| *tag != 0).collect();
        let mut dynamic = Dynamic { present: true, entries, ..Dynamic::default() };
        dynamic.strings = dynamic.value(STRINGS).map_or(&[][..], |at| elf.at_address(at));
        dynamic.symbols = dynamic.value(SYMBOLS).map_or(&[][..], |at| elf.at_address(at));
        dynamic
    }

    pub fn value(&self, wanted: u64) -> Option<u64> {
        self.entries.iter().find(|(tag, _)| *tag == wanted).map(|(_, value)| *value)
    }

    pub fn text(&self, at: u64) -> Option<&'a [u8]> {
        let rest = self.strings.get(usize::try_from(at).ok()?..)?;
        Some(until_zero(rest, TEXT_BYTES_MAX))
    }

    fn texts(&self, wanted: u64) -> impl Iterator<Item = String> {
        let values = self.entries.iter().filter(move |(tag, _)| *tag == wanted);
        values.map(|(_, at)| self.text(*at).map(spelled).unwrap_or_default())
    }

    fn binds_now(&self) -> bool {
        self.value(BIND_NOW).is_some()
            || self.value(FLAGS).is_some_and(|flags| flags & 8 != 0)
            || self.value(FLAGS_1).is_some_and(|flags| flags & 1 != 0)
    }
}

/// Loaders by the beginnings of their names: glibc, musl, uClibc, dietlibc, the BSDs, Android, Solaris, Haiku.
const LOADERS: [&str; 10] = [
    "ld-linux",
    "ld64.so",
    "ld.so",
    "ld-musl-",
    "ld-uClibc",
    "ld64-uClibc",
    "ld-elf",
    "linker",
    "ld-",
    "runtime_loader",
];

/// Tells what the loader is told.
pub fn read(elf: &Elf, dynamic: &Dynamic, reading: &mut Reading) {
    let interpreter = elf.segments_of(INTERPRETER).next();
    let path = interpreter.map(|segment| spelled(until_zero(elf.segment_bytes(segment), TEXT_BYTES_MAX)));
    if let Some(path) = &path {
        let name = path.rsplit('/').next().unwrap_or_default();
        if !path.starts_with('/') || !LOADERS.iter().any(|loader| name.starts_with(loader)) {
            oddities::INTERPRETER_ODD.note_with(reading, |message| message.with("path", path));
        }
    }
    if elf.role == OBJECT {
        facts::STATIC.absent(reading);
    } else {
        facts::STATIC.known(reading, path.is_none() && !dynamic.present);
    }
    let runs = elf.role == 2 || path.is_some() || dynamic.value(FLAGS_1).is_some_and(|flags| flags & 0x0800_0000 != 0);
    facts::PIE.known(reading, elf.role == 3 && runs);
    facts::INTERPRETER.maybe(reading, path);
    stack(elf, reading);
    let relro = match (elf.segments_of(GNU_RELRO).next().is_some(), dynamic.binds_now()) {
        (true, true) => "full",
        (true, false) => "partial",
        (false, _) => "none",
    };
    if !elf.segments.is_empty() {
        facts::RELRO.known(reading, relro);
    }
    if !dynamic.present {
        for fact in [facts::NEEDED, facts::SONAME, facts::RPATH, facts::RUNPATH] {
            fact.absent(reading);
        }
        return;
    }
    let needed: Vec<_> = dynamic.texts(NEEDED).take(TOLD_MAX + 1).collect();
    let more = needed.len() > TOLD_MAX;
    facts::NEEDED.list(reading, needed.into_iter().take(TOLD_MAX).collect(), more);
    facts::SONAME.maybe(reading, dynamic.texts(SONAME).next());
    for (tag, fact) in [(RPATH, facts::RPATH), (RUNPATH, facts::RUNPATH)] {
        let path = dynamic.texts(tag).next();
        let open = path.iter().flat_map(|path| path.split(':')).find(|part| is_open(part));
        if let Some(part) = open {
            oddities::SEARCH_PATH_OPEN.note_with(reading, |message| message.with("path", part));
        }
        fact.maybe(reading, path);
    }
    let changes_code =
        dynamic.value(TEXT_RELOCATIONS).is_some() || dynamic.value(FLAGS).is_some_and(|flags| flags & 4 != 0);
    if changes_code {
        oddities::TEXT_RELOCATIONS.note(reading);
    }
}

/// Whether a folder is one where others may write: a relative one, or one of temporary files.
fn is_open(path: &str) -> bool {
    let own = path.starts_with("$ORIGIN") || path.starts_with("${ORIGIN}");
    let temporary = ["/tmp", "/var/tmp", "/dev/shm"].iter().any(|folder| path.starts_with(folder));
    temporary || !(path.starts_with('/') || own)
}

/// Without a word about it, the stack of older programs may be run.
fn stack(elf: &Elf, reading: &mut Reading) {
    let Some(stack) = elf.segments_of(GNU_STACK).next() else {
        facts::NX.absent(reading);
        return;
    };
    let runs = stack.flags & EXECUTE != 0;
    facts::NX.known(reading, !runs);
    if runs {
        oddities::STACK_EXECUTABLE.note(reading);
    }
}

//! What Windows names: keys of the registry, paths, shares, pipes, objects that processes share, symbols.

use super::IndicatorKind;
use super::gathering::Gathering;
use super::scan::{Text, letters};

/// Letters of a path, and of a key.
const PATH_LETTERS_MAX: usize = 512;
/// Letters of a name of an object.
const OBJECT_LETTERS_MAX: usize = 128;
/// Letters of a variable in front of a path.
const VARIABLE_LETTERS_MAX: usize = 32;
/// What follows `Local\` in paths of profiles, and names no object.
const FOLDERS: &[&str] = &["temp", "microsoft", "google", "packages", "programs", "mozilla", "settings", "appdata"];

/// A key of the registry; where what was looked at ends.
pub fn key(text: &Text, start: usize, gathering: &mut Gathering) -> usize {
    let rest = text.from(start, PATH_LETTERS_MAX);
    let value = piece(rest, b"");
    let end = start + value.len();
    let joined = text.before(start).is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    if joined || gathering.is_full(IndicatorKind::RegistryKey) {
        return end;
    }
    let value = unescaped(value);
    let parts: Vec<&str> = value.split('\\').collect();
    // Behind a hive or a beginning that all have, something has to be named.
    if parts.len() > 2 && parts.iter().all(|part| !part.trim().is_empty()) {
        gathering.keep(IndicatorKind::RegistryKey, value, text.place(start), text.layer);
    }
    end
}

/// A path that begins with the letter of a drive; where what was looked at ends.
pub fn path(text: &Text, start: usize, gathering: &mut Gathering) -> usize {
    let rest = text.from(start, PATH_LETTERS_MAX);
    let drive = rest.first().is_some_and(u8::is_ascii_alphabetic);
    let joined = text.before(start).is_some_and(|letter| letter.is_ascii_alphanumeric());
    if !drive || joined {
        return start + 2;
    }
    let value = piece(&rest[2..], b":");
    if value.len() < 3 {
        return start + 2 + value.len();
    }
    keep_path(&[&rest[..2], value].concat(), start, text, gathering);
    start + 2 + value.len()
}

/// A path that begins with a variable, which ends at `percent`; where what was looked at ends.
pub fn variable(text: &Text, percent: usize, gathering: &mut Gathering) -> usize {
    let before = text.letters.get(percent.saturating_sub(VARIABLE_LETTERS_MAX)..percent).unwrap_or_default();
    let letters = before
        .iter()
        .rev()
        .take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'(' | b')'))
        .count();
    let start = percent - letters;
    if letters < 3 || text.before(start) != Some(b'%') {
        return percent + 1;
    }
    let value = piece(text.from(percent, PATH_LETTERS_MAX), b":");
    keep_path(&[b"%", &before[before.len() - letters..], value].concat(), start - 1, text, gathering);
    percent + value.len().max(1)
}

fn keep_path(path: &[u8], start: usize, text: &Text, gathering: &mut Gathering) {
    if gathering.is_full(IndicatorKind::Path) && gathering.is_full(IndicatorKind::PdbPath) {
        return;
    }
    let value = unescaped(path);
    let (_, name) = value.rsplit_once('\\').unwrap_or_default();
    let parts = value.split('\\').skip(1).filter(|part| !part.is_empty()).count();
    // A drive alone names nothing, nor do signs that stand behind one by chance.
    let named = value
        .split('\\')
        .nth(1)
        .is_some_and(|part| part.len() > 1 && part.bytes().filter(u8::is_ascii_alphanumeric).count() > 1);
    if !named || parts == 1 && !name.contains('.') {
        return;
    }
    let symbols = name.len() > 4 && name.get(name.len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(".pdb"));
    let kind = if symbols { IndicatorKind::PdbPath } else { IndicatorKind::Path };
    gathering.keep(kind, value, text.place(start), text.layer);
}

/// A path on another machine, or a pipe; where what was looked at ends.
pub fn share(text: &Text, start: usize, gathering: &mut Gathering) -> usize {
    let rest = text.from(start, PATH_LETTERS_MAX);
    let slashes = rest.iter().take_while(|letter| **letter == b'\\').count();
    let end = start + slashes;
    // In sources each stands twice; two that follow a word are one of these.
    let joined = text.before(start).is_some_and(|letter| {
        letter.is_ascii_alphanumeric() || matches!(letter, b':' | b'%' | b'.' | b'_' | b')' | b'}' | b']' | b'*' | b'$')
    });
    if joined || !matches!(slashes, 2 | 4) {
        return end;
    }
    let value = piece(&rest[slashes..], b":");
    let next = memchr::memchr(b'\\', value).map_or(&[][..], |at| &value[at..]);
    let next = next.iter().take_while(|letter| **letter == b'\\').count();
    if next * 2 != slashes || gathering.is_full(IndicatorKind::UncPath) && gathering.is_full(IndicatorKind::Pipe) {
        return end + value.len();
    }
    let value_plain = unescaped(value);
    let (host, below) = value_plain.split_once('\\').unwrap_or_default();
    let at = text.place(start);
    let pipe = below.get(..5).is_some_and(|word| word.eq_ignore_ascii_case(r"pipe\")) && below.len() > 6;
    let is_host = host.len() > 1
        && host.bytes().any(|letter| letter.is_ascii_alphanumeric())
        && host.bytes().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'-' | b'_'));
    if pipe && (host == "." || is_host) {
        gathering.keep(IndicatorKind::Pipe, format!(r"\\{value_plain}"), at, text.layer);
    } else if is_host && is_share(below.split('\\').next().unwrap_or_default()) {
        gathering.keep(IndicatorKind::UncPath, format!(r"\\{value_plain}"), at, text.layer);
    }
    end + value.len()
}

fn is_share(name: &str) -> bool {
    name.len() > 1 && name.bytes().any(|letter| letter.is_ascii_alphanumeric())
}

/// An object that processes share: `Global\name`.
pub fn mutex(text: &Text, start: usize, end: usize, gathering: &mut Gathering) {
    let spelled = text.letters.get(start..end).unwrap_or_default();
    let joined = text
        .before(start)
        .is_some_and(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'\\' | b'_' | b'/' | b'-'));
    if joined || !matches!(spelled, br"Global\" | br"Local\") {
        return;
    }
    let mut rest = text.from(end, OBJECT_LETTERS_MAX);
    // Sources write the sign twice.
    rest = rest.strip_prefix(br"\").unwrap_or(rest);
    let is_of = |letter: &u8| {
        letter.is_ascii_alphanumeric()
            || matches!(letter, b'_' | b'-' | b'{' | b'}' | b'.' | b'!' | b'#' | b'$' | b'%' | b'+')
    };
    let length = rest.iter().position(|letter| !is_of(letter)).unwrap_or(rest.len());
    let name = String::from_utf8_lossy(&rest[..length]).into_owned();
    let folder = rest.get(length) == Some(&b'\\') || FOLDERS.contains(&name.to_ascii_lowercase().as_str());
    if length >= 4 && !folder {
        let value = format!("{}{name}", String::from_utf8_lossy(spelled));
        gathering.keep(IndicatorKind::Mutex, value, text.place(start), text.layer);
    }
}

/// Letters behind a blank in which a path has to go on.
const AHEAD_LETTERS: usize = 48;

/// The letters that a path or key can have, up to where a sentence or a command goes on.
fn piece<'l>(rest: &'l [u8], also_ends: &[u8]) -> &'l [u8] {
    let ends = |letter: u8| ENDS[usize::from(letter)] || also_ends.contains(&letter);
    let mut length = 0;
    while let Some(letter) = rest.get(length).filter(|letter| !ends(**letter)) {
        if *letter == b' ' && !goes_on(&rest[length.saturating_sub(8)..length], &rest[length + 1..], &ends) {
            break;
        }
        length += 1;
    }
    while let Some(b'.' | b')' | b':' | b'\\' | b' ' | b']' | b'}') = rest[..length].last() {
        length -= 1;
    }
    &rest[..length]
}

/// Letters behind which no path goes on.
const ENDS: [bool; 256] = letters(b"\"'<>|*?\t`;,=^");

/// Whether a blank is of a name: one goes on behind it and a sign stands yet to come. An option, a switch, or a word behind
/// an extension is not of it.
fn goes_on(before: &[u8], behind: &[u8], ends: &dyn Fn(u8) -> bool) -> bool {
    let word =
        behind.first().is_some_and(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'(' | b'&' | b'['));
    let mut ahead = behind.iter().take(AHEAD_LETTERS).take_while(|letter| !ends(**letter));
    word && !has_extension(before) && ahead.any(|letter| *letter == b'\\')
}

/// Whether letters end as names of files do.
fn has_extension(letters: &[u8]) -> bool {
    let count = letters.iter().rev().take_while(|letter| letter.is_ascii_alphanumeric()).count();
    (2..=4).contains(&count) && letters.len() > count && letters[letters.len() - count - 1] == b'.'
}

/// A path whose signs stand twice, as sources write them, with each once.
fn unescaped(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    if path.contains(r"\\") { path.replace(r"\\", r"\") } else { path.into_owned() }
}

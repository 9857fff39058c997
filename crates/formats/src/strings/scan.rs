//! One string: where something begins in it, and what that is.

use super::gathering::Gathering;
use super::{IndicatorKind, Layer, Run};
use super::{hosts, layers, windows};
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// A string, and where its letters stand in the file.
pub struct Text<'t> {
    pub letters: &'t [u8],
    pub layer: Layer,
    at: u64,
    /// Bytes of the file for a letter; none when it was decoded.
    step: u64,
    /// A word in front of it says that it is a version.
    pub is_version: bool,
}

impl<'t> Text<'t> {
    /// What was decoded from something that stands there.
    pub fn decoded(letters: &'t [u8], layer: Layer, at: u64) -> Self {
        Text { letters, layer, at, step: 0, is_version: false }
    }

    /// Where a letter stands in the file.
    pub fn place(&self, letter: usize) -> u64 {
        self.at + letter as u64 * self.step
    }

    /// The letters from there on, so many at most.
    pub fn from(&self, at: usize, most: usize) -> &'t [u8] {
        let rest = self.letters.get(at..).unwrap_or_default();
        &rest[..rest.len().min(most)]
    }

    /// The letter in front.
    pub fn before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1).and_then(|at| self.letters.get(at)).copied()
    }
}

/// What begins at a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Url,
    /// As scripts and JSON spell it.
    EscapedUrl,
    Email,
    Key,
    Path,
    Variable,
    Share,
    Mutex,
    Agent,
    Reversed,
}

/// A table of letters, for what is asked of every letter of every string.
pub const fn letters(of: &[u8]) -> [bool; 256] {
    let (mut table, mut at) = ([false; 256], 0);
    while at < of.len() {
        table[of[at] as usize] = true;
        at += 1;
    }
    table
}

/// What is searched for, without regard to the case of letters.
const SIGNS: &[(&str, Sign)] = &[
    ("://", Sign::Url),
    (r":\/\/", Sign::EscapedUrl),
    ("@", Sign::Email),
    ("hkey_", Sign::Key),
    (r"hklm\", Sign::Key),
    (r"hkcu\", Sign::Key),
    (r"hkcr\", Sign::Key),
    (r"hku\", Sign::Key),
    (r"hklm:\", Sign::Key),
    (r"hkcu:\", Sign::Key),
    (r"software\microsoft\", Sign::Key),
    (r"software\\microsoft\\", Sign::Key),
    (r"software\policies\", Sign::Key),
    (r"system\currentcontrolset\", Sign::Key),
    (r"system\\currentcontrolset\\", Sign::Key),
    (r":\", Sign::Path),
    (r"%\", Sign::Variable),
    (r"\\", Sign::Share),
    (r"global\", Sign::Mutex),
    (r"local\", Sign::Mutex),
    ("mozilla/", Sign::Agent),
    ("user-agent: ", Sign::Agent),
    ("ptth", Sign::Reversed),
];

static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(SIGNS.iter().map(|(sign, _)| sign))
        .ok()
});

/// Looks through a string of a file.
pub fn run(run: &Run, is_version: bool, gathering: &mut Gathering) {
    let (layer, step) = if run.wide { (Layer::Utf16, 2) } else { (Layer::Ascii, 1) };
    let text = Text { letters: &run.text, layer, at: run.at, step, is_version };
    look(&text, gathering);
    layers::look(&text, gathering);
}

/// Looks through a string and decodes nothing in it.
pub fn look(text: &Text, gathering: &mut Gathering) {
    let mut taken = Taken::default();
    signs(text, gathering, &mut taken);
    hosts::bare(text, &taken.hosts, gathering);
    hosts::ipv6(text, gathering);
}

/// What was gone over already, so that nothing is gone over twice.
#[derive(Default)]
struct Taken {
    /// Where hosts stand that belong to addresses and mails, in their order.
    hosts: Vec<std::ops::Range<usize>>,
    /// Up to where each kind of sign was followed.
    url: usize,
    key: usize,
    path: usize,
    agent: usize,
    reversed: usize,
}

fn signs(text: &Text, gathering: &mut Gathering, taken: &mut Taken) {
    let Some(search) = SEARCH.as_ref() else { return };
    for found in search.find_iter(text.letters) {
        let Some((_, sign)) = SIGNS.get(found.pattern().as_usize()) else { continue };
        let (start, end) = (found.start(), found.end());
        match sign {
            Sign::Url | Sign::EscapedUrl if start >= taken.url => {
                if let Some(url) = hosts::url(text, start, end, gathering) {
                    taken.url = url.end;
                    taken.hosts.push(url);
                }
            }
            Sign::Email if start >= taken.url => taken.hosts.extend(hosts::email(text, start, gathering)),
            Sign::Key if start >= taken.key => taken.key = windows::key(text, start, gathering),
            Sign::Path if start >= taken.path => taken.path = windows::path(text, start.saturating_sub(1), gathering),
            Sign::Variable if start >= taken.path => taken.path = windows::variable(text, start, gathering),
            Sign::Share if start >= taken.path.max(taken.key) => taken.path = windows::share(text, start, gathering),
            Sign::Mutex => windows::mutex(text, start, end, gathering),
            Sign::Agent if start >= taken.agent => taken.agent = agent(text, start, end, gathering),
            Sign::Reversed if start >= taken.reversed => {
                taken.reversed = layers::reversed(text, taken.reversed, end, gathering)
            }
            _ => {}
        }
    }
}

/// Letters of what a browser calls itself.
const AGENT_LETTERS_MAX: usize = 300;

fn agent(text: &Text, start: usize, end: usize, gathering: &mut Gathering) -> usize {
    let named = text.letters.get(start).is_some_and(|letter| letter.eq_ignore_ascii_case(&b'u'));
    let from = if named { end } else { start };
    let rest = text.from(from, AGENT_LETTERS_MAX);
    let length = rest.iter().position(|letter| matches!(letter, b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'\t'));
    let value = rest[..length.unwrap_or(rest.len())].trim_ascii();
    let whole = value.len() >= if named { 5 } else { 13 }
        && (named || value.get(8..).is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit)));
    if whole && value.contains(&b'/') {
        let value = String::from_utf8_lossy(value).into_owned();
        gathering.keep(IndicatorKind::UserAgent, value, text.place(from), text.layer);
    }
    from + value.len()
}

//! Programming languages, by signs on their lines: each line is looked at once, by its first word, and each language
//! adds up what speaks for it. The best wins only with enough points, with different signs, and well before the second.

mod comment;
mod line;
mod shape;
mod signs;

use super::lines;
use crate::bytes::head as first;
use crate::kind::Kind;
use comment::Comment;
use line::Line;

/// Lines that are looked at.
const LINES_MAX: usize = 1_500;
/// Points without which a text is no program.
const POINTS_MIN: u32 = 10;
/// A sign says so much the first time, and little again and again.
const SIGN_COUNTS_MAX: u8 = 3;

/// Bytes of a line; what was made small for the web has all on one.
const LINE_BYTES: usize = 400;

/// Beginnings of lines are told apart by a number below this one.
const BEGINNINGS: usize = 4_096;

/// Languages in the order of their tallies.
const LANGUAGES: [Kind; 31] = [
    Kind::Python,
    Kind::Perl,
    Kind::Shell,
    Kind::Batch,
    Kind::PowerShell,
    Kind::VbScript,
    Kind::JavaScript,
    Kind::TypeScript,
    Kind::Php,
    Kind::Ruby,
    Kind::Lua,
    Kind::Tcl,
    Kind::CSource,
    Kind::Cpp,
    Kind::CSharp,
    Kind::Java,
    Kind::Go,
    Kind::Rust,
    Kind::Swift,
    Kind::Kotlin,
    Kind::Assembly,
    Kind::Css,
    Kind::Sql,
    Kind::Makefile,
    Kind::CMake,
    Kind::EmacsLisp,
    Kind::VimScript,
    Kind::AutoIt,
    Kind::Tex,
    Kind::Pascal,
    Kind::M4,
];

/// The language of a text.
pub fn kind(head: &[u8]) -> Option<Kind> {
    if let Some(kind) = by_mode_line(head) {
        return Some(kind);
    }
    let mut tally = Tally::default();
    for line in lines(head).take(LINES_MAX) {
        tally.line(line);
    }
    tally.best()
}

/// Editors are told the language in the first line, or in the last.
fn by_mode_line(head: &[u8]) -> Option<Kind> {
    let line = first(lines(head).next()?, 512);
    let at = memchr::memmem::find(line, b"-*-")? + 3;
    let rest = &line[at..];
    let mode = rest[..memchr::memmem::find(rest, b"-*-")?].to_ascii_lowercase();
    let mode = mode.trim_ascii();
    let mode = memchr::memmem::find(mode, b"mode:").map_or(mode, |at| &mode[at + 5..]).trim_ascii();
    let end = mode.iter().position(|byte| matches!(byte, b';' | b' ')).unwrap_or(mode.len());
    Some(match &mode[..end] {
        b"python" => Kind::Python,
        b"perl" | b"cperl" => Kind::Perl,
        b"sh" | b"shell-script" => Kind::Shell,
        b"c" => Kind::CSource,
        b"c++" => Kind::Cpp,
        b"java" => Kind::Java,
        b"javascript" | b"js" | b"js2" => Kind::JavaScript,
        b"ruby" => Kind::Ruby,
        b"tcl" => Kind::Tcl,
        b"emacs-lisp" => Kind::EmacsLisp,
        b"makefile" | b"makefile-gmake" => Kind::Makefile,
        b"nroff" => Kind::Troff,
        b"texinfo" => Kind::Texinfo,
        b"latex" | b"tex" => Kind::Tex,
        b"sql" => Kind::Sql,
        b"lua" => Kind::Lua,
        _ => return None,
    })
}

/// What was seen of one language.
#[derive(Clone, Copy, Default)]
struct Score {
    points: u32,
    /// Lines that speak for it.
    lines: u32,
}

/// What was seen of all of them.
struct Tally {
    scores: [Score; LANGUAGES.len()],
    /// How often lines that begin alike spoke for a language.
    signs: [u8; BEGINNINGS],
    lines: u32,
    prose: u32,
    /// Signs of any language.
    signed: u32,
    /// Properties of a style sheet, without which braces are those of something else.
    declared: u32,
    comment: Comment,
    /// The line that ends a document.
    mark: Vec<u8>,
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            scores: [Score::default(); LANGUAGES.len()],
            signs: [0; BEGINNINGS],
            lines: 0,
            prose: 0,
            signed: 0,
            declared: 0,
            comment: Comment::No,
            mark: Vec::new(),
        }
    }
}

impl Tally {
    /// Adds a sign: points for a language. Lines that begin alike and say as much count a few times at most.
    fn sign(&mut self, line: &Line, kind: Kind, points: u32) {
        let Some(at) = LANGUAGES.iter().position(|language| *language == kind) else { return };
        let score = &mut self.scores[at];
        let times = &mut self.signs[(line.beginning() + at * 31 + points as usize * 257) % BEGINNINGS];
        score.points += match *times {
            0 => points,
            seen if seen < SIGN_COUNTS_MAX => points.div_ceil(2),
            _ => 0,
        };
        *times = times.saturating_add(1);
        score.lines += 1;
        self.signed += 1;
    }

    fn line(&mut self, line: &[u8]) {
        let Some(line) = Line::new(comment::behind(first(line, LINE_BYTES))) else { return };
        if self.inside_comment(&line) {
            return;
        }
        let before = self.signed;
        self.by_first_letter(&line);
        self.by_word(&line);
        self.by_parts(&line);
        if self.signed == before {
            // What stands in a comment or in a table says nothing for or against.
            if line.is_comment() || line.is_data() {
                return;
            }
            self.prose += u32::from(shape::is_prose(line.bare));
        }
        self.lines += 1;
    }

    /// The language with the most points, if they are enough and well before the second's.
    fn best(&self) -> Option<Kind> {
        let (best, score) = self.scores.iter().enumerate().max_by_key(|(_, score)| score.points)?;
        let kind = *LANGUAGES.get(best)?;
        let related = |other: Kind| {
            matches!(
                (kind, other),
                (Kind::Cpp, Kind::CSource) | (Kind::TypeScript, Kind::JavaScript) | (Kind::CSource, Kind::Cpp)
            )
        };
        // C++ has all of C, and TypeScript all of JavaScript: a sign of one's own decides.
        let points =
            |kind: Kind| LANGUAGES.iter().position(|other| *other == kind).map_or(0, |at| self.scores[at].points);
        let kind = match kind {
            Kind::CSource if points(Kind::Cpp) >= 9 => Kind::Cpp,
            Kind::JavaScript if points(Kind::TypeScript) >= 10 => Kind::TypeScript,
            kind => kind,
        };
        let second = self.scores.iter().enumerate().filter(|(at, _)| *at != best && !related(LANGUAGES[*at]));
        let second = second.map(|(_, score)| score.points).max().unwrap_or(0);
        let clear = score.points * 2 >= second * 3;
        // A few lines of code in a long text are an example.
        let dense = (score.lines * 30 >= self.lines || score.points >= 24) && self.prose * 2 <= self.lines;
        let styled = kind != Kind::Css || self.declared > 0;
        (score.points >= POINTS_MIN && clear && dense && styled).then_some(kind)
    }
}

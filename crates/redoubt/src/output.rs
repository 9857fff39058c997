//! What a person or a script reads: text in the chosen language, failures as error, cause and hint, exit codes.

use model::{ExposureState, Message};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use words::Language;

/// How the program ended; documented in `redoubt --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    /// Done, but part of the input was refused.
    Partly = 3,
    /// Stopped by Ctrl-C; 128 and the signal's number, as shells say it.
    Interrupted = 130,
}

impl Exit {
    /// Of a command that did its work on all but so many of its files.
    pub fn of(refused: usize) -> Exit {
        if refused == 0 { Exit::Done } else { Exit::Partly }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// A failure that a person sees: what failed, and what helps.
#[derive(Debug)]
pub struct Failure {
    pub what: Message,
    pub hint: Option<Message>,
}

impl Failure {
    pub fn new(what: Message) -> Self {
        Failure { what, hint: None }
    }

    #[must_use]
    pub fn hint(mut self, hint: Message) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The reader of our output went away (`| head`): no failure.
    pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
        error.chain().any(|cause| {
            let plain = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            let kind =
                plain.or_else(|| cause.downcast_ref::<serde_json::Error>().and_then(|error| error.io_error_kind()));
            kind == Some(io::ErrorKind::BrokenPipe)
        })
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&words::text(&self.what, Language::En))
    }
}

impl std::error::Error for Failure {}

/// The language and the looks of this run.
#[derive(Clone)]
pub struct Output {
    pub language: Language,
    colour: bool,
}

impl Output {
    pub fn new(language: Language) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Output { language, colour: wanted && io::stdout().is_terminal() }
    }

    pub fn text(&self, message: &Message) -> String {
        words::text(message, self.language)
    }

    pub fn word(&self, code: &str) -> String {
        words::word(code, self.language)
    }

    pub fn texts(&self, messages: &[Message]) -> Vec<String> {
        messages.iter().map(|message| self.text(message)).collect()
    }

    /// A buffered standard output; a closed pipe comes back as an error.
    pub fn stdout(&self) -> impl Write + use<> {
        io::BufWriter::new(io::stdout().lock())
    }

    /// The word of a state, coloured on a terminal; the word alone tells the state.
    pub fn state(&self, state: ExposureState) -> String {
        let (code, colour) = match state {
            ExposureState::Open => ("cli.state.open", "31;1"),
            ExposureState::Unknown => ("cli.state.unknown", "33"),
            ExposureState::Fixed => ("cli.state.fixed", "32"),
            ExposureState::NotAffected => ("cli.state.not-affected", "2"),
        };
        self.paint(&self.word(code), colour)
    }

    pub fn bold(&self, text: &str) -> String {
        self.paint(text, "1")
    }

    pub fn dim(&self, text: &str) -> String {
        self.paint(text, "2")
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// `1 host`, `7 hosts`.
    pub fn hosts(&self, count: u64) -> String {
        if count == 1 {
            return self.word("cli.one-host");
        }
        self.text(&Message::new("cli.hosts-count").number("count", i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// A note beside the result: what was refused, what was assumed.
    pub fn note(&self, message: &Message) {
        eprintln!("{}", printable(&self.text(message)));
    }

    /// A cause in the language of this run, where it has words.
    fn told(&self, cause: &(dyn std::error::Error + 'static)) -> String {
        let failure = cause.downcast_ref::<Failure>().map(|failure| failure.what.clone());
        let stored = || cause.downcast_ref::<store::Error>().map(store::Error::message);
        let served = || cause.downcast_ref::<server::Error>().map(server::Error::message);
        let system = || cause.downcast_ref::<io::Error>().map(Message::from);
        let message = failure.or_else(stored).or_else(served).or_else(system);
        message.map_or_else(|| cause.to_string(), |message| self.text(&message))
    }

    pub fn failure(&self, error: &anyhow::Error) {
        let mut causes = error.chain();
        let Some(first) = causes.next() else { return };
        let failure = error.downcast_ref::<Failure>();
        let what = failure.map_or_else(|| self.told(first), |failure| self.text(&failure.what));
        eprintln!("{}: {}", self.word("cli.error"), printable(&what));
        for cause in causes {
            eprintln!("{}: {}", self.word("cli.cause"), printable(&self.told(cause)));
        }
        if let Some(hint) = failure.and_then(|failure| failure.hint.as_ref()) {
            eprintln!("{}: {}", self.word("cli.hint"), printable(&self.text(hint)));
        }
    }
}

/// Writes a value as one line of JSON. What [`printable`] would not show is written as `\u202e`: the same value for a
/// program, nothing to obey for a terminal.
pub fn json_line(mut out: impl Write, value: &impl Serialize) -> anyhow::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Escaped);
    value.serialize(&mut serializer)?;
    Ok(writeln!(out)?)
}

struct Escaped;

impl serde_json::ser::Formatter for Escaped {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_obeyed(*c)) {
            writer.write_all(fragment.get(from..at).unwrap_or_default().as_bytes())?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            from = at + c.len_utf8();
        }
        writer.write_all(fragment.get(from..).unwrap_or_default().as_bytes())
    }
}

/// Text from foreign files may hold terminal control codes, line ends by which a name passes for a message of ours, and marks that turn the reading order so that a name looks
/// like another; they are shown, not obeyed.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// Control codes, and the marks of the reading order; all of them have four hexadecimal digits.
fn is_obeyed(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_is_the_same_value_and_nothing_for_a_terminal() {
        let value = serde_json::json!({ "a\u{9b}": "x\u{202e}y\u{7f}\u{1b}\n\"主机\"", "n": [1, null] });
        let mut line = Vec::new();
        json_line(&mut line, &value).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "{\"a\\u009b\":\"x\\u202ey\\u007f\\u001b\\n\\\"主机\\\"\",\"n\":[1,null]}\n");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }

    #[test]
    fn control_codes_of_foreign_text_are_not_obeyed() {
        assert_eq!(printable("a\x1b[2Jb\u{9b}c\nerror: x"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}error: x");
        assert_eq!(printable("exe\u{202e}txt 主机"), "exe\u{fffd}txt 主机");
    }
}

//! What a person or a script reads: text in the chosen language, failures as error, cause and hint, exit codes.

use model::{ExposureState, Message};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
pub use terminal::{json_line, printable};
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

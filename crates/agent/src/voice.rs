//! What the agent says: a line for each thing, an object for programs or a sentence for people. Names of files and
//! arguments are whatever somebody made them; no terminal obeys them.

use model::Message;
use serde_json::Value;
use std::io::{self, Write};
use std::process::ExitCode;
use terminal::{json_line, printable};
use words::Language;

/// A sentence in one line.
pub fn sentence(message: &Message, language: Language) -> String {
    printable(&words::text(message, language))
}

/// Says something, at once. Whoever protects goes on when nobody listens any more.
pub fn tell(
    json: bool,
    language: Language,
    object: impl FnOnce() -> Value,
    message: impl FnOnce() -> Message,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        json_line(&mut out, &object())?;
    } else {
        writeln!(out, "{}", sentence(&message(), language))?;
    }
    out.flush()
}

/// Says what is not as it should be.
pub fn note(message: &Message, language: Language) {
    eprintln!("{}", sentence(message, language));
}

/// Says why it cannot be done.
pub fn failed(why: &Message, language: Language) -> ExitCode {
    note(why, language);
    ExitCode::from(1)
}

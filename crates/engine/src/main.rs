//! `redoubt-query`: answers one question in SQL over the lake.
//!
//! A server starts one for each question ([`query::Worker`]). It reads the question as a line of JSON, gives up everything
//! it does not need ([`confine`]), answers within its limits, and tells how far it is line by line. When whoever asked is
//! gone, so is it.

mod ask;
mod confine;
mod functions;
mod refusal;
mod tables;
mod two_stages;

use query::{Asked, Told};
use std::io::{BufRead, Read, Write};
use std::process::ExitCode;

/// A longer line is no question.
const LINE_BYTES_MAX: u64 = 4 << 20;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("answer") => answer(),
        Some("--version") => {
            println!("redoubt-query {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("redoubt-query answers questions for redoubt; `redoubt sql` asks them");
            ExitCode::from(2)
        }
    }
}

fn answer() -> ExitCode {
    let mut line = Vec::new();
    let read = std::io::BufReader::new(std::io::stdin().take(LINE_BYTES_MAX)).read_until(b'\n', &mut line);
    let asked: Asked = match read
        .map_err(|error| error.to_string())
        .and_then(|_| serde_json::from_slice(&line).map_err(|error| error.to_string()))
    {
        Ok(asked) => asked,
        Err(error) => {
            eprintln!("redoubt-query: no question: {error}");
            return ExitCode::from(2);
        }
    };
    end_with_whoever_asked();
    if let Err(why) = confine::confine(&asked) {
        return told(&Told::Refused(why));
    }
    told(&ask::ask(asked))
}

/// Tells it; an answer or a refusal is the last.
fn told(told: &Told) -> ExitCode {
    tell(told);
    ExitCode::SUCCESS
}

pub(crate) fn tell(told: &Told) {
    let Ok(mut line) = serde_json::to_vec(told) else { return };
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    if out.write_all(&line).and_then(|()| out.flush()).is_err() {
        // Nobody listens any more.
        std::process::exit(1);
    }
}

/// The pipe to whoever asked is open as long as they are there.
fn end_with_whoever_asked() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
}

//! The engine of SQL over the lake: what one question is, what it may cost, and what it says when it is refused.
//!
//! `redoubt-query` answers with it in one process, `redoubt-cluster` on several machines. Both read a question as a line
//! of JSON and tell line by line how far it is ([`serve`]), so that whoever asks needs not know which of them answers.

pub mod ask;
pub mod confine;
pub mod functions;
mod groups;
mod memory;
pub mod refusal;
pub mod tables;
pub mod two_stages;

use query::{Asked, Told};
use std::io::{BufRead, Read, Write};
use std::process::ExitCode;

/// A longer line is no question.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// Reads the one question of this process and tells what becomes of it. When whoever asked is gone this process ends too,
/// after `given_up`.
pub fn serve(program: &str, given_up: impl FnOnce() + Send + 'static, answer: impl FnOnce(Asked) -> Told) -> ExitCode {
    let mut line = Vec::new();
    let read = std::io::BufReader::new(std::io::stdin().take(LINE_BYTES_MAX)).read_until(b'\n', &mut line);
    let asked: Asked = match read
        .map_err(|error| error.to_string())
        .and_then(|_| serde_json::from_slice(&line).map_err(|error| error.to_string()))
    {
        Ok(asked) => asked,
        Err(error) => {
            eprintln!("{program}: no question: {error}");
            return ExitCode::from(2);
        }
    };
    end_with_whoever_asked(given_up);
    // An answer or a refusal is the last.
    tell(&answer(asked));
    ExitCode::SUCCESS
}

pub fn tell(told: &Told) {
    let Ok(mut line) = serde_json::to_vec(told) else { return };
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    if out.write_all(&line).and_then(|()| out.flush()).is_err() {
        // Nobody listens any more.
        std::process::exit(1);
    }
}

/// The pipe to whoever asked is open as long as they are there.
fn end_with_whoever_asked(given_up: impl FnOnce() + Send + 'static) {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        given_up();
        std::process::exit(1);
    });
}

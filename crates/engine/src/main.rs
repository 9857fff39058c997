//! `redoubt-query`: answers one question in SQL over the lake.
//!
//! A server starts one for each question ([`query::Worker`]). It reads the question as a line of JSON, gives up everything
//! it does not need ([`engine::confine`]), answers within its limits, and tells how far it is line by line. When whoever
//! asked is gone, so is it.

use engine::ask::bucket_of;
use engine::confine::Reach;
use query::Told;
use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("answer") => engine::serve(
            "redoubt-query",
            || {},
            |asked| match bucket_of(&asked).and_then(|bucket| {
                let reach = if bucket.is_some() { Reach::Machines } else { Reach::Files };
                engine::confine::confine(&asked, reach)
            }) {
                Ok(()) => engine::ask::ask(asked),
                Err(why) => Told::Refused(why),
            },
        ),
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

//! `redoubt-agent enrol`: becomes an endpoint of a server.

use super::home::{Home, Setup};
use crate::args;
use crate::voice;
use jiff::Timestamp;
use link::Invitation;
use model::Message;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use words::Language;

pub fn run(task: args::Enrol, language: Language) -> ExitCode {
    match enrol(task) {
        Ok(lines) => {
            let mut out = io::stdout().lock();
            // Nobody listens any more; it is enrolled.
            let _ = lines.iter().try_for_each(|line| writeln!(out, "{}", voice::sentence(line, language)));
            ExitCode::SUCCESS
        }
        Err(why) => voice::failed(&why, language),
    }
}

fn enrol(task: args::Enrol) -> Result<[Message; 2], Message> {
    let home = Home::make(&task.home)?;
    // Whoever serves out of this folder would go on as another.
    let Some(_lock) = home.lock()? else { return Err(super::in_use(&home)) };
    let authority = task.authority.trim().parse().map_err(|error: link::Error| error.message())?;
    let invitation = Invitation { address: task.server.clone(), authority, token: task.token };
    let clock: link::Clock = Arc::new(Timestamp::now);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| super::no_thread(&error))?;
    let machine = super::machine::name();
    let enrolled = runtime.block_on(link::enrol(home.folder(), &invitation, &machine, &clock));
    let identity = enrolled.map_err(|error| error.message())?;
    let release_keys = task.release_key.into_iter().collect();
    home.put_setup(&Setup { server: task.server, spool_mib: task.spool_max, release_keys })?;
    let until = jiff::tz::Offset::UTC.to_datetime(identity.not_after()).date();
    Ok([
        Message::new("agent.enrolled").with("endpoint", identity.collector()).with("until", until),
        Message::new("agent.next").with("home", home.folder().display()),
    ])
}

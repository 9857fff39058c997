//! Ctrl-C of a long command: it ends within a second, says what was done and what was not, and leaves nothing by halves.
//!
//! The first signal sets a flag that loops look at between two pieces of work. What is not back by then is ended: a
//! transaction that is under way is rolled back by the database, as after a power cut.

use crate::output::{Exit, Output};
use model::Message;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A piece of work that takes longer than this is ended in the middle.
const PATIENCE: Duration = Duration::from_millis(600);

static STOP: AtomicBool = AtomicBool::new(false);
static TOLD: AtomicBool = AtomicBool::new(false);
static DONE: Mutex<Option<Message>> = Mutex::new(None);

/// The command was stopped by a person.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Listens from now on; `done` is what is said when nothing further was [`reached`].
pub fn watch(output: &Output, done: Message) -> anyhow::Result<()> {
    reached(done);
    let output = Output::new(output.language);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("ctrl-c".to_owned()).spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_err() {
            // Nobody listens then, and the signal ends the program by itself.
            return;
        }
        STOP.store(true, Ordering::SeqCst);
        std::thread::sleep(PATIENCE);
        std::process::exit(tell(&output) as i32);
    })?;
    Ok(())
}

/// Keeps what is said if the command is stopped from here on.
pub fn reached(done: Message) {
    *DONE.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
}

pub fn stopped() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// What [`stopped`] says, for work that looks at a flag by itself.
pub fn flag() -> &'static AtomicBool {
    &STOP
}

/// An error once somebody said stop.
pub fn check() -> Result<(), Interrupted> {
    if stopped() { Err(Interrupted) } else { Ok(()) }
}

/// Says once what was done; gives the code to end with.
pub fn tell(output: &Output) -> Exit {
    if !TOLD.swap(true, Ordering::SeqCst) {
        output.note(&Message::new("cli.interrupted"));
        if let Some(done) = DONE.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            output.note(done);
        }
    }
    Exit::Interrupted
}

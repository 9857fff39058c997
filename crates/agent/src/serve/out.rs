//! What is said to whoever started the agent. Nobody here waits for him: whoever reads it may himself wait for an answer of
//! this agent.

use crate::voice;
use model::Message;
use serde_json::Value;
use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use terminal::json_line;
use words::Language;

/// Lines that wait; more are not said.
const LINES_MAX: usize = 4096;

#[derive(Debug, Clone)]
pub struct Out {
    to: SyncSender<Option<String>>,
    json: bool,
    language: Language,
}

impl Out {
    pub fn start(json: bool, language: Language) -> io::Result<(Out, JoinHandle<()>)> {
        let (to, lines) = sync_channel::<Option<String>>(LINES_MAX);
        let say = move || {
            while let Ok(Some(line)) = lines.recv() {
                let mut out = io::stdout().lock();
                // Nobody listens any more; protecting goes on.
                let _ = writeln!(out, "{line}").and_then(|()| out.flush());
            }
        };
        let thread = Builder::new().name("out".to_owned()).spawn(say)?;
        Ok((Out { to, json, language }, thread))
    }

    /// Nothing more is said.
    pub fn end(&self) {
        let _ = self.to.try_send(None);
    }

    /// Says something: an object for programs, a sentence for people if it is for them.
    pub fn say(&self, is_for_people: bool, object: impl FnOnce() -> Value, message: impl FnOnce() -> Message) {
        let line = match self.json {
            true => {
                let mut line = Vec::new();
                let written = json_line(&mut line, &object());
                written.ok().and_then(|()| String::from_utf8(line).ok()).map(|line| line.trim_end().to_owned())
            }
            false => is_for_people.then(|| voice::sentence(&message(), self.language)),
        };
        if let Some(line) = line {
            let _ = self.to.try_send(Some(line));
        }
    }
}

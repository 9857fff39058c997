//! How the endpoint is and delivers, in a file beside what it holds to, for whoever asks: `redoubt-agent status`.

use super::home::{self, Home};
use crate::args;
use crate::voice;
use jiff::Timestamp;
use model::Message;
use policy::Mode;
use policy::telling::{Isolated, Report, Update, UpdateState};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::process::ExitCode;
use terminal::json_line;
use words::Language;

const NAME: &str = "status.json";

/// As it was at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Whether somebody serves.
    #[serde(default)]
    pub running: bool,
    pub at: Timestamp,
    /// As the server calls this endpoint.
    pub endpoint: String,
    pub server: String,
    pub connected: bool,
    pub certificate_until: Timestamp,
    pub waiting_batches: u64,
    pub delivered_batches: u64,
    pub shed_batches: u64,
    pub lost_batches: u64,
    pub aside_batches: u64,
    /// What keeps it from delivering.
    pub trouble: Option<Message>,
    pub report: Report,
}

impl Status {
    /// That nobody can read it meanwhile keeps nothing from being protected.
    pub fn show(&self, home: &Home) {
        let written = serde_json::to_vec(self).map_err(io::Error::from);
        if let Err(error) = written.and_then(|bytes| home::show(&home.path(NAME), &bytes)) {
            tracing::debug!(cause = %error, "how the endpoint is cannot be written down");
        }
    }

    /// What was shown last.
    pub fn read(home: &Home) -> Result<Status, Message> {
        home.read(NAME)
    }
}

pub fn run(task: &args::Status, language: Language) -> ExitCode {
    match status(task).and_then(|status| print(&status, task.json, language)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => voice::failed(&why, language),
    }
}

fn status(task: &args::Status) -> Result<Status, Message> {
    let home = Home::of(&task.home)?;
    let (identity, setup) = (home.identity()?, home.setup()?);
    let running = home.lock()?.is_none();
    let never = || Status {
        running,
        at: Timestamp::now(),
        endpoint: identity.collector().to_owned(),
        server: setup.server.clone(),
        connected: false,
        certificate_until: identity.not_after(),
        waiting_batches: 0,
        delivered_batches: 0,
        shed_batches: 0,
        lost_batches: 0,
        aside_batches: 0,
        trouble: None,
        report: Report::default(),
    };
    let last = Status::read(&home).unwrap_or_else(|_| never());
    Ok(Status { running, connected: last.connected && running, ..last })
}

fn print(status: &Status, json: bool, language: Language) -> Result<(), Message> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match json {
        true => json_line(&mut out, status),
        false => lines(status).iter().try_for_each(|line| writeln!(out, "{}", voice::sentence(line, language))),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(home::unwritten("stdout".as_ref(), &error)),
        _ => Ok(()),
    }
}

fn lines(status: &Status) -> Vec<Message> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let report = &status.report;
    let state = match (status.running, status.connected) {
        (true, true) => "agent.status-connected",
        (true, false) => "agent.status-away",
        (false, _) => "agent.status-at-rest",
    };
    let mut lines = vec![
        Message::new("agent.status-who").with("endpoint", &status.endpoint).with("server", &status.server),
        Message::new(state).with("at", status.at.round(jiff::Unit::Second).unwrap_or(status.at)),
        match report.orders {
            Some(version) => Message::new("agent.status-orders").number("version", number(version)),
            None => Message::new("agent.status-no-orders"),
        },
        mode(report.mode),
        Message::new("agent.status-version").with("version", &report.version),
    ];
    lines.extend(report.update.as_ref().map(updating));
    lines.extend(report.group.as_ref().map(|group| Message::new("agent.status-group").with("group", group)));
    let counts = &report.counts;
    lines.push(
        Message::new("agent.status-protected")
            .number("files", number(counts.protected))
            .number("decided", number(counts.decided))
            .number("blocked", number(counts.blocked)),
    );
    let waiting = Message::new("agent.status-waiting").number("batches", number(status.waiting_batches));
    lines.push(waiting.number("delivered", number(status.delivered_batches)));
    if counts.shed > 0 {
        lines.push(Message::new("agent.status-shed").number("lines", number(counts.shed)));
    }
    lines.extend(report.isolation.iter().flat_map(isolation));
    lines.extend(report.refused.iter().map(|why| Message::new("agent.refused").reason("why", why.clone())));
    lines.extend(report.gaps.iter().map(|why| Message::new("agent.status-gap").reason("why", why.clone())));
    lines.extend(status.trouble.iter().map(|why| Message::new("agent.status-trouble").reason("why", why.clone())));
    lines
}

fn isolation(told: &Isolated) -> Vec<Message> {
    let since = told.since.and_then(|since| Timestamp::from_second(i64::try_from(since).ok()?).ok());
    let is = match (told.holds, &told.why) {
        (true, None) => Message::new("isolation.status-holds").with("since", since.unwrap_or_default()),
        // Released, and it is said why that is not so yet.
        (true, Some(why)) => why.clone(),
        (false, why) => {
            let why = why.clone().unwrap_or_else(|| Message::new("isolation.pending"));
            Message::new("isolation.not").reason("why", why)
        }
    };
    let times = i64::try_from(told.repaired).unwrap_or(i64::MAX);
    let repaired = (times > 0).then(|| Message::new("isolation.status-repaired").number("times", times));
    [is].into_iter().chain(repaired).collect()
}

/// How far it is with another release.
fn updating(update: &Update) -> Message {
    let told = Message::new(match update.state {
        UpdateState::Wanted => "agent.status-update-wanted",
        UpdateState::Fetched => "agent.status-update-fetched",
        UpdateState::Tried => "agent.status-update-tried",
        UpdateState::Done => "agent.status-update-done",
        UpdateState::Failed => "agent.status-update-failed",
    });
    let told = told.with("version", &update.version);
    match &update.why {
        Some(why) => told.reason("why", why.clone()),
        None => told,
    }
}

/// What is done with what may not run.
pub fn mode(mode: Mode) -> Message {
    Message::new("agent.status-mode").reason("mode", crate::run::mode(mode))
}

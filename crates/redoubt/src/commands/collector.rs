//! `redoubt collector`: sensors on this machine deliver to a server on another.

use super::lake::{number, size};
use super::open;
use crate::args::{CollectorAction, CollectorDeliver, CollectorEnrol, CollectorStatus};
use crate::collector::{Delivering, Figures, Home, Setup, at_rest, told};
use crate::interrupt;
use crate::output::{Exit, Output, json_line, printable};
use jiff::Timestamp;
use link::Invitation;
use model::Message;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LOOK: Duration = Duration::from_millis(100);

pub fn run(action: CollectorAction, output: &Output) -> anyhow::Result<Exit> {
    open::log_to_stderr("error");
    match action {
        CollectorAction::Enrol(task) => enrol(task, output),
        CollectorAction::Status(task) => status(&task, output),
        CollectorAction::Deliver(task) => deliver(&task, output),
    }
}

fn enrol(task: CollectorEnrol, output: &Output) -> anyhow::Result<Exit> {
    let home = Home::of(task.home.home.as_deref())?;
    let authority = task.authority.trim().parse().map_err(told)?;
    let invitation = Invitation { address: task.server.clone(), authority, token: task.token };
    let clock: link::Clock = Arc::new(Timestamp::now);
    let identity =
        open::runtime()?.block_on(link::enrol(home.folder(), &invitation, &machine(), &clock)).map_err(told)?;
    home.put_setup(&Setup { server: task.server, spool_mib: task.spool_max })?;
    let mut out = output.stdout();
    let enrolled = Message::new("cli.collector-enrolled")
        .with("collector", identity.collector())
        .with("until", day(identity.not_after()));
    writeln!(out, "{}", printable(&output.text(&enrolled)))?;
    let next = Message::new("cli.collector-next").with("home", home.folder().display());
    writeln!(out, "{}", printable(&output.text(&next)))?;
    out.flush()?;
    Ok(Exit::Done)
}

/// What this machine is called; only for people to read.
pub fn machine() -> String {
    let file =
        std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    let name = file.ok().or_else(|| std::env::var("COMPUTERNAME").ok()).unwrap_or_default();
    name.trim().to_owned()
}

fn status(task: &CollectorStatus, output: &Output) -> anyhow::Result<Exit> {
    let home = Home::of(task.home.home.as_deref())?;
    show(&at_rest(&home, &home.identity()?)?, task.json, output)?;
    Ok(Exit::Done)
}

fn deliver(task: &CollectorDeliver, output: &Output) -> anyhow::Result<Exit> {
    interrupt::watch(output, Message::new("cli.collector-stopped"))?;
    let home = Home::of(task.home.home.as_deref())?;
    let until = task.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let figures = open::runtime()?.block_on(async {
        let delivering = Delivering::begin(home, output)?;
        let is_over = || until.is_some_and(|until| Instant::now() >= until);
        while delivering.spool.counts().waiting_batches > 0 && !is_over() && !interrupt::stopped() {
            tokio::time::sleep(LOOK).await;
        }
        anyhow::Ok(delivering.end().await)
    })?;
    interrupt::check()?;
    show(&figures, task.json, output)?;
    Ok(if figures.waiting_batches > 0 { Exit::Partly } else { Exit::Done })
}

/// What became of what a sensor recorded, after it ended.
pub fn report(figures: &Figures, output: &Output) {
    let delivered = Message::new("cli.collector-delivered").number("batches", number(figures.delivered_batches));
    output.note(&delivered.with("server", &figures.server));
    if figures.waiting_batches > 0 {
        output.note(&Message::new("cli.collector-left").number("batches", number(figures.waiting_batches)));
    }
    if figures.shed_batches > 0 {
        output.note(&shed(figures));
    }
}

fn shed(figures: &Figures) -> Message {
    Message::new("cli.collector-shed")
        .number("batches", number(figures.shed_batches))
        .number("rows", number(figures.shed_rows))
}

fn show(figures: &Figures, as_json: bool, output: &Output) -> anyhow::Result<()> {
    let mut out = output.stdout();
    if as_json {
        json_line(&mut out, figures)?;
        return Ok(out.flush()?);
    }
    for line in lines(figures) {
        writeln!(out, "{}", printable(&output.text(&line)))?;
    }
    Ok(out.flush()?)
}

fn lines(figures: &Figures) -> Vec<Message> {
    let state = match (figures.delivering, figures.connected) {
        (true, true) => "cli.collector-state-connected",
        (true, false) => "cli.collector-state-tries",
        (false, _) => "cli.collector-state-at-rest",
    };
    let mut lines = vec![
        Message::new("cli.collector-who").with("collector", &figures.collector).with("server", &figures.server),
        Message::new(state).with("at", second(figures.at)),
        Message::new("cli.collector-waiting")
            .number("batches", number(figures.waiting_batches))
            .with("used", size(figures.used_bytes))
            .with("limit", size(figures.limit_bytes)),
        Message::new("cli.collector-has-delivered").number("batches", number(figures.delivered_batches)),
        Message::new("cli.collector-certificate").with("until", day(figures.certificate_until)),
    ];
    if figures.shed_batches > 0 {
        lines.push(shed(figures));
    }
    if figures.lost_batches > 0 {
        lines.push(Message::new("cli.collector-lost").number("batches", number(figures.lost_batches)));
    }
    if figures.aside_batches > 0 {
        lines.push(Message::new("cli.collector-aside").number("batches", number(figures.aside_batches)));
    }
    if let Some(why) = &figures.set_aside {
        lines.push(Message::new("cli.collector-set-aside").reason("why", why.clone()));
    }
    if let Some(why) = &figures.trouble {
        lines.push(Message::new("cli.collector-trouble").reason("why", why.clone()));
    }
    lines
}

fn second(at: Timestamp) -> String {
    at.round(jiff::Unit::Second).unwrap_or(at).to_string()
}

fn day(at: Timestamp) -> String {
    jiff::tz::Offset::UTC.to_datetime(at).date().to_string()
}

//! Indicators that traffic is watched for: taken in from text, and compiled for those who watch.

use crate::Problem;
use crate::rooms::blocking;
use crate::state::App;
use model::Message;
use rules::text;
use rules::{Indicator, IndicatorKind, Indicators, Unfit};
use sensor::LiveIndicators;
use serde_json::json;
use std::io::{BufRead, Read};
use std::sync::{Arc, PoisonError};
use store::{Act, AuditEntry, HuntId, NewIndicator};
use tokio::sync::{Mutex, mpsc};

/// Indicators kept in all. Compiled, a million take some 140 MB.
pub const INDICATORS_MAX: u64 = 2_000_000;
/// Lines that are handed to the store at a time.
const PART_LINES: usize = 5000;
const PARTS_WAITING: usize = 2;
/// Indicators read from the store at a time.
const READ_AT_ONCE: u32 = 20_000;
/// Longer lines are no indicator; the rest of one is passed over without being held.
const LINE_BYTES_MAX: u64 = 8192;
/// Bad lines told one by one.
pub const BAD_SHOWN: usize = 100;
const BAD_CHARS: usize = 80;

/// What came of a text of indicators.
#[derive(Debug, Clone, Default)]
pub struct TakenIn {
    /// Absent when nothing new was in it.
    pub list: Option<i64>,
    /// Lines that say something: neither empty nor a comment.
    pub lines: u64,
    pub added: u64,
    /// Known before, or twice in the text.
    pub known: u64,
    /// Lines that are no indicator, with their number from one: the first of them.
    pub bad: Vec<Bad>,
    pub bad_lines: u64,
    /// Left out because there would be too many.
    pub left_out: u64,
}

/// A line that is no indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// From one.
    pub line: u64,
    pub text: String,
    pub why: Unfit,
}

struct Part {
    good: Vec<NewIndicator>,
    bad: Vec<Bad>,
    lines: u64,
}

/// Reads a text line by line and stores what is in it, in parts: a list of any length takes the memory of one part.
pub async fn take_in(
    app: &App,
    text: impl BufRead + Send + 'static,
    source: &str,
    owner: &str,
    act: Act,
) -> Result<TakenIn, Problem> {
    let text = in_utf8(text, source).await?;
    // Recorded with its beginning: whatever ends this in the middle, what came in has its line in the audit trail.
    let list = app.store.begin_indicators(source, owner, &act).await?;
    let outcome = fill(app, text, Place::List(list)).await;
    // What came in before something failed is there, and says so by being listed.
    let bad = outcome.as_ref().map_or(0, |taken| taken.bad_lines);
    app.store.end_indicators(list, bad, &ended(app, &act, list, outcome.as_ref().ok())).await?;
    let mut taken = outcome?;
    taken.list = Some(list).filter(|_| taken.added > 0);
    Ok(taken)
}

async fn in_utf8(text: impl BufRead + Send + 'static, source: &str) -> Result<impl BufRead + Send + 'static, Problem> {
    let unreadable = |error: text::Error| {
        let source = source.to_owned();
        Problem::bad_request(match error {
            text::Error::Read(cause) => Message::new("api.indicators-unreadable").reason("cause", cause),
            text::Error::Binary => Message::new("api.indicators-no-text").with("source", source),
        })
    };
    blocking(move || text::utf8(text)).await?.map_err(unreadable)
}

/// The line of the audit trail that completes the one a list began with: what came of it, or that it failed.
fn ended(app: &App, begun: &Act, list: i64, taken: Option<&TakenIn>) -> Act {
    let params = match taken {
        Some(taken) => json!({
            "list": list, "added": taken.added, "known": taken.known, "bad": taken.bad_lines, "left_out": taken.left_out,
        }),
        None => json!({ "list": list, "failed": true }),
    };
    let entry = |entry: &AuditEntry| AuditEntry { action: "indicators.added".to_owned(), params, ..entry.clone() };
    Act { audit: begun.audit.as_ref().map(entry), ..app.act() }
}

/// Where indicators that are read go.
#[derive(Debug, Clone, Copy)]
enum Place {
    List(i64),
    Hunt(HuntId),
}

impl Place {
    async fn room(self, app: &App) -> Result<u64, Problem> {
        let kept = match self {
            Place::List(_) => app.store.indicator_count().await?,
            Place::Hunt(_) => 0,
        };
        Ok(INDICATORS_MAX.saturating_sub(kept))
    }

    async fn add(self, app: &App, part: &[NewIndicator]) -> Result<u64, Problem> {
        Ok(match self {
            Place::List(list) => app.store.add_indicators(list, part).await?,
            Place::Hunt(hunt) => app.store.add_hunt_wanted(hunt, part).await?,
        })
    }
}

/// Reads a text as that of a list, for a hunt: nobody watches for what is in it.
pub async fn take_in_for_hunt(
    app: &App,
    text: impl BufRead + Send + 'static,
    hunt: HuntId,
    source: &str,
) -> Result<TakenIn, Problem> {
    let text = in_utf8(text, source).await?;
    fill(app, text, Place::Hunt(hunt)).await
}

async fn fill(app: &App, text: impl BufRead + Send + 'static, place: Place) -> Result<TakenIn, Problem> {
    let (send, mut parts) = mpsc::channel(PARTS_WAITING);
    let reading = tokio::task::spawn_blocking(move || read(text, &send));
    let mut room = place.room(app).await?;
    let mut taken = TakenIn::default();
    while let Some(Part { mut good, bad, lines }) = parts.recv().await {
        taken.lines += lines;
        taken.bad_lines += bad.len() as u64;
        let shown = BAD_SHOWN.saturating_sub(taken.bad.len());
        taken.bad.extend(bad.into_iter().take(shown));
        let fits = good.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        taken.left_out += (good.len() - fits) as u64;
        good.truncate(fits);
        let asked = good.len() as u64;
        let added = if good.is_empty() { 0 } else { place.add(app, &good).await? };
        room -= added;
        taken.added += added;
        taken.known += asked - added;
    }
    let read = reading.await.map_err(Problem::internal)?;
    read.map_err(|error| Problem::bad_request(Message::new("api.indicators-unreadable").reason("cause", error)))?;
    Ok(taken)
}

fn read(mut text: impl BufRead, send: &mpsc::Sender<Part>) -> std::io::Result<()> {
    let (mut number, mut line) = (0, Vec::new());
    let mut part = Part { good: Vec::with_capacity(PART_LINES), bad: Vec::new(), lines: 0 };
    loop {
        line.clear();
        if text.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !line.ends_with(b"\n") && line.len() as u64 == LINE_BYTES_MAX {
            skip_line(&mut text)?;
        }
        number += 1;
        // Lists come in the encodings of whoever made them: what cannot be read spoils its own line only.
        let said = String::from_utf8_lossy(&line);
        let said = said.trim();
        if said.is_empty() || said.starts_with('#') {
            continue;
        }
        part.lines += 1;
        match Indicator::read(said) {
            Ok(Indicator { kind, value }) => {
                part.good.push(NewIndicator { kind: kind.name().to_owned(), value: value.into() });
            }
            Err(why) => part.bad.push(Bad { line: number, text: said.chars().take(BAD_CHARS).collect(), why }),
        }
        if part.good.len() + part.bad.len() >= PART_LINES {
            let full = std::mem::replace(&mut part, Part { good: Vec::new(), bad: Vec::new(), lines: 0 });
            if send.blocking_send(full).is_err() {
                return Ok(());
            }
        }
    }
    // Nobody takes it any more when the store failed.
    let _ = send.blocking_send(part);
    Ok(())
}

fn skip_line(text: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let held = text.fill_buf()?;
        let (used, over) = match held.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (held.len(), held.is_empty()),
        };
        text.consume(used);
        if over {
            return Ok(());
        }
    }
}

/// A compiled set that follows the store, and what else its owner looks for.
#[derive(Default)]
pub struct Watched {
    live: Arc<LiveIndicators>,
    /// Of what is compiled; nothing was yet when absent. Held while compiling, so that it happens once.
    version: Mutex<Option<i64>>,
    more: std::sync::Mutex<Vec<Indicator>>,
}

impl Watched {
    /// Looks for these beside what is in the store.
    pub fn with(more: Vec<Indicator>) -> Watched {
        Watched { more: std::sync::Mutex::new(more), ..Watched::default() }
    }

    pub fn live(&self) -> Arc<LiveIndicators> {
        self.live.clone()
    }

    /// Looks for others beside what is in the store; the next look takes them.
    pub async fn replace_more(&self, more: Vec<Indicator>) {
        *self.more.lock().unwrap_or_else(PoisonError::into_inner) = more;
        *self.version.lock().await = None;
    }

    /// Takes what is in the store by now, if that changed. Whoever watches goes on meanwhile, and takes the new set
    /// with its next question.
    pub async fn refresh(&self, app: &App) -> Result<bool, Problem> {
        let mut version = self.version.lock().await;
        let now = app.store.indicators_version().await?;
        if *version == Some(now) {
            return Ok(false);
        }
        let mut all = self.more.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut last = i64::MIN;
        loop {
            let part = app.store.indicators_after(last, READ_AT_ONCE).await?;
            let Some((id, _)) = part.last() else { break };
            last = *id;
            // A kind that this program does not know was stored by a newer one.
            all.extend(part.into_iter().filter_map(|(_, NewIndicator { kind, value })| {
                Some(Indicator { kind: IndicatorKind::named(&kind)?, value: value.into() })
            }));
        }
        let live = self.live.clone();
        blocking(move || live.replace(Indicators::new(all))).await?;
        *version = Some(now);
        Ok(true)
    }
}

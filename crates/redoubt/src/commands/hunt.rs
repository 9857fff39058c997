//! `redoubt hunt`: who met an indicator, in everything that is kept.

use super::lake::{number, time, viewed};
use super::sensor::listed;
use crate::args::Hunt;
use crate::interrupt;
use crate::output::{Exit, Failure, Output, json_line, printable};
use ::lake::{Goes, Hit, Hunting, Left, Progress, Wanted};
use jiff::Timestamp;
use jiff::civil::Date;
use model::Message;
use rules::Indicators;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;

/// Indicators and hosts that are told one by one; of more is told how many there are.
const GROUPS_MAX: usize = 100_000;
/// Files that could not be searched are named, so many of them.
const UNREADABLE_TOLD: usize = 10;

pub fn run(task: &Hunt, output: &Output) -> anyhow::Result<Exit> {
    let since = task.since.as_deref().map(moment).transpose()?;
    let until = task.until.as_deref().map(moment).transpose()?;
    let list = listed(&task.indicators, output)?.unwrap_or_default();
    let indicators = Indicators::new(list.all);
    if indicators.is_empty() {
        return Err(Failure::new(Message::new("cli.hunt-nothing")).into());
    }
    let view = viewed(task.data.as_ref(), output)?;
    interrupt::reached(Message::new("cli.hunt-stopped"));
    let hunt = ::lake::Hunt { wanted: &Wanted::new(indicators), since_us: since, until_us: until };
    let bar = crate::progress::bar(output, "cli.hunt-reading", view.files().count());
    let mut trail =
        Trail { out: output.stdout(), json: task.json, bar: &bar, met: BTreeMap::new(), more: 0, failed: None };
    let progress = view.hunt(hunt, &mut trail);
    bar.finish_and_clear();
    let Trail { mut out, met, more, failed, .. } = trail;
    if let Some(error) = failed {
        return Err(error);
    }
    if task.json {
        json_line(&mut out, &summary(&progress))?;
    } else {
        tell(&mut out, &met, more, &progress, output)?;
    }
    out.flush()?;
    interrupt::check()?;
    for Left { path, cause } in progress.unreadable.iter().take(UNREADABLE_TOLD) {
        output.note(&Message::new("cli.hunt-unreadable").with("path", path.display()).with("cause", cause));
    }
    let whole = progress.unreadable.is_empty() && view.notices().is_empty() && list.bad_lines == 0;
    Ok(if whole { Exit::Done } else { Exit::Partly })
}

/// A day, from its beginning in UTC, or a moment; microseconds since 1970.
pub(super) fn moment(text: &str) -> anyhow::Result<i64> {
    let of_day = |day: Date| jiff::tz::Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok();
    let time = text.parse::<Timestamp>().ok().or_else(|| text.parse().ok().and_then(of_day));
    let wrong = || Failure::new(Message::new("cli.hunt-bad-time").with("text", text));
    Ok(time.ok_or_else(wrong)?.as_microsecond())
}

/// Kind and value of an indicator, and the host that met it.
type Met = (&'static str, String, String);

struct Meetings {
    count: u64,
    first_us: i64,
    last_us: i64,
    /// With whom it was.
    with: Option<String>,
    column: &'static str,
}

struct Trail<'a, W: Write> {
    out: W,
    json: bool,
    bar: &'a indicatif::ProgressBar,
    met: BTreeMap<Met, Meetings>,
    /// Hits of groups that did not fit.
    more: u64,
    failed: Option<anyhow::Error>,
}

impl<W: Write> Hunting for Trail<'_, W> {
    fn hit(&mut self, hit: Hit, _: &Progress) -> Goes {
        if self.json {
            let line = json!({
                "time": Timestamp::from_microsecond(hit.time_us).unwrap_or_default(), "record": hit.table,
                "kind": hit.indicator.kind.name(), "indicator": hit.indicator.value, "column": hit.column,
                "value": hit.value, "originator": hit.originator, "responder": hit.responder,
                "community_id": hit.community_id, "protocol": hit.protocol,
            });
            if let Err(error) = json_line(&mut self.out, &line) {
                self.failed = Some(error.into());
                return Goes::Break(());
            }
        } else {
            self.group(hit);
        }
        if interrupt::stopped() { Goes::Break(()) } else { Goes::Continue(()) }
    }

    fn file(&mut self, progress: &Progress) -> Goes {
        self.bar.set_position(progress.files as u64);
        if interrupt::stopped() { Goes::Break(()) } else { Goes::Continue(()) }
    }
}

impl<W: Write> Trail<'_, W> {
    fn group(&mut self, hit: Hit) {
        // Who met it is the one that is not it.
        let host = if hit.column == "originator" { hit.responder.clone() } else { None };
        let host = host.unwrap_or_else(|| hit.originator.clone());
        let key = (hit.indicator.kind.name(), hit.indicator.value.to_string(), host);
        if self.met.len() >= GROUPS_MAX && !self.met.contains_key(&key) {
            self.more += 1;
            return;
        }
        let met = self.met.entry(key).or_insert_with(|| Meetings {
            count: 0,
            first_us: hit.time_us,
            last_us: hit.time_us,
            with: hit.responder,
            column: hit.column,
        });
        met.count += 1;
        met.first_us = met.first_us.min(hit.time_us);
        met.last_us = met.last_us.max(hit.time_us);
    }
}

fn tell(
    out: &mut impl Write,
    met: &BTreeMap<Met, Meetings>,
    more: u64,
    progress: &Progress,
    output: &Output,
) -> anyhow::Result<()> {
    let mut before = None;
    for ((kind, value, host), meetings) in met {
        if before != Some((kind, value)) {
            let shown = format!("{} {value}", output.word(&format!("cli.indicator-kind.{kind}")));
            writeln!(out, "{}", output.bold(&printable(&shown)))?;
            before = Some((kind, value));
        }
        let mut message = Message::new("cli.hunt-met")
            .with("host", host)
            .number("count", number(meetings.count))
            .with("first", time(meetings.first_us))
            .with("last", time(meetings.last_us))
            .with("where", output.word(&format!("cli.hunt-column.{}", meetings.column)));
        if let Some(with) = meetings.with.as_ref().filter(|with| *with != host && *with != value) {
            message = Message { code: "cli.hunt-met-with".into(), ..message.with("with", with) };
        }
        writeln!(out, "  {}", printable(&output.text(&message)))?;
    }
    if more > 0 {
        writeln!(out, "{}", output.text(&Message::new("cli.hunt-more").number("count", number(more))))?;
    }
    let hosts: std::collections::BTreeSet<&String> = met.keys().map(|(_, _, host)| host).collect();
    let found =
        Message::new("cli.hunt-found").number("hits", number(progress.hits)).number("hosts", hosts.len() as i64);
    writeln!(out, "{}", output.bold(&output.text(&found)))?;
    let how = Message::new("cli.hunt-how")
        .number("files", progress.files as i64)
        .number("ruled_out", progress.ruled_out as i64)
        .number("pages", progress.pages as i64)
        .number("of_pages", progress.of_pages as i64)
        .number("rows", number(progress.rows));
    writeln!(out, "{}", output.dim(&output.text(&how)))?;
    Ok(())
}

fn summary(progress: &Progress) -> serde_json::Value {
    json!({
        "hits": progress.hits, "files": progress.files, "of_files": progress.of_files, "ruled_out": progress.ruled_out,
        "by_index": progress.by_index, "whole": progress.whole, "pages": progress.pages, "of_pages": progress.of_pages,
        "rows": progress.rows, "stopped": progress.stopped,
        "unreadable": progress.unreadable,
        "without_index": progress.without_index,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_a_moment_are_times_and_other_text_is_not() {
        assert_eq!(moment("2017-05-12").unwrap(), 1_494_547_200_000_000);
        assert_eq!(moment("2017-05-12T07:44:00Z").unwrap(), 1_494_575_040_000_000);
        for text in ["", "yesterday", "2017-13-01", "12.05.2017"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}

//! `redoubt-cluster hunt`: who met an indicator, looked for by a cluster; told as `redoubt hunt --json` tells it.

use crate::beside::Beside;
use crate::client::Trouble;
use crate::hunt::{self, Sought, Told};
use crate::peers::Peers;
use crate::scheduler::runtime;
use crate::shared::Shared;
use crate::{args, course, failed, session};
use futures_util::{FutureExt, StreamExt};
use lake::{Goes, Hit, Hunt, Hunting, Progress, Wanted};
use model::Message;
use query::{Cluster, Limits};
use rules::Indicators;
use serde_json::json;
use std::fmt::Display;
use std::io::{BufWriter, Seek, Write};

/// A hunt is cut into so many parts at most, which executors take as they have cores.
const PARTS: usize = 64;

pub fn run(task: args::Hunt) -> Result<(), Message> {
    let peers = Peers::open(task.certificates.as_deref())?;
    let listed = |error: &dyn Display| {
        Message::new("query.cluster-list").with("path", task.indicators.display()).with("cause", error)
    };
    let text = std::fs::read_to_string(&task.indicators).map_err(|error| listed(&error))?;
    let (indicators, bad) = Indicators::read(&text);
    if let Some(bad) = bad.first() {
        return Err(listed(&format_args!("{}: {}", bad.line, bad.text)));
    }
    let no_lake =
        |error: &dyn Display| Message::new("query.cluster-lake").with("path", task.lake.display()).with("cause", error);
    let folder = task.lake.canonicalize().map_err(|error| no_lake(&error))?;
    let shared = Shared::at(&folder)?;
    // Before the runtime is there: a lake waits for its tables by itself.
    let view = match shared.bucket() {
        Some(bucket) => lake::View::shared(&folder, bucket),
        None => lake::View::of(&folder),
    };
    let view = view.map_err(|error| no_lake(&error))?;
    let time = |time: Option<jiff::Timestamp>| time.map(jiff::Timestamp::as_microsecond);
    let cluster = Cluster { scheduler: task.scheduler.clone(), certificates: task.certificates.clone() };
    let over = Over { since_us: time(task.since), until_us: time(task.until), shared: &shared };
    let (read, mut hits) = runtime()?.block_on(over.hunt(view, indicators, &cluster, &peers))?;
    let told = |error: std::io::Error| failed("query.result")(&error);
    let mut out = std::io::stdout().lock();
    hits.rewind().map_err(told)?;
    std::io::copy(&mut hits, &mut out).map_err(told)?;
    writeln!(out, "{}", json!(read)).map_err(told)
}

struct Over<'a> {
    since_us: Option<i64>,
    until_us: Option<i64>,
    shared: &'a Shared,
}

impl Over<'_> {
    /// What was read, and a file of the hits. They are told when all of them are there: a hunt that is given again finds
    /// them again.
    async fn hunt(
        &self,
        view: lake::View,
        indicators: Indicators,
        cluster: &Cluster,
        peers: &Peers,
    ) -> Result<(Progress, std::fs::File), Message> {
        let broken = |error: &dyn Display| failed("query.cluster-plan")(error);
        let mut beside = Beside::new(self.shared).await?;
        let lines: String = indicators.iter().map(|one| format!("{},{}\n", one.kind.name(), one.value)).collect();
        let list = beside.put("indicators", lines.into_bytes()).await?;
        let list = list.strip_prefix(self.shared.root()).map_err(|error| broken(&error))?.to_owned();
        let files: Vec<_> = view.files().filter(|file| self.concerns(file)).cloned().collect();
        let sought = Sought { list, since_us: self.since_us, until_us: self.until_us };
        let plan = hunt::plan(&files, PARTS, sought).map_err(|error| broken(&error))?;
        let (read, mut hits) = if files.is_empty() {
            (Progress::default(), tempfile::tempfile().map_err(|error| broken(&error))?)
        } else {
            let config = session::config(peers);
            let take = |rows| taken(rows, files.len()).boxed();
            course::run(cluster, peers, &plan, &config, &Limits::default(), take).await?
        };
        // What is in the log only is looked through here.
        let wanted = Wanted::new(indicators);
        let hunt = Hunt { wanted: &wanted, since_us: self.since_us, until_us: self.until_us };
        let mut trail = Trail { out: &mut hits, broken: None };
        let progress = view.without_files().hunt(hunt, &mut trail);
        if let Some(error) = trail.broken {
            return Err(failed("query.result")(&error));
        }
        let mut all = read;
        all.add(hunt::below(progress, self.shared.root()));
        all.unreadable.sort();
        all.without_index.sort();
        Ok((all, hits))
    }

    fn concerns(&self, file: &lake::DataFile) -> bool {
        lake::Table::named(file.table).is_some_and(|table| table.is_hunted)
            && self.since_us.is_none_or(|since| file.last_us >= since)
            && self.until_us.is_none_or(|until| file.first_us < until)
    }
}

/// Takes hits into a file, and checks that every file was looked at once.
async fn taken(
    mut rows: datafusion::execution::SendableRecordBatchStream,
    files: usize,
) -> Result<(Progress, std::fs::File), Trouble> {
    let broke = |error: &dyn Display| Trouble::Broke(error.to_string());
    let file = tempfile::tempfile().map_err(|error| Trouble::Refused(failed("query.result")(&error)))?;
    let mut out = BufWriter::new(file);
    let (mut read, mut hits) = (Progress::default(), 0);
    while let Some(rows) = rows.next().await {
        for told in hunt::told(&rows.map_err(|error| broke(&error))?).map_err(|error| broke(&error))? {
            match told {
                Told::Read(part) => read.add(*part),
                Told::Hit(hit) => {
                    hits += 1;
                    let line = writeln!(out, "{}", line(&hit));
                    line.map_err(|error| Trouble::Refused(failed("query.result")(&error)))?;
                }
            }
        }
    }
    if hits != read.hits || read.of_files != files || read.stopped {
        return Err(broke(&format_args!("{hits} of {} hits in {} of {files} files", read.hits, read.of_files)));
    }
    let file = out.into_inner().map_err(|error| Trouble::Refused(failed("query.result")(&error.error())))?;
    Ok((read, file))
}

/// Tells hits of what waits.
struct Trail<'a> {
    out: &'a mut std::fs::File,
    broken: Option<std::io::Error>,
}

impl Hunting for Trail<'_> {
    fn hit(&mut self, hit: Hit, _: &Progress) -> Goes {
        match writeln!(self.out, "{}", line(&hit)) {
            Ok(()) => Goes::Continue(()),
            Err(error) => {
                self.broken = Some(error);
                Goes::Break(())
            }
        }
    }
}

fn line(hit: &Hit) -> serde_json::Value {
    json!({
        "time": jiff::Timestamp::from_microsecond(hit.time_us).unwrap_or_default(), "record": hit.table,
        "kind": hit.indicator.kind.name(), "indicator": hit.indicator.value, "column": hit.column,
        "value": hit.value, "originator": hit.originator, "responder": hit.responder,
        "community_id": hit.community_id, "protocol": hit.protocol,
    })
}

//! Judges all hosts again when the knowledge or the day is another, and keeps what the overview needs of the fleet.

use crate::jobs::{Stop, Work};
use api::rooms::{self, knowledge_version};
use api::session::word;
use api::state::App;
use api::wire::jobs::{JobKind, Notice};
use model::{HostId, Message};
use rayon::prelude::*;
use remedy::fleet::Profile;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Act, JobFilter, JobState, NewJob};

/// Hosts judged and stored at a time; each judgement lists every open vulnerability of its host.
const HOSTS_AT_ONCE: u32 = 48;
/// Setting: what the stored judgements were made for.
const JUDGED_FOR: &str = "judged-for";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Reached {
    after: Option<HostId>,
    done: u64,
}

pub async fn run(work: &Work) -> Result<Value, Stop> {
    let app = &work.app;
    let mut reached: Reached =
        work.job.checkpoint.clone().and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default();
    let total = app.store.host_count().await?.unsigned_abs();
    let wanted = wanted(app);
    let (knowledge, day) = (app.knowledge(), app.day());
    let version = knowledge_version(&knowledge);
    loop {
        work.step(reached.done, total, Some(Message::new("api.job-reassess"))).await?;
        let hosts = app.store.hosts_after(reached.after.as_ref(), HOSTS_AT_ONCE).await?;
        let Some(last) = hosts.last().map(|host| host.id.clone()) else { break };
        reached.done += hosts.len() as u64;
        let knowledge = knowledge.clone();
        let judged = rooms::blocking(move || {
            let judge = |host: &model::Host| rooms::judged(host, &knowledge, day);
            hosts.par_iter().map(judge).collect::<Result<Vec<_>, _>>()
        })
        .await??;
        app.store.store_judgements(&judged, &version, &app.act()).await?;
        reached.after = Some(last);
        work.checkpoint(&json!(reached)).await?;
    }
    app.store.sweep_profiles().await?;
    app.store.set_setting(JUDGED_FOR, &wanted, &app.act()).await?;
    refresh_fleet(app).await?;
    app.notify(Notice::Hosts { changed: reached.done });
    Ok(json!({ "hosts": reached.done }))
}

/// What judgements of today would be made for.
fn wanted(app: &App) -> Value {
    json!({ "day": app.day(), "knowledge": knowledge_version(&app.knowledge()), "form": Profile::FORM })
}

/// Queues a job that judges all hosts again, when the stored judgements are of another day or other knowledge.
pub async fn queue_when_due(app: &App) -> Result<(), store::Error> {
    let wanted = wanted(app);
    if app.store.setting(JUDGED_FOR).await?.is_some_and(|judged_for| judged_for == wanted) {
        return Ok(());
    }
    let act = Act::at(app.now());
    if app.store.host_count().await? == 0 {
        return app.store.set_setting(JUDGED_FOR, &wanted, &act).await;
    }
    let kind = word(&JobKind::Reassess);
    let filter =
        JobFilter { kinds: vec![kind.clone()], states: vec![JobState::Queued, JobState::Running], owner: None };
    if app.store.jobs(&filter, None, 1).await?.rows.is_empty() {
        let new = NewJob { kind, params: Value::Null, owner: "system".to_owned(), home: String::new() };
        app.store.queue_job(&new, &act).await?;
    }
    Ok(())
}

/// What comes into an empty store is judged for today: it is not judged again when the server starts. The command line
/// fills a store that no server has seen.
pub async fn begin(app: &App) -> Result<(), store::Error> {
    if app.store.setting(JUDGED_FOR).await?.is_some() || app.store.host_count().await? > 0 {
        return Ok(());
    }
    app.store.set_setting(JUDGED_FOR, &wanted(app), &Act::at(app.now())).await
}

/// Keeps the day's point of the trend.
pub async fn refresh_fleet(app: &App) -> Result<(), store::Error> {
    app.store.record_trend(app.day(), &app.act()).await?;
    Ok(())
}

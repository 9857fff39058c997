//! What endpoints tell: each batch once, first into the lake and then into the store, after which the endpoint lets go of it.

use super::Activities;
use api::endpoints::id_of;
use api::state::App;
use api::wire::jobs::Notice;
use inventory::Limits;
use link::{Batch, Outcome, Refusal};
use policy::telling::{INVENTORY_KIND, Stopped, TOLD_KIND, Told, What, read};
use policy::{EndpointId, Origin};
use std::time::Duration;
use store::{DeniedFile, ToldBatch};

const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Whether a batch is told by an endpoint, and not rows of the lake.
pub fn is_of_endpoints(kind: &str) -> bool {
    kind == TOLD_KIND || kind == INVENTORY_KIND
}

/// Keeps a batch that is the next one of its source.
pub async fn take(app: &App, activities: &Activities, source: &str, batch: Batch) -> Result<Outcome, Refusal> {
    let collector = source.rsplit_once('/').map_or(source, |(collector, _)| collector);
    let id = id_of(collector).ok_or_else(|| Refusal::Malformed("source: no endpoint has this name".to_owned()))?;
    let reached = app.store.endpoints().reached(source).await.map_err(|error| failed(source, &error))?;
    if reached.is_some_and(|reached| batch.sequence <= reached) {
        return Ok(Outcome::Known);
    }
    let told = match batch.kind.as_str() {
        TOLD_KIND => read(&batch.bytes).map_err(|why| Refusal::Malformed(format!("values: {why}")))?,
        _ => {
            take_inventory(app, &id, &batch).await?;
            Vec::new()
        }
    };
    // Before the batch counts as kept: whatever ends in between, it is sent again and denied then.
    for one in &told {
        if let What::Stopped(stopped) = &one.what {
            deny(app, &id, stopped).await.map_err(|problem| failed(source, &super::said(&problem)))?;
        }
    }
    let kept = activities.keep(app, source, batch.sequence, &id, &told).await;
    kept.map_err(|error| failed(source, &error))?;
    let batch = ToldBatch { source, endpoint: &id, sequence: batch.sequence, told: &told };
    let is_new = app.store.endpoints().put_told(batch, &app.act()).await.map_err(|error| failed(source, &error))?;
    if is_new {
        app.learn_spread(&id, &told);
        notify(app, &id, &told);
    }
    Ok(if is_new { Outcome::Taken } else { Outcome::Known })
}

fn failed(source: &str, cause: &dyn std::fmt::Display) -> Refusal {
    tracing::error!(%cause, source, "what an endpoint told cannot be stored; it is sent again");
    Refusal::Busy { again_after: AGAIN_AFTER }
}

fn notify(app: &App, id: &EndpointId, told: &[Told]) {
    let matters = |one: &&Told| !matches!(one.what, What::Ran(_) | What::Gap { .. } | What::Happened(_));
    if told.iter().any(|one| matters(&one)) {
        app.notify(Notice::Endpoint { endpoint: id.0.clone() });
    }
}

/// Denies what an incident was made with on all endpoints, where nobody vouches for it: an endpoint in the hands of an
/// attacker could otherwise have a shell denied everywhere.
async fn deny(app: &App, id: &EndpointId, stopped: &Stopped) -> Result<(), api::Problem> {
    let Some(program) = &stopped.program else { return Ok(()) };
    let (Some(sha256), Some(Origin::Nobody | Origin::ChangedPackage { .. })) = (program.sha256, &program.origin) else {
        return Ok(());
    };
    if app.store.endpoints().is_vouched_for(&sha256).await? {
        tracing::warn!(%sha256, endpoint = %id, "not denied everywhere: a package on another endpoint has this file");
        return Ok(());
    }
    let file = DeniedFile {
        sha256,
        path: program.path.clone(),
        endpoint: id.0.clone(),
        incident: stopped.incident.clone(),
        added: app.now(),
    };
    if app.deny_everywhere(&file).await? {
        tracing::warn!(%sha256, endpoint = %id, path = program.path, "denied on all endpoints after an incident");
    }
    Ok(())
}

/// An inventory is read like a file that a person sends in.
async fn take_inventory(app: &App, id: &EndpointId, batch: &Batch) -> Result<(), Refusal> {
    let (name, bytes) = (format!("endpoint-{id}.json"), batch.bytes.clone());
    let read = tokio::task::spawn_blocking(move || inventory::read(&name, &bytes, &Limits::default()));
    let reading = read.await.map_err(|_| Refusal::Busy { again_after: AGAIN_AFTER })?;
    if let Some(refusal) = reading.refusals.first() {
        let why = words::text(&refusal.message, words::Language::En);
        return Err(Refusal::Malformed(format!("values: {why}")));
    }
    let act = app.act();
    let ingested = crate::ingest::ingest(app, None, reading.observations, Vec::new(), &act).await;
    let ingested = ingested.map_err(|problem| failed(&id.0, &super::said(&problem)))?;
    let Some(host) = ingested.hosts.first() else { return Ok(()) };
    app.store.endpoints().put_host(id, &host.0, &act).await.map_err(|error| failed(&id.0, &error))?;
    let changed = ingested.hosts.len() as u64;
    app.notify(Notice::Hosts { changed });
    Ok(())
}

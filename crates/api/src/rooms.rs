//! Asks the rooms below: judges off the async threads, and stores what came of it.

use crate::Problem;
use crate::state::App;
use jiff::Timestamp;
use knowledge::Knowledge;
use model::{Business, Host, HostFacts, HostId, Observation, Source, SourceKind};
use store::{Act, Chunk, Judgement};

/// Names the knowledge a judgement was made with: its content and its catalogue.
pub fn knowledge_version(knowledge: &Knowledge) -> String {
    let content: String = knowledge.digest().chars().take(12).collect();
    match knowledge.catalogue.as_of() {
        Some(day) => format!("{content}/{day}"),
        None => content,
    }
}

/// Judges one host today.
pub async fn judge(app: &App, host: Host) -> Result<(Judgement, String), Problem> {
    let (knowledge, day) = (app.knowledge(), app.day());
    let version = knowledge_version(&knowledge);
    let assessment = tokio::task::spawn_blocking(move || situation::assess(&host, &knowledge, day))
        .await
        .map_err(Problem::internal)?;
    Ok((Judgement { exposure: assessment.exposure, plan: assessment.plan }, version))
}

/// Keeps what a person says of a host as a statement of its own, merges, judges and stores it at once.
pub async fn say_business(app: &App, id: &HostId, business: Business, by: &str, act: &Act) -> Result<(), Problem> {
    let host = app.store.host(id).await?;
    let said = manual(&host.facts, business, by, act.now);
    let mut observations: Vec<Observation> =
        app.store.observations(id).await?.into_iter().map(|kept| kept.observation).collect();
    observations.push(said.clone());
    let merged = inventory::merge(id.clone(), &observations);
    let (judgement, version) = judge(app, merged.clone()).await?;
    let chunk = Chunk {
        observations: vec![(id.clone(), said)],
        hosts: vec![merged],
        judgements: vec![judgement],
        knowledge: version,
        ..Chunk::default()
    };
    app.store.store_chunk(None, &chunk, act).await?;
    Ok(())
}

/// A typed-in statement. It carries what identifies the machine, so that later imports keep it with its host.
fn manual(known: &HostFacts, business: Business, by: &str, now: Timestamp) -> Observation {
    let facts = HostFacts {
        name: known.name.clone(),
        domain: known.domain.clone(),
        product_id: known.product_id.clone(),
        macs: known.macs.clone(),
        addresses: known.addresses.clone(),
        business,
        ..HostFacts::default()
    };
    let source = Source { kind: SourceKind::Manual, path: by.to_owned(), sha256: String::new(), observed: Some(now) };
    Observation { source, facts, oddities: Vec::new() }
}

/// Runs work that keeps a processor busy, away from the async threads.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
}

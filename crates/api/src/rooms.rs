//! Asks the rooms below: judges off the async threads, and stores what came of it.

use crate::Problem;
use crate::state::App;
use jiff::Timestamp;
use jiff::civil::Date;
use knowledge::Knowledge;
use model::{Business, Host, HostFacts, HostId, Observation, Source, SourceKind};
use remedy::fleet::{Member, Profile};
use store::{Act, Chunk, Judged, Judgement};

/// Names the knowledge a judgement was made with: its content and its catalogue.
pub fn knowledge_version(knowledge: &Knowledge) -> String {
    let content: String = knowledge.digest().chars().take(12).collect();
    match knowledge.catalogue.as_of() {
        Some(day) => format!("{content}/{day}"),
        None => content,
    }
}

/// Judges one host today.
pub async fn judge(app: &App, host: Host) -> Result<(Judged, String), Problem> {
    let (knowledge, day) = (app.knowledge(), app.day());
    let version = knowledge_version(&knowledge);
    Ok((blocking(move || judged(&host, &knowledge, day)).await??, version))
}

/// A host judged, with the profile by which the fleet counts it.
pub fn judged(host: &Host, knowledge: &Knowledge, day: Date) -> Result<Judged, store::Error> {
    let situation::Assessment { exposure, plan } = situation::assess(host, knowledge, day);
    let judgement = Judgement { exposure, plan };
    Ok(Judged { profile: profile(host, &judgement)?, judgement })
}

/// What a judged host is to the fleet, as it is stored.
pub fn profile(host: &Host, judgement: &Judgement) -> Result<store::Profile, store::Error> {
    let member = Member::of(host, &judgement.exposure, &judgement.plan);
    store::Profile::new(Profile::FORM, &member.profile)
}

/// Keeps what a person says of a host as a statement of its own, merges, judges and stores it at once.
pub async fn say_business(app: &App, id: &HostId, business: Business, by: &str, act: &Act) -> Result<(), Problem> {
    let host = app.store.host(id).await?;
    let said = manual(&host.facts, business, by, act.now);
    let mut observations: Vec<Observation> =
        app.store.observations(id).await?.into_iter().map(|kept| kept.observation).collect();
    observations.push(said.clone());
    let merged = inventory::merge(id.clone(), &observations);
    let (judged, version) = judge(app, merged.clone()).await?;
    let chunk = Chunk {
        observations: vec![(id.clone(), said)],
        hosts: vec![merged],
        judgements: vec![judged],
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

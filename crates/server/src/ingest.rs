//! From observations to stored, judged hosts: finds the machine each is of, merges, judges, and stores in chunks.
//!
//! However many observations come, only a slice of them is sorted out at a time, and only the hosts of one chunk stand
//! judged in memory: a judgement lists every open vulnerability of a host and is a hundred times as large as its facts.

use api::rooms::{self, knowledge_version};
use api::state::{App, KnowledgeHandle};
use jiff::civil::Date;
use model::{Host, HostId, Observation};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use store::{Act, Checkpoint, Chunk, FileOutcome, ImportId, Judged, observation_digest};

/// Observations that are sorted out at a time: what belongs together in one import mostly meets here, and what does
/// not meet here finds its host in the store.
const OBSERVATIONS_IN_SLICE: usize = 5000;
/// Hosts judged and stored in one transaction. A judgement lists every open vulnerability of its host and takes most of a
/// megabyte until it is packed, and what the allocator was once given it keeps.
const HOSTS_IN_CHUNK: usize = 48;

/// What ingesting changed.
#[derive(Debug, Default)]
pub struct Ingested {
    pub new: u64,
    pub known: u64,
    pub hosts: BTreeSet<HostId>,
}

/// Stores observations with the files they came from. What is to be recorded is recorded once, with the first chunk. The files are noted with the last chunk: what is interrupted
/// before is read again, and storing the same again changes nothing.
pub async fn ingest(
    app: &App,
    import: Option<ImportId>,
    observations: Vec<Observation>,
    files: Vec<FileOutcome>,
    act: &Act,
) -> Result<Ingested, api::Problem> {
    ingest_for(app, import, observations, files, act, |_| None).await
}

/// [`ingest`] for a job: what `checkpoint` makes of all that was changed is noted with the last chunk too.
pub async fn ingest_for(
    app: &App,
    import: Option<ImportId>,
    observations: Vec<Observation>,
    files: Vec<FileOutcome>,
    act: &Act,
    checkpoint: impl FnOnce(&Ingested) -> Option<Checkpoint>,
) -> Result<Ingested, api::Problem> {
    crate::assess::begin(app).await?;
    let mut ingested = Ingested::default();
    let mut act = act.clone();
    let mut rest = observations.into_iter();
    loop {
        let slice: Vec<Observation> = rest.by_ref().take(OBSERVATIONS_IN_SLICE).collect();
        let mut changed = sort_out(app, slice).await?;
        let last_slice = rest.len() == 0;
        while changed.len() > HOSTS_IN_CHUNK || (!last_slice && !changed.is_empty()) {
            let more = changed.split_off(changed.len().min(HOSTS_IN_CHUNK));
            let chunk = judge(app, std::mem::replace(&mut changed, more)).await?;
            store_chunk(app, import, &chunk, &act, &mut ingested).await?;
            act.audit = None;
        }
        if last_slice {
            let mut chunk = judge(app, changed).await?;
            note(&mut ingested, &chunk);
            chunk.files = files;
            chunk.checkpoint = checkpoint(&ingested);
            store_chunk(app, import, &chunk, &act, &mut ingested).await?;
            ingested.known = ingested.hosts.len() as u64 - ingested.new;
            return Ok(ingested);
        }
    }
}

async fn store_chunk(
    app: &App,
    import: Option<ImportId>,
    chunk: &Chunk,
    act: &Act,
    ingested: &mut Ingested,
) -> Result<(), api::Problem> {
    ingested.new += app.store.store_chunk(import, chunk, act).await?.hosts_new;
    note(ingested, chunk);
    Ok(())
}

fn note(ingested: &mut Ingested, chunk: &Chunk) {
    ingested.hosts.extend(chunk.hosts.iter().map(|host| host.id.clone()));
}

/// A machine of which something is said: everything known of it, what of that is said now, and the records that turn
/// out to be the same machine.
struct Changed {
    id: HostId,
    observations: Vec<Observation>,
    said: Vec<Observation>,
    absorbs: Vec<HostId>,
}

/// Puts new observations to the machines they are of.
async fn sort_out(app: &App, new: Vec<Observation>) -> Result<Vec<Changed>, api::Problem> {
    let keys: BTreeSet<String> = new.iter().flat_map(|seen| store::host_keys(&seen.facts)).collect();
    let candidates: BTreeSet<HostId> = app.store.hosts_with_keys(&keys).await?.into_values().flatten().collect();
    let kept = app.store.observations_of(&candidates.into_iter().collect::<Vec<_>>()).await?;
    Ok(rooms::blocking(move || settle(kept, new)).await??)
}

/// An observation is known by its digest: the same statement read again is the same observation, and the later reading
/// of it stands.
fn settle(kept: BTreeMap<HostId, Vec<Observation>>, new: Vec<Observation>) -> Result<Vec<Changed>, store::Error> {
    let mut owner: HashMap<String, HostId> = HashMap::new();
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut pool: Vec<Observation> = Vec::new();
    for (id, observations) in kept {
        for seen in observations {
            let digest = observation_digest(&seen)?;
            owner.insert(digest.clone(), id.clone());
            place.insert(digest, pool.len());
            pool.push(seen);
        }
    }
    let mut said: HashSet<String> = HashSet::new();
    for seen in new {
        let digest = observation_digest(&seen)?;
        match place.get(&digest) {
            Some(at) if pool[*at].source.observed < seen.source.observed => pool[*at] = seen,
            Some(_) => {}
            None => {
                place.insert(digest.clone(), pool.len());
                pool.push(seen);
            }
        }
        said.insert(digest);
    }
    let groups = inventory::grouped(pool);
    let ids: BTreeSet<HostId> = groups.keys().cloned().collect();
    let mut gone: BTreeSet<HostId> = BTreeSet::new();
    let mut changed = Vec::new();
    for (id, observations) in groups {
        let (mut new, mut absorbs) = (Vec::new(), Vec::new());
        for seen in &observations {
            let digest = observation_digest(seen)?;
            if let Some(was) = owner.get(&digest).filter(|was| !ids.contains(*was)) {
                // The first group that takes something of a record takes the record.
                if gone.insert(was.clone()) {
                    absorbs.push(was.clone());
                }
            }
            if said.contains(&digest) {
                new.push(seen.clone());
            }
        }
        if !new.is_empty() || !absorbs.is_empty() {
            changed.push(Changed { id, observations, said: new, absorbs });
        }
    }
    Ok(changed)
}

/// Merges and judges machines on every core.
async fn judge(app: &App, changed: Vec<Changed>) -> Result<Chunk, api::Problem> {
    let (knowledge, day) = (app.knowledge(), app.day());
    let version = knowledge_version(&knowledge);
    let one = move |changed: Changed, knowledge: &KnowledgeHandle, day: Date| {
        let host = inventory::merge(changed.id.clone(), &changed.observations);
        let judged = rooms::judged(&host, knowledge, day)?;
        Ok::<(Changed, Host, Judged), store::Error>((changed, host, judged))
    };
    let judged = rooms::blocking(move || {
        changed.into_par_iter().map(|changed| one(changed, &knowledge, day)).collect::<Result<Vec<_>, _>>()
    })
    .await??;
    let mut chunk = Chunk { knowledge: version, ..Chunk::default() };
    for (Changed { id, said, absorbs, .. }, host, judged) in judged {
        chunk.observations.extend(said.into_iter().map(|seen| (id.clone(), seen)));
        chunk.absorbed.extend(absorbs.into_iter().map(|gone| (gone, id.clone())));
        chunk.hosts.push(host);
        chunk.judgements.push(judged);
    }
    Ok(chunk)
}

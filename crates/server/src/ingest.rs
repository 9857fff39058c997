//! From observations to stored, judged hosts: finds the machine each is of, merges, judges, and stores in chunks.

use api::rooms::{self, knowledge_version};
use api::state::{App, KnowledgeHandle};
use jiff::civil::Date;
use model::{Host, HostId, Observation};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use store::{Act, Chunk, FileOutcome, ImportId, Judgement, StoredChunk};

/// Hosts stored in one transaction: large enough to be fast, small enough not to keep others waiting.
const HOSTS_IN_CHUNK: usize = 500;

/// What ingesting changed.
#[derive(Debug, Default)]
pub struct Ingested {
    pub new: u64,
    pub known: u64,
    pub hosts: Vec<HostId>,
}

/// A host with what is new of it.
struct Changed {
    host: Host,
    new: Vec<Observation>,
    judgement: Judgement,
}

/// Stores observations with the files they came from. The files are noted with the last chunk: what is interrupted
/// before is read again, and storing the same again changes nothing.
pub async fn ingest(
    app: &App,
    import: Option<ImportId>,
    observations: Vec<Observation>,
    files: Vec<FileOutcome>,
    act: &Act,
) -> Result<Ingested, api::Problem> {
    let keys: BTreeSet<String> = observations.iter().flat_map(|seen| store::host_keys(&seen.facts)).collect();
    let candidates: BTreeSet<HostId> = app.store.hosts_with_keys(&keys).await?.into_values().flatten().collect();
    let candidates: Vec<HostId> = candidates.into_iter().collect();
    let kept = app.store.observations_of(&candidates).await?;
    let (knowledge, day) = (app.knowledge(), app.day());
    let version = knowledge_version(&knowledge);
    let (changed, absorbed) = rooms::blocking(move || settle(kept, observations, &knowledge, day)).await?;

    let mut ingested = Ingested::default();
    let mut files = Some(files);
    let mut absorbed = Some(absorbed);
    let mut rest = changed.into_iter().peekable();
    loop {
        let mut chunk =
            Chunk { knowledge: version.clone(), absorbed: absorbed.take().unwrap_or_default(), ..Chunk::default() };
        for changed in rest.by_ref().take(HOSTS_IN_CHUNK) {
            let id = changed.host.id.clone();
            chunk.observations.extend(changed.new.into_iter().map(|seen| (id.clone(), seen)));
            chunk.hosts.push(changed.host);
            chunk.judgements.push(changed.judgement);
            ingested.hosts.push(id);
        }
        let last = rest.peek().is_none();
        if last {
            chunk.files = files.take().unwrap_or_default();
        }
        let StoredChunk { hosts_new, hosts_known } = app.store.store_chunk(import, &chunk, act).await?;
        ingested.new += hosts_new;
        ingested.known += hosts_known;
        if last {
            return Ok(ingested);
        }
    }
}

/// Puts new observations to the machines they are of, and judges those machines.
fn settle(
    kept: BTreeMap<HostId, Vec<Observation>>,
    new: Vec<Observation>,
    knowledge: &KnowledgeHandle,
    day: Date,
) -> (Vec<Changed>, Vec<(HostId, HostId)>) {
    // An observation is known by its text: it has no id of its own.
    let mut owner: HashMap<String, HostId> = HashMap::new();
    let mut pool = Vec::new();
    for (id, observations) in kept {
        for seen in observations {
            owner.insert(text(&seen), id.clone());
            pool.push(seen);
        }
    }
    let fresh: HashSet<String> = new.iter().map(text).filter(|text| !owner.contains_key(text)).collect();
    let repeated: HashSet<String> = new.iter().map(text).filter(|text| owner.contains_key(text)).collect();
    pool.extend(new.into_iter().filter(|seen| fresh.contains(&text(seen))));
    let groups = inventory::grouped(pool);

    let mut absorbed: BTreeMap<HostId, HostId> = BTreeMap::new();
    for (id, observations) in &groups {
        for was in observations.iter().filter_map(|seen| owner.get(&text(seen))) {
            if was != id && !groups.contains_key(was) {
                absorbed.entry(was.clone()).or_insert_with(|| id.clone());
            }
        }
    }
    let changed = groups
        .into_par_iter()
        .filter_map(|(id, observations)| {
            let texts: Vec<String> = observations.iter().map(text).collect();
            let touched = texts.iter().any(|text| fresh.contains(text) || repeated.contains(text))
                || absorbed.values().any(|into| *into == id);
            touched.then(|| {
                let host = inventory::merge(id, &observations);
                let new = observations
                    .into_iter()
                    .zip(texts)
                    .filter(|(_, text)| fresh.contains(text) || repeated.contains(text))
                    .map(|(seen, _)| seen)
                    .collect();
                let judged = situation::assess(&host, knowledge, day);
                Changed { host, new, judgement: Judgement { exposure: judged.exposure, plan: judged.plan } }
            })
        })
        .collect();
    (changed, absorbed.into_iter().collect())
}

fn text(seen: &Observation) -> String {
    serde_json::to_string(seen).unwrap_or_default()
}

//! Which observations are of the same machine.

use super::{facts::merge, identity};
use model::{Host, HostFacts, HostId, Message, Observation, Oddity, SourceKind};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

/// The hosts of an import: observations of one machine become one host.
pub fn hosts(observations: Vec<Observation>) -> Vec<Host> {
    finish(Groups::default().gather(observations, false))
}

/// The hosts of an assessment: every `systeminfo` is a host of its own, even when names repeat; what else is there
/// joins the one it belongs to by file name, machine name or address, or stands for itself.
pub fn snapshots(observations: Vec<Observation>) -> Vec<Host> {
    finish(Groups::default().gather(observations, true))
}

/// File name of a path, also inside an archive.
pub(crate) fn file_name(path: &str) -> String {
    path.rsplit(['/', '\\', '!']).next().unwrap_or_default().to_owned()
}

fn finish(groups: Vec<Vec<Observation>>) -> Vec<Host> {
    let mut seen: HashMap<HostId, u32> = HashMap::new();
    let mut hosts = Vec::with_capacity(groups.len());
    for group in groups {
        let mut host = merge(HostId(String::new()), &group);
        let id = identity(&host.facts);
        let count = seen.entry(id.clone()).or_default();
        *count += 1;
        // Snapshots of one machine share an identity; the order of the files tells them apart.
        host.id = if *count == 1 { id } else { HostId(format!("{id}-{count}")) };
        hosts.push(host);
    }
    hosts
}

#[derive(Default)]
struct Groups {
    members: Vec<Vec<Observation>>,
    /// Identity as the group's first observation stated it.
    heads: Vec<Head>,
    by_name: HashMap<String, Vec<usize>>,
    by_address: HashMap<IpAddr, Vec<usize>>,
    by_mac: HashMap<String, Vec<usize>>,
    by_stem: HashMap<String, Vec<usize>>,
}

#[derive(Default)]
struct Head {
    domain: Option<String>,
    product_id: Option<String>,
    folder: String,
}

impl Groups {
    fn gather(mut self, observations: Vec<Observation>, snapshots: bool) -> Vec<Vec<Observation>> {
        // What identifies a machine best comes first; inside that, the order given.
        let mut ranked: Vec<(u8, Observation)> = observations.into_iter().map(|o| (rank(&o), o)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        for (_, observation) in ranked {
            let own = snapshots && observation.source.kind == SourceKind::Systeminfo;
            match if own { None } else { self.find(&observation) } {
                Some(group) => self.join(group, observation),
                None => self.open(observation),
            }
        }
        self.members
    }

    fn find(&self, observation: &Observation) -> Option<usize> {
        let facts = &observation.facts;
        if is_list(observation.source.kind)
            && let Some(group) = self.by_file(observation)
        {
            return Some(group);
        }
        if let Some(name) = &facts.name {
            let same: Vec<usize> = self.named(name).iter().copied().filter(|&group| self.fits(group, facts)).collect();
            return match same.as_slice() {
                [] => None,
                [only] => Some(*only),
                several => self.narrow(several, facts),
            };
        }
        let by_mac = facts.macs.iter().find_map(|mac| only(self.by_mac.get(mac)));
        by_mac.or_else(|| facts.addresses.iter().find_map(|address| only(self.by_address.get(address))))
    }

    fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Nothing that both state differs.
    fn fits(&self, group: usize, facts: &HostFacts) -> bool {
        let Some(head) = self.heads.get(group) else { return false };
        same_domain(head.domain.as_deref(), facts.domain.as_deref())
            && match (&head.product_id, &facts.product_id) {
                (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
                _ => true,
            }
    }

    /// Of several machines of one name, the one with the observation's address.
    fn narrow(&self, groups: &[usize], facts: &HostFacts) -> Option<usize> {
        let with_address = |group: &&usize| {
            facts
                .addresses
                .iter()
                .any(|address| self.by_address.get(address).is_some_and(|found| found.contains(group)))
        };
        let mut found = groups.iter().filter(with_address);
        match (found.next(), found.next()) {
            (Some(group), None) => Some(*group),
            _ => None,
        }
    }

    /// `X_qfe.txt` belongs to `X_systeminfo.txt`, and `HOSTNAME.txt` to the host of that name.
    fn by_file(&self, observation: &Observation) -> Option<usize> {
        let (folder, stem) = stem(&observation.source.path);
        if let Some(groups) = self.by_stem.get(&stem) {
            let near: Vec<usize> = groups
                .iter()
                .copied()
                .filter(|&group| self.heads.get(group).is_some_and(|head| head.folder == folder))
                .collect();
            let chosen = if near.is_empty() { groups.clone() } else { near };
            if let [group] = chosen.as_slice() {
                let other = observation
                    .facts
                    .name
                    .as_ref()
                    .is_some_and(|name| !self.named(name).contains(group) && !self.named(name).is_empty());
                return (!other).then_some(*group);
            }
        }
        if observation.facts.name.is_none() { only(self.by_name.get(&stem)) } else { None }
    }

    fn join(&mut self, group: usize, observation: Observation) {
        self.index(group, &observation);
        if let Some(head) = self.heads.get_mut(group) {
            head.domain = head.domain.take().or_else(|| observation.facts.domain.clone());
            head.product_id = head.product_id.take().or_else(|| observation.facts.product_id.clone());
        }
        if let Some(members) = self.members.get_mut(group) {
            members.push(observation);
        }
    }

    fn open(&mut self, mut observation: Observation) {
        let group = self.members.len();
        if is_list(observation.source.kind) && observation.facts.name.is_none() {
            name_by_file(&mut observation);
        }
        self.index(group, &observation);
        self.heads.push(Head {
            domain: observation.facts.domain.clone(),
            product_id: observation.facts.product_id.clone(),
            folder: stem(&observation.source.path).0,
        });
        self.members.push(vec![observation]);
    }

    fn index(&mut self, group: usize, observation: &Observation) {
        let facts = &observation.facts;
        if let Some(name) = &facts.name {
            push(&mut self.by_name, name.to_lowercase(), group);
        }
        for address in &facts.addresses {
            push(&mut self.by_address, *address, group);
        }
        for mac in &facts.macs {
            push(&mut self.by_mac, mac.clone(), group);
        }
        // Only files of one machine have a stem that means one.
        if observation.source.kind == SourceKind::Systeminfo || is_list(observation.source.kind) {
            push(&mut self.by_stem, stem(&observation.source.path).1, group);
        }
    }
}

fn push<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<usize>>, key: K, group: usize) {
    let groups = map.entry(key).or_default();
    if groups.last() != Some(&group) && !groups.contains(&group) {
        groups.push(group);
    }
}

fn only(groups: Option<&Vec<usize>>) -> Option<usize> {
    match groups?.as_slice() {
        [group] => Some(*group),
        _ => None,
    }
}

fn rank(observation: &Observation) -> u8 {
    match (observation.source.kind, observation.facts.name.is_some()) {
        (SourceKind::Systeminfo, true) => 0,
        (SourceKind::Manual | SourceKind::ScriptResult, true) => 1,
        (SourceKind::Nessus | SourceKind::Openvas | SourceKind::Nmap, true) => 2,
        (SourceKind::Table, true) => 3,
        (SourceKind::UpdateList | SourceKind::WantedList, true) => 4,
        (SourceKind::Systeminfo, false) => 0,
        (SourceKind::UpdateList | SourceKind::WantedList, false) => 6,
        (_, false) => 5,
    }
}

fn is_list(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::UpdateList | SourceKind::WantedList)
}

/// The same domain, as far as both say: `TEST` is `test.example.org`, and a workgroup is no domain.
fn same_domain(a: Option<&str>, b: Option<&str>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return true };
    let first = |domain: &str| domain.split('.').next().unwrap_or_default().to_lowercase();
    first(a) == first(b)
}

/// Folder and what is left of the file name without the words that say what it is.
fn stem(path: &str) -> (String, String) {
    let name = file_name(path);
    let folder =
        path.get(..path.len() - name.len()).unwrap_or_default().trim_end_matches(['/', '\\', '!']).to_lowercase();
    let base = name.rsplit_once('.').map_or(name.as_str(), |(base, _)| base).to_lowercase();
    let words: HashSet<&str> = HashSet::from([
        "systeminfo",
        "sysinfo",
        "qfe",
        "hotfix",
        "hotfixes",
        "gethotfix",
        "updates",
        "update",
        "kb",
        "kbs",
        "installed",
        "missing",
        "wanted",
        "needed",
        "patches",
        "patch",
        "dism",
        "packages",
        "wmic",
        "list",
        "补丁",
        "系统信息",
        "已安装",
        "缺失",
    ]);
    let kept: Vec<&str> =
        base.split(['_', '-', ' ', '.']).filter(|word| !word.is_empty() && !words.contains(word)).collect();
    let stem = if kept.is_empty() { file_name(&folder) } else { kept.join("-") };
    (folder, stem)
}

/// A list that names no machine is of the machine its file is named after.
fn name_by_file(observation: &mut Observation) {
    let (_, stem) = stem(&observation.source.path);
    let good = (1..=63).contains(&stem.len()) && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if good {
        let name = stem.to_uppercase();
        let message = Message::new("inventory.name-from-file").with("name", &name);
        observation.facts.name = Some(name);
        observation.oddities.push(Oddity { message, line: None });
    }
}

/// The groups of observations by host, for callers that keep the history: `(id, observations)`.
pub fn grouped(observations: Vec<Observation>) -> BTreeMap<HostId, Vec<Observation>> {
    let mut grouped: BTreeMap<HostId, Vec<Observation>> = BTreeMap::new();
    for group in Groups::default().gather(observations, false) {
        let id = identity(&merge(HostId(String::new()), &group).facts);
        grouped.entry(id).or_default().extend(group);
    }
    grouped
}

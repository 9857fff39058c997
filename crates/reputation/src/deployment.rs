//! What is brought to hosts on purpose.

use crate::arrival::{Arrival, Seconds};
use crate::hash::ProgramKey;
use crate::names::GroupNumber;
use crate::{Network, Source};
use model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};

/// A roll-out that is declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Content of the program that writes the files to hosts. A program that is only called so is none.
    pub deployer: Digest,
    /// From when until when, in seconds UTC, both included.
    pub from: i64,
    pub until: i64,
    /// Where; everywhere if empty.
    pub groups: BTreeSet<String>,
    /// What; whatever the deployer writes if empty. What is named is vouched for by whoever declared this, and not only by
    /// what hosts tell.
    pub files: BTreeSet<Digest>,
}

impl Deployment {
    /// Whether a file that its deployer wrote belongs to it.
    pub(crate) fn covers(&self, file: &Digest, at: Seconds, group: Option<&String>) -> bool {
        (self.from..=self.until).contains(&i64::from(at))
            && (self.groups.is_empty() || group.is_some_and(|group| self.groups.contains(group)))
            && (self.files.is_empty() || self.files.contains(file))
    }
}

/// Who may bring files, as arrivals have it.
#[derive(Debug)]
pub(crate) struct Sanctioned<'a> {
    managed: HashSet<ProgramKey>,
    deployers: HashMap<ProgramKey, Vec<Declared<'a>>>,
    /// Files that deployments name.
    named: HashSet<&'a Digest>,
}

#[derive(Debug)]
struct Declared<'a> {
    deployment: &'a Deployment,
    groups: Vec<GroupNumber>,
}

impl<'a> Sanctioned<'a> {
    pub fn of(network: &'a Network) -> Sanctioned<'a> {
        let mut deployers: HashMap<_, Vec<Declared>> = HashMap::new();
        for deployment in network.deployments() {
            let groups = deployment.groups.iter().filter_map(|group| network.group(group)).collect();
            deployers
                .entry(ProgramKey::content(&deployment.deployer))
                .or_default()
                .push(Declared { deployment, groups });
        }
        let managed = network.managed().iter().map(ProgramKey::content).collect();
        let named = network.deployments().flat_map(|deployment| &deployment.files).collect();
        Sanctioned { managed, deployers, named }
    }

    pub fn is_named(&self, file: &Digest) -> bool {
        self.named.contains(file)
    }

    /// Whether a host tells that who may brought the file there.
    pub fn brought(&self, file: &Digest, arrival: &Arrival) -> bool {
        let declared = |declared: &Declared| {
            let in_group = declared.deployment.groups.is_empty() || declared.groups.contains(&arrival.group);
            let anywhere = declared.deployment.groups.first();
            in_group && declared.deployment.covers(file, arrival.first, anywhere)
        };
        arrival.source == Source::Package
            || self.managed.contains(&arrival.writer)
            || self.deployers.get(&arrival.writer).is_some_and(|all| all.iter().any(declared))
    }
}

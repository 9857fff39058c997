//! Everything that is kept of a network: what sightings add up to, what the server knows of files, and what was declared.

use crate::arrival::Arrival;
use crate::baseline::{Baseline, ROLES_MAX};
use crate::file::File;
use crate::forget::forget;
use crate::hash;
use crate::names::{GroupNumber, NAMES_MAX, Names, RoleNumber};
use crate::{Deployment, Facts, Sighting};
use model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Deployments and managed sources that may be declared. Each is looked at for what its program wrote.
const DECLARED_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Files that sightings are kept of. One that one host has takes some 400 bytes, one that all have 6 KB.
    pub files: usize,
    /// Files that facts are kept of.
    pub facts: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { files: 2_000_000, facts: 2_000_000 }
    }
}

/// What is kept of a network. It serialises, and what comes back is the same.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Network {
    limits: Limits,
    groups: Names,
    roles: Names,
    /// In which groups there are hosts of which role.
    role_groups: HashSet<(RoleNumber, GroupNumber)>,
    files: HashMap<Digest, File>,
    facts: HashMap<Digest, Facts>,
    managed: BTreeSet<Digest>,
    /// By the program that deploys.
    deployments: BTreeMap<Digest, Vec<Deployment>>,
    baseline: Baseline,
    forgotten: u64,
    names_full: bool,
}

/// How much there is, and whether something found no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub files: usize,
    pub facts: usize,
    pub groups: usize,
    pub roles: usize,
    /// Files that were forgotten since there were too many. As long as it is zero, order does not matter.
    pub forgotten: u64,
    /// There are more groups or roles than are told apart.
    pub names_full: bool,
    /// There are more parents, writers or ports than are told apart.
    pub baseline_full: bool,
}

/// Adds a sighting. One that comes twice changes nothing.
pub fn fold(network: &mut Network, sighting: &Sighting) {
    network.add(sighting);
}

impl Network {
    pub fn new(limits: Limits) -> Network {
        Network { limits, ..Network::default() }
    }

    fn add(&mut self, sighting: &Sighting) {
        let (group, group_fits) = self.groups.number(&sighting.group, NAMES_MAX);
        let (role, role_fits) = self.roles.number(&sighting.role, ROLES_MAX);
        self.names_full |= !group_fits || !role_fits;
        self.role_groups.insert((role, group));
        let arrival = Arrival::of(sighting, group, role);
        let key = hash::of_digest(&sighting.file);
        self.baseline.add(key, &arrival);
        let own = sighting.source.is_own() || self.is_sanctioned(sighting, &arrival);
        self.files.entry(sighting.file).or_insert_with(|| File::new(arrival.first)).add(key, arrival, own);
        if self.files.len() > self.limits.files {
            self.forgotten += forget(&mut self.files, self.limits.files, |digest| self.facts.contains_key(digest));
        }
    }

    /// Whether it was written by who may, by what was declared so far.
    fn is_sanctioned(&self, sighting: &Sighting, arrival: &Arrival) -> bool {
        let Some(writer) = sighting.writer.as_ref().and_then(|writer| writer.sha256) else { return false };
        let covers = |deployment: &Deployment| deployment.covers(&sighting.file, arrival.first, Some(&sighting.group));
        self.managed.contains(&writer) || self.deployments.get(&writer).is_some_and(|all| all.iter().any(covers))
    }

    /// Says what the server knows of a file, in place of what it knew before. False when there is no room.
    pub fn learn(&mut self, file: Digest, facts: Facts) -> bool {
        let fits = self.facts.len() < self.limits.facts || self.facts.contains_key(&file);
        if fits {
            self.facts.insert(file, facts);
        }
        fits
    }

    /// Declares a roll-out. What hosts tell of it afterwards counts for the age of files too; all else also of what they told
    /// before. False when there is no room.
    pub fn declare(&mut self, deployment: Deployment) -> bool {
        let all: usize = self.deployments.values().map(Vec::len).sum();
        if all >= DECLARED_MAX {
            return false;
        }
        let of_deployer = self.deployments.entry(deployment.deployer).or_default();
        if !of_deployer.contains(&deployment) {
            of_deployer.push(deployment);
        }
        true
    }

    /// Declares a program, by its content, that only brings what may come: a package manager, the client of a repository of
    /// this house. False when there is no room.
    pub fn manage(&mut self, program: Digest) -> bool {
        let fits = self.managed.len() < DECLARED_MAX;
        if fits {
            self.managed.insert(program);
        }
        fits
    }

    pub fn counts(&self) -> Counts {
        Counts {
            files: self.files.len(),
            facts: self.facts.len(),
            groups: self.groups.len(),
            roles: self.roles.len(),
            forgotten: self.forgotten,
            names_full: self.names_full,
            baseline_full: self.baseline.full,
        }
    }

    pub(crate) fn file(&self, digest: &Digest) -> Option<&File> {
        self.files.get(digest)
    }

    pub(crate) fn facts(&self) -> &HashMap<Digest, Facts> {
        &self.facts
    }

    pub(crate) fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    pub(crate) fn managed(&self) -> &BTreeSet<Digest> {
        &self.managed
    }

    pub(crate) fn deployments(&self) -> impl Iterator<Item = &Deployment> {
        self.deployments.values().flatten()
    }

    pub(crate) fn group(&self, name: &str) -> Option<GroupNumber> {
        self.groups.find(name)
    }

    /// Roles in the order of the alphabet, each with its number and how many groups have hosts of it.
    pub(crate) fn roles(&self) -> Vec<(&str, RoleNumber, usize)> {
        let groups_of = |role| self.role_groups.iter().filter(|(other, _)| *other == role).count();
        self.roles.sorted().into_iter().map(|(name, role)| (name, role, groups_of(role))).collect()
    }

    /// Every file that was seen or that something is known of, in order.
    pub(crate) fn digests(&self) -> Vec<Digest> {
        let mut all: Vec<Digest> = self.files.keys().copied().collect();
        all.extend(self.facts.keys().filter(|digest| !self.files.contains_key(digest)));
        all.sort_unstable();
        all
    }
}

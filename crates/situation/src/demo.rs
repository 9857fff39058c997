//! The demo network: an invented company on one isolated network, made from `data/demo/network.toml`.
//!
//! Deterministic: the same size gives the same machines in every release, so a demo can be talked about and the
//! benchmarks measure the same fleet. The draws are our own few lines for that reason: a library's generator may
//! change its numbers between versions.

use jiff::Timestamp;
use model::{
    Business, HostFacts, ImplantSign, KbId, Observation, OsBasis, OsFacts, Port, PortState, PortStatus, Software,
    Source, SourceKind, UpdateList,
};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

/// Machines in the network as `data/demo/network.toml` counts them.
pub const SIZE: usize = 240;

/// Makes the demo network with about `size` machines, observed at `now`.
///
/// [`SIZE`] gives the network as written; other sizes scale every kind of machine, at least one of each.
pub fn network(size: usize, now: Timestamp) -> impl Iterator<Item = Observation> {
    NETWORK.machine.iter().enumerate().flat_map(move |(kind, machine)| {
        let count = (machine.count * size).div_ceil(SIZE).max(1);
        (0..count).map(move |index| machine.observe(Place { kind, index, scaled: size != SIZE }, now))
    })
}

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../data/demo/network.toml"))
        .unwrap_or_else(|error| panic!("data/demo/network.toml: {error}"))
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    machine: Vec<Machine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Machine {
    name: String,
    zone: String,
    group: String,
    network: Ipv4Addr,
    count: usize,
    value: Option<u8>,
    exposed: Option<bool>,
    patch_conflict: Option<bool>,
    os: OsFacts,
    #[serde(default)]
    updates: BTreeSet<KbId>,
    list: ListQuality,
    #[serde(default)]
    open: Vec<u16>,
    #[serde(default)]
    closed: Vec<u16>,
    needs: Option<BTreeSet<Port>>,
    software: Option<Vec<(String, String)>>,
    #[serde(default)]
    variant: Vec<Variant>,
}

/// What a share of the machines of a kind has otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    share: f64,
    #[serde(default)]
    updates: BTreeSet<KbId>,
    #[serde(default)]
    without: BTreeSet<KbId>,
    build: Option<u32>,
    version: Option<String>,
    service_pack: Option<u8>,
    list: Option<ListQuality>,
    #[serde(default)]
    open: Vec<u16>,
    implant: Option<String>,
    patch_conflict: Option<bool>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum ListQuality {
    Complete,
    CutOff,
    Unknown,
}

/// Where in the network a machine stands.
#[derive(Clone, Copy)]
struct Place {
    kind: usize,
    index: usize,
    scaled: bool,
}

impl Machine {
    fn observe(&self, place: Place, now: Timestamp) -> Observation {
        let guessed = self.os.basis == OsBasis::Guessed;
        let mut facts = self.facts(place);
        let mut quality = self.list;
        for (number, variant) in self.variant.iter().enumerate() {
            if draw(place, number) < variant.share {
                variant.apply(&mut facts);
                quality = variant.list.unwrap_or(quality);
            }
        }
        facts.updates = update_list(std::mem::take(&mut facts.updates.installed), quality);
        Observation {
            source: Source {
                kind: if guessed { SourceKind::Nmap } else { SourceKind::Manual },
                path: "demo".to_owned(),
                sha256: String::new(),
                observed: Some(now),
            },
            facts,
            oddities: Vec::new(),
        }
    }

    fn facts(&self, place: Place) -> HostFacts {
        let stated = self.os.basis != OsBasis::Guessed;
        HostFacts {
            name: (!self.name.is_empty()).then(|| format!("{}-{:03}", self.name, place.index + 1)),
            domain: stated.then(|| "CORP".to_owned()),
            addresses: BTreeSet::from([IpAddr::V4(self.address(place))]),
            os: OsFacts { basis: if stated { OsBasis::Stated } else { OsBasis::Guessed }, ..self.os.clone() },
            updates: UpdateList { installed: self.updates.clone(), ..UpdateList::default() },
            ports: ports(&self.open, PortStatus::Open).chain(ports(&self.closed, PortStatus::Closed)).collect(),
            software: self.software.as_ref().map(|programs| {
                programs
                    .iter()
                    .map(|(name, version)| Software { name: name.clone(), version: Some(version.clone()) })
                    .collect()
            }),
            business: Business {
                group: Some(self.group.clone()),
                zone: Some(self.zone.clone()),
                value: self.value,
                needs_ports: self.needs.clone(),
                patch_conflict: self.patch_conflict,
                exposed: self.exposed,
                ..Business::default()
            },
            ..HostFacts::default()
        }
    }

    /// As written for the network as written; a scaled network gives each kind its own block of 131,072 addresses.
    fn address(&self, place: Place) -> Ipv4Addr {
        let offset = place.index as u32;
        if place.scaled {
            Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 10).to_bits() + ((place.kind as u32) << 17) + offset)
        } else {
            Ipv4Addr::from_bits(self.network.to_bits() + 10 + offset)
        }
    }
}

impl Variant {
    fn apply(&self, facts: &mut HostFacts) {
        let installed = &mut facts.updates.installed;
        installed.retain(|kb| !self.without.contains(kb));
        installed.extend(&self.updates);
        facts.os.build = self.build.or(facts.os.build);
        facts.os.service_pack = self.service_pack.or(facts.os.service_pack);
        if let Some(version) = &self.version {
            facts.os.version = Some(version.clone());
        }
        facts.ports.extend(ports(&self.open, PortStatus::Open));
        if let Some(weapon) = &self.implant {
            facts.implants.push(ImplantSign {
                weapon: weapon.as_str().into(),
                evidence: "smb-double-pulsar-backdoor: Host is likely INFECTED".to_owned(),
            });
        }
        if self.patch_conflict.is_some() {
            facts.business.patch_conflict = self.patch_conflict;
        }
    }
}

fn update_list(installed: BTreeSet<KbId>, quality: ListQuality) -> UpdateList {
    let listed = installed.len() as u32;
    match quality {
        ListQuality::Unknown => UpdateList::default(),
        ListQuality::Complete => {
            UpdateList { known: true, complete: true, installed, claimed: Some(listed), listed: Some(listed) }
        }
        // A `systeminfo` that printed what it could of a longer list.
        ListQuality::CutOff => {
            UpdateList { known: true, complete: false, installed, claimed: Some(listed + 211), listed: Some(listed) }
        }
    }
}

fn ports(numbers: &[u16], status: PortStatus) -> impl Iterator<Item = (Port, PortState)> {
    numbers.iter().map(move |number| (Port::tcp(*number), PortState { status, service: None, product: None }))
}

/// A number in 0..1 that depends on the machine and the variant alone (splitmix64 finaliser).
fn draw(place: Place, variant: usize) -> f64 {
    let mut x = ((place.kind as u64) << 48) ^ ((place.index as u64) << 8) ^ variant as u64;
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_has_the_size_it_says_and_every_machine_its_own_address() {
        let hosts: Vec<_> = network(SIZE, Timestamp::UNIX_EPOCH).collect();
        assert_eq!(hosts.len(), SIZE);
        let addresses: BTreeSet<_> = hosts.iter().flat_map(|host| &host.facts.addresses).collect();
        assert_eq!(addresses.len(), SIZE);
        let names: BTreeSet<_> = hosts.iter().filter_map(|host| host.facts.name.as_ref()).collect();
        assert_eq!(names.len(), SIZE - 10, "the unmanaged machines have no name");
    }

    #[test]
    fn the_same_size_gives_the_same_network() {
        let make = || network(2_000, Timestamp::UNIX_EPOCH).collect::<Vec<_>>();
        assert_eq!(make(), make());
    }

    #[test]
    fn a_scaled_network_keeps_addresses_apart() {
        let hosts: Vec<_> = network(50_000, Timestamp::UNIX_EPOCH).collect();
        let addresses: BTreeSet<_> = hosts.iter().flat_map(|host| &host.facts.addresses).collect();
        assert_eq!(addresses.len(), hosts.len());
    }

    #[test]
    fn the_draws_spread() {
        let mean = (0..1_000).map(|index| draw(Place { kind: 3, index, scaled: false }, 1)).sum::<f64>() / 1_000.0;
        assert!((0.47..0.53).contains(&mean), "{mean}");
    }
}

//! How many bytes an action moves and how long that takes over this network.

use model::{ActionKind, KbId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MIB: u64 = 1024 * 1024;

/// Package sizes that are known, by update; the rest is estimated by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sizes {
    pub known: BTreeMap<KbId, u64>,
}

impl Sizes {
    /// Bytes of one package, and whether that is an estimate.
    ///
    /// Estimates are the order of size of the packages of the time: a hotfix for XP or 2003 under 2 MiB, a security
    /// update for 7 and later some 40 MiB, a service pack 600 MiB, a servicing stack 10 MiB, an installation medium
    /// 5 GiB. They are for planning a night, not for filling a disc.
    pub fn of(&self, kind: ActionKind, kbs: &[KbId], name: &str, system: Option<&str>) -> (u64, bool) {
        if let Some(bytes) = kbs.iter().find_map(|kb| self.known.get(kb)) {
            return (*bytes, false);
        }
        let old = system.is_some_and(|id| ["2000", "xp", "2003"].iter().any(|start| id.starts_with(start)));
        let estimate = match kind {
            ActionKind::KeyPatch if old => 2 * MIB,
            ActionKind::KeyPatch => 40 * MIB,
            ActionKind::BasePatch if is_service_pack(name) => 600 * MIB,
            ActionKind::BasePatch => 10 * MIB,
            ActionKind::UpgradeSystem | ActionKind::ReplaceSystem => 5 * 1024 * MIB,
            ActionKind::UpgradeApplication => 200 * MIB,
            _ => 0,
        };
        (estimate, estimate > 0)
    }
}

fn is_service_pack(id: &str) -> bool {
    id.split('-').any(|part| part.strip_prefix("sp").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
}

/// The way from the repository to the hosts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Link {
    /// From the repository to all relays together, bits a second.
    pub upstream_bps: u64,
    /// From each relay to its hosts together, bits a second.
    pub relay_bps: u64,
    /// Relays that hold a copy; without any the repository serves the hosts itself.
    pub relays: u32,
    /// Hosts that one relay lets install at the same time.
    pub concurrent: u32,
    /// What installing and restarting takes on one host.
    pub install_minutes: u32,
}

impl Default for Link {
    /// A plain office network: 100 Mbit/s everywhere, one relay, fifty at a time.
    fn default() -> Self {
        Link { upstream_bps: 100_000_000, relay_bps: 100_000_000, relays: 1, concurrent: 50, install_minutes: 15 }
    }
}

/// What one action moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// To the hosts, all together.
    pub bytes: u64,
    /// In the repository and on each relay.
    pub staged_bytes: u64,
    pub estimated: bool,
    pub minutes: u64,
}

impl Link {
    /// Minutes for this many hosts. The copy to the relays comes first; then the relays serve side by side, and
    /// transfer and installation overlap, so the slower of the two counts.
    pub fn minutes(&self, hosts: u64, bytes: u64, staged_bytes: u64) -> u64 {
        if hosts == 0 {
            return 0;
        }
        let relays = u64::from(self.relays);
        let up = minutes(staged_bytes.saturating_mul(relays), self.upstream_bps);
        let lanes = relays.max(1);
        let bps = if relays == 0 { self.upstream_bps } else { self.relay_bps };
        let down = minutes(bytes.div_ceil(lanes), bps);
        let rounds = hosts.div_ceil(lanes).div_ceil(u64::from(self.concurrent.max(1)));
        up + down.max(rounds * u64::from(self.install_minutes))
    }
}

fn minutes(bytes: u64, bps: u64) -> u64 {
    let bits = u128::from(bytes) * 8;
    u64::try_from(bits.div_ceil(u128::from(bps.max(1)) * 60)).unwrap_or(u64::MAX)
}

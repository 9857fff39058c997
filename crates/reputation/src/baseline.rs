//! What is usual on hosts of a role: how many different files were seen with each parent, writer, place, user, hour and port.
//!
//! Files are counted and not sightings: what is seen more often, or on more hosts, is not more usual for it. So a worm is one file,
//! however far it comes.

use crate::arrival::Arrival;
use crate::names::RoleNumber;
use crate::sketch::Sketch;
use crate::weights::{SURPRISE_MAX_BITS, SURPRISE_USUAL_BITS};
use crate::{Place, Remote, UserRole};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const FEATURES: usize = 6;

/// Values of one feature and role beyond these many are as surprising as any can be.
const VALUES_MAX: usize = 1_024;

/// Roles beyond these many share what is usual: 200 MB at the very most, 2 MB in a network of ten roles.
pub(crate) const ROLES_MAX: u16 = 256;

/// Where systems take ports from for the near end of a connection (RFC 6335): which one says nothing.
const EPHEMERAL: u16 = 49_152;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Baseline {
    roles: Vec<Role>,
    /// A value found no room.
    pub full: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Role {
    files: Sketch,
    features: [HashMap<u64, Sketch>; FEATURES],
}

impl Baseline {
    pub fn add(&mut self, file: u64, arrival: &Arrival) {
        let number = usize::from(arrival.role.min(ROLES_MAX));
        while self.roles.len() <= number {
            self.roles.push(Role { files: Sketch::new(), features: Default::default() });
        }
        let Some(role) = self.roles.get_mut(number) else { return };
        role.files.add(file);
        for (feature, value) in role.features.iter_mut().zip(features(arrival)) {
            let Some(value) = value else { continue };
            if feature.len() < VALUES_MAX || feature.contains_key(&value) {
                feature.entry(value).or_insert_with(Sketch::new).add(file);
            } else {
                self.full = true;
            }
        }
    }

    /// About how many files a program wrote.
    pub fn written(&self, writer: u64) -> f64 {
        let of_roles = self.roles.iter().filter_map(|role| role.features.get(WRITER)?.get(&writer));
        let mut counts: Vec<f64> = of_roles.map(Sketch::count).collect();
        // In an order of their own: roles are numbered as they come.
        counts.sort_by(f64::total_cmp);
        counts.iter().sum()
    }

    pub fn surprise(&self) -> Surprise {
        Surprise { roles: self.roles.iter().map(Role::bits).collect() }
    }
}

/// Where the writer stands among [`features`].
const WRITER: usize = 1;

fn features(arrival: &Arrival) -> [Option<u64>; FEATURES] {
    let remote = match arrival.remote {
        Remote::Unknown => None,
        Remote::Nobody => Some(u64::MAX),
        Remote::Port(port) => Some(u64::from(port.min(EPHEMERAL))),
    };
    [
        arrival.parent,
        arrival.writer.number(),
        (arrival.place != Place::Unknown).then_some(arrival.place as u64),
        (arrival.user != UserRole::Unknown).then_some(arrival.user as u64),
        arrival.hour.map(u64::from),
        remote,
    ]
}

impl Role {
    fn bits(&self) -> [HashMap<u64, f64>; FEATURES] {
        let all = self.files.count();
        let bits = |sketch: &Sketch| {
            // Without the file that is asked about, and one of each more so that nothing is impossible.
            let with = sketch.count().min(all).max(1.0);
            ((all + 1.0) / with).log2().clamp(0.0, SURPRISE_MAX_BITS)
        };
        self.features.each_ref().map(|values| values.iter().map(|(value, sketch)| (*value, bits(sketch))).collect())
    }
}

/// How surprising each value is on hosts of a role, in bits.
#[derive(Debug)]
pub(crate) struct Surprise {
    roles: Vec<[HashMap<u64, f64>; FEATURES]>,
}

impl Surprise {
    /// By how much what a file was seen with on its hosts surprises more than usual, in bits a feature.
    pub fn excess<'a>(&self, arrivals: impl Iterator<Item = &'a Arrival>) -> f64 {
        let (mut sum, mut many) = (0.0, 0.0);
        for arrival in arrivals {
            sum += self.mean(arrival.role, features(arrival));
            many += 1.0;
        }
        if many > 0.0 { (sum / many - SURPRISE_USUAL_BITS).max(0.0) } else { 0.0 }
    }

    fn mean(&self, role: RoleNumber, values: [Option<u64>; FEATURES]) -> f64 {
        let known = self.roles.get(usize::from(role.min(ROLES_MAX)));
        let bits = values.iter().enumerate().map(|(feature, value)| {
            let bits = value.and_then(|value| known?.get(feature)?.get(&value).copied());
            bits.unwrap_or(SURPRISE_MAX_BITS)
        });
        bits.sum::<f64>() / FEATURES as f64
    }
}

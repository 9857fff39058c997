//! How fast sightings are folded, and how long the table of all files takes. Words: how many files, a million if none is given.
//! Half of the sightings are of files that one host has; the others are of a thousand that many have.

#![allow(clippy::unwrap_used, reason = "an example that cannot go on ends")]

use model::{Digest, HostId};
use reputation::{
    Facts, Limits, Network, Place, Program, Publisher, Remote, Sighting, Source, UserRole, View, fold, table,
};
use std::time::Instant;

const HOSTS: u64 = 10_000;
const GROUPS: u64 = 40;
const COMMON: u64 = 1_000;
const BEGIN: i64 = 1_750_000_000;
const DAY: i64 = 86_400;

fn main() {
    let files: u64 = std::env::args().nth(1).map_or(1_000_000, |word| word.parse().unwrap());
    let sightings: Vec<Sighting> = (0..100_000).map(|number| sighting(number, files)).collect();
    let mut network = Network::new(Limits::default());
    for file in 0..COMMON {
        let publisher = Publisher { name: format!("publisher-{}", file % 50), trusted: file % 2 == 0 };
        network.learn(digest(file), Facts { publisher: Some(publisher), ..Facts::default() });
    }
    let (mut folded, start) = (0_u64, Instant::now());
    while network.counts().files < usize::try_from(files).unwrap() {
        for (at, sighting) in sightings.iter().enumerate() {
            // Ready-made but for what it is of, so that what is measured is folding.
            let number = folded + at as u64;
            let file = if number.is_multiple_of(2) { digest(number % (2 * COMMON) / 2) } else { digest(number) };
            fold(&mut network, &Sighting { file, ..sighting.clone() });
        }
        folded += sightings.len() as u64;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("folded {folded} sightings in {seconds:.2} s: {:.0} a second", folded as f64 / seconds);
    let start = Instant::now();
    let all = table(&network, BEGIN + 60 * DAY);
    println!("table of {} files in {:.2} s", all.len(), start.elapsed().as_secs_f64());
    let start = Instant::now();
    let view = View::new(&network, BEGIN + 60 * DAY);
    println!("view in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let shown: usize = (0..1_000).map(|file| view.standing(&digest(file)).terms.len()).sum();
    println!("{} terms in words in {:.1} ms", shown, start.elapsed().as_secs_f64() * 1e3);
    println!("{:?}, resident at most {} MB", network.counts(), resident_most_mb());
}

fn sighting(number: u64, files: u64) -> Sighting {
    let host = mix(number) % HOSTS;
    let at = BEGIN + i64::try_from(number % files).unwrap() * 40;
    let program = |name: &str, number: u64| Some(Program { sha256: Some(digest(number)), name: name.to_owned() });
    Sighting {
        file: digest(0),
        host: HostId(format!("host-{host}")),
        group: format!("group-{}", host % GROUPS),
        role: format!("role-{}", host % 8),
        at,
        received: at + 60,
        source: [Source::Outside, Source::Host, Source::Package, Source::Built][(number % 4) as usize],
        account: Some(format!("person-{host}")),
        parent: program("explorer", 1 << 40),
        writer: program("writer", (1 << 41) + number % 300),
        place: Place::Programs,
        user: UserRole::Person,
        hour: Some((number % 24) as u8),
        remote: Remote::Nobody,
    }
}

fn digest(number: u64) -> Digest {
    let mut bytes = [0; 32];
    for (at, part) in bytes.chunks_mut(8).enumerate() {
        part.copy_from_slice(&mix(number * 4 + at as u64).to_le_bytes());
    }
    Digest(bytes)
}

fn mix(number: u64) -> u64 {
    let mixed = (number.wrapping_add(1)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn resident_most_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}

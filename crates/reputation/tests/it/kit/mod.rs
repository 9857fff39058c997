//! What the tests share: sightings with a word each, numbers by chance that are the same every time, and made-up networks.

#![allow(dead_code, reason = "each test uses a part of it")]

pub mod fleet;
pub mod life;
pub mod malice;
pub mod random;

use model::{Digest, HostId};
use reputation::{Place, Program, Remote, Sighting, Source, UserRole};

pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 24 * HOUR;
/// Days of the tests are counted from here.
pub const BEGIN: i64 = 1_750_000_000 / DAY * DAY;

/// A content by a number.
pub fn digest(number: u64) -> Digest {
    let mut bytes = [0; 32];
    let mut random = random::Random(number ^ 0x5151_0000_0000_0000);
    bytes.chunks_mut(8).for_each(|part| part.copy_from_slice(&random.next().to_le_bytes()));
    Digest(bytes)
}

pub fn program(name: &str) -> Program {
    let number = name.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
    Program { sha256: Some(digest(number)), name: name.to_owned() }
}

pub fn content(name: &str) -> Digest {
    program(name).sha256.unwrap()
}

/// A person opens, at ten in the morning, what he brought from outside.
pub fn sighting(file: u64, host: u64, group: u64, at: i64) -> Sighting {
    Sighting {
        file: digest(file),
        host: HostId(format!("host-{host}")),
        group: format!("group-{group}"),
        role: "office".to_owned(),
        at,
        received: at + 60,
        source: Source::Outside,
        account: Some(format!("person-{host}")),
        parent: Some(program("explorer")),
        writer: Some(program("browser")),
        place: Place::Home,
        user: UserRole::Person,
        hour: Some(10),
        remote: Remote::Nobody,
    }
}

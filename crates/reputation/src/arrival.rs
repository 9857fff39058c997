//! How a file came to one host: the first that was seen of it there.

use crate::hash::{self, ProgramKey};
use crate::names::{GroupNumber, RoleNumber};
use crate::weights::LATE_SECONDS;
use crate::{Place, Remote, Sighting, Source, UserRole};
use serde::{Deserialize, Serialize};

/// Seconds UTC from 1970 to 2106.
pub(crate) type Seconds = u32;

/// The first sighting of a file on a host. Of two at the same time the lesser one counts; what is not known is least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Arrival {
    pub first: Seconds,
    pub source: Source,
    /// Zero when nobody is known who brought it.
    pub account: u32,
    pub writer: ProgramKey,
    pub parent: Option<u64>,
    pub place: Place,
    pub user: UserRole,
    pub hour: Option<u8>,
    pub remote: Remote,
    pub group: GroupNumber,
    pub role: RoleNumber,
    pub host: u64,
}

impl Arrival {
    pub fn of(sighting: &Sighting, group: GroupNumber, role: RoleNumber) -> Arrival {
        Arrival {
            first: believed(sighting),
            source: sighting.source,
            account: account(sighting),
            writer: ProgramKey::of(sighting.writer.as_ref()),
            parent: ProgramKey::of(sighting.parent.as_ref()).number(),
            place: sighting.place,
            user: sighting.user,
            hour: sighting.hour.filter(|hour| *hour < 24),
            remote: sighting.remote,
            group,
            role,
            host: hash::of(sighting.host.as_str().as_bytes()),
        }
    }
}

/// When it was, as far as the host's clock is believed: never after the server got to know, and no longer ago than a host is
/// likely to have been out of reach. So no clock makes a file old.
fn believed(sighting: &Sighting) -> Seconds {
    let received = sighting.received.clamp(0, i64::from(Seconds::MAX));
    let at = sighting.at.clamp((received - LATE_SECONDS).max(0), received);
    Seconds::try_from(at).unwrap_or(Seconds::MAX)
}

/// Who brought it, if a person did. Accounts that every machine has are nobody.
fn account(sighting: &Sighting) -> u32 {
    match (&sighting.account, sighting.user) {
        (Some(account), UserRole::Person | UserRole::Developer | UserRole::Administrator) => {
            // The upper half; zero is nobody.
            u32::try_from(hash::of(account.as_bytes()) >> 32).unwrap_or(u32::MAX).max(1)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Digest, HostId};

    fn at(at: i64, received: i64) -> Seconds {
        let sighting = Sighting {
            file: Digest([0; 32]),
            host: HostId::from("h"),
            group: String::new(),
            role: String::new(),
            at,
            received,
            source: Source::Unknown,
            account: None,
            parent: None,
            writer: None,
            place: Place::Unknown,
            user: UserRole::Unknown,
            hour: None,
            remote: Remote::Unknown,
        };
        Arrival::of(&sighting, 0, 0).first
    }

    #[test]
    fn a_clock_is_believed_for_a_week_back_and_never_ahead() {
        let day = 86_400;
        assert_eq!(at(100 * day, 101 * day), 100 * 86_400);
        assert_eq!(at(200 * day, 101 * day), 101 * 86_400);
        assert_eq!(at(0, 101 * day), 94 * 86_400);
        assert_eq!(at(i64::MIN, i64::MIN), 0);
        assert_eq!(at(i64::MAX, i64::MAX), Seconds::MAX);
    }
}

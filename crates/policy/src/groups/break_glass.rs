//! Breaking the glass: for a while, a group that enforces only tells what it would have blocked. It ends by itself, on the
//! endpoint too, whether or not a server can be reached by then.

use crate::ids::{GroupId, Person};
use crate::said::utc;
use model::Message;
use serde::{Deserialize, Serialize};

/// A day: whoever needs longer changes the mode of the group.
pub const BREAK_GLASS_SECONDS_MAX: u64 = 24 * 60 * 60;
const WHY_BYTES_MAX: usize = 1000;

/// A group that does not enforce for a while, with all groups below.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    pub group: GroupId,
    pub who: Person,
    pub why: String,
    /// Seconds since 1970, UTC. In force from then on, and no longer at `until`.
    pub from: u64,
    pub until: u64,
}

impl BreakGlass {
    pub fn is_in_force(&self, now: u64) -> bool {
        (self.from..self.until).contains(&now)
    }

    /// What is wrong with it.
    ///
    /// # Errors
    /// When nobody answers for it, it says no reason, or it does not end within a day.
    pub fn check(&self) -> Result<(), Message> {
        let about = |code: &str| Message::new(code).with("group", &self.group);
        if !self.who.is_plain() {
            return Err(about("policy.glass-nobody"));
        }
        if self.why.trim().is_empty() || self.why.len() > WHY_BYTES_MAX {
            return Err(about("policy.glass-no-reason"));
        }
        match self.until.checked_sub(self.from) {
            None | Some(0) => Err(about("policy.glass-ends-first").with("from", utc(self.from))),
            Some(seconds) if seconds > BREAK_GLASS_SECONDS_MAX => {
                Err(about("policy.glass-too-long").with("until", utc(self.until)))
            }
            Some(_) => Ok(()),
        }
    }

    /// Who, why and until when.
    pub fn message(&self) -> Message {
        Message::new("policy.glass-broken")
            .with("group", &self.group)
            .with("who", &self.who)
            .with("why", &self.why)
            .with("until", utc(self.until))
    }
}

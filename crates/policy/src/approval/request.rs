//! A request to change something: who wants it, who agreed, what became of it.
//!
//! What is agreed to is one content on one basis. Neither can be exchanged between the two persons.

use crate::Digest;
use crate::ids::{GroupId, Person};
use crate::said::{number, says_its_message, utc};
use model::Message;
use serde::{Deserialize, Serialize};

/// How long a request waits for agreement and for being applied: a week. What was agreed to long ago is not meant any more.
pub const OPEN_SECONDS: u64 = 7 * 24 * 60 * 60;
/// How long one person may take back what two agreed to. Later, that is a change like any other.
pub const ROLL_BACK_SECONDS: u64 = 24 * 60 * 60;
const WHY_BYTES_MAX: usize = 1000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyRequest))]
#[serde(deny_unknown_fields)]
pub struct ChangeRequest {
    /// SHA-256 of what is to be changed, as it will be applied.
    pub content: Digest,
    /// The version that was in force when it was made.
    pub basis: u64,
    /// Why two persons are needed, of [`super::needs_two`]; empty when one is enough.
    pub needs_two: Vec<Message>,
    /// Seconds since 1970, UTC. Nothing is approved or applied from then on.
    pub expires: u64,
    pub state: State,
    /// Everything that was done, the first first.
    pub deeds: Vec<Deed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyRequestState))]
#[serde(rename_all = "snake_case")]
pub enum State {
    Proposed,
    Approved,
    Rejected,
    /// By who proposed it.
    Withdrawn,
    Expired,
    Applied,
    RolledBack,
}

/// What somebody did with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyDeed))]
#[serde(deny_unknown_fields)]
pub struct Deed {
    pub step: Step,
    /// None for what time does.
    pub by: Option<Person>,
    /// Seconds since 1970, UTC.
    pub at: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PolicyStep))]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Propose,
    Approve,
    Reject,
    Withdraw,
    Expire,
    Apply,
    RollBack,
}

/// Why something is not done with a request. It stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAllowed {
    Nobody,
    NoReason,
    SamePerson { who: Person },
    NotYours { proposed_by: Person },
    NotProposed { state: State },
    NotApproved { state: State },
    NotApplied { state: State },
    Expired { expires: u64 },
    OtherContent,
    Stale { basis: u64, in_force: u64 },
    TooLate { applied: u64 },
    NotTried { group: GroupId },
    LocksOut { why: Message },
}

says_its_message!(NotAllowed);

impl NotAllowed {
    pub fn message(&self) -> Message {
        let is = |code: &str, state: &State| Message::new(code).reason("state", state.name());
        match self {
            NotAllowed::Nobody => Message::new("policy.approval-nobody"),
            NotAllowed::NoReason => Message::new("policy.approval-no-reason"),
            NotAllowed::SamePerson { who } => Message::new("policy.approval-same-person").with("who", who),
            NotAllowed::NotYours { proposed_by } => Message::new("policy.approval-not-yours").with("who", proposed_by),
            NotAllowed::NotProposed { state } => is("policy.approval-not-proposed", state),
            NotAllowed::NotApproved { state } => is("policy.approval-not-approved", state),
            NotAllowed::NotApplied { state } => is("policy.approval-not-applied", state),
            NotAllowed::Expired { expires } => Message::new("policy.approval-expired").with("expires", utc(*expires)),
            NotAllowed::OtherContent => Message::new("policy.approval-other-content"),
            NotAllowed::Stale { basis, in_force } => Message::new("policy.approval-stale")
                .number("basis", number(*basis))
                .number("in_force", number(*in_force)),
            NotAllowed::TooLate { applied } => Message::new("policy.approval-too-late").with("applied", utc(*applied)),
            NotAllowed::NotTried { group } => Message::new("policy.approval-not-tried").with("group", group),
            NotAllowed::LocksOut { why } => why.clone(),
        }
    }
}

impl State {
    pub fn name(self) -> Message {
        Message::new(match self {
            State::Proposed => "policy.state-proposed",
            State::Approved => "policy.state-approved",
            State::Rejected => "policy.state-rejected",
            State::Withdrawn => "policy.state-withdrawn",
            State::Expired => "policy.state-expired",
            State::Applied => "policy.state-applied",
            State::RolledBack => "policy.state-rolled-back",
        })
    }
}

impl ChangeRequest {
    /// Proposes a change.
    ///
    /// # Errors
    /// When nobody proposes it, or without a reason.
    pub fn propose(
        content: Digest,
        basis: u64,
        needs_two: Vec<Message>,
        by: &Person,
        why: &str,
        now: u64,
    ) -> Result<ChangeRequest, NotAllowed> {
        somebody(by)?;
        reason(why)?;
        let deed = Deed { step: Step::Propose, by: Some(by.clone()), at: now, why: why.to_owned() };
        let expires = now.saturating_add(OPEN_SECONDS);
        Ok(ChangeRequest { content, basis, needs_two, expires, state: State::Proposed, deeds: vec![deed] })
    }

    /// Who proposed it; none in one that was not made here.
    pub fn proposed_by(&self) -> Option<&Person> {
        self.deeds.iter().find(|deed| deed.step == Step::Propose).and_then(|deed| deed.by.as_ref())
    }

    /// Another person agrees to this content.
    ///
    /// # Errors
    /// When it is the same person, another content, too late, or nothing that waits for it.
    pub fn approve(&mut self, by: &Person, content: Digest, now: u64) -> Result<(), NotAllowed> {
        somebody(by)?;
        self.waits(now)?;
        self.is_second(by)?;
        if content != self.content {
            return Err(NotAllowed::OtherContent);
        }
        self.go(Step::Approve, State::Approved, Some(by), "", now);
        Ok(())
    }

    /// Somebody refuses it; whoever proposed it may withdraw it instead.
    ///
    /// # Errors
    /// When it is the same person, without a reason, or nothing that could still be applied.
    pub fn reject(&mut self, by: &Person, why: &str, now: u64) -> Result<(), NotAllowed> {
        somebody(by)?;
        reason(why)?;
        self.is_open(now)?;
        self.is_second(by)?;
        self.go(Step::Reject, State::Rejected, Some(by), why, now);
        Ok(())
    }

    /// Who proposed it does not want it any more.
    ///
    /// # Errors
    /// When it is somebody else's, or cannot be applied any more anyway.
    pub fn withdraw(&mut self, by: &Person, now: u64) -> Result<(), NotAllowed> {
        self.is_open(now)?;
        match self.proposed_by() {
            Some(proposed_by) if !proposed_by.is(by) => Err(NotAllowed::NotYours { proposed_by: proposed_by.clone() }),
            None => Err(NotAllowed::Nobody),
            Some(_) => {
                self.go(Step::Withdraw, State::Withdrawn, Some(by), "", now);
                Ok(())
            }
        }
    }

    /// It is done. `content` is what will be done, `in_force` the version that is in force.
    ///
    /// # Errors
    /// When two are needed and only one was there, or when what was agreed to is not what would be done: other content, or
    /// on another basis.
    pub fn apply(&mut self, by: &Person, content: Digest, in_force: u64, now: u64) -> Result<(), NotAllowed> {
        somebody(by)?;
        self.is_open(now)?;
        if !self.needs_two.is_empty() && !self.has_two() {
            return Err(NotAllowed::NotApproved { state: self.state });
        }
        if content != self.content {
            return Err(NotAllowed::OtherContent);
        }
        if in_force != self.basis {
            return Err(NotAllowed::Stale { basis: self.basis, in_force });
        }
        self.go(Step::Apply, State::Applied, Some(by), "", now);
        Ok(())
    }

    /// What was before is in force again.
    ///
    /// # Errors
    /// When it was not applied, or too long ago for one person.
    pub fn roll_back(&mut self, by: &Person, why: &str, now: u64) -> Result<(), NotAllowed> {
        somebody(by)?;
        reason(why)?;
        let applied = self.deeds.iter().rfind(|deed| deed.step == Step::Apply).map(|deed| deed.at);
        let Some(applied) = applied.filter(|_| self.state == State::Applied) else {
            return Err(NotAllowed::NotApplied { state: self.state });
        };
        if now.saturating_sub(applied) >= ROLL_BACK_SECONDS {
            return Err(NotAllowed::TooLate { applied });
        }
        self.go(Step::RollBack, State::RolledBack, Some(by), why, now);
        Ok(())
    }

    /// Writes down that time has run out, when it has. Nothing is let through for want of it.
    pub fn expire(&mut self, now: u64) -> bool {
        let runs_out = matches!(self.state, State::Proposed | State::Approved) && now >= self.expires;
        if runs_out {
            self.go(Step::Expire, State::Expired, None, "", now);
        }
        runs_out
    }

    fn go(&mut self, step: Step, state: State, by: Option<&Person>, why: &str, now: u64) {
        self.deeds.push(Deed { step, by: by.cloned(), at: now, why: why.to_owned() });
        self.state = state;
    }

    /// Whether the deeds say that two agreed: the state alone is a word.
    fn has_two(&self) -> bool {
        let approved = self.deeds.iter().find(|deed| deed.step == Step::Approve).and_then(|deed| deed.by.as_ref());
        self.state == State::Approved
            && matches!((self.proposed_by(), approved), (Some(first), Some(second)) if !first.is(second))
    }

    fn waits(&self, now: u64) -> Result<(), NotAllowed> {
        self.is_open(now)?;
        if self.state == State::Proposed { Ok(()) } else { Err(NotAllowed::NotProposed { state: self.state }) }
    }

    /// Whether it may still come to being applied.
    fn is_open(&self, now: u64) -> Result<(), NotAllowed> {
        match self.state {
            State::Proposed | State::Approved if now >= self.expires => {
                Err(NotAllowed::Expired { expires: self.expires })
            }
            State::Proposed | State::Approved => Ok(()),
            state => Err(NotAllowed::NotProposed { state }),
        }
    }

    fn is_second(&self, by: &Person) -> Result<(), NotAllowed> {
        match self.proposed_by() {
            Some(first) if first.is(by) => Err(NotAllowed::SamePerson { who: by.clone() }),
            Some(_) => Ok(()),
            None => Err(NotAllowed::Nobody),
        }
    }
}

fn somebody(by: &Person) -> Result<(), NotAllowed> {
    if by.0.trim().is_empty() { Err(NotAllowed::Nobody) } else { Ok(()) }
}

fn reason(why: &str) -> Result<(), NotAllowed> {
    let fits = !why.trim().is_empty() && why.len() <= WHY_BYTES_MAX;
    if fits { Ok(()) } else { Err(NotAllowed::NoReason) }
}

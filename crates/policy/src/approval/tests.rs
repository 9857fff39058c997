//! Two persons: who may do what, when, and to what exactly.

use super::*;
use crate::groups::{Change, Direction, Setting};
use crate::ids::{GroupId, Person};
use crate::lockout::Lockout;
use crate::said::tests::speaks;
use crate::{Digest, Mode};
use model::Message;
use proptest::prelude::*;
use std::collections::BTreeSet;

const NOON: u64 = 1_800_000_000;
const WHAT: Digest = Digest([7; 32]);
const OTHER: Digest = Digest([8; 32]);

fn person(name: &str) -> Person {
    Person::new(name)
}

fn request() -> ChangeRequest {
    let why = vec![Message::new("policy.two-keys")];
    ChangeRequest::propose(WHAT, 41, why, &person("ann"), "new deployer", NOON).unwrap()
}

fn approved() -> ChangeRequest {
    let mut request = request();
    request.approve(&person("bo"), WHAT, NOON + 1).unwrap();
    request
}

fn applied() -> ChangeRequest {
    let mut request = approved();
    request.apply(&person("ann"), WHAT, 41, NOON + 2).unwrap();
    request
}

/// Something is refused, in words, and nothing has changed.
#[track_caller]
fn refused(of: ChangeRequest, what: impl Fn(&mut ChangeRequest) -> Result<(), NotAllowed>, code: &str) {
    let mut request = of.clone();
    let not_allowed = what(&mut request).unwrap_err();
    assert_eq!(not_allowed.message().code, code);
    speaks(&not_allowed.message());
    assert_eq!(request, of);
}

#[test]
fn two_persons_make_a_change_and_one_takes_it_back() {
    let mut request = applied();
    assert_eq!(request.state, State::Applied);
    request.roll_back(&person("cy"), "the press stands still", NOON + 3).unwrap();
    let steps: Vec<_> = request.deeds.iter().map(|deed| deed.step).collect();
    assert_eq!(
        (request.state, steps),
        (State::RolledBack, vec![Step::Propose, Step::Approve, Step::Apply, Step::RollBack])
    );
    let kept = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<ChangeRequest>(&kept).unwrap(), request);
}

#[test]
fn nobody_is_his_own_second() {
    for name in ["ann", "Ann", " ann "] {
        refused(request(), |request| request.approve(&person(name), WHAT, NOON), "policy.approval-same-person");
        refused(request(), |request| request.reject(&person(name), "no", NOON), "policy.approval-same-person");
    }
    refused(request(), |request| request.approve(&person(" "), WHAT, NOON), "policy.approval-nobody");
    refused(request(), |request| request.withdraw(&person("bo"), NOON), "policy.approval-not-yours");
    let mut request = request();
    request.withdraw(&person("ann"), NOON).unwrap();
    assert_eq!(request.state, State::Withdrawn);
}

#[test]
fn what_was_agreed_to_is_what_is_done() {
    refused(request(), |request| request.approve(&person("bo"), OTHER, NOON), "policy.approval-other-content");
    refused(approved(), |request| request.apply(&person("ann"), OTHER, 41, NOON), "policy.approval-other-content");
    refused(approved(), |request| request.apply(&person("ann"), WHAT, 42, NOON), "policy.approval-stale");
    refused(request(), |request| request.apply(&person("ann"), WHAT, 41, NOON), "policy.approval-not-approved");
    // A word in a database is not a person.
    let claimed = ChangeRequest { state: State::Approved, ..request() };
    refused(claimed, |request| request.apply(&person("ann"), WHAT, 41, NOON), "policy.approval-not-approved");
    let mut own = approved();
    own.deeds[1].by = Some(person("ANN"));
    refused(own, |request| request.apply(&person("ann"), WHAT, 41, NOON), "policy.approval-not-approved");
}

#[test]
fn one_person_is_enough_where_no_second_is_needed() {
    let mut alone = ChangeRequest::propose(WHAT, 41, Vec::new(), &person("ann"), "as agreed", NOON).unwrap();
    alone.apply(&person("ann"), WHAT, 41, NOON).unwrap();
    assert_eq!(alone.state, State::Applied);
}

#[test]
fn time_runs_out() {
    let late = NOON + OPEN_SECONDS;
    refused(request(), |request| request.approve(&person("bo"), WHAT, late), "policy.approval-expired");
    refused(approved(), |request| request.apply(&person("bo"), WHAT, 41, late), "policy.approval-expired");
    let mut request = approved();
    assert!(!request.expire(late - 1) && request.expire(late) && !request.expire(late));
    assert_eq!(request.state, State::Expired);
    let mut done = applied();
    assert!(!done.expire(u64::MAX));
    let too_late = |request: &mut ChangeRequest| request.roll_back(&person("bo"), "no", NOON + 2 + ROLL_BACK_SECONDS);
    refused(applied(), too_late, "policy.approval-too-late");
}

#[test]
fn what_is_over_is_over() {
    let mut rejected = request();
    rejected.reject(&person("bo"), "not on a Friday", NOON).unwrap();
    for over in [rejected, applied()] {
        refused(over.clone(), |request| request.approve(&person("bo"), WHAT, NOON), "policy.approval-not-proposed");
        refused(over.clone(), |request| request.apply(&person("bo"), WHAT, 41, NOON), "policy.approval-not-proposed");
        refused(over.clone(), |request| request.reject(&person("bo"), "no", NOON), "policy.approval-not-proposed");
        refused(over, |request| request.withdraw(&person("ann"), NOON), "policy.approval-not-proposed");
    }
    refused(approved(), |request| request.approve(&person("cy"), WHAT, NOON), "policy.approval-not-proposed");
    refused(approved(), |request| request.roll_back(&person("cy"), "no", NOON), "policy.approval-not-applied");
}

#[test]
fn what_is_done_has_a_reason() {
    for why in ["", "  ", &"x".repeat(1001)] {
        let proposed = ChangeRequest::propose(WHAT, 1, Vec::new(), &person("ann"), why, NOON);
        assert_eq!(proposed, Err(NotAllowed::NoReason));
        refused(request(), |request| request.reject(&person("bo"), why, NOON), "policy.approval-no-reason");
        refused(applied(), |request| request.roll_back(&person("bo"), why, NOON), "policy.approval-no-reason");
    }
}

#[test]
fn every_state_has_a_name() {
    use State::{Applied, Approved, Expired, Proposed, Rejected, RolledBack, Withdrawn};
    for state in [Proposed, Approved, Rejected, Withdrawn, Expired, Applied, RolledBack] {
        speaks(&state.name());
    }
}

fn change(setting: Setting, direction: Direction) -> Change {
    Change { setting, direction, words: Message::new("policy.on"), entries: Vec::new() }
}

fn lockout(unknown: usize, essential: bool) -> Lockout {
    let hosts_without_history = (0..unknown).map(|at| crate::EndpointId::new(at.to_string())).collect();
    let blocked = crate::lockout::EssentialBlocked {
        path: "/sbin/init".to_owned(),
        sha256: None,
        why: Message::new("policy.essential-init"),
        hosts: BTreeSet::new(),
    };
    Lockout {
        blocked: Vec::new(),
        essential: if essential { vec![blocked] } else { Vec::new() },
        hosts_without_history,
        hosts_with_history: 3,
        unseen: Vec::new(),
    }
}

#[test]
fn these_changes_need_a_second_person() {
    let group = GroupId::new("offices");
    let none = Proposal {
        group: &group,
        is_root: false,
        hosts: 10,
        before: Mode::Simulate,
        after: Mode::Simulate,
        changes: &[],
        lockout: None,
        glass_seconds: None,
        changes_keys: false,
    };
    let loosens = [change(Setting::UnknownMay, Direction::Loosens)];
    let tightens = [change(Setting::UnknownMay, Direction::Tightens)];
    let glass = [change(Setting::BreakGlass, Direction::Loosens)];
    let unknown = lockout(2, false);
    let enforce = Proposal { after: Mode::Enforce, changes: &tightens, ..none };
    let cases: [(Proposal<'_>, &[&str]); 14] = [
        (none, &[]),
        (Proposal { changes: &loosens, ..none }, &[]),
        (Proposal { changes: &loosens, hosts: 50, ..none }, &[]),
        (Proposal { changes: &loosens, hosts: 51, ..none }, &["policy.two-loosens-many"]),
        (Proposal { changes: &loosens, is_root: true, hosts: 1, ..none }, &["policy.two-loosens-root"]),
        (Proposal { changes: &tightens, is_root: true, hosts: 9000, ..none }, &[]),
        (enforce, &[]),
        (Proposal { hosts: 11, ..enforce }, &["policy.two-enforces-many"]),
        (Proposal { before: Mode::Enforce, hosts: 9000, ..enforce }, &[]),
        (Proposal { lockout: Some(&unknown), ..enforce }, &["policy.two-unknown-hosts"]),
        (Proposal { lockout: Some(&unknown), ..none }, &[]),
        (Proposal { changes: &glass, is_root: true, hosts: 9000, glass_seconds: Some(4 * 3600), ..none }, &[]),
        (Proposal { changes: &glass, glass_seconds: Some(4 * 3600 + 1), ..none }, &["policy.two-glass-long"]),
        (Proposal { changes_keys: true, ..none }, &["policy.two-keys"]),
    ];
    for (proposal, codes) in cases {
        let why = needs_two(&proposal, Limits::default());
        assert_eq!(why.iter().map(|why| why.code.as_str()).collect::<Vec<_>>(), codes, "{proposal:?}");
        why.iter().for_each(speaks);
    }
}

#[test]
fn nobody_enforces_what_was_not_tried_or_locks_out() {
    let group = GroupId::new("offices");
    let (fine, unknown, out) = (lockout(0, false), lockout(1, false), lockout(0, true));
    let with = |after, lockout| {
        enforceable(&Proposal {
            group: &group,
            is_root: false,
            hosts: 1,
            before: Mode::Enforce,
            after,
            changes: &[],
            lockout,
            glass_seconds: None,
            changes_keys: false,
        })
    };
    assert_eq!(with(Mode::Enforce, Some(&fine)), Ok(()));
    assert_eq!(with(Mode::Enforce, Some(&unknown)), Ok(()));
    assert_eq!(with(Mode::Simulate, Some(&out)), Ok(()));
    assert_eq!(with(Mode::Simulate, None), Ok(()));
    for (lockout, code) in [(None, "policy.approval-not-tried"), (Some(&out), "policy.lockout-refused")] {
        let not_allowed = with(Mode::Enforce, lockout).unwrap_err();
        assert_eq!(not_allowed.message().code, code);
        speaks(&not_allowed.message());
    }
}

proptest! {
    /// Whatever is tried in whatever order, nothing that needs two is applied without another person's agreement to it.
    #[test]
    fn no_way_leads_around_the_second_person(steps in proptest::collection::vec((0_u8..6, 0_u8..3, any::<bool>()), 0..20)) {
        let mut request = request();
        for (at, (step, who, same)) in (NOON..).zip(steps) {
            let by = person(["ann", "ANN ", "bo"][usize::from(who)]);
            let content = if same { WHAT } else { OTHER };
            let _ = match step {
                0 => request.approve(&by, content, at),
                1 => request.reject(&by, "no", at),
                2 => request.withdraw(&by, at),
                3 => request.apply(&by, content, if same { 41 } else { 42 }, at),
                4 => request.roll_back(&by, "back", at),
                _ => { request.expire(at); Ok(()) }
            };
        }
        let did = |step| request.deeds.iter().find(|deed| deed.step == step).and_then(|deed| deed.by.clone());
        if did(Step::Apply).is_some() {
            prop_assert_eq!(did(Step::Approve), Some(person("bo")));
        }
    }
}

#[test]
fn a_second_person_agrees_to_set_configurations_on_many_hosts() {
    let set = |direction| Change {
        setting: Setting::BaselineSet,
        direction,
        words: Message::new("policy.on"),
        entries: vec!["aslr".to_owned()],
    };
    let group = GroupId::new("desks");
    let why = |hosts, direction| {
        let changes = [set(direction)];
        let proposal = Proposal {
            group: &group,
            is_root: false,
            hosts,
            before: Mode::Observe,
            after: Mode::Observe,
            changes: &changes,
            lockout: None,
            glass_seconds: None,
            changes_keys: false,
        };
        let why = needs_two(&proposal, Limits::default());
        why.iter().for_each(speaks);
        why.into_iter().map(|why| why.code).collect::<Vec<_>>()
    };
    assert_eq!(why(10, Direction::Tightens), Vec::<String>::new());
    assert_eq!(why(11, Direction::Tightens), ["policy.two-sets-many"]);
    assert_eq!(why(50, Direction::Loosens), Vec::<String>::new());
    assert_eq!(why(51, Direction::Loosens), ["policy.two-loosens-many"]);
}

#[test]
fn a_second_person_agrees_to_another_agent_for_many_hosts_and_for_the_root() {
    let group = GroupId::new("desks");
    let why = |hosts, is_root, direction| {
        let change =
            Change { setting: Setting::Agent, direction, words: Message::new("policy.on"), entries: Vec::new() };
        let proposal = Proposal {
            group: &group,
            is_root,
            hosts,
            before: Mode::Observe,
            after: Mode::Observe,
            changes: &[change],
            lockout: None,
            glass_seconds: None,
            changes_keys: false,
        };
        let why = needs_two(&proposal, Limits::default());
        why.iter().for_each(speaks);
        why.into_iter().map(|why| why.code).collect::<Vec<_>>()
    };
    for direction in [Direction::Loosens, Direction::Tightens] {
        assert_eq!(why(50, false, direction), Vec::<String>::new());
        assert_eq!(why(51, false, direction), ["policy.two-agent"]);
        assert_eq!(why(1, true, direction), ["policy.two-agent"]);
    }
}

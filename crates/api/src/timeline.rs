//! What happened to a host so far, from everything that is kept of it.
//!
//! Judgements of earlier days are not kept, and need not be: they are pure functions of facts. What changed is found by
//! judging the facts again as they were after each observation, with the knowledge of today.

use crate::state::App;
use crate::wire::story::{HostEvent, HostTimeline, Lane};
use crate::{Problem, rooms, session};
use jiff::Timestamp;
use jiff::civil::Date;
use knowledge::Knowledge;
use model::{ExposureState, Finding, FindingOutcome, Host, HostId, KbId, Message, WeaponId};
use std::collections::{BTreeMap, BTreeSet};
use store::{StoredObservation, StoredResult};

/// Observations that are told and judged again; the newest ones.
const OBSERVATIONS_TOLD: usize = 60;
const FINDINGS_TOLD: u32 = 200;
const EVENTS_TOLD: usize = 1000;

pub async fn of(app: &App, id: &HostId) -> Result<HostTimeline, Problem> {
    let host = app.store.host(id).await?;
    let mut observations = app.store.observations(id).await?;
    observations.sort_by_key(when);
    let mut cut = observations.len() > OBSERVATIONS_TOLD;
    let (knowledge, day, of) = (app.knowledge(), app.day(), id.clone());
    let seen = rooms::blocking(move || from_facts(&of, &observations, &knowledge, day)).await?;
    let addresses: Vec<String> = host.facts.addresses.iter().map(ToString::to_string).collect();
    let traffic = app.store.traffic();
    let found = if addresses.is_empty() { Vec::new() } else { traffic.findings_on(&addresses, FINDINGS_TOLD).await? };
    cut |= found.len() == FINDINGS_TOLD as usize;
    let plans = app.store.plan_history(id).await?;
    let results = app.store.results(id).await?;
    let mut events = seen;
    // Of the same moment the later one stands first.
    events.extend(plans.into_iter().rev().map(from_plan));
    events.extend(results.into_iter().map(from_result));
    events.extend(found.iter().map(|kept| from_finding(&host, &kept.finding)));
    events.sort_by(|a, b| b.at.cmp(&a.at).then(b.lane.cmp(&a.lane)));
    cut |= events.len() > EVENTS_TOLD;
    events.truncate(EVENTS_TOLD);
    Ok(HostTimeline { events, cut })
}

fn event(at: Timestamp, lane: Lane, what: Message) -> HostEvent {
    HostEvent { at, lane, what, weapons: Vec::new(), updates: Vec::new(), plan_state: None, by: None, note: None }
}

/// When the source looked; when it came in, where the source does not say.
fn when(kept: &StoredObservation) -> Timestamp {
    kept.observation.source.observed.unwrap_or(kept.stored)
}

fn from_facts(id: &HostId, kept: &[StoredObservation], knowledge: &Knowledge, day: Date) -> Vec<HostEvent> {
    let told = kept.len().saturating_sub(OBSERVATIONS_TOLD);
    let observations: Vec<_> = kept.iter().map(|kept| kept.observation.clone()).collect();
    // As the host was known after each observation, with the one before the first that is told.
    let hosts: Vec<Host> =
        (told.max(1)..=kept.len()).map(|n| inventory::merge(id.clone(), &observations[..n])).collect();
    let states: Vec<BTreeMap<WeaponId, ExposureState>> = situation::members(&hosts, knowledge, day, || {})
        .into_iter()
        .map(|member| member.profile.states.into_iter().collect())
        .collect();
    let mut events = Vec::new();
    let first = told.max(1);
    for (n, kept) in kept.iter().enumerate().skip(told) {
        let at = when(kept);
        let source = &kept.observation.source;
        let what = Message::new("api.time-facts").with("kind", session::word(&source.kind)).with("path", &source.path);
        events.push(event(at, Lane::Facts, what));
        let now = n + 1 - first;
        let before = now.checked_sub(1);
        let updates = |at: usize| {
            hosts[at].facts.updates.known.then(|| hosts[at].facts.updates.installed.iter().copied().collect())
        };
        events.extend(new_updates(at, before.map(updates), updates(now)));
        events.extend(changes(at, before.map(|before| &states[before]), &states[now]));
    }
    events
}

/// Updates that appear, and those that are gone. A first list of them is known by its length.
fn new_updates(at: Timestamp, before: Option<Option<BTreeSet<KbId>>>, now: Option<BTreeSet<KbId>>) -> Vec<HostEvent> {
    let Some(now) = now else { return Vec::new() };
    let Some(before) = before.flatten() else {
        let what = Message::new("api.time-updates-first").number("count", now.len() as i64);
        return vec![event(at, Lane::Updates, what)];
    };
    let told = |code: &str, updates: Vec<KbId>| {
        let what = Message::new(code).number("count", updates.len() as i64);
        (!updates.is_empty()).then(|| HostEvent { updates, ..event(at, Lane::Updates, what) })
    };
    let new = told("api.time-updates-new", now.difference(&before).copied().collect());
    let gone = told("api.time-updates-gone", before.difference(&now).copied().collect());
    new.into_iter().chain(gone).collect()
}

/// Weapons whose state is another than before, by what it became.
fn changes(
    at: Timestamp,
    before: Option<&BTreeMap<WeaponId, ExposureState>>,
    now: &BTreeMap<WeaponId, ExposureState>,
) -> Vec<HostEvent> {
    let mut changed: BTreeMap<ExposureState, Vec<WeaponId>> = BTreeMap::new();
    for (weapon, state) in now {
        let was = before.and_then(|before| before.get(weapon));
        // At first only what needs somebody is worth telling.
        if was != Some(state) && (was.is_some() || *state == ExposureState::Open) {
            changed.entry(*state).or_default().push(weapon.clone());
        }
    }
    let told = |(state, weapons): (ExposureState, Vec<WeaponId>)| {
        let what = Message::new(match state {
            ExposureState::Open => "api.time-open",
            ExposureState::Unknown => "api.time-unknown",
            ExposureState::Fixed => "api.time-fixed",
            ExposureState::NotAffected => "api.time-not-affected",
        });
        HostEvent { weapons, ..event(at, Lane::Judgement, what) }
    };
    changed.into_iter().map(told).collect()
}

fn from_plan(kept: store::PlanEvent) -> HostEvent {
    let what = Message::new(if kept.from.is_none() { "api.time-plan-new" } else { "api.time-plan" });
    HostEvent {
        plan_state: Some(kept.to),
        by: Some(kept.actor),
        note: Some(kept.note).filter(|note| !note.is_empty()),
        ..event(kept.at, Lane::Plan, what)
    }
}

fn from_result(kept: StoredResult) -> HostEvent {
    let verdict = kept.body.get("verdict").and_then(|verdict| verdict.as_str());
    let known = verdict.filter(|verdict| serde_json::from_value::<hardening::Verdict>((*verdict).into()).is_ok());
    let what =
        known.map_or_else(|| Message::new("api.time-result"), |verdict| Message::new(format!("api.verdict-{verdict}")));
    event(kept.at, Lane::Script, what)
}

fn from_finding(host: &Host, finding: &Finding) -> HostEvent {
    let from_here = host.facts.addresses.contains(&finding.originator);
    let code = match (from_here, finding.outcome) {
        (true, FindingOutcome::Success) => "api.time-attacked-with-success",
        (true, _) => "api.time-attacked",
        (false, FindingOutcome::Success) => "api.time-hit",
        (false, _) => "api.time-tried",
    };
    let peer = if from_here { finding.responder } else { finding.originator };
    let what = Message::new(code).with("peer", peer).number("times", i64::try_from(finding.count).unwrap_or(i64::MAX));
    HostEvent { weapons: vec![finding.weapon.clone()], ..event(finding.last, Lane::Network, what) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2017-06-01T08:00:00Z".parse().unwrap()
    }

    fn codes(events: &[HostEvent]) -> Vec<&str> {
        events.iter().map(|event| event.what.code.as_str()).collect()
    }

    #[test]
    fn updates_are_told_as_they_appear_and_go() {
        let set = |numbers: &[u32]| Some(numbers.iter().copied().map(KbId).collect::<BTreeSet<_>>());
        assert_eq!(codes(&new_updates(at(), None, set(&[1, 2]))), ["api.time-updates-first"]);
        assert_eq!(codes(&new_updates(at(), Some(None), set(&[1]))), ["api.time-updates-first"]);
        let both = new_updates(at(), Some(set(&[1, 2])), set(&[2, 3]));
        assert_eq!(codes(&both), ["api.time-updates-new", "api.time-updates-gone"]);
        assert_eq!((both[0].updates.clone(), both[1].updates.clone()), (vec![KbId(3)], vec![KbId(1)]));
        assert!(new_updates(at(), Some(set(&[1])), set(&[1])).is_empty());
        assert!(new_updates(at(), Some(set(&[1])), None).is_empty(), "not known is not gone");
    }

    #[test]
    fn a_judgement_is_told_when_it_changes() {
        use ExposureState::{Fixed, NotAffected, Open, Unknown};
        let states = |states: &[(&str, ExposureState)]| -> BTreeMap<WeaponId, ExposureState> {
            states.iter().map(|(weapon, state)| ((*weapon).into(), *state)).collect()
        };
        let (old, new) =
            (states(&[("a", Open), ("b", Unknown), ("c", Open)]), states(&[("a", Fixed), ("b", Unknown), ("c", Open)]));
        assert_eq!(codes(&changes(at(), Some(&old), &new)), ["api.time-fixed"]);
        assert_eq!(
            codes(&changes(at(), None, &states(&[("a", Open), ("b", Unknown), ("c", NotAffected)]))),
            ["api.time-open"]
        );
    }
}

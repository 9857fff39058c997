//! From a file that was taken apart to a verdict.

use crate::found::Found;
use crate::ledger::{Ledger, Rule};
use crate::met::{Met, is_locked, met, name};
use crate::place::{Place, Places};
use crate::score::{Entry, MALICIOUS_AT, SUSPICIOUS_AT, count};
use crate::verdict::{Reason, Source, State, Verdict};
use formats::{Kind, Outcome, Part, State as Known};
use model::Message;
use std::collections::{BTreeMap, BTreeSet};

/// Further parts that a reason names.
const ALSO_MAX: usize = 16;

/// Judges a file with everything inside it. `found` is what was found beside the facts, by the number of the part.
pub fn judge(ledger: &Ledger, root: &Part, found: &BTreeMap<usize, Found>) -> Verdict {
    let places = Places::of(root, found);
    let mets: Vec<Vec<(usize, Met)>> = places.iter().map(|place| all_met(ledger, place, &places)).collect();
    let (score, counted) = worst(ledger, &mets, &places);
    let complete = root.is_complete();
    let mut reasons = reasons(ledger, mets, &counted, &places);
    let state = match score {
        MALICIOUS_AT.. => State::Malicious,
        SUSPICIOUS_AT.. => State::Suspicious,
        _ if !complete => State::Incomplete,
        0 if reasons.is_empty() && is_known_through(ledger, &places) => State::Clean,
        _ => State::Unknown,
    };
    reasons.extend(unread(&places));
    Verdict { state, score, reasons, complete, ledger: ledger.version().to_owned(), overruled: None }
}

/// The rules that a part meets, by their numbers.
fn all_met(ledger: &Ledger, place: &Place, places: &Places) -> Vec<(usize, Met)> {
    let rules = ledger.rules().iter().enumerate();
    rules.filter_map(|(number, rule)| met(rule, place, places).map(|met| (number, met))).collect()
}

/// The score of the worst way from the file to a part, and what each rule has in it.
fn worst(ledger: &Ledger, mets: &[Vec<(usize, Met)>], places: &Places) -> (u32, BTreeMap<usize, i32>) {
    // The rules on the way to each part. What stands around a part comes before it.
    let mut ways: Vec<BTreeSet<usize>> = Vec::with_capacity(mets.len());
    let mut worst = (0, BTreeMap::new());
    for place in places.iter() {
        let mut way = place.parent.and_then(|parent| ways.get(parent)).cloned().unwrap_or_default();
        let before = way.len();
        way.extend(mets.get(place.index).into_iter().flatten().map(|(number, _)| *number));
        // One that adds nothing is as bad as what it stands in.
        if place.parent.is_none() || way.len() > before {
            let entries: Vec<Entry> = way.iter().filter_map(|number| entry(ledger, *number)).collect();
            let (score, counted) = count(&entries);
            if score > worst.0 || place.parent.is_none() {
                worst = (score, counted.into_iter().collect());
            }
        }
        ways.push(way);
    }
    worst
}

fn entry(ledger: &Ledger, number: usize) -> Option<Entry<'_>> {
    let rule = ledger.rules().get(number)?;
    Some(Entry { family: &rule.family, points: rule.points, of: number })
}

/// A reason for each rule that some part meets: those that count first, the heaviest first.
fn reasons(
    ledger: &Ledger,
    mets: Vec<Vec<(usize, Met)>>,
    counted: &BTreeMap<usize, i32>,
    places: &Places,
) -> Vec<Reason> {
    let mut by_rule: BTreeMap<usize, Reason> = BTreeMap::new();
    for (place, mets) in places.iter().zip(mets) {
        for (number, met) in mets {
            let Some(rule) = ledger.rules().get(number) else { continue };
            by_rule
                .entry(number)
                .and_modify(|reason| {
                    if reason.also.len() < ALSO_MAX {
                        reason.also.push(place.part.number);
                    }
                })
                .or_insert_with(|| reason(rule, met, counted.get(&number).copied().unwrap_or(0), place, places));
        }
    }
    let mut reasons: Vec<Reason> = by_rule.into_values().collect();
    // The ids are in order already.
    reasons.sort_by_key(|reason| (-reason.counted.abs(), -reason.points.abs()));
    reasons
}

fn reason(rule: &Rule, met: Met, counted: i32, place: &Place, places: &Places) -> Reason {
    let mut techniques = rule.techniques.clone();
    techniques.extend(met.techniques.iter().filter(|id| !rule.techniques.contains(id)).cloned());
    Reason {
        rule: rule.id.clone(),
        version: rule.version,
        family: rule.family.clone(),
        source: rule.source,
        points: rule.points,
        counted,
        part: place.part.number,
        also: Vec::new(),
        message: met.message(rule, place, places),
        techniques,
    }
}

/// Whether reading the file left nothing that could do harm: of it the kind is read in depth, and of what is inside it
/// too, or it does nothing by itself.
fn is_known_through(ledger: &Ledger, places: &Places) -> bool {
    let is_quiet = |kind: Kind| ledger.is_deep(kind) || ledger.is_passive(kind) || kind == Kind::Empty;
    places.iter().all(|place| {
        place.part.file.as_ref().is_some_and(|file| {
            let kind = file.identified.kind;
            let known = if place.parent.is_none() { ledger.is_deep(kind) } else { is_quiet(kind) };
            known && file.identified.also.is_empty()
        })
    })
}

/// Why the reading is not complete, a reason a way in which it is not.
fn unread(places: &Places) -> Vec<Reason> {
    let mut by_code: BTreeMap<String, Reason> = BTreeMap::new();
    for place in places.iter() {
        for message in unread_of(place) {
            by_code
                .entry(message.code.clone())
                .and_modify(|reason| {
                    if reason.also.len() < ALSO_MAX && reason.part != place.part.number {
                        reason.also.push(place.part.number);
                        reason.also.dedup();
                    }
                })
                .or_insert_with(|| Reason {
                    rule: message.code.rsplit('.').next().unwrap_or_default().to_owned(),
                    version: 1,
                    family: "unread".to_owned(),
                    source: Source::Static,
                    points: 0,
                    counted: 0,
                    part: place.part.number,
                    also: Vec::new(),
                    message,
                    techniques: Vec::new(),
                });
        }
    }
    by_code.into_values().collect()
}

fn unread_of(place: &Place) -> Vec<Message> {
    let limit = |limit: formats::Limit| Message::new(format!("verdict.limit-{}", limit.label()));
    let failed = |why: &Message| {
        if is_locked(why) { Message::new("verdict.unread-locked") } else { Message::new("verdict.unread-failed") }
            .reason("reason", why.clone())
    };
    let mut messages = match &place.part.outcome {
        Outcome::Read | Outcome::Same(_) => Vec::new(),
        Outcome::Partial(why) => vec![Message::new("verdict.unread-partial").reason("reason", why.clone())],
        Outcome::Failed(why) => vec![failed(why)],
        Outcome::Limited(which) => vec![Message::new("verdict.unread-limited").reason("limit", limit(*which))],
    };
    for vector in &place.part.vectors {
        let fact = || format!("{}.{}", vector.namespace, vector.name);
        match &vector.state {
            Known::Known(_) | Known::Absent => {}
            Known::Failed(why) if is_locked(why) => {
                messages.push(Message::new("verdict.unread-locked").reason("reason", why.clone()));
            }
            Known::Failed(why) => {
                messages.push(Message::new("verdict.unread-fact").with("fact", fact()).reason("reason", why.clone()))
            }
            Known::Limited(which) => messages
                .push(Message::new("verdict.unread-fact-limited").with("fact", fact()).reason("limit", limit(*which))),
        }
    }
    messages.into_iter().map(|message| message.with("name", name(place))).collect()
}

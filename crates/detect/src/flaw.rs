//! The fix rule: a flaw is fixed on a system if any fixing update, or one that supersedes it however indirectly, is
//! installed, or a file is new enough, or the build revision is. Never by date.

use crate::{context::Context, evidence, scanner};
use knowledge::System;
use knowledge::weapons::{Case, FileVersion, FixSet, Verdict};
use model::{BaseGap, BaseStep, Confidence, ExposureState, KbId, Message, PatchState};
use std::collections::BTreeSet;

/// What is to be said of one flaw on one host, whatever the weapon and the role.
#[derive(Debug, Clone)]
pub struct FlawVerdict {
    pub state: ExposureState,
    pub patch: PatchState,
    pub why: Vec<Message>,
    pub fixes: BTreeSet<KbId>,
    pub base: Option<BaseGap>,
    pub confidence: Confidence,
}

/// What speaks for a verdict on one system.
enum Proof {
    Update(KbId),
    File { path: String, version: FileVersion, min: FileVersion },
    Build { build: u32, revision: u32, min: String },
    FileOld { path: String, version: FileVersion, min: FileVersion },
    BuildOld { build: u32, revision: u32, min: String },
    NotAffected,
    Unrated,
    NoFix,
    BaseFirst,
    Missing,
    ListGap,
}

/// One possible system's share of the verdict.
struct Share<'a> {
    system: &'a System,
    case: &'a Case,
    state: ExposureState,
    patch: PatchState,
    proof: Proof,
}

pub fn judge(context: &Context<'_>, set: &FixSet) -> FlawVerdict {
    let mut verdict = if context.resolution.foreign {
        plain(ExposureState::NotAffected, PatchState::NotApplicable, Message::new("exposure.not-windows"), set)
    } else {
        let shares = shares(context, set);
        if shares.is_empty() {
            plain(ExposureState::Unknown, PatchState::Unknown, Message::new("exposure.system-unknown"), set)
        } else {
            combine(context, set, &shares)
        }
    };
    if !context.proves() {
        doubt(context, &mut verdict);
    }
    scanner::weigh(context, set.cves.iter(), &mut verdict);
    if verdict.state.needs_action() {
        verdict.why.extend(evidence::traps(context, set));
    }
    verdict
}

fn plain(state: ExposureState, patch: PatchState, why: Message, set: &FixSet) -> FlawVerdict {
    FlawVerdict { state, patch, why: vec![why], fixes: BTreeSet::new(), base: None, confidence: set.confidence }
}

/// One share for each case that some possible system falls under.
fn shares<'a>(context: &Context<'a>, set: &'a FixSet) -> Vec<Share<'a>> {
    let mut shares: Vec<Share<'a>> = Vec::new();
    for system in context.resolution.possible.iter().copied() {
        let Some(case) = set.case(system) else { continue };
        if !shares.iter().any(|share| std::ptr::eq(share.case, case)) {
            shares.push(share(context, system, case));
        }
    }
    shares
}

fn share<'a>(context: &Context<'_>, system: &'a System, case: &'a Case) -> Share<'a> {
    let (state, patch, proof) = match case.verdict {
        Verdict::NotAffected => (ExposureState::NotAffected, PatchState::NotApplicable, Proof::NotAffected),
        Verdict::Unrated => (ExposureState::Unknown, PatchState::NoneExists, Proof::Unrated),
        Verdict::Affected | Verdict::BaseFirst => affected(context, case),
    };
    Share { system, case, state, patch, proof }
}

fn affected(context: &Context<'_>, case: &Case) -> (ExposureState, PatchState, Proof) {
    use {ExposureState as State, PatchState as Patch};
    if let Some(proof) = fixed(context, case) {
        return (State::Fixed, Patch::Installed, proof);
    }
    if let Some(proof) = old(context, case) {
        return (State::Open, Patch::Missing, proof);
    }
    let updates = &context.facts.updates;
    match case.verdict {
        // No list could show a package that was never made.
        Verdict::BaseFirst => (State::Open, Patch::Missing, Proof::BaseFirst),
        _ if case.kbs.is_empty() => (State::Open, Patch::NoneExists, Proof::NoFix),
        _ if updates.known && updates.complete => (State::Open, Patch::Missing, Proof::Missing),
        _ => (State::Unknown, Patch::Unknown, Proof::ListGap),
    }
}

fn fixed(context: &Context<'_>, case: &Case) -> Option<Proof> {
    let installed = &context.facts.updates.installed;
    let exact = case.fixing().find(|kb| installed.contains(kb));
    if let Some(kb) = exact.or_else(|| case.fixing().find(|kb| context.is_covered(*kb))) {
        return Some(Proof::Update(kb));
    }
    let file = files(context, case).find(|(fix, version)| fix.is_met_by(version));
    if let Some((fix, version)) = file {
        return Some(Proof::File { path: fix.path.clone(), version, min: fix.min });
    }
    let (build, revision, min) = revision(context, case)?;
    (revision >= min).then(|| Proof::Build { build, revision, min: format!("{build}.{min}") })
}

/// A file or a build that is too old proves that the fix is missing, whatever the update list leaves out.
fn old(context: &Context<'_>, case: &Case) -> Option<Proof> {
    if let Some((fix, version)) = files(context, case).next() {
        return Some(Proof::FileOld { path: fix.path.clone(), version, min: fix.min });
    }
    let (build, revision, min) = revision(context, case)?;
    (revision < min).then(|| Proof::BuildOld { build, revision, min: format!("{build}.{min}") })
}

fn files<'a>(
    context: &'a Context<'_>,
    case: &'a Case,
) -> impl Iterator<Item = (&'a knowledge::weapons::FileFix, FileVersion)> {
    let version = |path: &str| context.facts.files.get(path)?.parse().ok();
    case.files.iter().filter_map(move |fix| Some((fix, version(&fix.path)?)))
}

fn revision(context: &Context<'_>, case: &Case) -> Option<(u32, u32, u32)> {
    let (wanted, os) = (case.build?, &context.facts.os);
    let revision = os.ubr?;
    (os.build == Some(wanted.build)).then_some((wanted.build, revision, wanted.revision))
}

fn combine(context: &Context<'_>, set: &FixSet, shares: &[Share<'_>]) -> FlawVerdict {
    let state = together(shares.iter().map(|share| share.state));
    let patch = shares.iter().map(|share| share.patch).reduce(|a, b| if a == b { a } else { PatchState::Unknown });
    let mut why = Vec::new();
    if shares.len() > 1 && state == ExposureState::Unknown {
        why.push(evidence::partly_known(context));
    }
    // The most serious possibility first: that is what has to be ruled out.
    let mut order: Vec<&Share> = shares.iter().collect();
    order.sort_by_key(|share| share.state);
    for share in order.iter().take(EVIDENCE_MAX) {
        why.extend(told(context, set, share));
    }
    let fixable = |share: &&Share| share.state.needs_action();
    let confidence = shares.iter().map(|share| confidence(set, share)).max();
    FlawVerdict {
        state,
        patch: patch.unwrap_or(PatchState::Unknown),
        why,
        fixes: shares.iter().filter(fixable).flat_map(|share| share.case.kbs.iter().copied()).collect(),
        base: base(context, shares),
        confidence: confidence.unwrap_or(set.confidence),
    }
}

/// A verdict is no surer than the case, nor than the claim that an unlinked update contains the fix.
fn confidence(set: &FixSet, share: &Share<'_>) -> Confidence {
    let case = set.confidence(share.case);
    match share.proof {
        Proof::Update(kb) => share.case.later(kb).map_or(case, |later| case.max(later.fact.confidence)),
        _ => case,
    }
}

/// How many possible systems are explained; the rest would only repeat.
const EVIDENCE_MAX: usize = 3;

/// What holds on every possible system. Safe on all is safe; one that may be open makes it unknown.
fn together(states: impl Iterator<Item = ExposureState>) -> ExposureState {
    use ExposureState::{Fixed, NotAffected, Unknown};
    let join = |a, b| match (a, b) {
        _ if a == b => a,
        (Fixed, NotAffected) | (NotAffected, Fixed) => Fixed,
        _ => Unknown,
    };
    states.reduce(join).unwrap_or(Unknown)
}

/// What is missing below the fix, on the one system the host can be.
fn base(context: &Context<'_>, shares: &[Share<'_>]) -> Option<BaseGap> {
    let [share] = shares else { return None };
    if !share.state.needs_action() {
        return None;
    }
    let installed = &context.facts.updates.installed;
    let missing = |kb: &KbId| -> Vec<BaseStep> { context.knowledge.base_gap(share.system, installed, *kb) };
    let steps = share.case.kbs.iter().map(missing).min_by_key(Vec::len)?;
    (!steps.is_empty()).then_some(BaseGap { steps })
}

/// A guess proves nothing: what looked safe or certain by it is unknown. An update that is there stays a proof.
fn doubt(context: &Context<'_>, verdict: &mut FlawVerdict) {
    if verdict.state == ExposureState::Fixed && !context.facts.updates.installed.is_empty() {
        return;
    }
    verdict.state = ExposureState::Unknown;
    verdict.patch = PatchState::Unknown;
    verdict.why.insert(0, evidence::guessed(context));
}

fn told(context: &Context<'_>, set: &FixSet, share: &Share<'_>) -> Vec<Message> {
    let Share { system, case, proof, .. } = share;
    let bulletin = &set.bulletin;
    let coded = |code: &str| Message::new(code).with("bulletin", bulletin).with("system", &system.name);
    let mut why = match proof {
        Proof::Update(kb) => evidence::update(context, bulletin, *kb),
        Proof::File { path, version, min } => vec![evidence::file("exposure.file-fixed", path, version, min)],
        Proof::FileOld { path, version, min } => vec![evidence::file("exposure.file-old", path, version, min)],
        Proof::Build { build, revision, min } => vec![evidence::build("exposure.build-fixed", *build, *revision, min)],
        Proof::BuildOld { build, revision, min } => vec![evidence::build("exposure.build-old", *build, *revision, min)],
        Proof::NotAffected | Proof::Unrated => case.reason.iter().map(|code| coded(code)).collect(),
        Proof::NoFix => vec![coded("exposure.no-fix")],
        Proof::BaseFirst => vec![coded("exposure.base-first").list("fixes", &case.kbs)],
        Proof::Missing => vec![
            coded("exposure.fix-missing")
                .list("fixes", &case.kbs)
                .number("count", context.facts.updates.installed.len() as i64),
        ],
        Proof::ListGap => vec![evidence::list_gap(context, set)],
    };
    if let Proof::Update(kb) = proof
        && let Some(later) = case.later(*kb)
    {
        why.push(Message::new(later.why.clone()).with("kb", kb).with("bulletin", bulletin));
    }
    if let (Proof::Update(_), Some(Proof::FileOld { path, version, min })) = (proof, old_file(context, case)) {
        why.push(evidence::file("exposure.conflict-file-old", &path, &version, &min));
    }
    if share.state.needs_action() {
        why.extend(case.remark.iter().map(|code| coded(code)));
    }
    why
}

/// A file that is older than a listed update should have left it: a restart is pending, or the list is wrong.
fn old_file(context: &Context<'_>, case: &Case) -> Option<Proof> {
    let mut known = files(context, case).peekable();
    known.peek()?;
    if files(context, case).any(|(fix, version)| fix.is_met_by(&version)) { None } else { old(context, case) }
}

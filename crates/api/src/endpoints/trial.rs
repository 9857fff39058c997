//! What would come of a change: for which groups and endpoints, whether it locks somebody out, and who has to agree.

use super::{Held, seconds};
use crate::Problem;
use crate::state::App;
use crate::wire::endpoints::{PolicyProposal, PolicyTrial, TriedGroup, TriedRules};
use model::Message;
use policy::approval::{Limits, Proposal, enforceable, needs_two};
use policy::baseline::{Baseline, Platform};
use policy::groups::{AgentVersion, BreakGlass, Change, Group, Tree, affected};
use policy::lockout::{Essentials, Lockout, Outlook, PastExecution, Trial, simulate};
use policy::orders::ReputationTable;
use policy::telling::Ran;
use policy::{EndpointId, GroupId, Mode, Person, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::PastRun;

/// Rules are tried on what ran in so many days.
pub const TRIAL_DAYS: u32 = 14;
/// Executions that are tried at most, the last ones.
const TRIED_MAX: i64 = 1_000_000;
/// Files that are told of a list.
const TOLD_MAX: usize = 100;

/// A change with what would come of it.
pub struct Tried {
    pub trial: PolicyTrial,
    pub after: Tree,
    /// Groups whose orders become different.
    pub ordered: Vec<GroupId>,
}

/// Tries a change on the groups as they are.
pub async fn try_proposal(app: &App, proposal: &PolicyProposal, by: &Person, why: &str) -> Result<Tried, Problem> {
    may_set(proposal)?;
    let (held, now) = (app.endpoints.held(), seconds(app));
    may_run(&held, proposal)?;
    let after = after(&held, proposal, by, why, now)?;
    let changes = affected(&held.tree, &after, now);
    let enforces =
        |group: &GroupId| after.effective(group, now).is_ok_and(|effective| effective.mode.value == Mode::Enforce);
    let past = match changes.keys().any(enforces) {
        true => Some(past(app, now).await?),
        false => None,
    };
    let hosts = by_group(app);
    let trying = Trying { held, after, now, proposal: proposal.clone(), hosts };
    let table = app.endpoints.reputation_table();
    // Millions of executions take seconds: not on the threads that answer everybody.
    crate::rooms::blocking(move || trying.tried(&changes, past.as_ref(), table.as_deref())).await?
}

/// Whether agents can set what they are to set. The product says so here, and not the groups: one that knows less by then
/// still reads them.
fn may_set(proposal: &PolicyProposal) -> Result<(), Problem> {
    let (PolicyProposal::Create { settings, .. } | PolicyProposal::Settings { settings, .. }) = proposal else {
        return Ok(());
    };
    let can = |id: &String| Baseline::builtin().get(id).is_some_and(|check| check.can_be_set(Platform::Linux));
    match settings.baseline_set.iter().find(|id| !can(id)) {
        Some(id) => Err(Problem::bad_request(Message::new("policy.check-not-set").with("check", id))),
        None => Ok(()),
    }
}

/// Whether the release that agents are to be is here.
fn may_run(held: &Held, proposal: &PolicyProposal) -> Result<(), Problem> {
    let (PolicyProposal::Create { settings, .. } | PolicyProposal::Settings { settings, .. }) = proposal else {
        return Ok(());
    };
    match &settings.agent {
        Some(AgentVersion::Release { version, .. })
            if !held.releases.iter().any(|one| one.release.version == *version) =>
        {
            Err(Problem::bad_request(Message::new("api.release-missing").with("version", version)))
        }
        _ => Ok(()),
    }
}

struct Trying {
    held: Arc<Held>,
    after: Tree,
    now: u64,
    proposal: PolicyProposal,
    hosts: BTreeMap<GroupId, BTreeSet<EndpointId>>,
}

impl Trying {
    fn tried(
        self,
        changes: &BTreeMap<GroupId, Vec<Change>>,
        past: Option<&Vec<PastExecution>>,
        table: Option<&ReputationTable>,
    ) -> Result<Tried, Problem> {
        let mut trial = PolicyTrial {
            basis: self.held.version,
            groups: Vec::new(),
            endpoints: 0,
            needs_two: Vec::new(),
            refused: None,
        };
        let reached: u64 = changes.keys().map(|group| self.hosts_of(group).len() as u64).sum();
        for (group, changes) in changes {
            let lockout = self.lockout(group, past.map_or(&[], Vec::as_slice), table)?;
            let proposal = self.proposal(group, changes, lockout.as_ref(), reached)?;
            for why in needs_two(&proposal, Limits::default()) {
                if !trial.needs_two.contains(&why) {
                    trial.needs_two.push(why);
                }
            }
            if let Err(why) = enforceable(&proposal) {
                trial.refused.get_or_insert(why.message());
            }
            trial.groups.push(self.told(group, changes, lockout));
        }
        trial.endpoints = reached;
        let ordered = changes.keys().cloned().chain(self.created()).collect();
        Ok(Tried { trial, after: self.after, ordered })
    }

    /// A group that is new gets orders, although nothing is different in it from before.
    fn created(&self) -> Option<GroupId> {
        match &self.proposal {
            PolicyProposal::Create { id, .. } => Some(id.clone()),
            _ => None,
        }
    }

    fn hosts_of(&self, group: &GroupId) -> &BTreeSet<EndpointId> {
        const NOBODY: &BTreeSet<EndpointId> = &BTreeSet::new();
        self.hosts.get(group).unwrap_or(NOBODY)
    }

    fn lockout(
        &self,
        group: &GroupId,
        past: &[PastExecution],
        table: Option<&ReputationTable>,
    ) -> Result<Option<Lockout>, Problem> {
        lockout(&self.held, &self.after, group, self.hosts_of(group), past, table, self.now)
    }

    fn proposal<'p>(
        &self,
        group: &'p GroupId,
        changes: &'p [Change],
        lockout: Option<&'p Lockout>,
        reached: u64,
    ) -> Result<Proposal<'p>, Problem> {
        let mode =
            |tree: &Tree| tree.effective(group, self.now).map_or(Mode::Observe, |effective| effective.mode.value);
        let (before, after) = (mode(&self.held.tree), mode(&self.after));
        let glass_seconds = match &self.proposal {
            PolicyProposal::BreakGlass { minutes, .. } => Some(u64::from(*minutes) * 60),
            _ => None,
        };
        Ok(Proposal {
            group,
            is_root: self.held.tree.root() == group,
            hosts: reached,
            before,
            after,
            changes,
            lockout,
            glass_seconds,
            changes_keys: false,
        })
    }

    fn told(&self, group: &GroupId, changes: &[Change], lockout: Option<Lockout>) -> TriedGroup {
        TriedGroup {
            group: group.clone(),
            name: self.after.get(group).map_or_else(|| group.0.clone(), |group| group.name.clone()),
            endpoints: self.hosts_of(group).len() as u64,
            changes: changes.to_vec(),
            lockout: lockout.map(|mut lockout| {
                let (outlook, message) = (lockout.outlook(), lockout.message());
                let blocked_files = lockout.blocked.len() as u64;
                let hosts_unknown = lockout.hosts_without_history.len() as u64;
                lockout.blocked.truncate(TOLD_MAX);
                lockout.essential.truncate(TOLD_MAX);
                lockout.hosts_without_history =
                    std::mem::take(&mut lockout.hosts_without_history).into_iter().take(TOLD_MAX).collect();
                TriedRules { outlook, message, days: TRIAL_DAYS, blocked_files, hosts_unknown, lockout }
            }),
        }
    }
}

/// Whether an endpoint may come to a group: not when the rules there would have locked it out in the last days.
pub async fn may_move(app: &App, id: &EndpointId, group: &GroupId) -> Result<(), Problem> {
    let (held, now) = (app.endpoints.held(), seconds(app));
    let past = past(app, now).await?;
    let (table, hosts, group) = (app.endpoints.reputation_table(), BTreeSet::from([id.clone()]), group.clone());
    let tried =
        crate::rooms::blocking(move || lockout(&held, &held.tree, &group, &hosts, &past, table.as_deref(), now));
    match tried.await?? {
        Some(lockout) if lockout.outlook() == Outlook::Refused => Err(super::conflict(lockout.message())),
        _ => Ok(()),
    }
}

/// What the rules of a group of a tree would have done to what ran on some endpoints; absent when it does not enforce.
fn lockout(
    held: &Held,
    tree: &Tree,
    group: &GroupId,
    hosts: &BTreeSet<EndpointId>,
    past: &[PastExecution],
    reputation: Option<&ReputationTable>,
    now: u64,
) -> Result<Option<Lockout>, Problem> {
    let effective = tree.effective(group, now).map_err(Problem::internal)?;
    if effective.mode.value != Mode::Enforce {
        return Ok(None);
    }
    let mut rules = effective.rules();
    rules.denied.extend(held.denied.keys());
    let since = now.saturating_sub(u64::from(TRIAL_DAYS) * 86_400);
    let essentials = Essentials::builtin();
    Ok(Some(simulate(past, &Trial { rules: &rules, reputation, hosts, since, essentials })))
}

/// The groups as they would be.
fn after(held: &Held, proposal: &PolicyProposal, by: &Person, why: &str, now: u64) -> Result<Tree, Problem> {
    let mut groups: BTreeMap<GroupId, Group> =
        held.tree.iter().map(|group| (group.id.clone(), group.clone())).collect();
    let mut glass: Vec<BreakGlass> = held.tree.broken_glass().to_vec();
    let missing = |group: &GroupId| Problem::not_found("endpoint-group", &group.0);
    let mut of = |group: &GroupId, change: &mut dyn FnMut(&mut Group)| {
        groups.get_mut(group).map(change).ok_or_else(|| missing(group))
    };
    match proposal {
        PolicyProposal::Create { id, name, parent, settings } => {
            let new = Group {
                id: id.clone(),
                name: name.trim().to_owned(),
                parent: Some(parent.clone()),
                settings: settings.clone(),
            };
            if groups.insert(id.clone(), new).is_some() {
                return Err(super::conflict(Message::new("policy.group-twice").with("group", id)));
            }
        }
        PolicyProposal::Settings { group, settings } => of(group, &mut |group| group.settings = settings.clone())?,
        PolicyProposal::Rename { group, name } => of(group, &mut |group| group.name = name.trim().to_owned())?,
        PolicyProposal::Move { group, parent } => of(group, &mut |group| group.parent = Some(parent.clone()))?,
        PolicyProposal::Remove { group } => {
            groups.remove(group).ok_or_else(|| missing(group))?;
            glass.retain(|glass| glass.group != *group);
        }
        PolicyProposal::BreakGlass { group, minutes } => {
            held.tree.get(group).ok_or_else(|| missing(group))?;
            glass.retain(|glass| glass.group != *group);
            let until = now.saturating_add(u64::from(*minutes) * 60);
            glass.push(BreakGlass { group: group.clone(), who: by.clone(), why: why.to_owned(), from: now, until });
        }
        PolicyProposal::MendGlass { group } => {
            held.tree.get(group).ok_or_else(|| missing(group))?;
            glass.retain(|glass| glass.group != *group);
        }
    }
    Tree::new(groups.into_values().collect(), glass).map_err(|why| Problem::bad_request(why.message()))
}

fn by_group(app: &App) -> BTreeMap<GroupId, BTreeSet<EndpointId>> {
    let mut hosts: BTreeMap<GroupId, BTreeSet<EndpointId>> = BTreeMap::new();
    for (id, known) in app.endpoints.known() {
        hosts.entry(known.group).or_default().insert(id);
    }
    hosts
}

/// What ran in the last days, on every endpoint.
pub(super) async fn past(app: &App, now: u64) -> Result<Vec<PastExecution>, Problem> {
    let since = now.saturating_sub(u64::from(TRIAL_DAYS) * 86_400);
    let since = i64::try_from(since).map_err(Problem::internal)?;
    let executions = app.store.endpoints().executions_since(since, TRIED_MAX).await?;
    let past = |PastRun { endpoint: host, ran, last, times: count, .. }: PastRun| {
        let essential = ran.essential;
        let Ran { kind, path, sha256, origin, writer, .. } = ran;
        PastExecution { subject: Subject { kind, path, sha256, origin, writer }, host, count, last, essential }
    };
    Ok(executions.into_iter().map(past).collect())
}

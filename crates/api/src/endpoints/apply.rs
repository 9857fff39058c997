//! From a proposal to what is in force: at once where one person is enough, else after a second one agreed.

use super::trial::{Tried, try_proposal};
use super::{Held, seconds};
use crate::Problem;
use crate::session::Caller;
use crate::state::App;
use crate::wire::endpoints::{ChangeDecision, ChangeOutcome, PolicyProposal};
use model::{Digest, Message};
use policy::approval::{ChangeRequest, NotAllowed};
use policy::groups::{BreakGlass, Group, Tree, affected};
use policy::{GroupId, Person};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use store::{Applied, ChangeId, PolicyChange, StoredChange};

/// A proposal as it is kept, with what takes it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kept {
    proposal: PolicyProposal,
    why: String,
    #[serde(default)]
    undo: Undo,
}

/// What was before.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Undo {
    /// Groups as they were, and as the change leaves them: of another one nothing is taken back.
    before: Vec<Group>,
    after: Vec<Group>,
    removed: Vec<GroupId>,
    glass: Vec<BreakGlass>,
    mended: Vec<GroupId>,
}

/// The proposal of a change that was kept.
pub fn stored(change: &StoredChange) -> Result<PolicyProposal, Problem> {
    Ok(kept(change)?.proposal)
}

fn kept(change: &StoredChange) -> Result<Kept, Problem> {
    serde_json::from_value(change.proposal.clone()).map_err(Problem::internal)
}

/// What both persons decide on, by its content.
fn content(proposal: &PolicyProposal) -> Result<Digest, Problem> {
    let bytes = serde_json::to_vec(proposal).map_err(Problem::internal)?;
    Ok(Digest(Sha256::digest(bytes).into()))
}

fn refused(why: NotAllowed) -> Problem {
    super::conflict(why.message())
}

fn group_of(proposal: &PolicyProposal) -> &GroupId {
    match proposal {
        PolicyProposal::Create { id, .. } => id,
        PolicyProposal::Settings { group, .. }
        | PolicyProposal::Rename { group, .. }
        | PolicyProposal::Move { group, .. }
        | PolicyProposal::Remove { group }
        | PolicyProposal::BreakGlass { group, .. }
        | PolicyProposal::MendGlass { group } => group,
    }
}

/// Proposes a change, and applies it when one person is enough.
pub async fn propose(
    app: &App,
    caller: &Caller,
    proposal: PolicyProposal,
    basis: u64,
    why: &str,
) -> Result<ChangeOutcome, Problem> {
    let (by, now) = (Person::new(caller.name.clone()), seconds(app));
    let held = app.endpoints.held();
    if basis != held.version {
        return Err(refused(NotAllowed::Stale { basis, in_force: held.version }));
    }
    let tried = try_proposal(app, &proposal, &by, why).await?;
    may_go(app, &proposal)?;
    if let Some(why) = &tried.trial.refused {
        return Err(super::conflict(why.clone()));
    }
    let content = content(&proposal)?;
    let request = ChangeRequest::propose(content, basis, tried.trial.needs_two.clone(), &by, why, now);
    let request = request.map_err(refused)?;
    let kept = Kept { undo: undo(&held, &tried.after, &proposal), proposal, why: why.to_owned() };
    let group = group_of(&kept.proposal).clone();
    let value = serde_json::to_value(&kept).map_err(Problem::internal)?;
    let detail = json!({ "proposal": kept.proposal, "why": why });
    let act = caller.act(app, "endpoint-policy.propose", object(&group), detail);
    let id = app.store.endpoints().propose(&group, &value, &request, &act).await?;
    let applied = request.needs_two.is_empty();
    let trial = match applied {
        true => put_in_force(app, caller, id, request, &kept, tried).await?.trial,
        false => tried.trial,
    };
    Ok(ChangeOutcome { applied, id, trial })
}

/// A group that somebody is in cannot go.
fn may_go(app: &App, proposal: &PolicyProposal) -> Result<(), Problem> {
    let PolicyProposal::Remove { group } = proposal else { return Ok(()) };
    let endpoints = app.endpoints.known().values().filter(|known| known.group == *group).count();
    if endpoints == 0 {
        return Ok(());
    }
    let endpoints = i64::try_from(endpoints).unwrap_or(i64::MAX);
    Err(super::conflict(Message::new("api.endpoint-group-used").with("group", group).number("endpoints", endpoints)))
}

async fn put_in_force(
    app: &App,
    caller: &Caller,
    id: ChangeId,
    mut request: ChangeRequest,
    kept: &Kept,
    tried: Tried,
) -> Result<Tried, Problem> {
    let (by, now) = (Person::new(caller.name.clone()), seconds(app));
    let in_force = tried.trial.basis;
    request.apply(&by, content(&kept.proposal)?, in_force, now).map_err(refused)?;
    let change = change(&tried, kept, in_force, now, (id, request));
    let detail = json!({ "change": id, "proposal": kept.proposal });
    let act = caller.act(app, "endpoint-policy.apply", object(group_of(&kept.proposal)), detail);
    carry_out(app, &change, &act).await?;
    Ok(tried)
}

async fn carry_out(app: &App, change: &PolicyChange, act: &store::Act) -> Result<(), Problem> {
    match app.store.endpoints().apply(change, act).await? {
        Applied::Now(_) => app.refresh_policy().await,
        Applied::Stale(in_force) => {
            app.refresh_policy().await?;
            Err(refused(NotAllowed::Stale { basis: change.basis, in_force }))
        }
    }
}

fn change(tried: &Tried, kept: &Kept, basis: u64, made: u64, request: (ChangeId, ChangeRequest)) -> PolicyChange {
    let mut change =
        PolicyChange { basis, made, request: Some(request), ordered: tried.ordered.clone(), ..Default::default() };
    let after = |group: &GroupId| tried.after.get(group).cloned();
    match &kept.proposal {
        PolicyProposal::Create { id: group, .. }
        | PolicyProposal::Settings { group, .. }
        | PolicyProposal::Rename { group, .. }
        | PolicyProposal::Move { group, .. } => change.put.extend(after(group)),
        PolicyProposal::Remove { group } => change.removed.push(group.clone()),
        PolicyProposal::BreakGlass { group, .. } => {
            change.glass.extend(tried.after.broken_glass().iter().filter(|glass| glass.group == *group).cloned());
        }
        PolicyProposal::MendGlass { group } => change.mended.push(group.clone()),
    }
    change
}

fn undo(held: &Held, after: &Tree, proposal: &PolicyProposal) -> Undo {
    let group = group_of(proposal);
    let glass = || held.tree.broken_glass().iter().filter(|glass| glass.group == *group).cloned().collect();
    let mut undo = Undo::default();
    match proposal {
        PolicyProposal::Create { .. } => {
            undo.removed.push(group.clone());
            undo.after.extend(after.get(group).cloned());
        }
        PolicyProposal::Settings { .. } | PolicyProposal::Rename { .. } | PolicyProposal::Move { .. } => {
            undo.before.extend(held.tree.get(group).cloned());
            undo.after.extend(after.get(group).cloned());
        }
        PolicyProposal::Remove { .. } => undo.before.extend(held.tree.get(group).cloned()),
        PolicyProposal::BreakGlass { .. } => undo.mended.push(group.clone()),
        PolicyProposal::MendGlass { .. } => undo.glass = glass(),
    }
    undo
}

/// What a person does about a change that was proposed.
pub async fn decide(
    app: &App,
    caller: &Caller,
    id: ChangeId,
    decision: ChangeDecision,
    why: &str,
) -> Result<StoredChange, Problem> {
    let before = app.store.endpoints().change(id).await?;
    let (by, now) = (Person::new(caller.name.clone()), seconds(app));
    let mut request = before.request.clone();
    if request.expire(now) {
        write(app, caller, &before, &request, "expire").await?;
        return Err(refused(NotAllowed::Expired { expires: request.expires }));
    }
    match decision {
        ChangeDecision::Reject => {
            request.reject(&by, why, now).map_err(refused)?;
            write(app, caller, &before, &request, "reject").await?;
        }
        ChangeDecision::Withdraw => {
            request.withdraw(&by, now).map_err(refused)?;
            write(app, caller, &before, &request, "withdraw").await?;
        }
        ChangeDecision::Approve => approve(app, caller, &before, request).await?,
        ChangeDecision::TakeBack => take_back(app, caller, &before, request, why).await?,
    }
    Ok(app.store.endpoints().change(id).await?)
}

async fn write(
    app: &App,
    caller: &Caller,
    before: &StoredChange,
    request: &ChangeRequest,
    what: &str,
) -> Result<(), Problem> {
    let action = format!("endpoint-policy.{what}");
    let act = caller.act(app, &action, object(&before.group), json!({ "change": before.id }));
    match app.store.endpoints().decide(before, request, &act).await? {
        true => Ok(()),
        false => Err(super::conflict(Message::new("api.endpoint-change-moved").number("id", before.id))),
    }
}

/// Agrees as a second person, on what the change would do now, which may be something else than when it was proposed.
async fn approve(app: &App, caller: &Caller, before: &StoredChange, mut request: ChangeRequest) -> Result<(), Problem> {
    let kept = kept(before)?;
    let proposer = request.proposed_by().cloned().unwrap_or_else(|| Person::new(""));
    let tried = try_proposal(app, &kept.proposal, &proposer, &kept.why).await?;
    may_go(app, &kept.proposal)?;
    if let Some(why) = &tried.trial.refused {
        return Err(super::conflict(why.clone()));
    }
    let (by, now) = (Person::new(caller.name.clone()), seconds(app));
    if tried.trial.basis != request.basis {
        return Err(refused(NotAllowed::Stale { basis: request.basis, in_force: tried.trial.basis }));
    }
    request.approve(&by, content(&kept.proposal)?, now).map_err(refused)?;
    put_in_force(app, caller, before.id, request, &kept, tried).await.map(|_| ())
}

async fn take_back(
    app: &App,
    caller: &Caller,
    before: &StoredChange,
    mut request: ChangeRequest,
    why: &str,
) -> Result<(), Problem> {
    let (kept, held) = (kept(before)?, app.endpoints.held());
    let (by, now) = (Person::new(caller.name.clone()), seconds(app));
    request.roll_back(&by, why, now).map_err(refused)?;
    let Undo { before: put, after, removed, glass, mended } = kept.undo;
    // What somebody changed since is his: it would be taken back with it.
    if after.iter().any(|after| held.tree.get(&after.id) != Some(after)) {
        return Err(super::conflict(Message::new("api.endpoint-change-moved").number("id", before.id)));
    }
    for group in &removed {
        may_go(app, &PolicyProposal::Remove { group: group.clone() })?;
    }
    let mut change =
        PolicyChange { basis: held.version, put, removed, glass, mended, made: now, ..PolicyChange::default() };
    let tree = undone(&held, &change)?;
    change.ordered = affected(&held.tree, &tree, now).into_keys().collect();
    change.request = Some((before.id, request));
    let detail = json!({ "change": before.id, "why": why });
    let act = caller.act(app, "endpoint-policy.take-back", object(&before.group), detail);
    carry_out(app, &change, &act).await
}

fn undone(held: &Held, change: &PolicyChange) -> Result<Tree, Problem> {
    let stays =
        |group: &&Group| !change.removed.contains(&group.id) && !change.put.iter().any(|put| put.id == group.id);
    let groups = held.tree.iter().filter(stays).cloned().chain(change.put.iter().cloned()).collect();
    let mended = change.mended.iter().chain(&change.removed);
    let is_mended = |glass: &BreakGlass| mended.clone().any(|group| *group == glass.group);
    let glass = held.tree.broken_glass().iter().filter(|glass| !is_mended(glass)).cloned();
    Tree::new(groups, glass.chain(change.glass.iter().cloned()).collect()).map_err(|why| super::conflict(why.message()))
}

fn object(group: &GroupId) -> String {
    format!("endpoint-group:{group}")
}

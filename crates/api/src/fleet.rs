//! Questions about the whole fleet, answered from how many hosts are alike.
//!
//! The store counts hosts by profile in one statement; a profile never changes, so it is read once. The fleet is folded
//! again only when the counts are others, and what was asked of it before is kept with it: the answers are those of
//! this moment, in whatever process the hosts changed.

use crate::state::App;
use crate::wire::fleet::*;
use crate::wire::rollouts::{CautionCount, RingPlan};
use crate::wire::weapons::StateCounts;
use crate::{Problem, rollouts, rooms};
use model::{CveId, HostId, KbId, Message, WeaponId};
use remedy::Fleet;
use remedy::fleet::{Caution, FleetAction as Kept, FleetActions as AllKept, Link, Profile, Sizes, Supposition, Tally};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};
use store::{Alike, ProfileId, Unprofiled};

/// Judged hosts of an older program whose profiles are made at a time.
const HOSTS_AT_ONCE: u32 = 500;
/// Hosts may change between counting them and reading their profiles; then they are counted again.
const FOLDS_MAX: usize = 20;

/// What is kept between questions.
#[derive(Default)]
pub struct FleetCache {
    profiles: HashMap<ProfileId, (String, Arc<Profile>)>,
    folded: Option<Arc<Folded>>,
}

/// How many hosts have which profile, and what the profiles are: a restored database may give a number to another.
#[derive(PartialEq)]
struct Seen {
    alike: Vec<Alike>,
    digests: BTreeMap<ProfileId, String>,
}

/// The fleet of one moment.
pub struct Folded {
    /// What it was folded from.
    seen: Seen,
    pub fleet: Fleet,
    /// The stored profiles of each kind of the fleet.
    stored: Vec<BTreeSet<ProfileId>>,
    actions: OnceLock<AllKept>,
}

/// The fleet as it is now.
pub async fn fleet(app: &App) -> Result<Arc<Folded>, Problem> {
    let mut cache = app.fleet.lock().await;
    for _ in 0..FOLDS_MAX {
        let (alike, digests) = tokio::try_join!(app.store.alike(), app.store.profile_digests(Profile::FORM))?;
        let seen = Seen { alike, digests };
        if let Some(folded) = cache.folded.as_ref().filter(|folded| folded.seen == seen) {
            return Ok(Arc::clone(folded));
        }
        if cache.learn(app, &seen).await? {
            let folded = Arc::new(Folded::of(seen, &cache.profiles));
            cache.folded = Some(Arc::clone(&folded));
            return Ok(folded);
        }
        make_profiles(app).await?;
    }
    Err(Problem::busy(Message::new("api.fleet-changing")))
}

impl FleetCache {
    /// Reads the profiles that are new, forgets those that no host has, and says whether all are there.
    async fn learn(&mut self, app: &App, seen: &Seen) -> Result<bool, Problem> {
        let wanted: BTreeSet<ProfileId> = seen.alike.iter().filter_map(|alike| alike.profile).collect();
        self.profiles.retain(|id, (digest, _)| wanted.contains(id) && seen.digests.get(id) == Some(digest));
        let new: Vec<ProfileId> = wanted.iter().copied().filter(|id| !self.profiles.contains_key(id)).collect();
        for (id, profile) in app.store.profiles::<Profile>(&new, Profile::FORM).await? {
            let Some(digest) = seen.digests.get(&id) else { continue };
            self.profiles.insert(id, (digest.clone(), Arc::new(profile)));
        }
        Ok(self.profiles.len() == wanted.len())
    }
}

/// Makes the profiles of hosts that an older program judged, from what is stored of them.
async fn make_profiles(app: &App) -> Result<(), Problem> {
    loop {
        let missing = app.store.without_profile(Profile::FORM, HOSTS_AT_ONCE).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let ids: Vec<HostId> = missing.iter().map(|host| host.host.clone()).collect();
        let (hosts, judgements) = tokio::try_join!(app.store.hosts(&ids), app.store.judgements(&ids))?;
        let made = rooms::blocking(move || {
            let host = |id: &HostId| hosts.iter().find(|host| host.id == *id);
            let one = |missing: Unprofiled| {
                let profile = rooms::profile(host(&missing.host)?, judgements.get(&missing.host)?);
                Some(profile.map(|profile| (missing, profile)))
            };
            missing.into_iter().filter_map(one).collect::<Result<Vec<_>, _>>()
        })
        .await??;
        if made.is_empty() {
            return Err(Problem::internal("judged hosts without a stored judgement"));
        }
        app.store.put_profiles(&made).await?;
    }
}

impl Folded {
    fn of(seen: Seen, profiles: &HashMap<ProfileId, (String, Arc<Profile>)>) -> Folded {
        let mut fleet = Fleet::default();
        let mut stored: Vec<BTreeSet<ProfileId>> = Vec::new();
        for hosts in &seen.alike {
            let Some((id, (_, profile))) = hosts.profile.and_then(|id| Some((id, profiles.get(&id)?))) else {
                continue;
            };
            let kind = fleet.add_alike(profile, Tally::of(hosts.hosts, hosts.value));
            stored.resize_with(stored.len().max(kind + 1), BTreeSet::new);
            stored[kind].insert(id);
        }
        Folded { seen, fleet, stored, actions: OnceLock::new() }
    }

    fn actions(&self) -> &AllKept {
        self.actions.get_or_init(|| self.fleet.actions(&Sizes::default(), &Link::default()))
    }

    /// The stored profiles of the hosts that an action is done on; none when the action is not there any more.
    fn of_action(&self, key: &str) -> BTreeSet<ProfileId> {
        let action = self.actions().actions.iter().find(|action| action.key == key);
        action.into_iter().flat_map(|action| &action.kinds).flat_map(|kind| &self.stored[*kind]).copied().collect()
    }

    /// The kind of the hosts that have a stored profile.
    pub fn kind_of_profile(&self) -> BTreeMap<ProfileId, usize> {
        let kinds = self.stored.iter().enumerate();
        kinds.flat_map(|(kind, stored)| stored.iter().map(move |id| (*id, kind))).collect()
    }

    /// The stored profiles of one kind.
    pub fn stored_of(&self, kind: usize) -> impl Iterator<Item = &ProfileId> {
        self.stored.get(kind).into_iter().flatten()
    }

    /// How many hosts are of one kind.
    pub fn hosts_of(&self, kind: usize) -> u64 {
        self.fleet.kinds().nth(kind).map_or(0, |(_, tally)| tally.hosts)
    }

    /// The stored profiles of the kinds that meet a condition.
    fn where_profile(&self, meets: impl Fn(&Profile) -> bool) -> BTreeSet<ProfileId> {
        let kinds = self.fleet.kinds().zip(&self.stored).filter(|((profile, _), _)| meets(profile));
        kinds.flat_map(|(_, stored)| stored).copied().collect()
    }
}

/// The hosts an action is done on at this moment, with what lays them into rings.
pub struct HostsOfAction {
    pub title: Message,
    pub hosts: Vec<store::HostOfAction>,
    known: BTreeMap<ProfileId, (Caution, BTreeSet<WeaponId>)>,
}

impl HostsOfAction {
    pub fn caution(&self, host: &store::HostOfAction) -> Caution {
        // A host whose profile is not known is missed most.
        self.known.get(&host.profile).map_or(Caution::Domain, |(caution, _)| *caution)
    }

    /// What the action closes on the host for good.
    pub fn weapons(&self, host: &store::HostOfAction) -> BTreeSet<WeaponId> {
        self.known.get(&host.profile).map(|(_, weapons)| weapons.clone()).unwrap_or_default()
    }
}

/// `None` when the action is not there any more.
pub async fn hosts_of_action(app: &App, key: &str) -> Result<Option<HostsOfAction>, Problem> {
    let folded = fleet(app).await?;
    let key = key.to_owned();
    let found = rooms::blocking(move || {
        let action = folded.actions().actions.iter().find(|action| action.key == key)?;
        let mut known = BTreeMap::new();
        for (kind, (profile, _)) in folded.fleet.kinds().enumerate().filter(|(kind, _)| action.kinds.contains(kind)) {
            let closed = profile
                .exposures
                .iter()
                .filter(|need| action.closer.as_ref().is_some_and(|c| need.closers.contains(c)));
            let weapons: BTreeSet<WeaponId> = closed.map(|need| need.weapon.clone()).collect();
            known.extend(folded.stored[kind].iter().map(|id| (*id, (profile.caution(), weapons.clone()))));
        }
        Some((action.title.clone(), known))
    })
    .await?;
    let Some((title, known)) = found else { return Ok(None) };
    let hosts = app.store.hosts_of_profiles(&known.keys().copied().collect()).await?;
    Ok(Some(HostsOfAction { title, hosts, known }))
}

/// What of a host only its profile tells.
#[derive(Debug, Clone, Default)]
pub struct ProfileFilter {
    /// The key of an action: exactly the hosts it is done on.
    pub action: Option<String>,
    /// The update would close a hole that a weapon needs.
    pub missing: Option<KbId>,
    /// A weapon that uses the vulnerability is open.
    pub cve: Option<CveId>,
}

/// The profiles that meet all of the filter; `None` when it asks for nothing.
pub async fn matching(app: &App, filter: ProfileFilter) -> Result<Option<BTreeSet<ProfileId>>, Problem> {
    let users = filter.cve.as_ref().map(|cve| weapons_using(app, cve)).transpose()?;
    if filter.action.is_none() && filter.missing.is_none() && users.is_none() {
        return Ok(None);
    }
    let folded = fleet(app).await?;
    rooms::blocking(move || {
        let action = filter.action.map(|key| folded.of_action(&key));
        let missing = filter.missing.map(|kb| folded.where_profile(|profile| profile.lacks(kb)));
        let cve = users.map(|users| folded.where_profile(|profile| profile.is_open_to(&users)));
        [action, missing, cve].into_iter().flatten().reduce(|a, b| &a & &b)
    })
    .await
}

fn weapons_using(app: &App, cve: &CveId) -> Result<BTreeSet<WeaponId>, Problem> {
    let knowledge = app.knowledge();
    let using = knowledge.weapons.iter().filter(|weapon| weapon.cves.iter().any(|used| used.id == *cve));
    let using: BTreeSet<WeaponId> = using.map(|weapon| weapon.id.clone()).collect();
    if using.is_empty() {
        return Err(Problem::bad_request(Message::new("api.cve-without-weapon").with("cve", cve)));
    }
    Ok(using)
}

pub async fn actions(app: &App) -> Result<FleetActions, Problem> {
    let folded = fleet(app).await?;
    let day = app.day();
    let mut rollouts: BTreeMap<String, _> =
        app.store.rollouts().await?.into_iter().map(|kept| (kept.action.clone(), rollouts::show(kept))).collect();
    rooms::blocking(move || {
        let found = folded.actions();
        let mut actions: Vec<FleetAction> = found.actions.iter().cloned().map(show).collect();
        for action in &mut actions {
            action.rollout = rollouts.remove(&action.key);
        }
        FleetActions { day, actions, exposures: found.exposures, left: found.left }
    })
    .await
}

fn show(kept: Kept) -> FleetAction {
    FleetAction {
        query: format!("fleet_action={}", percent_encoded(&kept.key)),
        key: kept.key,
        rank: kept.rank,
        lasting: kept.lasting,
        kind: kept.kind,
        title: kept.title,
        kb: kept.kb,
        control: kept.control,
        ports: kept.ports,
        services: kept.services.into_iter().collect(),
        base: kept.base.into_iter().map(|base| BaseUpdate { id: base.id, any_of: base.any_of }).collect(),
        weapons: kept.weapons.into_iter().collect(),
        systems: kept.systems.into_iter().collect(),
        timeline: kept.timeline,
        hosts: kept.hosts,
        exposures_closed: kept.exposures,
        risk_removed: kept.risk_removed,
        bytes: kept.delivery.bytes,
        bytes_estimated: kept.delivery.estimated,
        minutes: kept.delivery.minutes,
        why: kept.why,
        rings: kept.rings.into_iter().map(ring).collect(),
        rollout: None,
    }
}

fn ring(kept: remedy::fleet::Ring) -> RingPlan {
    let caution = |(caution, hosts)| CautionCount { caution: shown(caution), hosts };
    RingPlan {
        ring: kept.ring,
        percent: kept.percent,
        hosts: kept.hosts,
        caution: kept.caution.into_iter().map(caution).collect(),
        value_max: kept.value_max,
    }
}

fn shown(kept: Caution) -> crate::wire::rollouts::Caution {
    use crate::wire::rollouts::Caution as Shown;
    match kept {
        Caution::Replaceable => Shown::Replaceable,
        Caution::NotAsked => Shown::NotAsked,
        Caution::Needed => Shown::Needed,
        Caution::Domain => Shown::Domain,
    }
}

/// A key as part of an address: names of products have spaces and signs in them.
pub fn percent_encoded(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte);
    let encoded = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    key.bytes().map(encoded).collect()
}

pub async fn what_if(app: &App, request: WhatIf) -> Result<WhatIfAnswer, Problem> {
    let folded = fleet(app).await?;
    let knowledge = app.knowledge();
    rooms::blocking(move || {
        let supposition = Supposition {
            updates: situation::with_replaced(&request.updates, &knowledge),
            close_ports: request.close_ports,
            group: request.group,
            zone: request.zone,
        };
        let answer = folded.fleet.what_if(&supposition);
        let weapons = answer.weapons.into_iter().map(|(id, change)| WhatIfWeapon {
            id,
            before: StateCounts { open: change.open_before, unknown: change.unknown_before, ..StateCounts::default() },
            after: StateCounts { open: change.open_after, unknown: change.unknown_after, ..StateCounts::default() },
            reachable_before: change.reachable_before,
            reachable_after: change.reachable_after,
        });
        WhatIfAnswer {
            before: counts(&answer.before),
            after: counts(&answer.after),
            weapons: weapons.collect(),
            touched: answer.touched,
            warnings: answer.warnings,
        }
    })
    .await
}

fn counts(kept: &remedy::fleet::HostCounts) -> HostCounts {
    HostCounts { total: kept.total, hit: kept.hit, unknown: kept.unknown, clear: kept.clear, pending: 0 }
}

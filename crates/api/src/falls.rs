//! If a host falls: the fleet's profiles, the conversations that were seen, and the names of those worth most.

use crate::fleet::{self, Folded};
use crate::state::App;
use crate::wire::story::*;
use crate::{Problem, rooms};
use model::{HostId, Message, Port};
use situation::falls::{Crossing, Entered, Entry, Falls, Place};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{HostBrief, ProfileId};

const TARGETS_TOLD: u32 = 60;
/// Places whose hosts are named; all are counted.
const PLACES_NAMED: usize = 24;

pub async fn of(app: &App, id: &HostId) -> Result<HostFalls, Problem> {
    let own = app.store.brief(std::slice::from_ref(id)).await?;
    let own = own.into_iter().next().ok_or_else(|| Problem::not_found("host", id.as_str()))?;
    let folded = fleet::fleet(app).await?;
    let kinds = Arc::new(folded.kind_of_profile());
    let Some(kind) = kinds.get(&own.profile).copied() else {
        return Err(Problem::busy(Message::new("api.falls-not-judged")));
    };
    let (crossings, mut names) = crossings(app, &folded, &kinds).await?;
    names.insert(id.clone(), own.label.clone());
    let (fleet, start, found) = (Arc::clone(&folded), id.clone(), crossings.clone());
    let fallen = rooms::blocking(move || situation::falls::falls(&fleet.fleet, &start, kind, &found)).await?;
    let mut targets = targets(app, &folded, &kinds, &fallen).await?;
    targets.retain(|(_, target)| target.host != *id);
    let tale = Tale { folded: &folded, kinds: &kinds, fallen: &fallen, own: &own, own_kind: kind, names: &names };
    Ok(HostFalls {
        places: (0..fallen.places.len()).map(|at| tale.place(at)).collect(),
        targets: targets.iter().filter_map(|(at, brief)| tale.target(*at, brief)).collect(),
        elsewhere: fallen.elsewhere,
        elsewhere_hit: fallen.elsewhere_hit,
        notes: notes(&fallen, crossings.is_empty()),
    })
}

/// What was seen to lead from place to place, and the names of the hosts in it.
async fn crossings(
    app: &App,
    folded: &Folded,
    kinds: &BTreeMap<ProfileId, usize>,
) -> Result<(Vec<Crossing<HostId>>, BTreeMap<HostId, String>), Problem> {
    let ports: BTreeSet<Port> = folded
        .fleet
        .kinds()
        .flat_map(|(profile, _)| &profile.exposures)
        .flat_map(|need| need.ports.iter().copied())
        .collect();
    let talks = app.store.traffic().talks(&ports).await?;
    let keys: BTreeSet<String> = talks
        .iter()
        .flat_map(|talk| [&talk.originator, &talk.responder])
        .map(|address| format!("ip:{address}"))
        .collect();
    let by_key = app.store.hosts_with_keys(&keys).await?;
    // An address that two machines had is no proof for either.
    let host = |address: &str| by_key.get(&format!("ip:{address}")).filter(|hosts| hosts.len() == 1)?.first().cloned();
    let pairs: Vec<(HostId, HostId, Port)> =
        talks.iter().filter_map(|talk| Some((host(&talk.originator)?, host(&talk.responder)?, talk.port))).collect();
    let ids: BTreeSet<HostId> = pairs.iter().flat_map(|(from, to, _)| [from.clone(), to.clone()]).collect();
    let briefs = app.store.brief(&ids.into_iter().collect::<Vec<_>>()).await?;
    let kind: BTreeMap<&HostId, usize> =
        briefs.iter().filter_map(|brief| Some((&brief.host, *kinds.get(&brief.profile)?))).collect();
    let crossing = |(from, to, port): (HostId, HostId, Port)| {
        let (from_kind, to_kind) = (*kind.get(&from)?, *kind.get(&to)?);
        Some(Crossing { from, from_kind, to, to_kind, port })
    };
    let found = pairs.into_iter().filter_map(crossing).collect();
    let names = briefs.iter().map(|brief| (brief.host.clone(), brief.label.clone())).collect();
    Ok((found, names))
}

/// The hosts worth most that can be hit, with the place each is in.
async fn targets(
    app: &App,
    folded: &Folded,
    kinds: &BTreeMap<ProfileId, usize>,
    fallen: &Falls<HostId>,
) -> Result<Vec<(usize, HostBrief)>, Problem> {
    let mut found = Vec::new();
    for (at, place) in fallen.places.iter().enumerate().take(PLACES_NAMED) {
        let hit = place.kinds.iter().filter(|(_, entry)| entry.sure != situation::falls::Sure::Held);
        let profiles: BTreeSet<ProfileId> = hit.flat_map(|(kind, _)| folded.stored_of(*kind)).copied().collect();
        let named = app.store.most_valued(&profiles, TARGETS_TOLD).await?;
        found.extend(named.into_iter().filter(|brief| kinds.contains_key(&brief.profile)).map(|brief| (at, brief)));
    }
    // Worth most first, among equals those that fall for sure, then those that are near.
    found.sort_by_cached_key(|(at, brief): &(usize, HostBrief)| {
        let sure =
            kinds.get(&brief.profile).and_then(|kind| fallen.places[*at].kinds.get(kind)).map(|entry| entry.sure);
        (Reverse(remedy::fleet::rated(brief.value)), sure, *at, brief.label.clone(), brief.host.clone())
    });
    found.truncate(TARGETS_TOLD as usize);
    Ok(found)
}

/// What is needed to tell of places and ways.
struct Tale<'a> {
    folded: &'a Folded,
    kinds: &'a BTreeMap<ProfileId, usize>,
    fallen: &'a Falls<HostId>,
    own: &'a HostBrief,
    own_kind: usize,
    names: &'a BTreeMap<HostId, String>,
}

impl Tale<'_> {
    fn place(&self, at: usize) -> FallenPlace {
        let entered = &self.fallen.places[at];
        let (kind, name) = match &entered.place {
            Some(Place::Zone(name)) => (Some("zone"), Some(name.clone())),
            Some(Place::Group(name)) => (Some("group"), Some(name.clone())),
            None => (None, None),
        };
        let mut place = FallenPlace {
            query: kind
                .zip(name.as_ref())
                .map(|(kind, name)| format!("{kind}={}", fleet::percent_encoded(name)))
                .unwrap_or_default(),
            kind: kind.map(str::to_owned),
            name,
            hop: entered.hop as u64,
            yes: 0,
            maybe: 0,
            held: 0,
            weapons: Vec::new(),
            path: self.way_into(at),
        };
        let mut weapons: BTreeMap<_, u64> = BTreeMap::new();
        for (kind, entry) in &entered.kinds {
            let hosts = self.folded.hosts_of(*kind) - u64::from(entered.hop == 0 && *kind == self.own_kind);
            match entry.sure {
                situation::falls::Sure::Yes => place.yes += hosts,
                situation::falls::Sure::Maybe => place.maybe += hosts,
                situation::falls::Sure::Held => place.held += hosts,
            }
            if entry.sure != situation::falls::Sure::Held && hosts > 0 {
                *weapons.entry(entry.weapon.clone()).or_default() += hosts;
            }
        }
        place.weapons = weapons.into_iter().map(|(weapon, hosts)| FallenBy { weapon, hosts }).collect();
        place.weapons.sort_by(|a, b| b.hosts.cmp(&a.hosts).then_with(|| a.weapon.cmp(&b.weapon)));
        place
    }

    fn target(&self, at: usize, brief: &HostBrief) -> Option<FallTarget> {
        let entered = &self.fallen.places[at];
        let entry = entered.kinds.get(self.kinds.get(&brief.profile)?)?;
        let mut path = self.way_into(at);
        if path.last().is_none_or(|step| step.to != brief.host) {
            path.push(self.step(&self.at_end(&path), (brief.host.clone(), brief.label.clone()), entry, false));
        }
        let sure = path.iter().map(|step| step.sure).max().unwrap_or(Sure::Maybe);
        Some(FallTarget { host: brief.host.clone(), label: brief.label.clone(), value: brief.value, sure, path })
    }

    /// The way from the host into a place, ending at the first host that falls there.
    fn way_into(&self, at: usize) -> Vec<FallStep> {
        let entered: &Entered<HostId> = &self.fallen.places[at];
        let (Some((crossing, entry)), Some(from)) = (&entered.by, entered.from) else { return Vec::new() };
        let mut path = self.way_into(from);
        let here = self.at_end(&path);
        if here.0 != crossing.from {
            // Within the place the host that talks on has to fall first.
            if let Some(first) = self.fallen.places[from].kinds.get(&crossing.from_kind) {
                path.push(self.step(&here, self.named(&crossing.from), first, false));
            }
        }
        path.push(self.step(&self.named(&crossing.from), self.named(&crossing.to), entry, true));
        path
    }

    fn at_end(&self, path: &[FallStep]) -> (HostId, String) {
        path.last().map_or_else(
            || (self.own.host.clone(), self.own.label.clone()),
            |step| (step.to.clone(), step.to_label.clone()),
        )
    }

    fn named(&self, id: &HostId) -> (HostId, String) {
        (id.clone(), self.names.get(id).cloned().unwrap_or_else(|| id.to_string()))
    }

    fn step(&self, from: &(HostId, String), to: (HostId, String), entry: &Entry, seen: bool) -> FallStep {
        FallStep {
            from: from.0.clone(),
            from_label: from.1.clone(),
            to: to.0,
            to_label: to.1,
            weapon: entry.weapon.clone(),
            port: entry.port,
            sure: match entry.sure {
                situation::falls::Sure::Yes => Sure::Yes,
                situation::falls::Sure::Maybe => Sure::Maybe,
                situation::falls::Sure::Held => Sure::Held,
            },
            seen,
        }
    }
}

/// What the answer stands on.
fn notes(fallen: &Falls<HostId>, nothing_seen: bool) -> Vec<Message> {
    let first = match fallen.places.first().and_then(|entered| entered.place.as_ref()) {
        Some(Place::Zone(zone)) => Message::new("api.falls-zone").with("zone", zone),
        Some(Place::Group(group)) => Message::new("api.falls-group").with("group", group),
        None => Message::new("api.falls-nowhere"),
    };
    let seen = if nothing_seen { "api.falls-no-traffic" } else { "api.falls-traffic" };
    vec![first, Message::new(seen)]
}

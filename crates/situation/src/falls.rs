//! If a host falls: what can be hit from it, with which weapon, over which port, over how many hosts in between.
//!
//! What is not known of the network is said and not guessed. Hosts of one place (a zone; where none is stated, a group)
//! are taken to reach each other: nothing that we read tells of filters between them. From one place into another leads
//! only a conversation that was seen. All else is counted as not known, which is not out of reach.

use model::{ExposureState, Port, Reach, WeaponId};
use remedy::fleet::{Fleet, Kind, Need, Profile};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Crossings from place to place that one path has at most; every place is entered once.
const CROSSINGS_MAX: usize = 8;

/// Where hosts are taken to reach each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    Zone(String),
    Group(String),
}

/// How sure it is that a weapon gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sure {
    /// The weapon is open and its port was seen to answer.
    Yes,
    /// The weapon or its port is not known well enough to say no.
    Maybe,
    /// The weapon is open or unknown, and its port was seen closed or filtered.
    Held,
}

/// The best way into a kind of hosts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub sure: Sure,
    pub weapon: WeaponId,
    /// `None` for a weapon that the knowledge gives no port.
    pub port: Option<Port>,
}

/// A conversation that was seen, between two hosts that are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossing<Id> {
    pub from: Id,
    pub from_kind: Kind,
    pub to: Id,
    pub to_kind: Kind,
    pub port: Port,
}

/// How a place is entered: through the conversation, by this weapon, after so many places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered<Id> {
    pub place: Option<Place>,
    /// Places passed before this one; 0 is the place of the host itself.
    pub hop: usize,
    /// `None` for the place of the host itself.
    pub by: Option<(Crossing<Id>, Entry)>,
    /// The place it was entered from, by its position in the list.
    pub from: Option<usize>,
    /// The kinds that can be hit there, each with its best way in.
    pub kinds: BTreeMap<Kind, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Falls<Id> {
    /// In the order they are entered; the first is the host's own.
    pub places: Vec<Entered<Id>>,
    /// Hosts in places to which no way was seen, and those of them that a weapon could hit if there is one.
    pub elsewhere: u64,
    pub elsewhere_hit: u64,
}

impl Place {
    pub fn of(profile: &Profile) -> Option<Place> {
        let zone = profile.zone.clone().map(Place::Zone);
        zone.or_else(|| profile.group.clone().map(Place::Group))
    }
}

/// The best way into hosts of this profile; `None` when no weapon could.
pub fn entry(profile: &Profile) -> Option<Entry> {
    profile.exposures.iter().map(entry_of).min()
}

fn entry_of(need: &Need) -> Entry {
    let sure = match (need.state, need.reach) {
        (_, Reach::Closed | Reach::Filtered) => Sure::Held,
        (ExposureState::Open, Reach::Open) => Sure::Yes,
        _ => Sure::Maybe,
    };
    Entry { sure, weapon: need.weapon.clone(), port: need.ports.first().copied() }
}

/// The best way in by this very port.
fn entry_by(profile: &Profile, port: Port) -> Option<Entry> {
    let by_port = profile.exposures.iter().filter(|need| need.ports.contains(&port));
    // The port was seen to answer: whatever a scan said of it, it lets this host in.
    let seen = |need: &Need| {
        let sure = if need.state == ExposureState::Open { Sure::Yes } else { Sure::Maybe };
        Entry { sure, weapon: need.weapon.clone(), port: Some(port) }
    };
    by_port.map(seen).min()
}

/// What can be hit from a host of this kind.
pub fn falls<Id: Clone + Ord>(fleet: &Fleet, id: &Id, kind: Kind, crossings: &[Crossing<Id>]) -> Falls<Id> {
    let kinds: Vec<_> = fleet.kinds().collect();
    let own = kinds.get(kind).and_then(|(profile, _)| Place::of(profile));
    let mut places: Vec<Entered<Id>> = Vec::new();
    let mut seen: BTreeSet<Place> = BTreeSet::new();
    let first = Entered { place: own, hop: 0, by: None, from: None, kinds: BTreeMap::new() };
    let mut waiting = VecDeque::from([first]);
    while let Some(mut entered) = waiting.pop_front() {
        if entered.place.as_ref().is_some_and(|place| !seen.insert(place.clone())) {
            continue;
        }
        if let Some(place) = &entered.place {
            let there = kinds.iter().enumerate().filter(|(_, (profile, _))| Place::of(profile).as_ref() == Some(place));
            entered.kinds = there.filter_map(|(at, (profile, _))| Some((at, entry(profile)?))).collect();
        }
        let at = places.len();
        let from_here = |crossing: &&Crossing<Id>| {
            // Only a host that has fallen leads on; the first place has the host itself, and those it can hit.
            let fallen = entered.kinds.get(&crossing.from_kind).is_some_and(|entry| entry.sure != Sure::Held);
            (entered.hop == 0 && crossing.from == *id) || fallen
        };
        if entered.hop < CROSSINGS_MAX {
            // Of several ways into a place the surest, whatever the order of what was seen.
            let mut ways: BTreeMap<Place, (Entry, &Crossing<Id>)> = BTreeMap::new();
            for crossing in crossings.iter().filter(from_here) {
                let Some((profile, _)) = kinds.get(crossing.to_kind) else { continue };
                let (Some(place), Some(entry)) = (Place::of(profile), entry_by(profile, crossing.port)) else {
                    continue;
                };
                let way = (entry, crossing);
                if !seen.contains(&place) && ways.get(&place).is_none_or(|best| way < *best) {
                    ways.insert(place, way);
                }
            }
            waiting.extend(ways.into_iter().map(|(place, (entry, crossing))| Entered {
                place: Some(place),
                hop: entered.hop + 1,
                by: Some((crossing.clone(), entry)),
                from: Some(at),
                kinds: BTreeMap::new(),
            }));
        }
        places.push(entered);
    }
    let outside = kinds
        .iter()
        .enumerate()
        .filter(|(_, (profile, _))| Place::of(profile).is_none_or(|place| !seen.contains(&place)));
    let (mut elsewhere, mut elsewhere_hit) = (0, 0);
    for (at, (profile, tally)) in outside {
        // A host that nobody placed is not elsewhere; those like it are.
        let hosts = tally.hosts - u64::from(at == kind);
        elsewhere += hosts;
        elsewhere_hit += if entry(profile).is_some_and(|entry| entry.sure != Sure::Held) { hosts } else { 0 };
    }
    Falls { places, elsewhere, elsewhere_hit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timeline;
    use remedy::fleet::Tally;
    use std::sync::Arc;

    fn smb() -> Port {
        "tcp/445".parse().unwrap()
    }

    fn profile(zone: &str, needs: &[(&str, ExposureState, Reach)]) -> Arc<Profile> {
        let need = |(weapon, state, reach): &(&str, ExposureState, Reach)| Need {
            weapon: (*weapon).into(),
            state: *state,
            timeline: Timeline::Now,
            reach: *reach,
            ports: vec![smb()],
            fixes: BTreeSet::new(),
            closers: Vec::new(),
            base: Vec::new(),
        };
        let zone = if zone.is_empty() { None } else { Some(zone.to_owned()) };
        Arc::new(Profile { zone, exposures: needs.iter().map(need).collect(), ..Profile::default() })
    }

    fn crossing(from: u32, from_kind: Kind, to: u32, to_kind: Kind) -> Crossing<u32> {
        Crossing { from, from_kind, to, to_kind, port: smb() }
    }

    /// Zones a, b, c with one host that can be hit each, one in a that is held, one nobody placed.
    fn fleet() -> Fleet {
        use ExposureState::{Open, Unknown};
        let mut fleet = Fleet::default();
        let kinds = [
            profile("a", &[("eternalblue", Open, Reach::Open)]),
            profile("a", &[("eternalblue", Open, Reach::Closed)]),
            profile("b", &[("eternalblue", Unknown, Reach::Unknown)]),
            profile("c", &[("eternalblue", Open, Reach::Unknown)]),
            profile("", &[("eternalblue", Open, Reach::Open)]),
        ];
        for kind in kinds {
            fleet.add_alike(&kind, Tally::of(10, None));
        }
        fleet
    }

    fn told(falls: &Falls<u32>) -> Vec<String> {
        let place = |entered: &Entered<u32>| {
            let kinds: Vec<_> = entered.kinds.iter().map(|(kind, entry)| format!("{kind}:{:?}", entry.sure)).collect();
            format!("{} {:?} {}", entered.hop, entered.place, kinds.join(" "))
        };
        falls.places.iter().map(place).collect()
    }

    #[test]
    fn a_host_hits_its_own_place_and_no_other_without_a_conversation() {
        let falls = falls(&fleet(), &1, 0, &[]);
        assert_eq!(told(&falls), [r#"0 Some(Zone("a")) 0:Yes 1:Held"#]);
        assert_eq!((falls.elsewhere, falls.elsewhere_hit), (30, 30), "not known is not out of reach");
    }

    #[test]
    fn conversations_lead_from_place_to_place_through_hosts_that_fall() {
        // Host 2 of a talks to 20 in b, 20 talks to 30 in c.
        let falls = falls(&fleet(), &1, 0, &[crossing(20, 2, 30, 3), crossing(2, 0, 20, 2)]);
        assert_eq!(
            told(&falls),
            [r#"0 Some(Zone("a")) 0:Yes 1:Held"#, r#"1 Some(Zone("b")) 2:Maybe"#, r#"2 Some(Zone("c")) 3:Maybe"#]
        );
        assert_eq!((falls.places[2].from, falls.elsewhere), (Some(1), 10));
        assert_eq!(
            falls.places[2].by.as_ref().unwrap().1.sure,
            Sure::Yes,
            "the conversation shows that the port answers"
        );
    }

    #[test]
    fn a_host_behind_a_closed_port_leads_nowhere() {
        assert_eq!(falls(&fleet(), &1, 0, &[crossing(3, 1, 20, 2)]).places.len(), 1);
        assert_eq!(
            falls(&fleet(), &3, 1, &[crossing(3, 1, 20, 2)]).places.len(),
            2,
            "but it leads on when it falls itself"
        );
    }

    #[test]
    fn conversations_in_a_circle_end() {
        let round = [crossing(1, 0, 20, 2), crossing(20, 2, 30, 3), crossing(30, 3, 1, 0)];
        assert_eq!(falls(&fleet(), &1, 0, &round).places.len(), 3);
    }

    #[test]
    fn a_host_that_nobody_placed_reaches_nothing_that_is_known() {
        let falls = falls(&fleet(), &1, 4, &[]);
        assert_eq!(told(&falls), ["0 None "]);
        assert_eq!((falls.elsewhere, falls.elsewhere_hit), (49, 39), "all others, those like it too");
    }

    #[test]
    fn the_surest_way_into_a_place_is_told() {
        let mut fleet = fleet();
        let open = profile("b", &[("eternalblue", ExposureState::Open, Reach::Open)]);
        fleet.add_alike(&open, Tally::of(1, None));
        let ways = [crossing(1, 0, 20, 2), crossing(1, 0, 21, 5)];
        for ways in [ways.to_vec(), ways.iter().rev().cloned().collect()] {
            let falls = falls(&fleet, &1, 0, &ways);
            let (by, entry) = falls.places[1].by.clone().unwrap();
            assert_eq!((by.to, entry.sure), (21, Sure::Yes));
        }
    }
}

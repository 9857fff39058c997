#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use policy::Mode;
use policy::groups::{Group, Settings, Tree};
use policy::orders::{KeyChange, Signer};
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

const NOW: u64 = 1_772_323_200;

/// A server, and the folder of an endpoint of it.
struct World {
    folder: TempDir,
    home: Home,
    signer: Signer,
}

fn signer() -> Signer {
    Signer::from_pkcs8(&Signer::generate().unwrap()).unwrap()
}

fn us() -> EndpointId {
    EndpointId::new("4f1d09c2a77e6b10")
}

fn orders(version: u64, mode: Mode) -> Orders {
    let id = GroupId::new("desks");
    let settings = Settings { mode: Some(mode), ..Settings::default() };
    let group = Group { id: id.clone(), name: "Desks".to_owned(), parent: None, settings };
    let effective = Tree::new(vec![group], Vec::new()).unwrap().effective(&id, NOW).unwrap();
    Orders::new(version, NOW, Audience::Endpoint(us()), &effective)
}

fn guide(kind: &str, bytes: Vec<u8>) -> Guide {
    Guide { kind: kind.to_owned(), version: 1, bytes: bytes.into() }
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::make(folder.path()).unwrap();
        World { folder, home, signer: signer() }
    }

    fn load(&self) -> (Held, Vec<String>) {
        self.load_as("authority")
    }

    fn load_as(&self, authority: &str) -> (Held, Vec<String>) {
        let (held, gaps) = Held::load_as(&self.home, us(), GroupId::new("desks"), authority.to_owned());
        (held, gaps.into_iter().map(|gap| gap.code).collect())
    }

    fn keys(&self) -> Guide {
        let keys = Keys { keys: [self.signer.public()].into() };
        guide(KEYS_GUIDE, serde_json::to_vec(&keys).unwrap())
    }

    fn orders(&self, version: u64, mode: Mode) -> Guide {
        guide(ORDERS_GUIDE, orders(version, mode).seal(&self.signer).unwrap())
    }

    fn table(&self, version: u64) -> Guide {
        let table = ReputationTable::new(version, NOW, &BTreeMap::from([(policy::Digest([7; 32]), 90)])).unwrap();
        guide(REPUTATION_GUIDE, table.seal(&self.signer).unwrap())
    }

    /// One with keys, two orders after each other, and a table.
    fn settled(&self) -> Held {
        let (mut held, _) = self.load();
        assert_eq!(held.take(&self.keys(), NOW), Taken::Keys);
        assert_eq!(held.take(&self.orders(3, Mode::Simulate), NOW), Taken::Orders);
        assert_eq!(held.take(&self.orders(5, Mode::Enforce), NOW), Taken::Orders);
        assert_eq!(held.take(&self.table(2), NOW), Taken::Reputation);
        held
    }

    fn bend(&self, name: &str) {
        let path = self.folder.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x20;
        // The one before it is another file by name only.
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
    }
}

fn is_refused(taken: Taken, code: &str) -> bool {
    matches!(taken, Taken::Refused(why) if why.code == code)
}

fn held_to(held: &Held) -> (Option<u64>, Option<Mode>, Option<u64>) {
    let orders = held.orders();
    (orders.map(|orders| orders.version), orders.map(|orders| orders.execution.mode), held.reputation_version())
}

const SETTLED: (Option<u64>, Option<Mode>, Option<u64>) = (Some(5), Some(Mode::Enforce), Some(2));

#[test]
fn what_was_taken_is_held_to_by_the_next_one_whatever_its_clock_says() {
    let world = World::new();
    assert_eq!(held_to(&world.settled()), SETTLED);
    let (held, gaps) = world.load();
    assert_eq!((held_to(&held), gaps), (SETTLED, Vec::new()));
    assert_eq!(held.reputation().get(&policy::Digest([7; 32])), Some(90));
}

#[test]
fn keys_are_taken_once_and_before_orders() {
    let world = World::new();
    let (mut held, _) = world.load();
    assert!(
        matches!(held.take(&world.orders(3, Mode::Enforce), NOW), Taken::NotYet(why) if why.code == "agent.no-keys")
    );
    for bad in
        [b"{}".to_vec(), b"{\"keys\":[]}".to_vec(), vec![b' '; KEYS_BYTES_MAX + 1], b"{\"keys\":[\"00\"]}".to_vec()]
    {
        assert!(is_refused(held.take(&guide(KEYS_GUIDE, bad), NOW), "agent.keys-bad"));
    }
    assert_eq!(held.take(&world.keys(), NOW), Taken::Keys);
    assert_eq!(held.take(&world.keys(), NOW), Taken::Nothing);
    assert!(is_refused(held.take(&World::new().keys(), NOW), "agent.keys-known"));
    assert_eq!(held.take(&guide("of-a-later-version", vec![1]), NOW), Taken::Nothing);
}

#[test]
fn what_is_not_in_order_changes_nothing() {
    let world = World::new();
    let mut held = world.settled();
    let mut refuses = |guide: Guide, code: &str| {
        assert!(is_refused(held.take(&guide, NOW), code), "{code}");
        assert_eq!(held_to(&held), SETTLED);
        assert_eq!(held_to(&world.load().0), SETTLED);
    };
    refuses(world.orders(4, Mode::Observe), "policy.orders-not-later");
    refuses(world.orders(5, Mode::Observe), "policy.orders-not-later");
    let other = guide(ORDERS_GUIDE, orders(6, Mode::Observe).seal(&signer()).unwrap());
    refuses(other, "policy.orders-unknown-key");
    let foreign = Orders { audience: Audience::Endpoint(EndpointId::new("x")), ..orders(6, Mode::Observe) };
    refuses(guide(ORDERS_GUIDE, foreign.seal(&world.signer).unwrap()), "policy.orders-not-for-us");
    refuses(guide(ORDERS_GUIDE, world.table(9).bytes.to_vec()), "policy.orders-forged");
    refuses(world.table(1), "policy.orders-not-later");
    refuses(guide(REPUTATION_GUIDE, Vec::new()), "policy.orders-damaged");
    // What is known is told once more on each connection.
    assert_eq!(held.take(&world.orders(5, Mode::Enforce), NOW), Taken::Nothing);
    assert_eq!(held.take(&world.table(2), NOW), Taken::Nothing);
    let early = Orders { not_before: Some(NOW + 9), ..orders(6, Mode::Observe) };
    let early = guide(ORDERS_GUIDE, early.seal(&world.signer).unwrap());
    assert!(matches!(held.take(&early, NOW), Taken::NotYet(_)));
    assert_eq!(held.take(&early, NOW + 9), Taken::Orders);
}

#[test]
fn damaged_orders_are_told_and_those_before_hold() {
    let world = World::new();
    world.settled();
    world.bend("orders");
    let (held, gaps) = world.load();
    assert_eq!(gaps, ["agent.damaged", "agent.before-holds"]);
    assert_eq!(held_to(&held), (Some(3), Some(Mode::Simulate), Some(2)));
    // Nothing of both is left: that is told as well.
    world.bend("orders.before");
    let (mut held, gaps) = world.load();
    assert_eq!((gaps, held.orders()), (vec!["agent.damaged".to_owned(); 2], None));
    assert_eq!(held.take(&world.orders(5, Mode::Enforce), NOW), Taken::Orders);
    world.bend("reputation");
    let (held, gaps) = world.load();
    assert_eq!((gaps, held_to(&held)), (vec!["agent.damaged".to_owned()], (Some(5), Some(Mode::Enforce), None)));
}

#[test]
fn with_another_key_another_signer_and_a_crash_between_the_two_files() {
    let world = World::new();
    let mut held = world.settled();
    let before = fs::read(world.folder.path().join("keys.json")).unwrap();
    let next = signer();
    let change = KeyChange { introduced: [next.public()].into(), ..KeyChange::default() };
    let introduces = Orders { keys: change, ..orders(6, Mode::Enforce) };
    let taken = held.take(&guide(ORDERS_GUIDE, introduces.seal(&world.signer).unwrap()), NOW);
    assert_eq!(taken, Taken::Orders);
    fs::write(world.folder.path().join("keys.json"), before).unwrap();
    let (mut held, gaps) = world.load();
    assert!(gaps.is_empty(), "{gaps:?}");
    let by_next = guide(ORDERS_GUIDE, orders(7, Mode::Observe).seal(&next).unwrap());
    assert_eq!(held.take(&by_next, NOW), Taken::Orders);
}

#[test]
fn nothing_of_another_server_counts() {
    let world = World::new();
    world.settled();
    let (mut held, gaps) = world.load_as("another");
    assert_eq!((held_to(&held), gaps, held.has_keys()), ((None, None, None), Vec::new(), false));
    let other = World::new();
    assert_eq!(held.take(&other.keys(), NOW), Taken::Keys);
    assert_eq!(held.take(&other.orders(1, Mode::Simulate), NOW), Taken::Orders);
    assert_eq!(held_to(&world.load_as("another").0).0, Some(1));
}

#[test]
fn one_that_enrolled_anew_holds_to_what_it_was_told_before() {
    let world = World::new();
    world.settled();
    let renamed = EndpointId::new("0000000000000000");
    let (mut held, gaps) = Held::load_as(&world.home, renamed.clone(), GroupId::new("x"), "authority".to_owned());
    assert_eq!((held_to(&held), gaps), (SETTLED, Vec::new()));
    assert_eq!(held.orders_version(), None, "nobody ordered that from this one");
    // Versions are of all groups together: those of another may be lower.
    let ours = Orders { audience: Audience::Endpoint(renamed), ..orders(4, Mode::Observe) };
    assert_eq!(held.take(&guide(ORDERS_GUIDE, ours.seal(&world.signer).unwrap()), NOW), Taken::Orders);
    assert_eq!(held.orders_version(), Some(4));
}

#[test]
fn one_that_is_new_is_in_the_group_that_it_is_told_first_and_is_moved_by_name() {
    let world = World::new();
    let (mut held, _) = world.load();
    held.take(&world.keys(), NOW);
    let of = |version: u64, audience: Audience, group: &str| {
        let group = Some(GroupId::new(group));
        let orders = Orders { audience, group, ..orders(version, Mode::Observe) };
        guide(ORDERS_GUIDE, orders.seal(&world.signer).unwrap())
    };
    let to = |group: &str| Audience::Group(GroupId::new(group));
    let other = Audience::Endpoint(EndpointId::new("other"));
    assert!(is_refused(held.take(&of(1, other, "all"), NOW), "policy.orders-not-for-us"));
    assert_eq!(held.take(&of(1, to("all"), "all"), NOW), Taken::Orders);
    assert_eq!(held.group(), Some(GroupId::new("all")));
    assert!(is_refused(held.take(&of(2, to("laptops"), "laptops"), NOW), "policy.orders-not-for-us"));
    assert_eq!(held.take(&of(3, Audience::Endpoint(us()), "laptops"), NOW), Taken::Orders);
    let (mut held, _) = world.load();
    assert_eq!(held.take(&of(4, to("laptops"), "laptops"), NOW), Taken::Orders);
    assert!(is_refused(held.take(&of(5, to("all"), "all"), NOW), "policy.orders-not-for-us"));
}

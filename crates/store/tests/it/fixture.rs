//! Stores to test on, and hosts with judgements to put into them.

use jiff::Timestamp;
use model::{
    Action, ActionKind, Confidence, Disposal, Exposure, ExposureState, Host, HostExposure, HostFacts, HostId, HostPlan,
    Observation, PatchState, PlanId, Reach, Source, SourceKind, Step, Timeline, Urgency, UrgencyBasis, WeaponId,
};
use std::path::Path;
use store::{Act, Chunk, Judged, Judgement, Options, Profile, Store};

/// A fresh database, a folder for files, and the address to open it a second time.
pub struct Place {
    pub store: Store,
    pub folder: std::path::PathBuf,
    pub url: String,
}

pub fn sqlite<F: Future<Output = ()>>(test: impl FnOnce(Place) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("store of a test.db").display());
    run(&url, folder.path(), test);
}

pub fn postgres<F: Future<Output = ()>>(cluster: &testkit::Postgres, name: &str, test: impl FnOnce(Place) -> F) {
    let folder = tempfile::tempdir().unwrap();
    // PostgreSQL cuts names at 63 bytes.
    run(&cluster.database(&name[..name.len().min(60)]), folder.path(), test);
}

fn run<F: Future<Output = ()>>(url: &str, folder: &Path, test: impl FnOnce(Place) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(url, &Options::at(now())).await.unwrap();
        test(Place { store: store.clone(), folder: folder.to_path_buf(), url: url.to_owned() }).await;
        store.close().await;
    });
}

pub fn now() -> Timestamp {
    "2017-06-01T08:00:00Z".parse().unwrap()
}

pub fn later(seconds: i64) -> Timestamp {
    now().checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap()
}

pub fn act() -> Act {
    Act::at(now())
}

pub const WEAPONS: [&str; 4] = ["eternalblue", "esteemaudit", "eclipsedwing", "doublepulsar"];

/// A host whose every value follows from its number, with few different values per column.
pub fn host(n: usize) -> Host {
    let mut facts = HostFacts { name: Some(format!("PC-{:03}", n % 70)), ..Default::default() };
    facts.addresses.insert(format!("10.0.{}.{}", n / 200, n % 200 + 1).parse().unwrap());
    facts.os.product = [Some("Windows 7"), Some("Windows XP"), None][n % 3].map(str::to_owned);
    facts.os.service_pack = [Some(1), Some(0), None][n % 3];
    facts.os.build = [Some(7601), Some(2600), None][n % 3];
    facts.business.group = [Some("财务"), Some("plant"), None, Some("100%_")][n % 4].map(str::to_owned);
    facts.business.zone = [Some("a"), Some("b")][n % 2].map(str::to_owned);
    facts.business.value = [None, Some(1), Some(3), Some(5)][n / 3 % 4];
    facts.updates.known = !n.is_multiple_of(5);
    facts.updates.complete = n % 5 > 1;
    let source = source(&format!("{n}.txt"), n as i64);
    Host {
        id: HostId(format!("h{n:05}")),
        facts,
        provenance: Default::default(),
        sources: vec![source],
        conflicts: Vec::new(),
        oddities: Vec::new(),
    }
}

pub fn source(path: &str, seconds_ago: i64) -> Source {
    Source {
        kind: SourceKind::Systeminfo,
        path: path.to_owned(),
        sha256: format!("{seconds_ago:064x}"),
        observed: Some(later(-seconds_ago)),
    }
}

pub fn observation(host: &Host) -> (HostId, Observation) {
    let source = host.sources[0].clone();
    (host.id.clone(), Observation { source, facts: host.facts.clone(), oddities: Vec::new() })
}

/// One letter per weapon of [`WEAPONS`]: o, u, f, n.
pub fn judgement(id: &HostId, letters: &str, plan: &str) -> Judgement {
    let state = |letter| match letter {
        'o' => ExposureState::Open,
        'u' => ExposureState::Unknown,
        'f' => ExposureState::Fixed,
        _ => ExposureState::NotAffected,
    };
    let weapons: Vec<_> = WEAPONS
        .iter()
        .zip(letters.chars())
        .map(|(weapon, letter)| Exposure {
            weapon: WeaponId::from(*weapon),
            state: state(letter),
            why: Vec::new(),
            patch: PatchState::Unknown,
            base: None,
            fixes: Default::default(),
            reach: Reach::Unknown,
            ports: Vec::new(),
            confidence: Confidence::Known,
            preconditions: Vec::new(),
        })
        .collect();
    let work = weapons.iter().any(|weapon| weapon.state.needs_action());
    let timeline = match letters.chars().next() {
        Some('o') => Timeline::ThreeDays,
        Some('u') => Timeline::FourteenDays,
        _ => Timeline::None,
    };
    let action = |kind| Action {
        kind,
        control: None,
        any_of: Vec::new(),
        ports: Default::default(),
        services: Default::default(),
        temporary: false,
        reboot: false,
        review_on: None,
        why: Vec::new(),
    };
    let kind = if work { ActionKind::KeyPatch } else { ActionKind::NothingToDo };
    let disposals = weapons.iter().map(|weapon| Disposal {
        weapon: weapon.weapon.clone(),
        path: Vec::new(),
        actions: vec![action(kind)],
        urgency: urgency(timeline),
        situation: None,
    });
    let plan = HostPlan {
        id: PlanId(format!("{id}-{plan}")),
        host: id.clone(),
        day: "2017-06-01".parse().unwrap(),
        disposals: disposals.collect(),
        steps: vec![Step { number: 1, action: action(kind), weapons: Vec::new() }],
        urgency: urgency(timeline),
    };
    let exposure = HostExposure {
        host: id.clone(),
        system: [Some("7-sp1-x64"), Some("xp-sp3-x86"), None][letters.len() % 3].map(str::to_owned),
        support_ended: None,
        supported: None,
        weapons,
        cves: Vec::new(),
        open_cves: letters.matches('o').count() as u32 * 10,
        open_kev: letters.matches('o').count() as u32,
        gaps: Vec::new(),
    };
    Judgement { exposure, plan }
}

fn urgency(timeline: Timeline) -> Urgency {
    let basis =
        UrgencyBasis { kev: true, exposed: false, exposed_assumed: true, automatable: true, total_impact: true };
    Urgency { timeline, basis }
}

/// The form of the profiles that tests make: hosts with the same states are alike.
pub const FORM: u32 = 7;

pub fn judged(id: &HostId, letters: &str, plan: &str) -> Judged {
    Judged { judgement: judgement(id, letters, plan), profile: Profile::new(FORM, &letters).unwrap() }
}

/// The states of host `n`; every fifth host is not assessed.
pub fn letters(n: usize) -> Option<&'static str> {
    [Some("ofun"), Some("fffn"), Some("unnn"), Some("ooon"), None][n % 5]
}

pub fn chunk(numbers: std::ops::Range<usize>) -> Chunk {
    let hosts: Vec<_> = numbers.clone().map(host).collect();
    let judged = numbers.clone().filter_map(|n| Some(judged(&host(n).id, letters(n)?, "p1")));
    Chunk {
        observations: hosts.iter().map(observation).collect(),
        judgements: judged.collect(),
        hosts,
        knowledge: "builtin".to_owned(),
        ..Default::default()
    }
}

pub async fn filled(place: &Place, hosts: usize) {
    place.store.store_chunk(None, &chunk(0..hosts), &act()).await.unwrap();
}

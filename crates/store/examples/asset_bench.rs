//! Fills a store with 100,000 hosts and prints how long pages of the asset table take, and how much CPU time, which
//! tells more on a busy machine.
//!
//! `cargo run --release -p store --example asset_bench [-- URL [HOSTS]]`; without a URL an SQLite file in a temporary
//! directory.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use jiff::Timestamp;
use model::{
    Action, ActionKind, Confidence, Disposal, Exposure, ExposureState, Host, HostExposure, HostFacts, HostId, HostPlan,
    KbId, Message, Observation, PatchState, PlanId, Reach, Source, SourceKind, Step, Timeline, Urgency, UrgencyBasis,
    WeaponId,
};
use std::time::{Duration, Instant};
use store::{
    Act, AssetColumn, AssetFilter, AssetSort, Blind, Chunk, ExposureFilter, Judged, Judgement, Options, PageQuery,
    PlanFilter, Profile, Store, WeaponFilter,
};

const HOSTS: usize = 100_000;
const CHUNK: usize = 500;
const WEAPONS: usize = 18;
const ROUNDS: usize = 20;
const PRODUCTS: [&str; 8] = [
    "Windows XP",
    "Windows Server 2003",
    "Windows 7",
    "Windows Server 2008 R2",
    "Windows 8.1",
    "Windows Server 2012 R2",
    "Windows 10",
    "Windows Server 2016",
];

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = tempfile::tempdir()?;
    let url = arguments.next().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("bench.db").display()));
    let hosts = arguments.next().map(|text| text.parse()).transpose()?.unwrap_or(HOSTS);
    let now: Timestamp = "2017-06-01T00:00:00Z".parse()?;
    let store = Store::open(&url, &Options::at(now)).await?;
    fill(&store, hosts, now).await?;
    measure(&store, now).await?;
    println!("resident memory: {}", resident());
    Ok(())
}

async fn fill(store: &Store, hosts: usize, now: Timestamp) -> Result<(), Failure> {
    let (mut making, start, cpu) = (Duration::ZERO, Instant::now(), cpu());
    for first in (0..hosts).step_by(CHUNK) {
        let making_starts = Instant::now();
        let chunk = chunk(first..(first + CHUNK).min(hosts), now);
        making += making_starts.elapsed();
        store.store_chunk(None, &chunk, &Act::at(now)).await?;
    }
    let (clock, making) = ((start.elapsed() - making).as_secs_f64(), making.as_secs_f64());
    println!("stored {hosts} hosts with judgements in {clock:.1} s, {:.1} s CPU", self::cpu() - cpu - making);
    Ok(())
}

async fn measure(store: &Store, now: Timestamp) -> Result<(), Failure> {
    let everything = AssetFilter::default;
    let by = |column, descending| PageQuery { sort: vec![AssetSort { column, descending }], ..Default::default() };
    let text = AssetFilter { text: Some("pc-0777".into()), ..everything() };
    let all = AssetFilter { text: Some("pc".into()), ..everything() };
    let rare = AssetFilter { text: Some("10.3.7.".into()), zone: vec!["zone 3".into()], ..everything() };
    let weapon = WeaponFilter { weapon: WeaponId("weapon-03".into()), states: vec![ExposureState::Open] };
    let weapon = AssetFilter { weapon: Some(weapon), ..everything() };
    let product = AssetFilter { product: vec!["Windows 7".into()], ..everything() };
    let deep = deep_page(store).await?;

    page(store, "first page", everything(), PageQuery::default()).await?;
    page(store, "deep page", everything(), deep).await?;
    page(store, "first page by last seen", everything(), by(AssetColumn::LastSeen, true)).await?;
    page(store, "first page by open CVEs (no index)", everything(), by(AssetColumn::OpenCves, true)).await?;
    page(store, "text search", text.clone(), PageQuery::default()).await?;
    page(store, "text search in a zone", rare.clone(), PageQuery::default()).await?;
    page(store, "text search in a zone by last seen", rare, by(AssetColumn::LastSeen, true)).await?;
    page(store, "text search that finds all", all.clone(), by(AssetColumn::LastSeen, true)).await?;
    page(store, "weapon filter", weapon.clone(), PageQuery::default()).await?;
    page(store, "weapon filter by zone", weapon.clone(), by(AssetColumn::Zone, false)).await?;
    page(store, "product filter", product.clone(), PageQuery::default()).await?;
    let none = AssetFilter { worst: vec!["weapon-17".into()], ..everything() };
    let blind = AssetFilter { blind: Some(Blind::NoUpdates), ..everything() };
    page(store, "a filter that finds none", none, PageQuery::default()).await?;
    page(store, "no update list", blind.clone(), PageQuery::default()).await?;
    timed("facets under no update list", async || Ok(store.facets(&blind).await.map(drop)?)).await?;
    timed("facets", async || Ok(store.facets(&everything()).await.map(drop)?)).await?;
    timed("facets under a weapon filter", async || Ok(store.facets(&weapon).await.map(drop)?)).await?;
    timed("facets under a text search", async || Ok(store.facets(&text).await.map(drop)?)).await?;
    timed("facets under a search that finds all", async || Ok(store.facets(&all).await.map(drop)?)).await?;
    timed("exposure counts", async || Ok(store.exposure_counts(&everything()).await.map(drop)?)).await?;
    let exposures = ExposureFilter::default();
    timed("exposure list", async || Ok(store.exposures(&exposures, None, 50).await.map(drop)?)).await?;
    let plans = PlanFilter::default();
    timed("plan page", async || Ok(store.plans(&plans, &PageQuery::default()).await.map(drop)?)).await?;
    let week = jiff::SignedDuration::from_hours(7 * 24);
    timed("overview", async || Ok(store.overview(now, week).await.map(drop)?)).await
}

/// The query for the page in the middle of the list.
async fn deep_page(store: &Store) -> Result<PageQuery, Failure> {
    let mut query = PageQuery { limit: 1000, ..Default::default() };
    let total = store.assets(&AssetFilter::default(), &query).await?.total;
    for _ in 0..total / 2000 {
        query.cursor = store.assets(&AssetFilter::default(), &query).await?.next;
    }
    Ok(PageQuery { limit: 0, ..query })
}

async fn page(store: &Store, name: &str, filter: AssetFilter, query: PageQuery) -> Result<(), Failure> {
    timed(name, async || Ok(store.assets(&filter, &query).await.map(drop)?)).await
}

async fn timed(name: &str, work: impl AsyncFn() -> Result<(), Failure>) -> Result<(), Failure> {
    let mut times = Vec::with_capacity(ROUNDS);
    let cpu = cpu();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        work().await?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let cpu = (self::cpu() - cpu) * 1000.0 / ROUNDS as f64;
    let (half, most) = (times[ROUNDS / 2], times[ROUNDS * 95 / 100]);
    println!("{name:40} p50 {half:7.1} ms   p95 {most:7.1} ms   CPU {cpu:7.1} ms");
    Ok(())
}

fn chunk(numbers: std::ops::Range<usize>, now: Timestamp) -> Chunk {
    let hosts: Vec<_> = numbers.map(|n| host(n, now)).collect();
    let observation =
        |host: &Host| Observation { source: host.sources[0].clone(), facts: host.facts.clone(), oddities: Vec::new() };
    Chunk {
        observations: hosts.iter().map(|host| (host.id.clone(), observation(host))).collect(),
        judgements: hosts.iter().enumerate().map(|(n, host)| judged(&host.id, n)).collect(),
        hosts,
        knowledge: "builtin".to_owned(),
        ..Default::default()
    }
}

fn host(n: usize, now: Timestamp) -> Host {
    // Spread like a digest, so that neighbours in one column are not neighbours in another.
    let mixed = (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let pick = |shift: u32, of: usize| (mixed >> shift) as usize % of;
    let mut facts = HostFacts { name: Some(format!("PC-{n:06}")), ..Default::default() };
    facts.addresses.insert([10, (n >> 16) as u8, (n >> 8) as u8, n as u8].into());
    facts.os.product = Some(PRODUCTS[pick(8, PRODUCTS.len())].to_owned());
    facts.os.build = Some(7601);
    facts.os.service_pack = Some(1);
    facts.updates.known = true;
    facts.updates.complete = pick(3, 10) > 0;
    facts.updates.installed = (0..120).map(|kb| KbId(2_500_000 + kb * 97 + pick(kb % 60, 50) as u32)).collect();
    facts.business.group = Some(format!("group {}", pick(20, 40)));
    facts.business.zone = Some(format!("zone {}", pick(28, 6)));
    facts.business.value = Some(pick(33, 5) as u8 + 1);
    let source = Source {
        kind: SourceKind::Systeminfo,
        path: format!("inventory/{n}.txt"),
        sha256: format!("{mixed:064x}"),
        observed: now.checked_sub(jiff::SignedDuration::from_secs(pick(12, 2_000_000) as i64)).ok(),
    };
    Host {
        id: HostId(format!("{mixed:016x}")),
        facts,
        provenance: Default::default(),
        sources: vec![source],
        conflicts: Vec::new(),
        oddities: Vec::new(),
    }
}

fn judged(id: &HostId, n: usize) -> Judged {
    let states = [ExposureState::Open, ExposureState::Unknown, ExposureState::Fixed, ExposureState::NotAffected];
    // Some two hundred patterns, as a fleet of few systems and patch levels has.
    let weapons: Vec<_> = (0..WEAPONS).map(|w| exposure(w, states[(n % 200 * 7 + w * w) % 4])).collect();
    let basis =
        UrgencyBasis { kev: true, exposed: false, exposed_assumed: true, automatable: true, total_impact: true };
    let timelines = [Timeline::ThreeDays, Timeline::FourteenDays, Timeline::SixtyDays, Timeline::NextUpgrade];
    let urgency = Urgency { timeline: timelines[n % 4], basis };
    let action = Action {
        kind: ActionKind::KeyPatch,
        control: None,
        any_of: vec![KbId(4_012_212), KbId(4_012_215)],
        ports: Default::default(),
        services: Default::default(),
        temporary: false,
        reboot: true,
        review_on: None,
        why: vec![Message::new("exposure.missing").with("kb", "KB4012212")],
    };
    let disposals = weapons.iter().map(|weapon| Disposal {
        weapon: weapon.weapon.clone(),
        path: Vec::new(),
        actions: vec![action.clone()],
        urgency: urgency.clone(),
        situation: None,
    });
    let plan = HostPlan {
        id: PlanId(format!("{id}-1")),
        host: id.clone(),
        day: jiff::civil::date(2017, 6, 1),
        disposals: disposals.collect(),
        steps: vec![Step { number: 1, action: action.clone(), weapons: Vec::new() }],
        urgency: urgency.clone(),
    };
    let exposure = HostExposure {
        host: id.clone(),
        system: Some(format!("system-{}", n % 30)),
        support_ended: None,
        supported: Some(n.is_multiple_of(3)),
        weapons,
        cves: Vec::new(),
        open_cves: (n % 300) as u32,
        open_kev: (n % 9) as u32,
        gaps: Vec::new(),
    };
    // Some six hundred kinds.
    let profile = Profile::new(1, &(n % 600)).unwrap();
    Judged { judgement: Judgement { exposure, plan }, profile }
}

fn exposure(weapon: usize, state: ExposureState) -> Exposure {
    Exposure {
        weapon: WeaponId(format!("weapon-{weapon:02}")),
        state,
        why: vec![Message::new("exposure.missing").with("kb", "KB4012212").with("file", "srv.sys")],
        patch: PatchState::Missing,
        base: None,
        fixes: [KbId(4_012_212), KbId(4_012_215)].into(),
        reach: Reach::Unknown,
        ports: Vec::new(),
        confidence: Confidence::Verified,
        preconditions: Vec::new(),
    }
}

/// Seconds of CPU of this process, user and system; NaN where there is no `/proc`. The kernel counts in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold blanks; the times are the twelfth and thirteenth word after it.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse().ok()).collect();
    if let [user, system] = ticks[..] { (user + system) / 100.0 } else { f64::NAN }
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").trim().to_owned();
    format!("{} now, {} at most", line("VmRSS:"), line("VmHWM:"))
}

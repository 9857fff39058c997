//! Fills a store with a million files that have digests of likeness, loads the index of them as a server does at its start,
//! and asks for the ten nearest of 200 digests: of relatives of files that are there, and of strangers.
//!
//! `cargo run --release -p store --example likeness_bench [-- FILES [STORED]]`; of so many files all, or only the first
//! ones, go through the store, in an SQLite file in a temporary directory. Recall is against looking at all of them.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use analysis::likeness::{DISTANCE_MAX, Likeness, Tlsh};
use jiff::{SignedDuration, Timestamp};
use std::fmt::Write as _;
use std::time::Instant;
use store::{Act, FileResult, LeaseOf, NewSighting, Options, PartRow, SightingSource, Store};

const FILES: usize = 1_000_000;
const ASKED: usize = 200;
const TOLD: usize = 10;
/// Files that are leased at once, and read at once.
const LEASED: u32 = 100;
const PAGE: u32 = 10_000;
const BYTES: usize = 35;

type Failure = Box<dyn std::error::Error>;
type Digest = [u8; BYTES];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let files = numbers.next().transpose()?.unwrap_or(FILES);
    let stored = numbers.next().transpose()?.unwrap_or(files).min(files);
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("bench.db").display());
    let store = Store::open(&url, &Options::at(now())).await?;
    let mut chance = Chance(88_172_645_463_325_252);
    let digests = digests(files, &mut chance);
    let began = Instant::now();
    fill(&store, &digests[..stored]).await?;
    eprintln!("stored {stored} files in {:.1} s", began.elapsed().as_secs_f64());

    let began = Instant::now();
    let mut index = load(&store).await?;
    assert_eq!(index.count(), stored);
    eprintln!("loaded {stored} in {:.2} s", began.elapsed().as_secs_f64());
    // Rows have numbers from 1 on.
    for (digest, row) in digests.iter().zip(1..).skip(stored) {
        index.add(read(digest), row);
    }
    let all: Vec<(Tlsh, i64)> = digests.iter().map(read).zip(1..).collect();
    let mut told = Vec::new();
    for (what, near) in [("near", true), ("far", false)] {
        let asked: Vec<Tlsh> = (0..ASKED / 2).map(|_| sought(&digests, near, &mut chance)).collect();
        told.push(format!("\"{what}\":{}", ask(&store, &index, &all, &asked).await?));
    }
    println!("{{\"files\":{files},\"stored\":{stored},{}}}", told.join(","));
    Ok(())
}

/// Asks and tells, as JSON, how long it took with the rows of what was found, and how much of it is right.
async fn ask(store: &Store, index: &Likeness<i64>, all: &[(Tlsh, i64)], asked: &[Tlsh]) -> Result<String, Failure> {
    let (mut took, mut right, mut wanted) = (Vec::new(), 0, 0);
    for tlsh in asked {
        let began = Instant::now();
        let found = index.nearest(tlsh, TOLD);
        store.files().by_rows(found.iter().map(|(_, row)| *row)).await?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        let mut best: Vec<(u32, i64)> = all.iter().map(|(other, row)| (tlsh.distance(other), *row)).collect();
        best.retain(|(distance, _)| *distance <= DISTANCE_MAX);
        best.sort_unstable();
        best.truncate(TOLD);
        wanted += best.len();
        right += best.iter().filter(|best| found.contains(best)).count();
    }
    took.sort_by(f64::total_cmp);
    let at = |part: f64| took[((took.len() - 1) as f64 * part).round() as usize];
    let (middle, late, most) = (at(0.5), at(0.95), at(1.0));
    Ok(format!(
        "{{\"p50_ms\":{middle:.2},\"p95_ms\":{late:.2},\"max_ms\":{most:.2},\"right\":{right},\"wanted\":{wanted}}}"
    ))
}

/// Files that were seen, leased and analysed.
async fn fill(store: &Store, digests: &[Digest]) -> Result<(), Failure> {
    let act = Act::at(now());
    for (number, digests) in digests.chunks(LEASED as usize).enumerate() {
        let first = number * LEASED as usize;
        for number in first..first + digests.len() {
            store.files().see(&sighting(number), &act).await?;
        }
        let lease = format!("lease-{number}");
        let of = LeaseOf {
            worker: "bench",
            stage: store::FileStage::Static,
            lease: &lease,
            lasts: SignedDuration::from_secs(60),
            now: now(),
        };
        let leased = store.files().lease(of, LEASED).await?;
        for leased in leased {
            let digest = &digests[usize::from_str_radix(&leased.sha256, 16)? - first];
            store.files().finish(&leased.sha256, &lease, &result(&leased.sha256, digest), &act).await?;
        }
    }
    Ok(())
}

/// The index as a server makes it.
async fn load(store: &Store) -> Result<Likeness<i64>, Failure> {
    let (mut index, mut after) = (Likeness::default(), 0);
    loop {
        let rows = store.files().likenesses(after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(index) };
        after = last.id;
        for row in &rows {
            index.add(Tlsh::read(&row.tlsh).unwrap(), row.id);
        }
    }
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn sighting(number: usize) -> NewSighting {
    NewSighting {
        sha256: format!("{number:064x}"),
        size: 100_000,
        name: format!("file-{number}.exe"),
        source: SightingSource::Folder,
        host: None,
        at: now(),
        kept: true,
        priority: 0,
    }
}

fn result(sha256: &str, digest: &Digest) -> FileResult {
    FileResult {
        verdict: "unknown".to_owned(),
        score: 0,
        kind: "pe".to_owned(),
        group: "program".to_owned(),
        mime: "application/vnd.microsoft.portable-executable".to_owned(),
        report: sha256.to_owned(),
        versions: "1".to_owned(),
        took_ms: 10,
        tlsh: spelled(digest),
        parts: vec![PartRow { number: 0, sha256: sha256.to_owned(), path: String::new() }],
        pivots: Vec::new(),
    }
}

/// Families of some dozens beside what is alone.
fn digests(count: usize, chance: &mut Chance) -> Vec<Digest> {
    let mut digests = Vec::with_capacity(count + 60);
    while digests.len() < count {
        let first = stranger(chance);
        digests.push(first);
        if chance.below(4) == 0 {
            digests.extend((0..chance.below(60)).map(|_| relative(&first, chance)));
        }
    }
    digests.truncate(count);
    digests
}

fn sought(digests: &[Digest], near: bool, chance: &mut Chance) -> Tlsh {
    let at = usize::try_from(chance.below(digests.len() as u64)).unwrap();
    read(&if near { relative(&digests[at], chance) } else { stranger(chance) })
}

/// Lengths and ratios as files have them: around the 70th step, which is a megabyte, and within some steps.
fn stranger(chance: &mut Chance) -> Digest {
    let mut digest = [0; BYTES];
    digest.iter_mut().for_each(|byte| *byte = chance.byte());
    let length = 35 + (0..6).map(|_| chance.below(13)).sum::<u64>();
    digest[1] = u8::try_from(length).unwrap().rotate_left(4);
    digest[2] = u8::try_from(((2 + chance.below(8)) << 4) | ((7 + chance.below(8)) % 16)).unwrap();
    digest
}

/// A digest with some of its buckets in other quartiles, and now and then another length.
fn relative(digest: &Digest, chance: &mut Chance) -> Digest {
    let mut digest = *digest;
    digest[0] = chance.byte();
    for _ in 0..1 + chance.below(20) {
        let (at, shift) = (3 + usize::try_from(chance.below(32)).unwrap(), 2 * chance.below(4));
        digest[at] = digest[at] & !(3 << shift) | (chance.byte() & 3) << shift;
    }
    if chance.below(3) == 0 {
        digest[1] = (digest[1].rotate_left(4) + 1).rotate_left(4);
    }
    digest
}

fn spelled(digest: &Digest) -> String {
    digest.iter().fold("T1".to_owned(), |mut text, byte| {
        write!(text, "{byte:02X}").unwrap();
        text
    })
}

fn read(digest: &Digest) -> Tlsh {
    Tlsh::read(&spelled(digest)).unwrap()
}

/// The same numbers in every run (xorshift).
struct Chance(u64);

impl Chance {
    fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, most: u64) -> u64 {
        self.number() % most
    }

    fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[1]
    }
}

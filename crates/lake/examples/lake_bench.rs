//! Measures the lake with made-up conversations: `lake_bench fill FOLDER ROWS`, `lake_bench hunt FOLDER LIST…` and
//! `lake_bench sustain FOLDER SECONDS ROWS_PER_SECOND`.
//!
//! Rows are made before the clock starts: what is measured is the way from batches to files that are named and indexed.
//! All numbers and digests are dice. Of the names one in five is new, as in the captures that the tests read (880 different
//! ones in 4,731 rows); with `new-names` behind the number of rows each of them is.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on ends")]

use lake::{Batch, Goes, Hit, Hunt, Hunting, Lake, Options, Progress, Table, Wanted};
use model::SessionRecord;
use records::{Observed, SESSIONS, SessionRow};
use rules::Indicators;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};
use wire::community::{self, Ends};

const BATCH_ROWS: u64 = 8192;
/// Conversations of a second, over a network of so many hosts.
const PER_SECOND: u64 = 2000;
const HOSTS: u64 = 20_000;
/// 2017-05-12 00:00 UTC.
const BEGIN_US: i64 = 1_494_547_200_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["fill", folder, rows] => fill(Path::new(folder), rows.parse().unwrap(), &row),
        ["fill", folder, rows, "new-names"] => fill(Path::new(folder), rows.parse().unwrap(), &row_with_new_name),
        ["hunt", folder, lists @ ..] => lists.iter().for_each(|list| hunt(Path::new(folder), list)),
        ["sustain", folder, seconds, rate] => {
            sustain(Path::new(folder), seconds.parse().unwrap(), rate.parse().unwrap())
        }
        _ => panic!("fill FOLDER ROWS [new-names], hunt FOLDER LIST…, or sustain FOLDER SECONDS ROWS_PER_SECOND"),
    }
}

/// A number that is the same for the same seed and looks like none.
fn scattered(seed: u64) -> u64 {
    let mut value = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// Names that are asked for again and again.
const KNOWN_NAMES: u64 = 20_000;

fn row(number: u64) -> SessionRow {
    let dice = scattered(number ^ 0x6e61_6d65);
    let name = if dice.is_multiple_of(5) { dice } else { (dice >> 8) % KNOWN_NAMES };
    row_with(number, scattered(name))
}

fn row_with_new_name(number: u64) -> SessionRow {
    let dice = scattered(number);
    row_with(number, dice >> 16 & 0xf_ffff | (dice >> 40 & 0xff) << 20)
}

fn row_with(number: u64, name: u64) -> SessionRow {
    let dice = scattered(number);
    let inside = |dice: u64| Ipv4Addr::from_bits(0x0a00_0000 | (dice % HOSTS) as u32);
    // One in four goes out, to any of four million addresses.
    let outside = Ipv4Addr::from_bits(0x2d00_0000 | (dice >> 20) as u32 & 0x3f_ffff);
    let responder = if dice.is_multiple_of(4) { outside } else { inside(dice >> 24) };
    let (port, protocol) = [(445, "smb"), (53, "dns"), (443, "tls"), (80, "http")][(dice >> 12) as usize % 4];
    let domain = (protocol != "smb").then(|| format!("h{}.d{}.example", name >> 20 & 0xff, name & 0xf_ffff));
    let file = (protocol == "http" && dice.is_multiple_of(8)).then(|| model::Payload::File {
        name: "index.html".to_owned(),
        size: dice >> 50,
        missing: 0,
        complete: true,
        sha256: Some(format!("{:016x}{:016x}{:016x}{:016x}", dice, scattered(dice), dice >> 3, dice >> 7)),
        media_type: Some("text/html".to_owned()),
    });
    let (originator, originator_port) = (inside(dice >> 5), 49_152 + (dice >> 30 & 0x3fff) as u16);
    let ends = Ends {
        source: (originator.into(), originator_port),
        destination: (responder.into(), port),
        protocol: if protocol == "dns" { 17 } else { 6 },
        one_way: false,
    };
    let session = SessionRecord {
        community_id: community::id(&ends, 0, true),
        transaction: None,
        originator: originator.into(),
        originator_port,
        responder: responder.into(),
        responder_port: port,
        transport: if protocol == "dns" { "udp" } else { "tcp" }.to_owned(),
        start: jiff::Timestamp::from_microsecond(BEGIN_US + (number * 1_000_000 / PER_SECOND) as i64).unwrap(),
        duration_us: (dice >> 44) as i64,
        state: "closed".to_owned(),
        midstream: false,
        originator_packets: dice >> 60,
        originator_bytes: dice >> 54,
        responder_packets: dice >> 59,
        responder_bytes: dice >> 48,
        protocol: Some(protocol.to_owned()),
        version: None,
        account: None,
        host_name: None,
        originator_mac: None,
        responder_mac: None,
        object: domain.clone(),
        operation: None,
        result: None,
        client: None,
        server: None,
        payload: file,
    };
    let observed = Observed { domains: domain.into_iter().collect(), ..Observed::default() };
    SessionRow { session, detail: None, observed }
}

fn fill(folder: &Path, rows: u64, row: &dyn Fn(u64) -> SessionRow) {
    let options = Options {
        flush_after: Duration::from_secs(3600),
        flush_bytes: usize::MAX,
        waiting_max: usize::MAX,
        ..Options::default()
    };
    let lake = Lake::open(folder, options).unwrap();
    let table = Table::named("session").unwrap();
    let first = lake.mark("bench").unwrap().map_or(0, |mark| mark + 1);
    let (mut measured, mut cpu_s, mut slowest) = (0, 0.0, Duration::ZERO);
    let mut sequence = first;
    while measured < rows {
        // As much as one file takes.
        let mut batches = Vec::new();
        while batches.len() < 128 && measured < rows {
            let mut builder = records::Batch::new(&SESSIONS);
            (0..BATCH_ROWS).for_each(|at| builder.push(&row(sequence as u64 * BATCH_ROWS + at)));
            batches.push(Batch { table, source: "bench".to_owned(), sequence, rows: builder.take().unwrap() });
            sequence += 1;
            measured += BATCH_ROWS;
        }
        let before = cpu();
        for batch in batches {
            let asked = Instant::now();
            lake.append(batch).unwrap();
            slowest = slowest.max(asked.elapsed());
        }
        lake.flush().unwrap();
        cpu_s += cpu() - before;
    }
    let status = lake.status();
    let table = &status.tables[0];
    println!(
        "{measured} rows in {cpu_s:.2} CPU-s = {:.0} rows/CPU-s; slowest acknowledgement {} ms; {:.1} + {:.1} bytes/row in {} files",
        measured as f64 / cpu_s,
        slowest.as_millis(),
        table.bytes as f64 / table.rows as f64,
        table.index_bytes as f64 / table.rows as f64,
        table.files,
    );
}

/// So many rows a second, whatever happens; how long each batch waits from when it is due until it is acknowledged.
fn sustain(folder: &Path, seconds: u64, rate: u64) {
    const ROWS: u64 = 1000;
    // Made before, more than a file takes.
    let table = Table::named("session").unwrap();
    let made: Vec<_> = (0..1024)
        .map(|batch| {
            let mut builder = records::Batch::new(&SESSIONS);
            (0..ROWS).for_each(|at| builder.push(&row(batch * ROWS + at)));
            builder.take().unwrap()
        })
        .collect();
    let lake = Lake::open(folder, Options::default()).unwrap();
    let (cpu_before, begun) = (cpu(), Instant::now());
    let mut waited: Vec<Duration> = Vec::new();
    for sequence in 0..seconds * rate / ROWS {
        let due = begun + Duration::from_micros(sequence * ROWS * 1_000_000 / rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let rows = made[sequence as usize % made.len()].clone();
        lake.append(Batch { table, source: "bench".to_owned(), sequence: sequence as i64, rows }).unwrap();
        waited.push(due.elapsed());
    }
    let (wall, used) = (begun.elapsed().as_secs_f64(), cpu() - cpu_before);
    waited.sort_unstable();
    let part = |per_mille: usize| waited[(waited.len() - 1) * per_mille / 1000].as_millis();
    let before = cpu();
    let compacted = lake.compact(&|_| true).unwrap();
    println!(
        "{} rows in {wall:.1} s with {used:.1} CPU-s; acknowledged after p50 {} ms, p99 {} ms, at most {} ms; {} files put together to {} with {:.1} CPU-s",
        waited.len() as u64 * ROWS,
        part(500),
        part(990),
        part(1000),
        compacted.files_before,
        compacted.files_after,
        cpu() - before,
    );
}

struct Count;

impl Hunting for Count {
    fn hit(&mut self, _: Hit, _: &Progress) -> Goes {
        Goes::Continue(())
    }
}

fn hunt(folder: &Path, list: &str) {
    let lake = Lake::open(folder, Options::default()).unwrap();
    let before = cpu();
    let (indicators, bad) = Indicators::read(&std::fs::read_to_string(list).unwrap());
    let compiled = cpu() - before;
    let (before, begun) = (cpu(), Instant::now());
    let wanted = Wanted::new(indicators);
    let progress = lake.hunt(Hunt { wanted: &wanted, since_us: None, until_us: None }, &mut Count);
    println!(
        "{list}: {} indicators ({} bad, {compiled:.2} CPU-s to read), {} hits in {:.3} CPU-s, {:.3} s; {} files, {} ruled out, {} of {} pages, {} rows",
        wanted.indicators.len(),
        bad.len(),
        progress.hits,
        cpu() - before,
        begun.elapsed().as_secs_f64(),
        progress.files,
        progress.ruled_out,
        progress.pages,
        progress.of_pages,
        progress.rows,
    );
}

/// CPU seconds of this process, user and system.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // Fields 14 and 15 of the whole line, in hundredths of a second.
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

//! A process that stores an import is killed at any moment: what it said was stored is there, and nothing is half there.

use crate::fixture::{act, chunk, host, now};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use store::{AssetFilter, Chunk, FileOutcome, NewImport, Options, PageQuery, Store};

const CHILD: &str = "REDOUBT_TEST_CRASH_STORE";
const ROUNDS: usize = 20;
const HOSTS_PER_CHUNK: usize = 8;

fn path(n: usize) -> String {
    format!("file-{n:05}.txt")
}

/// Chunk `n` is one file with its hosts.
fn nth_chunk(n: usize) -> Chunk {
    let file =
        FileOutcome { path: path(n), sha256: format!("{n}"), size: 1, hosts: HOSTS_PER_CHUNK as u32, refusal: None };
    Chunk { files: vec![file], ..chunk(n * HOSTS_PER_CHUNK..(n + 1) * HOSTS_PER_CHUNK) }
}

/// Not a test by itself: the process that gets killed. It goes on where the import stands and says what it stored.
#[test]
fn child_that_imports_until_it_is_killed() {
    let Some(url) = std::env::var_os(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(url.to_str().unwrap(), &Options::at(now())).await.unwrap();
        let import = match store.imports(None, 1).await.unwrap().rows.first() {
            Some(import) => import.id,
            None => store.begin_import(&NewImport { name: "i".into(), owner: "ann".into() }, &act()).await.unwrap(),
        };
        for n in 0.. {
            if store.stored_files(import, &[path(n)]).await.unwrap().is_empty() {
                store.store_chunk(Some(import), &nth_chunk(n), &act()).await.unwrap();
                println!("\nstored {n}");
            }
        }
    });
}

#[test]
fn a_killed_import_keeps_what_it_acknowledged_and_nothing_by_halves() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("crash.db").display());
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        // Spread over the life of a transaction and of the opening itself.
        acknowledged = acknowledged.max(run_and_kill(&url, Duration::from_micros(1500 * (round as u64 * 7 % 20 + 1))));
    }
    assert!(acknowledged > ROUNDS, "the child never came to store anything");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(check(&url, acknowledged));
}

/// Kills the child some time after its first word of this round; returns how many chunks are acknowledged.
fn run_and_kill(url: &str, after: Duration) -> usize {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child_that_imports_until_it_is_killed", "--exact", "--nocapture"])
        .env(CHILD, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let stored = |line: &String| line.strip_prefix("stored ")?.parse::<usize>().ok();
    let first = lines.by_ref().find_map(|line| stored(&line)).expect("the child stores");
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    lines.filter_map(|line| stored(&line)).last().unwrap_or(first) + 1
}

async fn check(url: &str, acknowledged: usize) {
    let store = Store::open(url, &Options::at(now())).await.unwrap();
    let import = store.imports(None, 1).await.unwrap().rows[0].id;
    let paths: Vec<_> = (0..acknowledged + 50).map(path).collect();
    let files = store.stored_files(import, &paths).await.unwrap();
    assert!((0..acknowledged).all(|n| files.contains_key(&path(n))), "an acknowledged chunk is gone");
    assert!(files.len() <= acknowledged + 1, "more than the one chunk that was under way");
    let hosts = files.len() * HOSTS_PER_CHUNK;
    assert_eq!(store.host_count().await.unwrap() as usize, hosts, "a file without its hosts, or hosts without a file");
    for n in 0..hosts {
        let detail = store.host_detail(&host(n).id).await.unwrap();
        assert_eq!(detail.host, host(n));
        assert_eq!(detail.judgement.is_some(), detail.asset.assessed.is_some());
        assert_eq!(store.observations(&host(n).id).await.unwrap().len(), 1, "stored once");
    }
    let page = store.assets(&AssetFilter::default(), &PageQuery { limit: 1000, ..Default::default() }).await.unwrap();
    assert_eq!(page.total as usize, hosts);
}

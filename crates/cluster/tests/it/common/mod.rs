//! A cluster of real processes on loopback, and a lake.
#![allow(dead_code, clippy::unwrap_used, reason = "not every test needs everything; one that cannot go on fails")]

#[path = "../../../../lake/tests/it/common/mod.rs"]
pub mod rows;

use lake::{Lake, Options};
use query::{Asked, Cluster, Done, Limits, Rows, Told, Worker};
use rows::{DAY_US, MAY_12_US, batch, carrying, row};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_redoubt-cluster");
/// Conversations of a day.
pub const OF_DAY: i64 = 1000;
pub const DAYS: i64 = 6;

/// A process that ends with the test, however that ends.
pub struct Process {
    child: Child,
    pub address: String,
}

impl Process {
    pub fn start(arguments: &[&str]) -> Process {
        Process::start_with(arguments, &[])
    }

    /// The same with something in its environment.
    pub fn start_with(arguments: &[&str], environment: &[(String, String)]) -> Process {
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .envs(environment.iter().cloned())
            .env("REDOUBT_LOG", std::env::var("REDOUBT_LOG").unwrap_or_else(|_| "off".into()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{arguments:?}: {line}"));
        Process { child, address: ready["address"].as_str().unwrap().to_owned() }
    }

    /// Ends it without a word (SIGKILL).
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A scheduler and executors of one lake.
pub struct Machines {
    pub lake: TempDir,
    pub scheduler: Process,
    pub executors: Vec<Process>,
    pub certificates: Option<PathBuf>,
    /// Where the tables are when they are not in the folder.
    pub bucket: Option<bucketkit::Bucket>,
    /// Where executors work: what those that were killed leave goes with the test.
    work: TempDir,
}

impl Machines {
    pub fn start(executors: usize) -> Machines {
        Machines::with(lake(), executors, None)
    }

    pub fn with(lake: TempDir, executors: usize, certificates: Option<PathBuf>) -> Machines {
        Machines::of(lake, None, executors, certificates)
    }

    /// The tables of the lake are in a bucket, and executors know nothing but its address.
    pub fn in_bucket(executors: usize) -> Machines {
        let (lake, bucket) = lake_in_bucket();
        Machines::of(lake, Some(bucket), executors, None)
    }

    fn of(
        lake: TempDir,
        bucket: Option<bucketkit::Bucket>,
        executors: usize,
        certificates: Option<PathBuf>,
    ) -> Machines {
        let mut arguments = vec!["scheduler", "--listen", "127.0.0.1:0"];
        if let Some(folder) = &certificates {
            arguments.extend(["--certificates", folder.to_str().unwrap()]);
        }
        let scheduler = Process::start(&arguments);
        let work = tempfile::tempdir().unwrap();
        let mut machines = Machines { lake, scheduler, executors: Vec::new(), certificates, bucket, work };
        for _ in 0..executors {
            machines.add_executor();
        }
        machines
    }

    pub fn add_executor(&mut self) {
        let address = self.bucket.as_ref().map(|bucket| bucket.address(IN_BUCKET));
        let lake = address.as_deref().unwrap_or_else(|| self.lake.path().to_str().unwrap());
        let work = tempfile::tempdir_in(self.work.path()).unwrap().keep();
        let work = work.to_str().unwrap();
        let mut arguments =
            vec!["executor", "--lake", lake, "--scheduler", &self.scheduler.address, "--cores", "1", "--work", work];
        if let Some(folder) = &self.certificates {
            arguments.extend(["--certificates", folder.to_str().unwrap()]);
        }
        let executor = Process::start_with(&arguments, &self.settings());
        self.executors.push(executor);
    }

    /// What whoever reads the tables must know.
    pub fn settings(&self) -> Vec<(String, String)> {
        self.bucket.as_ref().map(|bucket| bucket.settings().to_vec()).unwrap_or_default()
    }

    pub fn cluster(&self) -> Cluster {
        Cluster { scheduler: self.scheduler.address.clone(), certificates: self.certificates.clone() }
    }

    pub fn desk(&self) -> Desk<'_> {
        Desk {
            lake: self.lake.path(),
            cluster: Some(self.cluster()),
            tables: None,
            folder: tempfile::tempdir().unwrap(),
            settings: self.settings(),
        }
    }

    /// The same lake, asked without a cluster.
    pub fn alone(&self) -> Desk<'_> {
        Desk { cluster: None, ..self.desk() }
    }
}

/// Whoever asks.
pub struct Desk<'a> {
    pub lake: &'a Path,
    pub cluster: Option<Cluster>,
    pub tables: Option<&'a Path>,
    pub folder: TempDir,
    pub settings: Vec<(String, String)>,
}

impl Desk<'_> {
    pub fn asked(&self, sql: &str) -> Asked {
        Asked {
            sql: sql.to_owned(),
            lake: self.lake.to_owned(),
            tables: self.tables.map(Path::to_owned),
            folder: self.folder.path().to_owned(),
            // With one thread whoever asks must wait for nothing that only this thread could do.
            limits: Limits { seconds: 120, threads: if self.cluster.is_some() { 1 } else { 2 }, ..Limits::default() },
            cluster: self.cluster.clone(),
            bucket_settings: self.settings.clone(),
        }
    }

    pub async fn told(&self, sql: &str) -> Told {
        let asked = self.asked(sql);
        if self.cluster.is_none() {
            return tokio::task::spawn_blocking(|| engine::ask::ask(asked)).await.unwrap();
        }
        let mut worker = Worker::start(Path::new(PROGRAM), &asked).await.unwrap();
        loop {
            match worker.next().await {
                Told::Progress(_) => {}
                last => return last,
            }
        }
    }

    pub async fn answer(&self, sql: &str) -> (Done, Vec<Vec<Value>>) {
        match self.told(sql).await {
            Told::Done(done) => {
                let mut rows = Rows::open(&query::rows_in(self.folder.path())).unwrap();
                (done, rows.page(0, 1000).unwrap())
            }
            other => panic!("{sql:.300}: {other:?}"),
        }
    }

    /// The rows as lines, in an order that does not depend on who found them first.
    pub async fn sorted(&self, sql: &str) -> Vec<String> {
        match self.told(sql).await {
            Told::Done(_) => self.lines(),
            other => panic!("{sql:.300}: {other:?}"),
        }
    }

    /// Every row of the answer as it is.
    pub fn lines(&self) -> Vec<String> {
        let mut text = Vec::new();
        query::export::write(&query::rows_in(self.folder.path()), query::export::Form::Json, &mut text).unwrap();
        let mut lines: Vec<String> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    pub async fn refused(&self, sql: &str) -> model::Message {
        match self.told(sql).await {
            Told::Refused(why) => why,
            other => panic!("{sql:.300}: {other:?}"),
        }
    }
}

/// Days in files and one that waits in the log, of 50 hosts with 20 servers and one with many.
pub fn lake() -> TempDir {
    // A lake waits for its tables by itself, which no task may.
    std::thread::spawn(|| {
        // Folders are called anything.
        let folder = tempfile::Builder::new().prefix("数据 [1] ").tempdir().unwrap();
        fill(folder.path(), None);
        folder
    })
    .join()
    .unwrap()
}

/// The folder in the bucket that tables are in.
pub const IN_BUCKET: &str = "plant/lake";

/// The same lake with its tables in a bucket.
pub fn lake_in_bucket() -> (TempDir, bucketkit::Bucket) {
    let fill = || {
        let (folder, server) = (tempfile::tempdir().unwrap(), bucketkit::bucket());
        let bucket = lake::Bucket::for_lake(folder.path(), &server.address(IN_BUCKET), server.settings()).unwrap();
        fill(folder.path(), Some(bucket));
        (folder, server)
    };
    std::thread::spawn(fill).join().unwrap()
}

fn fill(folder: &Path, bucket: Option<lake::Bucket>) {
    let options = Options { flush_after: Duration::from_hours(1), bucket, ..Options::default() };
    let lake = Lake::open(folder, options).unwrap();
    for day in 0..DAYS {
        let rows: Vec<_> = (0..OF_DAY)
            .map(|n| {
                let (client, server) = (format!("10.0.0.{}", n % 50), server(day, n));
                let mut row = row(format!("{day}-{n}"), MAY_12_US + day * DAY_US + n * 80_000_000, &client, &server);
                // No two sums are equal, so that a limit takes the same rows whoever counts.
                row.session.originator_bytes = (n * n + day) as u64;
                row.session.responder_bytes = (n % 7) as u64;
                row.session.responder_port = [445, 80, 3389, 4444][(n % 4) as usize];
                row.session.protocol = [Some("smb"), Some("http"), None][(n % 3) as usize].map(str::to_owned);
                row.session.account = (n % 90 == 0).then(|| format!("user{}", n % 4));
                row.session.result = (n % 2 == 0).then(|| "STATUS_LOGON_FAILURE".to_owned());
                row.detail = Some(format!(r#"{{"smb":{{"command":"C{}"}},"n":[{n}]}}"#, n % 3));
                row.observed.domains = vec![format!("d{}.example", n % 40)];
                if n % 100 == 0 { carrying(row, &format!("{:064x}", n / 100)) } else { row }
            })
            .collect();
        lake.append(batch("test", day + 1, &rows)).unwrap();
        if day < DAYS - 1 {
            lake.flush().unwrap();
        }
    }
    // What waits is in the log only.
    std::mem::forget(lake);
}

fn server(day: i64, n: i64) -> String {
    match n % 50 {
        // One host goes to many.
        6 => format!("10.{}.{}.{}", day + 2, n / 200, n % 200),
        // And one outside.
        8 => format!("203.0.113.{}", n % 5),
        _ => format!("10.1.0.{}", n % 20),
    }
}

/// Hosts and their addresses, as a server writes them beside the lake.
pub fn tables() -> tempfile::TempDir {
    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use datafusion::parquet::arrow::ArrowWriter;
    use std::sync::Arc;
    let folder = tempfile::Builder::new().prefix("资产 [2]").tempdir().unwrap();
    let texts = |texts: Vec<String>| Arc::new(StringArray::from(texts)) as ArrayRef;
    let hosts = |of: fn(i64) -> String| texts((0..20).map(of).collect());
    let asset = RecordBatch::try_from_iter([
        ("host", hosts(|n| format!("h{n}"))),
        ("label", hosts(|n| format!("服务器 {n}"))),
        ("zone", hosts(|n| format!("z{}", n % 3))),
        ("worst_weapon", hosts(|n| format!("w{}", n % 2))),
        ("open_weapons", Arc::new((0..20).collect::<Int64Array>()) as ArrayRef),
    ]);
    let address = RecordBatch::try_from_iter([
        ("host", hosts(|n| format!("h{n}"))),
        ("address", hosts(|n| format!("10.1.0.{n}"))),
    ]);
    for (name, rows) in [("asset", asset.unwrap()), ("asset_address", address.unwrap())] {
        let file = std::fs::File::create(folder.path().join(name).with_extension("parquet")).unwrap();
        let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
    }
    folder
}

/// The questions of the page have the same rows and columns whoever answers, with tables that lie beside the lake.
pub async fn answers_the_questions_of_the_page(machines: &Machines) {
    let tables = tables();
    let desk = |desk| Desk { tables: Some(tables.path()), ..desk };
    let (cluster, alone) = (desk(machines.desk()), desk(machines.alone()));
    let mut answered = 0;
    for (name, sql) in query::EXAMPLES {
        let (done, _) = cluster.answer(sql).await;
        let (expected, _) = alone.answer(sql).await;
        assert_eq!((done.rows, &done.columns), (expected.rows, &expected.columns), "{name}");
        assert_eq!(cluster.sorted(sql).await, alone.sorted(sql).await, "{name}");
        answered += usize::from(done.rows > 0);
    }
    assert!(answered >= 9, "only {answered} of them have rows to compare");
}

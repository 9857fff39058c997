//! The worker as a process, over a lake that was written by the lake.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../lake/tests/it/common/mod.rs"]
mod rows;

use lake::{Lake, Options};
use model::Message;
use query::{Asked, Done, Limits, Rows, Told, Worker};
use rows::{DAY_US, MAY_12_US, batch, carrying, row};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Two days in files and a third that waits: 3,000 conversations of 50 hosts with 20 servers.
fn lake() -> TempDir {
    // A lake waits for its tables by itself, which no task may.
    std::thread::spawn(filled).join().unwrap()
}

fn filled() -> TempDir {
    // Folders are called anything.
    let folder = tempfile::Builder::new().prefix("数据 [1]").tempdir().unwrap();
    fill(folder.path(), None);
    folder
}

fn fill(folder: &Path, bucket: Option<lake::Bucket>) {
    let options = Options { flush_after: Duration::from_hours(1), bucket, ..Options::default() };
    let lake = Lake::open(folder, options).unwrap();
    for day in 0..3_i64 {
        let rows: Vec<_> = (0..1000_i64)
            .map(|n| {
                let (client, server) = (format!("10.0.0.{}", n % 50), format!("10.1.0.{}", n % 20));
                let mut row = row(format!("{day}-{n}"), MAY_12_US + day * DAY_US + n * 1_000_000, &client, &server);
                row.session.originator_bytes = n as u64;
                row.session.responder_port = if n % 2 == 0 { 445 } else { 80 };
                row.detail = Some(format!(r#"{{"smb":{{"command":"C{}"}},"n":[{n}]}}"#, n % 3));
                row.observed.domains = vec![format!("d{}.example", n % 4)];
                if n % 100 == 0 { carrying(row, &format!("{:064x}", n / 100)) } else { row }
            })
            .collect();
        lake.append(batch("test", day + 1, &rows)).unwrap();
        if day < 2 {
            lake.flush().unwrap();
        }
    }
    // What waits is in the log only.
    std::mem::forget(lake);
}

async fn told(asked: &Asked) -> Told {
    let mut worker = Worker::start(Path::new(env!("CARGO_BIN_EXE_redoubt-query")), asked).await.unwrap();
    loop {
        match worker.next().await {
            Told::Progress(_) => {}
            last => return last,
        }
    }
}

struct Desk {
    lake: TempDir,
    folder: TempDir,
    limits: Limits,
}

impl Desk {
    fn new() -> Desk {
        Desk { lake: lake(), folder: tempfile::tempdir().unwrap(), limits: Limits { seconds: 60, ..Limits::default() } }
    }

    async fn told(&self, sql: &str) -> Told {
        told(&Asked {
            sql: sql.to_owned(),
            lake: self.lake.path().to_owned(),
            tables: None,
            folder: self.folder.path().to_owned(),
            limits: self.limits,
            cluster: None,
            bucket_settings: Vec::new(),
        })
        .await
    }

    async fn answer(&self, sql: &str) -> (Done, Vec<Vec<Value>>) {
        match self.told(sql).await {
            Told::Done(done) => {
                let mut rows = Rows::open(&query::rows_in(self.folder.path())).unwrap();
                (done, rows.page(0, 10_000).unwrap())
            }
            other => panic!("{sql:.200}: {other:?}"),
        }
    }

    async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        self.answer(sql).await.1
    }

    async fn refused(&self, sql: &str) -> Message {
        match self.told(sql).await {
            Told::Refused(why) => why,
            other => panic!("{sql:.200}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_in_a_bucket_is_answered_as_one_in_a_folder() {
    let server = bucketkit::bucket();
    let folder = tempfile::tempdir().unwrap();
    let bucket = lake::Bucket::for_lake(folder.path(), &server.address("lake of 2017"), server.settings());
    assert!(bucket.is_err(), "what would be written otherwise in an address is refused");
    let bucket = lake::Bucket::for_lake(folder.path(), &server.address("lake"), server.settings()).unwrap();
    let at = folder.path().to_owned();
    std::thread::spawn(move || fill(&at, Some(bucket))).join().unwrap();
    let alone = Desk::new();
    let asked = |sql: &str, settings: Vec<(String, String)>| Asked {
        sql: sql.to_owned(),
        lake: folder.path().to_owned(),
        tables: None,
        folder: alone.folder.path().to_owned(),
        limits: alone.limits,
        cluster: None,
        bucket_settings: settings,
    };
    for sql in [
        "SELECT count(*) FROM session",
        "SELECT originator, count(*) AS n FROM session WHERE responder_port = 445 GROUP BY 1 ORDER BY n DESC, 1 LIMIT 5",
        "SELECT community_id, start FROM session WHERE file_sha256 IS NOT NULL ORDER BY start LIMIT 7",
    ] {
        let expected = alone.rows(sql).await;
        assert!(!expected.is_empty());
        let done = match told(&asked(sql, server.settings().into())).await {
            Told::Done(done) => done,
            other => panic!("{sql}: {other:?}"),
        };
        let mut rows = Rows::open(&query::rows_in(alone.folder.path())).unwrap();
        assert_eq!((rows.page(0, 100).unwrap(), done.rows), (expected.clone(), expected.len() as u64), "{sql}");
    }
    // Without its bucket there is no answer, and not one of nothing.
    for settings in [Vec::new(), server.settings().into_iter().filter(|(name, _)| name != "AWS_ENDPOINT_URL").collect()]
    {
        let refused = told(&asked("SELECT count(*) FROM session", settings)).await;
        assert!(matches!(&refused, Told::Refused(why) if why.code == "query.lake"), "{refused:?}");
    }
    server.refuse(true);
    let refused = told(&asked("SELECT count(*) FROM session", server.settings().into())).await;
    assert!(matches!(&refused, Told::Refused(why) if why.code == "query.lake"), "{refused:?}");
}

#[tokio::test]
async fn rows_of_files_and_rows_that_wait_are_answered_alike() {
    let desk = Desk::new();
    assert_eq!(desk.rows("SELECT count(*) FROM session").await, [[json!(3000)]]);
    let (done, rows) = desk
        .answer("SELECT originator, count(*) AS n FROM session WHERE responder_port = 445 GROUP BY originator ORDER BY n DESC, originator LIMIT 2")
        .await;
    assert_eq!(rows, [[json!("10.0.0.0"), json!(60)], [json!("10.0.0.10"), json!(60)]]);
    assert_eq!((done.rows, done.cut, done.read.of_files), (2, false, 2));
    assert_eq!(done.columns[1].holds, "number");
    // Only the day that is asked is opened.
    let (done, rows) = desk.answer("SELECT count(*), min(start) FROM session WHERE start >= '2017-05-13T00:00:00Z' AND start < '2017-05-14T00:00:00Z' AND responder_port = 80").await;
    assert_eq!(rows, [[json!(500), json!("2017-05-13T00:00:01Z")]]);
    assert!(done.read.rows <= 1500, "{:?}", done.read);
    // The newest first, of all three days.
    let rows = desk.rows("SELECT community_id FROM session ORDER BY start DESC LIMIT 2").await;
    assert_eq!(rows, [[json!("2-999")], [json!("2-998")]]);
    // Values of every kind.
    let rows = desk
        .rows(
            "SELECT file_sha256, domains, midstream, start, detail, account FROM session WHERE community_id = '0-100'",
        )
        .await;
    let sha256 = format!("{:064x}", 1);
    assert_eq!(
        rows,
        [[
            json!(sha256),
            json!(["d0.example"]),
            json!(false),
            json!("2017-05-12T00:01:40Z"),
            json!(r#"{"smb":{"command":"C1"},"n":[100]}"#),
            json!(null)
        ]]
    );
    assert!(desk.rows("SELECT * FROM finding").await.is_empty());
}

#[tokio::test]
async fn questions_about_networks_have_functions() {
    let desk = Desk::new();
    let sql = "SELECT count(*) FILTER (WHERE in_network(originator, '10.0.0.0/28')), count(*) FILTER (WHERE is_internal(responder)),
        count(*) FILTER (WHERE json_value(detail, 'smb.command') = 'C1'), max(json_value(detail, 'n.0')),
        count(*) FILTER (WHERE array_has(domains, 'd3.example')), count(json_value(detail, 'no.such')) FROM session";
    assert_eq!(desk.rows(sql).await, [[json!(960), json!(3000), json!(999), json!("999"), json!(750), json!(0)]]);
    let sql = "WITH hosts AS (SELECT DISTINCT originator FROM session) SELECT count(*) FROM hosts a JOIN hosts b ON a.originator < b.originator";
    assert_eq!(desk.rows(sql).await, [[json!(1225)]]);
    let sql = "SELECT date_trunc('day', start) AS day, sum(originator_bytes) FROM session GROUP BY 1 ORDER BY 1";
    let rows = desk.rows(sql).await;
    assert_eq!(rows[0], [json!("2017-05-12T00:00:00Z"), json!(499_500)]);
    assert_eq!(rows.len(), 3);
}

#[tokio::test]
async fn what_differs_is_counted_in_two_stages_and_comes_to_the_same() {
    let desk = Desk::new();
    let sql = "SELECT responder_port, count(*), count(distinct originator), sum(originator_bytes), avg(originator_bytes), min(start), max(responder), count(account)
        FROM session GROUP BY responder_port ORDER BY responder_port";
    let rows = desk.rows(sql).await;
    assert_eq!(
        rows[0],
        [
            json!(80),
            json!(1500),
            json!(25),
            json!(750_000),
            json!(500.0),
            json!("2017-05-12T00:00:01Z"),
            json!("10.1.0.9"),
            json!(0)
        ]
    );
    assert_eq!(
        rows[1],
        [
            json!(445),
            json!(1500),
            json!(25),
            json!(748_500),
            json!(499.0),
            json!("2017-05-12T00:00:00Z"),
            json!("10.1.0.8"),
            json!(0)
        ]
    );
    let none = "SELECT count(*), count(distinct originator), avg(duration_us), sum(duration_us) FROM session WHERE responder_port = 1";
    assert_eq!(desk.rows(none).await, [[json!(0), json!(0), json!(null), json!(null)]]);
    // A name of one's own, and a condition on it.
    let having = "SELECT originator AS host, count(distinct responder) AS servers, count(*) AS all_of_them FROM session GROUP BY originator HAVING count(distinct responder) > 1 ORDER BY servers DESC, host LIMIT 1";
    assert_eq!(desk.rows(having).await, [[json!("10.0.0.0"), json!(2), json!(60)]]);
    let plan = "SELECT count(distinct originator), count(distinct responder), count(*) FROM session";
    assert_eq!(desk.rows(plan).await, [[json!(50), json!(20), json!(3000)]], "two of them are left to the engine");
}

#[tokio::test]
async fn texts_that_are_grouped_by_their_numbers_come_to_the_same() {
    // Some have no protocol, and what waits has a protocol of its own.
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_owned();
    let filling = move || {
        let options = Options { flush_after: Duration::from_hours(1), ..Options::default() };
        let lake = Lake::open(&at, options).unwrap();
        for part in 0..3_i64 {
            let rows: Vec<_> = (0..5000_i64)
                .map(|n| {
                    let mut row =
                        row(format!("{part}-{n}"), MAY_12_US + part * DAY_US + n * 1_000_000, "10.0.0.1", "10.0.0.2");
                    row.session.protocol = match (n % 7, part) {
                        (0, _) => None,
                        (1, 2) => Some("dns".to_owned()),
                        (n, _) => Some(format!("p{}", n % 3)),
                    };
                    row.session.state = format!("s{}", n % 5);
                    row.session.transport = if n % 2 == 0 { "tcp" } else { "udp" }.to_owned();
                    row.session.operation = Some(format!("{part}-{n}"));
                    // More different texts than are few, in a column that has few at other times.
                    row.session.result = Some(format!("{part}-{n}"));
                    row.session.originator_bytes = n as u64;
                    row
                })
                .collect();
            lake.append(batch("test", part + 1, &rows)).unwrap();
            if part < 2 {
                lake.flush().unwrap();
            }
        }
        std::mem::forget(lake);
    };
    std::thread::spawn(filling).join().unwrap();
    let mut desk = Desk { lake: folder, ..Desk::new() };
    for threads in [1, 3] {
        desk.limits.threads = threads;
        for groups in [
            &["protocol"][..],
            &["protocol", "state"],
            &["state", "responder_port", "protocol", "transport"],
            &["date_trunc('day', start)", "protocol"],
            &["operation"],
            &["operation", "result"],
            &["originator", "protocol", "version"],
        ] {
            for condition in ["", "WHERE originator_bytes > 2500", "WHERE protocol <> 'p1'", "WHERE protocol IS NULL"] {
                let asked = |groups: &[String]| {
                    let order = (1..=groups.len()).map(|at| at.to_string()).collect::<Vec<_>>().join(", ");
                    let groups = groups.join(", ");
                    format!(
                        "SELECT {groups}, count(*), sum(originator_bytes), min(start), avg(duration_us), count(distinct originator_bytes) FROM session {condition} GROUP BY {order} ORDER BY {order} LIMIT 9000"
                    )
                };
                let by_number: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
                // A text that is put together of others has no number in the files.
                let is_text = |group: &str| !group.contains('(') && !group.ends_with("port");
                let by_text = groups
                    .iter()
                    .map(|group| if is_text(group) { format!("{group} || ''") } else { (*group).to_owned() });
                let by_text: Vec<String> = by_text.collect();
                let (by_number, by_text) = (desk.rows(&asked(&by_number)).await, desk.rows(&asked(&by_text)).await);
                assert!(!by_text.is_empty(), "{groups:?} {condition}");
                assert_eq!(by_number, by_text, "{groups:?} {condition} with {threads}");
            }
        }
        // What is also asked for otherwise stays a text.
        let sql = "SELECT protocol, count(distinct protocol), max(protocol), count(protocol) FROM session GROUP BY 1 ORDER BY 1";
        assert_eq!(desk.rows(sql).await[0], [json!("dns"), json!(1), json!("dns"), json!(715)]);
    }
}

#[tokio::test]
async fn only_a_question_is_answered() {
    let desk = Desk::new();
    for sql in [
        "DROP TABLE session",
        "DELETE FROM session",
        "INSERT INTO session SELECT * FROM session",
        "UPDATE session SET state = 'x'",
        "CREATE TABLE x AS SELECT 1",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "COPY session TO '/tmp/x.parquet'",
        "SET datafusion.execution.batch_size = 1",
        "SHOW TABLES",
        "SHOW ALL",
        "EXPLAIN SELECT 1",
        "DESCRIBE session",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "SELECT 1 INTO x",
        "WITH x AS (INSERT INTO session VALUES (1) RETURNING 1) SELECT 1",
        "TRUNCATE session",
        "CREATE VIEW v AS SELECT 1",
        "CREATE FUNCTION f() RETURNS INT RETURN 1",
        "RESET datafusion.execution.batch_size",
    ] {
        let code = desk.refused(sql).await.code;
        assert!(["query.not-select", "query.syntax", "query.meaning"].contains(&code.as_str()), "{sql}: {code}");
    }
    for (sql, code) in [
        ("SELECT arrow_cast(repeat('a', 4000000), 'Utf8View') x FROM session LIMIT 100", "query.wide"),
        ("SELECT FROM session LIMIT 1", "query.no-columns"),
        ("", "query.one"),
        ("   -- nothing", "query.one"),
        ("SELECT 1; SELECT 2", "query.one"),
        ("SELEC 1", "query.syntax"),
        ("SELECT * FROM sessions", "query.no-table"),
        ("SELECT * FROM '/etc/passwd'", "query.no-table"),
        ("SELECT * FROM information_schema.tables", "query.no-table"),
        ("SELECT * FROM other.session", "query.no-table"),
        ("SELECT orginator FROM session", "query.no-column"),
        ("SELECT nothing(originator) FROM session", "query.meaning"),
        ("SELECT 1 / 0", "query.value"),
        ("SELECT a.start FROM session a, session b WHERE start > now()", "query.ambiguous"),
        ("SELECT originator, count(*) FROM session", "query.meaning"),
    ] {
        assert_eq!(desk.refused(sql).await.code, code, "{sql}");
    }
    let near = desk.refused("SELECT orginator FROM session").await;
    assert!(serde_json::to_string(&near).unwrap().contains("\"originator\""), "{near:?}");
}

#[tokio::test]
async fn files_and_networks_are_out_of_reach() {
    let desk = Desk::new();
    for sql in [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM \"http://127.0.0.1/x.parquet\"",
        "SELECT pg_read_file('/etc/passwd')",
    ] {
        let why = desk.refused(sql).await;
        assert!(["query.no-table", "query.meaning", "query.syntax"].contains(&why.code.as_str()), "{sql}: {why:?}");
    }
}

#[tokio::test]
async fn a_question_that_costs_too_much_ends_with_a_reason() {
    let mut desk = Desk::new();
    // Answered: the groups go to the disk, or are refused clearly; never is the process killed by the machine.
    desk.limits = Limits { memory_bytes: 256 << 20, rows: 10, seconds: 120, ..desk.limits };
    let (done, _) = desk.answer("SELECT a.start, b.start FROM session a, session b").await;
    assert_eq!((done.rows, done.cut), (10, true));
    let far = "SELECT count(*) FROM session a, session b WHERE levenshtein(a.detail || b.detail, b.detail || a.detail) > 1000";
    desk.limits = Limits { seconds: 2, ..desk.limits };
    assert_eq!(desk.refused(far).await.code, "query.time");
    // Three million values in a thousand groups, in less memory than they take.
    desk.limits = Limits { seconds: 240, rows: 10_000, memory_bytes: 192 << 20, ..desk.limits };
    let (done, rows) = desk
        .answer("SELECT a.community_id, count(*), count(distinct b.community_id) FROM session a, session b WHERE a.start < '2017-05-13T00:00:00Z' GROUP BY 1")
        .await;
    assert!(done.rows == 1000 && rows.iter().all(|row| row[1..] == [json!(3000), json!(3000)]), "{done:?}");
    assert!(done.read.spilled > 0 || done.peak_bytes < 192 << 20, "{done:?}");
    desk.limits = Limits { seconds: 120, memory_bytes: 192 << 20, spill_bytes: 1 << 20, ..desk.limits };
    let all =
        "SELECT a.community_id || b.community_id AS pair, count(*) FROM session a, session b GROUP BY 1 ORDER BY 2, 1";
    let why = desk.refused(all).await;
    assert!(["query.memory", "query.spill"].contains(&why.code.as_str()), "{why:?}");
}

#[tokio::test]
async fn deep_and_long_questions_break_nothing() {
    let desk = Desk::new();
    let deep = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    assert_eq!(desk.refused(&deep).await.code, "query.syntax");
    let long = format!("SELECT count(*) FROM session WHERE {}", vec!["responder_port = 445"; 1500].join(" OR "));
    assert_eq!(desk.rows(&long).await, [[json!(1500)]]);
    let sums = format!("SELECT {}", vec!["1"; 6000].join(" + "));
    assert_eq!(desk.refused(&sums).await.code, "query.complex");
    let sums = format!("SELECT {}", vec!["1"; 1900].join(" + "));
    assert_eq!(desk.rows(&sums).await, [[json!(1900)]]);
    for (part, count) in [("1 = ", 15_000), ("1 << ", 12_000), ("1 | ", 12_000)] {
        let deep = format!("SELECT {}1", part.repeat(count));
        assert_eq!(desk.refused(&deep).await.code, "query.complex", "{part}");
    }
    for (start, part, count) in [
        ("SELECT 1", " IS NULL", 7000),
        ("SELECT 1", " INTERSECT SELECT 1", 3000),
        ("SELECT 1", " UNION ALL SELECT 1", 1500),
    ] {
        let deep = format!("{start}{}", part.repeat(count));
        assert_eq!(desk.refused(&deep).await.code, "query.complex", "{part}");
    }
    let names = "SELECT * FROM (SELECT 1 a) t, (SELECT 2 a) u, (SELECT 3 a_2) v, (SELECT NULL n) w";
    let (done, rows) = desk.answer(names).await;
    let columns: std::collections::BTreeSet<&str> = done.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((columns.len(), &rows[0]), (4, &vec![json!(1), json!(2), json!(3), json!(null)]));
    assert_eq!(desk.rows("SELECT -9223372036854775807 - 1").await, [[json!("-9223372036854775808")]]);
    let hosts: Vec<String> = (0..4000).map(|n| format!("'10.0.{}.{}'", n / 250, n % 250)).collect();
    let within = format!("SELECT count(*) FROM session WHERE originator IN ({})", hosts.join(", "));
    assert_eq!(desk.rows(&within).await, [[json!(3000)]], "a long list is no deep question");
}

#[tokio::test]
async fn a_damaged_or_missing_file_is_named() {
    let desk = Desk::new();
    let mut files: Vec<_> = walk(&desk.lake.path().join("tables/session"))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|is| is == "parquet"))
        .collect();
    files.sort();
    let bytes = std::fs::read(&files[0]).unwrap();
    let name = files[0].file_name().unwrap().to_string_lossy().into_owned();
    std::fs::write(&files[0], vec![0xAA; bytes.len()]).unwrap();
    let why = desk.refused("SELECT sum(originator_bytes) FROM session").await;
    assert!(why.code == "query.file", "{why:?}");
    std::fs::remove_file(&files[0]).unwrap();
    let why = desk.refused("SELECT sum(originator_bytes) FROM session").await;
    assert!(why.code == "query.file" && serde_json::to_string(&why).unwrap().contains(&name), "{why:?}");
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn tables_beside_the_lake_can_be_joined() {
    let desk = Desk::new();
    let tables = tempfile::Builder::new().prefix("资产 [2]").tempdir().unwrap();
    let names: arrow_array::ArrayRef =
        std::sync::Arc::new(arrow_array::StringArray::from(vec!["10.0.0.1", "10.0.0.2"]));
    let zones: arrow_array::ArrayRef = std::sync::Arc::new(arrow_array::StringArray::from(vec![Some("财务"), None]));
    let rows =
        arrow_array::RecordBatch::try_from_iter_with_nullable([("address", names, false), ("zone", zones, true)])
            .unwrap();
    let file = std::fs::File::create(tables.path().join("asset_address.parquet")).unwrap();
    let mut writer = datafusion::parquet::arrow::ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let asked = Asked {
        sql:
            "SELECT zone, count(*) FROM session JOIN asset_address ON address = originator GROUP BY zone ORDER BY zone"
                .into(),
        lake: desk.lake.path().to_owned(),
        tables: Some(tables.path().to_owned()),
        folder: desk.folder.path().to_owned(),
        limits: desk.limits,
        cluster: None,
        bucket_settings: Vec::new(),
    };
    assert!(matches!(told(&asked).await, Told::Done(_)));
    let rows = Rows::open(&query::rows_in(desk.folder.path())).unwrap().page(0, 10).unwrap();
    assert_eq!(rows, [[json!("财务"), json!(60)], [json!(null), json!(60)]]);
}

#[tokio::test]
async fn a_worker_ends_with_whoever_asked() {
    let desk = Desk::new();
    let asked = Asked {
        sql: "SELECT count(*) FROM session a, session b, session c, session d WHERE a.community_id < d.community_id"
            .into(),
        lake: desk.lake.path().to_owned(),
        tables: None,
        folder: desk.folder.path().to_owned(),
        limits: desk.limits,
        cluster: None,
        bucket_settings: Vec::new(),
    };
    let mut worker = Worker::start(Path::new(env!("CARGO_BIN_EXE_redoubt-query")), &asked).await.unwrap();
    let Told::Progress(_) = worker.next().await else { panic!("it is not over so soon") };
    let pid = worker.id().unwrap();
    drop(worker);
    for _ in 0..100 {
        // A process that is over and not yet waited for is a zombie.
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it goes on");
}

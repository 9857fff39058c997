//! Collectors of a server: who may deliver, what becomes of what they deliver, and what is refused.

use crate::support::{Client, House, until};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use jiff::{SignedDuration, Timestamp};
use lake::Table;
use link::{Clock, Courier, CourierOptions, Identity, Invitation, Spool};
use model::{Confidence, Finding, FindingOutcome, Notable, NotableKind, WeaponId};
use records::{FINDINGS, Kind, NOTABLES, Observed, SESSIONS, SessionRow};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

async fn house() -> House {
    House::with(None, |config| config.link = Some("127.0.0.1:0".parse().unwrap())).await
}

/// A collector that enrolled.
struct Collector {
    folder: TempDir,
    name: String,
    spool: Spool,
    address: String,
    clock: Clock,
}

impl Collector {
    async fn enrol(house: &House, token: &Value, machine: &str) -> Result<Collector, link::Error> {
        let folder = tempfile::tempdir().unwrap();
        let address = house.running.as_ref().unwrap().ready.link.unwrap().to_string();
        let text = |name: &str| token[name].as_str().unwrap();
        let authority = text("authority_sha256").parse().unwrap();
        let invitation = Invitation { address: address.clone(), authority, token: text("token").to_owned() };
        let now = house.now.clone();
        let clock: Clock = Arc::new(move || *now.lock().unwrap());
        let identity = link::enrol(folder.path(), &invitation, machine, &clock).await?;
        let options = link::spool::Options { limit_bytes: 32 << 20, ..Default::default() };
        let spool = Spool::open(&folder.path().join("spool"), options).unwrap();
        Ok(Collector { name: identity.collector().to_owned(), folder, spool, address, clock })
    }

    fn courier(&self) -> Courier {
        let identity = Identity::load(self.folder.path()).unwrap().unwrap();
        let options = CourierOptions {
            again_after_min: Duration::from_millis(5),
            again_after_max: Duration::from_millis(100),
            ..CourierOptions::default()
        };
        Courier::start(self.spool.clone(), identity, &self.address, self.clock.clone(), options)
    }

    fn add<R>(&self, kind: &'static Kind<R>, rows: &[R]) {
        self.add_columns(kind.name, &columns(kind, rows));
    }

    fn add_columns(&self, name: &str, rows: &RecordBatch) {
        let table = Table::named(name).unwrap();
        let bytes = lake::pack(table, rows).unwrap();
        self.spool.append(&table.kind(), rows.num_rows() as u32, &bytes).unwrap();
    }

    async fn delivered(&self) {
        until("everything is delivered", async || self.spool.counts().waiting_batches == 0).await;
    }
}

fn columns<R>(kind: &'static Kind<R>, rows: &[R]) -> RecordBatch {
    let mut batch = records::Batch::new(kind);
    rows.iter().for_each(|row| batch.push(row));
    batch.take().unwrap()
}

fn at(second: i64) -> Timestamp {
    "2017-06-01T07:00:00Z".parse::<Timestamp>().unwrap().checked_add(SignedDuration::from_secs(second)).unwrap()
}

fn session(id: &str, domain: &str) -> SessionRow {
    let record = json!({
        "community_id": id, "originator": "10.0.0.1", "originator_port": 1000, "responder": "10.0.0.53",
        "responder_port": 53, "transport": "udp", "start": at(0), "duration_us": 5, "state": "closed",
        "midstream": false, "originator_packets": 1, "originator_bytes": 2, "responder_packets": 3,
        "responder_bytes": 4,
    });
    let observed = Observed { domains: vec![domain.to_owned()], ..Observed::default() };
    SessionRow { session: serde_json::from_value(record).unwrap(), detail: None, observed }
}

fn finding(count: u64) -> Finding {
    Finding {
        weapon: WeaponId("eternalblue".to_owned()),
        sign: "eternalblue.trans2-secondary".to_owned(),
        outcome: FindingOutcome::Attempt,
        confidence: Confidence::Known,
        originator: [10, 0, 0, 1].into(),
        responder: [10, 0, 0, 2].into(),
        count,
        first: at(0),
        last: at(1),
        community_ids: vec!["1:a".to_owned()],
        frames: vec![1],
    }
}

fn notable(count: u64) -> Notable {
    Notable {
        kind: NotableKind::Indicator,
        name: "domain".to_owned(),
        value: "evil.example".to_owned(),
        place: "question".to_owned(),
        originator: [10, 0, 0, 1].into(),
        responder: Some([10, 0, 0, 53].into()),
        transport: None,
        port: None,
        count,
        first: at(0),
        last: at(1),
        facts: Default::default(),
        community_ids: Vec::new(),
        frames: Vec::new(),
    }
}

async fn get(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn token(admin: &Client, uses: u32) -> Value {
    let answer = admin.post("/api/v1/collectors/tokens", json!({ "group": "sensors", "uses": uses, "days": 7 })).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

async fn rows(client: &Client) -> Vec<Value> {
    get(client, "/api/v1/collectors").await["rows"].as_array().unwrap().clone()
}

/// How often each conversation is in the lake.
fn kept(house: &House) -> Vec<String> {
    let lake = house.running.as_ref().unwrap().ready.app.lake.get().unwrap();
    let table = Table::named("session").unwrap();
    let in_files = lake.files(table).into_iter().flat_map(|file| lake::rows_of(&file).unwrap());
    let mut ids: Vec<String> = lake.waiting(table).into_iter().chain(in_files).flat_map(|rows| ids_of(&rows)).collect();
    ids.sort();
    ids
}

fn ids_of(rows: &RecordBatch) -> Vec<String> {
    let column: &StringArray = arrow_array::cast::AsArray::as_string(rows.column_by_name("community_id").unwrap());
    column.iter().flatten().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_delivers_is_on_the_pages_and_found_by_hunts_like_what_was_read_here() {
    let house = house().await;
    let admin = house.admin().await;
    let made = token(&admin, 2).await;
    let command = made["command"].as_str().unwrap();
    assert!(command.starts_with("redoubt collector enrol --server 127.0.0.1:") && command.contains("--token "));
    let collector = Collector::enrol(&house, &made, "plant-3").await.unwrap();
    let other = Collector::enrol(&house, &made, "plant-4").await.unwrap();
    collector.add(&SESSIONS, &[session("1:a", "evil.example"), session("1:b", "fine.example")]);
    collector.add(&FINDINGS, &[finding(3)]);
    collector.add(&FINDINGS, &[finding(2)]);
    collector.add(&NOTABLES, &[notable(4)]);
    other.add(&SESSIONS, &[session("1:c", "evil.example")]);
    let (courier, second) = (collector.courier(), other.courier());
    collector.delivered().await;
    other.delivered().await;
    assert_eq!(kept(&house), ["1:a", "1:b", "1:c"]);
    let found = get(&admin, "/api/v1/findings").await;
    assert_eq!((&found["groups"][0]["count"], &found["groups"][0]["weapon"]), (&json!(5), &json!("eternalblue")));
    assert_eq!(get(&admin, "/api/v1/notables").await["rows"][0]["notable"]["count"], 4);
    let capture = get(&admin, "/api/v1/captures").await["rows"][0].clone();
    assert_eq!((&capture["collector"], &capture["live"]), (&json!(true), &json!(false)), "{capture}");
    assert_eq!((&capture["name"], &capture["by"]), (&json!("plant-3"), &json!(collector.name)), "{capture}");

    let begun = admin.post("/api/v1/hunts", json!({ "name": "report", "text": "evil.example" })).await.json();
    admin.finished(begun["job"]["id"].as_str().unwrap()).await;
    let hunt = get(&admin, &format!("/api/v1/hunts/{}", begun["hunt"])).await;
    assert_eq!((&hunt["state"], &hunt["hits"]), (&json!("done"), &json!(2)), "{hunt}");

    let told = rows(&admin).await;
    let of = |machine: &str| told.iter().find(|row| row["machine"] == machine).unwrap();
    let row = of("plant-3");
    assert_eq!((&row["state"], &row["batches"], &row["records"]), (&json!("connected"), &json!(4), &json!(5)), "{row}");
    assert_eq!((&row["collector"], &row["refused"], &row["lost"]), (&json!(collector.name), &json!(0), &json!(0)));
    assert_eq!(of("plant-4")["records"], 1);
    courier.stop().await;
    second.stop().await;
    // Who enrolled is written down within seconds, by whom nobody asked.
    let audited = async || {
        let log = get(&admin, "/api/v1/audit?action=collector").await;
        let entries = log["entries"].as_array().unwrap().clone();
        entries.iter().filter(|entry| entry["action"] == "collector.enrol").count()
    };
    until("both are in the audit log", async || audited().await == 2).await;
    let made = get(&admin, "/api/v1/audit?action=collector-token").await;
    assert_eq!(made["entries"][0]["action"], "collector-token.create");
    assert!(!made.to_string().contains(command.rsplit(' ').next().unwrap()), "a token is in the audit log");

    // What was told of the collectors outlasts the server.
    let folder = house.folder.clone();
    house.stop().await;
    let url = format!("sqlite:{}", folder.path().join("redoubt.db").display());
    let store = store::Store::open(&url, &store::Options::at(at(0))).await.unwrap();
    let sources = store.collector_sources().await.unwrap();
    assert_eq!(sources.iter().map(|source| source.batches).sum::<u64>(), 5);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_kept_is_refused_with_its_reason_and_the_rest_goes_on() {
    let house = house().await;
    let admin = house.admin().await;
    let made = token(&admin, 2).await;
    let bad = Collector::enrol(&house, &made, "bad").await.unwrap();
    let good = Collector::enrol(&house, &made, "good").await.unwrap();
    let courier = bad.courier();
    let refusals = async || rows(&admin).await.iter().find(|row| row["machine"] == "bad").unwrap().clone();
    let mut count = 0;
    let mut refused = async |what: &str| {
        count += 1;
        bad.delivered().await;
        let row = refusals().await;
        let code = row["trouble"]["message"]["params"]["what"]["code"].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (row["refused"].as_u64(), row["lost"].as_u64(), code.as_str()),
            (Some(count), Some(0), what),
            "{row}"
        );
        assert_eq!(bad.spool.counts().aside_batches, count);
    };
    bad.spool.append("session/1", 1, b"no rows at all").unwrap();
    refused("link.malformed.damaged").await;
    let other = lake::pack(Table::named("finding").unwrap(), &columns(&FINDINGS, &[finding(1)])).unwrap();
    bad.spool.append("session/1", 1, &other).unwrap();
    refused("link.malformed.columns").await;
    let mut cut =
        lake::pack(Table::named("session").unwrap(), &columns(&SESSIONS, &[session("1:x", "x.example")])).unwrap();
    cut.truncate(cut.len() - 9);
    bad.spool.append("session/1", 1, &cut).unwrap();
    refused("link.malformed.damaged").await;
    let mut late = session("1:late", "x.example");
    late.session.start = at(4 * 86_400);
    bad.add(&SESSIONS, &[late]);
    refused("link.malformed.future").await;
    let found = columns(&FINDINGS, &[finding(1)]);
    let mut changed: Vec<ArrayRef> = found.columns().to_vec();
    changed[found.schema().index_of("originator").unwrap()] = Arc::new(StringArray::from(vec!["nowhere"]));
    bad.add_columns("finding", &RecordBatch::try_new(found.schema(), changed).unwrap());
    refused("link.malformed.values").await;
    bad.add(&FINDINGS, &[finding(u64::MAX)]);
    refused("link.malformed.values").await;
    bad.spool.append("session/99", 1, &cut).unwrap();
    bad.delivered().await;
    assert_eq!(refusals().await["trouble"]["message"]["code"], "link.refused-unknown-kind");
    assert_eq!(bad.spool.counts().aside_batches, 7);
    assert_eq!(courier.figures().set_aside.unwrap().code, "link.refused-unknown-kind");

    // What is behind goes on, and the other collector was never kept from delivering.
    bad.add(&SESSIONS, &[session("1:after", "x.example")]);
    good.add(&SESSIONS, &[session("1:good", "x.example")]);
    let second = good.courier();
    bad.delivered().await;
    good.delivered().await;
    assert_eq!(kept(&house), ["1:after", "1:good"]);
    assert_eq!(get(&admin, "/api/v1/findings").await["groups"], json!([]));
    courier.stop().await;
    second.stop().await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_revoked_in_the_middle_keeps_what_is_left_and_nobody_enrols_with_what_ended() {
    let house = house().await;
    let admin = house.admin().await;
    let made = token(&admin, 5).await;
    let collector = Collector::enrol(&house, &made, "plant-3").await.unwrap();
    let courier = collector.courier();
    let mut sent = 0;
    until("some are delivered", async || {
        collector.add(&SESSIONS, &[session(&format!("1:{sent}"), "x.example")]);
        sent += 1;
        collector.spool.counts().delivered_batches > 5
    })
    .await;
    let named = json!({ "collector": collector.name });
    assert_eq!(admin.post("/api/v1/collectors/revoke", named.clone()).await.status, 204);
    until("the collector is told", async || {
        courier.figures().trouble.is_some_and(|trouble| trouble.code == "link.revoked")
    })
    .await;
    for number in sent..sent + 5 {
        collector.add(&SESSIONS, &[session(&format!("1:{number}"), "x.example")]);
    }
    let counts = collector.spool.counts();
    assert!(counts.waiting_batches >= 5, "{counts:?}");
    assert_eq!(kept(&house).len() as u64, counts.delivered_batches, "what is acknowledged is there, and no more");
    assert_eq!(rows(&admin).await[0]["state"], "revoked");
    assert_eq!(admin.post("/api/v1/collectors/revoke", json!({ "collector": "sensors/no" })).await.status, 404);
    courier.stop().await;

    // Under a new identity the same spool goes on; what was taken before is not sent again.
    let again = Collector::enrol(&house, &made, "plant-3").await.unwrap();
    assert_ne!(again.name, collector.name);

    let id = made["id"].as_str().unwrap();
    assert_eq!(admin.call("DELETE", &format!("/api/v1/collectors/tokens/{id}"), Value::Null).await.status, 204);
    assert_eq!(admin.call("DELETE", &format!("/api/v1/collectors/tokens/{id}"), Value::Null).await.status, 404);
    let refused = |outcome: Result<Collector, link::Error>| outcome.err().map(|error| error.message().code);
    assert_eq!(refused(Collector::enrol(&house, &made, "late").await).as_deref(), Some("link.token"));
    let short = token(&admin, 5).await;
    house.later(24 * 7);
    // Its session has ended too.
    let admin = house.login("admin").await;
    assert_eq!(refused(Collector::enrol(&house, &short, "late").await).as_deref(), Some("link.token"));
    assert_eq!(get(&admin, "/api/v1/collectors").await["tokens"], json!([]));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_makes_collectors_wait_and_nothing_is_lost_or_there_twice() {
    let Some(disk) = testkit::small_disk(24 << 20) else { return };
    let house = House::with(None, |config| {
        config.data_directory = disk.path().join("data");
        config.link = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let admin = house.admin().await;
    let collector = Collector::enrol(&house, &token(&admin, 1).await, "plant-3").await.unwrap();
    let courier = collector.courier();
    let filler = disk.path().join("filler");
    fill(&filler);
    let mut sent = 0;
    // What the files have of room is used up first.
    until("the collector is told to wait", async || {
        let noise = (0..2000).map(|n| format!("{}.example", (sent * 7919 + n) % 1_000_003)).collect();
        let mut row = session(&format!("1:{sent:04}"), "x.example");
        row.observed.domains = noise;
        collector.add(&SESSIONS, &[row]);
        collector.add(&FINDINGS, &[finding(1)]);
        sent += 1;
        fill(&filler);
        courier.figures().trouble.is_some_and(|trouble| trouble.code == "link.refused-busy")
    })
    .await;
    assert!(collector.spool.counts().waiting_batches > 0);
    std::fs::remove_file(&filler).unwrap();
    collector.delivered().await;
    let expected: Vec<String> = (0..sent).map(|number| format!("1:{number:04}")).collect();
    assert_eq!(kept(&house), expected);
    assert_eq!(get(&admin, "/api/v1/findings").await["groups"][0]["count"], sent);
    assert_eq!(collector.spool.counts().aside_batches, 0);
    courier.stop().await;
    house.stop().await;
}

/// Takes all room there is, to the last block; what is there already goes on growing.
fn fill(path: &std::path::Path) {
    use std::io::Write;
    let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
    let mut size = 1 << 20;
    while size > 0 {
        if file.write_all(&vec![0; size]).is_err() {
            size /= 2;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_runs_the_system_decides_who_delivers() {
    let house = house().await;
    let admin = house.admin().await;
    let made = token(&admin, 1).await;
    let collector = Collector::enrol(&house, &made, "plant-3").await.unwrap();
    let analyst = house.account(&admin, "ann", &["analyst"]).await;
    let seen = get(&analyst, "/api/v1/collectors").await;
    assert_eq!((&seen["total"], &seen["rows"][0]["state"]), (&json!(1), &json!("away")));
    assert!(!seen.to_string().contains(made["token"].as_str().unwrap()), "the token is told again");
    let new = json!({ "group": "sensors", "uses": 1, "days": 1 });
    assert_eq!(analyst.post("/api/v1/collectors/tokens", new.clone()).await.status, 403);
    let named = json!({ "collector": collector.name });
    assert_eq!(analyst.post("/api/v1/collectors/revoke", named).await.status, 403);
    let path = format!("/api/v1/collectors/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(analyst.call("DELETE", &path, Value::Null).await.status, 403);
    for (change, code) in [
        (json!({ "group": "Sensors!" }), "link.group"),
        (json!({ "uses": 0 }), "api.collector-uses"),
        (json!({ "days": 31 }), "api.collector-days"),
        (json!({ "server": "a b:1" }), "api.collector-server"),
        (json!({ "server": "$(id):1" }), "api.collector-server"),
    ] {
        let mut asked = new.clone();
        asked.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = admin.post("/api/v1/collectors/tokens", asked).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code));
    }
    house.stop().await;

    let off = House::new().await;
    let admin = off.admin().await;
    assert_eq!(get(&admin, "/api/v1/collectors").await["link"], Value::Null);
    let answer = admin.post("/api/v1/collectors/tokens", new).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "api.link-off"));
    off.stop().await;
}

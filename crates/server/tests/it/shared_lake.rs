//! Several servers with one PostgreSQL and one lake: each takes in, and each finds what all took in.

use crate::support::{Client, House, until};
use serde_json::{Value, json};

const NAME: &str = "printer.plant";
/// A question is a conversation and an exchange within it.
const ROWS: u64 = 2;

async fn house(database: &str, bucket: &bucketkit::Bucket) -> House {
    House::with(Some(database.to_owned()), |config| {
        config.lake = Some(bucket.address("lake"));
        config.bucket_settings = bucket.settings().into();
    })
    .await
}

/// A capture of a DNS question of one host.
async fn read(client: &Client, host: u8, port: u16) {
    let capture = crate::support::questions([(1_496_300_000, host, port)].into_iter());
    let answer = client.upload("/api/v1/captures", &[("a.pcap", &capture)]).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let job = client.finished(answer.json()["job"]["id"].as_str().unwrap()).await;
    assert_eq!(job["state"], "done", "{job}");
}

async fn get(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Waits until a server has taken in a question, and writes it to the bucket.
async fn written(house: &House, client: &Client) {
    until("the rows wait", async || {
        get(client, "/api/v1/hunts").await["kept"]["waiting_rows"].as_u64().unwrap() >= ROWS
    })
    .await;
    let lake = house.running.as_ref().unwrap().ready.app.lake.get().unwrap();
    tokio::task::spawn_blocking(move || lake.flush()).await.unwrap().unwrap();
}

/// Which addresses met something in a hunt that is done.
async fn met(client: &Client, hunt: i64) -> Vec<String> {
    until("the hunt is done", async || get(client, &format!("/api/v1/hunts/{hunt}")).await["state"] == "done").await;
    let hits = get(client, &format!("/api/v1/hunts/{hunt}/hits")).await;
    let host = |row: &Value| row["host"]["address"].as_str().unwrap().to_owned();
    let mut met: Vec<_> = hits["rows"].as_array().unwrap().iter().map(host).collect();
    met.sort();
    met.dedup();
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn each_server_finds_what_all_took_in() {
    let Some(cluster) = testkit::postgres() else { return };
    let (database, bucket) = (cluster.database("shared_lake"), bucketkit::bucket());
    let one = house(&database, &bucket).await;
    let admin = one.admin().await;
    let other = house(&database, &bucket).await;
    let there = other.login("admin").await;

    // What is sent to a server is read by it, whoever looks for work first.
    read(&admin, 1, 40_000).await;
    read(&there, 2, 40_001).await;
    written(&one, &admin).await;
    written(&other, &there).await;

    let new = json!({ "name": "by hand", "text": NAME });
    let begun = there.post("/api/v1/hunts", new).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let by_hand = begun.json()["hunt"].as_i64().unwrap();
    assert_eq!(met(&there, by_hand).await, ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(met(&admin, by_hand).await, ["10.0.0.1", "10.0.0.2"]);

    // A list that one server was given is looked for in what comes to the other.
    let taken = admin.post("/api/v1/indicators", json!({ "source": "plant", "text": NAME })).await;
    assert!(taken.status < 300, "{}", taken.text());
    let hunt = taken.json()["hunts"][0].as_i64().unwrap();
    assert_eq!(met(&admin, hunt).await, ["10.0.0.1", "10.0.0.2"]);
    read(&there, 3, 40_002).await;
    written(&other, &there).await;
    until("it is found on both", async || met(&admin, hunt).await.len() == 3).await;
    // Of one hour that both write to nothing of the other is lost.
    read(&admin, 4, 40_003).await;
    written(&one, &admin).await;
    until("all are found", async || met(&there, hunt).await.len() == 4).await;
    assert_eq!(met(&there, hunt).await, ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]);

    // One that ends leaves what it took in to the other.
    read(&admin, 5, 40_004).await;
    one.stop().await;
    until("what waited was written", async || {
        let lake = other.running.as_ref().unwrap().ready.app.lake.get().unwrap();
        tokio::task::spawn_blocking(move || lake.refresh().unwrap()).await.unwrap();
        get(&there, "/api/v1/hunts").await["kept"]["rows"].as_u64().unwrap() == 5 * ROWS
    })
    .await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_cannot_be_reached_at_the_start_is_reached_later() {
    let bucket = bucketkit::bucket();
    bucket.refuse(true);
    let house = House::with(None, |config| {
        config.lake = Some(bucket.address("lake"));
        config.bucket_settings = bucket.settings().into();
    })
    .await;
    let admin = house.admin().await;
    assert!(get(&admin, "/api/v1/hunts").await["kept"].is_null());
    read(&admin, 1, 40_000).await;
    bucket.refuse(false);
    until("the lake is there", async || {
        let kept = get(&admin, "/api/v1/hunts").await["kept"].clone();
        kept["rows"].as_u64().unwrap_or_default() + kept["waiting_rows"].as_u64().unwrap_or_default() == ROWS
    })
    .await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_was_begun_elsewhere_is_not_started_without_its_rows() {
    let bucket = bucketkit::bucket();
    let house = House::new().await;
    let folder = house.folder.clone();
    house.stop().await;
    let mut config = server::Config::new(folder.path(), "127.0.0.1:0".parse().unwrap());
    config.lake = Some(bucket.address("lake"));
    config.bucket_settings = bucket.settings().into();
    let refused = server::start(config).await.err().unwrap();
    assert_eq!(refused.message().code, "server.bucket-elsewhere");
}

//! Looking back: by hand, and for lists that come before or after what they name.

use crate::support::{Client, House};
use serde_json::{Value, json};
use std::time::Duration;

const NAME: &str = "printer.plant";

/// A capture of DNS questions for one name, one a day from 1 June 2017 on.
fn capture(days: u32, host: u8) -> Vec<u8> {
    crate::support::questions(
        (0..days).map(|day| (1_496_300_000 + day * 86_400, host, 40000 + u16::try_from(day).unwrap())),
    )
}

async fn read(client: &Client, days: u32, host: u8) {
    let answer = client.upload("/api/v1/captures", &[("a.pcap", &capture(days, host))]).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    client.finished(answer.json()["job"]["id"].as_str().unwrap()).await;
}

async fn get(client: &Client, path: &str) -> Value {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Waits until the lake has taken in so many rows.
async fn kept(client: &Client, rows: u64) {
    for _ in 0..200 {
        let kept = get(client, "/api/v1/hunts").await["kept"].clone();
        if kept["rows"].as_u64().unwrap() + kept["waiting_rows"].as_u64().unwrap() >= rows {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the rows did not come");
}

/// Waits until a hunt is done and knows of so many meetings.
async fn done(client: &Client, hunt: i64, hits: u64) -> Value {
    let mut last = Value::Null;
    for _ in 0..200 {
        last = get(client, &format!("/api/v1/hunts/{hunt}")).await;
        if last["state"] == "done" && last["hits"].as_u64() == Some(hits) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{last}");
}

async fn flush(house: &House) {
    let lake = house.running.as_ref().unwrap().ready.app.lake.get().unwrap();
    tokio::task::spawn_blocking(move || lake.flush()).await.unwrap().unwrap();
}

/// Who met what, and how often.
async fn met(client: &Client, hunt: i64) -> Vec<(String, String, u64)> {
    let hits = get(client, &format!("/api/v1/hunts/{hunt}/hits")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |row: &Value| (text(&row["value"]), text(&row["host"]["address"]), row["count"].as_u64().unwrap());
    let mut met: Vec<_> = hits["rows"].as_array().unwrap().iter().map(row).collect();
    met.sort();
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_looks_for_is_found_by_host_and_on_the_axis_of_time() {
    let house = House::new().await;
    let admin = house.admin().await;
    read(&admin, 3, 1).await;
    read(&admin, 1, 2).await;
    kept(&admin, 8).await;
    let new = json!({ "name": "wannacry", "text": format!("# a comment\n{NAME}\nno indicator\n10.0.0.2\n") });
    let answer = admin.post("/api/v1/hunts", new).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let begun = answer.json();
    assert_eq!((&begun["taken"]["added"], &begun["taken"]["bad"][0]["line"]), (&json!(2), &json!(3)));
    let hunt = begun["hunt"].as_i64().unwrap();
    admin.finished(begun["job"]["id"].as_str().unwrap()).await;
    let told = get(&admin, &format!("/api/v1/hunts/{hunt}")).await;
    assert_eq!((&told["state"], &told["wanted"], &told["met"]), (&json!("done"), &json!(2), &json!(2)), "{told}");
    let of_name: Vec<_> = met(&admin, hunt).await.into_iter().filter(|(value, ..)| value == NAME).collect();
    let hosts: Vec<&str> = of_name.iter().map(|(_, host, _)| host.as_str()).collect();
    assert_eq!(hosts, ["10.0.0.1", "10.0.0.2"]);
    assert_eq!(of_name[0].2, of_name[1].2 * 3, "one a day");

    let shape = get(&admin, &format!("/api/v1/hunts/{hunt}/shape?value={NAME}&kind=domain")).await;
    assert_eq!(shape["bars"].as_array().unwrap().len(), 3, "{shape}");
    assert_eq!(shape["hosts"][0]["name"], "10.0.0.1");
    let first_day = format!("/api/v1/hunts/{hunt}/hits?until=2017-06-01T23:00:00Z&host=10.0.0.1&q=PRINT");
    assert_eq!(get(&admin, &first_day).await["total"], 1);
    let table = format!("/api/v1/hunts/{hunt}/hits.export?format=csv&lang=zh-CN&kind=domain");
    let table = admin.get(&table).await.text();
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows.len() == 3 && rows[0].contains("指标类型") && rows[1].contains(NAME), "{table}");
    // Within a time: only the second day.
    let within =
        json!({ "name": "within", "text": NAME, "since": "2017-06-02T00:00:00Z", "until": "2017-06-03T00:00:00Z" });
    let begun = admin.post("/api/v1/hunts", within).await.json();
    admin.finished(begun["job"]["id"].as_str().unwrap()).await;
    let shape = get(&admin, &format!("/api/v1/hunts/{}/shape", begun["hunt"])).await;
    assert_eq!(shape["bars"].as_array().unwrap().len(), 1, "{shape}");

    // The same from files: the last line of one is not the beginning of the next.
    let files: [(&str, &[u8]); 2] = [("a.txt", NAME.as_bytes()), ("b.txt", b"10.0.0.2")];
    let answer = admin.upload("/api/v1/hunts/files", &files).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!((&answer.json()["taken"]["added"], &answer.json()["taken"]["bad_lines"]), (&json!(2), &json!(0)));

    for (new, code) in [
        (json!({ "name": "x", "text": "# nothing\n" }), "api.hunt-nothing"),
        (json!({ "name": " ", "text": NAME }), "api.hunt-no-name"),
        (
            json!({ "name": "x", "text": NAME, "since": "2017-06-02T00:00:00Z", "until": "2017-06-02T00:00:00Z" }),
            "api.hunt-no-time",
        ),
    ] {
        let answer = admin.post("/api/v1/hunts", new).await;
        assert_eq!((answer.status, answer.code()), (400, code.to_owned()));
    }
    assert_eq!(get(&admin, "/api/v1/hunts").await["total"], 3, "what was refused is not kept");
    assert_eq!(admin.call("DELETE", &format!("/api/v1/hunts/{hunt}"), Value::Null).await.status, 204);
    for path in ["", "/hits", "/shape"] {
        assert_eq!(admin.get(&format!("/api/v1/hunts/{hunt}{path}")).await.status, 404);
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_finds_the_same_whether_it_came_before_or_after_and_across_a_restart() {
    let mut found = Vec::new();
    for list_comes in 0..4 {
        let mut house = House::new().await;
        let mut admin = house.admin().await;
        let mut hunt = None;
        for step in 0..4 {
            if step == list_comes {
                let list = json!({ "source": "feed", "text": format!("{NAME}\n10.0.0.0/24\nnobody.test\n") });
                let taken = admin.post("/api/v1/indicators", list).await.json();
                hunt = taken["hunts"][0].as_i64();
            }
            match step {
                0 => read(&admin, 3, 1).await,
                1 => flush(&house).await,
                // Rows of hours that are known, some in files and some not.
                2 => read(&admin, 2, 2).await,
                _ => {}
            }
            if step == 2 {
                kept(&admin, 10).await;
            }
        }
        house = house.again().await;
        admin = house.login("admin").await;
        flush(&house).await;
        let hunt = hunt.unwrap();
        let told = done(&admin, hunt, 25).await;
        assert_eq!((&told["list"], &told["met"], &told["hosts"]), (&json!(1), &json!(2), &json!(3)), "{told}");
        found.push(met(&admin, hunt).await);
        house.stop().await;
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hunt_goes_on_after_a_restart_and_counts_nothing_twice() {
    const DAYS: u32 = 150;
    let mut house = House::new().await;
    let mut admin = house.admin().await;
    read(&admin, DAYS, 1).await;
    kept(&admin, u64::from(DAYS) * 2).await;
    flush(&house).await;
    let begun = admin.post("/api/v1/hunts", json!({ "name": "long", "text": NAME })).await.json();
    let hunt = begun["hunt"].as_i64().unwrap();
    // Until some days are done, and not all.
    let days = async |admin: &Client| get(admin, &format!("/api/v1/hunts/{hunt}")).await["figures"]["days"].as_u64();
    while days(&admin).await == Some(0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    house = house.again().await;
    admin = house.login("admin").await;
    let told = done(&admin, hunt, u64::from(DAYS)).await;
    assert_eq!((&told["figures"]["days"], &told["figures"]["of_days"]), (&json!(DAYS), &json!(DAYS)), "{told}");
    let attempts =
        house.running.as_ref().unwrap().ready.app.store.job(begun["job"]["id"].as_str().unwrap().parse().unwrap());
    assert_eq!(attempts.await.unwrap().attempts, 2, "it was taken up again");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_table_is_told_and_everything_else_goes_on() {
    let house = House::new().await;
    let admin = house.admin().await;
    read(&admin, 1, 1).await;
    kept(&admin, 2).await;
    flush(&house).await;
    let log = house.folder.path().join("lake/tables/session/_delta_log/00000000000000000000.json");
    drop(admin);
    let house = {
        std::fs::write(&log, b"no json\n").unwrap();
        house.again().await
    };
    let admin = house.login("admin").await;
    assert_eq!(admin.get("/api/v1/overview").await.status, 200);
    assert!(get(&admin, "/api/v1/hunts").await["kept"].is_null());
    let answer = admin.post("/api/v1/hunts", json!({ "name": "x", "text": NAME })).await;
    assert_eq!((answer.status, answer.code()), (503, "api.lake-failed".to_owned()));
    for part in ["text", "hint"] {
        for language in ["en", "zh-CN"] {
            let text = answer.json()[part][language].as_str().unwrap().to_owned();
            assert!(!text.is_empty() && !text.contains("{{"), "{text}");
        }
    }
    // Detection does not depend on it, and what it records waits.
    read(&admin, 2, 7).await;
    let waiting = std::fs::read_dir(house.folder.path().join("lake/incoming")).unwrap().count();
    assert!(waiting > 0);
    house.stop().await;
}

/// Rows of the lake by the day they are of.
async fn days(house: &House) -> Vec<String> {
    let lake = house.running.as_ref().unwrap().ready.app.lake.get().unwrap();
    let view = tokio::task::spawn_blocking(move || lake.view()).await.unwrap();
    let mut days: Vec<String> = view.files().map(|file| file.day.clone()).collect();
    days.sort();
    days.dedup();
    days
}

/// Takes away all that is not held, as if there were no room.
async fn make_room(house: &House) {
    let app = house.running.as_ref().unwrap().ready.app.clone();
    let (lake, held) = (app.lake.get().unwrap(), api::holds::all(&app).await.unwrap());
    let kept = lake::Kept { bytes_max: Some(0), held, ..lake::Kept::default() };
    tokio::task::spawn_blocking(move || lake.retain(&kept)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_works_on_stays_until_it_is_released() {
    let house = House::new().await;
    let admin = house.admin().await;
    read(&admin, 4, 1).await;
    kept(&admin, 8).await;
    flush(&house).await;
    assert_eq!(days(&house).await, ["2017-06-01", "2017-06-02", "2017-06-03", "2017-06-04"]);
    // What a hunt met on the first day, and everything of the second.
    let new = json!({ "name": "first day", "text": NAME, "until": "2017-06-02T00:00:00Z" });
    let hunt = admin.post("/api/v1/hunts", new).await.json()["hunt"].as_i64().unwrap();
    let told = done(&admin, hunt, 1).await;
    assert_eq!(told["hosts"], 1, "{told}");
    let of_hunt = admin.post("/api/v1/holds", json!({ "name": " case 7 ", "hunt": hunt })).await;
    assert_eq!(of_hunt.status, 201, "{}", of_hunt.text());
    let (since, until) = ("2017-06-02T00:00:00Z", "2017-06-03T00:00:00Z");
    let of_time = admin.post("/api/v1/holds", json!({ "name": "case 8", "since": since, "until": until })).await;
    assert_eq!(of_time.status, 201, "{}", of_time.text());

    let list = get(&admin, "/api/v1/holds").await;
    let rows = list["rows"].as_array().unwrap();
    assert_eq!((&rows[0]["name"], &rows[0]["since"], &rows[0]["files"]), (&json!("case 8"), &json!(since), &json!(1)));
    assert_eq!((&rows[1]["name"], &rows[1]["hunt"], &rows[1]["files"]), (&json!("case 7"), &json!(hunt), &json!(1)));
    let bytes = rows.iter().map(|row| row["bytes"].as_u64().unwrap()).sum::<u64>();
    assert!(list["files"] == 2 && list["bytes"] == bytes && bytes > 0, "{list}");
    assert_eq!(get(&admin, "/api/v1/hunts").await["kept"]["held_bytes"], bytes);

    make_room(&house).await;
    assert_eq!(days(&house).await, ["2017-06-01", "2017-06-02"]);
    let answer = admin.call("DELETE", &format!("/api/v1/hunts/{hunt}"), Value::Null).await;
    assert_eq!((answer.status, answer.code()), (409, "store.held".to_owned()));
    let again = admin.post("/api/v1/holds", json!({ "name": "case 9", "hunt": hunt })).await;
    assert_eq!((again.status, again.code()), (409, "store.held".to_owned()));
    for (new, status, code) in [
        (json!({ "name": " ", "hunt": hunt }), 400, "api.hold-no-name"),
        (json!({ "name": "x" }), 400, "api.hold-nothing"),
        (json!({ "name": "x", "hunt": hunt, "since": since }), 400, "api.hold-nothing"),
        (json!({ "name": "x", "since": until, "until": since }), 400, "api.hunt-no-time"),
        (json!({ "name": "x", "hunt": 4711 }), 404, "store.not-found"),
        (json!({ "name": "x", "hunt": 0 }), 404, "store.not-found"),
        (json!({ "name": "x", "until": "1970-01-01T00:00:00Z" }), 400, "api.hold-nothing"),
        (json!({ "name": "x", "since": "1970-01-01T00:00:00Z" }), 400, "api.hold-nothing"),
    ] {
        let answer = admin.post("/api/v1/holds", new.clone()).await;
        assert_eq!((answer.status, answer.code()), (status, code.to_owned()), "{new}");
    }

    // Gone with the others when nobody holds it.
    for made in [&of_hunt, &of_time] {
        let answer = admin.call("DELETE", &format!("/api/v1/holds/{}", made.json()["id"]), Value::Null).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        assert_eq!(
            admin.call("DELETE", &format!("/api/v1/holds/{}", made.json()["id"]), Value::Null).await.status,
            404
        );
    }
    make_room(&house).await;
    assert_eq!(days(&house).await, Vec::<String>::new());
    assert_eq!(admin.call("DELETE", &format!("/api/v1/hunts/{hunt}"), Value::Null).await.status, 204);
}

use crate::fixture::{Place, act, chunk, filled, host, later, now};
use serde_json::json;
use std::path::Path;
use store::{Act, Error, NewImport, NewOverlay, NewUser, Options, PageQuery, Store};

/// The lines after the header, which has the day of the backup in it, and before the end.
fn content(path: &Path) -> Vec<String> {
    let bytes = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    let lines: Vec<_> = String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect();
    let mut lines = lines[1..lines.len() - 1].to_vec();
    // Rows have no order of their own, tables do.
    let mut table = 0;
    lines.sort_by_cached_key(|line| {
        table += usize::from(line.starts_with('{'));
        (table, line.starts_with('['), line.clone())
    });
    lines
}

async fn used(place: &Place) {
    filled(place, 230).await;
    let store = &place.store;
    let recorded = act().recorded("ann", "user.create", "user:ann", json!({ "纵深": "\u{0}" }));
    let user = NewUser { name: "ann".into(), password_hash: "x".into(), roles: ["analyst".to_owned()].into() };
    store.create_user(&user, &recorded).await.unwrap();
    let overlay = NewOverlay { kind: "kev".into(), name: "k".into(), released: "".into(), body: vec![7; 100_000] };
    store.put_overlay(&overlay, &recorded).await.unwrap();
    store.begin_import(&NewImport { name: "i".into(), owner: "ann".into() }, &recorded).await.unwrap();
}

pub async fn a_backup_restores_to_the_same_everywhere(place: Place) {
    used(&place).await;
    let (first, second, third) =
        (place.folder.join("first.backup"), place.folder.join("second.backup"), place.folder.join("third.backup"));
    let report = place.store.backup(&first, later(1)).await.unwrap();
    assert!(report.rows > 1000 && report.schema == Store::schema_version(), "{report:?}");

    // Into the embedded database, whatever this one is.
    let url = format!("sqlite:{}", place.folder.join("other.db").display());
    let other = Store::open(&url, &Options::at(now())).await.unwrap();
    other.store_chunk(None, &chunk(500..510), &act()).await.unwrap();
    assert_eq!(other.restore(&first, later(2)).await.unwrap(), report);
    other.backup(&second, later(3)).await.unwrap();
    assert_eq!(content(&first), content(&second));
    assert_eq!(other.verify_audit().await.unwrap().broken, None);
    let detail = other.host_detail(&host(3).id).await.unwrap();
    assert_eq!(detail, place.store.host_detail(&host(3).id).await.unwrap());
    other.close().await;

    // And back, over changes made since.
    place.store.store_chunk(None, &chunk(500..510), &act()).await.unwrap();
    place.store.restore(&second, later(4)).await.unwrap();
    place.store.backup(&third, later(5)).await.unwrap();
    assert_eq!(content(&first), content(&third));
    let ids = place.store.begin_import(&NewImport { name: "i".into(), owner: "ann".into() }, &act()).await.unwrap();
    assert_eq!(ids, 2, "numbers go on after the restored ones");
    assert_eq!(place.store.assets(&Default::default(), &PageQuery::default()).await.unwrap().total, 230);
    let reopened = Store::open(&place.url, &Options::at(now())).await.unwrap();
    assert_eq!(reopened.host_count().await.unwrap(), 230);
    reopened.close().await;
}

pub async fn a_damaged_backup_changes_nothing(place: Place) {
    used(&place).await;
    let (good, bad) = (place.folder.join("good"), place.folder.join("bad"));
    place.store.backup(&good, now()).await.unwrap();
    let before = content(&good);
    let text = String::from_utf8(zstd::decode_all(std::fs::File::open(&good).unwrap()).unwrap()).unwrap();
    let packed = std::fs::read(&good).unwrap();
    let pack = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let without_one = [&lines[..40], &lines[41..]].concat().join("\n");
    let newer = text.replacen(&format!("\"schema\":{}", Store::schema_version()), "\"schema\":99", 1);
    let cases: [(&str, Vec<u8>); 10] = [
        ("empty", Vec::new()),
        ("not zstd", b"PK\x03\x04 not a backup".to_vec()),
        ("cut", packed[..packed.len() / 2].to_vec()),
        ("cut between lines", pack(&lines[..lines.len() - 1].join("\n"))),
        ("a row is missing", pack(&without_one)),
        ("a value is changed", pack(&text.replacen("PC-001", "PC-666", 1))),
        ("an unknown table", pack(&text.replacen("\"table\":\"hosts\"", "\"table\":\"hosts; DROP TABLE users\"", 1))),
        ("a row of countless cells", pack(&format!("{}\n{}\n[1{}]\n", lines[0], lines[1], ",1".repeat(1 << 20)))),
        ("a newer schema", pack(&newer)),
        ("not ours", pack("{\"format\":\"other\",\"version\":1,\"schema\":1,\"created\":\"2017-06-01T00:00:00Z\"}\n")),
    ];
    for (name, bytes) in cases {
        std::fs::write(&bad, bytes).unwrap();
        let refused = place.store.restore(&bad, now()).await.unwrap_err();
        let told = matches!(refused, Error::Archive { .. } | Error::NewerArchive { .. });
        assert!(told, "{name}: {refused:?}");
    }
    for end in (0..packed.len()).step_by(packed.len() / 60 + 1) {
        std::fs::write(&bad, &packed[..end]).unwrap();
        let refused = place.store.restore(&bad, now()).await;
        assert!(matches!(refused, Err(Error::Archive { .. })), "cut at {end}: {refused:?}");
    }
    let missing = place.store.restore(&place.folder.join("none"), now()).await;
    assert!(matches!(missing, Err(Error::File { .. })));
    place.store.backup(&bad, now()).await.unwrap();
    assert_eq!(content(&bad), before);
    let unwritable = place.store.backup(&place.folder.join("no/such/folder"), now()).await;
    assert!(matches!(unwritable, Err(Error::File { .. })));
    place.store.set_setting("x", &json!(1), &Act::at(now())).await.unwrap();
}

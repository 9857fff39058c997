use crate::fixture::{Place, act, now};
use serde_json::json;
use sqlx::Connection;
use store::{Act, AuditBreak, AuditEntry, AuditFilter, NewUser, Store};

fn entry(n: usize) -> AuditEntry {
    AuditEntry {
        actor: format!("user {}", n % 2),
        action: ["user.create", "user.change", "plan.move"][n % 3].to_owned(),
        object: format!("thing:{n}"),
        params: json!({ "n": n, "text": "\"|\u{0}纵深" }),
    }
}

async fn filled(store: &Store, rows: usize) {
    for n in 0..rows {
        store.record(&entry(n), now()).await.unwrap();
    }
    assert_eq!(store.verify_audit().await.unwrap().broken, None);
}

pub async fn a_change_and_its_record_are_one(Place { store, .. }: Place) {
    let user = NewUser { name: "ann".into(), password_hash: "x".into(), roles: Default::default() };
    let act: Act = act().recorded("root", "user.create", "user:ann", json!({}));
    store.create_user(&user, &act).await.unwrap();
    store.create_user(&user, &act).await.unwrap_err();
    let page = store.audit(&AuditFilter::default(), None, 10).await.unwrap();
    assert_eq!((page.total, page.rows[0].seq, page.rows[0].object.as_str()), (1, 1, "user:ann"));

    filled(&store, 9).await;
    let filter = AuditFilter { action: Some("user".to_owned()), ..Default::default() };
    let first = store.audit(&filter, None, 4).await.unwrap();
    let rest = store.audit(&filter, first.next.as_deref(), 4).await.unwrap();
    assert_eq!((first.total, first.rows.len(), rest.rows.len(), rest.next), (7, 4, 3, None));
    assert!(first.rows.iter().chain(&rest.rows).all(|row| row.action.starts_with("user.")));
}

pub async fn any_tampering_shows(Place { store, url, .. }: Place) {
    filled(&store, 6).await;
    let mut direct = sqlx::AnyConnection::connect(&url).await.unwrap();
    for (tamper, undo, broken) in [
        (
            "UPDATE audit SET actor = 'eve' WHERE seq = 3",
            "UPDATE audit SET actor = 'user 0' WHERE seq = 3",
            AuditBreak::Changed { seq: 3 },
        ),
        (
            "UPDATE audit SET at = at + 1 WHERE seq = 1",
            "UPDATE audit SET at = at - 1 WHERE seq = 1",
            AuditBreak::Changed { seq: 1 },
        ),
        (
            "UPDATE audit SET seq = 9 WHERE seq = 6",
            "UPDATE audit SET seq = 6 WHERE seq = 9",
            AuditBreak::Gap { seq: 6 },
        ),
        ("UPDATE audit_head SET seq = 7", "UPDATE audit_head SET seq = 6", AuditBreak::CutOff { seq: 7 }),
    ] {
        sqlx::query(tamper).execute(&mut direct).await.unwrap();
        assert_eq!(store.verify_audit().await.unwrap().broken, Some(broken), "{tamper}");
        sqlx::query(undo).execute(&mut direct).await.unwrap();
        assert_eq!(store.verify_audit().await.unwrap().broken, None, "{undo}");
    }
    sqlx::query("DELETE FROM audit WHERE seq = 6").execute(&mut direct).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().broken, Some(AuditBreak::CutOff { seq: 6 }));
    sqlx::query("DELETE FROM audit WHERE seq = 2").execute(&mut direct).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().broken, Some(AuditBreak::Gap { seq: 2 }));
    direct.close().await.unwrap();
}

pub async fn appends_at_the_same_time_keep_the_chain_whole(Place { store, url, .. }: Place) {
    // A second store is another process as far as the database can tell.
    let other = Store::open(&url, &store::Options::at(now())).await.unwrap();
    let writers = (0..8).map(|writer| {
        let store = if writer % 2 == 0 { store.clone() } else { other.clone() };
        tokio::spawn(async move {
            for n in 0..5 {
                store.record(&entry(writer * 10 + n), now()).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let report = store.verify_audit().await.unwrap();
    assert_eq!((report.records, report.broken), (40, None));
    other.close().await;
}

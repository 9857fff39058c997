//! A cluster answers as one process does.
use crate::common::{DAYS, Machines, OF_DAY};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_counts_every_row_once() {
    let machines = Machines::start(2);
    let (_, rows) = machines.desk().answer("SELECT count(*), count(community_id), min(start) FROM session").await;
    assert_eq!(rows, [[json!(DAYS * OF_DAY), json!(DAYS * OF_DAY), json!("2017-05-12T00:00:00Z")]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_questions_of_the_page_are_answered_as_in_one_process() {
    let machines = Machines::start(2);
    crate::common::answers_the_questions_of_the_page(&machines).await;
}

/// What is known to go wrong when parts of a plan that share something are computed apart.
#[tokio::test(flavor = "multi_thread")]
async fn parts_that_share_something_are_not_taken_apart() {
    let machines = Machines::start(2);
    let (cluster, alone) = (machines.desk(), machines.alone());
    for sql in [
        // Rows without a partner, of joins that are not by equality.
        "SELECT a.community_id, b.originator FROM (SELECT * FROM session WHERE originator_bytes < 400) a
            LEFT JOIN (SELECT * FROM session WHERE responder_port = 80) b ON a.originator_bytes > b.originator_bytes",
        "SELECT count(*), count(a.originator), count(b.originator) FROM session a
            FULL JOIN (SELECT * FROM session WHERE originator_bytes < 3000) b ON a.originator_bytes < b.responder_bytes",
        "SELECT count(*) FROM session a WHERE EXISTS (SELECT 1 FROM session b WHERE b.responder_bytes > a.originator_bytes)",
        "SELECT count(*) FROM session a WHERE NOT EXISTS (SELECT 1 FROM session b WHERE b.responder_bytes > a.originator_bytes)",
        "SELECT DISTINCT responder FROM session WHERE responder NOT IN (SELECT responder FROM session WHERE responder_port = 445)",
        "SELECT count(*) FROM session WHERE account NOT IN (SELECT account FROM session WHERE account <> 'user1')",
        "SELECT a.originator, b.responder FROM (SELECT DISTINCT originator FROM session) a
            FULL JOIN (SELECT DISTINCT responder FROM session) b ON a.originator = b.responder",
        // What is asked within.
        "SELECT originator, originator_bytes FROM session WHERE originator_bytes = (SELECT max(originator_bytes) FROM session)",
        "SELECT originator, (SELECT count(*) FROM session b WHERE b.responder = '10.1.0.3') AS n FROM session LIMIT 3",
        "SELECT originator, sum(originator_bytes) AS s FROM session GROUP BY originator
            HAVING sum(originator_bytes) > (SELECT avg(originator_bytes) * 121 FROM session)",
        // Windows, with parts and without.
        "SELECT community_id, row_number() OVER (PARTITION BY originator ORDER BY start, community_id) AS n FROM session",
        "SELECT max(n), sum(n) FROM (SELECT row_number() OVER (ORDER BY start) AS n FROM session)",
        "SELECT community_id, lag(originator_bytes) OVER (PARTITION BY responder ORDER BY start, community_id) FROM session",
        // Put together.
        "SELECT originator FROM session UNION SELECT responder FROM session",
        "SELECT originator FROM session UNION ALL SELECT responder FROM session UNION ALL SELECT 'one'",
        "SELECT originator FROM session INTERSECT SELECT originator FROM session WHERE responder_port = 80",
        "SELECT responder FROM session EXCEPT SELECT responder FROM session WHERE responder_port = 80",
        "SELECT x, count(*) FROM (VALUES (1), (2), (3)) v(x), session GROUP BY x",
        // What differs, lists, functions, kinds of values.
        "SELECT responder_port, count(DISTINCT originator), count(DISTINCT responder), approx_distinct(originator) > 0 FROM session GROUP BY 1",
        "SELECT unnest(domains) AS d, count(*) FROM session GROUP BY 1",
        "SELECT count(*) FILTER (WHERE in_network(responder, '10.2.0.0/16')), count(*) FILTER (WHERE is_internal(responder)),
            max(json_value(detail, 'n.0')), count(DISTINCT community_id) FROM session",
        "SELECT originator, array_agg(DISTINCT responder_port ORDER BY responder_port) FROM session GROUP BY 1",
        "SELECT * FROM session WHERE responder_port = 4444 AND start >= '2017-05-16T00:00:00Z'",
        "SELECT * FROM finding",
        "SELECT count(*) FROM session WHERE false",
        "SELECT 1 AS one",
    ] {
        assert_eq!(cluster.sorted(sql).await, alone.sorted(sql).await, "{sql}");
    }
    // In an order, and the first of it.
    for sql in [
        "SELECT start, community_id FROM session ORDER BY start DESC, community_id LIMIT 40",
        "SELECT originator, originator_bytes, community_id FROM session ORDER BY originator, originator_bytes, community_id",
        "SELECT originator, sum(originator_bytes) AS s FROM session GROUP BY 1 ORDER BY s DESC, 1 LIMIT 7 OFFSET 3",
    ] {
        assert_eq!(cluster.answer(sql).await.1, alone.answer(sql).await.1, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_as_in_one_process() {
    let machines = Machines::start(1);
    let (cluster, alone) = (machines.desk(), machines.alone());
    for sql in [
        "DROP TABLE session",
        "COPY session TO '/tmp/x.parquet'",
        "",
        "SELEC 1",
        "SELECT 1; SELECT 2",
        "SELECT * FROM sessions",
        "SELECT * FROM '/etc/passwd'",
        "SELECT orginator FROM session",
        "SELECT nothing(originator) FROM session",
        "SELECT 1 / 0",
        "SELECT 1 / (originator_bytes - originator_bytes) FROM session",
        "SELECT originator, count(*) FROM session",
        "SELECT FROM session LIMIT 1",
    ] {
        let (why, expected) = (cluster.refused(sql).await, alone.refused(sql).await);
        assert_eq!(why.code, expected.code, "{sql}: {why:?}");
    }
    let lake = machines.lake.path().to_owned();
    // A lake waits for its tables by itself, which no task may.
    let view = std::thread::spawn(move || lake::View::of(&lake).unwrap()).join().unwrap();
    let file = view.files().next().unwrap().path.clone();
    std::fs::write(&file, vec![0xAA; 4096]).unwrap();
    let why = cluster.refused("SELECT sum(originator_bytes) FROM session").await;
    assert_eq!(why.code, "query.file", "{why:?}");
    std::fs::remove_file(&file).unwrap();
    let why = cluster.refused("SELECT sum(originator_bytes) FROM session").await;
    assert_eq!(why.code, "query.file", "{why:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_scheduler_it_is_said_in_both_languages() {
    let machines = Machines::start(0);
    let mut desk = machines.desk();
    // A port that was taken and is free again.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    desk.cluster = Some(query::Cluster { scheduler: free.to_string(), certificates: None });
    let why = desk.refused("SELECT count(*) FROM session").await;
    assert_eq!(why.code, "query.cluster-absent", "{why:?}");
    for language in words::Language::ALL {
        let text = words::text(&why, language);
        assert!(text.contains(&free.to_string()) && !text.contains("query."), "{text}");
    }
}

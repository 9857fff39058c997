//! Releases of the agent on a server: only what a trusted key signed comes in, a group says which one runs, and whoever wants it
//! is told it.

use crate::endpoints::{Machine, house, people, propose, token};
use policy::Digest;
use policy::orders::{KeyChange, Release, Signer, TrustedKeys, open_release};
use policy::telling::{RELEASE_GUIDE, Update, UpdateState};
use serde_json::json;

fn signer() -> Signer {
    Signer::from_pkcs8(&Signer::generate().unwrap()).unwrap()
}

fn bundle(version: &str, target: &str, program: &[u8], signer: &Signer) -> Vec<u8> {
    let release = Release {
        version: version.to_owned(),
        target: target.to_owned(),
        bytes: 0,
        sha256: Digest([0; 32]),
        follows: None,
        made: 1_496_304_000,
        notes: "calmer".to_owned(),
        keys: KeyChange::default(),
    };
    release.seal(program, signer).unwrap()
}

const LINUX: &str = "x86_64-unknown-linux-gnu";

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_trusted_key_signed_comes_in() {
    let house = house().await;
    let (admin, first, _) = people(&house).await;
    let (maker, other) = (signer(), signer());
    let good = bundle("2.0.0", LINUX, b"program", &maker);
    let path = "/api/v1/agent-releases";
    let refused = async |bytes: &[u8], code: &str| {
        let answer = admin.upload(path, &[("agent.bundle", bytes)]).await;
        assert_eq!((answer.status, answer.code()), (400, "api.release-file".to_owned()), "{}", answer.text());
        assert!(answer.text().contains(code) && answer.text().contains("agent.bundle"), "{}", answer.text());
    };
    refused(&good, "policy.release-unknown-key").await;
    let key = format!("/api/v1/agent-keys/{}", maker.public());
    let named = json!({ "name": "Builders" });
    assert_eq!(first.call("PUT", &key, named.clone()).await.status, 403, "the system administrator trusts");
    assert_eq!(admin.call("PUT", "/api/v1/agent-keys/abc", named.clone()).await.code(), "api.release-key-bad");
    let trusted = admin.call("PUT", &key, named).await.json();
    assert_eq!(trusted["keys"][0]["id"], maker.public().id().to_string());
    refused(&bundle("2.0.0", LINUX, b"program", &other), "policy.release-unknown-key").await;
    let mut forged = good.clone();
    forged[60] ^= 1;
    refused(&forged, "policy.release-forged").await;
    refused(&good[..good.len() - 7], "policy.release-damaged").await;
    refused(b"MZ", "policy.release-damaged").await;
    let here = admin.upload(path, &[("agent.bundle", &good)]).await.json();
    let release = &here["releases"][0];
    assert_eq!(
        (&release["version"], &release["key_name"], &release["owner"]),
        (&json!("2.0.0"), &json!("Builders"), &json!("admin"))
    );
    assert_eq!(release["program_bytes"], 7);
    // The same once more is nothing new, and another program of that version is none.
    assert_eq!(admin.upload(path, &[("agent.bundle", &good)]).await.json()["releases"].as_array().unwrap().len(), 1);
    let twin = admin.upload(path, &[("agent.bundle", &bundle("2.0.0", LINUX, b"another", &maker))]).await;
    assert_eq!((twin.status, twin.code()), (409, "api.release-known".to_owned()));
    // What is here stays when its key is trusted no longer, and nothing new comes.
    assert_eq!(admin.call("DELETE", &key, json!(null)).await.status, 204);
    assert_eq!(admin.call("DELETE", &key, json!(null)).await.status, 404);
    refused(&bundle("2.1.0", LINUX, b"program", &maker), "policy.release-unknown-key").await;
    let here = first.get(path).await.json();
    assert_eq!((here["releases"].as_array().unwrap().len(), &here["keys"]), (1, &json!([])));
    let one = format!("{path}/2.0.0/{LINUX}");
    assert_eq!(first.call("DELETE", &one, json!(null)).await.status, 403);
    assert_eq!(admin.call("DELETE", &one, json!(null)).await.status, 204);
    assert_eq!(admin.call("DELETE", &one, json!(null)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_says_which_release_runs_and_who_wants_it_is_told_it() {
    let house = house().await;
    let (admin, first, second) = people(&house).await;
    let maker = signer();
    let created = json!({ "kind": "create", "id": "laptops", "name": "Laptops", "parent": "all", "settings": {} });
    assert_eq!(propose(&first, created).await.status, 200);
    let to = |group: &str, version: &str| json!({ "kind": "settings", "group": group, "settings": { "agent": { "release": { "version": version } } } });
    assert_eq!(propose(&first, to("laptops", "2.0.0")).await.code(), "api.release-missing");
    let key = format!("/api/v1/agent-keys/{}", maker.public());
    assert_eq!(admin.call("PUT", &key, json!({ "name": "Builders" })).await.status, 200);
    let bytes = bundle("2.0.0", LINUX, &[7; 3 << 20], &maker);
    assert_eq!(admin.upload("/api/v1/agent-releases", &[("a", &bytes)]).await.status, 200);
    let mut machine = Machine::new(&house, &token(&admin, 1).await, "anna").await;
    machine.follow(|orders| orders.agent.is_none()).await;
    // One person decides for a few machines, and not for the root.
    let answer = propose(&first, to("laptops", "2.0.0")).await.json();
    assert_eq!(answer["applied"], true, "{answer}");
    assert_eq!(answer["trial"]["groups"][0]["changes"][0]["setting"], "agent");
    let root = propose(&first, to("all", "2.0.0")).await.json();
    assert_eq!((&root["applied"], &root["trial"]["needs_two"][0]["code"]), (&json!(false), &json!("policy.two-agent")));
    let decided = json!({ "decision": "reject", "why": "not yet" });
    let path = format!("/api/v1/endpoint-changes/{}/decide", root["id"]);
    assert_eq!(second.post(&path, decided).await.status, 200);
    machine.follow(|orders| orders.agent.is_some()).await;
    let orders = machine.orders.clone().unwrap();
    let agent = orders.agent.unwrap();
    assert_eq!((agent.version.as_str(), &agent.keys), ("2.0.0", &[maker.public()].into()));
    assert!(agent.programs.contains_key(LINUX) && orders.needs.contains("agent-1"));
    // It is told the bundle when it wants it, and no other one.
    let update =
        |version: &str, state| Update { version: version.to_owned(), target: LINUX.to_owned(), state, why: None };
    machine.say(|report| report.update = Some(update("1.9.0", UpdateState::Wanted)));
    machine.say(|report| report.update = Some(update("2.0.0", UpdateState::Wanted)));
    let told = machine.told(RELEASE_GUIDE).await;
    let opened = open_release(&told, &TrustedKeys::new([maker.public()])).unwrap();
    assert_eq!((opened.release.version.as_str(), opened.release.bytes), ("2.0.0", 3 << 20));
    let why = model::Message::new("agent.update-slow");
    machine.say(|report| report.update = Some(Update { why: Some(why), ..update("2.0.0", UpdateState::Failed) }));
    crate::support::until("the failure is shown", async || {
        let row = &admin.get("/api/v1/endpoints").await.json()["rows"][0];
        row["version_wanted"] == "2.0.0"
            && row["update"]["state"] == "failed"
            && row["update"]["why"]["code"] == "agent.update-slow"
    })
    .await;
    // A release that a group is to run stays.
    let one = format!("/api/v1/agent-releases/2.0.0/{LINUX}");
    assert_eq!(admin.call("DELETE", &one, json!(null)).await.code(), "api.release-used");
}

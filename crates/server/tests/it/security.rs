//! Who gets in, and who may do what: against the real server.

use crate::support::{Client, House, PASSWORD};
use api::access::{self, Access, Role};
use serde_json::{Value, json};

fn role_word(role: Role) -> String {
    serde_json::to_value(role).unwrap().as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_role_as_the_table_says() {
    let house = House::new().await;
    let admin = house.admin().await;
    let nobody = house.client();
    let mut accounts: Vec<(Role, Client)> = Vec::new();
    for role in Role::ALL {
        let word = role_word(role);
        accounts.push((role, house.account(&admin, &word, &[&word]).await));
    }
    for (method, path, access) in access::ROUTES {
        // Event streams do not end; whether they begin is all that counts, and a job that is not there ends at once.
        if *path == "/api/v1/events" {
            continue;
        }
        let url = path.replace("{id}", "no-such-id").replace("{name}", "x.cmd");
        let body = if *method == "GET" { Value::Null } else { json!({ "nothing": true }) };
        let anonymous = nobody.call(method, &url, body.clone()).await.status;
        match access {
            Access::Public => assert_ne!(anonymous, 401, "{method} {path}"),
            _ => assert_eq!(anonymous, 401, "{method} {path} without an account"),
        }
        // Logging out would end the session that the next routes need.
        if *path == "/api/v1/logout" {
            continue;
        }
        for (role, client) in &accounts {
            let status = client.call(method, &url, body.clone()).await.status;
            let allowed = match access {
                Access::Needs(permission) => role.permissions().contains(permission),
                _ => true,
            };
            if allowed {
                assert!(![401, 405].contains(&status), "{method} {path} as {role:?}: {status}");
                // Wrong input of an allowed request is refused for what it is.
                assert!(status != 403 || *path == "/api/v1/setup", "{method} {path} as {role:?}: {status}");
            } else {
                assert_eq!(status, 403, "{method} {path} as {role:?}");
            }
        }
    }
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setup_token_makes_one_account_and_only_once() {
    let house = House::new().await;
    let client = house.client();
    let wrong = json!({ "token": "000000-000000-000000-000000-000000", "name": "x", "password": PASSWORD });
    assert_eq!(client.post("/api/v1/setup", wrong).await.status, 403);
    let short = json!({ "token": house.token, "name": "x", "password": "short" });
    assert_eq!(client.post("/api/v1/setup", short).await.code(), "api.password-short");
    let admin = house.admin().await;
    assert_eq!(admin.get("/api/v1/me").await.json()["roles"].as_array().unwrap().len(), 3);
    let again = json!({ "token": house.token, "name": "second", "password": PASSWORD });
    assert_eq!(client.post("/api/v1/setup", again).await.status, 409);

    // The session outlives a restart; the printed token does not come back.
    let house = house.again().await;
    assert_eq!(house.token, "");
    let admin = Client { address: house.address, ..admin };
    assert_eq!(admin.get("/api/v1/me").await.status, 200);
    house.later(13);
    assert_eq!(admin.get("/api/v1/me").await.status, 401);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_make_a_browser_act() {
    let house = House::new().await;
    let admin = house.admin().await;
    let body = json!({ "name": "x", "password": PASSWORD, "roles": ["analyst"] }).to_string();
    let json_type = Some("application/json");

    let without = Client { csrf: None, ..admin.clone() };
    assert_eq!(without.send("POST", "/api/v1/users", &[], json_type, body.as_bytes()).await.code(), "api.csrf");
    let wrong = Client { csrf: Some("0".repeat(64)), ..admin.clone() };
    assert_eq!(wrong.send("POST", "/api/v1/users", &[], json_type, body.as_bytes()).await.code(), "api.csrf");
    let foreign = [("origin", "http://evil.example")];
    let answer = admin.send("POST", "/api/v1/users", &foreign, json_type, body.as_bytes()).await;
    assert_eq!(answer.code(), "api.foreign-origin");
    let cross = [("sec-fetch-site", "cross-site")];
    let login = json!({ "name": "admin", "password": PASSWORD }).to_string();
    let answer = house.client().send("POST", "/api/v1/login", &cross, json_type, login.as_bytes()).await;
    assert_eq!(answer.code(), "api.foreign-origin");
    // A form cannot send JSON, and what is no JSON is refused.
    let answer = house.client().send("POST", "/api/v1/login", &[], Some("text/plain"), login.as_bytes()).await;
    assert_eq!(answer.status, 415);
    let own = format!("http://{}", house.address);
    let answer = admin.send("POST", "/api/v1/users", &[("origin", &own)], json_type, body.as_bytes()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebound_name_does_not_reach_a_loopback_server() {
    let house = House::new().await;
    for (host, status) in [("evil.example", 421), ("localhost:1", 200), ("127.0.0.1", 200)] {
        let answer = house.client().send("GET", "/api/v1/status", &[("host", host)], None, b"").await;
        assert_eq!(answer.status, status, "{host}");
    }
    let answer = house.client().send("GET", "/", &[("host", "evil.example")], None, b"").await;
    assert_eq!(answer.status, 421);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_is_slowed_and_says_nothing_about_accounts() {
    let house = House::new().await;
    let admin = house.admin().await;
    let guess = |name: &str| json!({ "name": name, "password": "wrong wrong wrong" });
    let known = house.client().post("/api/v1/login", guess("admin")).await;
    let unknown = house.client().post("/api/v1/login", guess("nobody-there")).await;
    assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
    for _ in 0..9 {
        assert_eq!(house.client().post("/api/v1/login", guess("admin")).await.status, 401);
    }
    let blocked = house.client().post("/api/v1/login", json!({ "name": "ADMIN", "password": PASSWORD })).await;
    assert_eq!(blocked.status, 429);
    assert!(blocked.header("retry-after").is_some());
    house.later(1);
    house.login("admin").await;
    let log = admin.get("/api/v1/audit?action=login-failed").await.json();
    assert_eq!(log["entries"].as_array().unwrap().len(), 11);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_do_what_its_scopes_say_and_no_more() {
    let house = House::new().await;
    let admin = house.admin().await;
    let analyst = house.account(&admin, "analyst", &["analyst"]).await;
    let beyond = analyst.post("/api/v1/tokens", json!({ "name": "ci", "scopes": ["read", "delete-hosts"] })).await;
    assert_eq!(beyond.code(), "api.token-scopes");
    let made = analyst.post("/api/v1/tokens", json!({ "name": "ci", "scopes": ["read"], "days": 1 })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let token = Client { bearer: Some(made["secret"].as_str().unwrap().to_owned()), ..house.client() };
    assert_eq!(token.get("/api/v1/hosts").await.status, 200);
    assert_eq!(token.get("/api/v1/me").await.json()["token"], "ci");
    assert_eq!(token.upload("/api/v1/imports", &[("x", b"x")]).await.status, 403);
    assert_eq!(token.post("/api/v1/me/password", json!({ "current": "x", "new": "y" })).await.status, 403);
    let listed = analyst.get("/api/v1/tokens").await;
    assert!(!listed.text().contains(made["secret"].as_str().unwrap()));

    house.later(25);
    assert_eq!(token.get("/api/v1/hosts").await.status, 401);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_administrators_stay_apart() {
    let house = House::new().await;
    let admin = house.admin().await;
    let both = json!({ "name": "x", "password": PASSWORD, "roles": ["audit-administrator", "system-administrator"] });
    assert_eq!(admin.post("/api/v1/users", both).await.code(), "api.roles-combined");
    let auditor = house.account(&admin, "auditor", &["audit-administrator"]).await;
    assert_eq!(auditor.get("/api/v1/audit/verify").await.json()["whole"], true);
    let table = auditor.get("/api/v1/audit.export?format=csv&lang=en&action=user").await.text();
    assert!(table.contains("user.create") && !table.contains("login"), "{table}");
    let users = admin.get("/api/v1/users").await.json();
    let me = users.as_array().unwrap().iter().find(|user| user["name"] == "admin").unwrap()["id"].as_str().unwrap();
    let path = format!("/api/v1/users/{me}");
    let last = admin.call("PATCH", &path, json!({ "roles": ["security-administrator"] })).await;
    assert_eq!(last.code(), "api.last-administrator");
    assert_eq!(admin.get("/api/v1/system").await.json()["duties_separated"], false);
    let down = json!({ "roles": ["system-administrator"] });
    assert_eq!(admin.call("PATCH", &path, down).await.status, 200);
    // New roles end the sessions of the account.
    assert_eq!(admin.get("/api/v1/me").await.status, 401);
    let admin = house.login("admin").await;
    assert_eq!(admin.get("/api/v1/audit").await.status, 403);
    assert_eq!(admin.get("/api/v1/audit.export").await.status, 403);
    assert_eq!(admin.get("/api/v1/system").await.json()["duties_separated"], true);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_security_headers() {
    let house = House::new().await;
    for path in ["/", "/api/v1/status", "/hosts/some-page", "/api/v1/nothing"] {
        let answer = house.client().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src") && !policy.contains("unsafe-eval"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
    }
    let missing = house.client().get("/api/v1/nothing").await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "api.no-such-route"));
    let texts = missing.json()["text"].clone();
    assert!(texts["en"].as_str().is_some_and(|text| !text.is_empty()));
    assert!(texts["zh-CN"].as_str().is_some_and(|text| text.contains("不存在")));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_there_is_tls_with_an_authority_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = server::Config::new(folder.path(), "127.0.0.1:0".parse().unwrap());
    config.tls = server::Tls::Always;
    let running = server::start(config.clone()).await.unwrap();
    assert!(running.ready.url.starts_with("https://"));
    let authority = running.ready.authority.clone().unwrap();
    let pem = std::fs::read_to_string(&authority).unwrap();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"));
    for name in ["authority.key", "server.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join("tls").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    running.stop().await.unwrap();
    // The authority stays: who trusted it once trusts the next start too.
    let running = server::start(config.clone()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&authority).unwrap(), pem);
    running.stop().await.unwrap();
    config.listen = "0.0.0.0:0".parse().unwrap();
    config.tls = server::Tls::Never;
    assert!(matches!(server::start(config).await, Err(server::Error::Unencrypted(_))));
}

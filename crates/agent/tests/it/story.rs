//! The whole of it with the programs that people start: a server, three machines with an agent each, and persons who lead
//! them, from the first observing to an attack, and over the end of the server.

mod machines;
mod server;

use crate::control::{is_good, is_refused};
use crate::needs;
use crate::scrambler::Way;
use machines::{LATE, Machine, PACKAGED, STAND_IN, TOOL};
use serde_json::{Value, json};
use server::{LIMIT, Person, Server, eventually};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

const NAMES: [&str; 3] = ["anna", "bert", "cleo"];

struct Plant {
    machines: Vec<Machine>,
    server: Server,
    first: Person,
    second: Person,
    _folder: TempDir,
}

/// Several steps, since each stands on what the one before left.
#[test]
fn a_guarded_plant_loses_nothing_and_what_attacked_one_machine_starts_on_no_other() {
    let Some(mut plant) = Plant::new() else { return };
    plant.observes();
    plant.is_configured();
    plant.simulates();
    plant.allows_the_tool();
    plant.enforces();
    plant.is_attacked();
    plant.is_found_by_a_hunt();
    plant.denies_and_lifts();
    plant.outlives_its_server();
    for machine in &mut plant.machines {
        assert_eq!(machine.stop().code(), Some(0), "{}", machine.name);
    }
}

impl Plant {
    /// A server with its persons and the group, and machines that enrolled and serve.
    fn new() -> Option<Plant> {
        let program = needs::server()?;
        if !needs::root() || !needs::tool("ip", "iproute2") || !needs::tool("unshare", "util-linux") {
            return None;
        }
        let folder = tempfile::Builder::new().prefix(crate::yard::PREFIX).tempdir().unwrap();
        let site = folder.path().canonicalize().unwrap().join("site");
        std::fs::create_dir(&site).unwrap();
        let machines =
            (0..).zip(NAMES).map(|(number, name)| Machine::new(name, number, &site)).collect::<Option<_>>()?;
        let (server, token) = Server::new(program);
        let admin = server.set_up(&token);
        let [first, second] = ["first", "second"].map(|name| server.account(&admin, name, "security-administrator"));
        let mut plant = Plant { machines, server, first, second, _folder: folder };
        let group = json!({ "kind": "create", "id": "plant", "name": "Plant", "parent": "all", "settings": {} });
        assert_eq!(plant.propose(&group)["applied"], true);
        plant.enrol(&admin);
        Some(plant)
    }

    fn enrol(&mut self, admin: &Person) {
        let new = json!({ "group": "plant", "uses": NAMES.len(), "days": 1 });
        let token = self.server.post(admin, "/api/v1/collectors/tokens", &new);
        let text = |name: &str| token[name].as_str().unwrap();
        for machine in &mut self.machines {
            let server = machine.server(self.server.port);
            let enrolled = machine.enrol(&server, text("authority_sha256"), text("token"));
            assert!(enrolled.status.success(), "{}: {}", machine.name, String::from_utf8_lossy(&enrolled.stderr));
            machine.serve();
        }
    }

    fn propose(&self, proposal: &Value) -> Value {
        let basis = &self.server.get(&self.first, "/api/v1/endpoint-groups")["version"];
        let change = json!({ "proposal": proposal, "basis": basis, "why": "as agreed" });
        self.server.post(&self.first, "/api/v1/endpoint-changes", &change)
    }

    /// What would come of other settings of the group.
    fn tried(&self, settings: &Value) -> Value {
        let basis = &self.server.get(&self.first, "/api/v1/endpoint-groups")["version"];
        let change = json!({ "proposal": of_the_plant(settings), "basis": basis, "why": "" });
        let trial = self.server.post(&self.first, "/api/v1/endpoint-changes/try", &change);
        assert_eq!((&trial["endpoints"], &trial["refused"]), (&json!(NAMES.len()), &Value::Null), "{trial:#}");
        trial["groups"].as_array().unwrap().iter().find(|tried| tried["group"] == "plant").unwrap().clone()
    }

    /// Gives the group settings that one person may give it, and waits until all machines hold to them.
    fn hold_to(&self, settings: &Value) {
        let outcome = self.propose(&of_the_plant(settings));
        assert_eq!(outcome["applied"], true, "{outcome:#}");
        self.all_hold_to(settings["mode"].as_str().unwrap());
    }

    fn all_hold_to(&self, mode: &str) {
        let holds =
            |row: &Value| row["state"] == "connected" && row["mode"] == mode && row["orders"] == row["orders_wanted"];
        let page = self.server.shows(&self.first, "/api/v1/endpoints?group=plant", "led by all", |page| {
            let rows = page["rows"].as_array().unwrap();
            rows.len() == NAMES.len() && rows.iter().all(holds)
        });
        let gaps = page["rows"].as_array().unwrap().iter().flat_map(|row| row["gaps"].as_array().unwrap());
        let codes: BTreeSet<&str> = gaps.map(|gap| gap["code"].as_str().unwrap()).collect();
        // The kernel tells of processes only in the first network of a machine, and none of these is in that.
        assert!(codes.is_subset(&["exec.no-processes", "guard.no-processes"].into()), "{page:#}");
    }

    fn all_run(&self, name: &str) {
        for machine in &self.machines {
            let ran = machine.run(name);
            assert!(is_good(&ran), "`{name}` on {}: {ran:?}", machine.name);
        }
    }

    /// Waits until what the server knows of a file of all machines is so.
    fn executed(&self, name: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/v1/executions?q={}", self.machines[0].sha256(name));
        let page = self.server.shows(&self.first, &path, what, |page| page["total"] == 1 && is_so(&page["rows"][0]));
        let row = page["rows"][0].clone();
        assert_eq!(row["ran"]["path"], self.machines[0].path(name).to_str().unwrap());
        row
    }

    fn observes(&self) {
        self.all_hold_to("observe");
        for name in [TOOL, PACKAGED, STAND_IN] {
            self.all_run(name);
            let row = self.executed(name, "met on all", |row| row["endpoints"] == NAMES.len());
            let origin = if name == PACKAGED { json!({ "package": { "name": "works" } }) } else { json!("nobody") };
            assert_eq!((&row["ran"]["outcome"], &row["ran"]["origin"]), (&json!("ran"), &origin), "{row:#}");
        }
    }

    /// A setting of the kernel that each of these networks has for itself.
    fn is_configured(&self) {
        if !machines::has_settings() {
            return;
        }
        const CHECK: &str = "redirects-in";
        let stand = |what: &str, is_so: &dyn Fn(&Value) -> bool| {
            self.server.shows(&self.first, "/api/v1/endpoint-checks?group=plant", what, |list| {
                let all = list["checks"].as_array().unwrap();
                is_so(all.iter().find(|check| check["id"] == CHECK).unwrap())
            });
        };
        let settings = |set: &[&str]| json!({ "mode": "observe", "baseline": [CHECK], "baseline_set": set });
        self.hold_to(&settings(&[]));
        stand("not so on all", &|check| check["not"] == NAMES.len() && check["held"] == 0);
        self.hold_to(&settings(&[CHECK]));
        stand("set on all", &|check| check["compliant"] == NAMES.len() && check["held"] == NAMES.len());
        assert!(self.machines.iter().all(|machine| machine.accepts_redirects() == "0"));
        self.hold_to(&settings(&[]));
        stand("undone on all", &|check| check["not"] == NAMES.len() && check["held"] == 0);
        assert!(self.machines.iter().all(|machine| machine.accepts_redirects() == "1"));
        let drifts = self.server.get(&self.first, &format!("/api/v1/endpoint-checks/drifts?check={CHECK}"));
        let did = |step: &str| {
            let rows = drifts["rows"].as_array().unwrap().iter();
            rows.filter(|row| row["checked"]["step"]["did"] == step).count()
        };
        assert_eq!((did("set"), did("undone")), (NAMES.len(), NAMES.len()), "{drifts:#}");
    }

    fn simulates(&self) {
        self.hold_to(&json!({ "mode": "simulate", "trust_packages": true }));
        self.all_run(TOOL);
        self.all_run(PACKAGED);
        self.executed(TOOL, "what would be blocked", |row| row["would_block"] == NAMES.len());
        let row = self.executed(PACKAGED, "met", |row| row["endpoints"] == NAMES.len());
        assert_eq!((&row["would_block"], &row["blocked"]), (&json!(0), &json!(0)), "{row:#}");
    }

    /// Everywhere, which takes two persons.
    fn allows_the_tool(&self) {
        let enforce = json!({ "mode": "enforce", "trust_packages": true });
        let blocked = |tried: &Value| {
            let files = tried["lockout"]["lockout"]["blocked"].as_array().unwrap().clone();
            let sums = files.iter().map(|file| file["sha256"].as_str().unwrap().to_owned());
            let hosts = files.iter().map(|file| file["hosts"].as_object().unwrap().len());
            sums.zip(hosts).collect::<BTreeMap<_, _>>()
        };
        let [tool, stand_in] = [TOOL, STAND_IN].map(|name| self.machines[0].sha256(name));
        let all = NAMES.len();
        assert_eq!(blocked(&self.tried(&enforce)), [(tool.clone(), all), (stand_in.clone(), all)].into());
        let everywhere = json!({ "kind": "settings", "group": "all", "settings": { "allowed": [tool] } });
        let outcome = self.propose(&everywhere);
        assert_eq!(outcome["applied"], false, "{outcome:#}");
        let path = format!("/api/v1/endpoint-changes/{}/decide", outcome["id"]);
        let decided = self.server.post(&self.second, &path, &json!({ "decision": "approve", "why": "seen" }));
        assert_eq!(decided["request"]["state"], "applied", "{decided:#}");
        self.all_hold_to("simulate");
        self.all_run(TOOL);
        self.executed(TOOL, "allowed", |row| row["would_block"] == 0);
        assert_eq!(blocked(&self.tried(&enforce)), [(stand_in, all)].into());
    }

    fn enforces(&self) {
        let documents = self.machines[0].path("documents");
        let enforce =
            json!({ "mode": "enforce", "trust_packages": true, "unknown_may": true, "protected": [documents] });
        let tried = self.tried(&enforce);
        assert_eq!((&tried["endpoints"], &tried["lockout"]["outlook"]), (&json!(NAMES.len()), &json!("clear")));
        assert_eq!((&tried["lockout"]["blocked_files"], &tried["lockout"]["hosts_unknown"]), (&json!(0), &json!(0)));
        self.hold_to(&enforce);
        // Files are protected a moment after orders hold.
        for machine in &self.machines {
            assert!(machine.protects(LIMIT), "{}", machine.name);
        }
        for name in [TOOL, PACKAGED, STAND_IN] {
            self.all_run(name);
        }
    }

    fn is_attacked(&self) {
        let attacked = &self.machines[1];
        let before = attacked.documents();
        let attacker = attacked.attack(Way::InPlace);
        assert!(attacker.gone(LIMIT), "it is neither stopped nor done");
        assert_eq!(attacker.last(), "", "it came to its end");
        let path = "/api/v1/incidents";
        let page = self.server.shows(&self.first, path, "an incident that is undone", |page| {
            page["total"] == 1 && page["rows"][0]["restored"] != 0
        });
        let incident = &page["rows"][0];
        assert_eq!((&incident["machine"], &incident["restored"]), (&json!("bert"), &incident["touched"]));
        assert_eq!((&incident["failed"], &incident["denied"]), (&json!(0), &json!(true)), "{incident:#}");
        assert_eq!(incident["sha256"], attacked.sha256(STAND_IN));
        let detail = self.server.get(&self.first, &format!("{path}/{}", incident["id"]));
        assert_eq!(detail["elsewhere"].as_array().unwrap().len(), NAMES.len(), "{detail:#}");
        let changes = before.changes_until(&attacked.documents());
        assert!(changes.lost.is_empty() && changes.extra.is_empty() && changes.modes.is_empty(), "{changes:#?}");
    }

    /// Whoever hears of the program later, and knows nothing but its sum, finds every machine that it ran on.
    fn is_found_by_a_hunt(&self) {
        let sum = self.machines[0].sha256(STAND_IN);
        let begun = self.server.post(&self.first, "/api/v1/hunts", &json!({ "name": "later", "text": sum }));
        let hunt = begun["hunt"].as_i64().unwrap();
        self.server.shows(&self.first, "/api/v1/hunts", "a hunt that is done", |page| {
            page["rows"].as_array().unwrap().iter().any(|row| row["id"] == hunt && row["state"] == "done")
        });
        let hits = self.server.get(&self.first, &format!("/api/v1/hunts/{hunt}/hits"));
        let hits = hits["rows"].as_array().unwrap();
        let hosts: BTreeSet<&str> = hits.iter().map(|hit| hit["host"]["address"].as_str().unwrap()).collect();
        assert_eq!(hosts.len(), NAMES.len(), "{hits:#?}");
    }

    fn denies_and_lifts(&self) {
        for machine in &self.machines {
            let refused = eventually(|| is_refused(&machine.run(STAND_IN)));
            assert!(refused.is_ok(), "it still starts on {}", machine.name);
        }
        self.executed(STAND_IN, "blocked on all", |row| row["blocked"] == NAMES.len());
        self.all_run(TOOL);
        let path = format!("/api/v1/endpoint-denied/{}", self.machines[0].sha256(STAND_IN));
        self.server.delete(&self.first, &path);
        for machine in &self.machines {
            let starts = eventually(|| is_good(&machine.run(STAND_IN)));
            assert!(starts.is_ok(), "it does not start on {}", machine.name);
        }
    }

    /// It is killed; what happens meanwhile arrives, and what it knew it knows.
    fn outlives_its_server(&mut self) {
        self.executed(STAND_IN, "it ran again", |row| row["blocked"] == 0);
        let known = self.times();
        self.server.kill();
        self.all_run(LATE);
        self.all_run(TOOL);
        self.server.again();
        self.first = self.server.log_in("first");
        self.all_hold_to("enforce");
        self.executed(LATE, "what ran meanwhile", |row| row["endpoints"] == NAMES.len());
        let now = self.times();
        assert_eq!(now.len(), known.len() + 1, "{now:#?}");
        for (sha256, times) in known {
            assert!(now[&sha256] >= times, "{sha256} ran {} times, and {times} before", now[&sha256]);
        }
        assert_eq!(self.server.get(&self.first, "/api/v1/incidents")["total"], 1);
    }

    /// How often each file was met.
    fn times(&self) -> BTreeMap<String, u64> {
        let page = self.server.get(&self.first, "/api/v1/executions?limit=500");
        let rows = page["rows"].as_array().unwrap().iter();
        let of = |row: &Value| Some((row["ran"]["sha256"].as_str()?.to_owned(), row["times"].as_u64()?));
        rows.map(|row| of(row).unwrap()).collect()
    }
}

fn of_the_plant(settings: &Value) -> Value {
    json!({ "kind": "settings", "group": "plant", "settings": settings })
}

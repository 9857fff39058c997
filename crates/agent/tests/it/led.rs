//! A server of the test's own that leads endpoints: it tells what the test puts there, and keeps what it is told.

use link::server::Options;
use link::{Authority, Batch, Guide, Identity, Lead, Lost, Outcome, Refusal, Register, Server, Take};
use policy::EndpointId;
use policy::GroupId;
use policy::groups::{Group, Settings, Tree};
use policy::orders::{Audience, Orders, Signer};
use policy::telling::{INVENTORY_KIND, KEYS_GUIDE, Keys, ORDERS_GUIDE, Report, TOLD_KIND, Told, What, read};
use prost::bytes::Bytes;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub const LIMIT: Duration = Duration::from_secs(40);

/// Tells everybody the same, and keeps how they are and what they deliver.
pub struct Leader {
    guides: Mutex<Vec<Guide>>,
    reports: Mutex<Vec<Report>>,
    batches: Mutex<BTreeMap<String, Vec<Batch>>>,
    changed: watch::Sender<u64>,
}

#[tonic::async_trait]
impl Lead for Leader {
    async fn lead(&self, _: &str, report: &Bytes) -> Vec<Guide> {
        if !report.is_empty() {
            self.reports.lock().unwrap().push(Report::read(report).unwrap());
        }
        self.guides.lock().unwrap().clone()
    }

    async fn gone(&self, _: &str) {}

    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

impl Take for Leader {
    async fn take(&self, source: &str, batch: Batch) -> Result<Outcome, Refusal> {
        self.batches.lock().unwrap().entry(source.to_owned()).or_default().push(batch);
        Ok(Outcome::Taken)
    }

    async fn lost(&self, _: &str, _: Lost) -> Result<Outcome, Refusal> {
        Ok(Outcome::Taken)
    }

    async fn reached(&self, source: &str) -> Result<Option<i64>, Refusal> {
        Ok(self.batches.lock().unwrap().get(source).and_then(|all| all.last()).map(|batch| batch.sequence))
    }
}

pub struct House {
    folder: TempDir,
    register: Arc<Register>,
    pub leader: Arc<Leader>,
    pub signer: Signer,
    pub address: String,
    runtime: Option<Runtime>,
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn signer() -> Signer {
    Signer::from_pkcs8(&Signer::generate().unwrap()).unwrap()
}

impl House {
    pub fn new() -> House {
        House::at("127.0.0.1:0")
    }

    /// At an address of this machine.
    pub fn at(address: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let authority = Arc::new(Authority::open(folder.path(), jiff::Timestamp::now()).unwrap());
        let register = Arc::new(Register::open(folder.path(), authority).unwrap());
        let leader = Arc::new(Leader {
            guides: Mutex::default(),
            reports: Mutex::default(),
            batches: Mutex::default(),
            changed: watch::channel(0).0,
        });
        let mut house =
            House { folder, register, leader, signer: signer(), address: address.to_owned(), runtime: None };
        house.open();
        house
    }

    /// Begins to serve, at the address that it had.
    pub fn open(&mut self) {
        let runtime = Runtime::new().unwrap();
        let mut listener = runtime.block_on(TcpListener::bind(&self.address));
        while listener.is_err() {
            std::thread::sleep(Duration::from_millis(20));
            listener = runtime.block_on(TcpListener::bind(&self.address));
        }
        let listener = listener.unwrap();
        self.address = listener.local_addr().unwrap().to_string();
        let lead: Arc<dyn Lead> = self.leader.clone();
        let clock: link::Clock = Arc::new(jiff::Timestamp::now);
        let server = Server::leading(self.register.clone(), self.leader.clone(), Some(lead), clock, Options::default());
        runtime.spawn(async move { server.serve(listener).await.unwrap() });
        self.runtime = Some(runtime);
    }

    /// Is not there any more.
    pub fn close(&mut self) {
        drop(self.runtime.take());
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn enrol(&self, home: &Path, more: &[&str]) -> Output {
        let hour = jiff::SignedDuration::from_hours(1);
        let token = self.register.make_token("desks", 1, hour, jiff::Timestamp::now()).unwrap();
        let authority = self.register.authority().fingerprint().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_redoubt-agent"));
        command.args(["enrol", "--server", &self.address, "--authority", &authority]).args(more);
        command.env("REDOUBT_TOKEN", token).arg("--home").arg(home).output().unwrap()
    }

    /// An endpoint that enrolled, with the keys waiting for it.
    pub fn endpoint(&self, home: &Path) -> Endpoint {
        let output = self.enrol(home, &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let keys = Keys { keys: [self.signer.public()].into() };
        self.tell(KEYS_GUIDE, 1, serde_json::to_vec(&keys).unwrap());
        let identity = Identity::load(home).unwrap().unwrap();
        let (group, name) = identity.collector().rsplit_once('/').unwrap();
        assert_eq!(group, "desks");
        Endpoint { home: home.to_owned(), id: EndpointId::new(name) }
    }

    pub fn tell(&self, kind: &str, version: i64, bytes: Vec<u8>) {
        let mut guides = self.leader.guides.lock().unwrap();
        guides.retain(|known| known.kind != kind);
        guides.push(Guide { kind: kind.to_owned(), version, bytes: bytes.into() });
        drop(guides);
        self.leader.changed.send_modify(|changes| *changes += 1);
    }

    /// Orders for one endpoint.
    pub fn order(&self, endpoint: &Endpoint, version: u64, settings: Settings) {
        let orders = orders(endpoint, version, settings);
        self.tell_orders(&orders, &self.signer);
    }

    pub fn tell_orders(&self, orders: &Orders, signer: &Signer) {
        // The guide's own version rises whatever is in it.
        let number = self.leader.changed.borrow().cast_signed() + 1;
        self.tell(ORDERS_GUIDE, number, orders.seal(signer).unwrap());
    }

    pub fn reports(&self) -> Vec<Report> {
        self.leader.reports.lock().unwrap().clone()
    }

    /// Waits for the last report to be so.
    pub fn reported(&self, what: &str, is_so: impl Fn(&Report) -> bool) -> Report {
        let mut last = None;
        let found = crate::scrambler::until(LIMIT, || {
            last = self.reports().pop();
            last.as_ref().is_some_and(&is_so)
        });
        assert!(found, "never {what}: {last:#?}");
        last.unwrap()
    }

    /// Everything that was told, in the order it came.
    pub fn told(&self) -> Vec<Told> {
        let batches = self.leader.batches.lock().unwrap();
        let told = batches.values().flatten().filter(|batch| batch.kind == TOLD_KIND);
        told.flat_map(|batch| read(&batch.bytes).unwrap()).collect()
    }

    /// Waits until something like it is told.
    pub fn is_told(&self, what: &str, is_it: impl Fn(&What) -> bool) -> Told {
        let mut found = None;
        crate::scrambler::until(LIMIT, || {
            found = self.told().into_iter().find(|told| is_it(&told.what));
            found.is_some()
        });
        found.unwrap_or_else(|| panic!("never told {what}: {:#?}", self.told()))
    }

    pub fn inventories(&self) -> Vec<Bytes> {
        let batches = self.leader.batches.lock().unwrap();
        batches
            .values()
            .flatten()
            .filter(|batch| batch.kind == INVENTORY_KIND)
            .map(|batch| batch.bytes.clone())
            .collect()
    }

    /// The numbers of batches that came, by their spools.
    pub fn sequences(&self) -> Vec<Vec<i64>> {
        let batches = self.leader.batches.lock().unwrap();
        batches.values().map(|all| all.iter().map(|batch| batch.sequence).collect()).collect()
    }
}

/// Somebody who enrolled.
pub struct Endpoint {
    pub home: PathBuf,
    pub id: EndpointId,
}

impl Endpoint {
    /// Serves, asking only about the filesystem of a folder.
    pub fn serve(&self, only: &Path) -> crate::guard::Guard {
        self.serve_from(Path::new(env!("CARGO_BIN_EXE_redoubt-agent")), only)
    }

    /// The same with a program of one's own.
    pub fn serve_from(&self, program: &Path, only: &Path) -> crate::guard::Guard {
        let mut command = Command::new(program);
        command.args(["serve", "--json", "--home"]).arg(&self.home).arg("--only").arg(only);
        crate::guard::Guard::listen(command).unwrap()
    }

    /// The same with no more rights than the unit of the service gives it.
    pub fn serve_as_a_service(&self, only: &Path) -> crate::guard::Guard {
        let mut command = Command::new("setpriv");
        let rights: Vec<_> = rights().map(|right| format!("+{right}")).collect();
        command.arg(format!("--bounding-set=-all,{}", rights.join(","))).arg("--no-new-privs");
        command.arg(env!("CARGO_BIN_EXE_redoubt-agent"));
        command.args(["serve", "--json", "--home"]).arg(&self.home).arg("--only").arg(only);
        crate::guard::Guard::listen(command).unwrap()
    }

    pub fn status(&self) -> serde_json::Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redoubt-agent"));
        let output = command.args(["status", "--json", "--home"]).arg(&self.home).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// What the unit names, as `setpriv` has it: `sys_admin`.
fn rights() -> impl Iterator<Item = String> {
    let unit = include_str!("../../../../packaging/redoubt-agent.service");
    let line = unit.lines().find_map(|line| line.strip_prefix("CapabilityBoundingSet=")).unwrap();
    line.split_whitespace().map(|right| right.strip_prefix("CAP_").unwrap().to_lowercase())
}

pub fn orders(endpoint: &Endpoint, version: u64, settings: Settings) -> Orders {
    let id = GroupId::new("desks");
    let group = Group { id: id.clone(), name: "Desks".to_owned(), parent: None, settings };
    let effective = Tree::new(vec![group], Vec::new()).unwrap().effective(&id, now()).unwrap();
    Orders::new(version, now(), Audience::Endpoint(endpoint.id.clone()), &effective)
}

//! Endpoints are told what they are to have: once, at once when it changes, and only as long as they may deliver.
use crate::common::{Collector, Hand, Ledger, impatient, open_spool, until};
use jiff::SignedDuration;
use link::proto::guidance_client::GuidanceClient;
use link::proto::{FromEndpoint, ToEndpoint};
use link::server::Options;
use link::{Authority, Courier, Guide, Invitation, Lead, Led, REPORT_BYTES_MAX, Register, Server};
use prost::bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

/// Tells everybody the same, and remembers what was said.
struct Leader {
    guides: Mutex<Vec<Guide>>,
    said: Mutex<BTreeMap<String, Vec<String>>>,
    gone: Mutex<Vec<String>>,
    changed: watch::Sender<u64>,
}

#[tonic::async_trait]
impl Lead for Leader {
    async fn lead(&self, endpoint: &str, report: &Bytes) -> Vec<Guide> {
        let report = String::from_utf8(report.to_vec()).unwrap();
        let mut said = self.said.lock().unwrap();
        let said = said.entry(endpoint.to_owned()).or_default();
        if said.last() != Some(&report) {
            said.push(report);
        }
        self.guides.lock().unwrap().clone()
    }

    async fn gone(&self, endpoint: &str) {
        self.gone.lock().unwrap().push(endpoint.to_owned());
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

struct House {
    folder: TempDir,
    hand: Hand,
    register: Arc<Register>,
    leader: Arc<Leader>,
    address: String,
}

impl House {
    async fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let hand = Hand::new();
        let authority = Arc::new(Authority::open(folder.path(), hand.now()).unwrap());
        let register = Arc::new(Register::open(folder.path(), authority).unwrap());
        let leader = Arc::new(Leader {
            guides: Mutex::default(),
            said: Mutex::default(),
            gone: Mutex::default(),
            changed: watch::channel(0).0,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let lead: Arc<dyn Lead> = leader.clone();
        let server = Server::leading(
            register.clone(),
            Arc::new(Ledger::default()),
            Some(lead),
            hand.clock(),
            Options::default(),
        );
        tokio::spawn(async move { server.serve(listener).await.unwrap() });
        House { folder, hand, register, leader, address }
    }

    async fn endpoint(&self) -> Collector {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        let token = self.register.make_token("desks", 1, SignedDuration::from_hours(1), self.hand.now()).unwrap();
        let authority = self.register.authority().fingerprint();
        let invitation = Invitation { address: self.address.clone(), authority, token };
        let identity = link::enrol(folder.path(), &invitation, "machine", &self.hand.clock()).await.unwrap();
        let (name, spool) = (identity.collector().to_owned(), open_spool(&folder.path().join("spool")));
        Collector { folder, name, spool, address: self.address.clone(), hand: self.hand.clone() }
    }

    fn tell(&self, kind: &str, version: i64, bytes: Vec<u8>) -> Guide {
        let guide = Guide { kind: kind.to_owned(), version, bytes: bytes.into() };
        let mut guides = self.leader.guides.lock().unwrap();
        guides.retain(|known| known.kind != kind);
        guides.push(guide.clone());
        drop(guides);
        self.leader.changed.send_modify(|changes| *changes += 1);
        guide
    }

    fn said(&self, endpoint: &str) -> Vec<String> {
        self.leader.said.lock().unwrap().get(endpoint).cloned().unwrap_or_default()
    }
}

fn led(endpoint: &Collector, report: &'static str) -> (Courier, watch::Sender<Bytes>, mpsc::Receiver<Guide>) {
    let (say, report) = watch::channel(Bytes::from_static(report.as_bytes()));
    let (guides, told) = mpsc::channel(8);
    let led = Some(Led { report, guides });
    let (spool, identity) = (endpoint.spool.clone(), endpoint.identity());
    let courier = Courier::start_led(spool, identity, &endpoint.address, endpoint.hand.clock(), impatient(), led);
    (courier, say, told)
}

#[tokio::test]
async fn an_endpoint_is_told_what_it_is_to_have_as_that_changes() {
    let house = House::new().await;
    let first = house.tell("orders", 1, b"one".to_vec());
    let endpoint = house.endpoint().await;
    let (courier, say, mut told) = led(&endpoint, "fresh");
    assert_eq!(told.recv().await.unwrap(), first);
    assert_eq!(house.said(&endpoint.name), ["fresh"]);
    // Larger than a message, and with nothing said in between.
    let large = house.tell("reputation", 5, vec![7; 5 << 20]);
    assert_eq!(told.recv().await.unwrap(), large);
    let second = house.tell("orders", 2, b"two".to_vec());
    assert_eq!(told.recv().await.unwrap(), second);
    say.send_replace(Bytes::from_static(b"has two"));
    until("said", || house.said(&endpoint.name) == ["fresh", "has two"]).await;
    // It delivers meanwhile, and is told nothing twice.
    endpoint.add(0..20);
    until("delivered", || courier.figures().spool.waiting_batches == 0).await;
    assert!(told.try_recv().is_err());
    courier.stop().await;
    until("gone", || house.leader.gone.lock().unwrap().contains(&endpoint.name)).await;
}

#[tokio::test]
async fn who_was_revoked_is_told_nothing_more() {
    let house = House::new().await;
    house.tell("orders", 1, b"one".to_vec());
    let endpoint = house.endpoint().await;
    let (_courier, _say, mut told) = led(&endpoint, "x");
    assert_eq!(told.recv().await.unwrap().version, 1);
    house.register.revoke(&endpoint.name, house.hand.now()).unwrap();
    until("gone", || !house.leader.gone.lock().unwrap().is_empty()).await;
    house.tell("orders", 2, b"two".to_vec());
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(told.try_recv().is_err());
}

async fn attend(house: &House, endpoint: &Collector, first: FromEndpoint) -> Result<Option<ToEndpoint>, tonic::Code> {
    let identity = endpoint.identity();
    let authority = house.register.authority().fingerprint();
    let channel = link::connect(&house.address, authority, Some(&identity), &house.hand.clock()).await.unwrap();
    let (say, saying) = mpsc::channel(1);
    say.send(first).await.unwrap();
    let answer = GuidanceClient::new(channel).attend(ReceiverStream::new(saying)).await;
    let mut told = answer.map_err(|status| status.code())?.into_inner();
    told.message().await.map_err(|status| status.code())
}

#[tokio::test]
async fn nobody_attends_for_somebody_else_or_with_too_much_to_say() {
    let house = House::new().await;
    house.tell("orders", 1, b"one".to_vec());
    let (one, other) = (house.endpoint().await, house.endpoint().await);
    let good = FromEndpoint { version: 1, endpoint: one.name.clone(), report: Bytes::new() };
    assert_eq!(attend(&house, &one, good.clone()).await.unwrap().unwrap().kind, "orders");
    assert_eq!(attend(&house, &other, good.clone()).await, Err(tonic::Code::PermissionDenied));
    let later = FromEndpoint { version: 2, ..good.clone() };
    assert_eq!(attend(&house, &one, later).await, Err(tonic::Code::FailedPrecondition));
    let large = FromEndpoint { report: vec![0; REPORT_BYTES_MAX + 1].into(), ..good.clone() };
    assert_eq!(attend(&house, &one, large).await, Err(tonic::Code::InvalidArgument));
    // Without a certificate.
    let authority = house.register.authority().fingerprint();
    let channel = link::connect(&house.address, authority, None, &house.hand.clock()).await.unwrap();
    let (say, saying) = mpsc::channel(1);
    say.send(good).await.unwrap();
    let refused = GuidanceClient::new(channel).attend(ReceiverStream::new(saying)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
}

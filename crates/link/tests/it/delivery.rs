//! Everything arrives once, in order, whatever happens between.
use crate::common::{Collector, House, impatient, until};
use link::proto::delivery_client::DeliveryClient;
use link::proto::enrolment_client::EnrolmentClient;
use link::proto::from_collector::Message as From;
use link::proto::from_server::Message as To;
use link::proto::refused::Code;
use link::proto::{self, FromCollector, FromServer};
use link::server::Options;
use link::spool::Why;
use link::{Courier, Lost};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

async fn delivered(courier: &Courier) {
    until("delivered", || courier.figures().spool.waiting_batches == 0).await;
}

#[tokio::test]
async fn what_is_spooled_arrives() {
    let house = House::new().await;
    let collector = house.collector().await;
    collector.add(0..100);
    let courier = collector.courier();
    delivered(&courier).await;
    collector.add(100..200);
    delivered(&courier).await;
    assert_eq!(house.ledger.texts(), collector.texts(0..200));
    let figures = courier.figures();
    assert!(figures.connected && figures.trouble.is_none(), "{figures:?}");
    assert_eq!((figures.sent_batches, figures.welcomes, figures.spool.delivered_batches), (200, 1, 200));
    let status = house.server.status();
    assert_eq!((status.taken_batches, status.taken_rows, status.known_batches), (200, 200, 0));
    let connected = &status.connected[&collector.name];
    assert_eq!((connected.source.clone(), connected.sequence), (collector.source(), Some(199)));
    courier.stop().await;
    until("gone", || house.server.status().connected.is_empty()).await;
}

#[tokio::test]
async fn large_batches_arrive() {
    let house = House::new().await;
    let collector = house.collector().await;
    let large = vec![7; 500_000];
    for _ in 0..7 {
        collector.spool.append("session", 9, &large).unwrap();
    }
    let courier = collector.courier();
    delivered(&courier).await;
    let kept = house.ledger.kept.lock().unwrap();
    let batches = &kept.batches[&collector.source()];
    assert!(batches.len() == 7 && batches.iter().all(|batch| batch.bytes == large && batch.rows == 9));
}

#[tokio::test]
async fn a_busy_server_gets_everything_later() {
    let house = House::new().await;
    house.ledger.kept.lock().unwrap().busy = 12;
    let collector = house.collector().await;
    collector.add(0..30);
    let courier = collector.courier();
    delivered(&courier).await;
    assert_eq!(house.ledger.texts(), collector.texts(0..30));
    assert_eq!((courier.figures().refused["busy"], courier.figures().trouble), (12, None));
}

/// Cuts connections after so many bytes, each time at another place.
async fn cutting(to: std::net::SocketAddr) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for round in 0u64.. {
            let (near, _) = listener.accept().await.unwrap();
            let Ok(far) = TcpStream::connect(to).await else { continue };
            tokio::spawn(async move {
                let ((mut from, mut to_near), (mut back, mut to_far)) = (near.into_split(), far.into_split());
                // A handshake takes about three thousand; some connections do not get that far.
                let bytes = 1500 + round.wrapping_mul(2_654_435_761) % 9000;
                let there = async move {
                    let mut limited = (&mut from).take(bytes);
                    drop(tokio::io::copy(&mut limited, &mut to_far).await);
                };
                let here = async move { drop(tokio::io::copy(&mut back, &mut to_near).await) };
                tokio::select! { () = there => {}, () = here => {} }
            });
        }
    });
    address
}

#[tokio::test]
async fn connections_that_are_cut_lose_nothing_and_repeat_nothing() {
    let house = House::new().await;
    let collector = house.collector_at(cutting(house.address).await).await;
    let courier = collector.courier();
    for part in 0..30 {
        collector.add(part * 20..part * 20 + 20);
        tokio::task::yield_now().await;
    }
    delivered(&courier).await;
    assert_eq!(house.ledger.texts(), collector.texts(0..600));
    assert!(courier.figures().welcomes > 3, "{:?}", courier.figures());
    assert_eq!(courier.figures().spool.lost_batches, 0);
}

#[tokio::test]
async fn a_server_that_is_begun_anew_again_and_again_misses_nothing() {
    let mut house = House::new().await;
    let collector = house.collector().await;
    let courier = collector.courier();
    for round in 0..20 {
        collector.add(round * 15..round * 15 + 15);
        let some = usize::try_from(round * 15 + 3).unwrap();
        until("some arrive", || house.ledger.sequences().len() >= some).await;
        house.restart().await;
    }
    delivered(&courier).await;
    assert_eq!(house.ledger.texts(), collector.texts(0..300));
}

#[tokio::test]
async fn a_courier_that_is_begun_anew_goes_on_where_the_server_is() {
    let house = House::new().await;
    let collector = house.collector().await;
    for round in 0..10 {
        collector.add(round * 10..round * 10 + 10);
        let courier = collector.courier();
        let some = usize::try_from(round * 10 + 2).unwrap();
        until("some arrive", || house.ledger.sequences().len() >= some).await;
        courier.stop().await;
    }
    let courier = collector.courier();
    delivered(&courier).await;
    assert_eq!(house.ledger.texts(), collector.texts(0..100));
}

#[tokio::test]
async fn many_collectors_deliver_at_once() {
    let house = House::new().await;
    let mut all = Vec::new();
    for _ in 0..12 {
        let collector = house.collector().await;
        collector.add(0..40);
        let courier = collector.courier();
        all.push((collector, courier));
    }
    for (collector, courier) in &all {
        delivered(courier).await;
        let kept = house.ledger.kept.lock().unwrap();
        let texts: Vec<_> = kept.batches[&collector.source()].iter().map(|batch| batch.bytes.to_vec()).collect();
        assert_eq!(texts, collector.texts(0..40).into_iter().map(String::into_bytes).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_the_server_never_takes_is_set_aside_and_the_others_arrive() {
    let house = House::new().await;
    let collector = house.collector().await;
    for kind in ["session", "bad", "session", "later", "later", "session"] {
        collector.spool.append(kind, 1, kind.as_bytes()).unwrap();
    }
    let courier = collector.courier();
    delivered(&courier).await;
    assert_eq!(house.ledger.sequences(), [0, 2, 5]);
    let lost = |sequence| (collector.source(), Lost { first: sequence, last: sequence, why: Why::Refused });
    assert_eq!(house.ledger.kept.lock().unwrap().lost, [lost(1), lost(3), lost(4)]);
    let figures = courier.figures();
    assert_eq!((figures.spool.aside_batches, figures.spool.lost_batches), (3, 0));
    assert_eq!(collector.aside().len(), 3);
    let bad = collector.aside().into_iter().find(|path| path.to_string_lossy().ends_with("1.batch")).unwrap();
    assert_eq!(link::readers::spool(&std::fs::read(bad).unwrap()), 1);
}

/// Setting aside is not another word for losing.
#[tokio::test]
async fn without_room_to_set_aside_delivery_waits_for_somebody() {
    let house = House::new().await;
    let collector = house.collector().await;
    // An eighth of four MiB is for what is set aside.
    collector.spool.append("bad", 1, &vec![0; 400_000]).unwrap();
    collector.spool.append("bad", 1, &vec![1; 400_000]).unwrap();
    collector.spool.append("session", 1, b"x").unwrap();
    let courier = collector.courier();
    until("told", || courier.figures().trouble.is_some_and(|trouble| trouble.code == "link.aside-full")).await;
    let figures = courier.figures();
    assert_eq!((figures.spool.aside_batches, figures.spool.waiting_batches), (1, 2));
    assert_eq!(house.ledger.sequences(), [0i64; 0]);
}

#[tokio::test]
async fn a_batch_that_is_larger_than_the_server_takes_is_set_aside() {
    let house = House::with(Options { batch_bytes_max: 1000, ..Options::default() }).await;
    let collector = house.collector().await;
    collector.add(0..1);
    collector.spool.append("session", 1, &[0; 1001]).unwrap();
    collector.add(2..3);
    let courier = collector.courier();
    delivered(&courier).await;
    assert_eq!((house.ledger.sequences(), courier.figures().spool.aside_batches), (vec![0, 2], 1));
}

#[tokio::test]
async fn what_was_damaged_on_the_collectors_disk_is_told_to_the_server() {
    let house = House::new().await;
    let collector = house.collector().await;
    collector.add(0..5);
    let Collector { spool, folder, name, address, hand } = collector;
    drop(spool);
    let path = folder.path().join("spool/00000000000000000000.spool");
    let mut bytes = std::fs::read(&path).unwrap();
    let text = format!("{name}#2");
    let at = bytes.windows(text.len()).position(|part| part == text.as_bytes()).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let spool = crate::common::open_spool(&folder.path().join("spool"));
    let collector = Collector { spool, folder, name, address, hand };
    let courier = collector.courier();
    delivered(&courier).await;
    assert_eq!(house.ledger.sequences(), [0, 1, 3, 4]);
    let lost = Lost { first: 2, last: 2, why: Why::Damaged };
    assert_eq!(house.ledger.kept.lock().unwrap().lost, [(collector.source(), lost)]);
    assert_eq!((courier.figures().spool.lost_batches, house.server.status().lost_batches), (1, 1));
}

/// As when the collector's disk was set back to an earlier day: its numbers are given a second time.
#[tokio::test]
async fn a_spool_that_was_set_back_delivers_under_another_name() {
    let house = House::new().await;
    let collector = house.collector().await;
    collector.add(0..10);
    house.ledger.kept.lock().unwrap().marks.insert(collector.source(), 500);
    let before = collector.source();
    let courier = collector.courier();
    delivered(&courier).await;
    assert_ne!(collector.source(), before);
    let kept = house.ledger.kept.lock().unwrap();
    assert_eq!(kept.batches[&collector.source()].len(), 10);
    assert!(!kept.batches.contains_key(&before));
}

/// What was let go cannot be sent again: the server is told so, and goes on.
#[tokio::test]
async fn a_server_that_was_set_back_is_told_what_is_gone() {
    let house = House::new().await;
    let collector = house.collector().await;
    let large = vec![0; 100_000];
    for _ in 0..30 {
        collector.spool.append("session", 1, &large).unwrap();
    }
    let courier = collector.courier();
    delivered(&courier).await;
    courier.stop().await;
    {
        let mut kept = house.ledger.kept.lock().unwrap();
        kept.marks.insert(collector.source(), 4);
        kept.batches.clear();
    }
    collector.spool.append("session", 1, b"new").unwrap();
    let courier = collector.courier();
    delivered(&courier).await;
    until("arrived", || house.ledger.sequences().last() == Some(&30)).await;
    let kept = house.ledger.kept.lock().unwrap();
    let (_, lost) = kept.lost[0].clone();
    assert_eq!((lost.first, lost.why), (5, Why::LetGo));
    let again: Vec<_> = kept.batches[&collector.source()].iter().map(|batch| batch.sequence).collect();
    // What is still there is sent again.
    assert_eq!(again, (lost.last + 1..31).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_spool_sheds_and_says_so_while_the_server_is_away() {
    let mut house = House::new().await;
    let collector = house.collector().await;
    house.ledger.kept.lock().unwrap().busy = u32::MAX;
    let courier = collector.courier();
    let large = vec![0; 100_000];
    let taken = (0..60).filter(|_| collector.spool.append("session", 10, &large).is_ok()).count();
    let counts = courier.figures().spool;
    assert!((30..60).contains(&taken), "{taken}");
    assert_eq!((counts.shed_batches, counts.shed_rows), (60 - taken as u64, 10 * (60 - taken as u64)));
    house.ledger.kept.lock().unwrap().busy = 0;
    house.restart().await;
    delivered(&courier).await;
    assert_eq!(house.ledger.sequences(), (0..taken as i64).collect::<Vec<_>>());
}

/// A stream on which anything can be said.
struct Raw {
    send: mpsc::Sender<FromCollector>,
    answers: Streaming<FromServer>,
}

impl Raw {
    async fn open(house: &House, collector: &Collector) -> Raw {
        let identity = collector.identity();
        let address = house.address.to_string();
        let channel =
            link::connect(&address, identity.authority(), Some(&identity), &house.hand.clock()).await.unwrap();
        let (send, sending) = mpsc::channel(64);
        let answers = DeliveryClient::new(channel).deliver(ReceiverStream::new(sending)).await.unwrap().into_inner();
        Raw { send, answers }
    }

    async fn greeted(house: &House, collector: &Collector) -> Raw {
        let mut raw = Raw::open(house, collector).await;
        raw.say(hello(&collector.name, &collector.spool.id())).await;
        assert!(matches!(raw.hear().await, Some(To::Welcome(_))));
        raw
    }

    async fn say(&self, message: From) {
        // The server may have hung up; what it said last is read all the same.
        let _ = self.send.send(FromCollector { message: Some(message) }).await;
    }

    async fn hear(&mut self) -> Option<To> {
        self.answers.message().await.ok().flatten().and_then(|answer| answer.message)
    }

    async fn code(&mut self) -> Code {
        match self.hear().await {
            Some(To::Refused(refused)) => refused.code(),
            other => panic!("{other:?}"),
        }
    }

    async fn acknowledged(&mut self) -> i64 {
        match self.hear().await {
            Some(To::Acknowledged(acknowledged)) => acknowledged.sequence,
            other => panic!("{other:?}"),
        }
    }
}

fn hello(collector: &str, spool: &str) -> From {
    From::Hello(proto::Hello { version: 1, collector: collector.to_owned(), spool: spool.to_owned() })
}

fn batch(sequence: i64) -> proto::Batch {
    let bytes = format!("#{sequence}").into_bytes();
    proto::Batch { sequence, kind: "session".to_owned(), rows: 1, crc: crc32fast::hash(&bytes), bytes: bytes.into() }
}

#[tokio::test]
async fn a_collector_writes_as_itself_only() {
    let house = House::new().await;
    let (collector, other) = (house.collector().await, house.collector().await);
    for (said, code) in [
        (hello(&other.name, &other.spool.id()), Code::NotYours),
        (hello(&collector.name, "../0123456789abc"), Code::Malformed),
        (hello(&collector.name, ""), Code::Malformed),
        (From::Hello(proto::Hello { version: 9, ..Default::default() }), Code::Version),
        (From::Batch(batch(0)), Code::Malformed),
    ] {
        let mut raw = Raw::open(&house, &collector).await;
        raw.say(said.clone()).await;
        assert_eq!(raw.code().await, code, "{said:?}");
        assert_eq!(raw.hear().await, None, "the stream ends");
    }
    assert!(house.ledger.kept.lock().unwrap().batches.is_empty());
}

#[tokio::test]
async fn what_is_no_batch_is_refused_and_kept_nowhere() {
    let house = House::with(Options { batch_bytes_max: 1000, ..Options::default() }).await;
    let collector = house.collector().await;
    let large = |length| {
        let bytes = vec![0; length];
        proto::Batch { crc: crc32fast::hash(&bytes), bytes: bytes.into(), ..batch(0) }
    };
    for (said, code) in [
        (From::Batch(proto::Batch { crc: 1, ..batch(0) }), Code::Malformed),
        (From::Batch(proto::Batch { kind: "\0".to_owned(), ..batch(0) }), Code::Malformed),
        (From::Batch(proto::Batch { kind: "bad".to_owned(), ..batch(0) }), Code::Malformed),
        (From::Batch(proto::Batch { kind: "later".to_owned(), ..batch(0) }), Code::UnknownKind),
        (From::Batch(batch(-1)), Code::Malformed),
        (From::Batch(batch(i64::MAX)), Code::Malformed),
        (From::Batch(large(1001)), Code::TooLarge),
        (From::Lost(proto::Lost { first: 0, last: i64::MAX, why: 1 }), Code::Malformed),
        (hello(&collector.name, &collector.spool.id()), Code::Malformed),
    ] {
        let mut raw = Raw::greeted(&house, &collector).await;
        raw.say(said.clone()).await;
        assert_eq!(raw.code().await, code, "{said:?}");
    }
    // More than a message may have is not even read.
    let mut raw = Raw::greeted(&house, &collector).await;
    raw.say(From::Batch(large(1 << 20))).await;
    assert_eq!(raw.hear().await, None);
    assert!(house.ledger.kept.lock().unwrap().batches.is_empty());
    // And after all of that a batch is taken.
    let mut raw = Raw::greeted(&house, &collector).await;
    raw.say(From::Batch(batch(0))).await;
    assert_eq!(raw.acknowledged().await, 0);
}

#[tokio::test]
async fn a_batch_that_comes_twice_is_kept_once_and_one_that_comes_too_early_is_not() {
    let house = House::new().await;
    let collector = house.collector().await;
    let mut raw = Raw::greeted(&house, &collector).await;
    for (sequence, known) in [(0, 0), (1, 1), (0, 1), (1, 1), (2, 2)] {
        raw.say(From::Batch(batch(sequence))).await;
        assert_eq!(raw.acknowledged().await, known, "{sequence}");
    }
    for early in [4, 1 << 40, link::SEQUENCE_MAX] {
        let mut raw = Raw::greeted(&house, &collector).await;
        raw.say(From::Batch(batch(early))).await;
        let Some(To::Refused(refused)) = raw.hear().await else { panic!("{early} was not refused") };
        assert_eq!((refused.code(), refused.expected, refused.sequence), (Code::OutOfOrder, 3, early));
    }
    let mut raw = Raw::greeted(&house, &collector).await;
    raw.say(From::Lost(proto::Lost { first: 5, last: 6, why: 1 })).await;
    assert_eq!(raw.code().await, Code::OutOfOrder);
    let mut raw = Raw::greeted(&house, &collector).await;
    raw.say(From::Lost(proto::Lost { first: 3, last: 6, why: 1 })).await;
    assert_eq!(raw.acknowledged().await, 6);
    raw.say(From::Batch(batch(7))).await;
    assert_eq!(raw.acknowledged().await, 7);
    assert_eq!(house.ledger.sequences(), [0, 1, 2, 7]);
    assert_eq!(house.server.status().known_batches, 2);
}

#[tokio::test]
async fn who_comes_later_takes_over() {
    let house = House::new().await;
    let collector = house.collector().await;
    let mut first = Raw::greeted(&house, &collector).await;
    let mut second = Raw::greeted(&house, &collector).await;
    assert_eq!(first.code().await, Code::Replaced);
    second.say(From::Batch(batch(0))).await;
    assert_eq!(second.acknowledged().await, 0);
    assert_eq!(house.server.status().connected.len(), 1);
}

/// One collector does not take the room of the others.
#[tokio::test]
async fn a_collector_has_a_few_connections_at_most() {
    let house = House::new().await;
    let (greedy, other) = (house.collector().await, house.collector().await);
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(Raw::greeted(&house, &greedy).await);
    }
    let identity = greedy.identity();
    let address = house.address.to_string();
    let channel = link::connect(&address, identity.authority(), Some(&identity), &house.hand.clock()).await;
    if let Ok(channel) = channel {
        let (_send, sending) = mpsc::channel(1);
        assert!(DeliveryClient::new(channel).deliver(ReceiverStream::new(sending)).await.is_err());
    }
    other.add(0..3);
    delivered(&other.courier()).await;
    drop(open);
    greedy.add(0..3);
    delivered(&greedy.courier()).await;
}

#[tokio::test]
async fn without_a_certificate_nothing_is_delivered_or_renewed() {
    let house = House::new().await;
    let address = house.address.to_string();
    let authority = house.register.authority().fingerprint();
    let channel = link::connect(&address, authority, None, &house.hand.clock()).await.unwrap();
    let (_send, sending) = mpsc::channel(1);
    let answer = DeliveryClient::new(channel.clone()).deliver(ReceiverStream::new(sending)).await;
    assert_eq!(answer.unwrap_err().code(), tonic::Code::Unauthenticated);
    let answer = EnrolmentClient::new(channel).renew(proto::RenewRequest::default()).await;
    assert_eq!(answer.unwrap_err().code(), tonic::Code::Unauthenticated);
}

/// A certificate of another house's authority does not get through the handshake.
#[tokio::test]
async fn a_certificate_of_another_authority_is_not_taken() {
    let (house, other) = (House::new().await, House::new().await);
    let foreign = other.collector().await.identity();
    let address = house.address.to_string();
    let authority = house.register.authority().fingerprint();
    let told = match link::connect(&address, authority, Some(&foreign), &house.hand.clock()).await {
        Err(_) => return,
        Ok(channel) => {
            let (_send, sending) = mpsc::channel(1);
            DeliveryClient::new(channel).deliver(ReceiverStream::new(sending)).await
        }
    };
    assert!(told.is_err());
}

#[tokio::test]
async fn strangers_who_say_nothing_or_nonsense_are_let_go_and_keep_nobody_out() {
    let moment = Duration::from_millis(200);
    let options = Options {
        strangers_max: 2,
        handshakes_max: 4,
        handshake_within: moment,
        greet_within: moment,
        stranger_within: 5 * moment,
        ..Options::default()
    };
    let house = House::with(options).await;
    let (collector, other) = (house.collector().await, house.collector().await);
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stranger = TcpStream::connect(house.address).await.unwrap();
        let _ = stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await;
        silent.push(stranger);
        silent.push(TcpStream::connect(house.address).await.unwrap());
    }
    // Those with a handshake and no certificate.
    let address = house.address.to_string();
    let authority = house.register.authority().fingerprint();
    let mut channels = Vec::new();
    for _ in 0..8 {
        channels.push(link::connect(&address, authority, None, &house.hand.clock()).await);
    }
    collector.add(0..5);
    let courier = collector.courier();
    delivered(&courier).await;
    for mut stranger in silent {
        let _ = stranger.read_to_end(&mut Vec::new()).await;
    }
    assert!(house.server.status().turned_away > 0);
    // A collector that does not greet loses its stream.
    let mut raw = Raw::open(&house, &other).await;
    assert_eq!(raw.hear().await, None);
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams() {
    let house = House::new().await;
    let collector = house.collector().await;
    let courier = collector.courier();
    collector.add(0..3);
    delivered(&courier).await;
    house.server.stop();
    until("told", || courier.figures().trouble.is_some() && !courier.figures().connected).await;
    assert!(house.server.status().connected.is_empty());
}

/// Whoever answers is not the server: nothing is sent, and it is told.
#[tokio::test]
async fn another_server_at_the_same_address_gets_nothing() {
    let (house, other) = (House::new().await, House::new().await);
    let collector = house.collector().await;
    collector.add(0..3);
    let address = other.address.to_string();
    let courier =
        Courier::start(collector.spool.clone(), collector.identity(), &address, house.hand.clock(), impatient());
    until("told", || courier.figures().trouble.is_some_and(|trouble| trouble.code == "link.wrong-server")).await;
    assert_eq!((courier.figures().sent_batches, courier.figures().spool.waiting_batches), (0, 3));
}

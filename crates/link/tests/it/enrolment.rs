//! How collectors become known, and cease to be.
use crate::common::{Collector, House, until};
use jiff::SignedDuration;
use link::{Act, Authority, Disk, Error, Fingerprint, Identity, Invitation, NotEnrolled, Register};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

async fn enrol(house: &House, invitation: &Invitation) -> Result<String, Error> {
    let folder = tempfile::tempdir().unwrap();
    let identity = link::enrol(folder.path(), invitation, "host\u{1b}[31m", &house.hand.clock()).await?;
    Ok(identity.collector().to_owned())
}

async fn not_enrolled(house: &House, invitation: &Invitation) -> NotEnrolled {
    match enrol(house, invitation).await {
        Err(Error::NotEnrolled(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_collector_enrols_and_is_known_by_the_name_it_was_given() {
    let house = House::new().await;
    let invitation = house.invitation(&house.token(1));
    let folder = tempfile::tempdir().unwrap();
    let identity = link::enrol(folder.path(), &invitation, "host\u{1b}[31m", &house.hand.clock()).await.unwrap();
    let known = house.register.collectors();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].collector.as_str(), known[0].group.as_str()), (identity.collector(), "sensors"));
    assert_eq!(known[0].machine, "host[31m");
    assert_eq!(identity.not_after().duration_since(house.hand.now()).as_hours(), 90 * 24);
    let again = Identity::load(folder.path()).unwrap().unwrap();
    assert_eq!((again.collector(), again.authority()), (identity.collector(), invitation.authority));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = folder.path().join("identity.json").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// Somebody between collector and server is not told the token.
#[tokio::test]
async fn a_server_with_another_fingerprint_is_told_nothing() {
    let (house, other) = (House::new().await, House::new().await);
    let token = house.token(1);
    let wrong = Invitation { authority: other.register.authority().fingerprint(), ..house.invitation(&token) };
    assert!(matches!(enrol(&house, &wrong).await, Err(Error::WrongServer { .. })));
    let wrong = Invitation { authority: Fingerprint([0; 32]), ..house.invitation(&token) };
    assert!(matches!(enrol(&house, &wrong).await, Err(Error::WrongServer { .. })));
    assert_eq!(house.register.tokens(house.hand.now())[0].uses_left, 1);
    enrol(&house, &house.invitation(&token)).await.unwrap();
}

/// A collector's certificate is of the same authority, and yet it cannot pass for the server.
#[tokio::test]
async fn a_collector_cannot_pass_for_the_server() {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let house = House::new().await;
    let collector = house.collector().await;
    let kept = std::fs::read_to_string(collector.folder.path().join("identity.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let hex = kept["certificate"].as_str().unwrap();
    let der: Vec<u8> = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    let authority = CertificateDer::from_pem_file(house.folder.path().join("authority.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(kept["key"].as_str().unwrap().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![der.into(), authority], key)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let _ = acceptor.accept(socket).await;
    });
    let told = enrol(&house, &Invitation { address, ..house.invitation(&house.token(1)) }).await;
    assert!(matches!(told, Err(Error::WrongServer { .. } | Error::Tls { .. })), "{told:?}");
}

#[tokio::test]
async fn a_token_is_good_for_as_many_and_as_long_as_it_was_made_for() {
    let house = House::new().await;
    let token = house.token(2);
    assert_eq!(not_enrolled(&house, &house.invitation("0000")).await, NotEnrolled::Token);
    assert_eq!(not_enrolled(&house, &house.invitation(&"x".repeat(5000))).await, NotEnrolled::Token);
    let (first, second) = (
        enrol(&house, &house.invitation(&token)).await.unwrap(),
        enrol(&house, &house.invitation(&token)).await.unwrap(),
    );
    assert_ne!(first, second);
    assert_eq!(not_enrolled(&house, &house.invitation(&token)).await, NotEnrolled::Token);
    let ends = house.token(5);
    house.hand.pass_days(1);
    assert_eq!(not_enrolled(&house, &house.invitation(&ends)).await, NotEnrolled::Token);
    let dropped = house.token(5);
    let digest = house.register.tokens(house.hand.now()).pop().unwrap().digest;
    assert!(house.register.drop_token(&digest).unwrap());
    assert_eq!(not_enrolled(&house, &house.invitation(&dropped)).await, NotEnrolled::Token);
    assert!(!house.register.drop_token(&digest).unwrap());
    // What is kept of a token does not let anybody enrol.
    let kept = house.token(1);
    let digest = house.register.tokens(house.hand.now()).pop().unwrap().digest;
    assert_eq!(not_enrolled(&house, &house.invitation(&digest)).await, NotEnrolled::Token);
    let written = std::fs::read_to_string(house.folder.path().join("collectors.log")).unwrap();
    assert!(written.contains(&digest) && !written.contains(&kept));
}

/// The answer did not arrive: asked again, it is the same collector and takes no further use.
#[tokio::test]
async fn asking_again_is_the_same_collector() {
    let house = House::new().await;
    let invitation = house.invitation(&house.token(1));
    let folder = tempfile::tempdir().unwrap();
    let clock = house.hand.clock();
    // It cannot keep what it is answered.
    std::fs::create_dir(folder.path().join("identity.json")).unwrap();
    assert!(matches!(link::enrol(folder.path(), &invitation, "m", &clock).await, Err(Error::Disk { .. })));
    assert_eq!(house.register.tokens(house.hand.now())[0].uses_left, 0);
    std::fs::remove_dir(folder.path().join("identity.json")).unwrap();
    let identity = link::enrol(folder.path(), &invitation, "m", &clock).await.unwrap();
    let known = house.register.collectors();
    assert_eq!((known.len(), known[0].collector.as_str()), (1, identity.collector()));
}

#[tokio::test]
async fn a_collector_renews_its_certificate_by_itself_while_it_delivers() {
    let house = House::new().await;
    let collector = house.collector().await;
    let courier = collector.courier();
    let first = courier.figures().certificate_ends;
    collector.add(0..3);
    until("delivered", || courier.figures().spool.waiting_batches == 0).await;
    house.hand.pass_days(59);
    collector.add(3..5);
    until("delivered", || courier.figures().spool.waiting_batches == 0).await;
    assert_eq!(courier.figures().certificate_ends, first);
    house.hand.pass_days(2);
    until("renewed", || courier.figures().certificate_ends > first).await;
    assert_eq!(collector.identity().not_after(), courier.figures().certificate_ends);
    assert_eq!(collector.identity().collector(), collector.name);
    // Past the end of the first one.
    house.hand.pass_days(40);
    collector.add(5..8);
    until("delivered", || courier.figures().spool.waiting_batches == 0).await;
    assert_eq!(house.ledger.texts(), collector.texts(0..8));
    courier.stop().await;
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_told_as_such_and_nothing_is_lost() {
    let house = House::new().await;
    let collector = house.collector().await;
    house.hand.pass_days(91);
    let courier = collector.courier();
    collector.add(0..3);
    let trouble = || courier.figures().trouble.map(|trouble| trouble.code);
    until("told", || trouble().as_deref() == Some("link.certificate-ended")).await;
    courier.stop().await;
    assert_eq!((collector.spool.counts().waiting_batches, house.ledger.texts().len()), (3, 0));
    // Enrolled again it delivers the same spool.
    let invitation = house.invitation(&house.token(1));
    let identity = link::enrol(collector.folder.path(), &invitation, "m", &house.hand.clock()).await.unwrap();
    let again = Collector { name: identity.collector().to_owned(), ..collector };
    let courier = again.courier();
    until("delivered", || courier.figures().spool.waiting_batches == 0).await;
    assert_eq!(house.ledger.texts().len(), 3);
}

#[tokio::test]
async fn a_revoked_collector_is_cut_off_in_the_middle() {
    let house = House::new().await;
    let (collector, other) = (house.collector().await, house.collector().await);
    let (courier, others) = (collector.courier(), other.courier());
    collector.add(0..3);
    until("delivered", || courier.figures().spool.waiting_batches == 0).await;
    until("connected", || house.server.status().connected.len() == 2).await;
    house.register.revoke(&collector.name, house.hand.now()).unwrap();
    assert_eq!(house.register.revoked_serials(house.hand.now()).len(), 1);
    // It says nothing, and is cut off all the same.
    until("cut off", || !house.server.status().connected.contains_key(&collector.name)).await;
    until("told", || courier.figures().trouble.is_some_and(|trouble| trouble.code == "link.revoked")).await;
    collector.add(3..6);
    other.add(0..2);
    until("delivered", || others.figures().spool.waiting_batches == 0).await;
    assert_eq!(courier.figures().spool.waiting_batches, 3);
    // Nor does it get another certificate.
    house.hand.pass_days(80);
    until("refused", || courier.figures().refused.get("revoked").is_some_and(|times| *times > 3)).await;
    assert_eq!(collector.identity().not_after(), courier.figures().certificate_ends);
    assert!(matches!(house.register.revoke("sensors/none", house.hand.now()), Err(Error::UnknownCollector(_))));
    assert!(house.ledger.texts().iter().all(|text| !text.ends_with("#3")));
}

/// Whoever has the authority's key makes certificates; the register is what makes one a collector's.
#[tokio::test]
async fn a_register_that_is_gone_knows_nobody() {
    let house = House::new().await;
    let collector = house.collector().await;
    let courier = collector.courier();
    let folder = tempfile::tempdir().unwrap();
    let register = Arc::new(Register::open(folder.path(), house.register.authority().clone()).unwrap());
    let server =
        link::Server::new(register, house.ledger.clone(), house.hand.clock(), link::server::Options::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { server.serve(listener).await });
    let elsewhere = link::Courier::start(
        crate::common::open_spool(&folder.path().join("spool")),
        collector.identity(),
        &address,
        house.hand.clock(),
        crate::common::impatient(),
    );
    until("refused", || elsewhere.figures().trouble.is_some_and(|trouble| trouble.code == "link.revoked")).await;
    drop(courier);
}

#[tokio::test]
async fn who_may_deliver_outlasts_a_restart_and_a_line_cut_off() {
    let house = House::new().await;
    let (first, second) = (house.collector().await, house.collector().await);
    house.register.revoke(&second.name, house.hand.now()).unwrap();
    let (known, tokens) = (house.register.collectors(), house.register.tokens(house.hand.now()));
    let log = std::fs::read(house.folder.path().join("collectors.log")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collectors.log");
    let open = || Register::open(folder.path(), house.register.authority().clone());
    for spare in [&b""[..], b"{\"coll", b"\0\0\0"] {
        std::fs::write(&path, [&log, spare].concat()).unwrap();
        let register = open().unwrap();
        assert_eq!((register.collectors(), register.tokens(house.hand.now())), (known.clone(), tokens.clone()));
        register.revoke(&first.name, house.hand.now()).unwrap();
        drop(register);
        assert!(open().unwrap().collectors().iter().all(|collector| collector.revoked.is_some()));
    }
    // Damage in the middle is for somebody to look at.
    let mut damaged = log.clone();
    damaged[2] = b'x';
    std::fs::write(&path, damaged).unwrap();
    assert!(matches!(open(), Err(Error::Damaged { .. })));
}

#[test]
fn a_register_with_a_long_past_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let now = jiff::Timestamp::from_second(crate::common::START).unwrap();
    let authority = Arc::new(Authority::open(folder.path(), now).unwrap());
    let open = || Register::open(folder.path(), authority.clone()).unwrap();
    let token = open().make_token("sensors", 1, SignedDuration::from_hours(1), now).unwrap();
    let path = folder.path().join("collectors.log");
    let line = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, line.repeat(1200)).unwrap();
    let known = open().tokens(now);
    assert_eq!((std::fs::read_to_string(&path).unwrap(), known.len()), (line, 1));
    open().make_token("agents", 1, SignedDuration::from_hours(1), now).unwrap();
    assert_eq!(open().tokens(now).len(), 2);
    assert!(!token.is_empty());
}

#[tokio::test]
async fn one_process_has_the_register() {
    let house = House::new().await;
    let second = Register::open(house.folder.path(), house.register.authority().clone());
    assert!(matches!(second, Err(Error::InUse(_))));
}

#[test]
fn what_could_not_be_written_down_was_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let now = jiff::Timestamp::from_second(crate::common::START).unwrap();
    let authority = Arc::new(Authority::open(folder.path(), now).unwrap());
    let fails = Arc::new(AtomicBool::new(false));
    let failing = fails.clone();
    let disk = Disk::failing(move |act, _| match act {
        Act::Sync if failing.load(Ordering::SeqCst) => Err(std::io::Error::from_raw_os_error(28)),
        _ => Ok(()),
    });
    let register = Register::open_on(folder.path(), authority.clone(), disk).unwrap();
    let make = || register.make_token("sensors", 1, SignedDuration::from_hours(1), now);
    make().unwrap();
    fails.store(true, Ordering::SeqCst);
    assert!(matches!(make(), Err(Error::Disk { .. })));
    fails.store(false, Ordering::SeqCst);
    make().unwrap();
    assert_eq!(register.tokens(now).len(), 2);
    drop(register);
    assert_eq!(Register::open(folder.path(), authority).unwrap().tokens(now).len(), 2);
}

#[test]
fn the_authority_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let now = jiff::Timestamp::from_second(crate::common::START).unwrap();
    let first = Authority::open(folder.path(), now).unwrap().fingerprint();
    assert_eq!(Authority::open(folder.path(), now).unwrap().fingerprint(), first);
    std::fs::write(folder.path().join("authority.key"), "x").unwrap();
    assert!(matches!(Authority::open(folder.path(), now), Err(Error::Damaged { .. })));
}

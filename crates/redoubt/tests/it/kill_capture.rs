//! A reading of captures that is killed is told as broken off by whoever looks next, and reading it again completes it.

use std::path::Path;
use std::process::{Command, Stdio};
use store::{Capture, CaptureState, Options, Store};

/// Of the first capture that is tried; a machine that has read it before it can be killed gets one twice as large.
const CONVERSATIONS: u32 = 60_000;
const CONVERSATIONS_MAX: u32 = 16 * CONVERSATIONS;

/// A capture of datagrams, each a conversation of its own.
fn capture(path: &Path, conversations: u32) {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    for n in 0..conversations {
        let mut packet = vec![0x45, 0, 0, 29, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 7, 10];
        packet.extend_from_slice(&n.to_be_bytes()[1..]);
        packet.extend([0x1b, 0x58, 0, 9, 0, 9, 0, 0, b'x']);
        for value in [1_496_300_000 + n / 100, 0, packet.len() as u32, packet.len() as u32] {
            file.extend(value.to_le_bytes());
        }
        file.extend(packet);
    }
    std::fs::write(path, file).unwrap();
}

fn read(data: &Path, capture: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redoubt"));
    command.args(["--lang", "en", "sensor", "read", "--json"]).arg(capture).arg("--data").arg(data);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn stored<T>(data: &Path, ask: impl AsyncFnOnce(&Store) -> T) -> Option<T> {
    let file = data.join("redoubt.db");
    if !file.exists() {
        return None;
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let store =
            Store::open(&format!("sqlite:{}", file.display()), &Options::at(jiff::Timestamp::now())).await.ok()?;
        let answer = ask(&store).await;
        store.close().await;
        Some(answer)
    })
}

fn named(data: &Path, name: &str) -> Option<Capture> {
    let captures = stored(data, async |store| store.traffic().captures(None, 50).await.unwrap().rows)?;
    captures.into_iter().find(|capture| capture.name == name)
}

/// Kills a reading in the middle: something is stored, and not all of it. Says whether it came in time.
fn killed(data: &Path, capture: &Path) -> bool {
    let mut reading = read(data, capture).spawn().unwrap();
    while reading.try_wait().unwrap().is_none() {
        let rows = async |store: &Store| store.traffic().counts().await.unwrap().sessions;
        if stored(data, rows).is_some_and(|sessions| sessions > 0) {
            break;
        }
    }
    reading.kill().unwrap();
    reading.wait().unwrap();
    named(data, "big.pcap").unwrap().state == CaptureState::Reading
}

#[test]
fn a_killed_reading_is_told_as_broken_off_and_reading_again_completes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (big, small) = (folder.path().join("big.pcap"), folder.path().join("small.pcap"));
    capture(&small, 3);
    let mut conversations = CONVERSATIONS;
    let data = loop {
        let data = folder.path().join(format!("data-{conversations}"));
        capture(&big, conversations);
        if killed(&data, &big) {
            break data;
        }
        conversations *= 2;
        assert!(conversations <= CONVERSATIONS_MAX, "it always ended before it was killed");
    };

    // Whoever looks next tells it: the lock went with the process, nobody waits for a time to pass.
    assert!(read(&data, &small).output().unwrap().status.success());
    let broken = named(&data, "big.pcap").unwrap();
    assert_eq!(broken.state, CaptureState::BrokenOff);
    assert_eq!(broken.outcome.ending.unwrap().code, "api.capture-broken-off");
    let rows = stored(&data, async |store| store.traffic().counts().await.unwrap().sessions).unwrap();
    assert_eq!(broken.outcome.sessions + 3, rows, "it says what is there");
    assert!(broken.outcome.sessions < conversations.into());

    assert!(read(&data, &big).output().unwrap().status.success());
    let whole = named(&data, "big.pcap").unwrap();
    assert_eq!((whole.state, whole.outcome.sessions), (CaptureState::Done, conversations.into()));
    let rows = stored(&data, async |store| store.traffic().counts().await.unwrap().sessions).unwrap();
    assert_eq!(rows, u64::from(conversations) + 3);
    let locks = std::fs::read_dir(data.join("captures")).unwrap().flatten();
    assert_eq!(locks.filter(|file| file.path().extension().is_some_and(|end| end == "reading")).count(), 0);
}

#[test]
fn what_does_not_go_with_a_servers_data_is_refused_with_its_reason_and_the_rest_works_together() {
    let folder = tempfile::tempdir().unwrap();
    let (data, small) = (folder.path().join("data"), folder.path().join("small.pcap"));
    capture(&small, 3);
    let merged = read(&data, &small).arg("--merged").stderr(Stdio::piped()).output().unwrap();
    assert_eq!(merged.status.code(), Some(1));
    let told = String::from_utf8_lossy(&merged.stderr).into_owned();
    assert!(told.contains("each capture is stored by itself"), "{told}");
    let piped = read(&data, Path::new("-")).stderr(Stdio::piped()).output().unwrap();
    assert!(String::from_utf8_lossy(&piped.stderr).contains("save it to a file"), "{piped:?}");

    let eve = folder.path().join("eve.json");
    let together = read(&data, &small)
        .arg("--eve")
        .arg(&eve)
        .args(["--options", "midstream,ethernet", "--workers", "1", "--keep-files"])
        .arg(folder.path().join("files"))
        .output()
        .unwrap();
    assert!(together.status.success(), "{together:?}");
    assert_eq!(std::fs::read_to_string(&eve).unwrap().lines().count(), 3);
    assert_eq!(named(&data, "small.pcap").unwrap().outcome.sessions, 3);
}

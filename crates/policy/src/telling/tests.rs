#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::said::tests::speaks;
use proptest::prelude::*;

fn ran() -> Told {
    Told {
        at: 1_494_547_200,
        what: What::Ran(Box::new(Ran {
            kind: Kind::Program,
            path: "/opt/tool".to_owned(),
            sha256: Some(Digest([7; 32])),
            origin: Origin::Nobody,
            writer: None,
            parent: Some("/bin/sh".to_owned()),
            user: Some(1000),
            bytes: Some(4096),
            outcome: Outcome::WouldBlock,
            verdict: Verdict { may: false, rung: Rung::Unknown, why: Message::new("execution.unknown") },
            count: 1,
            essential: false,
        })),
    }
}

#[test]
fn what_is_told_is_read_as_it_was() {
    let gap = Told { at: 2, what: What::Gap { why: Message::new("exec.lost"), seconds: 3 } };
    let connection = Connection {
        transport: Transport::Tcp,
        local: "10.0.0.5:40001".parse().unwrap(),
        remote: "[fe80::1]:443".parse().unwrap(),
    };
    let happened = Happened {
        activity: Activity::Opened,
        pid: Some(7),
        program: Some(Program { path: "/usr/bin/curl".to_owned(), sha256: None, origin: None, command_line: None }),
        user: Some("web".to_owned()),
        ancestors: vec!["/bin/sh".to_owned()],
        connection: Some(connection),
        from: None,
        module: None,
    };
    let happened = Told { at: 3, what: What::Happened(Box::new(happened)) };
    let all = [ran(), gap, happened];
    assert_eq!(read(&lines(&all).unwrap()).unwrap(), all);
    assert_eq!(read(b"\n\n").unwrap(), []);
}

#[test]
fn a_batch_with_one_bad_line_is_refused_with_its_number() {
    let mut bytes = lines(&[ran()]).unwrap();
    bytes.extend_from_slice(b"{\"at\":1,\"told\":\"nothing\"}\n");
    let why = read(&bytes).unwrap_err();
    assert!(matches!(why, BadTelling::Unreadable { line: 2, .. }), "{why:?}");
    speaks(&why.message());
    let long = vec![b'x'; LINE_BYTES_MAX + 1];
    let why = read(&long).unwrap_err();
    assert_eq!(why, BadTelling::TooLong { line: 1, bytes: LINE_BYTES_MAX + 1, most: LINE_BYTES_MAX });
    speaks(&why.message());
    speaks(&BadTelling::TooMany { most: LINES_MAX }.message());
}

#[test]
fn a_report_keeps_to_bounds_and_knows_what_later_versions_add() {
    let report = Report { version: "1".to_owned(), machine: "é".repeat(TEXT_BYTES_MAX), ..Report::default() };
    let mut value = serde_json::to_value(&report).unwrap();
    value["of-a-later-version"] = true.into();
    value["group"] = "no group\n".into();
    let read = Report::read(value.to_string().as_bytes()).unwrap();
    assert_eq!((read.machine.len(), read.group), (TEXT_BYTES_MAX, None));
    assert!(Report::read(b"[]").is_err());
    assert!(Report::read(&vec![b' '; REPORT_BYTES_MAX + 1]).is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let _ = (read(&bytes), Report::read(&bytes));
        let mut bent = lines(&[ran()]).unwrap();
        let at = at.index(bent.len());
        bent[at] = to;
        let _ = read(&bent);
    }
}

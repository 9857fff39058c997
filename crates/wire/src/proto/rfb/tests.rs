use super::*;
use crate::session::{Protocol, Side};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn screen() -> Vec<u8> {
    let mut data = vec![0, 80, 0, 60, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];
    data.extend([0, 0, 0, 2]);
    data.extend(b"pc");
    data
}

#[test]
fn a_session_with_a_password_is_read() {
    // RFC 6143, section 7.1 and 7.2.2.
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    for (side, data) in [
        (Side::Responder, b"RFB 003.008\n".to_vec()),
        (Side::Originator, b"RFB 003.008\n".to_vec()),
        (Side::Responder, vec![1, 2]),
        (Side::Originator, vec![2]),
        (Side::Responder, vec![0xaa; 16]),
        (Side::Originator, vec![0xbb; 16]),
        (Side::Responder, vec![0, 0, 0, 0]),
        (Side::Originator, vec![1]),
        (Side::Responder, screen()),
    ] {
        assert_eq!(feed(&mut room, side, &data, &mut sink), [], "{data:?}");
    }
    expect_test::expect![[r#"rfb {"rfb":{"server_protocol_version":{"major":"003","minor":"008"},"client_protocol_version":{"major":"003","minor":"008"},"authentication":{"security_type":2,"vnc":{"challenge":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","response":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"security_result":"OK"},"screen_shared":true,"framebuffer":{"width":80,"height":60,"name":"pc","pixel_format":{"bits_per_pixel":32,"depth":24,"big_endian":false,"true_color":true,"red_max":255,"green_max":255,"blue_max":255,"red_shift":16,"green_shift":8,"blue_shift":0}}}}"#]].assert_eq(&sink.lines.join("\n"));
}

/// What is told when a server of this version says these things after the versions.
fn refused(version: &[u8], said: &[(Side, &[u8])]) -> String {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    for side in [Side::Responder, Side::Originator] {
        assert_eq!(feed(&mut room, side, version, &mut sink), []);
    }
    for (side, data) in said {
        feed(&mut room, *side, data, &mut sink);
    }
    room.end(&mut sink);
    sink.lines.join("\n")
}

#[test]
fn why_a_server_goes_no_further_is_told() {
    let reason = [&[0, 0, 0, 4][..], b"full"].concat();
    let none = [&[0][..], &reason].concat();
    let told = refused(b"RFB 003.008\n", &[(Side::Responder, &none)]);
    assert!(told.contains(r#""server_security_failure_reason":"full""#), "{told}");
    let old = refused(b"RFB 003.003\n", &[(Side::Responder, &[0, 0, 0, 0]), (Side::Responder, &reason)]);
    assert!(old.contains(r#""security_type":0"#) && old.contains(r#"reason":"full""#), "{old}");
    let failed = [&[0, 0, 0, 1][..], &reason].concat();
    let wrong: [(Side, &[u8]); 5] = [
        (Side::Responder, &[1, 2]),
        (Side::Originator, &[2]),
        (Side::Responder, &[7; 16]),
        (Side::Originator, &[8; 16]),
        (Side::Responder, &failed),
    ];
    let told = refused(b"RFB 003.008\n", &wrong);
    assert!(told.contains(r#""security_result":"FAIL"},"server_security_failure_reason":"full""#), "{told}");
    // Before version 3.8 a failure has no words, and a reason that does not come keeps nothing back.
    assert!(refused(b"RFB 003.007\n", &wrong).contains("FAIL"));
    assert!(refused(b"RFB 003.008\n", &[(Side::Responder, &[0, 0, 0, 0, 9])]).contains("rfb"));
}

#[test]
fn any_split_gives_the_same() {
    let stream = [b"RFB 003.008\n".to_vec(), vec![2], vec![0xbb; 16], vec![1]].concat();
    assert_eq!(split_anywhere(|| Box::new(Conversation::default()), Side::Originator, &stream).len(), 1);
}

proptest! {
    #[test]
    fn no_bytes_panic(says in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..6)) {
        let (mut room, mut sink) = (Conversation::default(), Recorder::default());
        feed(&mut room, Side::Responder, b"RFB 003.008\n", &mut sink);
        for (server, data) in says {
            feed(&mut room, if server { Side::Responder } else { Side::Originator }, &data, &mut sink);
        }
        room.end(&mut sink);
    }
}

use super::*;
use crate::session::{Protocol, Side};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

/// RFC 4253, sections 4.2, 6 and 7.1.
fn opening() -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend([1; 16]);
    for list in ["kex", "key", "aes-c", "aes-s", "mac-c", "mac-s", "none", "zlib", "", ""] {
        payload.extend((list.len() as u32).to_be_bytes());
        payload.extend(list.as_bytes());
    }
    payload.extend([0; 5]);
    let mut stream = b"SSH-2.0-OpenSSH_5.3 Debian\r\n".to_vec();
    stream.extend((payload.len() as u32 + 5).to_be_bytes());
    stream.push(4);
    stream.extend(payload);
    stream.extend([0; 4]);
    stream
}

#[test]
fn both_sides_are_told_with_hassh() {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    feed(&mut room, Side::Originator, &opening(), &mut sink);
    feed(&mut room, Side::Responder, &opening(), &mut sink);
    expect_test::expect![[r#"ssh {"ssh":{"client":{"proto_version":"2.0","software_version":"OpenSSH_5.3","hassh":{"hash":"1aa9c181863f84623973aa907ffe3d48","string":"kex;aes-c;mac-c;none"}},"server":{"proto_version":"2.0","software_version":"OpenSSH_5.3","hassh":{"hash":"4b6a9f4990fbef03f9c40e1d378c4ef5","string":"kex;aes-s;mac-s;zlib"}}}}"#]].assert_eq(&sink.lines.join("\n"));
}

#[test]
fn any_split_gives_the_same() {
    let lines = split_anywhere(|| Box::new(Conversation::default()), Side::Responder, &opening());
    assert_eq!(lines.len(), 1);
}

#[test]
fn a_banner_without_end_is_marked() {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    let banner = [b"SSH-2.0-".to_vec(), vec![b'A'; 300]].concat();
    feed(&mut room, Side::Originator, &banner, &mut sink);
    room.end(&mut sink);
    assert_eq!(sink.lines.first().map(String::as_str), Some("mark ssh.banner-too-long"));
    assert_eq!(sink.lines.len(), 2);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (mut room, mut sink) = (Conversation::default(), Recorder::default());
        feed(&mut room, Side::Originator, &[b"SSH-2.0-x\r\n", data.as_slice()].concat(), &mut sink);
        feed(&mut room, Side::Responder, &data, &mut sink);
        room.end(&mut sink);
    }

    #[test]
    fn no_mutation_panics(at in 0usize..100, byte in any::<u8>()) {
        let mut data = opening();
        if let Some(slot) = data.get_mut(at) { *slot = byte; }
        feed(&mut Conversation::default(), Side::Responder, &data, &mut Recorder::default());
    }
}

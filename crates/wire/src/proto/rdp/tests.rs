use super::*;
use crate::session::{Over, Probe, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

const WAY: Way = Way { over: Over::Tcp, from_port: 40000, to_port: 3389 };

fn tpkt(x224: &[u8]) -> Vec<u8> {
    [&[3, 0][..], &(x224.len() as u16 + 4).to_be_bytes(), x224].concat()
}

/// MS-RDPBCGR, section 2.2.1.1.
fn request() -> Vec<u8> {
    let variable = b"Cookie: mstshash=user\r\n\x01\x00\x08\x00\x00\x00\x00\x00";
    tpkt(&[&[variable.len() as u8 + 6, 0xe0, 0, 0, 0, 0, 0][..], variable].concat())
}

fn confirm(protocol: u8) -> Vec<u8> {
    tpkt(&[14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, protocol, 0, 0, 0])
}

fn block(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(body.len() as u16 + 4).to_le_bytes(), body].concat()
}

/// Sections 2.2.1.3 and 2.2.1.3.2: an XP client that brings devices.
fn client_data() -> Vec<u8> {
    let mut core = 0x0008_0004u32.to_le_bytes().to_vec();
    core.extend([0, 4, 0, 3, 1, 0xca, 3, 0xaa, 9, 4, 0, 0]);
    core.extend(2600u32.to_le_bytes());
    let mut name = [0; 32];
    *name.first_mut().unwrap() = b'P';
    core.extend(name);
    core.extend([4, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0]);
    core.extend([0; 64]);
    let channels = [&[1, 0, 0, 0][..], b"rdpdr\0\0\0", &[0; 4]].concat();
    let blocks = [block(0xc001, &core), block(0xc003, &channels)].concat();
    let length = (blocks.len() as u16 | 0x8000).to_be_bytes();
    tpkt(&[&[2, 0xf0, 0x80, 0x7f, 0x65, 0, 0][..], b"Duca", &length, &blocks].concat())
}

/// Section 2.2.1.4: a server of that time, without encryption, that gives the channel number 1004.
fn server_data() -> Vec<u8> {
    let blocks =
        [block(0x0c01, &[4, 0, 8, 0]), block(0x0c02, &[0; 8]), block(0x0c03, &[0xeb, 3, 1, 0, 0xec, 3])].concat();
    let length = (blocks.len() as u16 | 0x8000).to_be_bytes();
    tpkt(&[&[2, 0xf0, 0x80, 0x7f, 0x66, 0, 0][..], b"McDn", &length, &blocks].concat())
}

fn channel_data(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16 | 0x8000).to_be_bytes();
    tpkt(&[&[2, 0xf0, 0x80, 0x64, 0, 1, 0x03, 0xec, 0x70][..], &length, data].concat())
}

#[test]
fn smart_cards_under_old_encryption_are_marked() {
    assert_eq!(probe(WAY, &request()), Probe::Client);
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    feed(&mut room, Side::Originator, &request(), &mut sink);
    feed(&mut room, Side::Responder, &confirm(0), &mut sink);
    feed(&mut room, Side::Originator, &client_data(), &mut sink);
    feed(&mut room, Side::Responder, &server_data(), &mut sink);
    feed(&mut room, Side::Originator, &channel_data(b"\x20\0\0\0\x01\0\0\0SCARD\0\0\0"), &mut sink);
    feed(&mut room, Side::Originator, &channel_data(&[0; 3000]), &mut sink);
    expect_test::expect![[r#"
        rdp {"rdp":{"tx_id":0,"event_type":"initial_request","cookie":"user"}}
        rdp {"rdp":{"tx_id":1,"event_type":"initial_response","protocol":"rdp"}}
        rdp {"rdp":{"tx_id":2,"event_type":"connect_request","client":{"version":"v5","desktop_width":1024,"desktop_height":768,"color_depth":8,"keyboard_layout":"en-US","build":"Windows XP","client_name":"P","keyboard_type":"enhanced","function_keys":12},"channels":["rdpdr"]}}
        mark rdp.legacy-encryption method 0 level 0
        mark rdp.server-before-vista
        mark rdp.device-redirection-legacy client "P" build 2600 channels rdpdr
        rdp {"rdp":{"tx_id":3,"event_type":"connect_response","encryption_method":0,"encryption_level":0}}
        mark rdp.smartcard-announced-legacy SCARD
        mark rdp.device-chunk-overlong 3000"#]].assert_eq(&sink.lines.join("\n"));
}

#[test]
fn a_server_that_chooses_tls_goes_on_in_it() {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    feed(&mut room, Side::Originator, &request(), &mut sink);
    feed(&mut room, Side::Responder, &confirm(1), &mut sink);
    let rest = feed(&mut room, Side::Originator, &[22, 3, 1, 0, 4], &mut sink);
    assert_eq!(rest.len(), 5);
    assert!(sink.lines.get(1).unwrap().contains(r#""protocol":"ssl""#), "{:?}", sink.lines);
}

#[test]
fn any_split_gives_the_same() {
    let stream = [request(), client_data()].concat();
    assert_eq!(split_anywhere(|| Box::new(Conversation::default()), Side::Originator, &stream).len(), 2);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..200), server in any::<bool>()) {
        let side = if server { Side::Responder } else { Side::Originator };
        let (mut room, mut sink) = (Conversation::default(), Recorder::default());
        feed(&mut room, side, &tpkt(&data), &mut sink);
        feed(&mut room, side, &data, &mut sink);
        let _ = probe(WAY, &data);
    }

    #[test]
    fn no_mutation_panics(at in 0usize..250, byte in any::<u8>()) {
        for (side, mut data) in [(Side::Originator, client_data()), (Side::Responder, server_data())] {
            if let Some(slot) = data.get_mut(at) { *slot = byte; }
            feed(&mut Conversation::default(), side, &data, &mut Recorder::default());
        }
    }
}

use super::*;
use crate::session::{Over, Probe, Side, Way};
use crate::testing::{Recorder, feed};
use proptest::prelude::*;

/// RFC 2131, section 2: a request with a name, a wish and a list of parameters.
fn request() -> Vec<u8> {
    let mut data = vec![1, 1, 6, 0, 0, 0, 0x12, 0x34];
    data.extend([0; 20]);
    data.extend([2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    data.extend([0; 192]);
    data.extend([99, 130, 83, 99, 53, 1, 3, 12, 2, b'p', b'c', 50, 4, 192, 0, 2, 9, 55, 3, 1, 3, 44, 255]);
    data
}

#[test]
fn a_request_is_read_in_full() {
    let way = Way { over: Over::Udp, from_port: 68, to_port: 67 };
    assert_eq!(probe(way, &request()), Probe::Client);
    let mut sink = Recorder::default();
    sink.detail.dhcp = true;
    feed(&mut Conversation::new(true), Side::Originator, &request(), &mut sink);
    expect_test::expect![[r#"dhcp {"dhcp":{"type":"request","id":4660,"client_mac":"02:00:00:00:00:01","assigned_ip":"0.0.0.0","client_ip":"0.0.0.0","dhcp_type":"request","hostname":"pc","requested_ip":"192.0.2.9","params":["subnet_mask","router"]}}"#]].assert_eq(&sink.lines.join("\n"));
}

proptest! {
    #[test]
    fn no_options_panic(data in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut all = request();
        all.truncate(240);
        all.extend(&data);
        feed(&mut Conversation::new(true), Side::Originator, &all, &mut Recorder::default());
        let _ = message(&data);
    }
}

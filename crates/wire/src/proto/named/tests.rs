use super::*;
use crate::session::{Over, Probe, Way};
use proptest::prelude::*;

fn way(over: Over, to_port: u16) -> Way {
    Way { over, from_port: 40000, to_port }
}

#[test]
fn each_is_known_by_its_first_bytes() {
    let mut time = vec![0x23];
    time.extend([0; 47]);
    assert_eq!(ntp(way(Over::Udp, 123), &time), Probe::Client);
    assert_eq!(ntp(way(Over::Udp, 124), &time), Probe::No);
    assert_eq!(telnet(way(Over::Tcp, 23), &[255, 253, 24]), Probe::Either);
    assert_eq!(telnet(way(Over::Tcp, 4444), &[255, 253, 24, 255, 251, 1]), Probe::Either);
    assert_eq!(modbus(way(Over::Tcp, 502), &[0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]), Probe::Either);
    assert_eq!(dnp3(way(Over::Tcp, 20000), &[5, 0x64, 5, 0xc0]), Probe::Either);
    assert_eq!(bittorrent_dht(way(Over::Udp, 6881), b"d1:ad2:id20:abcdefghij"), Probe::Client);
    let session = [&[0x65, 0, 4, 0][..], &[0; 24]].concat();
    assert_eq!(enip(way(Over::Tcp, 44818), &session), Probe::Either);
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..60), port in any::<u16>()) {
        for over in [Over::Tcp, Over::Udp] {
            for probe in [ntp, telnet, modbus, enip, dnp3, bittorrent_dht] {
                let _ = probe(way(over, port), &data);
            }
        }
    }
}

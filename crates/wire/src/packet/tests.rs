use super::defrag::Defragmenter;
use super::*;
use proptest::prelude::*;
use std::net::IpAddr;

/// What a frame holds, a line each.
fn show(link: LinkType, frame: &[u8]) -> Vec<String> {
    let mut seen = Vec::new();
    decode(link, frame, frame.len() as u32, Rules { checksums: false }, &mut |layer| {
        seen.push(match layer {
            Layer::Packet(packet) => {
                let tags = packet.link.vlan_ids().iter().map(|tag| format!("vlan {tag} ")).collect::<String>();
                let Net { source, destination, .. } = packet.net;
                let what = match packet.transport {
                    Transport::Tcp(tcp) => format!("tcp {}>{}", tcp.source, tcp.destination),
                    Transport::Udp { source, destination } => format!("udp {source}>{destination}"),
                    Transport::Icmp(icmp) => format!("icmp {}/{}", icmp.kind, icmp.code),
                    Transport::Sctp { source, destination } => format!("sctp {source}>{destination}"),
                    Transport::Esp { spi } => format!("esp {spi:#x}"),
                    Transport::Other => format!("protocol {}", packet.net.protocol),
                };
                format!("{tags}{source}>{destination} {what} {}B", packet.payload.len())
            }
            Layer::Piece(piece) => format!("piece {:?} {}B", piece.fragment, piece.data.len()),
            Layer::Arp(arp) => format!("arp {} {}>{}", arp.operation, arp.source, arp.target),
            Layer::Odd(odd) => format!("{odd:?}"),
        });
    });
    seen
}

fn ethernet(kind: u16, rest: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &kind.to_be_bytes(), rest].concat()
}

fn ipv4(protocol: u8, flags_offset: u16, payload: &[u8]) -> Vec<u8> {
    let total = (20 + payload.len()) as u16;
    let mut header =
        [&[0x45, 0][..], &total.to_be_bytes(), &[0, 9], &flags_offset.to_be_bytes(), &[64, protocol, 0, 0]].concat();
    header.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    header.extend(payload);
    header
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = [&[0x60, 0, 0, 0][..], &(payload.len() as u16).to_be_bytes(), &[next, 64]].concat();
    header.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    header.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    header.extend(payload);
    header
}

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    [&source.to_be_bytes()[..], &destination.to_be_bytes(), &length.to_be_bytes(), &[0, 0], payload].concat()
}

#[test]
fn tags_labels_and_pppoe_are_taken_off() {
    let inner = ipv4(17, 0, &udp(5, 53, b"hello"));
    let qinq = [&[0, 100, 0x81, 0x00, 0x20, 7, 0x08, 0x00][..], &inner].concat();
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x88a8, &qinq)), ["vlan 100 vlan 7 10.0.0.1>10.0.0.2 udp 5>53 5B"]);
    let mpls = [&[0, 1, 0, 64, 0, 2, 0x01, 64][..], &inner].concat();
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x8847, &mpls)), ["10.0.0.1>10.0.0.2 udp 5>53 5B"]);
    let pppoe = [&[0x11, 0, 0, 1, 0, 40, 0, 0x21][..], &inner].concat();
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x8864, &pppoe)), ["10.0.0.1>10.0.0.2 udp 5>53 5B"]);
    let ip = ["10.0.0.1>10.0.0.2 udp 5>53 5B"];
    let vn_tag = [&[0, 0, 0, 1, 0x08, 0x00][..], &inner].concat();
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x8926, &vn_tag)), ip);
    let e_tag = [&[0, 0, 0, 1, 0, 0, 0x08, 0x00][..], &inner].concat();
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x893f, &e_tag)), ip);
    let backbone = [&[0, 0, 0, 9][..], &ethernet(0x8100, &[&[0, 5, 0x08, 0x00][..], &inner].concat())].concat();
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x88e7, &backbone)), ["vlan 5 10.0.0.1>10.0.0.2 udp 5>53 5B"]);
    // A context of four words follows the two of the header.
    let chain = |next| [&[0x0f, 0xc6, 1, next, 0, 0, 1, 255][..], &[0; 16]].concat();
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x894f, &[chain(1), inner.clone()].concat())), ip);
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x894f, &[chain(3), ethernet(0x0800, &inner)].concat())), ip);
    for kind in [0x8926, 0x893f, 0x88e7, 0x894f] {
        assert_eq!(show(LinkType::ETHERNET, &ethernet(kind, &[0, 63, 0])), ["LinkTruncated"]);
    }
    assert_eq!(show(LinkType::ETHERNET, &ethernet(0x8100, &[0, 1, 0x81])), ["LinkTruncated"]);
    assert_eq!(show(LinkType(999), &inner), ["LinkUnknown"]);
}

#[test]
fn tunnels_give_the_outer_and_the_inner_conversation() {
    let inner = ipv4(17, 0, &udp(5, 53, b"x"));
    let gre = [&[0, 0, 0x08, 0][..], &inner].concat();
    assert_eq!(
        show(LinkType::RAW, &ipv4(47, 0, &gre)),
        ["10.0.0.1>10.0.0.2 protocol 47 33B", "10.0.0.1>10.0.0.2 udp 5>53 1B"]
    );
    let vxlan = [&[8, 0, 0, 0, 0, 0, 1, 0][..], &ethernet(0x0800, &inner)].concat();
    assert_eq!(
        show(LinkType::RAW, &ipv4(17, 0, &udp(40000, 4789, &vxlan))),
        ["10.0.0.1>10.0.0.2 udp 40000>4789 51B", "10.0.0.1>10.0.0.2 udp 5>53 1B"]
    );
    // GENEVE with one option of four bytes.
    let geneve = [&[1, 0, 8, 0, 0, 0, 1, 0, 9, 9, 9, 9][..], &inner].concat();
    assert_eq!(
        show(LinkType::RAW, &ipv4(17, 0, &udp(40000, 6081, &geneve))),
        ["10.0.0.1>10.0.0.2 udp 40000>6081 41B", "10.0.0.1>10.0.0.2 udp 5>53 1B"]
    );
    let mut deep = inner;
    for _ in 0..=TUNNELS_MAX {
        deep = ipv4(4, 0, &deep);
    }
    assert_eq!(show(LinkType::RAW, &deep).last().map(String::as_str), Some("TunnelTooDeep"));
}

#[test]
fn extension_headers_lead_to_the_transport() {
    let hop_by_hop = [&[60, 0, 5, 2, 0, 0, 1, 0][..], &[17, 0, 0, 0, 0, 0, 0, 0], &udp(1, 2, b"abc")].concat();
    assert_eq!(show(LinkType::RAW, &ipv6(0, &hop_by_hop)), ["fe80::1>fe80::2 udp 1>2 3B"]);
    let atomic = [&[17, 0, 0, 0, 0, 0, 0, 7][..], &udp(1, 2, b"abc")].concat();
    assert_eq!(show(LinkType::RAW, &ipv6(44, &atomic)), ["fe80::1>fe80::2 udp 1>2 3B"]);
    let endless = [60u8, 0, 0, 0, 0, 0, 0, 0].repeat(40);
    assert_eq!(show(LinkType::RAW, &ipv6(60, &endless)), ["Ipv6ExtensionsTooMany"]);
}

#[test]
fn lengths_that_lie_are_odd() {
    let mut short = ipv4(17, 0, &udp(1, 2, b"abcdef"));
    short[2..4].copy_from_slice(&10u16.to_be_bytes());
    assert_eq!(show(LinkType::RAW, &short), ["IpBadTotalLength"]);
    assert_eq!(show(LinkType::RAW, &ipv4(6, 0, &[0; 12])), ["TransportTruncated"]);
    assert_eq!(show(LinkType::RAW, &ipv4(6, 0, &[0; 20])), ["TcpBadOffset"]);
    assert_eq!(show(LinkType::RAW, &[0x20]), ["IpBadVersion"]);
}

fn pieces(whole: &[u8], order: &[usize], size: usize) -> Option<Vec<u8>> {
    let mut defragmenter = Defragmenter::default();
    let address = |last| IpAddr::from([10, 0, 0, last]);
    let net = Net { source: address(1), destination: address(2), protocol: 17, ttl: 64 };
    let mut result = None;
    for number in order {
        let (start, end) = (number * size, ((number + 1) * size).min(whole.len()));
        let fragment = Fragment { id: 1, offset: start as u32, more: end < whole.len() };
        let data = &whole[start..end];
        let piece = Piece { link: Link::default(), net, fragment, data, wire_length: 0, tunnels: 0 };
        result = defragmenter.add(&piece, 0).or(result);
    }
    result.map(|assembled| assembled.data)
}

proptest! {
    #[test]
    fn any_order_of_the_pieces_gives_the_datagram(order in Just((0..9usize).collect::<Vec<_>>()).prop_shuffle()) {
        let whole: Vec<u8> = (0..70).collect();
        prop_assert_eq!(pieces(&whole, &order, 8), Some(whole));
    }

    #[test]
    fn no_frame_panics(link in prop_oneof![Just(1u16), Just(0), Just(9), Just(101), Just(113), Just(276), Just(104)], frame in proptest::collection::vec(any::<u8>(), 0..120)) {
        show(LinkType(link), &frame);
    }

    #[test]
    fn no_mutation_of_a_tunnel_panics(at in 0usize..120, byte in any::<u8>(), cut in 0usize..120) {
        let inner = ipv6(0, &[&[60, 0, 5, 2, 0, 0, 1, 0][..], &[17, 0, 0, 0, 0, 0, 0, 0], &udp(1, 2, b"abc")].concat());
        let mut frame = ethernet(0x0800, &ipv4(47, 0, &[&[0, 0, 0x86, 0xdd][..], &inner].concat()));
        if let Some(slot) = frame.get_mut(at) { *slot = byte; }
        frame.truncate(cut);
        show(LinkType::ETHERNET, &frame);
    }
}

#[test]
fn the_first_of_overlapping_pieces_wins() {
    let mut defragmenter = Defragmenter::default();
    let address = |last| IpAddr::from([10, 0, 0, last]);
    let net = Net { source: address(1), destination: address(2), protocol: 17, ttl: 64 };
    let mut add = |offset, more, data: &[u8]| {
        let fragment = Fragment { id: 1, offset, more };
        defragmenter.add(&Piece { link: Link::default(), net, fragment, data, wire_length: 0, tunnels: 0 }, 0)
    };
    assert!(add(0, true, b"AAAAAAAA").is_none());
    assert!(add(0, true, b"BBBBBBBBBBBBBBBB").is_none());
    assert_eq!(add(16, false, b"CC").map(|whole| whole.data), Some(b"AAAAAAAABBBBBBBBCC".to_vec()));
    assert_eq!(defragmenter.counts.overlaps, 1);
}

/// What a frame that is said to be of one pair holds must be of that pair.
fn assert_pair_is_right(link: LinkType, frame: &[u8]) {
    let Some(told) = pair_of_frame(link, frame) else { return };
    decode(link, frame, frame.len() as u32, Rules::default(), &mut |layer| match layer {
        Layer::Packet(packet) => assert_eq!(pair(packet.net.source, packet.net.destination), told, "{frame:02x?}"),
        Layer::Piece(_) | Layer::Arp(_) => panic!("not one whole datagram: {frame:02x?}"),
        Layer::Odd(_) => {}
    });
}

#[test]
fn frames_of_captures_are_given_to_their_pair() {
    let Some(folder) = testkit::data("eve/pcaps") else { return };
    let (mut known, mut all) = (0u32, 0u32);
    for entry in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let (mut reader, mut rest) = (crate::capture::Reader::default(), bytes.as_slice());
        loop {
            let used = match reader.step(rest) {
                crate::capture::Step::Frame { frame, used } => {
                    all += 1;
                    known += u32::from(pair_of_frame(frame.link, frame.data).is_some());
                    assert_pair_is_right(frame.link, frame.data);
                    used
                }
                crate::capture::Step::Skip { used } => used,
                _ => break,
            };
            let Some(next) = rest.get(used..) else { break };
            rest = next;
        }
    }
    assert!(known > all / 100 * 90, "{known} of {all} frames need no decoding");
}

proptest! {
    #[test]
    fn a_pair_is_never_wrong(
        link in prop::sample::select(vec![LinkType::ETHERNET, LinkType::LINUX_SLL, LinkType::RAW, LinkType::NULL]),
        kinds in prop::collection::vec(prop::sample::select(vec![0x8100u16, 0x88a8, 0x0800, 0x86dd, 0x8847, 0x8864]), 1..4),
        mut rest in prop::collection::vec(any::<u8>(), 0..120),
        version in prop::sample::select(vec![0x45u8, 0x46, 0x60, 0x4f]),
        protocol in prop::sample::select(vec![1u8, 4, 6, 17, 41, 44, 47, 58, 132]),
        ports in prop::sample::select(vec![[0x12u8, 0xb5], [0x17, 0xc1], [0, 80], [13, 0xd8]]),
    ) {
        let mut frame = vec![0; if link == LinkType::ETHERNET { 12 } else { 14 }];
        if link == LinkType::RAW { frame.clear() }
        for kind in &kinds {
            if link != LinkType::RAW { frame.extend(kind.to_be_bytes()) }
            if matches!(kind, 0x8100 | 0x88a8) { frame.extend([0, 1]) } else { break }
        }
        for (at, value) in [(0, version), (6, 0), (7, 0), (9, protocol), (20, ports[0]), (21, ports[1])] {
            if let Some(byte) = rest.get_mut(at) { *byte = value }
        }
        if version == 0x60 && let Some(byte) = rest.get_mut(6) { *byte = protocol }
        frame.extend(rest);
        assert_pair_is_right(link, &frame);
    }
}

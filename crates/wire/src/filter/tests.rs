use super::*;
use crate::capture::LinkType;
use crate::packet::{Layer, Rules, decode};
use proptest::prelude::*;

/// Runs a program as the kernel would; a load beyond the frame leaves it.
fn run(program: &[Instruction], frame: &[u8]) -> bool {
    let (mut a, mut x, mut at) = (0u32, 0u32, 0usize);
    let load = |at: u32, size: usize| {
        let bytes = frame.get(at as usize..at as usize + size)?;
        Some(bytes.iter().fold(0u32, |value, byte| value << 8 | u32::from(*byte)))
    };
    loop {
        let Instruction { code, jump_true, jump_false, value } = program[at];
        at += 1;
        let mut jump = |holds: bool| at += usize::from(if holds { jump_true } else { jump_false });
        let loaded = match code {
            0x20 => load(value, 4),
            0x28 => load(value, 2),
            0x30 => load(value, 1),
            0x48 => load(x + value, 2),
            0xb1 => load(value, 1).map(|byte| (byte & 15) * 4),
            _ => Some(a),
        };
        let Some(loaded) = loaded else { return false };
        match code {
            0xb1 => x = loaded,
            0x54 => a &= value,
            0x05 => at += value as usize,
            0x15 => jump(a == value),
            0x25 => jump(a > value),
            0x35 => jump(a >= value),
            0x45 => jump(a & value != 0),
            0x06 => return value != 0,
            _ => a = loaded,
        }
    }
}

fn wants(filter: &Filter, frame: &[u8]) -> bool {
    let mut wanted = false;
    decode(LinkType::ETHERNET, frame, 0, Rules::default(), &mut |layer| {
        if let Layer::Packet(packet) = layer {
            wanted |= packet.tunnels == 0 && filter.wants(&packet);
        }
    });
    wanted
}

fn frame(v6: bool, protocol: u8, hosts: (u8, u8), ports: (u16, u16)) -> Vec<u8> {
    let mut payload = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
    payload.extend([0, 20, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0]);
    let mut frame = vec![0; 12];
    if v6 {
        frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, payload.len() as u8, protocol, 64]);
        for host in [hosts.0, hosts.1] {
            frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
        }
    } else {
        frame.extend([8, 0, 0x46, 0, 0, 24 + payload.len() as u8, 0, 0, 0, 0, 64, protocol, 0, 0]);
        frame.extend([10, 0, 0, hosts.0, 10, 0, 0, hosts.1, 1, 1, 1, 1]);
    }
    frame.extend(payload);
    frame
}

fn check(text: &str, frame: &[u8]) -> bool {
    let filter = parse(text).unwrap().unwrap();
    let compiled = run(&compile(&filter).unwrap(), frame);
    assert_eq!(compiled, wants(&filter, frame), "{text}");
    compiled
}

#[test]
fn expressions_pick_packets() {
    let smb = frame(false, 6, (1, 2), (50000, 445));
    for (text, wanted) in [
        ("tcp port 445", true),
        ("udp port 445", false),
        ("src port 445", false),
        ("host 10.0.0.2 and tcp", true),
        ("src 10.0.0.2", false),
        ("net 10.0.0.0/31", true),
        ("dst net 10.0.0.0/31", false),
        ("not (ip6 or udp) and dst portrange 400-500", true),
        ("ip6 || icmp && tcp", false),
        ("net fd00::/64", false),
    ] {
        assert_eq!(check(text, &smb), wanted, "{text}");
    }
    assert!(check("net fd00::/64 and udp port 53", &frame(true, 17, (1, 2), (53, 9))));
}

#[test]
fn mistakes_are_named() {
    for (text, error) in [
        ("tcp port http", BadFilter::BadPort("http".to_owned())),
        ("host 10.0.0.300", BadFilter::BadAddress("10.0.0.300".to_owned())),
        ("net 10.0.0.0/40", BadFilter::BadAddress("10.0.0.0/40".to_owned())),
        ("(tcp", BadFilter::Unexpected(String::new())),
        ("tcp udp", BadFilter::Unexpected("udp".to_owned())),
    ] {
        assert_eq!(parse(text), Err(error), "{text}");
    }
    assert_eq!(parse(&"not ".repeat(100)), Err(BadFilter::TooLong));
    assert_eq!(parse(" "), Ok(None));
}

#[test]
fn a_long_program_reaches_its_ends() {
    let text: Vec<String> = (0..200).map(|number| format!("host 10.1.0.{number}")).collect();
    let text = format!("{} or port 445", text.join(" or "));
    assert!(check(&text, &frame(false, 6, (1, 2), (1, 445))));
    assert!(!check(&text, &frame(false, 6, (1, 2), (1, 446))));
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let direction = prop_oneof![Just(Direction::Either), Just(Direction::Source), Just(Direction::Destination)];
    let address = prop_oneof![Just("10.0.0.1"), Just("10.0.0.2"), Just("fd00::1"), Just("fd00::")];
    let net = (address, 0u8..=128).prop_map(|(text, prefix)| {
        let address: IpAddr = text.parse().unwrap();
        Net { address, prefix: if address.is_ipv4() { prefix.min(32) } else { prefix } }
    });
    let primitive = prop_oneof![
        Just(Primitive::Version4),
        Just(Primitive::Version6),
        prop_oneof![Just(6u8), Just(17), Just(1)].prop_map(Primitive::Protocol),
        (direction.clone(), net).prop_map(|(direction, net)| Primitive::Net(direction, net)),
        (direction, prop_oneof![Just(None), Just(Some(6u8)), Just(Some(17))], 0u16..4, 0u16..4)
            .prop_map(|(direction, only, low, high)| Primitive::Port(direction, only, low, high)),
    ];
    primitive.prop_map(Filter::Is).prop_recursive(5, 40, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Filter::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Filter::Or(Box::new(a), Box::new(b))),
            inner.prop_map(|a| Filter::Not(Box::new(a))),
        ]
    })
}

proptest! {
    /// The compiled program and the expression agree on every packet.
    #[test]
    fn the_kernel_is_asked_the_same_question(
        filter in any_filter(),
        v6 in any::<bool>(),
        protocol in prop_oneof![Just(6u8), Just(17)],
        hosts in (0u8..4, 0u8..4),
        ports in (0u16..4, 0u16..4),
    ) {
        let frame = frame(v6, protocol, hosts, ports);
        prop_assert_eq!(run(&compile(&filter).unwrap(), &frame), wants(&filter, &frame));
    }

    #[test]
    fn no_text_panics(text in "[a-z0-9 ()./:!&|-]{0,80}") {
        let _ = parse(&text);
    }
}

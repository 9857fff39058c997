#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::isolation::Allowed;
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

fn allowed() -> Allowed {
    Allowed {
        server: [IpAddr::from([10, 0, 0, 5]), "fd00::5".parse().unwrap()].into(),
        port: 7312,
        resolvers: [IpAddr::from([10, 0, 0, 1])].into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As `nft --debug=netlink,mnl add rule inet redoubt_isolation output ip daddr 10.0.0.5` has it, on a machine that
/// keeps the small end of numbers first.
#[test]
#[cfg(target_endian = "little")]
fn an_expression_is_what_the_kernel_reads() {
    let rule = vec![
        Expression::Payload { base: 1, offset: 16, bytes: 4 },
        Expression::Is(vec![10, 0, 0, 5]),
        Expression::Accept,
    ];
    let payload = "34000180\
        0c0001007061796c6f616400\
        24000280080001000000000108000200000000010800030000000010\
        0800040000000004";
    let compare = "2c000180\
        08000100636d7000\
        20000280080001000000000108000200000000000c000380080001000a000005";
    let accept = "30000180\
        0e000100696d6d6564696174650000001c00028008000100000000001000028\
        00c0002800800010000000001";
    assert_eq!(hex(&expressions(&rule)), [payload, compare, accept].concat());
}

#[test]
#[cfg(target_endian = "little")]
fn a_table_goes_in_one_batch() {
    let (bytes, last) = release();
    let begin = "1400000010000100010000000000000000000 00a".replace(' ', "");
    let delete = "2c000000020a0500020000000000000001000000\
                  160001007265646f7562745f69736f6c6174696f6e000000"
        .to_owned();
    let end = "14000000110001000300000000000000000 0000a".replace(' ', "");
    assert_eq!((hex(&bytes), last), ([begin, delete, end].concat(), 2));
}

/// What the kernel would tell of a rule that it was told.
fn told_back(rule: &Rule) -> Option<Rule> {
    let attributes = [text(1, TABLE), text(2, "output"), number(3, 7), nested(4, &expressions(rule))].concat();
    let mut bytes = Vec::new();
    message(&mut bytes, kind(Verb::NewRule), 0, 1, INET, 0, &attributes);
    let (answer, rest) = answer(&bytes).unwrap();
    assert!(rest.is_empty());
    super::rule(answer.attributes(Verb::NewRule).unwrap()).map(|(chain, rule)| {
        assert_eq!(chain, b"output");
        rule
    })
}

#[test]
fn every_rule_is_read_as_it_was_told() {
    for rule in allowed().chains().iter().flat_map(|chain| &chain.rules) {
        assert_eq!(told_back(rule).as_ref(), Some(rule));
    }
}

#[test]
fn what_is_no_rule_of_ours_is_none() {
    let odd = nested(1, &[text(1, "counter"), nested(2, &[])].concat());
    let attributes = [text(1, TABLE), text(2, "output"), nested(4, &odd)].concat();
    assert_eq!(super::rule(Attributes(&attributes)), None);
    // A mask that turns bits around, and another verdict.
    let (mask, flipped) = (nested(4, &value(&[1])), nested(5, &value(&[1])));
    let data = [number(1, 1), number(2, 1), number(3, 1), mask, flipped].concat();
    assert_eq!(read(Attributes(&[text(1, "bitwise"), nested(2, &data)].concat())), None);
    let jump = nested(2, &number(1, u32::MAX - 2));
    let data = [number(1, 0), nested(2, &jump)].concat();
    assert_eq!(read(Attributes(&[text(1, "immediate"), nested(2, &data)].concat())), None);
}

#[test]
fn a_chain_that_lets_through_what_no_rule_names_is_none_of_ours() {
    let [input, ..] = allowed().chains();
    let told = of_chain(&input);
    assert!(is_chain(Attributes(&told), &input));
    let at = told.windows(8).position(|bytes| bytes == number(5, POLICY_DROP)).unwrap();
    let mut accepts = told.clone();
    accepts.splice(at..at + 8, number(5, 1));
    assert!(!is_chain(Attributes(&accepts), &input));
    assert!(!is_chain(Attributes(&told), &allowed().chains()[1]));
    assert!(is_awake(Attributes(&number(2, 0))) && !is_awake(Attributes(&number(2, 1))));
}

proptest! {
    #[test]
    fn whatever_is_allowed_is_read_as_it_was_told(
        server in proptest::collection::btree_set(any::<IpAddr>(), 1..20),
        resolvers in proptest::collection::btree_set(any::<Ipv4Addr>(), 0..4),
        port: u16,
    ) {
        let allowed = Allowed { server, port, resolvers: resolvers.into_iter().map(IpAddr::from).collect() };
        for rule in allowed.chains().iter().flat_map(|chain| &chain.rules) {
            let back = told_back(rule);
            prop_assert_eq!(back.as_ref(), Some(rule));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, to: u8) {
        let walk = |bytes: &[u8]| {
            let mut rest = bytes;
            while let Some((answer, behind)) = answer(rest) {
                rest = behind;
                let _ = answer.error();
                for verb in [Verb::NewTable, Verb::NewChain, Verb::NewRule] {
                    if let Some(told) = answer.attributes(verb) {
                        let _ = (is_awake(told), super::rule(told), is_chain(told, &allowed().chains()[0]));
                    }
                }
            }
            let _ = super::rule(Attributes(bytes));
        };
        walk(&bytes);
        let (mut bent, _) = put(&allowed().chains());
        let at = at.index(bent.len());
        bent[at] = to;
        walk(&bent);
    }
}

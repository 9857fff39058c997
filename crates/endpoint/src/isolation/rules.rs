//! What an isolated machine lets through, as rules of nf_tables.
//!
//! Nothing here asks the kernel to follow connections: a machine that does not do so otherwise need not begin, and what
//! was open before is cut off at once. Instead an answer of the server is what comes from its address and port and does
//! not open a connection.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// The name of our table, of the family `inet`.
pub const TABLE: &str = "redoubt_isolation";
/// Of the server, and of resolvers: more are left out.
pub const ADDRESSES_MAX: usize = 16;

/// Before everybody who follows connections or writes addresses anew.
const PRIORITY: i32 = -300;

/// With whom an isolated machine speaks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Addresses of the server; there is at least one, or nothing may be isolated.
    pub server: BTreeSet<IpAddr>,
    pub port: u16,
    /// Who says what the server's address is: only where it is called by a name.
    pub resolvers: BTreeSet<IpAddr>,
}

/// A chain at a hook of the kernel. What none of its rules accepts is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub name: &'static str,
    pub hook: u32,
    pub priority: i32,
    pub rules: Vec<Rule>,
}

/// Accepts a packet for which all of it is so.
pub type Rule = Vec<Expression>;

/// One step of a rule. All of them work on the first register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    Meta { key: u32 },
    Payload { base: u32, offset: u32, bytes: u32 },
    Mask(Vec<u8>),
    Is(Vec<u8>),
    IsNot(Vec<u8>),
    Accept,
}

use Expression::{Accept, Is, IsNot, Mask, Meta, Payload};

// include/uapi/linux/netfilter.h and netfilter/nf_tables.h
const LOCAL_IN: u32 = 1;
const FORWARD: u32 = 2;
const LOCAL_OUT: u32 = 3;
const IN_INTERFACE_TYPE: u32 = 8;
const OUT_INTERFACE_TYPE: u32 = 9;
const FAMILY: u32 = 15;
const PROTOCOL: u32 = 16;
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;

const LOOPBACK: u16 = 772;
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP6: u8 = 58;
const DOMAIN: u16 = 53;
/// Neighbours and routers: solicitations and advertisements (RFC 4861), which only the same link can send.
const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
/// Without these a switch that watches groups does not pass on what neighbours ask (RFC 2710, 3810).
const LISTENER_QUERY: u8 = 130;
const LISTENER_REPORT: u8 = 131;
const LISTENER_REPORT_2: u8 = 143;

impl Allowed {
    /// All of the table.
    pub fn chains(&self) -> [Chain; 3] {
        let chain = |name, hook, rules| Chain { name, hook, priority: PRIORITY, rules };
        [
            chain("input", LOCAL_IN, self.input()),
            // What containers and guests send through this machine.
            chain("forward", FORWARD, Vec::new()),
            chain("output", LOCAL_OUT, self.output()),
        ]
    }

    fn output(&self) -> Vec<Rule> {
        let mut rules = vec![on_itself(OUT_INTERFACE_TYPE)];
        for server in self.server() {
            rules.push(rule([of(server, TCP), to(server), port(2, self.port)]));
        }
        for resolver in self.resolvers() {
            rules.extend([UDP, TCP].map(|protocol| rule([of(resolver, protocol), to(resolver), port(2, DOMAIN)])));
        }
        rules.push(rule([of_version(4, UDP), ports(68, 67)]));
        if self.has_version_6() {
            let asked = [ROUTER_SOLICITATION, NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT];
            rules.extend(asked.map(neighbours));
            rules.extend([LISTENER_REPORT, LISTENER_REPORT_2].map(listeners));
            // To all servers and relays of DHCP on the link.
            let all = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2];
            let to_all = vec![Payload { base: NETWORK, offset: 24, bytes: 16 }, Is(all.to_vec())];
            rules.push(rule([of_version(6, UDP), to_all, ports(546, 547)]));
        }
        rules
    }

    fn input(&self) -> Vec<Rule> {
        let mut rules = vec![on_itself(IN_INTERFACE_TYPE)];
        for server in self.server() {
            rules.push(rule([of(server, TCP), from(server), port(0, self.port), opens_nothing()]));
            rules.push(self.packet_too_big(server));
        }
        for resolver in self.resolvers() {
            rules.push(rule([of(resolver, UDP), from(resolver), port(0, DOMAIN)]));
            rules.push(rule([of(resolver, TCP), from(resolver), port(0, DOMAIN), opens_nothing()]));
        }
        rules.push(rule([of_version(4, UDP), ports(67, 68)]));
        if self.has_version_6() {
            let answered = [ROUTER_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT];
            rules.extend(answered.map(neighbours));
            rules.push(listeners(LISTENER_QUERY));
            let of_the_link =
                vec![Payload { base: NETWORK, offset: 8, bytes: 2 }, Mask(vec![0xff, 0xc0]), Is(vec![0xfe, 0x80])];
            rules.push(rule([of_version(6, UDP), of_the_link, ports(547, 546)]));
        }
        rules
    }

    /// Somebody on the way to the server says that packets are too long for him. Without it a connection over a narrow
    /// way stands still. The packet that he means lies in what he says: it has to be one of ours to the server.
    fn packet_too_big(&self, server: IpAddr) -> Rule {
        let inside =
            |offset, bytes: Vec<u8>| vec![Payload { base: TRANSPORT, offset, bytes: length(&bytes) }, Is(bytes)];
        let port = self.port.to_be_bytes().to_vec();
        match server {
            IpAddr::V4(address) => rule([
                of(server, ICMP),
                // Unreachable, since a fragment would be needed. The head of the packet behind it has no options.
                inside(0, vec![3, 4]),
                inside(8, vec![0x45]),
                inside(17, vec![TCP]),
                inside(24, address.octets().to_vec()),
                inside(30, port),
            ]),
            IpAddr::V6(address) => rule([
                of(server, ICMP6),
                inside(0, vec![2]),
                inside(14, vec![TCP]),
                inside(32, address.octets().to_vec()),
                inside(50, port),
            ]),
        }
    }

    fn server(&self) -> impl Iterator<Item = IpAddr> {
        self.server.iter().copied().take(ADDRESSES_MAX)
    }

    fn resolvers(&self) -> impl Iterator<Item = IpAddr> {
        self.resolvers.iter().copied().take(ADDRESSES_MAX)
    }

    fn has_version_6(&self) -> bool {
        self.server().chain(self.resolvers()).any(|address| address.is_ipv6())
    }
}

fn rule<const N: usize>(parts: [Vec<Expression>; N]) -> Rule {
    parts.into_iter().flatten().chain([Accept]).collect()
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Programs of the machine among each other.
fn on_itself(interface_type: u32) -> Rule {
    rule([vec![Meta { key: interface_type }, Is(LOOPBACK.to_ne_bytes().to_vec())]])
}

fn of(address: IpAddr, protocol: u8) -> Vec<Expression> {
    of_version(if address.is_ipv4() { 4 } else { 6 }, protocol)
}

fn of_version(version: u8, protocol: u8) -> Vec<Expression> {
    let family = if version == 4 { libc::AF_INET } else { libc::AF_INET6 };
    let family = u8::try_from(family).unwrap_or_default();
    vec![Meta { key: FAMILY }, Is(vec![family]), Meta { key: PROTOCOL }, Is(vec![protocol])]
}

fn address(address: IpAddr, offset_4: u32, offset_6: u32) -> Vec<Expression> {
    let (offset, bytes) = match address {
        IpAddr::V4(address) => (offset_4, address.octets().to_vec()),
        IpAddr::V6(address) => (offset_6, address.octets().to_vec()),
    };
    vec![Payload { base: NETWORK, offset, bytes: length(&bytes) }, Is(bytes)]
}

fn from(whom: IpAddr) -> Vec<Expression> {
    address(whom, 12, 8)
}

fn to(whom: IpAddr) -> Vec<Expression> {
    address(whom, 16, 24)
}

/// The port of who sends stands at 0, that of who gets it at 2, both of TCP and UDP.
fn port(offset: u32, number: u16) -> Vec<Expression> {
    vec![Payload { base: TRANSPORT, offset, bytes: 2 }, Is(number.to_be_bytes().to_vec())]
}

fn ports(source: u16, destination: u16) -> Vec<Expression> {
    let both = [source.to_be_bytes(), destination.to_be_bytes()].concat();
    vec![Payload { base: TRANSPORT, offset: 0, bytes: 4 }, Is(both)]
}

/// The first packet of a connection has neither ACK nor RST; all others have one of them.
fn opens_nothing() -> Vec<Expression> {
    vec![Payload { base: TRANSPORT, offset: 13, bytes: 1 }, Mask(vec![0x14]), IsNot(vec![0])]
}

/// Neighbours are only believed when no router passed it on: then it still may go over all 255.
fn neighbours(kind: u8) -> Rule {
    let hops = vec![Payload { base: NETWORK, offset: 7, bytes: 1 }, Is(vec![255])];
    rule([of_version(6, ICMP6), hops, vec![Payload { base: TRANSPORT, offset: 0, bytes: 1 }, Is(vec![kind])]])
}

fn listeners(kind: u8) -> Rule {
    let hops = vec![Payload { base: NETWORK, offset: 7, bytes: 1 }, Is(vec![1])];
    rule([of_version(6, ICMP6), hops, vec![Payload { base: TRANSPORT, offset: 0, bytes: 1 }, Is(vec![kind])]])
}

//! Filter expressions in the words of `pcap-filter(7)`: which packets are wanted. An expression is asked about a packet
//! here, or compiled to classic BPF so that the kernel asks it.
//!
//! ```text
//! tcp port 445 and not host 10.0.0.5
//! src net 192.168.0.0/16 or dst portrange 5000-5100
//! ```

mod compile;
mod parse;

pub use compile::{Instruction, compile};
pub use parse::{BadFilter, parse};

use crate::packet::{Packet, Transport, protocol};
use std::net::IpAddr;

/// Nested brackets and negations.
pub const DEPTH_MAX: usize = 32;
/// Primitives of one expression; a program of the kernel is short.
pub const PRIMITIVES_MAX: usize = 256;

/// A question about a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Is(Primitive),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    Version4,
    Version6,
    /// The number of the protocol that IP carries.
    Protocol(u8),
    Net(Direction, Net),
    /// From and to, both in it; of TCP, UDP or SCTP, or only of the one named.
    Port(Direction, Option<u8>, u16, u16),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Either,
    Source,
    Destination,
}

/// Addresses with the same beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Net {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix.min(32))).unwrap_or(0);
                (net.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix.min(128))).unwrap_or(0);
                (net.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

impl Filter {
    /// True for packets that are wanted.
    pub fn wants(&self, packet: &Packet<'_>) -> bool {
        match self {
            Filter::And(left, right) => left.wants(packet) && right.wants(packet),
            Filter::Or(left, right) => left.wants(packet) || right.wants(packet),
            Filter::Not(inner) => !inner.wants(packet),
            Filter::Is(primitive) => primitive.holds(packet),
        }
    }
}

impl Primitive {
    fn holds(&self, packet: &Packet<'_>) -> bool {
        let net = &packet.net;
        match self {
            Primitive::Version4 => net.source.is_ipv4(),
            Primitive::Version6 => net.source.is_ipv6(),
            Primitive::Protocol(number) => net.protocol == *number,
            Primitive::Net(direction, wanted) => {
                direction.either(wanted.contains(net.source), wanted.contains(net.destination))
            }
            Primitive::Port(direction, only, low, high) => {
                if only.is_some_and(|only| only != net.protocol) {
                    return false;
                }
                let Some((source, destination)) = ports(packet) else { return false };
                let within = |port: u16| (*low..=*high).contains(&port);
                direction.either(within(source), within(destination))
            }
        }
    }
}

impl Direction {
    fn either(self, source: bool, destination: bool) -> bool {
        match self {
            Direction::Either => source || destination,
            Direction::Source => source,
            Direction::Destination => destination,
        }
    }
}

/// Protocols whose ports a filter can ask for.
const WITH_PORTS: [u8; 3] = [protocol::TCP, protocol::UDP, protocol::SCTP];

fn ports(packet: &Packet<'_>) -> Option<(u16, u16)> {
    match packet.transport {
        Transport::Tcp(tcp) => Some((tcp.source, tcp.destination)),
        Transport::Udp { source, destination } | Transport::Sctp { source, destination } => Some((source, destination)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

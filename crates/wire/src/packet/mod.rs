//! From a frame to what it carries: link layers, IP with its extension headers and tunnels, transports.
//!
//! [`decode`] hands every layer that is a conversation of its own to a visitor: the datagram, and the datagram inside
//! of a tunnel too. Nothing is allocated and nothing is copied.

mod checksum;
pub mod defrag;
mod ip;
mod link;
mod pair;
mod transport;

pub use ip::{Fragment, Net, protocol};
pub use pair::{pair, pair_of_frame};
pub use transport::{Icmp, Tcp, TcpOptions, Transport, tcp_flags};

use crate::capture::LinkType;
use std::net::Ipv4Addr;

/// Tunnels in tunnels are followed so deep; what is deeper stays payload.
pub const TUNNELS_MAX: u8 = 8;
/// Tags and labels in front of a datagram.
pub const TAGS_MAX: usize = 8;

/// What stands in front of the datagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Link {
    pub source: Option<[u8; 6]>,
    pub destination: Option<[u8; 6]>,
    /// VLAN ids from the outside in; the first `vlans` are set.
    pub vlan: [u16; 3],
    pub vlans: u8,
    pub mpls: bool,
    pub pppoe: bool,
}

impl Link {
    pub fn vlan_ids(&self) -> &[u16] {
        self.vlan.get(..usize::from(self.vlans)).unwrap_or_default()
    }
}

/// A datagram with its transport, borrowed from the frame.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    pub link: Link,
    pub net: Net,
    pub transport: Transport,
    pub payload: &'a [u8],
    /// Bytes of the frame on the wire; of an inner packet, of the datagram.
    pub wire_length: u32,
    /// How many tunnels it came through.
    pub tunnels: u8,
}

/// A piece of a datagram, for a [`defrag::Defragmenter`].
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    pub link: Link,
    pub net: Net,
    pub fragment: Fragment,
    pub data: &'a [u8],
    pub wire_length: u32,
    pub tunnels: u8,
}

/// An ARP message for IPv4 over Ethernet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arp {
    pub link: Link,
    pub hardware: u16,
    pub protocol: u16,
    pub operation: u16,
    pub source_mac: [u8; 6],
    pub source: Ipv4Addr,
    pub target_mac: [u8; 6],
    pub target: Ipv4Addr,
}

/// One thing found in a frame.
#[derive(Debug, Clone, Copy)]
pub enum Layer<'a> {
    Packet(Packet<'a>),
    Piece(Piece<'a>),
    Arp(Arp),
    /// A frame or a datagram that is not what it says; what could be read of it came before.
    Odd(Odd),
}

/// What was wrong with a frame. Each is counted by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Odd {
    LinkTruncated,
    LinkUnknown,
    TagsTooMany,
    IpTruncated,
    IpBadVersion,
    IpBadHeaderLength,
    IpBadTotalLength,
    Ipv6ExtensionsTooMany,
    TransportTruncated,
    TcpBadOffset,
    UdpBadLength,
    ArpTruncated,
    TunnelTooDeep,
    TunnelTruncated,
    BadChecksum,
}

/// How frames are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// Leave out what has a wrong IPv4, TCP, UDP or ICMP checksum. Off by default: mirrored traffic of a machine that
    /// lets its network card compute them carries wrong ones.
    pub checksums: bool,
}

/// Reads one frame.
pub fn decode<'a>(link: LinkType, data: &'a [u8], wire_length: u32, rules: Rules, visit: &mut impl FnMut(Layer<'a>)) {
    let mut walk = Walk { rules, visit, link: Link::default(), wire_length, tunnels: 0 };
    if let Err(odd) = walk.frame(link, data) {
        (walk.visit)(Layer::Odd(odd));
    }
}

/// Reads a datagram that was put together from its pieces.
pub fn decode_assembled<'a>(piece: &Piece<'_>, data: &'a [u8], rules: Rules, visit: &mut impl FnMut(Layer<'a>)) {
    let mut walk = Walk { rules, visit, link: piece.link, wire_length: piece.wire_length, tunnels: piece.tunnels };
    if let Err(odd) = walk.carried(piece.net, data) {
        (walk.visit)(Layer::Odd(odd));
    }
}

/// The way through one frame.
struct Walk<'v, V> {
    rules: Rules,
    visit: &'v mut V,
    link: Link,
    wire_length: u32,
    tunnels: u8,
}

impl<'a, V: FnMut(Layer<'a>)> Walk<'_, V> {
    /// Goes through the tunnel to an inner datagram.
    fn inner(&mut self, datagram: &'a [u8]) -> Result<(), Odd> {
        self.enter(datagram.len())?;
        self.datagram(datagram)
    }

    /// Goes through the tunnel to an inner Ethernet frame.
    fn inner_frame(&mut self, frame: &'a [u8]) -> Result<(), Odd> {
        self.enter(frame.len())?;
        self.link = Link::default();
        self.frame(LinkType::ETHERNET, frame)
    }

    fn enter(&mut self, length: usize) -> Result<(), Odd> {
        if self.tunnels >= TUNNELS_MAX {
            return Err(Odd::TunnelTooDeep);
        }
        self.tunnels += 1;
        self.wire_length = u32::try_from(length).unwrap_or(u32::MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests;

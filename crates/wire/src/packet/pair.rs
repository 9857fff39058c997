//! Whose a frame is, found without decoding it.

use super::ip::protocol;
use crate::bytes::u16_be_at;
use crate::capture::LinkType;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A number that is the same for all conversations of two hosts, whoever speaks. Those of several workers that share the
/// conversations take theirs by it: what two hosts arrange with each other then falls to one.
pub fn pair(one: IpAddr, other: IpAddr) -> u64 {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64 ^ address.to_bits() as u64,
    };
    let sum = number(one).wrapping_add(number(other));
    // A multiplicative hash: neighbours must not fall to one worker.
    sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33
}

/// The [`pair`] of a frame that carries one whole datagram and nothing in it that is a datagram again: of most frames.
/// Of all others it is not known without decoding them.
pub fn pair_of_frame(link: LinkType, data: &[u8]) -> Option<u64> {
    const IPV4: u16 = 0x0800;
    const IPV6: u16 = 0x86dd;
    const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
    let (kind, datagram) = match link {
        LinkType::ETHERNET => {
            let tag = u16_be_at(data, 12).filter(|kind| TAGS.contains(kind));
            let at = if tag.is_some() { 16 } else { 12 };
            (u16_be_at(data, at)?, data.get(at + 2..)?)
        }
        LinkType::LINUX_SLL => (u16_be_at(data, 14)?, data.get(16..)?),
        LinkType::RAW => (if data.first()? >> 4 == 4 { IPV4 } else { IPV6 }, data),
        _ => return None,
    };
    match (kind, datagram.first()? >> 4) {
        (IPV4, 4) => of_ipv4(datagram),
        (IPV6, 6) => of_ipv6(datagram),
        _ => None,
    }
}

fn of_ipv4(datagram: &[u8]) -> Option<u64> {
    let [first, _, _, _, _, _, flags, offset, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        *datagram.first_chunk()?;
    let whole = flags & 0x3f == 0 && offset == 0;
    let source = Ipv4Addr::new(s0, s1, s2, s3);
    let destination = Ipv4Addr::new(d0, d1, d2, d3);
    let carried = datagram.get(usize::from(first & 0x0f) * 4..).unwrap_or_default();
    (whole && is_plain(protocol, carried)).then(|| pair(source.into(), destination.into()))
}

fn of_ipv6(datagram: &[u8]) -> Option<u64> {
    let next = *datagram.get(6)?;
    let source = Ipv6Addr::from(*datagram.get(8..)?.first_chunk::<16>()?);
    let destination = Ipv6Addr::from(*datagram.get(24..)?.first_chunk::<16>()?);
    let carried = datagram.get(40..).unwrap_or_default();
    is_plain(next, carried).then(|| pair(source.into(), destination.into()))
}

/// True for a transport that is no tunnel.
fn is_plain(protocol: u8, carried: &[u8]) -> bool {
    match protocol {
        protocol::TCP | protocol::ICMP | protocol::ICMPV6 => true,
        protocol::UDP => {
            let tunnel = |at| u16_be_at(carried, at).is_none_or(|port| super::ip::UDP_TUNNELS.contains(&port));
            !tunnel(0) && !tunnel(2)
        }
        _ => false,
    }
}

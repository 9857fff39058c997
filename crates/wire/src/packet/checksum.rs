//! The Internet checksum (RFC 1071) of IPv4 headers and of what IP carries.

use super::{Net, protocol};
use crate::bytes::u16_be_at;
use std::net::IpAddr;

/// A header that includes its own checksum sums up to all ones.
pub fn of_header_holds(header: &[u8]) -> bool {
    fold(sum(header)) == 0xffff
}

/// True where the carried checksum is right, was left out (UDP over IPv4), or is none we know.
pub fn of_transport_holds(net: &Net, data: &[u8]) -> bool {
    match net.protocol {
        protocol::ICMP => fold(sum(data)) == 0xffff,
        protocol::UDP if u16_be_at(data, 6) == Some(0) => true,
        protocol::UDP => {
            let length = u16_be_at(data, 4).map_or(data.len(), usize::from);
            fold(pseudo_header(net, length) + sum(data.get(..length).unwrap_or(data))) == 0xffff
        }
        protocol::TCP | protocol::ICMPV6 => fold(pseudo_header(net, data.len()) + sum(data)) == 0xffff,
        _ => true,
    }
}

fn pseudo_header(net: &Net, length: usize) -> u64 {
    let address = |address: IpAddr| match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    };
    address(net.source) + address(net.destination) + u64::from(net.protocol) + length as u64
}

fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<2>();
    let words: u64 = words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum();
    words + rest.first().map_or(0, |last| u64::from(*last) << 8)
}

fn fold(mut sum: u64) -> u64 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}

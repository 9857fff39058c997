//! Community ID v1: one short name for a conversation, the same in every tool that sees it
//! (<https://github.com/corelight/community-id-spec>).

use sha1::{Digest, Sha1};
use std::net::IpAddr;

/// The two ends of a conversation. For ICMP the ports are type and code, mapped by [`icmp_ports`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    pub source: (IpAddr, u16),
    pub destination: (IpAddr, u16),
    pub protocol: u8,
    /// True when the other direction does not answer this one: some ICMP types.
    pub one_way: bool,
}

/// The id with its version, such as `1:LQU9qZlK+B5F3KDmev6m5PMibrg=`.
pub fn id(ends: &Ends, seed: u16, ports: bool) -> String {
    let Ends { mut source, mut destination, protocol, one_way } = *ends;
    if !one_way && octets(source) > octets(destination) {
        std::mem::swap(&mut source, &mut destination);
    }
    let mut hash = Sha1::new();
    hash.update(seed.to_be_bytes());
    for end in [source, destination] {
        match end.0 {
            IpAddr::V4(address) => hash.update(address.octets()),
            IpAddr::V6(address) => hash.update(address.octets()),
        }
    }
    hash.update([protocol, 0]);
    if ports {
        hash.update(source.1.to_be_bytes());
        hash.update(destination.1.to_be_bytes());
    }
    format!("1:{}", base64(&hash.finalize()))
}

fn octets(end: (IpAddr, u16)) -> ([u8; 16], u16) {
    let address = match end.0 {
        IpAddr::V4(address) => {
            let mut wide = [0; 16];
            wide[..4].copy_from_slice(&address.octets());
            wide
        }
        IpAddr::V6(address) => address.octets(),
    };
    (address, end.1)
}

/// Type and code of an ICMP message as ports, and whether its exchange goes one way only.
pub fn icmp_ports(kind: u8, code: u8, v6: bool) -> (u16, u16, bool) {
    let answers: &[(u8, u8)] = if v6 {
        &[(128, 129), (133, 134), (135, 136), (130, 131), (144, 145), (139, 140)]
    } else {
        &[(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)]
    };
    let other = answers.iter().find_map(|(request, reply)| match kind {
        kind if kind == *request => Some(*reply),
        kind if kind == *reply => Some(*request),
        _ => None,
    });
    match other {
        Some(other) => (kind.into(), other.into(), false),
        None => (kind.into(), code.into(), true),
    }
}

/// Standard base64 with padding.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| chunk.get(at).copied().unwrap_or_default());
        let word = u32::from_be_bytes([0, a, b, c]);
        for place in 0..4 {
            let sextet = (word >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(sextet as usize).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_s_example_and_both_directions_agree() {
        let (client, server) = (IpAddr::from([128, 232, 110, 120]), IpAddr::from([66, 35, 250, 204]));
        let there = Ends { source: (client, 34855), destination: (server, 80), protocol: 6, one_way: false };
        let back = Ends { source: there.destination, destination: there.source, ..there };
        assert_eq!(id(&there, 0, true), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(id(&back, 0, true), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    }

    #[test]
    fn base64_pads() {
        assert_eq!(
            ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes())),
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
    }
}

//! IPv4 (RFC 791) and IPv6 (RFC 8200) with extension headers, fragments, and the tunnels that IP carries.

use super::{Layer, Odd, Packet, Piece, Walk, checksum, transport};
use crate::bytes::{Bytes, u8_at, u16_be_at};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Extension headers of one datagram.
const EXTENSIONS_MAX: usize = 16;

/// Numbers of the Internet protocol that we name.
pub mod protocol {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ICMP: u8 = 1;
    pub const IPV4: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const GRE: u8 = 47;
    pub const ESP: u8 = 50;
    pub const AUTHENTICATION: u8 = 51;
    pub const ICMPV6: u8 = 58;
    pub const NO_NEXT_HEADER: u8 = 59;
    pub const DESTINATION: u8 = 60;
    pub const SCTP: u8 = 132;
    pub const MOBILITY: u8 = 135;
    pub const HOST_IDENTITY: u8 = 139;
    pub const SHIM6: u8 = 140;
}

/// The network layer of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    pub source: IpAddr,
    pub destination: IpAddr,
    /// What it carries, after all extension headers.
    pub protocol: u8,
    /// Time to live or hop limit.
    pub ttl: u8,
}

/// Where a piece of a datagram belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    pub id: u32,
    /// In bytes.
    pub offset: u32,
    pub more: bool,
}

const VXLAN: u16 = 4789;
const VXLAN_LINUX: u16 = 8472;
const GENEVE: u16 = 6081;
const TEREDO: u16 = 3544;
/// Ports behind which a datagram may be another one's tunnel.
pub(super) const UDP_TUNNELS: [u16; 4] = [VXLAN, VXLAN_LINUX, GENEVE, TEREDO];

impl<'a, V: FnMut(Layer<'a>)> Walk<'_, V> {
    pub(super) fn datagram(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        match data.first().map(|byte| byte >> 4) {
            Some(4) => self.ipv4(data),
            Some(6) => self.ipv6(data),
            Some(_) => Err(Odd::IpBadVersion),
            None => Err(Odd::IpTruncated),
        }
    }

    fn ipv4(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        const HEADER_BYTES: usize = 20;
        let fixed = data.first_chunk::<HEADER_BYTES>().ok_or(Odd::IpTruncated)?;
        let [
            version,
            _,
            total_high,
            total_low,
            id_high,
            id_low,
            flags,
            offset_low,
            ttl,
            protocol,
            _,
            _,
            s0,
            s1,
            s2,
            s3,
            d0,
            d1,
            d2,
            d3,
        ] = *fixed;
        let header_length = usize::from(version & 0x0f) * 4;
        if header_length < HEADER_BYTES {
            return Err(Odd::IpBadHeaderLength);
        }
        let header = data.get(..header_length).ok_or(Odd::IpTruncated)?;
        // A network card that cuts the segments itself leaves the length zero.
        let total = match usize::from(u16::from_be_bytes([total_high, total_low])) {
            0 => data.len(),
            total => total,
        };
        if total < header_length {
            return Err(Odd::IpBadTotalLength);
        }
        if self.rules.checksums && !checksum::of_header_holds(header) {
            return Err(Odd::BadChecksum);
        }
        // What lies beyond the datagram is padding of the link; what the capture cut off is missing.
        let payload = data.get(header_length..total.min(data.len())).unwrap_or_default();
        let net = Net {
            source: Ipv4Addr::new(s0, s1, s2, s3).into(),
            destination: Ipv4Addr::new(d0, d1, d2, d3).into(),
            protocol,
            ttl,
        };
        let fragment = Fragment {
            id: u16::from_be_bytes([id_high, id_low]).into(),
            offset: u32::from(u16::from_be_bytes([flags & 0x1f, offset_low])) * 8,
            more: flags & 0x20 != 0,
        };
        if fragment.more || fragment.offset > 0 {
            self.piece(net, fragment, payload);
            return Ok(());
        }
        self.carried(net, payload)
    }

    fn ipv6(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        let mut bytes = Bytes::new(data);
        bytes.skip(4).ok_or(Odd::IpTruncated)?;
        let length = bytes.u16_be().ok_or(Odd::IpTruncated)?;
        let next = bytes.u8().ok_or(Odd::IpTruncated)?;
        let ttl = bytes.u8().ok_or(Odd::IpTruncated)?;
        let source = Ipv6Addr::from(bytes.array::<16>().ok_or(Odd::IpTruncated)?);
        let destination = Ipv6Addr::from(bytes.array::<16>().ok_or(Odd::IpTruncated)?);
        // Zero is a jumbogram, or a network card that cuts the segments itself.
        let payload = match usize::from(length) {
            0 if next != protocol::HOP_BY_HOP && next != protocol::NO_NEXT_HEADER => bytes.rest(),
            length => bytes.rest().get(..length.min(bytes.len())).unwrap_or_default(),
        };
        let net = Net { source: source.into(), destination: destination.into(), protocol: next, ttl };
        self.extensions(net, payload)
    }

    /// Walks over the extension headers of IPv6 to what the datagram carries.
    fn extensions(&mut self, mut net: Net, mut payload: &'a [u8]) -> Result<(), Odd> {
        for _ in 0..EXTENSIONS_MAX {
            let length = match net.protocol {
                protocol::HOP_BY_HOP
                | protocol::ROUTING
                | protocol::DESTINATION
                | protocol::MOBILITY
                | protocol::HOST_IDENTITY
                | protocol::SHIM6 => (usize::from(u8_at(payload, 1).ok_or(Odd::IpTruncated)?) + 1) * 8,
                protocol::AUTHENTICATION => (usize::from(u8_at(payload, 1).ok_or(Odd::IpTruncated)?) + 2) * 4,
                protocol::FRAGMENT => return self.fragment6(net, payload),
                _ => return self.carried(net, payload),
            };
            net.protocol = u8_at(payload, 0).ok_or(Odd::IpTruncated)?;
            payload = payload.get(length..).ok_or(Odd::IpTruncated)?;
        }
        Err(Odd::Ipv6ExtensionsTooMany)
    }

    fn fragment6(&mut self, mut net: Net, payload: &'a [u8]) -> Result<(), Odd> {
        let mut bytes = Bytes::new(payload);
        net.protocol = bytes.u8().ok_or(Odd::IpTruncated)?;
        bytes.skip(1).ok_or(Odd::IpTruncated)?;
        let place = bytes.u16_be().ok_or(Odd::IpTruncated)?;
        let id = bytes.u32_be().ok_or(Odd::IpTruncated)?;
        let fragment = Fragment { id, offset: u32::from(place & 0xfff8), more: place & 1 != 0 };
        if fragment.more || fragment.offset > 0 {
            self.piece(net, fragment, bytes.rest());
            return Ok(());
        }
        // An "atomic fragment" (RFC 6946) is whole.
        self.extensions(net, bytes.rest())
    }

    fn piece(&mut self, net: Net, fragment: Fragment, data: &'a [u8]) {
        let (link, wire_length, tunnels) = (self.link, self.wire_length, self.tunnels);
        (self.visit)(Layer::Piece(Piece { link, net, fragment, data, wire_length, tunnels }));
    }

    /// Hands over the datagram, then goes into the tunnel if it is one.
    pub(super) fn carried(&mut self, net: Net, data: &'a [u8]) -> Result<(), Odd> {
        if self.rules.checksums && !checksum::of_transport_holds(&net, data) {
            return Err(Odd::BadChecksum);
        }
        let (transport, payload) = transport::read(net.protocol, data)?;
        let (link, wire_length, tunnels) = (self.link, self.wire_length, self.tunnels);
        (self.visit)(Layer::Packet(Packet { link, net, transport, payload, wire_length, tunnels }));
        match net.protocol {
            protocol::IPV4 | protocol::IPV6 if !data.is_empty() => self.inner(data),
            protocol::GRE => self.gre(data),
            protocol::UDP => self.udp_tunnel(data, payload),
            _ => Ok(()),
        }
    }

    /// GRE (RFC 2784, 2890) with the extended header of PPTP (RFC 2637) and ERSPAN.
    fn gre(&mut self, data: &'a [u8]) -> Result<(), Odd> {
        const ERSPAN_II: u16 = 0x88be;
        const ERSPAN_III: u16 = 0x22eb;
        let mut bytes = Bytes::new(data);
        let flags = bytes.u16_be().ok_or(Odd::TunnelTruncated)?;
        let kind = bytes.u16_be().ok_or(Odd::TunnelTruncated)?;
        let (checksum, routing, key, sequence, acknowledged) =
            (flags & 0x8000 != 0, flags & 0x4000 != 0, flags & 0x2000 != 0, flags & 0x1000 != 0, flags & 0x0080 != 0);
        let enhanced = flags & 7 == 1;
        let fields = [checksum || routing, key, sequence, enhanced && acknowledged];
        bytes.skip(fields.iter().filter(|present| **present).count() * 4).ok_or(Odd::TunnelTruncated)?;
        match kind {
            0x0800 | 0x86dd => self.inner(bytes.rest()),
            0x6558 => self.inner_frame(bytes.rest()),
            0x0806 => self.arp(bytes),
            ERSPAN_II => {
                bytes.skip(if sequence { 8 } else { 0 }).ok_or(Odd::TunnelTruncated)?;
                self.inner_frame(bytes.rest())
            }
            ERSPAN_III => {
                let subheader = u16_be_at(bytes.rest(), 10).is_some_and(|flags| flags & 1 != 0);
                bytes.skip(if subheader { 20 } else { 12 }).ok_or(Odd::TunnelTruncated)?;
                self.inner_frame(bytes.rest())
            }
            0x880b => match bytes.rest() {
                [0xff, 0x03, 0x00, 0x21, datagram @ ..] | [0x00, 0x21, datagram @ ..] | [0x21, datagram @ ..] => {
                    self.inner(datagram)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// VXLAN (RFC 7348), GENEVE (RFC 8926) and Teredo (RFC 4380), which have nothing but their port and their shape.
    fn udp_tunnel(&mut self, data: &'a [u8], payload: &'a [u8]) -> Result<(), Odd> {
        let (Some(source), Some(destination)) = (u16_be_at(data, 0), u16_be_at(data, 2)) else { return Ok(()) };
        match (destination, payload) {
            (VXLAN | VXLAN_LINUX, [flags, 0, 0, 0, _, _, _, 0, frame @ ..])
                if flags & 0xf7 == 0 && frame.len() >= 14 =>
            {
                self.inner_frame(frame)
            }
            (GENEVE, [first, _, high, low, _, _, _, 0, rest @ ..]) if first >> 6 == 0 => {
                let inside = rest.get(usize::from(first & 0x3f) * 4..).unwrap_or_default();
                match (u16::from_be_bytes([*high, *low]), inside.first().map(|byte| byte >> 4)) {
                    (0x6558, _) if inside.len() >= 14 => self.inner_frame(inside),
                    (0x0800, Some(4)) | (0x86dd, Some(6)) => self.inner(inside),
                    _ => Ok(()),
                }
            }
            (GENEVE, [first, _, 0x08, 0x00, _, _, _, 0, rest @ ..] | [first, _, 0x86, 0xdd, _, _, _, 0, rest @ ..])
                if first >> 6 == 0 =>
            {
                rest.get(usize::from(first & 0x3f) * 4..).map_or(Ok(()), |datagram| self.inner(datagram))
            }
            _ if source == TEREDO || destination == TEREDO => self.teredo(payload),
            _ => Ok(()),
        }
    }

    fn teredo(&mut self, payload: &'a [u8]) -> Result<(), Odd> {
        const IPV6_HEADER_BYTES: usize = 40;
        let mut inner = payload;
        if let [0, 1, client, authentication, rest @ ..] = inner {
            let skip = usize::from(*client) + usize::from(*authentication) + 9;
            inner = rest.get(skip..).unwrap_or_default();
        }
        if let [0, 0, _, _, _, _, _, _, rest @ ..] = inner {
            inner = rest;
        }
        let length = u16_be_at(inner, 4).map_or(0, usize::from);
        let whole = inner.first().is_some_and(|byte| byte >> 4 == 6) && inner.len() == IPV6_HEADER_BYTES + length;
        if whole { self.inner(inner) } else { Ok(()) }
    }
}

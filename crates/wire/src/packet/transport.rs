//! TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792, RFC 4443), SCTP (RFC 9260): headers only.

use super::{Odd, protocol};
use crate::bytes::{Bytes, u16_be_at};

/// Flags of a TCP segment.
pub mod tcp_flags {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
    pub const URG: u8 = 0x20;
    pub const ECE: u8 = 0x40;
    pub const CWR: u8 = 0x80;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Tcp(Tcp),
    Udp {
        source: u16,
        destination: u16,
    },
    Sctp {
        source: u16,
        destination: u16,
    },
    Icmp(Icmp),
    /// IPsec, by its security parameter index.
    Esp {
        spi: u32,
    },
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcp {
    pub source: u16,
    pub destination: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub window: u16,
    pub urgent: u16,
    pub options: TcpOptions,
}

/// The options that reassembly and fingerprints need.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TcpOptions {
    pub segment_max: Option<u16>,
    pub window_scale: Option<u8>,
    pub selective: bool,
    /// Sender's clock and the echo of the other's.
    pub timestamps: Option<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icmp {
    pub kind: u8,
    pub code: u8,
    /// Identifier of an echo; with the addresses, what makes two messages one exchange.
    pub id: u16,
}

/// Reads the header for a protocol number and gives it with what follows. What we have no reader for is payload.
pub fn read(protocol: u8, data: &[u8]) -> Result<(Transport, &[u8]), Odd> {
    match protocol {
        protocol::TCP => tcp(data),
        protocol::UDP => udp(data),
        protocol::ICMP | protocol::ICMPV6 => icmp(data),
        protocol::SCTP => sctp(data),
        protocol::ESP => {
            let spi = Bytes::new(data).u32_be().ok_or(Odd::TransportTruncated)?;
            Ok((Transport::Esp { spi }, data))
        }
        _ => Ok((Transport::Other, data)),
    }
}

fn tcp(data: &[u8]) -> Result<(Transport, &[u8]), Odd> {
    const HEADER_BYTES: usize = 20;
    let fixed = data.first_chunk::<HEADER_BYTES>().ok_or(Odd::TransportTruncated)?;
    let [sp0, sp1, dp0, dp1, s0, s1, s2, s3, a0, a1, a2, a3, offset, flags, w0, w1, _, _, u0, u1] = *fixed;
    let header_length = usize::from(offset >> 4) * 4;
    if header_length < HEADER_BYTES {
        return Err(Odd::TcpBadOffset);
    }
    let options = data.get(HEADER_BYTES..header_length).ok_or(Odd::TcpBadOffset)?;
    let tcp = Tcp {
        source: u16::from_be_bytes([sp0, sp1]),
        destination: u16::from_be_bytes([dp0, dp1]),
        sequence: u32::from_be_bytes([s0, s1, s2, s3]),
        acknowledgement: u32::from_be_bytes([a0, a1, a2, a3]),
        flags,
        window: u16::from_be_bytes([w0, w1]),
        urgent: u16::from_be_bytes([u0, u1]),
        options: TcpOptions::read(options),
    };
    Ok((Transport::Tcp(tcp), data.get(header_length..).unwrap_or_default()))
}

impl TcpOptions {
    fn read(mut rest: &[u8]) -> TcpOptions {
        let mut options = TcpOptions::default();
        // Nearly every segment carries these twelve bytes and no others.
        if let [1, 1, 8, 10, a0, a1, a2, a3, b0, b1, b2, b3] = *rest {
            options.timestamps = Some((u32::from_be_bytes([a0, a1, a2, a3]), u32::from_be_bytes([b0, b1, b2, b3])));
            return options;
        }
        loop {
            rest = match *rest {
                [] | [0, ..] => return options,
                [1, ref rest @ ..] => rest,
                [kind, length, ref rest @ ..] => {
                    let Some((value, rest)) = rest.split_at_checked(usize::from(length).saturating_sub(2)) else {
                        return options;
                    };
                    options.take(kind, value);
                    if length < 2 {
                        return options;
                    }
                    rest
                }
                [_] => return options,
            };
        }
    }

    fn take(&mut self, kind: u8, value: &[u8]) {
        match (kind, value) {
            (2, [high, low]) => self.segment_max = Some(u16::from_be_bytes([*high, *low])),
            // RFC 7323: a shift above 14 is used as 14.
            (3, [shift]) => self.window_scale = Some((*shift).min(14)),
            (4, []) => self.selective = true,
            (8, [a0, a1, a2, a3, b0, b1, b2, b3]) => {
                let clock = u32::from_be_bytes([*a0, *a1, *a2, *a3]);
                self.timestamps = Some((clock, u32::from_be_bytes([*b0, *b1, *b2, *b3])));
            }
            _ => {}
        }
    }
}

fn udp(data: &[u8]) -> Result<(Transport, &[u8]), Odd> {
    const HEADER_BYTES: usize = 8;
    let mut bytes = Bytes::new(data);
    let (Some(source), Some(destination), Some(length)) = (bytes.u16_be(), bytes.u16_be(), bytes.u16_be()) else {
        return Err(Odd::TransportTruncated);
    };
    bytes.skip(2).ok_or(Odd::TransportTruncated)?;
    let payload = match usize::from(length) {
        // Longer than the datagram can say (RFC 2675).
        0 => bytes.rest(),
        length if length < HEADER_BYTES => return Err(Odd::UdpBadLength),
        length => bytes.rest().get(..(length - HEADER_BYTES).min(bytes.len())).unwrap_or_default(),
    };
    Ok((Transport::Udp { source, destination }, payload))
}

fn icmp(data: &[u8]) -> Result<(Transport, &[u8]), Odd> {
    let mut bytes = Bytes::new(data);
    let (Some(kind), Some(code)) = (bytes.u8(), bytes.u8()) else { return Err(Odd::TransportTruncated) };
    bytes.skip(2).ok_or(Odd::TransportTruncated)?;
    let id = u16_be_at(data, 4).unwrap_or_default();
    Ok((Transport::Icmp(Icmp { kind, code, id }), bytes.rest()))
}

fn sctp(data: &[u8]) -> Result<(Transport, &[u8]), Odd> {
    const HEADER_BYTES: usize = 12;
    let payload = data.get(HEADER_BYTES..).ok_or(Odd::TransportTruncated)?;
    let mut bytes = Bytes::new(data);
    let (Some(source), Some(destination)) = (bytes.u16_be(), bytes.u16_be()) else {
        return Err(Odd::TransportTruncated);
    };
    Ok((Transport::Sctp { source, destination }, payload))
}

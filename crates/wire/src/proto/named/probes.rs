//! How each is recognised.

use crate::bytes::{u8_at, u16_be_at, u16_le_at, u32_be_at, u32_le_at};
use crate::session::{Over, Probe, Way};

/// NTP (RFC 5905, section 7.3): version and mode, on its port; control messages (RFC 9327) too.
pub fn ntp(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Tcp || !way.touches(&[123]) {
        return Probe::No;
    }
    let Some(first) = u8_at(data, 0) else { return Probe::No };
    let (version, mode) = (first >> 3 & 7, first & 7);
    if !(1..=4).contains(&version) {
        return Probe::No;
    }
    match mode {
        1 | 3 if data.len() >= 48 => Probe::Client,
        2 | 4 if data.len() >= 48 => Probe::Server,
        5 if data.len() >= 48 => Probe::Either,
        6 if data.len() >= 12 => Probe::Either,
        7 if data.len() >= 8 => Probe::Either,
        _ => Probe::No,
    }
}

/// Telnet (RFC 854) where it begins with options: three bytes from `IAC` on, twice or with nothing else.
pub fn telnet(way: Way, data: &[u8]) -> Probe {
    const IAC: u8 = 255;
    if way.over == Over::Udp || u8_at(data, 0).is_some_and(|first| first != IAC) {
        return Probe::No;
    }
    match (u8_at(data, 1), u8_at(data, 3)) {
        (None, _) => Probe::More,
        (Some(251..=254), None) if data.len() < 4 && !way.touches(&[23, 2323]) => Probe::More,
        (Some(251..=254), None | Some(IAC)) => Probe::Either,
        (Some(251..=254), _) if way.touches(&[23, 2323]) => Probe::Either,
        _ => Probe::No,
    }
}

/// Modbus over TCP: the protocol number is nought, the length fits, the function is one.
pub fn modbus(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Udp || !way.touches(&[502]) {
        return Probe::No;
    }
    let (Some(protocol), Some(length), Some(function)) = (u16_be_at(data, 2), u16_be_at(data, 4), u8_at(data, 7))
    else {
        return Probe::More;
    };
    let sane = protocol == 0 && (2..=254).contains(&length) && function & 0x7f != 0;
    if sane { Probe::Either } else { Probe::No }
}

/// EtherNet/IP: a known command, a length that fits, no options.
pub fn enip(way: Way, data: &[u8]) -> Probe {
    if !way.touches(&[44818, 2222]) {
        return Probe::No;
    }
    let (Some(command), Some(length), Some(options)) = (u16_le_at(data, 0), u16_le_at(data, 2), u32_le_at(data, 20))
    else {
        return if way.over == Over::Tcp { Probe::More } else { Probe::No };
    };
    let known = matches!(command, 0x00 | 0x04 | 0x63 | 0x64 | 0x65 | 0x66 | 0x6f | 0x70 | 0x72 | 0x73);
    if known && usize::from(length) + 24 >= data.len() && options == 0 { Probe::Either } else { Probe::No }
}

/// DNP3 over TCP: its two first bytes on its port.
pub fn dnp3(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Udp || !way.touches(&[20000]) {
        return Probe::No;
    }
    match (u16_be_at(data, 0), u8_at(data, 2)) {
        (Some(0x0564), Some(5..)) => Probe::Either,
        (Some(0x0564), None) | (None, _) => Probe::More,
        _ => Probe::No,
    }
}

/// The distributed table of BitTorrent (BEP 5): a bencoded dictionary with one of its first keys.
pub fn bittorrent_dht(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Tcp || u32_be_at(data, 0).is_none() {
        return Probe::No;
    }
    let question = data.starts_with(b"d1:ad2:id20:");
    let answer = data.starts_with(b"d1:rd2:id20:") || data.starts_with(b"d2:ip") || data.starts_with(b"d1:eli20");
    match (question, answer) {
        (true, _) => Probe::Client,
        (_, true) => Probe::Server,
        _ => Probe::No,
    }
}

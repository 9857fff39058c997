//! Commands, answers, and the addresses in them.

use std::net::{IpAddr, Ipv4Addr};

/// `h1,h2,h3,h4,p1,p2` (RFC 959, section 4.1.2), wherever it stands in the text.
pub fn address(text: &[u8]) -> Option<(IpAddr, u16)> {
    let from = text.iter().position(u8::is_ascii_digit)?;
    let list = text.get(from..)?;
    let until =
        list.iter().position(|byte| !byte.is_ascii_digit() && !matches!(byte, b',' | b' ')).unwrap_or(list.len());
    let mut numbers = list
        .get(..until)?
        .split(|byte| *byte == b',')
        .map(|own| std::str::from_utf8(own.trim_ascii()).ok().and_then(|own| own.parse::<u8>().ok()));
    let mut next = || numbers.next().flatten();
    let address = Ipv4Addr::new(next()?, next()?, next()?, next()?);
    Some((address.into(), u16::from_be_bytes([next()?, next()?])))
}

/// `|1|192.0.2.1|6275|` (RFC 2428, section 2); in an answer only the port stands between the bars.
pub fn extended(text: &[u8]) -> Option<(Option<IpAddr>, u16)> {
    let from = text.iter().position(|byte| *byte == b'|').or_else(|| text.iter().position(|byte| *byte == b'!'))?;
    let bar = *text.get(from)?;
    let mut parts = text.get(from + 1..)?.split(|byte| *byte == bar).map(std::str::from_utf8);
    let mut next = || parts.next().and_then(Result::ok);
    let (_family, address, port) = (next()?, next()?, next()?);
    Some((address.parse().ok(), port.parse().ok()?))
}

/// The code of an answer's line, whether more lines follow, and its text.
pub fn reply(line: &[u8]) -> Option<([u8; 3], bool, &[u8])> {
    let (code, rest) = line.split_first_chunk::<3>()?;
    if !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match rest.split_first() {
        None => Some((*code, false, rest)),
        Some((b'-', text)) => Some((*code, true, text)),
        Some((b' ', text)) => Some((*code, false, text)),
        Some(_) => None,
    }
}

/// Commands that move data through another conversation.
pub fn transfers(command: &[u8]) -> bool {
    matches!(command, b"RETR" | b"STOR" | b"STOU" | b"APPE" | b"LIST" | b"NLST" | b"MLSD")
}

//! Messages and datagrams (RFC 1002, sections 4.2 and 4.4).

use super::events::{Announcement, Datagram, Message, Name, Record};
use crate::bytes::{Bytes, u8_at, u16_le_at, u32_le_at};
use crate::proto::smb::{decode_name, text};
use std::net::Ipv4Addr;

/// Labels of a scope behind a name.
const SCOPE_LABELS_MAX: usize = 16;
const ADDRESSES_MAX: usize = 64;
const NAMES_MAX: usize = 64;
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;

pub fn message(input: &[u8]) -> Option<Message> {
    let mut bytes = Bytes::new(input);
    let (id, flags) = (bytes.u16_be()?, bytes.u16_be()?);
    let questions = bytes.u16_be()?;
    let records = [bytes.u16_be()?, bytes.u16_be()?, bytes.u16_be()?];
    let mut message = Message { id, flags, ..Message::default() };
    if questions > 0 {
        let name = name(input, &mut bytes)?;
        message.question = Some((name, bytes.u16_be()?));
        bytes.skip(2)?;
    }
    if questions <= 1 && records != [0; 3] {
        message.record = record(input, &mut bytes);
    }
    (message.question.is_some() || message.record.is_some()).then_some(message)
}

/// A name, or a pointer to the one of the question.
fn name(whole: &[u8], bytes: &mut Bytes<'_>) -> Option<Name> {
    let length = bytes.u8()?;
    if length & 0xc0 == 0xc0 {
        let at = usize::from(u16::from_be_bytes([length & 0x3f, bytes.u8()?]));
        let label = whole.get(at + 1..)?;
        return (u8_at(whole, at)? == 32).then(|| decoded(label)).flatten();
    }
    if length != 32 {
        return None;
    }
    let encoded = bytes.take(32)?;
    for _ in 0..SCOPE_LABELS_MAX {
        match bytes.u8()? {
            0 => return decoded(encoded),
            label @ 1..=63 => bytes.skip(label.into())?,
            _ => return None,
        }
    }
    None
}

fn decoded(encoded: &[u8]) -> Option<Name> {
    let (name, service) = decode_name(encoded)?;
    Some(Name { name: String::from_utf8_lossy(&name).into_owned(), service })
}

fn record(whole: &[u8], bytes: &mut Bytes<'_>) -> Option<Record> {
    let name = name(whole, bytes)?;
    let (kind, _class, ttl, length) = (bytes.u16_be()?, bytes.u16_be()?, bytes.u32_be()?, bytes.u16_be()?);
    let mut data = Bytes::new(bytes.take(usize::from(length).min(bytes.len()))?);
    let mut record = Record { name, kind, ttl, ..Record::default() };
    match kind {
        NB => {
            for _ in 0..ADDRESSES_MAX {
                let (Some(_flags), Some(address)) = (data.u16_be(), data.array::<4>()) else { break };
                record.addresses.push(Ipv4Addr::from(address));
            }
        }
        NBSTAT => status(&mut data, &mut record).unwrap_or_default(),
        _ => {}
    }
    Some(record)
}

/// The names of a node, in the open.
fn status(data: &mut Bytes<'_>, record: &mut Record) -> Option<()> {
    let count = usize::from(data.u8()?);
    for _ in 0..count.min(NAMES_MAX) {
        let (name, service, _flags) = (data.array::<15>()?, data.u8()?, data.u16_be()?);
        let name = String::from_utf8_lossy(&name).trim_end_matches([' ', '\0']).to_owned();
        record.names.push(Name { name, service });
    }
    record.mac = data.array::<6>().filter(|mac| *mac != [0; 6]);
    Some(())
}

pub fn datagram(input: &[u8]) -> Option<Datagram> {
    let mut bytes = Bytes::new(input);
    let kind = bytes.u8()?;
    if !(0x10..=0x12).contains(&kind) {
        return None;
    }
    bytes.skip(13)?;
    let (from, to) = (name(input, &mut bytes)?, name(input, &mut bytes)?);
    let mut datagram = Datagram { kind, from, to, ..Datagram::default() };
    if let Some((mailslot, data)) = mailslot(bytes.rest()) {
        datagram.announcement =
            mailslot.eq_ignore_ascii_case("\\MAILSLOT\\BROWSE").then(|| announcement(data)).flatten();
        datagram.mailslot = Some(mailslot);
    }
    Some(datagram)
}

/// A transaction of SMB1 without a connection: the name of a mailslot and what is put into it.
fn mailslot(message: &[u8]) -> Option<(String, &[u8])> {
    const TRANSACTION: u8 = 0x25;
    if !message.starts_with(b"\xffSMB") || u8_at(message, 4)? != TRANSACTION {
        return None;
    }
    let words = u8_at(message, 32)?;
    let (length, offset) = (usize::from(u16_le_at(message, 55)?), usize::from(u16_le_at(message, 57)?));
    let (name, _) = text::oem_terminated(message.get(35 + 2 * usize::from(words)..)?);
    let data = message.get(offset..).unwrap_or_default();
    Some((name, data.get(..length).unwrap_or(data)))
}

/// A host, domain or local master announcement ([MS-BRWS] 2.2.1 to 2.2.10).
fn announcement(data: &[u8]) -> Option<Announcement> {
    let command = u8_at(data, 0)?;
    if !matches!(command, 1 | 12 | 15) {
        return None;
    }
    let host = text::oem_terminated(data.get(6..22)?).0;
    let version = (u8_at(data, 22)?, u8_at(data, 23)?);
    let server_type = u32_le_at(data, 24)?;
    let comment = data.get(32..).map(|comment| text::oem_terminated(comment).0).unwrap_or_default();
    Some(Announcement { command, host, version, server_type, comment })
}

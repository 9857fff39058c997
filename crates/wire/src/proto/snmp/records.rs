//! Messages in BER.

use super::{Message, Trap};
use crate::bytes::Bytes;
use std::net::Ipv4Addr;

/// Variables of one message that are kept.
const VARIABLES_MAX: usize = 256;
/// Numbers of one object identifier.
const PARTS_MAX: usize = 128;
/// Bytes of a community or user name that are kept.
const NAME_BYTES_MAX: usize = 256;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const TRAP_1: u8 = 0xa4;

/// Takes an element: its tag and content.
fn element<'a>(bytes: &mut Bytes<'a>) -> Option<(u8, &'a [u8])> {
    let tag = bytes.u8()?;
    let length = match bytes.u8()? {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let mut length = 0usize;
            for _ in 0..long & 0x7f {
                length = length << 8 | usize::from(bytes.u8()?);
            }
            length
        }
        _ => return None,
    };
    Some((tag, bytes.take(length)?))
}

fn tagged<'a>(bytes: &mut Bytes<'a>, wanted: u8) -> Option<&'a [u8]> {
    element(bytes).filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
}

fn integer(bytes: &mut Bytes<'_>) -> Option<i64> {
    number(tagged(bytes, INTEGER)?)
}

fn number(content: &[u8]) -> Option<i64> {
    if content.is_empty() || content.len() > 8 {
        return None;
    }
    let negative = content.first().is_some_and(|first| first & 0x80 != 0);
    Some(content.iter().fold(if negative { -1 } else { 0 }, |value, byte| value << 8 | i64::from(*byte)))
}

fn object(content: &[u8]) -> Option<String> {
    let mut numbers = Vec::new();
    let mut value = 0u64;
    for byte in content {
        value = value.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        if byte & 0x80 == 0 {
            numbers.push(std::mem::take(&mut value));
        }
        if numbers.len() > PARTS_MAX {
            return None;
        }
    }
    let first = *numbers.first()?;
    let top = (first / 40).min(2);
    let mut text = format!("{top}.{}", first - top * 40);
    for number in numbers.iter().skip(1) {
        text.push('.');
        text.push_str(&number.to_string());
    }
    Some(text)
}

/// Reads a message. `None` when it is no SNMP; one that breaks off after its version gives what stood before.
pub fn message(data: &[u8]) -> Option<Message> {
    let mut bytes = Bytes::new(tagged(&mut Bytes::new(data), SEQUENCE)?);
    let version = match integer(&mut bytes)? {
        0 => 1,
        1 => 2,
        3 => 3,
        _ => return None,
    };
    let mut message = Message { version, ..Message::default() };
    let read = if version == 3 { version_3(&mut message, bytes) } else { community(&mut message, bytes) };
    message.broken = read.is_none();
    Some(message)
}

fn community(message: &mut Message, mut bytes: Bytes<'_>) -> Option<()> {
    let community = tagged(&mut bytes, OCTETS)?;
    message.community = Some(community.get(..community.len().min(NAME_BYTES_MAX))?.to_vec());
    unit(message, &mut bytes)
}

/// RFC 3412, section 6: the header, what the security model says, and the unit, which may be encrypted.
fn version_3(message: &mut Message, mut bytes: Bytes<'_>) -> Option<()> {
    let mut header = Bytes::new(tagged(&mut bytes, SEQUENCE)?);
    let (_id, _size) = (integer(&mut header)?, integer(&mut header)?);
    let flags = *tagged(&mut header, OCTETS)?.first()?;
    let model = integer(&mut header)?;
    let security = tagged(&mut bytes, OCTETS)?;
    if model == 3 {
        message.user = user(security);
    }
    if flags & 2 != 0 {
        message.encrypted = true;
        return Some(());
    }
    let mut scoped = Bytes::new(tagged(&mut bytes, SEQUENCE)?);
    let (_engine, _name) = (tagged(&mut scoped, OCTETS)?, tagged(&mut scoped, OCTETS)?);
    unit(message, &mut scoped)
}

/// RFC 3414, section 2.4.
fn user(security: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Bytes::new(tagged(&mut Bytes::new(security), SEQUENCE)?);
    let _engine = tagged(&mut bytes, OCTETS)?;
    let (_boots, _time) = (integer(&mut bytes)?, integer(&mut bytes)?);
    let user = tagged(&mut bytes, OCTETS)?;
    Some(user.get(..user.len().min(NAME_BYTES_MAX))?.to_vec())
}

fn unit(message: &mut Message, bytes: &mut Bytes<'_>) -> Option<()> {
    let (tag, content) = element(bytes)?;
    message.kind = Some(tag);
    let mut bytes = Bytes::new(content);
    if tag == TRAP_1 {
        let enterprise = object(tagged(&mut bytes, OBJECT)?)?;
        let (_, address) = element(&mut bytes)?;
        let address = address.first_chunk::<4>().map(|address| Ipv4Addr::from(*address));
        let (generic, _specific) = (integer(&mut bytes)?, integer(&mut bytes)?);
        let _time = element(&mut bytes)?;
        message.trap = Some(Trap { enterprise, address, generic });
    } else {
        message.request = integer(&mut bytes)?;
        // A request for much has two other numbers in the places of the error.
        let (error, _index) = (integer(&mut bytes)?, integer(&mut bytes)?);
        message.error = if tag == 0xa5 { 0 } else { error };
    }
    let mut list = Bytes::new(tagged(&mut bytes, SEQUENCE)?);
    while !list.is_empty() && message.variables.len() < VARIABLES_MAX {
        let mut variable = Bytes::new(tagged(&mut list, SEQUENCE)?);
        message.variables.push(object(tagged(&mut variable, OBJECT)?)?);
        let _value = element(&mut variable)?;
    }
    Some(())
}

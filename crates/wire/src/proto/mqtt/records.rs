//! Packets and properties (MQTT 3.1.1 and 5, sections 2 and 3).

use super::events::{Body, Flags, Message, Property, Text, Value, Will};
use crate::bytes::Bytes;

pub const CONNECT: u8 = 1;
pub const CONNACK: u8 = 2;
pub const PUBLISH: u8 = 3;
pub const PUBACK: u8 = 4;
pub const PUBCOMP: u8 = 7;
const SUBSCRIBE: u8 = 8;
const SUBACK: u8 = 9;
const UNSUBSCRIBE: u8 = 10;
const UNSUBACK: u8 = 11;
const PINGREQ: u8 = 12;
const PINGRESP: u8 = 13;
const DISCONNECT: u8 = 14;
const AUTH: u8 = 15;

/// Topics, codes or properties of one packet that are kept.
const LIST_MAX: usize = 256;
/// A number of variable length has four bytes at most (section 1.5.5).
const NUMBER_BYTES_MAX: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub kind: u8,
    pub flags: Flags,
    /// Of the header itself.
    pub bytes: usize,
    /// Of what follows it.
    pub length: usize,
}

/// Something read from the front of what may not be all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read<T> {
    Is(T),
    More,
    Bad,
}

/// Reads the fixed header of a packet.
pub fn header(input: &[u8]) -> Read<Header> {
    let mut bytes = Bytes::new(input);
    let Some(first) = bytes.u8() else { return Read::More };
    let length = match number(&mut bytes) {
        Read::Is(length) => length as usize,
        Read::More => return Read::More,
        Read::Bad => return Read::Bad,
    };
    let quality = first >> 1 & 3;
    if first >> 4 == 0 || quality == 3 {
        return Read::Bad;
    }
    let flags = Flags { quality, retain: first & 1 != 0, duplicate: first & 8 != 0 };
    Read::Is(Header { kind: first >> 4, flags, bytes: input.len() - bytes.len(), length })
}

/// A number in seven bits a byte, the lowest first.
fn number(bytes: &mut Bytes<'_>) -> Read<u32> {
    let mut value = 0;
    for place in 0..NUMBER_BYTES_MAX {
        let Some(byte) = bytes.u8() else { return Read::More };
        value |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Read::Is(value);
        }
    }
    Read::Bad
}

fn whole_number(bytes: &mut Bytes<'_>) -> Option<u32> {
    match number(bytes) {
        Read::Is(value) => Some(value),
        Read::More | Read::Bad => None,
    }
}

/// Reads what follows the header of a packet in a conversation of this protocol version.
pub fn packet(header: Header, body: &[u8], version: u8) -> Option<Message> {
    let mut bytes = Bytes::new(body);
    let body = match header.kind {
        CONNECT => connect(&mut bytes)?,
        CONNACK => connect_answer(&mut bytes, version)?,
        PUBLISH => publish(&mut bytes, header.flags, version)?,
        kind @ PUBACK..=PUBCOMP => acknowledge(&mut bytes, kind, version)?,
        SUBSCRIBE => subscribe(&mut bytes, version)?,
        SUBACK => {
            let id = bytes.u16_be()?;
            let properties = properties(&mut bytes, version)?;
            Body::SubscribeAnswer { id, properties, granted: codes(bytes) }
        }
        UNSUBSCRIBE => unsubscribe(&mut bytes, version)?,
        UNSUBACK => {
            let id = bytes.u16_be()?;
            let properties = properties(&mut bytes, version)?;
            Body::UnsubscribeAnswer { id, properties, reasons: (version >= 5).then(|| codes(bytes)) }
        }
        PINGREQ => Body::PingRequest,
        PINGRESP => Body::PingAnswer,
        DISCONNECT if version < 5 => Body::Disconnect { reason: None, properties: Vec::new() },
        DISCONNECT => {
            // Without any bytes it is a normal one (MQTT 5, section 3.14.2.1).
            let reason = bytes.u8().unwrap_or(0);
            Body::Disconnect { reason: Some(reason), properties: optional_properties(&mut bytes)? }
        }
        AUTH => {
            let reason = bytes.u8().unwrap_or(0);
            Body::Authenticate { reason, properties: optional_properties(&mut bytes)? }
        }
        _ => return None,
    };
    Some(Message { flags: header.flags, body })
}

fn connect(bytes: &mut Bytes<'_>) -> Option<Body> {
    let protocol = text(bytes)?;
    let (version, flags) = (bytes.u8()?, bytes.u8()?);
    let _keep_alive = bytes.u16_be()?;
    let own = properties(bytes, version)?;
    let client = text(bytes)?;
    let will = if flags & 0x04 != 0 {
        Some(Will { properties: properties(bytes, version)?, topic: text(bytes)?, message: text(bytes)? })
    } else {
        None
    };
    let user = if flags & 0x80 != 0 { Some(text(bytes)?) } else { None };
    let password = if flags & 0x40 != 0 { Some(text(bytes)?) } else { None };
    Some(Body::Connect { protocol, version, flags, client, will, user, password, properties: own })
}

fn connect_answer(bytes: &mut Bytes<'_>, version: u8) -> Option<Body> {
    let (session, code) = (bytes.u8()?, bytes.u8()?);
    let properties = properties(bytes, version)?;
    Some(Body::ConnectAnswer { session_present: session & 1 != 0, code, properties })
}

fn publish(bytes: &mut Bytes<'_>, flags: Flags, version: u8) -> Option<Body> {
    let topic = text(bytes)?;
    let id = if flags.quality > 0 { Some(bytes.u16_be()?) } else { None };
    let properties = properties(bytes, version)?;
    Some(Body::Publish { topic, id, properties, message: Text::of(bytes.rest()) })
}

fn acknowledge(bytes: &mut Bytes<'_>, kind: u8, version: u8) -> Option<Body> {
    let id = bytes.u16_be()?;
    if version < 5 {
        return Some(Body::Acknowledge { kind, id, reason: None, properties: Vec::new() });
    }
    // A reason that is left out is success (MQTT 5, section 3.4.2.1).
    let reason = bytes.u8().unwrap_or(0);
    Some(Body::Acknowledge { kind, id, reason: Some(reason), properties: optional_properties(bytes)? })
}

fn subscribe(bytes: &mut Bytes<'_>, version: u8) -> Option<Body> {
    let id = bytes.u16_be()?;
    let properties = properties(bytes, version)?;
    let mut topics = Vec::new();
    while !bytes.is_empty() {
        let topic = (text(bytes)?, bytes.u8()? & 3);
        if topics.len() < LIST_MAX {
            topics.push(topic);
        }
    }
    Some(Body::Subscribe { id, topics, properties })
}

fn unsubscribe(bytes: &mut Bytes<'_>, version: u8) -> Option<Body> {
    let id = bytes.u16_be()?;
    let properties = properties(bytes, version)?;
    let mut topics = Vec::new();
    while !bytes.is_empty() {
        let topic = text(bytes)?;
        if topics.len() < LIST_MAX {
            topics.push(topic);
        }
    }
    Some(Body::Unsubscribe { id, topics, properties })
}

fn codes(bytes: Bytes<'_>) -> Vec<u8> {
    bytes.rest().iter().copied().take(LIST_MAX).collect()
}

fn text(bytes: &mut Bytes<'_>) -> Option<Text> {
    let length = bytes.u16_be()?;
    Some(Text::of(bytes.take(length.into())?))
}

/// Properties that may be left out with all that would follow.
fn optional_properties(bytes: &mut Bytes<'_>) -> Option<Vec<Property>> {
    if bytes.is_empty() { Some(Vec::new()) } else { properties(bytes, 5) }
}

/// The properties of a packet; earlier versions have none.
fn properties(bytes: &mut Bytes<'_>, version: u8) -> Option<Vec<Property>> {
    let mut properties = Vec::new();
    if version < 5 {
        return Some(properties);
    }
    let length = whole_number(bytes)?;
    let mut own = Bytes::new(bytes.take(length as usize)?);
    while !own.is_empty() {
        let property = property(&mut own)?;
        if properties.len() < LIST_MAX {
            properties.push(property);
        }
    }
    Some(properties)
}

/// One property (MQTT 5, section 2.2.2.2).
fn property(bytes: &mut Bytes<'_>) -> Option<Property> {
    let (name, value) = match whole_number(bytes)? {
        0x01 => ("payload_format_indicator", Value::Number(bytes.u8()?.into())),
        0x02 => ("message_expiry_interval", Value::Number(bytes.u32_be()?)),
        0x03 => ("content_type", Value::Text(text(bytes)?)),
        0x08 => ("response_topic", Value::Text(text(bytes)?)),
        0x09 => ("correlation_data", Value::Text(text(bytes)?)),
        0x0b => ("subscription_identifier", Value::Number(whole_number(bytes)?)),
        0x11 => ("session_expiry_interval", Value::Number(bytes.u32_be()?)),
        0x12 => ("assigned_client_identifier", Value::Text(text(bytes)?)),
        0x13 => ("server_keep_alive", Value::Number(bytes.u16_be()?.into())),
        0x15 => ("authentication_method", Value::Text(text(bytes)?)),
        0x16 => ("authentication_data", Value::Text(text(bytes)?)),
        0x17 => ("request_problem_information", Value::Number(bytes.u8()?.into())),
        0x18 => ("will_delay_interval", Value::Number(bytes.u32_be()?)),
        0x19 => ("request_response_information", Value::Number(bytes.u8()?.into())),
        0x1a => ("response_information", Value::Text(text(bytes)?)),
        0x1c => ("server_reference", Value::Text(text(bytes)?)),
        0x1f => ("reason_string", Value::Text(text(bytes)?)),
        0x21 => ("receive_maximum", Value::Number(bytes.u16_be()?.into())),
        0x22 => ("topic_alias_maximum", Value::Number(bytes.u16_be()?.into())),
        0x23 => ("topic_alias", Value::Number(bytes.u16_be()?.into())),
        0x24 => ("maximum_qos", Value::Number(bytes.u8()?.into())),
        0x25 => ("retain_available", Value::Number(bytes.u8()?.into())),
        0x26 => return Some(Property::User(text(bytes)?, text(bytes)?)),
        0x27 => ("maximum_packet_size", Value::Number(bytes.u32_be()?)),
        0x28 => ("wildcard_subscription_available", Value::Number(bytes.u8()?.into())),
        0x29 => ("subscription_identifiers_available", Value::Number(bytes.u8()?.into())),
        0x2a => ("shared_subscription_available", Value::Number(bytes.u8()?.into())),
        // Without its type the length of a property is not known.
        _ => return None,
    };
    Some(Property::Known(name, value))
}

//! Messages of the key distribution centre and its clients (RFC 4120, section 5).

use super::der::{self, application, context};
use super::events::Message;
use super::ticket::{encryption, principal, sequence_of, text, ticket};
use crate::bytes::Bytes;

const PREAUTH_MAX: usize = 32;
const ETYPES_MAX: usize = 64;
const PA_PAC_REQUEST: i64 = 128;

pub mod kind {
    pub const AS_REQ: u8 = 10;
    pub const AS_REP: u8 = 11;
    pub const TGS_REQ: u8 = 12;
    pub const TGS_REP: u8 = 13;
    pub const AP_REQ: u8 = 14;
    pub const ERROR: u8 = 30;
}

/// The type that a message's outer tag and its own field state, when both agree and the version is 5.
pub fn message_kind(input: &[u8]) -> Option<u8> {
    let (tag, length, head) = der::header(input)?;
    let number = tag.checked_sub(application(0)).filter(|number| *number < 31)?;
    if !matches!(number, 10..=16 | 20..=22 | 30) {
        return None;
    }
    let mut outer = Bytes::new(input.get(head..)?);
    let (sequence, inner, head) = der::header(outer.rest())?;
    if sequence != der::SEQUENCE || inner > length {
        return None;
    }
    outer.skip(head)?;
    // Requests number their fields from one, all others from nought.
    let from = u8::from(matches!(number, 10 | 12));
    let version = der::integer(der::expect(&mut Bytes::new(der::expect(&mut outer, context(from))?), der::INTEGER)?)?;
    let stated = der::expect(&mut Bytes::new(der::expect(&mut outer, context(from + 1))?), der::INTEGER)?;
    (version == 5 && der::integer(stated)? == i64::from(number)).then_some(number)
}

/// Reads a message; what breaks off is read as far as it goes.
pub fn message(input: &[u8]) -> Option<Message> {
    let kind = message_kind(input)?;
    let fields = sequence_of(input, kind).unwrap_or_default();
    let mut message = Message { kind, ..Message::default() };
    match kind {
        kind::AS_REQ | kind::TGS_REQ => request(fields, &mut message),
        kind::AS_REP | kind::TGS_REP => reply(fields, &mut message),
        kind::ERROR => error(fields, &mut message),
        kind::AP_REQ => {
            if let Some(ticket) = der::member(fields, context(3)).and_then(ticket) {
                message.realm = Some(ticket.realm.clone());
                message.service = ticket.names.clone();
                message.ticket_encryption = ticket.encryption;
            }
        }
        _ => {}
    }
    Some(message)
}

fn request(fields: &[u8], message: &mut Message) {
    preauthentication(fields, message);
    let body = der::member(fields, context(4)).and_then(|body| der::member(body, der::SEQUENCE)).unwrap_or_default();
    message.client = der::member(body, context(1)).map(principal).unwrap_or_default();
    message.realm = der::string_in(body, 2).map(text);
    message.service = der::member(body, context(3)).map(principal).unwrap_or_default();
    let types = der::member(body, context(8)).and_then(|types| der::member(types, der::SEQUENCE)).unwrap_or_default();
    message.encryptions = der::members(types).take(ETYPES_MAX).filter_map(|kind| der::integer(kind.value)).collect();
    message.authorization_data = der::member(body, context(10)).is_some();
}

fn preauthentication(fields: &[u8], message: &mut Message) {
    let list = der::member(fields, context(3)).and_then(|list| der::member(list, der::SEQUENCE)).unwrap_or_default();
    for entry in der::members(list).take(PREAUTH_MAX) {
        let Some(kind) = der::integer_in(entry.value, 1) else { continue };
        message.preauthentication.push(kind);
        if kind == PA_PAC_REQUEST {
            let value = der::string_in(entry.value, 2).unwrap_or_default();
            // A sequence with one boolean: whether a PAC is wanted.
            let wanted = der::member(value, der::SEQUENCE).and_then(|fields| der::member(fields, context(0)));
            message.wants_pac = wanted.and_then(|wanted| wanted.last()).map(|byte| *byte != 0);
        }
    }
}

fn reply(fields: &[u8], message: &mut Message) {
    message.realm = der::string_in(fields, 3).map(text);
    message.client = der::member(fields, context(4)).map(principal).unwrap_or_default();
    if let Some(ticket) = der::member(fields, context(5)).and_then(ticket) {
        message.service = ticket.names.clone();
        message.ticket_encryption = ticket.encryption;
    }
    message.encryption = der::member(fields, context(6)).and_then(encryption);
}

fn error(fields: &[u8], message: &mut Message) {
    message.error = der::integer_in(fields, 6);
    // The realm of the client; that of the server is another field.
    message.realm = der::string_in(fields, 7).map(text);
    message.client = der::member(fields, context(8)).map(principal).unwrap_or_default();
    message.service = der::member(fields, context(10)).map(principal).unwrap_or_default();
}

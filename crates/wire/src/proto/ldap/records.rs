//! Messages (RFC 4511, section 4 and appendix B).

use super::events::{Attribute, Change, Outcome, Request, Response, Sasl, Search};
use super::filter;
use crate::bytes::Bytes;
use crate::proto::krb5::der::{self, ENUMERATED, INTEGER, OCTETS, SEQUENCE};

/// Bytes of one value that are kept.
const VALUE_BYTES_MAX: usize = 4096;
/// Attributes, changes, values, names and addresses in a message that are kept, each.
const MEMBERS_MAX: usize = 256;

/// A message; `bytes` is how much of it is kept, roughly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: u32,
    pub body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    Request(Request),
    Response(Response),
}

/// Who says an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    ByClient,
    ByServer,
}

/// Who says the operation with this tag; nothing where there is no such operation.
pub fn said(tag: u8) -> Option<Said> {
    match tag {
        0x60 | 0x42 | 0x63 | 0x66 | 0x68 | 0x4a | 0x6c | 0x6e | 0x50 | 0x77 => Some(Said::ByClient),
        0x61 | 0x64 | 0x65 | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f | 0x73 | 0x78 | 0x79 => Some(Said::ByServer),
        _ => None,
    }
}

/// Reads a message, or as much of one as is there.
pub fn message(input: &[u8]) -> Option<Message> {
    let envelope = der::next(&mut Bytes::new(input)).filter(|element| element.tag == SEQUENCE)?;
    let mut bytes = Bytes::new(envelope.value);
    let id = u32::try_from(der::integer(der::expect(&mut bytes, INTEGER)?)?).ok()?;
    let operation = der::next(&mut bytes)?;
    let body = match said(operation.tag)? {
        Said::ByClient => Body::Request(request(operation.tag, operation.value)?),
        Said::ByServer => Body::Response(response(operation.tag, operation.value)?),
    };
    Some(Message { id, body })
}

fn request(tag: u8, value: &[u8]) -> Option<Request> {
    let mut bytes = Bytes::new(value);
    Some(match tag {
        0x60 => {
            let version = der::integer(der::expect(&mut bytes, INTEGER)?)?;
            let name = octets(&mut bytes)?;
            let choice = der::next(&mut bytes);
            // A password (tag 0x80) is nobody's business.
            let sasl = choice.filter(|choice| choice.tag == 0xa3).and_then(|choice| sasl(choice.value));
            Request::Bind { version, name, sasl }
        }
        0x42 => Request::Unbind,
        0x63 => Request::Search(Box::new(search(&mut bytes)?)),
        0x66 => Request::Modify { object: octets(&mut bytes)?, changes: changes(&mut bytes) },
        0x68 => Request::Add { entry: octets(&mut bytes)?, attributes: attributes(&mut bytes) },
        0x4a => Request::Delete { dn: kept(value) },
        0x6c => {
            let (entry, new_rdn) = (octets(&mut bytes)?, octets(&mut bytes)?);
            let delete_old = der::expect(&mut bytes, 0x01).is_some_and(is_true);
            Request::Rename { entry, new_rdn, delete_old, new_superior: der::expect(&mut bytes, 0x80).map(kept) }
        }
        0x6e => {
            let entry = octets(&mut bytes)?;
            let mut assertion = Bytes::new(der::expect(&mut bytes, SEQUENCE)?);
            Request::Compare { entry, description: octets(&mut assertion)?, value: octets(&mut assertion)? }
        }
        0x50 => Request::Abandon { id: der::integer(value)? },
        0x77 => Request::Extended {
            name: kept(der::expect(&mut bytes, 0x80)?),
            value: der::expect(&mut bytes, 0x81).map(kept),
        },
        _ => return None,
    })
}

fn sasl(value: &[u8]) -> Option<Sasl> {
    let mut bytes = Bytes::new(value);
    Some(Sasl { mechanism: octets(&mut bytes)?, credentials: octets(&mut bytes) })
}

fn search(bytes: &mut Bytes<'_>) -> Option<Search> {
    let base = octets(bytes)?;
    let mut search = Search {
        base,
        scope: der::integer(der::expect(bytes, ENUMERATED)?)?,
        deref_alias: der::integer(der::expect(bytes, ENUMERATED)?)?,
        size_limit: der::integer(der::expect(bytes, INTEGER)?)?,
        time_limit: der::integer(der::expect(bytes, INTEGER)?)?,
        types_only: is_true(der::expect(bytes, 0x01)?),
        ..Search::default()
    };
    if let Some(filter) = der::next(bytes) {
        search.filter = filter::text(&filter);
        filter::equalities(&filter, 0, &mut |name, value| {
            let slot = match name {
                b"Host" => &mut search.host,
                b"User" => &mut search.user,
                _ => return,
            };
            slot.get_or_insert_with(|| String::from_utf8_lossy(&kept(value)).into_owned());
        });
    }
    search.attributes = der::expect(bytes, SEQUENCE).map(strings).unwrap_or_default();
    Some(search)
}

fn response(tag: u8, value: &[u8]) -> Option<Response> {
    let mut bytes = Bytes::new(value);
    Some(match tag {
        0x61 => Response::Bind { outcome: outcome(&mut bytes)?, credentials: later(&bytes, 0x87) },
        0x64 => Response::Entry { dn: octets(&mut bytes)?, attributes: attributes(&mut bytes) },
        0x65 => Response::SearchDone(outcome(&mut bytes)?),
        0x67 => Response::Modify(outcome(&mut bytes)?),
        0x69 => Response::Add(outcome(&mut bytes)?),
        0x6b => Response::Delete(outcome(&mut bytes)?),
        0x6d => Response::Rename(outcome(&mut bytes)?),
        0x6f => Response::Compare(outcome(&mut bytes)?),
        0x73 => Response::Reference(strings(value)),
        0x78 => {
            Response::Extended { outcome: outcome(&mut bytes)?, name: later(&bytes, 0x8a), value: later(&bytes, 0x8b) }
        }
        0x79 => Response::Intermediate { name: later(&bytes, 0x80), value: later(&bytes, 0x81) },
        _ => return None,
    })
}

fn outcome(bytes: &mut Bytes<'_>) -> Option<Outcome> {
    Some(Outcome {
        code: der::integer(der::expect(bytes, ENUMERATED)?)?,
        matched_dn: octets(bytes)?,
        message: octets(bytes)?,
    })
}

/// An optional member among those that follow.
fn later(bytes: &Bytes<'_>, tag: u8) -> Option<Vec<u8>> {
    der::member(bytes.rest(), tag).map(kept)
}

fn changes(bytes: &mut Bytes<'_>) -> Vec<Change> {
    let list = der::expect(bytes, SEQUENCE).unwrap_or_default();
    let change = |value| {
        let mut bytes = Bytes::new(value);
        let operation = der::integer(der::expect(&mut bytes, ENUMERATED)?)?;
        Some(Change { operation, attribute: attribute(der::expect(&mut bytes, SEQUENCE)?)? })
    };
    der::members(list).take(MEMBERS_MAX).filter_map(|element| change(element.value)).collect()
}

fn attributes(bytes: &mut Bytes<'_>) -> Vec<Attribute> {
    let list = der::expect(bytes, SEQUENCE).unwrap_or_default();
    der::members(list).take(MEMBERS_MAX).filter_map(|element| attribute(element.value)).collect()
}

fn attribute(value: &[u8]) -> Option<Attribute> {
    let mut bytes = Bytes::new(value);
    let name = octets(&mut bytes)?;
    // A set; some programs write a sequence.
    let values = der::next(&mut bytes).map(|set| strings(set.value)).unwrap_or_default();
    Some(Attribute { name, values })
}

fn strings(value: &[u8]) -> Vec<Vec<u8>> {
    let octets = der::members(value).filter(|element| element.tag == OCTETS);
    octets.take(MEMBERS_MAX).map(|element| kept(element.value)).collect()
}

fn octets(bytes: &mut Bytes<'_>) -> Option<Vec<u8>> {
    der::expect(bytes, OCTETS).map(kept)
}

fn kept(value: &[u8]) -> Vec<u8> {
    value.get(..VALUE_BYTES_MAX).unwrap_or(value).to_vec()
}

fn is_true(value: &[u8]) -> bool {
    value.first().is_some_and(|byte| *byte != 0)
}

//! Names and tickets (RFC 4120, sections 5.2.2 and 5.3).

use super::der::{self, application, context};
use crate::bytes::Bytes;

/// Parts of a name that are kept.
const PARTS_MAX: usize = 16;
const PART_BYTES_MAX: usize = 1024;

/// The open part of a ticket: what it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ticket {
    pub realm: String,
    /// The parts of the service's name.
    pub names: Vec<String>,
    /// How its closed part is encrypted.
    pub encryption: Option<i64>,
}

impl Ticket {
    /// The service as people write it: `cifs/server`.
    pub fn service(&self) -> String {
        self.names.join("/")
    }
}

/// Reads the ticket in a request to an application ([APPLICATION 14]).
pub fn ticket_of_request(input: &[u8]) -> Option<Ticket> {
    let fields = sequence_of(input, 14)?;
    ticket(der::member(fields, context(3))?)
}

/// Reads a ticket ([APPLICATION 1]).
pub fn ticket(input: &[u8]) -> Option<Ticket> {
    let fields = sequence_of(input, 1)?;
    Some(Ticket {
        realm: text(der::string_in(fields, 1)?),
        names: principal(der::member(fields, context(2))?),
        encryption: der::member(fields, context(3)).and_then(encryption),
    })
}

/// The members of the sequence in an application-specific element.
pub fn sequence_of(input: &[u8], number: u8) -> Option<&[u8]> {
    der::expect(&mut Bytes::new(der::expect(&mut Bytes::new(input), application(number))?), der::SEQUENCE)
}

/// The parts of a PrincipalName.
pub fn principal(input: &[u8]) -> Vec<String> {
    let parts = || der::member(der::member(der::member(input, der::SEQUENCE)?, context(1))?, der::SEQUENCE);
    let parts = parts().unwrap_or_default();
    der::members(parts).take(PARTS_MAX).map(|part| text(part.value)).collect()
}

/// The encryption type of an EncryptedData.
pub fn encryption(input: &[u8]) -> Option<i64> {
    der::integer_in(der::member(input, der::SEQUENCE)?, 0)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..PART_BYTES_MAX).unwrap_or(bytes)).into_owned()
}

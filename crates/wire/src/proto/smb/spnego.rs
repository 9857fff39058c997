//! Negotiation of the way to authenticate (RFC 4178), with the NTLM message or the Kerberos ticket inside it.

use super::ntlmssp;
use crate::bytes::Bytes;
use crate::proto::krb5::{Ticket, der, ticket_of_request};

const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// Kerberos with the mistake that Windows 2000 made in its number.
const KERBEROS_MS: &[u8] = &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// What a security token tells of who authenticates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Token {
    pub ntlm: Option<ntlmssp::Message>,
    pub ticket: Option<Ticket>,
}

/// Reads a token: SPNEGO around something, or that something alone.
pub fn token(input: &[u8]) -> Token {
    let inner = mechanism_token(input).unwrap_or(input);
    let ticket = kerberos(inner).or_else(|| ticket_of_request(inner));
    let ntlm = ticket.is_none().then(|| ntlmssp::find(inner)).flatten();
    Token { ntlm, ticket }
}

/// The token of the mechanism in a SPNEGO token.
fn mechanism_token(input: &[u8]) -> Option<&[u8]> {
    let outer = der::next(&mut Bytes::new(input))?;
    let choice = if outer.tag == der::application(0) {
        let mut inside = Bytes::new(outer.value);
        if der::expect(&mut inside, der::OBJECT_ID)? != SPNEGO {
            return None;
        }
        der::next(&mut inside)?
    } else {
        outer
    };
    if choice.tag != der::context(0) && choice.tag != der::context(1) {
        return None;
    }
    let fields = der::member(choice.value, der::SEQUENCE)?;
    // mechToken of the first message and responseToken of all others have the same number.
    der::member(der::member(fields, der::context(2))?, der::OCTETS)
}

fn kerberos(input: &[u8]) -> Option<Ticket> {
    let outer = der::next(&mut Bytes::new(input))?;
    if outer.tag != der::application(0) {
        return None;
    }
    let mut inside = Bytes::new(outer.value);
    let mechanism = der::expect(&mut inside, der::OBJECT_ID)?;
    if mechanism != KERBEROS && mechanism != KERBEROS_MS {
        return None;
    }
    inside.skip(2)?;
    ticket_of_request(inside.rest())
}

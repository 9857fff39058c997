//! Messages of Kerberos (RFC 4120, section 5). What is encrypted is filler.

use super::der::{context, element, integer, octets, sequence};
use super::filler;

const REALM: &str = "EXAMPLE.ORG";
const PA_TGS_REQ: u32 = 1;
const PA_ENC_TIMESTAMP: u32 = 2;
const PA_PAC_REQUEST: u32 = 128;
const AES256: u32 = 18;
const RC4: u32 = 23;

/// What a request asks for.
#[derive(Clone, Copy)]
pub struct Asks {
    /// Whether the certificate of privileges is wanted; `None` says nothing of it.
    pub pac: Option<bool>,
    /// Authorization data of the client's own.
    pub authorization: bool,
}

fn text(value: &str) -> Vec<u8> {
    element(&[0x1b], value.as_bytes())
}

fn name(kind: u32, parts: &[&str]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| text(part)).collect();
    sequence(&[context(0, &integer(kind)), context(1, &sequence(&parts))])
}

fn encrypted(kind: u32, length: usize) -> Vec<u8> {
    sequence(&[context(0, &integer(kind)), context(2, &octets(&filler(length)))])
}

fn padata(kind: u32, value: &[u8]) -> Vec<u8> {
    sequence(&[context(1, &integer(kind)), context(2, &octets(value))])
}

fn ticket(service: &[&str]) -> Vec<u8> {
    let kind = if service[0] == "krbtgt" { 2 } else { 3 };
    let fields = [
        context(0, &integer(5)),
        context(1, &text(REALM)),
        context(2, &name(kind, service)),
        context(3, &encrypted(AES256, 300)),
    ];
    element(&[0x61], &sequence(&fields))
}

/// The ticket that proves who asks for another one.
fn ap_request() -> Vec<u8> {
    let fields = [
        context(0, &integer(5)),
        context(1, &integer(14)),
        context(2, &element(&[3], &[0, 0, 0, 0, 0])),
        context(3, &ticket(&["krbtgt", REALM])),
        context(4, &encrypted(AES256, 120)),
    ];
    element(&[0x6e], &sequence(&fields))
}

fn request(kind: u8, service: &[&str], first: Vec<u8>, asks: Asks) -> Vec<u8> {
    let mut preauthentication = vec![first];
    if let Some(wanted) = asks.pac {
        let wanted = sequence(&[context(0, &element(&[1], &[if wanted { 0xff } else { 0 }]))]);
        preauthentication.push(padata(PA_PAC_REQUEST, &wanted));
    }
    let mut body = vec![context(0, &element(&[3], &[0, 0x40, 0x81, 0, 0x10]))];
    if kind == 10 {
        body.push(context(1, &name(1, &["user"])));
    }
    body.push(context(2, &text(REALM)));
    body.push(context(3, &name(2, service)));
    body.push(context(5, &element(&[0x18], b"20370913024805Z")));
    body.push(context(7, &integer(0x1234_5678)));
    body.push(context(8, &sequence(&[integer(AES256), integer(RC4)])));
    if asks.authorization {
        body.push(context(10, &encrypted(RC4, 400)));
    }
    let fields = [
        context(1, &integer(5)),
        context(2, &integer(kind.into())),
        context(3, &sequence(&preauthentication)),
        context(4, &sequence(&body)),
    ];
    element(&[0x60 | kind], &sequence(&fields))
}

pub fn as_request(asks: Asks) -> Vec<u8> {
    request(10, &["krbtgt", REALM], padata(PA_ENC_TIMESTAMP, &encrypted(AES256, 56)), asks)
}

pub fn tgs_request(service: &[&str], asks: Asks) -> Vec<u8> {
    request(12, service, padata(PA_TGS_REQ, &ap_request()), asks)
}

fn reply(kind: u8, service: &[&str]) -> Vec<u8> {
    let fields = [
        context(0, &integer(5)),
        context(1, &integer(kind.into())),
        context(3, &text(REALM)),
        context(4, &name(1, &["user"])),
        context(5, &ticket(service)),
        context(6, &encrypted(AES256, 200)),
    ];
    element(&[0x60 | kind], &sequence(&fields))
}

pub fn as_reply() -> Vec<u8> {
    reply(11, &["krbtgt", REALM])
}

pub fn tgs_reply(service: &[&str]) -> Vec<u8> {
    reply(13, service)
}

pub fn error(code: u32) -> Vec<u8> {
    let fields = [
        context(0, &integer(5)),
        context(1, &integer(30)),
        context(4, &element(&[0x18], b"20170512000000Z")),
        context(5, &integer(1)),
        context(6, &integer(code)),
        context(9, &text(REALM)),
        context(10, &name(2, &["krbtgt", REALM])),
    ];
    element(&[0x7e], &sequence(&fields))
}

/// A message over TCP has its length in front.
pub fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

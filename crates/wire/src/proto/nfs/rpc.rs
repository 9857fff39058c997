//! Calls and replies (RFC 5531, section 9) and what protects them (RFC 2203, section 5).

use super::events::{Auth, Unix};
use crate::bytes::Bytes;

pub const NFS: u32 = 100_003;
const GSS: u32 = 6;
/// RFC 5531: the body of a credential or verifier.
const AUTH_BYTES_MAX: usize = 400;
const MACHINE_BYTES_MAX: usize = 255;

/// How the arguments and results of a call are protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Guard {
    #[default]
    None,
    Signed,
    Sealed,
    /// Part of the setting up of a context: no arguments.
    Control,
}

pub struct Call<'a> {
    pub xid: u32,
    pub program: u32,
    pub version: u32,
    pub procedure: u32,
    pub auth: Auth,
    pub guard: Guard,
    /// The arguments; empty when they are sealed.
    pub body: &'a [u8],
}

pub struct Reply<'a> {
    pub xid: u32,
    pub accepted: bool,
    /// The call was carried out, whatever NFS says of it.
    pub done: bool,
    pub body: &'a [u8],
}

pub enum Message<'a> {
    Call(Call<'a>),
    Reply(Reply<'a>),
}

pub fn message(input: &[u8]) -> Option<Message<'_>> {
    let mut bytes = Bytes::new(input);
    let xid = bytes.u32_be()?;
    match bytes.u32_be()? {
        0 => call(xid, &mut bytes).map(Message::Call),
        1 => reply(xid, &mut bytes).map(Message::Reply),
        _ => None,
    }
}

fn call<'a>(xid: u32, bytes: &mut Bytes<'a>) -> Option<Call<'a>> {
    if bytes.u32_be()? != 2 {
        return None;
    }
    let (program, version, procedure) = (bytes.u32_be()?, bytes.u32_be()?, bytes.u32_be()?);
    let flavor = bytes.u32_be()?;
    let credential = opaque(bytes, AUTH_BYTES_MAX)?;
    bytes.u32_be()?;
    opaque(bytes, AUTH_BYTES_MAX)?;
    let guard = if flavor == GSS { guard(credential)? } else { Guard::None };
    let auth = Auth { flavor, unix: (flavor == 1).then(|| unix(credential)).flatten() };
    Some(Call { xid, program, version, procedure, auth, guard, body: unguarded(guard, bytes.rest()) })
}

fn reply<'a>(xid: u32, bytes: &mut Bytes<'a>) -> Option<Reply<'a>> {
    match bytes.u32_be()? {
        0 => {
            bytes.u32_be()?;
            opaque(bytes, AUTH_BYTES_MAX)?;
            let outcome = bytes.u32_be()?;
            if outcome > 5 {
                return None;
            }
            Some(Reply { xid, accepted: true, done: outcome == 0, body: bytes.rest() })
        }
        1 if bytes.u32_be()? <= 1 => Some(Reply { xid, accepted: false, done: false, body: &[] }),
        _ => None,
    }
}

fn guard(credential: &[u8]) -> Option<Guard> {
    let mut bytes = Bytes::new(credential);
    let (_version, procedure, _sequence, service) =
        (bytes.u32_be()?, bytes.u32_be()?, bytes.u32_be()?, bytes.u32_be()?);
    Some(match (procedure, service) {
        (0, 1) => Guard::None,
        (0, 2) => Guard::Signed,
        (0, _) => Guard::Sealed,
        _ => Guard::Control,
    })
}

/// What is inside the protection.
pub fn unguarded(guard: Guard, body: &[u8]) -> &[u8] {
    match guard {
        Guard::None => body,
        // The length of the signed part, the number of the call, and then what matters.
        Guard::Signed => body.get(8..).unwrap_or_default(),
        Guard::Sealed | Guard::Control => &[],
    }
}

fn unix(credential: &[u8]) -> Option<Unix> {
    let mut bytes = Bytes::new(credential);
    bytes.u32_be()?;
    let machine = opaque(&mut bytes, MACHINE_BYTES_MAX)?.to_vec();
    Some(Unix { machine, uid: bytes.u32_be()?, gid: bytes.u32_be()? })
}

/// Bytes with their length, filled up to a multiple of four.
pub fn opaque<'a>(bytes: &mut Bytes<'a>, max: usize) -> Option<&'a [u8]> {
    let length = bytes.u32_be()? as usize;
    if length > max {
        return None;
    }
    let value = bytes.take(length)?;
    // The last filling may be missing.
    let _ = bytes.skip(length.next_multiple_of(4) - length);
    Some(value)
}

/// Bytes of a file with their length; what was cut off is missing.
pub fn data<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let length = bytes.u32_be()? as usize;
    let there = length.min(bytes.len());
    let value = bytes.take(there)?;
    let _ = bytes.skip(length.next_multiple_of(4).saturating_sub(length).min(bytes.len()));
    Some(value)
}

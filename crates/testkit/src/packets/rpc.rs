//! Units of connection-oriented RPC (C706, section 12.6) and the parameters in them.

const RESPONSE: u8 = 2;
const BIND: u8 = 11;
const BIND_ACK: u8 = 12;
/// The one transfer syntax (C706, appendix I), version 2.
const NDR: [u8; 20] =
    [0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 2, 0, 0, 0];

/// An interface: its UUID as it is sent, and its major version.
pub struct Interface(pub [u8; 16], pub u16);

/// 4b324fc8-1670-01d3-1278-5a47bf6ee188
pub const SRVSVC: Interface =
    Interface([0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88], 3);
/// 12345678-1234-abcd-ef00-0123456789ab
pub const SPOOLSS: Interface =
    Interface([0x78, 0x56, 0x34, 0x12, 0x34, 0x12, 0xcd, 0xab, 0xef, 0x00, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab], 1);
/// 8f09f000-b7ed-11ce-bbd2-00001a181cad
pub const DIMSVC: Interface =
    Interface([0x00, 0xf0, 0x09, 0x8f, 0xed, 0xb7, 0xce, 0x11, 0xbb, 0xd2, 0x00, 0x00, 0x1a, 0x18, 0x1c, 0xad], 0);

const FIRST: u8 = 1;
const LAST: u8 = 2;

fn unit(kind: u8, call: u32, body: &[u8], verifier: &[u8]) -> Vec<u8> {
    piece(kind, FIRST | LAST, call, body, verifier)
}

fn piece(kind: u8, flags: u8, call: u32, body: &[u8], verifier: &[u8]) -> Vec<u8> {
    let mut unit = vec![5, 0, kind, flags, 0x10, 0, 0, 0];
    let trailer = if verifier.is_empty() { 0 } else { 8 };
    unit.extend((16 + body.len() as u16 + trailer + verifier.len() as u16).to_le_bytes());
    unit.extend((verifier.len() as u16).to_le_bytes());
    unit.extend(call.to_le_bytes());
    unit.extend(body);
    if !verifier.is_empty() {
        // NTLM, every packet is private.
        unit.extend([10, 6, 0, 0, 0, 0, 0, 0]);
        unit.extend(verifier);
    }
    unit
}

pub fn bind(interface: &Interface) -> Vec<u8> {
    bind_all(&[interface])
}

/// Binds several interfaces, each in the context of its place.
pub fn bind_all(interfaces: &[&Interface]) -> Vec<u8> {
    let mut body = vec![0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, interfaces.len() as u8, 0, 0, 0];
    for (context, interface) in interfaces.iter().enumerate() {
        body.extend([context as u8, 0, 1, 0]);
        body.extend(interface.0);
        body.extend([interface.1 as u8, (interface.1 >> 8) as u8, 0, 0]);
        body.extend(NDR);
    }
    unit(BIND, 1, &body, &[])
}

/// The answer that takes the last of so many contexts.
pub fn bind_ack_of(contexts: u8) -> Vec<u8> {
    let mut body = vec![0xb8, 0x10, 0xb8, 0x10, 0x3a, 0x12, 0, 0, 13, 0];
    body.extend(b"\\PIPE\\ntsvcs\0");
    body.push(0);
    body.extend([contexts, 0, 0, 0]);
    for context in 1..=contexts {
        if context == contexts {
            body.extend([0, 0, 0, 0]);
            body.extend(NDR);
        } else {
            // Refused by the provider: the abstract syntax is not supported.
            body.extend([2, 0, 1, 0]);
            body.extend([0; 20]);
        }
    }
    unit(BIND_ACK, 1, &body, &[])
}

/// A request in fragments of so many bytes of parameters, in a context.
pub fn fragments(call: u32, context: u16, operation: u16, stub: &[u8], bytes: usize) -> Vec<Vec<u8>> {
    let pieces: Vec<&[u8]> = stub.chunks(bytes.max(1)).collect();
    let fragment = |(at, part): (usize, &&[u8])| {
        let flags = if at == 0 { FIRST } else { 0 } | if at + 1 == pieces.len() { LAST } else { 0 };
        let mut body = (stub.len() as u32).to_le_bytes().to_vec();
        body.extend(context.to_le_bytes());
        body.extend(operation.to_le_bytes());
        body.extend(*part);
        piece(0, flags, call, &body, &[])
    };
    pieces.iter().enumerate().map(fragment).collect()
}

pub fn bind_ack() -> Vec<u8> {
    bind_ack_of(1)
}

pub fn request(call: u32, operation: u16, stub: &[u8]) -> Vec<u8> {
    signed_request(call, operation, stub, &[])
}

/// A request with what proves who sends it.
pub fn signed_request(call: u32, operation: u16, stub: &[u8], verifier: &[u8]) -> Vec<u8> {
    let mut body = (stub.len() as u32).to_le_bytes().to_vec();
    body.extend([0, 0]);
    body.extend(operation.to_le_bytes());
    body.extend(stub);
    unit(0, call, &body, verifier)
}

pub fn response(call: u32, stub: &[u8]) -> Vec<u8> {
    let mut body = (stub.len() as u32).to_le_bytes().to_vec();
    body.extend([0; 4]);
    body.extend(stub);
    unit(RESPONSE, call, &body, &[])
}

/// A conformant and varying string with its end, padded to four bytes (C706, section 14.3.4).
pub fn string(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    let mut bytes = Vec::new();
    for number in [units.len() as u32, 0, units.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A string behind a pointer.
pub fn pointed(text: &str) -> Vec<u8> {
    [&0x0002_0000u32.to_le_bytes()[..], &string(text)].concat()
}

pub fn number(value: u32) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

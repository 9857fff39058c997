//! Messages, names and resource records (RFC 1035, section 4).

use super::events::{Answer, Data, Message, Question, Soa};
use crate::bytes::Bytes;
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

pub const HEADER_BYTES: usize = 12;
/// RFC 1035 allows 255 bytes; what is longer is kept to this and told as odd.
const NAME_BYTES_MAX: usize = 1025;
const LABELS_MAX: usize = 255;
/// A compressed name jumps backwards; more jumps than this are a loop.
const JUMPS_MAX: usize = 16;
/// Records of one message that are kept.
const RECORDS_MAX: usize = 1024;
/// More answers than this are no DNS but something that looks like it.
pub const ANSWERS_PLAUSIBLE: u16 = 512;

/// Reads a message. `None` when its header makes no sense; a body that breaks off gives what stood before it.
pub fn message(input: &[u8]) -> Option<Message> {
    let mut bytes = Bytes::new(input);
    let (id, flags) = (bytes.u16_be()?, bytes.u16_be()?);
    let counts = [bytes.u16_be()?, bytes.u16_be()?, bytes.u16_be()?, bytes.u16_be()?];
    let mut message = Message { id, flags, ..Message::default() };
    if message.fill(input, bytes, counts).is_none() {
        message.oddities.push("dns.malformed-body");
    }
    Some(message)
}

impl Message {
    fn fill<'a>(&mut self, whole: &'a [u8], mut bytes: Bytes<'a>, counts: [u16; 4]) -> Option<()> {
        let [questions, answers, authorities, additionals] = counts.map(usize::from);
        for _ in 0..questions.min(RECORDS_MAX) {
            let name = self.name(whole, &mut bytes)?;
            self.questions.push(Question { name, kind: bytes.u16_be()?, class: bytes.u16_be()? });
        }
        for _ in 0..answers.min(RECORDS_MAX) {
            let record = self.record(whole, &mut bytes)?;
            self.answers.push(record);
        }
        for _ in 0..authorities.min(RECORDS_MAX) {
            let record = self.record(whole, &mut bytes)?;
            self.authorities.push(record);
        }
        for _ in 0..additionals.min(RECORDS_MAX) {
            let record = self.record(whole, &mut bytes)?;
            self.additionals.push(record);
        }
        Some(())
    }

    fn name<'a>(&mut self, whole: &'a [u8], bytes: &mut Bytes<'a>) -> Option<Vec<u8>> {
        let (name, too_long) = name(whole, bytes)?;
        if too_long {
            self.oddities.push("dns.name-too-long");
        }
        Some(name)
    }

    fn record<'a>(&mut self, whole: &'a [u8], bytes: &mut Bytes<'a>) -> Option<Answer> {
        let name = self.name(whole, bytes)?;
        let (kind, class, ttl) = (bytes.u16_be()?, bytes.u16_be()?, bytes.u32_be()?);
        let length = bytes.u16_be()?;
        let data = bytes.take(length.into())?;
        Some(Answer { name, kind, class, ttl, data: record_data(whole, kind, data) })
    }
}

/// Reads the data of a record; what does not hold what its type says stays bytes.
fn record_data<'a>(whole: &'a [u8], kind: u16, data: &'a [u8]) -> Data {
    let read = || {
        let mut bytes = Bytes::new(data);
        Some(match kind {
            1 => Data::A(Ipv4Addr::from(bytes.array::<4>()?)),
            28 => Data::Aaaa(Ipv6Addr::from(bytes.array::<16>()?)),
            2 | 5 | 12 | 39 => Data::Name(name(whole, &mut bytes)?.0),
            15 => Data::Mx { preference: bytes.u16_be()?, name: name(whole, &mut bytes)?.0 },
            16 => Data::Text(strings(bytes)?),
            6 => Data::Soa(Soa {
                primary: name(whole, &mut bytes)?.0,
                mailbox: name(whole, &mut bytes)?.0,
                serial: bytes.u32_be()?,
                refresh: bytes.u32_be()?,
                retry: bytes.u32_be()?,
                expire: bytes.u32_be()?,
                minimum: bytes.u32_be()?,
            }),
            33 => Data::Srv {
                priority: bytes.u16_be()?,
                weight: bytes.u16_be()?,
                port: bytes.u16_be()?,
                name: name(whole, &mut bytes)?.0,
            },
            44 => Data::Sshfp { algorithm: bytes.u8()?, kind: bytes.u8()?, fingerprint: bytes.rest().to_vec() },
            _ => return None,
        })
    };
    read().unwrap_or_else(|| Data::Other(data.to_vec()))
}

fn strings(mut bytes: Bytes<'_>) -> Option<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    while !bytes.is_empty() {
        let length = bytes.u8()?;
        strings.push(bytes.take(length.into())?.to_vec());
    }
    Some(strings)
}

/// Reads a name that may jump to earlier parts of the message, and says whether it was longer than a name may be.
fn name<'a>(whole: &'a [u8], bytes: &mut Bytes<'a>) -> Option<(Vec<u8>, bool)> {
    let mut name = Vec::new();
    let mut jumps = 0;
    // After the first jump the name goes on elsewhere, and `bytes` stays behind the pointer.
    let mut elsewhere: Option<Bytes<'_>> = None;
    for _ in 0..LABELS_MAX {
        let here = elsewhere.as_mut().unwrap_or(bytes);
        match here.u8()? {
            0 => return Some((name, false)),
            length @ 1..=0x3f => {
                let label = here.take(length.into())?;
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend_from_slice(label);
                if name.len() > NAME_BYTES_MAX {
                    name.truncate(NAME_BYTES_MAX);
                    skip_name(bytes, elsewhere.is_some())?;
                    return Some((name, true));
                }
            }
            high @ 0xc0.. => {
                let low = here.u8()?;
                jumps += 1;
                if jumps > JUMPS_MAX {
                    return Some((name, true));
                }
                let target = usize::from(u16::from_be_bytes([high & 0x3f, low]));
                elsewhere = Some(Bytes::new(whole.get(target..)?));
            }
            _ => return None,
        }
    }
    Some((name, true))
}

/// Passes over the rest of a name that is not kept, unless it has already jumped away.
fn skip_name(bytes: &mut Bytes<'_>, jumped: bool) -> Option<()> {
    for _ in 0..LABELS_MAX {
        if jumped {
            break;
        }
        match bytes.u8()? {
            0 => break,
            length @ 1..=0x3f => bytes.skip(length.into())?,
            _ => {
                bytes.skip(1)?;
                break;
            }
        }
    }
    Some(())
}

/// The name of a record type, or `TYPE<number>` as RFC 3597 writes one that has none.
pub fn question_type(kind: u16) -> Cow<'static, str> {
    let name = match kind {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        10 => "NULL",
        11 => "WKS",
        12 => "PTR",
        13 => "HINFO",
        14 => "MINFO",
        15 => "MX",
        16 => "TXT",
        17 => "RP",
        18 => "AFSDB",
        24 => "SIG",
        25 => "KEY",
        28 => "AAAA",
        29 => "LOC",
        33 => "SRV",
        35 => "NAPTR",
        36 => "KX",
        37 => "CERT",
        39 => "DNAME",
        41 => "OPT",
        43 => "DS",
        44 => "SSHFP",
        45 => "IPSECKEY",
        46 => "RRSIG",
        47 => "NSEC",
        48 => "DNSKEY",
        49 => "DHCID",
        50 => "NSEC3",
        51 => "NSEC3PARAM",
        52 => "TLSA",
        55 => "HIP",
        59 => "CDS",
        60 => "CDNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        99 => "SPF",
        249 => "TKEY",
        250 => "TSIG",
        251 => "IXFR",
        252 => "AXFR",
        253 => "MAILB",
        254 => "MAILA",
        255 => "ANY",
        256 => "URI",
        257 => "CAA",
        _ => return format!("TYPE{kind}").into(),
    };
    name.into()
}

/// The name of a response code (RFC 6895).
pub fn response_code(code: u16) -> Cow<'static, str> {
    let name = match code {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        _ => return format!("RCODE{code}").into(),
    };
    name.into()
}

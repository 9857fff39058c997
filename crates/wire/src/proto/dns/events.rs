//! A DNS message as it leaves the room.

use crate::proto::{Elements, Kind};
use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub id: u16,
    pub flags: u16,
    pub questions: Vec<Question>,
    pub answers: Vec<Answer>,
    pub authorities: Vec<Answer>,
    pub additionals: Vec<Answer>,
    /// Bytes after its end.
    pub trailing: usize,
    pub flavour: Flavour,
    /// What could not be read of it, by code.
    pub oddities: Vec<&'static str>,
}

/// Three protocols share the form of their messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flavour {
    #[default]
    Dns,
    /// Multicast DNS (RFC 6762).
    Mdns,
    /// Link-local multicast name resolution (RFC 4795).
    Llmnr,
}

impl Flavour {
    pub fn kind(self) -> Kind {
        match self {
            Flavour::Dns => Kind::Dns,
            Flavour::Mdns => Kind::Mdns,
            Flavour::Llmnr => Kind::Llmnr,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub name: Vec<u8>,
    pub kind: u16,
    pub class: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub name: Vec<u8>,
    pub kind: u16,
    pub class: u16,
    pub ttl: u32,
    pub data: Data,
}

/// The content of a resource record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    /// `CNAME`, `NS`, `PTR` and other records that are one name.
    Name(Vec<u8>),
    Mx {
        preference: u16,
        name: Vec<u8>,
    },
    /// The strings of a `TXT` record.
    Text(Vec<Vec<u8>>),
    Soa(Soa),
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        name: Vec<u8>,
    },
    Sshfp {
        algorithm: u8,
        kind: u8,
        fingerprint: Vec<u8>,
    },
    /// The bytes of a `NULL` record, a favourite of tunnels.
    Null(Vec<u8>),
    /// Options of EDNS by their codes.
    Options(Vec<(u16, Vec<u8>)>),
    /// `CAA` (RFC 8659).
    Authority {
        flags: u8,
        tag: Vec<u8>,
        value: Vec<u8>,
    },
    /// `SVCB` and `HTTPS`.
    Service {
        priority: u16,
        target: Vec<u8>,
        parameters: Vec<(u16, Vec<u8>)>,
    },
    Other(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soa {
    pub primary: Vec<u8>,
    pub mailbox: Vec<u8>,
    pub serial: u32,
    pub refresh: u32,
    pub retry: u32,
    pub expire: u32,
    pub minimum: u32,
}

impl Message {
    pub fn is_answer(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    pub fn operation(&self) -> u16 {
        self.flags >> 11 & 0x0f
    }

    pub fn code(&self) -> u16 {
        self.flags & 0x0f
    }

    pub fn elements(&self) -> Elements<'_> {
        let question = self.questions.first();
        Elements {
            object: question.map(|question| String::from_utf8_lossy(&question.name)),
            operation: question.map(|question| super::question_type(question.kind)),
            result: self.is_answer().then(|| super::response_code(self.code())),
            ..Elements::default()
        }
    }
}

impl Data {
    /// The data as one line of text, where it has one.
    pub fn shown(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Data::A(address) => Some(address.to_string().into_bytes().into()),
            Data::Aaaa(address) => {
                let groups = address.segments().map(|group| format!("{group:04x}"));
                Some(groups.join(":").into_bytes().into())
            }
            Data::Name(name) | Data::Mx { name, .. } => Some(name.as_slice().into()),
            Data::Text(strings) => Some(strings.concat().into()),
            Data::Other(bytes) | Data::Null(bytes) => Some(bytes.as_slice().into()),
            Data::Authority { flags, tag, value } => {
                Some([flags.to_string().as_bytes(), b" ", tag, b" ", value].concat().into())
            }
            Data::Service { priority, target, .. } => {
                let target: &[u8] = if target.is_empty() { b"." } else { target };
                Some([priority.to_string().as_bytes(), b" ", target].concat().into())
            }
            Data::Soa(_) | Data::Srv { .. } | Data::Sshfp { .. } | Data::Options(_) => None,
        }
    }
}

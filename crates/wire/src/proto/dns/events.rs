//! A DNS message as it leaves the room.

use crate::proto::Elements;
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
    /// What could not be read of it, by code.
    pub oddities: Vec<&'static str>,
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
            Data::Other(bytes) => Some(bytes.as_slice().into()),
            Data::Soa(_) | Data::Srv { .. } | Data::Sshfp { .. } => None,
        }
    }
}

//! What leaves the NetBIOS room.

use crate::proto::Elements;
use std::borrow::Cow;
use std::net::Ipv4Addr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    Message(Message),
    Datagram(Datagram),
}

/// A name with the kind of service that its last byte tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name {
    pub name: String,
    pub service: u8,
}

/// A message of the name service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub id: u16,
    pub flags: u16,
    pub question: Option<(Name, u16)>,
    pub record: Option<Record>,
}

/// A resource record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub name: Name,
    pub kind: u16,
    pub ttl: u32,
    pub addresses: Vec<Ipv4Addr>,
    /// Names of a node, in an answer about its status, and its hardware address.
    pub names: Vec<Name>,
    pub mac: Option<[u8; 6]>,
}

/// A datagram to a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Datagram {
    pub kind: u8,
    pub from: Name,
    pub to: Name,
    pub mailslot: Option<String>,
    pub announcement: Option<Announcement>,
}

/// What a host says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announcement {
    pub command: u8,
    pub host: String,
    pub version: (u8, u8),
    pub server_type: u32,
    pub comment: String,
}

impl std::fmt::Display for Name {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(text, "{}<{:02x}>", self.name, self.service)
    }
}

impl Message {
    pub fn is_answer(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    pub fn operation(&self) -> &'static str {
        match self.flags >> 11 & 0x0f {
            0 => "query",
            5 => "registration",
            6 => "release",
            7 => "wait",
            8 | 9 => "refresh",
            15 => "multihomed-registration",
            _ => "unknown",
        }
    }

    pub fn code(&self) -> Cow<'static, str> {
        match self.flags & 0x0f {
            0 => "NOERROR".into(),
            1 => "FORMERR".into(),
            2 => "SERVFAIL".into(),
            3 => "NXDOMAIN".into(),
            4 => "NOTIMP".into(),
            5 => "REFUSED".into(),
            6 => "ACTIVE".into(),
            7 => "CONFLICT".into(),
            other => format!("RCODE{other}").into(),
        }
    }

    fn host(&self) -> Option<&str> {
        let record = self.record.as_ref()?;
        let own = record.names.iter().find(|name| name.service == 0);
        let registers = matches!(self.flags >> 11 & 0x0f, 5 | 6 | 8 | 9 | 15) && record.name.service == 0;
        own.or(registers.then_some(&record.name)).map(|name| name.name.as_str())
    }
}

impl Packet {
    pub fn elements(&self) -> Elements<'_> {
        match self {
            Packet::Message(message) => {
                let asked = message.question.as_ref().map(|(name, _)| name);
                let named = asked.or(message.record.as_ref().map(|record| &record.name));
                Elements {
                    host_name: message.host().map(Cow::Borrowed),
                    object: named.map(|name| name.to_string().into()),
                    operation: Some(message.operation().into()),
                    result: message.is_answer().then(|| message.code()),
                    ..Elements::default()
                }
            }
            Packet::Datagram(datagram) => {
                let announcement = datagram.announcement.as_ref();
                Elements {
                    host_name: Some(datagram.from.name.as_str().into()),
                    object: Some(datagram.to.to_string().into()),
                    operation: datagram.mailslot.as_deref().map(Cow::Borrowed),
                    client: announcement.map(|host| format!("Windows {}.{}", host.version.0, host.version.1).into()),
                    ..Elements::default()
                }
            }
        }
    }
}

//! The rooms of the protocols. Each has the same doors: `records` (bytes to records), `state` (what the two sides mean),
//! `events` (what leaves the room), `eve` (how an event is spelled in EVE JSON), and `files` where it carries files.
//!
//! A new room is a folder here, a line in [`Kind`], one in [`ROOMS`], one in [`Kind::start`] and one in [`Event`].

pub mod dcerpc;
pub mod dns;
pub mod krb5;
pub mod smb;

use crate::json::Object;
use crate::session::{Over, Probe, Protocol, Side, Way};
use std::borrow::Cow;

/// An application protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Dcerpc,
    Dns,
    Krb5,
    Smb,
}

/// How a room recognises its own: `probe(way, first bytes of one side)`.
type ProbeFn = fn(Way, &[u8]) -> Probe;

/// Every room with its probe, the surest first.
const ROOMS: &[(Kind, ProbeFn)] =
    &[(Kind::Smb, smb::probe), (Kind::Dcerpc, dcerpc::probe), (Kind::Krb5, krb5::probe), (Kind::Dns, dns::probe)];

/// Optional detail of events and their spelling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Detail {
    pub ja3: bool,
    /// Certificates and handshakes in full.
    pub tls: bool,
    /// All headers of HTTP requests and answers.
    pub http_headers: bool,
    /// Every DHCP message with every field.
    pub dhcp: bool,
    /// Further mail headers, and digests of subject and body.
    pub mail: bool,
    /// PostgreSQL is read.
    pub postgres: bool,
}

impl Kind {
    /// The protocol's name in records, as EVE spells it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Dcerpc => "dcerpc",
            Kind::Dns => "dns",
            Kind::Krb5 => "krb5",
            Kind::Smb => "smb",
        }
    }

    /// A room for a new conversation.
    pub fn start(self, over: Over, _detail: Detail) -> Box<dyn Protocol> {
        match self {
            Kind::Dcerpc if over == Over::Udp => Box::<dcerpc::Datagrams>::default(),
            Kind::Dcerpc => Box::<dcerpc::Connection>::default(),
            Kind::Dns => Box::new(dns::Conversation::over(over)),
            Kind::Krb5 => Box::new(krb5::Conversation::over(over)),
            Kind::Smb => Box::<smb::Conversation>::default(),
        }
    }

    /// A room for a conversation that another one arranged, with what that said about it.
    pub fn start_expected(self, over: Over, detail: Detail, _about: &[u8]) -> Box<dyn Protocol> {
        self.start(over, detail)
    }
}

/// What the first bytes of a side are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identified {
    /// A protocol and, where the bytes tell, the role of who said them.
    Is(Kind, Option<Side>),
    NeedMore,
    Unknown,
}

/// Identifies the protocol by the first bytes of one side. Ports only help where the bytes alone would say too little.
pub fn identify(way: Way, data: &[u8], detail: Detail) -> Identified {
    let mut more = false;
    for (kind, probe) in ROOMS {
        if !kind.is_read(detail) {
            continue;
        }
        match probe(way, data) {
            Probe::No => {}
            Probe::More => more = true,
            Probe::Client => return Identified::Is(*kind, Some(Side::Originator)),
            Probe::Server => return Identified::Is(*kind, Some(Side::Responder)),
            Probe::Either => return Identified::Is(*kind, None),
        }
    }
    if more { Identified::NeedMore } else { Identified::Unknown }
}

impl Kind {
    fn is_read(self, _detail: Detail) -> bool {
        true
    }
}

/// What leaves the rooms, borrowed from the room it leaves.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    Dcerpc(&'a dcerpc::Call),
    Dns(&'a dns::Message),
    Krb5(&'a krb5::Message),
    Smb(smb::Told<'a>),
}

/// Elements 8 to 12 of the session record that an event fills.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elements<'a> {
    /// 8: version or dialect of the protocol.
    pub version: Option<Cow<'a, str>>,
    /// 9: account and host name of who asks.
    pub account: Option<Cow<'a, str>>,
    pub host_name: Option<Cow<'a, str>>,
    /// 10: what it is about: a name, a path, an interface.
    pub object: Option<Cow<'a, str>>,
    /// 11: what was asked, and what came of it.
    pub operation: Option<Cow<'a, str>>,
    pub result: Option<Cow<'a, str>>,
    /// 12: what each end's program looks like.
    pub client: Option<Cow<'a, str>>,
    pub server: Option<Cow<'a, str>>,
}

impl Event<'_> {
    pub fn kind(&self) -> Kind {
        match self {
            Event::Dcerpc(_) => Kind::Dcerpc,
            Event::Dns(_) => Kind::Dns,
            Event::Krb5(_) => Kind::Krb5,
            Event::Smb(_) => Kind::Smb,
        }
    }

    /// The event's type in EVE JSON.
    pub fn eve_type(&self) -> &'static str {
        match self {
            Event::Dcerpc(_) => "dcerpc",
            Event::Dns(_) => "dns",
            Event::Krb5(_) => "krb5",
            Event::Smb(_) => "smb",
        }
    }

    /// Writes the event's own members into an EVE record.
    pub fn eve(&self, record: &mut Object<'_>, _detail: Detail, transaction: u64) {
        match self {
            Event::Dcerpc(call) => dcerpc::eve::write(call, record),
            Event::Dns(message) => dns::eve::write(message, record, transaction),
            Event::Krb5(message) => krb5::eve::write(message, record),
            Event::Smb(told) => smb::eve::write(told, record, transaction),
        }
    }

    /// What a record of a file that came in this event says of it; nothing where EVE shows nothing.
    pub fn eve_of_file(&self, record: &mut Object<'_>, detail: Detail, transaction: u64) {
        self.eve(record, detail, transaction);
    }

    pub fn elements(&self) -> Elements<'_> {
        match self {
            Event::Dcerpc(call) => call.elements(),
            Event::Dns(message) => message.elements(),
            Event::Krb5(message) => message.elements(),
            Event::Smb(told) => told.elements(),
        }
    }
}

//! The rooms of the protocols. Each has the same doors: `records` (bytes to records), `state` (what the two sides mean),
//! `events` (what leaves the room), `eve` (how an event is spelled in EVE JSON), and `files` where it carries files.
//!
//! A new room is a folder here, a line in [`Kind`], one in [`ROOMS`], one in [`Kind::start`] and one in [`Event`].

pub mod dns;
pub mod ftp;
pub mod ftp_data;
pub mod imap;
pub mod mqtt;
pub mod pgsql;
pub mod pop3;
pub mod sip;
pub mod smtp;

use crate::json::Object;
use crate::session::{Over, Probe, Protocol, Side, Way};
use std::borrow::Cow;

/// An application protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Dns,
    Ftp,
    FtpData,
    Imap,
    Mqtt,
    Pgsql,
    Pop3,
    Sip,
    Smtp,
}

/// How a room recognises its own: `probe(way, first bytes of one side)`.
type ProbeFn = fn(Way, &[u8]) -> Probe;

/// Every room with its probe, the surest first.
const ROOMS: &[(Kind, ProbeFn)] = &[
    (Kind::Mqtt, mqtt::probe),
    (Kind::Ftp, ftp::probe),
    (Kind::Imap, imap::probe),
    (Kind::Pop3, pop3::probe),
    (Kind::Pgsql, pgsql::probe),
    (Kind::Sip, sip::probe),
    (Kind::Smtp, smtp::probe),
    // Last, since it rests on ports.
    (Kind::Dns, dns::probe),
];

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
            Kind::Dns => "dns",
            Kind::Ftp => "ftp",
            Kind::FtpData => "ftp-data",
            Kind::Imap => "imap",
            Kind::Mqtt => "mqtt",
            Kind::Pgsql => "pgsql",
            Kind::Pop3 => "pop3",
            Kind::Sip => "sip",
            Kind::Smtp => "smtp",
        }
    }

    /// A room for a new conversation.
    pub fn start(self, over: Over, detail: Detail) -> Box<dyn Protocol> {
        match self {
            Kind::Dns => Box::new(dns::Conversation::over(over)),
            Kind::Ftp => Box::new(ftp::Conversation::over(over)),
            Kind::FtpData => Box::new(ftp_data::Conversation::about(&[])),
            Kind::Imap => Box::new(imap::Conversation::over(over, detail.mail)),
            Kind::Mqtt => Box::new(mqtt::Conversation::over(over)),
            Kind::Pgsql => Box::new(pgsql::Conversation::over(over)),
            Kind::Pop3 => Box::new(pop3::Conversation::over(over, detail.mail)),
            Kind::Sip => Box::new(sip::Conversation::over(over)),
            Kind::Smtp => Box::new(smtp::Conversation::over(over, detail.mail)),
        }
    }

    /// A room for a conversation that another one arranged, with what that said about it.
    pub fn start_expected(self, over: Over, detail: Detail, about: &[u8]) -> Box<dyn Protocol> {
        match self {
            Kind::FtpData => Box::new(ftp_data::Conversation::about(about)),
            _ => self.start(over, detail),
        }
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
    fn is_read(self, detail: Detail) -> bool {
        self != Kind::Pgsql || detail.postgres
    }
}

/// What leaves the rooms, borrowed from the room it leaves.
#[derive(Clone, Copy)]
pub enum Event<'a> {
    Dns(&'a dns::Message),
    Ftp(&'a ftp::Exchange),
    FtpData(&'a ftp_data::Transfer),
    Imap(&'a imap::Exchange),
    Mqtt(&'a mqtt::Exchange),
    Pgsql(&'a pgsql::Exchange),
    Pop3(&'a pop3::Exchange),
    Sip(&'a sip::Message),
    Smtp(&'a smtp::Transaction),
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
            Event::Dns(_) => Kind::Dns,
            Event::Ftp(_) => Kind::Ftp,
            Event::FtpData(_) => Kind::FtpData,
            Event::Imap(_) => Kind::Imap,
            Event::Mqtt(_) => Kind::Mqtt,
            Event::Pgsql(_) => Kind::Pgsql,
            Event::Pop3(_) => Kind::Pop3,
            Event::Sip(_) => Kind::Sip,
            Event::Smtp(_) => Kind::Smtp,
        }
    }

    /// The event's type in EVE JSON.
    pub fn eve_type(&self) -> &'static str {
        match self {
            Event::Dns(_) => "dns",
            Event::Ftp(_) => "ftp",
            Event::FtpData(_) => "ftp_data",
            Event::Imap(_) => "imap",
            Event::Mqtt(_) => "mqtt",
            Event::Pgsql(_) => "pgsql",
            Event::Pop3(_) => "pop3",
            Event::Sip(_) => "sip",
            Event::Smtp(_) => "smtp",
        }
    }

    /// Writes the event's own members into an EVE record.
    pub fn eve(&self, record: &mut Object<'_>, detail: Detail, transaction: u64) {
        match self {
            Event::Dns(message) => dns::eve::write(message, record, transaction),
            Event::Ftp(exchange) => ftp::eve::write(exchange, record),
            Event::FtpData(transfer) => ftp_data::eve::write(transfer, record),
            Event::Imap(exchange) => imap::eve::write(exchange, record, detail.mail),
            Event::Mqtt(exchange) => mqtt::eve::write(exchange, record),
            Event::Pgsql(exchange) => pgsql::eve::write(exchange, record, transaction),
            Event::Pop3(exchange) => pop3::eve::write(exchange, record, detail.mail),
            Event::Sip(message) => sip::eve::write(message, record),
            Event::Smtp(transaction) => smtp::eve::write(transaction, record, detail.mail),
        }
    }

    /// What a record of a file that came in this event says of it; nothing where EVE shows nothing.
    pub fn eve_of_file(&self, record: &mut Object<'_>, detail: Detail, transaction: u64) {
        self.eve(record, detail, transaction);
    }

    pub fn elements(&self) -> Elements<'_> {
        match self {
            Event::Dns(message) => message.elements(),
            Event::Ftp(exchange) => exchange.elements(),
            Event::FtpData(transfer) => transfer.elements(),
            Event::Imap(exchange) => exchange.elements(),
            Event::Mqtt(exchange) => exchange.elements(),
            Event::Pgsql(exchange) => exchange.elements(),
            Event::Pop3(exchange) => exchange.elements(),
            Event::Sip(message) => message.elements(),
            Event::Smtp(transaction) => transaction.elements(),
        }
    }
}

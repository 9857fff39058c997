//! The rooms of the protocols. Each has the same doors: `records` (bytes to records), `state` (what the two sides mean),
//! `events` (what leaves the room), `eve` (how an event is spelled in EVE JSON), and `files` where it carries files.
//!
//! A new room is a folder here, a line in [`Kind`], one in [`ROOMS`], one in [`Kind::start`] and one in [`Event`].

pub mod dcerpc;
pub mod dhcp;
pub mod dns;
pub mod http;
pub mod http2;
pub mod krb5;
pub mod ike;
pub mod named;
pub mod nbns;
pub mod quic;
pub mod smb;
pub mod rdp;
pub mod rfb;
pub mod snmp;
pub mod socks;
pub mod ssh;
pub mod tftp;
pub mod tls;
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
    Dcerpc,
    Dns,
    /// DNS inside of HTTP/2.
    Doh2,
    Http,
    Http2,
    Krb5,
    Nbns,
    Smb,
    Rfb,
    Ike,
    Tftp,
    Llmnr,
    Mdns,
    Rdp,
    Telnet,
    Ntp,
    Modbus,
    Enip,
    Dnp3,
    BittorrentDht,
    Dhcp,
    Snmp,
    Ssh,
    Socks,
    Quic,
    Tls,
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
#[rustfmt::skip]
const ROOMS: &[(Kind, ProbeFn)] = &[
    (Kind::Smb, smb::probe),
    (Kind::Dcerpc, dcerpc::probe),
    (Kind::Krb5, krb5::probe),
    (Kind::Nbns, nbns::probe),
    (Kind::Http2, http2::probe),
    (Kind::Http, http::probe),
    (Kind::Dns, dns::probe),
    (Kind::Rfb, rfb::probe),
    (Kind::Ike, ike::probe),
    (Kind::Tftp, tftp::probe),
    (Kind::Llmnr, dns::probe_llmnr),
    (Kind::Mdns, dns::probe_mdns),
    (Kind::Rdp, rdp::probe),
    (Kind::Telnet, named::telnet),
    (Kind::Ntp, named::ntp),
    (Kind::Modbus, named::modbus),
    (Kind::Enip, named::enip),
    (Kind::Dnp3, named::dnp3),
    (Kind::BittorrentDht, named::bittorrent_dht),
    (Kind::Dhcp, dhcp::probe),
    (Kind::Snmp, snmp::probe),
    (Kind::Ssh, ssh::probe),
    (Kind::Socks, socks::probe),
    (Kind::Quic, quic::probe),
    (Kind::Tls, tls::probe),
    (Kind::Mqtt, mqtt::probe),
    (Kind::Ftp, ftp::probe),
    (Kind::Imap, imap::probe),
    (Kind::Pop3, pop3::probe),
    (Kind::Pgsql, pgsql::probe),
    (Kind::Sip, sip::probe),
    (Kind::Smtp, smtp::probe),
    // Last, since it rests on ports.
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
            Kind::Dcerpc => "dcerpc",
            Kind::Dns => "dns",
            Kind::Doh2 => "doh2",
            Kind::Http => "http",
            Kind::Http2 => "http2",
            Kind::Krb5 => "krb5",
            Kind::Nbns => "nbns",
            Kind::Smb => "smb",
            Kind::Rfb => "rfb",
            Kind::Ike => "ike",
            Kind::Tftp => "tftp",
            Kind::Llmnr => "llmnr",
            Kind::Mdns => "mdns",
            Kind::Rdp => "rdp",
            Kind::Telnet => "telnet",
            Kind::Ntp => "ntp",
            Kind::Modbus => "modbus",
            Kind::Enip => "enip",
            Kind::Dnp3 => "dnp3",
            Kind::BittorrentDht => "bittorrent-dht",
            Kind::Dhcp => "dhcp",
            Kind::Snmp => "snmp",
            Kind::Ssh => "ssh",
            Kind::Socks => "socks",
            Kind::Quic => "quic",
            Kind::Tls => "tls",
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
            Kind::Dcerpc if over == Over::Udp => Box::<dcerpc::Datagrams>::default(),
            Kind::Dcerpc => Box::<dcerpc::Connection>::default(),
            Kind::Dns => Box::new(dns::Conversation::over(over)),
            Kind::Http => Box::new(http::Conversation::default()),
            Kind::Http2 | Kind::Doh2 => Box::new(http2::Conversation::default()),
            Kind::Krb5 => Box::new(krb5::Conversation::over(over)),
            Kind::Nbns => Box::<nbns::Conversation>::default(),
            Kind::Smb => Box::<smb::Conversation>::default(),
            Kind::Rfb => Box::new(rfb::Conversation::default()),
            Kind::Ike => Box::new(ike::Conversation::default()),
            Kind::Tftp => Box::new(tftp::Conversation::default()),
            Kind::Llmnr => Box::new(dns::Conversation::of(dns::Flavour::Llmnr, over)),
            Kind::Mdns => Box::new(dns::Conversation::of(dns::Flavour::Mdns, over)),
            Kind::Rdp => Box::new(rdp::Conversation::default()),
            Kind::Telnet => Box::new(named::Conversation),
            Kind::Ntp => Box::new(named::Conversation),
            Kind::Modbus => Box::new(named::Conversation),
            Kind::Enip => Box::new(named::Conversation),
            Kind::Dnp3 => Box::new(named::Conversation),
            Kind::BittorrentDht => Box::new(named::Conversation),
            Kind::Dhcp => Box::new(dhcp::Conversation::new(detail.dhcp)),
            Kind::Snmp => Box::new(snmp::Conversation::default()),
            Kind::Ssh => Box::new(ssh::Conversation::default()),
            Kind::Socks => Box::new(socks::Conversation::default()),
            Kind::Quic => Box::new(quic::Conversation::default()),
            Kind::Tls => Box::new(tls::Conversation::default()),
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
            Kind::Http2 => Box::new(http2::Conversation::upgraded(about)),
            Kind::Tftp => Box::new(tftp::Conversation::of(about)),
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
    Dcerpc(&'a dcerpc::Call),
    Dns(&'a dns::Message),
    Doh2(&'a dns::Message),
    Http(&'a http::Exchange),
    Http2(&'a http2::Exchange),
    Krb5(&'a krb5::Message),
    Nbns(&'a nbns::Packet),
    Smb(smb::Told<'a>),
    Rfb(&'a rfb::Session),
    Ike(&'a ike::Message),
    Tftp(&'a tftp::Request),
    Rdp(&'a rdp::Message),
    Dhcp(&'a dhcp::Message),
    Snmp(&'a snmp::Message),
    Ssh(&'a ssh::Session),
    Socks(&'a socks::Request),
    Quic(&'a quic::Opening),
    Tls(&'a tls::Session),
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
            Event::Dcerpc(_) => Kind::Dcerpc,
            Event::Doh2(_) => Kind::Doh2,
            Event::Http(_) => Kind::Http,
            Event::Http2(_) => Kind::Http2,
            Event::Krb5(_) => Kind::Krb5,
            Event::Nbns(_) => Kind::Nbns,
            Event::Smb(_) => Kind::Smb,
            Event::Dns(message) => message.flavour.kind(),
            Event::Rfb(_) => Kind::Rfb,
            Event::Ike(_) => Kind::Ike,
            Event::Tftp(_) => Kind::Tftp,
            Event::Rdp(_) => Kind::Rdp,
            Event::Dhcp(_) => Kind::Dhcp,
            Event::Snmp(_) => Kind::Snmp,
            Event::Ssh(_) => Kind::Ssh,
            Event::Socks(_) => Kind::Socks,
            Event::Quic(_) => Kind::Quic,
            Event::Tls(_) => Kind::Tls,
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

    /// What a conversation turns out to be by this event, beyond what it was identified as.
    pub fn refines(&self) -> Option<Kind> {
        matches!(self, Event::Doh2(_)).then_some(Kind::Doh2)
    }

    /// The event's type in EVE JSON.
    pub fn eve_type(&self) -> &'static str {
        match self {
            Event::Doh2(_) => "dns",
            Event::Http(_) | Event::Http2(_) => "http",
            Event::Dcerpc(_) => "dcerpc",
            Event::Krb5(_) => "krb5",
            Event::Nbns(nbns::Packet::Message(_)) => "nbns",
            Event::Nbns(nbns::Packet::Datagram(_)) => "nbdgm",
            Event::Smb(_) => "smb",
            Event::Dns(message) => message.flavour.kind().name(),
            Event::Rfb(_) => "rfb",
            Event::Ike(_) => "ike",
            Event::Tftp(_) => "tftp",
            Event::Rdp(_) => "rdp",
            Event::Dhcp(_) => "dhcp",
            Event::Snmp(_) => "snmp",
            Event::Ssh(_) => "ssh",
            Event::Socks(_) => "socks",
            Event::Quic(_) => "quic",
            Event::Tls(_) => "tls",
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
            Event::Dns(message) | Event::Doh2(message) => dns::eve::write(message, record, transaction),
            Event::Http(exchange) => http::eve::write(exchange, record, detail.http_headers),
            Event::Http2(exchange) => http2::eve::write(exchange, record),
            Event::Dcerpc(call) => dcerpc::eve::write(call, record),
            Event::Krb5(message) => krb5::eve::write(message, record),
            Event::Nbns(packet) => nbns::eve::write(packet, record, transaction),
            Event::Smb(told) => smb::eve::write(told, record, transaction),
            Event::Rfb(session) => rfb::eve::write(session, record),
            Event::Ike(message) => ike::eve::write(message, record),
            Event::Tftp(request) => tftp::eve::write(request, record),
            Event::Rdp(message) => rdp::eve::write(message, record, transaction),
            Event::Dhcp(message) => dhcp::eve::write(message, record, detail),
            Event::Snmp(message) => snmp::eve::write(message, record),
            Event::Ssh(session) => ssh::eve::write(session, record),
            Event::Socks(request) => socks::eve::write(request, record),
            Event::Quic(opening) => quic::eve::write(opening, record, detail),
            Event::Tls(session) => tls::eve::write(session, record, detail),
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
            Event::Dns(message) | Event::Doh2(message) => message.elements(),
            Event::Http(exchange) => exchange.elements(),
            Event::Http2(exchange) => exchange.elements(),
            Event::Dcerpc(call) => call.elements(),
            Event::Krb5(message) => message.elements(),
            Event::Nbns(packet) => packet.elements(),
            Event::Smb(told) => told.elements(),
            Event::Rfb(session) => session.elements(),
            Event::Ike(message) => message.elements(),
            Event::Tftp(request) => request.elements(),
            Event::Rdp(message) => message.elements(),
            Event::Dhcp(message) => message.elements(),
            Event::Snmp(message) => message.elements(),
            Event::Ssh(session) => session.elements(),
            Event::Socks(request) => request.elements(),
            Event::Quic(opening) => opening.elements(),
            Event::Tls(session) => session.elements(),
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

//! The table of what leaves the rooms.

use super::*;
use crate::json::Object;
use std::borrow::Cow;

/// Where an event is written, and with how much detail.
struct Eve<'r, 'o> {
    record: &'r mut Object<'o>,
    detail: Detail,
    transaction: u64,
}

/// Makes [`Event`] and what it answers from one line an event: what it holds, its protocol with its type in EVE JSON, and
/// how its own members are written there.
macro_rules! events {
    ($($event:ident($held:ty) $named:expr, $write:expr;)*) => {
        /// What leaves the rooms, borrowed from the room it leaves.
        #[derive(Clone, Copy)]
        pub enum Event<'a> {
            $($event($held),)*
        }

        impl<'a> Event<'a> {
            fn named(&self) -> (Kind, &'static str) {
                match self {
                    $(Event::$event(held) => {
                        let named: fn($held) -> (Kind, &'static str) = $named;
                        named(*held)
                    })*
                }
            }

            /// Writes the event's own members into an EVE record.
            pub fn eve(&self, record: &mut Object<'_>, detail: Detail, transaction: u64) {
                let eve = Eve { record, detail, transaction };
                match self {
                    $(Event::$event(held) => {
                        let write: fn($held, Eve<'_, '_>) = $write;
                        write(*held, eve);
                    })*
                }
            }

            /// What it says of elements 8 to 12.
            pub fn elements(&self) -> Elements<'_> {
                match self {
                    $(Event::$event(held) => held.elements(),)*
                }
            }
        }
    };
}

events! {
    Dcerpc(&'a dcerpc::Call) |_| (Kind::Dcerpc, "dcerpc"), |call, eve| dcerpc::eve::write(call, eve.record);
    Dhcp(&'a dhcp::Message) |_| (Kind::Dhcp, "dhcp"), |message, eve| dhcp::eve::write(message, eve.record, eve.detail);
    Dns(&'a dns::Message) |message| (message.flavour.kind(), message.flavour.kind().name()),
        |message, eve| dns::eve::write(message, eve.record, eve.transaction);
    Doh2(&'a dns::Message) |_| (Kind::Doh2, "dns"), |message, eve| dns::eve::write(message, eve.record, eve.transaction);
    Ftp(&'a ftp::Exchange) |_| (Kind::Ftp, "ftp"), |exchange, eve| ftp::eve::write(exchange, eve.record);
    FtpData(&'a ftp_data::Transfer) |_| (Kind::FtpData, "ftp_data"),
        |transfer, eve| ftp_data::eve::write(transfer, eve.record);
    Http(&'a http::Exchange) |_| (Kind::Http, "http"),
        |exchange, eve| http::eve::write(exchange, eve.record, eve.detail.http_headers);
    Http2(&'a http2::Exchange) |_| (Kind::Http2, "http"), |exchange, eve| http2::eve::write(exchange, eve.record);
    Ike(&'a ike::Message) |_| (Kind::Ike, "ike"), |message, eve| ike::eve::write(message, eve.record);
    Imap(&'a imap::Exchange) |_| (Kind::Imap, "imap"),
        |exchange, eve| imap::eve::write(exchange, eve.record, eve.detail.mail);
    Krb5(&'a krb5::Message) |_| (Kind::Krb5, "krb5"), |message, eve| krb5::eve::write(message, eve.record);
    Ldap(ldap::Told<'a>) |_| (Kind::Ldap, "ldap"), |told, eve| ldap::eve::write(&told, eve.record);
    Mqtt(&'a mqtt::Exchange) |_| (Kind::Mqtt, "mqtt"), |exchange, eve| mqtt::eve::write(exchange, eve.record);
    Nbns(&'a nbns::Packet) |packet| match packet {
            nbns::Packet::Message(_) => (Kind::Nbns, "nbns"),
            nbns::Packet::Datagram(_) => (Kind::Nbns, "nbdgm"),
        },
        |packet, eve| nbns::eve::write(packet, eve.record, eve.transaction);
    Nfs(nfs::Told<'a>) |_| (Kind::Nfs, "nfs"), |told, eve| nfs::eve::write(&told, eve.record, eve.transaction);
    Pgsql(&'a pgsql::Exchange) |_| (Kind::Pgsql, "pgsql"),
        |exchange, eve| pgsql::eve::write(exchange, eve.record, eve.transaction);
    Pop3(&'a pop3::Exchange) |_| (Kind::Pop3, "pop3"),
        |exchange, eve| pop3::eve::write(exchange, eve.record, eve.detail.mail);
    Quic(&'a quic::Opening) |_| (Kind::Quic, "quic"), |opening, eve| quic::eve::write(opening, eve.record, eve.detail);
    Rdp(&'a rdp::Message) |_| (Kind::Rdp, "rdp"), |message, eve| rdp::eve::write(message, eve.record, eve.transaction);
    Rfb(&'a rfb::Session) |_| (Kind::Rfb, "rfb"), |session, eve| rfb::eve::write(session, eve.record);
    Sip(&'a sip::Message) |_| (Kind::Sip, "sip"), |message, eve| sip::eve::write(message, eve.record);
    Smb(smb::Told<'a>) |_| (Kind::Smb, "smb"), |told, eve| smb::eve::write(&told, eve.record, eve.transaction);
    Smtp(&'a smtp::Transaction) |_| (Kind::Smtp, "smtp"),
        |transaction, eve| smtp::eve::write(transaction, eve.record, eve.detail.mail);
    Snmp(&'a snmp::Message) |_| (Kind::Snmp, "snmp"), |message, eve| snmp::eve::write(message, eve.record);
    Socks(&'a socks::Request) |_| (Kind::Socks, "socks"), |request, eve| socks::eve::write(request, eve.record);
    Ssh(&'a ssh::Session) |_| (Kind::Ssh, "ssh"), |session, eve| ssh::eve::write(session, eve.record);
    Tftp(&'a tftp::Request) |_| (Kind::Tftp, "tftp"), |request, eve| tftp::eve::write(request, eve.record);
    Websocket(&'a websocket::Frame) |_| (Kind::Websocket, "websocket"),
        |frame, eve| websocket::eve::write(frame, eve.record);
    Tls(&'a tls::Session) |_| (Kind::Tls, "tls"), |session, eve| tls::eve::write(session, eve.record, eve.detail);
}

impl Event<'_> {
    pub fn kind(&self) -> Kind {
        self.named().0
    }

    /// The event's type in EVE JSON.
    pub fn eve_type(&self) -> &'static str {
        self.named().1
    }

    /// What a conversation turns out to be by this event, beyond what it was identified as.
    pub fn refines(&self) -> Option<Kind> {
        matches!(self, Event::Doh2(_)).then_some(Kind::Doh2)
    }
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

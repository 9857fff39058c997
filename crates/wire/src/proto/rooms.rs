//! The table of the rooms, and finding the one for the first bytes of a conversation.

use super::*;
use crate::session::{Over, Probe, Protocol, Side, Way};

/// How a room recognises its own: `probe(way, first bytes of one side)`.
type ProbeFn = fn(Way, &[u8]) -> Probe;

/// Makes [`Kind`] and what it answers from one line a room: its name as EVE spells it, how it recognises its own, and how
/// it begins. A room without a probe is only reached from another one.
macro_rules! rooms {
    ($($(#[$doc:meta])* $kind:ident $name:literal $probe:expr, $start:expr;)*) => {
        /// An application protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        /// Every room with its probe, the surest first.
        const ROOMS: &[(Kind, Option<ProbeFn>)] = &[$((Kind::$kind, $probe),)*];

        impl Kind {
            /// The protocol's name in records, as EVE spells it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Kind::$kind => $name,)*
                }
            }

            /// The protocol that has this name in records.
            pub fn named(name: &str) -> Option<Kind> {
                [$(Kind::$kind),*].into_iter().find(|kind| kind.name() == name)
            }

            /// A room for a new conversation.
            pub fn start(self, over: Over, detail: Detail) -> Box<dyn Protocol> {
                let start: fn(Over, Detail) -> Box<dyn Protocol> = match self {
                    $(Kind::$kind => $start,)*
                };
                start(over, detail)
            }
        }
    };
}

// In the order in which they are asked: those whose first bytes leave no doubt, then those of lines of text, then those
// that need a port's help.
rooms! {
    Smb "smb" Some(smb::probe), |_, _| Box::<smb::Conversation>::default();
    Dcerpc "dcerpc" Some(dcerpc::probe), |over, _| match over {
        Over::Udp => Box::<dcerpc::Datagrams>::default(),
        Over::Tcp => Box::<dcerpc::Connection>::default(),
    };
    Krb5 "krb5" Some(krb5::probe), |over, _| Box::new(krb5::Conversation::over(over));
    Ldap "ldap" Some(ldap::probe), |over, _| Box::new(ldap::Conversation::over(over));
    Nfs "nfs" Some(nfs::probe), |over, _| Box::new(nfs::Conversation::over(over));
    Nbns "nbns" Some(nbns::probe), |_, _| Box::<nbns::Conversation>::default();
    Http2 "http2" Some(http2::probe), |_, _| Box::<http2::Conversation>::default();
    /// DNS inside of HTTP/2.
    Doh2 "doh2" None, |_, _| Box::<http2::Conversation>::default();
    Http "http" Some(http::probe), |_, _| Box::<http::Conversation>::default();
    /// What HTTP is upgraded to.
    Websocket "websocket" None, |_, _| Box::<websocket::Conversation>::default();
    Rfb "rfb" Some(rfb::probe), |_, _| Box::<rfb::Conversation>::default();
    Ike "ike" Some(ike::probe), |_, _| Box::<ike::Conversation>::default();
    Tftp "tftp" Some(tftp::probe), |_, _| Box::<tftp::Conversation>::default();
    Rdp "rdp" Some(rdp::probe), |_, _| Box::<rdp::Conversation>::default();
    Telnet "telnet" Some(named::telnet), |_, _| Box::new(named::Conversation);
    Ntp "ntp" Some(named::ntp), |_, _| Box::new(named::Conversation);
    Modbus "modbus" Some(named::modbus), |_, _| Box::new(named::Conversation);
    Enip "enip" Some(named::enip), |_, _| Box::new(named::Conversation);
    Dnp3 "dnp3" Some(named::dnp3), |_, _| Box::new(named::Conversation);
    BittorrentDht "bittorrent-dht" Some(named::bittorrent_dht), |_, _| Box::new(named::Conversation);
    Dhcp "dhcp" Some(dhcp::probe), |_, detail| Box::new(dhcp::Conversation::new(detail.dhcp));
    Snmp "snmp" Some(snmp::probe), |_, _| Box::<snmp::Conversation>::default();
    Ssh "ssh" Some(ssh::probe), |_, _| Box::<ssh::Conversation>::default();
    Socks "socks" Some(socks::probe), |_, _| Box::<socks::Conversation>::default();
    Quic "quic" Some(quic::probe), |_, _| Box::<quic::Conversation>::default();
    Llmnr "llmnr" Some(dns::probe_llmnr), |over, _| Box::new(dns::Conversation::of(dns::Flavour::Llmnr, over));
    Mdns "mdns" Some(dns::probe_mdns), |over, _| Box::new(dns::Conversation::of(dns::Flavour::Mdns, over));
    Dns "dns" Some(dns::probe), |over, _| Box::new(dns::Conversation::over(over));
    Tls "tls" Some(tls::probe), |_, _| Box::<tls::Conversation>::default();
    Mqtt "mqtt" Some(mqtt::probe), |over, _| Box::new(mqtt::Conversation::over(over));
    Ftp "ftp" Some(ftp::probe), |over, _| Box::new(ftp::Conversation::over(over));
    FtpData "ftp-data" None, |_, _| Box::new(ftp_data::Conversation::about(&[]));
    Imap "imap" Some(imap::probe), |over, detail| Box::new(imap::Conversation::over(over, detail.mail));
    Pop3 "pop3" Some(pop3::probe), |over, detail| Box::new(pop3::Conversation::over(over, detail.mail));
    Pgsql "pgsql" Some(pgsql::probe), |over, _| Box::new(pgsql::Conversation::over(over));
    Sip "sip" Some(sip::probe), |over, _| Box::new(sip::Conversation::over(over));
    Smtp "smtp" Some(smtp::probe), |over, detail| Box::new(smtp::Conversation::over(over, detail.mail));
}

impl Kind {
    /// Every protocol that has a room.
    pub fn all() -> impl Iterator<Item = Kind> {
        ROOMS.iter().map(|(kind, _)| *kind)
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

    /// True unless the room is only asked where somebody wants its detail.
    fn is_read(self, detail: Detail) -> bool {
        self != Kind::Pgsql || detail.postgres
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
    let asked = ROOMS.iter().filter(|(kind, _)| kind.is_read(detail));
    for (kind, probe) in asked.filter_map(|(kind, probe)| probe.map(|probe| (*kind, probe))) {
        match probe(way, data) {
            Probe::No => {}
            Probe::More => more = true,
            Probe::Client => return Identified::Is(kind, Some(Side::Originator)),
            Probe::Server => return Identified::Is(kind, Some(Side::Responder)),
            Probe::Either => return Identified::Is(kind, None),
        }
    }
    if more { Identified::NeedMore } else { Identified::Unknown }
}

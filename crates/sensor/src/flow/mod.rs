//! Conversations: who talks with whom, since when, how much, and in which state.

pub(crate) mod application;
mod table;

pub use application::{Application, Spoken};
pub use table::Table;

use crate::Moment;
use std::net::IpAddr;
use wire::community::{self, Ends, icmp_ports};
use wire::packet::{Link, Packet, Transport, protocol, tcp_flags};
use wire::proto::Kind;
use wire::session::{Both, Side};
use wire::tcp::{self, Chunk, State};

/// One end of a conversation. Without ports, as in ICMP, the port is nought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct End {
    pub address: IpAddr,
    pub port: u16,
}

/// What makes packets of both directions one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    low: End,
    high: End,
    protocol: u8,
    /// ICMP's pair of types, the index of an ESP association.
    extra: u32,
    vlan: [u16; 3],
}

/// A conversation.
pub struct Flow {
    pub id: u64,
    pub key: Key,
    pub originator: End,
    pub responder: End,
    pub protocol: u8,
    pub link: Link,
    pub icmp: Option<(u8, u8)>,
    /// Type and code of the first ICMP message that came back.
    pub icmp_back: Option<(u8, u8)>,
    pub spi: Option<u32>,
    pub first: Moment,
    pub last: Moment,
    /// How late it was when it was last heard of. Time may go back a little from packet to packet, and this does not.
    pub heard_ns: i64,
    pub packets: Both<u64>,
    pub bytes: Both<u64>,
    pub macs: Both<Vec<[u8; 6]>>,
    pub tcp: Option<Box<tcp::Session>>,
    pub application: Application,
    pub spoken: Spoken,
    /// What each side said first.
    pub first_bytes: Both<Vec<u8>>,
    /// Files and alerts of this conversation, for its record.
    pub alerts: u32,
    /// Transactions of the application that something was told of.
    pub transactions: u64,
    /// Who opened it is a guess: its beginning was not seen.
    pub direction_guessed: bool,
    /// Bytes of each side that were handed on, with those that were missing, and whose turn it is.
    pub heard: Both<u64>,
    pub speaking: Side,
    /// Bytes of each side that the other one says it has.
    pub acknowledged: Both<u64>,
    /// Records wait until the bytes they rest on are acknowledged.
    pub records_wait: bool,
    /// The sides changed their names while the TCP session was out of the flow.
    turned: bool,
}

/// How far a conversation got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowState {
    /// One side spoke.
    New,
    Established,
    Closed,
}

/// Why a conversation's record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Nothing was heard for so long that it is taken to be over.
    Timeout,
    /// It made room for others, or its ends began a new conversation.
    Forced,
    /// The sensor stopped.
    Shutdown,
}

/// Bytes of each side kept as the vector of a payload that is no file.
const FIRST_BYTES: usize = 32;
/// Hardware addresses kept of one side.
const MACS_MAX: usize = 16;

impl Key {
    /// The key of a packet's conversation.
    pub fn of(packet: &Packet<'_>) -> Key {
        let (source, destination) = ends(packet);
        let extra = match packet.transport {
            Transport::Icmp(icmp) => {
                let (there, back, one_way) = icmp_ports(icmp.kind, icmp.code, packet.net.source.is_ipv6());
                let (low, high) = if one_way { (there, back) } else { (there.min(back), there.max(back)) };
                u32::from(low) << 16 | u32::from(high)
            }
            Transport::Esp { spi } => spi,
            _ => 0,
        };
        let mut vlan = packet.link.vlan;
        vlan.iter_mut().skip(packet.link.vlan_ids().len()).for_each(|tag| *tag = 0);
        let (low, high) = if source <= destination { (source, destination) } else { (destination, source) };
        Key { low, high, protocol: packet.net.protocol, extra, vlan }
    }
}

/// Source and destination of a packet.
pub fn ends(packet: &Packet<'_>) -> (End, End) {
    let (from, to) = match packet.transport {
        Transport::Tcp(tcp) => (tcp.source, tcp.destination),
        Transport::Udp { source, destination } | Transport::Sctp { source, destination } => (source, destination),
        Transport::Icmp(icmp) => (icmp.id, icmp.id),
        Transport::Esp { .. } | Transport::Other => (0, 0),
    };
    (End { address: packet.net.source, port: from }, End { address: packet.net.destination, port: to })
}

impl Flow {
    pub fn new(id: u64, key: Key, packet: &Packet<'_>, now: Moment) -> Flow {
        let (mut originator, mut responder) = ends(packet);
        // A connection whose handshake answer is the first thing seen was opened by the other side.
        if let Transport::Tcp(tcp) = packet.transport {
            let both = tcp_flags::SYN | tcp_flags::ACK;
            if tcp.flags & both == both {
                std::mem::swap(&mut originator, &mut responder);
            }
        }
        Flow {
            id,
            key,
            originator,
            responder,
            protocol: packet.net.protocol,
            link: packet.link,
            icmp: match packet.transport {
                Transport::Icmp(icmp) => Some((icmp.kind, icmp.code)),
                _ => None,
            },
            icmp_back: None,
            spi: match packet.transport {
                Transport::Esp { spi } => Some(spi),
                _ => None,
            },
            first: now,
            last: now,
            heard_ns: now.time_ns,
            packets: Both::default(),
            bytes: Both::default(),
            macs: Both::default(),
            tcp: matches!(packet.transport, Transport::Tcp(_)).then(Box::default),
            application: Application::default(),
            spoken: Spoken::default(),
            first_bytes: Both::default(),
            alerts: 0,
            transactions: 0,
            direction_guessed: true,
            heard: Both::default(),
            speaking: Side::Originator,
            acknowledged: Both::default(),
            records_wait: false,
            turned: false,
        }
    }

    /// Which side sent a packet with this source.
    pub fn side_of(&self, source: End, destination: End) -> Side {
        // An end that talks with itself has only one side.
        if source == self.originator && destination == self.responder { Side::Originator } else { Side::Responder }
    }

    pub fn end(&self, side: Side) -> End {
        match side {
            Side::Originator => self.originator,
            Side::Responder => self.responder,
        }
    }

    /// Counts a packet.
    pub fn count(&mut self, side: Side, packet: &Packet<'_>, now: Moment) {
        self.last = now;
        *self.packets.of_mut(side) += 1;
        *self.bytes.of_mut(side) += u64::from(packet.wire_length);
        if let (Side::Responder, Transport::Icmp(icmp)) = (side, packet.transport) {
            self.icmp_back.get_or_insert((icmp.kind, icmp.code));
        }
    }

    /// Keeps what a side says first.
    pub fn keep_first_bytes(&mut self, side: Side, data: &[u8]) {
        let kept = self.first_bytes.of_mut(side);
        let room = FIRST_BYTES.saturating_sub(kept.len());
        if room > 0 {
            kept.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
        }
    }

    /// Keeps the hardware addresses of both ends.
    pub fn keep_macs(&mut self, side: Side, link: &Link) {
        for (side, mac) in [(side, link.source), (side.other(), link.destination)] {
            let known = self.macs.of_mut(side);
            if let Some(mac) = mac
                && known.len() < MACS_MAX
                && !known.contains(&mac)
            {
                known.push(mac);
            }
        }
    }

    /// What was taken for the originator is the responder. The TCP session follows when it is put back.
    pub fn turn(&mut self) {
        std::mem::swap(&mut self.originator, &mut self.responder);
        self.packets.swap();
        self.bytes.swap();
        self.macs.swap();
        self.first_bytes.swap();
        self.heard.swap();
        self.acknowledged.swap();
        self.speaking = self.speaking.other();
        self.spoken.identified.swap();
        self.turned = !self.turned;
    }

    /// What a side is called now that may have been named before a turn.
    pub fn now_called(&self, side: Side) -> Side {
        if self.turned { side.other() } else { side }
    }

    /// Takes the TCP session back after a packet.
    pub fn put_back(&mut self, mut session: Option<Box<tcp::Session>>) {
        if std::mem::take(&mut self.turned)
            && let Some(session) = &mut session
        {
            session.swap();
        }
        self.tcp = session;
    }

    /// Notes what comes of a side.
    pub fn hear(&mut self, side: Side, chunk: &Chunk<'_>) {
        self.speaking = side;
        *self.heard.of_mut(side) += match chunk {
            Chunk::Data(data) => data.len() as u64,
            Chunk::Gap(length) => *length,
        };
    }

    /// What must be acknowledged before what is told now is certain to have arrived: the bytes of who said it, or of who
    /// completed the exchange. `None` when that has happened, and where nothing is acknowledged.
    pub fn awaits(&self, said_by: Option<Side>) -> Option<(Side, u64)> {
        let side = said_by.unwrap_or(self.speaking);
        let heard = *self.heard.of(side);
        (self.protocol == protocol::TCP && heard > *self.acknowledged.of(side)).then_some((side, heard))
    }

    pub fn state(&self) -> FlowState {
        match &self.tcp {
            Some(tcp) => match tcp.state {
                State::None | State::SynSent | State::SynReceived => FlowState::New,
                State::Closed | State::TimeWait | State::LastAck => FlowState::Closed,
                _ => FlowState::Established,
            },
            None if self.packets.originator > 0 && self.packets.responder > 0 => FlowState::Established,
            None => FlowState::New,
        }
    }

    /// How long it may be silent, in nanoseconds, before it is taken to be over.
    fn patience_ns(&self) -> i64 {
        const SECOND: i64 = 1_000_000_000;
        let seconds = match (self.protocol, self.state()) {
            (protocol::TCP, FlowState::Established) => 600,
            (protocol::TCP, _) => 60,
            (_, FlowState::Established) => 300,
            (_, _) => 30,
        };
        seconds * SECOND
    }

    /// True when it has been silent for so long that it is taken to be over.
    pub fn is_silent(&self, now_ns: i64) -> bool {
        now_ns.saturating_sub(self.heard_ns) > self.patience_ns()
    }

    pub fn kind(&self) -> Option<Kind> {
        self.spoken.refined.or(self.spoken.kind)
    }

    /// The protocol it was before it turned into, or turned out to be, another.
    pub fn kind_before(&self) -> Option<Kind> {
        self.spoken.before.or(self.spoken.refined.and(self.spoken.kind))
    }

    /// The conversation's Community ID, the same in every tool with the same seed.
    pub fn community_id(&self, seed: u16) -> String {
        let (ends, ports) = self.community_ends();
        community::id(&ends, seed, ports)
    }

    /// The conversation as Community ID sees it, and whether it has ports.
    fn community_ends(&self) -> (Ends, bool) {
        let Flow { originator, responder, protocol, .. } = *self;
        let (from, to, one_way) = match self.icmp {
            Some((kind, code)) => icmp_ports(kind, code, originator.address.is_ipv6()),
            None => (originator.port, responder.port, false),
        };
        let ports = matches!(protocol, protocol::TCP | protocol::UDP | protocol::SCTP) || self.icmp.is_some();
        let ends = Ends { source: (originator.address, from), destination: (responder.address, to), protocol, one_way };
        (ends, ports)
    }
}

//! A connection: its handshake, its state, and its two directions.

use super::{Chunk, Half, Overlap};
use crate::packet::{Tcp, tcp_flags};
use crate::session::{Both, Side};

/// How connections are followed.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Follow connections whose beginning was not captured.
    pub midstream: bool,
    pub overlap: Overlap,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { midstream: true, overlap: Overlap::First }
    }
}

/// States of a connection as an onlooker sees them; named after RFC 9293, from the server's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    None,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    TimeWait,
    LastAck,
    CloseWait,
    Closing,
    Closed,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::None => "none",
            State::SynSent => "syn_sent",
            State::SynReceived => "syn_recv",
            State::Established => "established",
            State::FinWait1 => "fin_wait1",
            State::FinWait2 => "fin_wait2",
            State::TimeWait => "time_wait",
            State::LastAck => "last_ack",
            State::CloseWait => "close_wait",
            State::Closing => "closing",
            State::Closed => "closed",
        }
    }
}

/// What became of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Followed,
    /// Of a connection whose beginning was not seen, and such are not followed.
    NotFollowed,
    /// A new connection between the same ends: the old one is over.
    Reused,
}

/// One connection.
#[derive(Debug, Default)]
pub struct Session {
    pub state: State,
    /// Its beginning was not captured.
    pub midstream: bool,
    pub flags: Both<u8>,
    pub halves: Both<Half>,
}

impl Session {
    /// Takes a segment that `side` sent and hands on what comes in order now.
    pub fn segment(
        &mut self,
        side: Side,
        tcp: &Tcp,
        data: &[u8],
        rules: &Rules,
        out: &mut impl FnMut(Side, Chunk<'_>),
    ) -> Taken {
        let syn = tcp.flags & tcp_flags::SYN != 0;
        let acknowledges = tcp.flags & tcp_flags::ACK != 0;
        if self.is_new_connection(tcp, syn, acknowledges) {
            return Taken::Reused;
        }
        *self.flags.of_mut(side) |= tcp.flags;
        if self.state == State::None && !self.open(side, tcp, syn, acknowledges, rules) {
            return Taken::NotFollowed;
        }
        if tcp.flags & tcp_flags::RST != 0 {
            self.reset(side, tcp, out);
            return Taken::Followed;
        }
        let first = if syn { tcp.sequence.wrapping_add(1) } else { tcp.sequence };
        if syn && !self.halves.of(side).has_begun() {
            self.halves.of_mut(side).begin(first);
        }
        self.answered(side, syn, acknowledges, rules);
        if self.state == State::SynSent && !rules.midstream {
            return Taken::Followed;
        }
        if acknowledges {
            self.halves.of_mut(side.other()).acknowledge(tcp.acknowledgement, &mut |chunk| out(side.other(), chunk));
        }
        self.halves.of_mut(side).segment(first, data, rules.overlap, &mut |chunk| out(side, chunk));
        if tcp.flags & tcp_flags::FIN != 0 {
            self.halves.of_mut(side).finish(first.wrapping_add(data.len() as u32));
            self.finished(side);
        }
        if acknowledges {
            self.finish_acknowledged(side);
        }
        Taken::Followed
    }

    /// Hands on what is held back: nothing more will come.
    pub fn flush(&mut self, out: &mut impl FnMut(Side, Chunk<'_>)) {
        for side in [Side::Originator, Side::Responder] {
            self.halves.of_mut(side).flush(&mut |chunk| out(side, chunk));
        }
    }

    pub fn swap(&mut self) {
        self.flags.swap();
        self.halves.swap();
    }

    fn is_new_connection(&self, tcp: &Tcp, syn: bool, acknowledges: bool) -> bool {
        let over = matches!(self.state, State::Closed | State::TimeWait | State::LastAck);
        let other_start =
            self.halves.originator.next_sequence().is_some_and(|next| next != tcp.sequence.wrapping_add(1));
        syn && !acknowledges && over && other_start
    }

    /// Begins to follow the connection; false when it is not to be followed.
    fn open(&mut self, side: Side, tcp: &Tcp, syn: bool, acknowledges: bool, rules: &Rules) -> bool {
        match (syn, acknowledges) {
            (true, false) => self.state = State::SynSent,
            (true, true) if rules.midstream => {
                self.midstream = true;
                self.state = State::SynReceived;
                self.halves.of_mut(side.other()).begin(tcp.acknowledgement);
            }
            (false, _) if rules.midstream && tcp.flags & tcp_flags::RST == 0 => {
                self.midstream = true;
                self.state = State::Established;
                if acknowledges {
                    self.halves.of_mut(side.other()).begin(tcp.acknowledgement);
                }
            }
            _ => return false,
        }
        true
    }

    /// The steps of the handshake.
    fn answered(&mut self, side: Side, syn: bool, acknowledges: bool, rules: &Rules) {
        self.state = match (self.state, side) {
            (State::SynSent, Side::Responder) if syn && acknowledges => State::SynReceived,
            (State::SynReceived, Side::Originator) if acknowledges && !syn => State::Established,
            // Data of the responder shows that the last step happened, though it was not captured.
            (State::SynReceived, Side::Responder) if acknowledges && !syn => State::Established,
            // So does the originator going on, where only its direction was captured.
            (State::SynSent, Side::Originator) if acknowledges && !syn && rules.midstream => State::Established,
            (state, _) => state,
        };
    }

    fn finished(&mut self, side: Side) {
        self.state = match (self.state, side) {
            (State::Established | State::SynReceived, Side::Originator) => State::CloseWait,
            (State::Established | State::SynReceived, Side::Responder) => State::FinWait1,
            (State::CloseWait, Side::Responder) => State::LastAck,
            (State::FinWait1, Side::Originator) => State::Closing,
            (State::FinWait2, Side::Originator) => State::TimeWait,
            (state, _) => state,
        };
    }

    fn finish_acknowledged(&mut self, side: Side) {
        let done = |half: &Half| half.is_over();
        let other_done = done(self.halves.of(side.other()));
        self.state = match (self.state, side) {
            (State::FinWait1, Side::Originator) if other_done => State::FinWait2,
            (State::Closing, Side::Originator) if other_done => State::TimeWait,
            (State::LastAck, Side::Originator) if other_done => State::Closed,
            (State::TimeWait, Side::Responder) if other_done => State::Closed,
            (state, _) => state,
        };
    }

    /// A reset ends the connection if it could come from this side: its number must not lie far off.
    fn reset(&mut self, side: Side, tcp: &Tcp, out: &mut impl FnMut(Side, Chunk<'_>)) {
        const NEAR: u32 = 1 << 20;
        let plausible = self.halves.of(side).next_sequence().is_none_or(|next| {
            let ahead = tcp.sequence.wrapping_sub(next);
            ahead <= NEAR || ahead.wrapping_neg() <= NEAR || tcp.sequence == 0
        });
        if plausible {
            self.state = State::Closed;
            self.flush(out);
        }
    }
}

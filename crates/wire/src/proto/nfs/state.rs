//! Records of a stream, which reply belongs to which call, and how NFS is recognised.

use super::events::{Exchange, Told};
use super::files::{Files, Piece};
use super::records::{self, Ask, Read, Said};
use super::rpc::{self, Guard, Message, NFS};
use super::{compound, names};
use crate::bytes::{Bytes, u32_be_at};
use crate::proto::Event;
use crate::proto::smb::memory::Memory;
use crate::session::{Both, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};

/// Calls that wait for their reply; the oldest is told without.
const OPEN_MAX: usize = 1024;
/// Of a longer record only so much is read, the rest is passed over.
const RECORD_BYTES_MAX: usize = (1 << 20) + (1 << 14);
const FRAGMENTS_MAX: usize = 64;
const LAST_FRAGMENT: u32 = 1 << 31;
const PORT: u16 = 2049;
/// A record mark and as much of a call or reply as identifies it.
const LOOKED_AT: usize = 28;

pub struct Conversation {
    over: Over,
    open: Memory<(Side, u32), Open>,
    files: Files,
    transactions: u64,
    passing: Both<u64>,
    lost: Both<bool>,
    sealed: bool,
}

/// A call that waits for its reply.
struct Open {
    exchange: Exchange,
    transaction: u64,
    procedure: u32,
    guard: Guard,
    read: Option<Read>,
    is_write: bool,
    ends: bool,
}

impl Conversation {
    pub fn over(over: Over) -> Self {
        Conversation {
            over,
            open: Memory::new(OPEN_MAX),
            files: Files::default(),
            transactions: 0,
            passing: Both::default(),
            lost: Both::default(),
            sealed: false,
        }
    }

    fn message(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) {
        match rpc::message(data) {
            // Calls back to the client, and mounts, are none of ours.
            Some(Message::Call(call)) if call.program == NFS => self.call(side, &call, sink),
            Some(Message::Reply(reply)) => self.reply(side, &reply, sink),
            Some(Message::Call(_)) => {}
            None => sink.mark(Mark::new("nfs.message-unreadable", side)),
        }
    }

    fn call(&mut self, side: Side, call: &rpc::Call<'_>, sink: &mut dyn Sink) {
        if call.guard == Guard::Sealed && !std::mem::replace(&mut self.sealed, true) {
            sink.mark(Mark::new("nfs.sealed", side));
        }
        let is_compound = call.version >= 4 && call.procedure == names::V4_COMPOUND;
        let mut ask = match call.guard {
            Guard::Sealed | Guard::Control => Ask { procedure: call.procedure, ..Ask::default() },
            _ if is_compound => compound::ask(call.body),
            _ if call.version >= 4 => Ask { procedure: call.procedure, ..Ask::default() },
            _ => records::ask(call.version, call.procedure, call.body),
        };
        if is_compound && ask.procedure == 0 {
            ask.procedure = names::V4_COMPOUND;
        }
        let name = ask.name.or_else(|| self.files.name(ask.handle)).unwrap_or_default().to_vec();
        let exchange = Exchange {
            xid: call.xid,
            version: call.version,
            procedure: ask.procedure,
            auth: call.auth.clone(),
            name,
            handle: ask.handle.to_vec(),
            renamed_to: ask.renamed_to.map(<[u8]>::to_vec),
            ..Exchange::default()
        };
        if let Some(write) = ask.write {
            let piece = Piece { is_write: true, side, offset: write.offset, data: write.data, size: None };
            self.files.piece(&exchange, &piece, &mut self.transactions, sink);
        }
        let transaction = self.transactions;
        self.transactions += 1;
        let open = Open {
            exchange,
            transaction,
            procedure: call.procedure,
            guard: call.guard,
            read: ask.read,
            is_write: ask.write.is_some(),
            ends: ask.ends,
        };
        if let Some(gone) = self.open.insert((side, call.xid), open) {
            self.tell(&gone, sink);
        }
    }

    fn reply(&mut self, side: Side, reply: &rpc::Reply<'_>, sink: &mut dyn Sink) {
        let Some(mut open) = self.open.remove(&(side.other(), reply.xid)) else { return };
        let version = open.exchange.version;
        open.exchange.accepted = Some(reply.accepted);
        let body = rpc::unguarded(open.guard, reply.body);
        let said = match () {
            () if !reply.done || open.procedure == 0 => None,
            () if version >= 4 => compound::said(body),
            () => records::said(version, open.procedure, body),
        };
        // NULL has no result of its own; that it was answered is one.
        let nothing = reply.done && open.procedure == 0;
        open.exchange.status = said.as_ref().map(|said| said.status).or(nothing.then_some(0));
        if open.is_write {
            self.files.answered(&open.exchange);
        }
        if let Some(said) = said {
            self.results(side, &open, &said, sink);
        }
        self.tell(&open, sink);
    }

    fn results(&mut self, side: Side, open: &Open, said: &Said<'_>, sink: &mut dyn Sink) {
        let exchange = &open.exchange;
        if let Some(handle) = said.handle {
            self.files.keep_name(handle, &exchange.name);
        }
        for (name, handle) in &said.entries {
            self.files.keep_name(handle, name);
        }
        if let (Some(read), Some(data)) = (open.read, said.data) {
            let piece = Piece { is_write: false, side, offset: read.offset, data, size: said.size };
            self.files.piece(exchange, &piece, &mut self.transactions, sink);
            let reached = self.files.reached(&exchange.handle, false);
            let whole = said.size.is_some_and(|size| reached >= size);
            let short = exchange.version == 2 && (data.len() as u64) < read.count;
            if said.at_end || whole || short {
                self.files.finish(&exchange.handle, false, true, sink);
            }
        }
        if open.ends && said.status == 0 {
            self.files.finish(&exchange.handle, true, true, sink);
            self.files.finish(&exchange.handle, false, exchange.version < 4, sink);
        }
    }

    fn tell(&self, open: &Open, sink: &mut dyn Sink) {
        let exchange = &open.exchange;
        // Pieces of files are told with the whole, and asking for attributes is said so often that it says nothing.
        let is_piece = open.is_write || (open.read.is_some() && exchange.status == Some(0));
        let is_idle = exchange.version < 4 && exchange.procedure == 1;
        if !is_piece && !is_idle {
            sink.event(Event::Nfs(Told(exchange)), Place::exchange(open.transaction));
        }
    }

    /// Takes one record of a stream, of one or more fragments.
    fn record(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let (mut at, mut joined) = (0, Vec::new());
        for number in 0..FRAGMENTS_MAX {
            let Some(mark) = u32_be_at(data, at) else { return Progress::Took { used: 0, wants: at + 4 } };
            let (is_last, length) = (mark & LAST_FRAGMENT != 0, (mark & !LAST_FRAGMENT) as usize);
            if length == 0 && !is_last {
                return Progress::Lost;
            }
            let read = length.min(RECORD_BYTES_MAX.saturating_sub(at));
            at += 4;
            let Some(fragment) = data.get(at..at + read) else { return Progress::Took { used: 0, wants: at + read } };
            at += read;
            if is_last || read < length {
                *self.passing.of_mut(side) = (length - read) as u64;
                if number == 0 {
                    self.message(side, fragment, sink);
                } else {
                    joined.extend_from_slice(fragment);
                    self.message(side, &joined, sink);
                }
                return Progress::took(at);
            }
            joined.extend_from_slice(fragment);
        }
        Progress::Lost
    }

    fn pass_over(&mut self, side: Side, data: &[u8]) -> usize {
        let left = self.passing.of_mut(side);
        let used = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
        *left -= used as u64;
        used
    }

    /// Looks for the beginning of a record after a hole.
    fn find(&mut self, side: Side, data: &[u8]) -> Progress {
        for at in memchr::memchr_iter((LAST_FRAGMENT >> 24) as u8, data) {
            let rest = data.get(at..).unwrap_or_default();
            let body = rest.get(4..).unwrap_or_default();
            if rest.len() < LOOKED_AT {
                return Progress::took(at);
            }
            if is_call(body) == Some(true) || is_reply(body) == Some(true) {
                *self.lost.of_mut(side) = false;
                return Progress::took(at);
            }
        }
        Progress::all(data)
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if self.over == Over::Udp {
            self.message(side, data, sink);
            return Progress::all(data);
        }
        if *self.passing.of(side) > 0 {
            return Progress::took(self.pass_over(side, data));
        }
        if *self.lost.of(side) {
            let found = self.find(side, data);
            if *self.lost.of(side) || found != Progress::took(0) {
                return found;
            }
        }
        self.record(side, data, sink)
    }

    fn gap(&mut self, side: Side, rest: &[u8], length: u64, sink: &mut dyn Sink) -> Progress {
        // A record that breaks off is read as far as it goes; where the hole ends inside it, what follows is known.
        let whole = u32_be_at(rest, 0).map_or(0, |mark| u64::from(mark & !LAST_FRAGMENT) + 4);
        let passing = *self.passing.of(side);
        let left = if passing > 0 { passing } else { whole.saturating_sub(rest.len() as u64) };
        if let Some(begun) = rest.get(4..)
            && !*self.lost.of(side)
            && rpc::message(begun).is_some()
        {
            self.message(side, begun, sink);
        }
        *self.passing.of_mut(side) = left.saturating_sub(length);
        *self.lost.of_mut(side) |= length > left;
        Progress::all(rest)
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        while let Some(open) = self.open.remove_oldest() {
            self.tell(&open, sink);
        }
        self.files.end(sink);
    }

    fn waiting_max(&self) -> usize {
        RECORD_BYTES_MAX + FRAGMENTS_MAX * 4
    }
}

/// Whether a call of NFS begins; nothing when there is too little to tell.
fn is_call(body: &[u8]) -> Option<bool> {
    let mut bytes = Bytes::new(body);
    bytes.u32_be()?;
    if bytes.u32_be()? != 0 {
        return Some(false);
    }
    let (rpc, program, version, procedure) = (bytes.u32_be()?, bytes.u32_be()?, bytes.u32_be()?, bytes.u32_be()?);
    let last = match version {
        2 => 17,
        3 => 21,
        4 => 1,
        _ => return Some(false),
    };
    Some(rpc == 2 && program == NFS && procedure <= last)
}

/// Whether a reply begins. It does not say of which program.
fn is_reply(body: &[u8]) -> Option<bool> {
    let mut bytes = Bytes::new(body);
    bytes.u32_be()?;
    if bytes.u32_be()? != 1 {
        return Some(false);
    }
    let (taken, flavor, length) = (bytes.u32_be()?, bytes.u32_be()?, bytes.u32_be()?);
    Some(taken == 0 && matches!(flavor, 0 | 1 | 6) && length <= 400)
}

/// Calls name the program. Replies do not: there the port decides.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    let body = match way.over {
        Over::Udp => data,
        Over::Tcp => match u32_be_at(data, 0) {
            Some(mark) if mark & LAST_FRAGMENT == 0 || mark & !LAST_FRAGMENT < 24 => return Probe::No,
            Some(_) => data.get(4..).unwrap_or_default(),
            None if data.first().is_some_and(|byte| byte & 0x80 == 0) => return Probe::No,
            None => return Probe::More,
        },
    };
    let (call, reply) = (is_call(body), is_reply(body));
    match (call, reply) {
        (Some(true), _) => Probe::Client,
        (_, Some(true)) if way.from_port == PORT => Probe::Server,
        (Some(false), Some(_)) => Probe::No,
        (Some(false), None) if way.from_port != PORT => Probe::No,
        _ if way.over == Over::Tcp => Probe::More,
        _ => Probe::No,
    }
}

//! Which answer belongs to which call of an association, over a connection or a pipe.

use super::events::{Bound, Call, Subject, Syntax};
use super::records::{self, FIRST, HEADER_BYTES, Header, LAST, kind};
use super::{interfaces, marks};
use crate::proto::smb::{ntlmssp, spnego};
use crate::session::{Mark, Side};
use std::collections::VecDeque;
use std::sync::Arc;

/// Calls that wait for an answer; the oldest is told without one.
const OPEN_MAX: usize = 256;
/// Contexts remembered of an association.
const CONTEXTS_MAX: usize = 256;
/// The first bytes of a call's parameters that are kept while its fragments come in.
const STUB_HEAD_MAX: usize = 1 << 13;

/// An association; `C` is what its carrier wants to know of each call when it is over.
pub struct Calls<C> {
    open: VecDeque<Open<C>>,
    contexts: Vec<(u16, Syntax)>,
    partial: crate::session::Both<Vec<u8>>,
    /// The beginning of the parameters of the call that is coming in. Fragments of one call follow each other.
    stub: Vec<u8>,
    before: marks::Before,
    /// Who authenticated.
    subject: Option<Arc<Subject>>,
}

struct Open<C> {
    call: Call,
    /// All of the request is there.
    asked: bool,
    carrier: C,
}

impl<C> Default for Calls<C> {
    fn default() -> Self {
        Calls {
            open: VecDeque::new(),
            contexts: Vec::new(),
            partial: Default::default(),
            stub: Vec::new(),
            before: Default::default(),
            subject: None,
        }
    }
}

/// What comes of reading: finished calls and marks, in order.
pub struct Heard<C> {
    pub done: Vec<(Call, C)>,
    pub marks: Vec<Mark>,
}

impl<C> Default for Heard<C> {
    fn default() -> Self {
        Heard { done: Vec::new(), marks: Vec::new() }
    }
}

impl<C> Calls<C> {
    /// Takes what a side wrote into a pipe, whole units or pieces of them; false when it is no RPC.
    pub fn written(&mut self, side: Side, data: &[u8], heard: &mut Heard<C>, mut carrier: impl FnMut() -> C) -> bool {
        let mut rest = std::mem::take(self.partial.of_mut(side));
        rest.extend_from_slice(data);
        let mut at = 0;
        let mut is_rpc = true;
        while let Some(unit) = rest.get(at..).filter(|unit| unit.len() >= HEADER_BYTES) {
            let Some(header) = records::header(unit) else {
                is_rpc = false;
                at = rest.len();
                break;
            };
            let Some(unit) = unit.get(..header.length) else { break };
            self.unit(side, &header, unit, heard, &mut carrier);
            at += header.length;
        }
        rest.drain(..at.min(rest.len()));
        *self.partial.of_mut(side) = rest;
        is_rpc
    }

    /// Takes one whole unit.
    pub fn unit(
        &mut self,
        side: Side,
        header: &Header,
        unit: &[u8],
        heard: &mut Heard<C>,
        carrier: &mut dyn FnMut() -> C,
    ) {
        let body = unit.get(HEADER_BYTES..).unwrap_or_default();
        if matches!(header.kind, kind::BIND | kind::ALTER | kind::AUTH3) {
            self.authenticate(header, unit);
        }
        match header.kind {
            kind::BIND | kind::ALTER => self.bind(header, body, heard, carrier()),
            kind::REQUEST => self.request(side, header, body, heard, carrier),
            kind::RESPONSE => self.response(side, header, body, heard, carrier),
            kind::BIND_ACK | kind::BIND_NAK | kind::ALTER_RESPONSE | kind::FAULT | kind::REJECT => {
                self.answer(header, body, heard, carrier);
            }
            _ => {}
        }
    }

    /// What still waits for an answer, when none will come.
    pub fn end(&mut self) -> impl Iterator<Item = (Call, C)> + '_ {
        self.open.drain(..).map(|open| (open.call, open.carrier))
    }

    /// Notes who authenticates, from the token at the end of a unit.
    fn authenticate(&mut self, header: &Header, unit: &[u8]) {
        let from = unit.len().saturating_sub(header.auth_length);
        let token = spnego::token(unit.get(from..).unwrap_or_default());
        if let Some(ntlmssp::Message::Authenticate(ntlm)) = token.ntlm {
            let account = if ntlm.domain.is_empty() { ntlm.user } else { format!("{}\\{}", ntlm.domain, ntlm.user) };
            self.subject = Some(Arc::new(Subject { account, host: ntlm.host }));
        }
    }

    fn push(&mut self, open: Open<C>, heard: &mut Heard<C>) {
        if self.open.len() >= OPEN_MAX
            && let Some(oldest) = self.open.pop_front()
        {
            heard.done.push((oldest.call, oldest.carrier));
        }
        self.open.push_back(open);
    }

    fn bind(&mut self, header: &Header, body: &[u8], heard: &mut Heard<C>, carrier: C) {
        let bound = records::bind(header, body);
        for Bound { context, syntax, .. } in &bound {
            self.contexts.retain(|(known, _)| known != context);
            if self.contexts.len() < CONTEXTS_MAX {
                self.contexts.push((*context, *syntax));
            }
        }
        let call = Call {
            id: header.call,
            request: Some(header.kind),
            minor: header.minor,
            bound,
            request_fragments: 1,
            ..Call::default()
        };
        self.push(Open { call, asked: true, carrier }, heard);
    }

    fn request(
        &mut self,
        side: Side,
        header: &Header,
        body: &[u8],
        heard: &mut Heard<C>,
        carrier: &mut dyn FnMut() -> C,
    ) {
        let Some(request) = records::request(header, body) else {
            heard.marks.push(Mark::new("dcerpc.short-request", side).with(header.length));
            return;
        };
        let goes_on = |open: &Open<C>| open.call.id == header.call && !open.asked && header.flags & FIRST == 0;
        if !self.open.iter().any(goes_on) {
            let interface =
                self.contexts.iter().find(|(context, _)| *context == request.context).map(|(_, known)| *known);
            let call = Call {
                id: header.call,
                request: Some(kind::REQUEST),
                minor: header.minor,
                context: request.context,
                operation: request.operation,
                interface,
                subject: self.subject.clone(),
                ..Call::default()
            };
            let carrier = carrier();
            self.push(Open { call, asked: false, carrier }, heard);
        }
        let found = self.open.iter_mut().rev().find(|open| open.call.id == header.call && !open.asked);
        let Some(open) = found else { return };
        open.call.request_fragments = open.call.request_fragments.saturating_add(1);
        open.call.request_bytes += body.len().saturating_sub(8) as u64;
        if open.call.request_fragments == 1 {
            self.stub.clear();
        }
        let room = STUB_HEAD_MAX - self.stub.len().min(STUB_HEAD_MAX);
        self.stub.extend_from_slice(request.stub.get(..room).unwrap_or(request.stub));
        if header.flags & LAST != 0 {
            open.asked = true;
            let stub = std::mem::take(&mut self.stub);
            if let Some(interface) = open.call.interface.and_then(|syntax| interfaces::interface(&syntax.uuid)) {
                let (little, proven) = (header.little, header.auth_length > 0);
                let request = marks::Request { interface, call: &open.call, stub: &stub, little, proven };
                marks::of_request(&mut self.before, side, &request, &mut heard.marks);
            }
        }
    }

    fn response(
        &mut self,
        side: Side,
        header: &Header,
        body: &[u8],
        heard: &mut Heard<C>,
        carrier: &mut dyn FnMut() -> C,
    ) {
        let (_, stub) = records::response(header, body).unwrap_or((0, &[]));
        let waits = |open: &Open<C>| open.call.id == header.call && open.call.request == Some(kind::REQUEST);
        let at = match self.open.iter().position(waits) {
            Some(at) => at,
            None if header.flags & FIRST == 0 => return,
            // The question came before the capture did.
            None => {
                heard.marks.push(Mark::new("dcerpc.response-without-request", side).with(header.call));
                let call = Call { id: header.call, minor: header.minor, ..Call::default() };
                let carrier = carrier();
                self.push(Open { call: Call { request: None, ..call }, asked: true, carrier }, heard);
                self.open.len() - 1
            }
        };
        let Some(open) = self.open.get_mut(at) else { return };
        open.call.response = Some(kind::RESPONSE);
        open.call.response_fragments = open.call.response_fragments.saturating_add(1);
        open.call.response_bytes += stub.len() as u64;
        let lost = open.call.request.is_none();
        if header.flags & LAST != 0
            && header.auth_length == 0
            && let Some(interface) = open.call.interface.and_then(|syntax| interfaces::interface(&syntax.uuid))
            && let Some(result) = records::result(header, stub)
        {
            marks::of_response(&mut self.before, side, interface, &open.call, result, &mut heard.marks);
        }
        if (header.flags & LAST != 0 || lost)
            && let Some(open) = self.open.remove(at)
        {
            heard.done.push((open.call, open.carrier));
        }
    }

    /// An answer that is one unit long: to a bind, or that something failed.
    fn answer(&mut self, header: &Header, body: &[u8], heard: &mut Heard<C>, carrier: &mut dyn FnMut() -> C) {
        let to_bind = matches!(header.kind, kind::BIND_ACK | kind::BIND_NAK | kind::ALTER_RESPONSE);
        let waits = |open: &Open<C>| open.call.id == header.call && (open.call.is_bind() == to_bind || !to_bind);
        let (mut call, carrier) = match self.open.iter().position(waits).and_then(|at| self.open.remove(at)) {
            Some(open) => (open.call, open.carrier),
            None => (Call { id: header.call, minor: header.minor, ..Call::default() }, carrier()),
        };
        call.response = Some(header.kind);
        call.response_fragments = 1;
        if header.kind == kind::FAULT {
            call.fault = records::fault(header, body);
        }
        if to_bind {
            let answers = records::bind_ack(header, body);
            for (bound, answer) in call.bound.iter_mut().zip(answers) {
                bound.answer = Some(answer);
                if answer.0 != 0 {
                    let refused = (bound.context, bound.syntax);
                    self.contexts.retain(|known| *known != refused);
                }
            }
        }
        heard.done.push((call, carrier));
    }
}

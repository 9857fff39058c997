//! Which answers belong to which request, and how PostgreSQL is recognised.

use super::events::{CopyEnd, Exchange, Request};
use super::records::{self, is_request, is_response, plausible};
use crate::bytes::{Bytes, u8_at, u32_be_at};
use crate::proto::{Event, Kind};
use crate::session::{Both, Mark, Over, Place, Probe, Progress, Protocol, Side, Sink, Way};
use std::collections::VecDeque;

/// Bytes read of a message that holds a query, and of any other; of a longer one the beginning is read and the rest
/// passed over.
const QUERY_BYTES_MAX: usize = 1 << 16;
const READ_BYTES_MAX: usize = 1 << 13;
/// Requests that wait for their answers; the oldest is told as it is.
const OPEN_MAX: usize = 16;
/// Results, notices and parameters kept of one exchange.
const LIST_MAX: usize = 32;
/// A message's type and length.
const HEAD_BYTES: usize = 5;
/// Behind the length of a row stands the number of its columns, and before each column its own length.
const ROW_HEAD_BYTES: usize = 7;

/// Into what a conversation goes on once the server agrees to encrypt it.
const ENCRYPTED: Option<Kind> = None;

pub struct Conversation {
    started: bool,
    /// The server was asked to encrypt and answers with one byte.
    asked_to_encrypt: bool,
    /// What the server asked for last to let somebody in.
    authentication: Option<u32>,
    open: VecDeque<(u64, Exchange)>,
    transactions: u64,
    skip: Both<u64>,
    user: Option<Vec<u8>>,
    server_version: Option<Vec<u8>>,
}

impl Conversation {
    pub fn over(_over: Over) -> Self {
        Conversation {
            started: false,
            asked_to_encrypt: false,
            authentication: None,
            open: VecDeque::new(),
            transactions: 0,
            skip: Both::default(),
            user: None,
            server_version: None,
        }
    }

    fn begin(&mut self, request: Option<Request>, sink: &mut dyn Sink) {
        if self.open.len() >= OPEN_MAX {
            self.complete(sink);
        }
        self.transactions += 1;
        self.open.push_back((self.transactions, Exchange { request, ..Exchange::default() }));
    }

    /// The oldest exchange has its answers.
    fn complete(&mut self, sink: &mut dyn Sink) {
        if let Some((number, mut exchange)) = self.open.pop_front() {
            exchange.user.clone_from(&self.user);
            exchange.server_version.clone_from(&self.server_version);
            sink.event(Event::Pgsql(&exchange), Place::exchange(number));
        }
    }

    /// Tells a request that has no answer, behind those that wait.
    fn alone(&mut self, request: Request, sink: &mut dyn Sink) {
        while !self.open.is_empty() {
            self.complete(sink);
        }
        self.begin(Some(request), sink);
        self.complete(sink);
    }

    /// A message of before the connection is started: it has no type.
    fn start(&mut self, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let Some(length) = u32_be_at(data, 0) else { return Progress::Took { used: 0, wants: 8 } };
        if !(8..=records::START_BYTES_MAX).contains(&length) {
            return self.regular(Side::Originator, data, sink);
        }
        let Some(body) = data.get(4..length as usize) else {
            return Progress::Took { used: 0, wants: length as usize };
        };
        let Some(request) = records::start(body) else { return Progress::Lost };
        match &request {
            Request::Tls | Request::Gss => self.asked_to_encrypt = true,
            Request::Start { user, .. } => {
                self.started = true;
                self.user.clone_from(user);
            }
            _ => {}
        }
        if matches!(request, Request::Cancel { .. }) {
            self.alone(request, sink);
        } else {
            self.begin(Some(request), sink);
        }
        Progress::took(length as usize)
    }

    fn regular(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let (Some(kind), Some(length)) = (u8_at(data, 0), u32_be_at(data, 1)) else {
            return Progress::Took { used: 0, wants: HEAD_BYTES };
        };
        let ours = if side == Side::Originator { is_request(kind) } else { is_response(kind) };
        if !ours || !plausible(kind, length) {
            sink.mark(Mark::new("pgsql.unknown-message", side).with(kind));
            return Progress::Lost;
        }
        let whole = 1 + length as usize;
        let read = match kind {
            // Their content is of no use to us, and may be long.
            b'D' if side == Side::Responder => whole.min(ROW_HEAD_BYTES),
            b'd' => HEAD_BYTES,
            b'Q' | b'P' => whole.min(QUERY_BYTES_MAX),
            _ => whole.min(READ_BYTES_MAX),
        };
        let Some(body) = data.get(HEAD_BYTES..read) else { return Progress::Took { used: 0, wants: read } };
        self.started = true;
        *self.skip.of_mut(side) = (whole - read) as u64;
        match side {
            Side::Originator => self.request(kind, length, body, sink),
            Side::Responder => self.response(kind, length, body, sink),
        }
        Progress::took(read)
    }

    fn request(&mut self, kind: u8, length: u32, body: &[u8], sink: &mut dyn Sink) {
        match kind {
            b'Q' => {
                let query = records::text(&mut Bytes::new(body)).unwrap_or_default();
                self.begin(Some(Request::Query(query.to_vec())), sink);
            }
            b'p' => {
                let request = self.password(body);
                self.begin(Some(request), sink);
            }
            b'd' => self.copied_in(u64::from(length) - 4, None, sink),
            b'c' => self.copied_in(0, Some(CopyEnd::Done), sink),
            b'f' => self.copied_in(0, Some(CopyEnd::Failed), sink),
            b'X' => self.alone(Request::Terminate, sink),
            b'P' => {
                let mut bytes = Bytes::new(body);
                let _name = records::text(&mut bytes);
                let query = records::text(&mut bytes).map(<[u8]>::to_vec);
                self.extended(query, sink);
            }
            b'B' | b'E' | b'D' | b'C' | b'F' => self.extended(None, sink),
            // `Flush` and `Sync` only ask for what is due.
            _ => {}
        }
    }

    fn password(&self, body: &[u8]) -> Request {
        match self.authentication {
            Some(10) => records::sasl_begin(body).unwrap_or(Request::Password { digest: None }),
            Some(11) => Request::SaslAnswer(body.to_vec()),
            Some(5) => {
                let digest = records::text(&mut Bytes::new(body)).filter(|digest| digest.starts_with(b"md5"));
                Request::Password { digest: digest.map(<[u8]>::to_vec) }
            }
            _ => Request::Password { digest: None },
        }
    }

    fn copied_in(&mut self, length: u64, ended: Option<CopyEnd>, sink: &mut dyn Sink) {
        if !matches!(self.open.back(), Some((_, Exchange { request: Some(Request::CopyIn { end: None, .. }), .. }))) {
            self.begin(Some(Request::CopyIn { messages: 0, bytes: 0, end: None }), sink);
        }
        if let Some((_, Exchange { request: Some(Request::CopyIn { messages, bytes, end }), .. })) =
            self.open.back_mut()
        {
            *messages += u64::from(ended.is_none());
            *bytes += length;
            *end = ended;
        }
    }

    /// The steps of an extended query are one exchange.
    fn extended(&mut self, text: Option<Vec<u8>>, sink: &mut dyn Sink) {
        match self.open.back_mut() {
            Some((_, Exchange { request: Some(Request::Extended(known)), .. })) => {
                if known.is_none() {
                    *known = text;
                }
            }
            _ => self.begin(Some(Request::Extended(text)), sink),
        }
    }

    fn response(&mut self, kind: u8, length: u32, body: &[u8], sink: &mut dyn Sink) {
        if self.open.is_empty() {
            // A server speaks unasked of its state: of notices, parameters, notifications, and its end.
            if !matches!(kind, b'N' | b'S' | b'A' | b'E') {
                return;
            }
            self.begin(None, sink);
            self.answered(kind, length, body);
            self.complete(sink);
            return;
        }
        let done = self.answered(kind, length, body);
        if done {
            self.complete(sink);
        }
    }

    /// Adds a message to the answer of the oldest exchange; true when that is all of it.
    fn answered(&mut self, kind: u8, length: u32, body: &[u8]) -> bool {
        let authenticating = self.authentication != Some(0);
        let Some((_, exchange)) = self.open.front_mut() else { return false };
        let response = &mut exchange.response;
        match kind {
            b'R' => {
                let code = u32_be_at(body, 0).unwrap_or(u32::MAX);
                self.authentication = Some(code);
                let rest = body.get(4..).unwrap_or_default();
                match code {
                    12 => response.sasl_final = Some(rest.to_vec()),
                    _ => response.authentication = Some(records::authentication(code)),
                }
                if code == 5 {
                    response.salt = Bytes::new(rest).array();
                }
                return code != 0 && code != 12;
            }
            b'S' => {
                if let Some((name, value)) = records::parameter(body)
                    && response.parameters.len() < LIST_MAX
                {
                    if name == b"server_version" {
                        self.server_version = Some(value.clone());
                    }
                    response.parameters.push((name, value));
                }
            }
            b'K' => response.key = records::key(body),
            b'E' | b'N' => {
                if response.problems.len() < LIST_MAX {
                    response.problems.push(records::problem(body));
                }
                return kind == b'E' && authenticating;
            }
            b'T' => response.fields = Bytes::new(body).u16_be(),
            b'D' => {
                let columns = u64::from(Bytes::new(body).u16_be().unwrap_or(0));
                response.rows += 1;
                response.row_bytes += u64::from(length).saturating_sub(6 + 4 * columns);
            }
            b'C' => {
                if response.completed.len() < LIST_MAX
                    && let Some(text) = records::text(&mut Bytes::new(body))
                {
                    response.completed.push(text.to_vec());
                }
            }
            b'G' => {
                response.copy_in_columns = records::copy_columns(body);
                return true;
            }
            b'H' | b'W' => response.copy_out_columns = records::copy_columns(body),
            b'd' => {
                response.copied_out += 1;
                response.copied_out_bytes += u64::from(length) - 4;
            }
            b'A' => response.notification = records::notification(body),
            b'Z' => return true,
            _ => {}
        }
        false
    }

    /// The one byte that answers whether the conversation may be encrypted.
    fn encryption(&mut self, data: &[u8], sink: &mut dyn Sink) -> Option<Progress> {
        let answer = u8_at(data, 0)?;
        self.asked_to_encrypt = false;
        if !matches!(answer, b'S' | b'G' | b'N') {
            // A server that knows nothing of encryption answers with an error.
            return None;
        }
        if let Some((_, exchange)) = self.open.front_mut() {
            exchange.response.tls_accepted = Some(answer != b'N');
        }
        self.complete(sink);
        Some(match answer {
            b'S' => Progress::Switch { used: 1, to: ENCRYPTED },
            // What GSS-API encrypts cannot be read.
            b'G' => Progress::Lost,
            _ => Progress::took(1),
        })
    }
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let skip = self.skip.of_mut(side);
        if *skip > 0 {
            let used = usize::try_from(*skip).unwrap_or(usize::MAX).min(data.len());
            *skip -= used as u64;
            return Progress::took(used);
        }
        if side == Side::Originator && !self.started {
            return self.start(data, sink);
        }
        if side == Side::Responder
            && self.asked_to_encrypt
            && let Some(progress) = self.encryption(data, sink)
        {
            return progress;
        }
        self.regular(side, data, sink)
    }

    /// A hole in what is passed over does no harm.
    fn gap(&mut self, side: Side, rest: &[u8], length: u64, _sink: &mut dyn Sink) -> Progress {
        let skip = self.skip.of_mut(side);
        match skip.checked_sub(length) {
            Some(left) if rest.is_empty() => {
                *skip = left;
                Progress::took(0)
            }
            _ => Progress::Lost,
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        while !self.open.is_empty() {
            self.complete(sink);
        }
    }
}

/// A client says in its first message what it wants and in which version. In the middle of a conversation only a query
/// to the known port is plain enough.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const PORTS: &[u16] = &[5432];
    if way.over != Over::Tcp {
        return Probe::No;
    }
    let Some(length) = u32_be_at(data, 0) else {
        return if data.iter().all(|byte| *byte == 0) { Probe::More } else { Probe::No };
    };
    if !(8..=records::START_BYTES_MAX).contains(&length) {
        return midstream(way.touches(PORTS), data);
    }
    let Some(code) = u32_be_at(data, 4) else { return Probe::More };
    let ours = match code {
        records::TLS | records::GSS => length == 8,
        records::CANCEL => length == 16,
        0x3_0000 => data.get(8..).unwrap_or_default().first().is_none_or(u8::is_ascii_alphabetic) && length > 8,
        _ => false,
    };
    if ours { Probe::Client } else { Probe::No }
}

fn midstream(known_port: bool, data: &[u8]) -> Probe {
    let (Some(b'Q'), Some(length)) = (u8_at(data, 0), u32_be_at(data, 1)) else { return Probe::No };
    let text = data.get(HEAD_BYTES..1 + length as usize).and_then(<[u8]>::split_last);
    let plain = |text: &[u8]| text.iter().all(|byte| !byte.is_ascii_control() || byte.is_ascii_whitespace());
    if known_port && text.is_some_and(|(last, text)| *last == 0 && plain(text)) { Probe::Client } else { Probe::No }
}

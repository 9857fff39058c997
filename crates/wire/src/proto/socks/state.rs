//! The talk with the proxy, up to where the other protocol begins.

use super::Request;
use crate::bytes::{Bytes, u8_at};
use crate::proto::Event;
use crate::session::*;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Bytes of a user's name or of a host's.
const NAME_BYTES_MAX: usize = 256;

#[derive(Default)]
pub struct Conversation {
    request: Request,
    client: Client,
    server: Server,
    told: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Client {
    #[default]
    Greeting,
    /// SOCKS 5 only: what comes next is a log-on (RFC 1929) or the request; the first byte tells.
    Request,
    Asked,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Server {
    #[default]
    Method,
    LogOn,
    Reply,
}

/// What reading a message came to.
enum Read<T> {
    Short,
    Bad,
    Is(T, usize),
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        let read = match (side, self.client) {
            (Side::Originator, Client::Greeting) => self.greeting(data),
            (Side::Originator, Client::Request) => self.request(data),
            // What the client says to the other end waits for the proxy's answer.
            (Side::Originator, Client::Asked) => Read::Short,
            (Side::Responder, _) => self.reply(data),
        };
        match read {
            Read::Short if data.len() > NAME_BYTES_MAX * 2 && self.client != Client::Asked => Progress::Lost,
            Read::Short => Progress::took(0),
            Read::Bad => Progress::Lost,
            Read::Is(false, used) => Progress::took(used),
            Read::Is(true, used) => {
                self.tell(sink);
                match self.request.is_granted() {
                    true => Progress::Switch { used, to: None },
                    false => Progress::took(used),
                }
            }
        }
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        self.tell(sink);
    }
}

impl Conversation {
    fn tell(&mut self, sink: &mut dyn Sink) {
        if self.client == Client::Asked && !std::mem::replace(&mut self.told, true) {
            sink.event(Event::Socks(&self.request), Place::exchange(0));
        }
    }

    fn greeting(&mut self, data: &[u8]) -> Read<bool> {
        match u8_at(data, 0) {
            None => Read::Short,
            Some(4) => self.request_4(data),
            Some(5) => {
                let Some(count) = u8_at(data, 1) else { return Read::Short };
                let length = 2 + usize::from(count);
                if data.len() < length {
                    return Read::Short;
                }
                (self.request.version, self.client) = (5, Client::Request);
                Read::Is(false, length)
            }
            Some(_) => Read::Bad,
        }
    }

    /// SOCKS 4: command, port, address, user, and for an address 0.0.0.x the name.
    fn request_4(&mut self, data: &[u8]) -> Read<bool> {
        let mut bytes = Bytes::new(data);
        let mut read = || {
            let (_version, command) = (bytes.u8()?, bytes.u8()?);
            let (port, address) = (bytes.u16_be()?, bytes.array::<4>()?);
            let user = terminated(&mut bytes)?;
            let host = match address {
                [0, 0, 0, last] if last > 0 => String::from_utf8_lossy(terminated(&mut bytes)?).into_owned(),
                address => Ipv4Addr::from(address).to_string(),
            };
            Some(Request {
                version: 4,
                command,
                host,
                port,
                user: (!user.is_empty()).then(|| user.to_vec()),
                reply: None,
            })
        };
        let Some(request) = read() else { return Read::Short };
        (self.request, self.client, self.server) = (request, Client::Asked, Server::Reply);
        Read::Is(false, data.len() - bytes.len())
    }

    fn request(&mut self, data: &[u8]) -> Read<bool> {
        let mut bytes = Bytes::new(data);
        match u8_at(data, 0) {
            None => Read::Short,
            Some(1) => {
                let mut read = || {
                    bytes.skip(1)?;
                    let length = bytes.u8()?;
                    let user = bytes.take(length.into())?.to_vec();
                    let length = bytes.u8()?;
                    bytes.skip(length.into())?;
                    Some(user)
                };
                let Some(user) = read() else { return Read::Short };
                self.request.user = Some(user);
                Read::Is(false, data.len() - bytes.len())
            }
            Some(5) => {
                let mut read = || {
                    bytes.skip(1)?;
                    let command = bytes.u8()?;
                    bytes.skip(1)?;
                    Some((command, address(&mut bytes)?, bytes.u16_be()?))
                };
                let Some((command, host, port)) = read() else { return Read::Short };
                (self.request.command, self.request.host, self.request.port) = (command, host, port);
                self.client = Client::Asked;
                Read::Is(false, data.len() - bytes.len())
            }
            Some(_) => Read::Bad,
        }
    }

    fn reply(&mut self, data: &[u8]) -> Read<bool> {
        let mut bytes = Bytes::new(data);
        match (self.request.version, self.server) {
            // The proxy speaks before anything was asked.
            (0, _) => Read::Bad,
            (4, _) => {
                let (Some(0), Some(reply)) = (bytes.u8(), bytes.u8()) else { return short_or_bad(data, 2) };
                if bytes.skip(6).is_none() {
                    return Read::Short;
                }
                self.request.reply = Some(reply);
                Read::Is(true, 8)
            }
            (_, Server::Method) => {
                let (Some(5), Some(method)) = (bytes.u8(), bytes.u8()) else { return short_or_bad(data, 2) };
                self.server = if method == 2 { Server::LogOn } else { Server::Reply };
                Read::Is(false, 2)
            }
            (_, Server::LogOn) => {
                let (Some(1), Some(_)) = (bytes.u8(), bytes.u8()) else { return short_or_bad(data, 2) };
                self.server = Server::Reply;
                Read::Is(false, 2)
            }
            (_, Server::Reply) => {
                let (Some(5), Some(reply)) = (bytes.u8(), bytes.u8()) else { return short_or_bad(data, 2) };
                let mut read = || {
                    bytes.skip(1)?;
                    address(&mut bytes)?;
                    bytes.u16_be()
                };
                if read().is_none() {
                    return Read::Short;
                }
                self.request.reply = Some(reply);
                Read::Is(true, data.len() - bytes.len())
            }
        }
    }
}

fn short_or_bad(data: &[u8], needed: usize) -> Read<bool> {
    if data.len() < needed { Read::Short } else { Read::Bad }
}

fn terminated<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    let end = memchr::memchr(0, bytes.rest().get(..bytes.len().min(NAME_BYTES_MAX))?)?;
    let text = bytes.take(end)?;
    bytes.skip(1)?;
    Some(text)
}

fn address(bytes: &mut Bytes<'_>) -> Option<String> {
    Some(match bytes.u8()? {
        1 => Ipv4Addr::from(bytes.array::<4>()?).to_string(),
        4 => Ipv6Addr::from(bytes.array::<16>()?).to_string(),
        _ => {
            let length = bytes.u8()?;
            String::from_utf8_lossy(bytes.take(length.into())?).into_owned()
        }
    })
}

/// A greeting of version 5 that is all its methods and nothing else, or a whole request of version 4.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    if way.over == Over::Udp {
        return Probe::No;
    }
    match (u8_at(data, 0), u8_at(data, 1)) {
        (Some(5), Some(count)) if data.len() == 2 + usize::from(count) && (1..=8).contains(&count) => {
            let methods = data.get(2..).unwrap_or_default();
            let sane = methods.iter().all(|method| *method <= 9 || *method >= 0x80)
                && methods.iter().any(|method| *method <= 2);
            if sane { Probe::Client } else { Probe::No }
        }
        (Some(4), Some(1 | 2)) if data.len() >= 9 && data.len() <= NAME_BYTES_MAX * 2 && data.last() == Some(&0) => {
            let user = data.get(8..).unwrap_or_default();
            if user.iter().all(|byte| *byte == 0 || byte.is_ascii_graphic()) { Probe::Client } else { Probe::No }
        }
        _ => Probe::No,
    }
}

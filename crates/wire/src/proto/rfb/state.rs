//! The opening, step by step; after it both sides paint, and nothing is read.

use super::Session;
use super::events::Screen;
use crate::bytes::{Bytes, u8_at, u32_be_at};
use crate::proto::Event;
use crate::session::*;

const VERSION_BYTES: usize = 12;
/// Bytes of a screen's name that are kept, and of one that is believed.
const NAME_BYTES_MAX: usize = 1024;
const NAME_BYTES_BELIEVED: usize = 1 << 16;
/// Bytes of a refusal that are kept.
const REFUSAL_BYTES_MAX: usize = 1024;

#[derive(Default)]
pub struct Conversation {
    session: Session,
    server: Server,
    client: Client,
    told: bool,
    /// Nothing that follows can be read.
    done: bool,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Server {
    #[default]
    Version,
    Security,
    Challenge,
    Result,
    /// Why it goes no further (RFC 6143, sections 7.1.2 and 7.1.3).
    Refusal,
    Screen,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Client {
    #[default]
    Version,
    Security,
    Response,
    Shared,
    Done,
}

impl Protocol for Conversation {
    fn data(&mut self, side: Side, data: &[u8], sink: &mut dyn Sink) -> Progress {
        if self.done {
            return Progress::all(data);
        }
        let used = match side {
            Side::Responder => self.server(data, sink),
            Side::Originator => self.client(data),
        };
        match used {
            Some(used) => Progress::took(used),
            None => Progress::took(0),
        }
    }

    fn gap(&mut self, _side: Side, rest: &[u8], _length: u64, _sink: &mut dyn Sink) -> Progress {
        self.done = true;
        Progress::took(rest.len())
    }

    fn end(&mut self, sink: &mut dyn Sink) {
        if self.session.client_version.is_some() {
            self.tell(sink);
        }
    }
}

impl Conversation {
    fn tell(&mut self, sink: &mut dyn Sink) {
        self.done = true;
        if !std::mem::replace(&mut self.told, true) {
            sink.event(Event::Rfb(&self.session), Place::exchange(0));
        }
    }

    /// Version 3.3 and what pretends to be less: the server alone decides how the client proves itself.
    fn is_old(&self) -> bool {
        self.session.client_version.is_some_and(|(_, minor)| minor < 7)
    }

    /// What the server says; gives the bytes it took, or nothing while there are too few.
    fn server(&mut self, data: &[u8], sink: &mut dyn Sink) -> Option<usize> {
        match self.server {
            Server::Version => {
                self.session.server_version = Some(version(data.first_chunk::<VERSION_BYTES>()?));
                self.server = Server::Security;
                Some(VERSION_BYTES)
            }
            // What it offers depends on what the client can.
            Server::Security => {
                self.session.client_version?;
                if self.is_old() {
                    let security = u32_be_at(data, 0)?;
                    self.choose(security, sink);
                    return Some(4);
                }
                let count = usize::from(u8_at(data, 0)?);
                data.get(..1 + count)?;
                if count == 0 {
                    self.server = Server::Refusal;
                    return Some(1);
                }
                // The client's choice decides what comes next.
                self.server = Server::Challenge;
                Some(1 + count)
            }
            Server::Challenge => match self.session.security? {
                2 => {
                    self.session.challenge = data.get(..16)?.to_vec();
                    self.server = Server::Result;
                    Some(16)
                }
                1 => {
                    self.server = if self.has_result() { Server::Result } else { Server::Screen };
                    self.server(data, sink)
                }
                _ => {
                    sink.mark(Mark::new("rfb.security-not-read", Side::Responder).with(self.session.security?));
                    self.tell(sink);
                    Some(data.len())
                }
            },
            Server::Result => {
                let result = u32_be_at(data, 0)?;
                self.session.result = Some(result);
                if result != 0 {
                    sink.mark(Mark::new("rfb.authentication-failed", Side::Responder));
                    // Earlier versions hang up without a word.
                    if self.has_result() {
                        self.server = Server::Refusal;
                    } else {
                        self.tell(sink);
                    }
                    return Some(4);
                }
                self.server = Server::Screen;
                Some(4)
            }
            Server::Refusal => {
                let length = u32_be_at(data, 0)? as usize;
                let kept = length.min(REFUSAL_BYTES_MAX);
                self.session.refusal = data.get(4..4 + kept)?.to_vec();
                self.tell(sink);
                Some(data.len())
            }
            Server::Screen => {
                let (screen, used) = screen(data)?;
                self.session.screen = Some(screen);
                self.tell(sink);
                Some(used)
            }
        }
    }

    /// Only version 3.8 says how it ended when nothing had to be proved.
    fn has_result(&self) -> bool {
        self.session.client_version.is_some_and(|(_, minor)| minor >= 8)
    }

    fn choose(&mut self, security: u32, sink: &mut dyn Sink) {
        self.session.security = Some(security);
        self.client = if security == 2 { Client::Response } else { Client::Shared };
        match security {
            0 => self.server = Server::Refusal,
            1 => self.server = Server::Screen,
            2 => self.server = Server::Challenge,
            _ => self.tell(sink),
        }
    }

    fn client(&mut self, data: &[u8]) -> Option<usize> {
        match self.client {
            Client::Version => {
                self.session.client_version = Some(version(data.first_chunk::<VERSION_BYTES>()?));
                self.client = Client::Security;
                Some(VERSION_BYTES)
            }
            Client::Security if self.is_old() => None,
            Client::Security => {
                let security = u32::from(u8_at(data, 0)?);
                self.session.security = Some(security);
                self.client = if security == 2 { Client::Response } else { Client::Shared };
                Some(1)
            }
            Client::Response => {
                self.session.response = data.get(..16)?.to_vec();
                self.client = Client::Shared;
                Some(16)
            }
            Client::Shared => {
                self.session.shared = Some(u8_at(data, 0)? != 0);
                self.client = Client::Done;
                Some(1)
            }
            Client::Done => Some(data.len()),
        }
    }
}

fn version(text: &[u8; VERSION_BYTES]) -> (u16, u16) {
    let number = |digits: Option<&[u8]>| {
        digits
            .into_iter()
            .flatten()
            .fold(0u16, |number, digit| number * 10 + u16::from(digit.wrapping_sub(b'0').min(9)))
    };
    (number(text.get(4..7)), number(text.get(8..11)))
}

fn screen(data: &[u8]) -> Option<(Screen, usize)> {
    let mut bytes = Bytes::new(data);
    let mut screen = Screen { width: bytes.u16_be()?, height: bytes.u16_be()?, ..Screen::default() };
    (screen.bits, screen.depth) = (bytes.u8()?, bytes.u8()?);
    (screen.big_endian, screen.true_color) = (bytes.u8()? != 0, bytes.u8()? != 0);
    screen.max = [bytes.u16_be()?, bytes.u16_be()?, bytes.u16_be()?];
    screen.shift = bytes.array()?;
    bytes.skip(3)?;
    let length = bytes.u32_be()? as usize;
    let name = if length <= NAME_BYTES_BELIEVED { bytes.take(length)? } else { bytes.take(bytes.len())? };
    screen.name = name.get(..name.len().min(NAME_BYTES_MAX))?.to_vec();
    Some((screen, data.len() - bytes.len()))
}

/// Both sides begin with `RFB 003.008` and an end of line.
pub fn probe(way: Way, data: &[u8]) -> Probe {
    const BANNER: &[u8] = b"RFB ";
    if way.over == Over::Udp {
        return Probe::No;
    }
    if data.len() < VERSION_BYTES {
        let begins = BANNER.get(..data.len().min(BANNER.len())).is_some_and(|banner| data.starts_with(banner));
        return if begins { Probe::More } else { Probe::No };
    }
    let digits =
        |range: std::ops::Range<usize>| data.get(range).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
    let whole = data.starts_with(BANNER) && digits(4..7) && data.get(7) == Some(&b'.') && digits(8..11);
    // The server speaks first.
    if whole && data.get(11) == Some(&b'\n') { Probe::Either } else { Probe::No }
}

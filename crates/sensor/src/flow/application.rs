//! What is spoken in a conversation: its first bytes are identified, then its room is given the rest.

use crate::telling::Telling;
use wire::proto::{Detail, Identified, Kind, identify};
use wire::session::{Both, Mark, Over, Progress, Protocol, Side, Sink, Way};
use wire::tcp::Chunk;

/// Bytes of both sides kept until the protocol is known.
const IDENTIFY_BYTES_MAX: usize = 1 << 13;
/// Chunks kept until the protocol is known.
const IDENTIFY_CHUNKS_MAX: usize = 64;
/// A conversation that goes from protocol to protocol more often than this is a game.
const SWITCHES_MAX: u8 = 4;
/// A room that takes nothing more is asked so often before it is given up: a guard against standing still.
const STEPS_MAX: usize = 1 << 20;
/// Ports below are given to services.
const SERVICE_PORTS: u16 = 1024;

/// What is known of what is spoken. It is kept with the conversation, where those who tell of it look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spoken {
    /// The protocol; after a switch to one that was not recognised, none.
    pub kind: Option<Kind>,
    /// What the protocol turned out to carry, and is called by.
    pub refined: Option<Kind>,
    /// What each side's own bytes were identified as.
    pub identified: Both<Option<Kind>>,
    /// The protocol before the last switch, and the one that was announced to follow it.
    pub before: Option<Kind>,
    pub announced: Option<Kind>,
    /// Nothing could be made of its bytes.
    pub failed: bool,
}

impl Spoken {
    /// Another conversation said what this one is.
    pub fn known(kind: Kind) -> Spoken {
        let identified = Both { originator: Some(kind), responder: Some(kind) };
        Spoken { kind: Some(kind), identified, ..Spoken::default() }
    }
}

#[derive(Default)]
pub struct Application {
    stage: Stage,
    closed: Both<bool>,
    switches: u8,
}

#[derive(Default)]
enum Stage {
    /// Nothing was said yet.
    #[default]
    Silent,
    /// What was said so far, in order, by whom.
    Listening(Vec<(Side, Vec<u8>)>),
    Room(Box<Open>),
    Over,
}

/// A room at work, with what each side said that it has not taken.
struct Open {
    room: Box<dyn Protocol>,
    waiting: Both<Vec<u8>>,
    wants: Both<usize>,
}

impl Application {
    /// The protocol is known beforehand: another conversation arranged this one.
    pub fn expected(kind: Kind, over: Over, detail: Detail, about: &[u8]) -> Application {
        let room = kind.start_expected(over, detail, about);
        Application { stage: Stage::open(room), ..Application::default() }
    }

    /// Nothing was said yet.
    pub fn is_silent(&self) -> bool {
        matches!(self.stage, Stage::Silent)
    }

    fn swap(&mut self) {
        self.closed.swap();
    }
}

impl Stage {
    fn open(room: Box<dyn Protocol>) -> Stage {
        Stage::Room(Box::new(Open { room, waiting: Both::default(), wants: Both::default() }))
    }
}

/// Hands what a side said to the conversation's application. The application is out of its flow meanwhile, so that what
/// it tells may look at the flow.
pub fn hear(application: &mut Application, side: Side, chunk: Chunk<'_>, over: Over, telling: &mut Telling<'_>) {
    let mut hearing = Hearing { application, over, telling };
    match chunk {
        Chunk::Data(data) => {
            hearing.telling.flow.keep_first_bytes(side, data);
            hearing.data(side, data);
        }
        Chunk::Gap(length) => hearing.gap(side, length),
    }
}

/// A side acknowledged without saying anything.
pub fn acknowledged(application: &mut Application, side: Side, telling: &mut Telling<'_>) {
    if let Stage::Room(open) = &mut application.stage {
        open.room.acknowledged(side, telling);
    }
}

/// A side says no more.
pub fn close(application: &mut Application, side: Side, telling: &mut Telling<'_>) {
    if std::mem::replace(application.closed.of_mut(side), true) {
        return;
    }
    if let Stage::Room(open) = &mut application.stage {
        let rest = std::mem::take(open.waiting.of_mut(side));
        open.room.close(side, &rest, telling);
    }
}

/// The conversation is over.
pub fn end(application: &mut Application, telling: &mut Telling<'_>) {
    for side in [Side::Originator, Side::Responder] {
        close(application, side, telling);
    }
    if let Stage::Room(mut open) = std::mem::replace(&mut application.stage, Stage::Over) {
        open.room.end(telling);
    }
}

/// In a tunnel that HTTP opened, what begins as a handshake of TLS and makes no sense is broken TLS, not something else.
fn begins_handshake(data: &[u8]) -> bool {
    matches!(data, [22, 3, 0..=4, _, _, ..])
}

fn without_empty_lines(data: &[u8]) -> &[u8] {
    let from = data.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(data.len());
    data.get(from..).unwrap_or_default()
}

struct Hearing<'a, 't> {
    application: &'a mut Application,
    over: Over,
    telling: &'a mut Telling<'t>,
}

impl Hearing<'_, '_> {
    fn data(&mut self, side: Side, data: &[u8]) {
        match &mut self.application.stage {
            Stage::Room(_) => self.give(side, data),
            Stage::Over => {}
            Stage::Silent => {
                self.application.stage = Stage::Listening(Vec::new());
                self.listen(side, data);
            }
            Stage::Listening(_) => self.listen(side, data),
        }
    }

    /// Collects until the protocol is known, then replays what was said.
    fn listen(&mut self, side: Side, data: &[u8]) {
        let way = self.way(side);
        let Stage::Listening(said) = &mut self.application.stage else { return };
        let in_tunnel = self.telling.flow.spoken.before == Some(Kind::Http);
        // Nearly always the first bytes tell.
        let earlier: Vec<u8> = said.iter().filter(|(by, _)| *by == side).flat_map(|(_, data)| data).copied().collect();
        let found = if earlier.is_empty() {
            identify(way, data, self.telling.detail())
        } else {
            identify(way, &[&earlier, data].concat(), self.telling.detail())
        };
        let found = match found {
            Identified::Unknown if in_tunnel && earlier.is_empty() && begins_handshake(data) => {
                Identified::Is(Kind::Tls, None)
            }
            other => other,
        };
        let collected: usize = said.iter().map(|(_, data)| data.len()).sum::<usize>() + data.len();
        let Identified::Is(kind, role) = found else {
            let full = collected > IDENTIFY_BYTES_MAX || said.len() >= IDENTIFY_CHUNKS_MAX;
            let both = said.iter().any(|(by, _)| *by != side);
            let hopeless = found == Identified::Unknown && (both || self.over == Over::Udp);
            if full || (hopeless && self.over == Over::Tcp) {
                self.application.stage = Stage::Over;
                self.telling.flow.spoken.failed = true;
            } else if hopeless {
                // Every datagram is a new beginning; so far nothing could be made of any.
                self.telling.flow.spoken.failed = true;
                said.clear();
            } else {
                said.push((side, data.to_vec()));
            }
            return;
        };
        let mut side = side;
        let mut said = std::mem::take(said);
        let wrong_way = match role {
            Some(role) => role != side,
            None => self.over == Over::Tcp && self.is_from_service(),
        };
        if wrong_way && self.telling.flow.direction_guessed {
            self.telling.turn();
            self.application.swap();
            side = side.other();
            said.iter_mut().for_each(|(by, _)| *by = by.other());
        }
        self.enter(kind);
        *self.telling.flow.spoken.identified.of_mut(side) = Some(kind);
        for (by, earlier) in said {
            self.give(by, &earlier);
        }
        self.give(side, data);
    }

    /// The originator has the port of a service and the responder has not. Where both sides speak alike, that tells who
    /// opened a conversation whose beginning was not seen.
    fn is_from_service(&self) -> bool {
        let (originator, responder) = (self.telling.flow.originator.port, self.telling.flow.responder.port);
        originator < SERVICE_PORTS && responder >= SERVICE_PORTS
    }

    fn way(&self, side: Side) -> Way {
        let (from, to) = (self.telling.flow.end(side), self.telling.flow.end(side.other()));
        Way { over: self.over, from_port: from.port, to_port: to.port }
    }

    fn enter(&mut self, kind: Kind) {
        self.telling.flow.spoken.kind = Some(kind);
        self.telling.flow.spoken.failed = false;
        let mut room = kind.start(self.over, self.telling.detail());
        if let Some(before) = self.telling.flow.spoken.before {
            room.follows(before);
        }
        self.application.stage = Stage::open(room);
    }

    /// Gives a room new bytes of a side, after those it has not taken yet.
    fn give(&mut self, side: Side, data: &[u8]) {
        if self.telling.flow.spoken.identified.of(side).is_none() {
            self.identify_again(side, data);
        }
        let Stage::Room(open) = &mut self.application.stage else { return };
        let waiting = open.waiting.of_mut(side);
        if waiting.is_empty() {
            let used = self.offer(side, data);
            self.keep(side, data.get(used..).unwrap_or_default());
            return;
        }
        let mut waiting = std::mem::take(waiting);
        waiting.extend_from_slice(data);
        if waiting.len() < *open.wants.of(side) {
            *open.waiting.of_mut(side) = waiting;
            self.check_waiting(side);
            return;
        }
        let used = self.offer(side, &waiting);
        waiting.drain(..used.min(waiting.len()));
        if let Stage::Room(open) = &mut self.application.stage {
            *open.waiting.of_mut(side) = waiting;
        }
        self.check_waiting(side);
    }

    /// Notes what the other side's own bytes look like.
    fn identify_again(&mut self, side: Side, data: &[u8]) {
        let found = match identify(self.way(side), data, self.telling.detail()) {
            Identified::Is(kind, _) => Some(kind),
            _ => None,
        };
        *self.telling.flow.spoken.identified.of_mut(side) = found.or(self.telling.flow.spoken.kind);
    }

    fn keep(&mut self, side: Side, rest: &[u8]) {
        if let (Stage::Room(open), Over::Tcp) = (&mut self.application.stage, self.over) {
            open.waiting.of_mut(side).extend_from_slice(rest);
            self.check_waiting(side);
        }
    }

    fn check_waiting(&mut self, side: Side) {
        let Stage::Room(open) = &self.application.stage else { return };
        if open.waiting.of(side).len() > open.room.waiting_max() {
            self.telling.mark(Mark::new("stream.record-too-long", side));
            self.leave(true);
        }
    }

    /// Offers bytes until the room takes no more of them; gives how many it took.
    fn offer(&mut self, side: Side, data: &[u8]) -> usize {
        let mut taken = 0;
        for _ in 0..STEPS_MAX {
            let rest = data.get(taken..).unwrap_or_default();
            let Stage::Room(open) = &mut self.application.stage else { return data.len() };
            if rest.is_empty() || rest.len() < *open.wants.of(side) {
                return taken;
            }
            match open.room.data(side, rest, self.telling) {
                Progress::Took { used, wants } => {
                    *open.wants.of_mut(side) = wants;
                    taken += used.min(rest.len());
                    if used == 0 || self.over == Over::Udp {
                        return if self.over == Over::Udp { data.len() } else { taken };
                    }
                }
                Progress::Lost => {
                    self.leave(true);
                    return data.len();
                }
                Progress::Switch { used, to } => {
                    self.switch(side, rest.get(used..).unwrap_or_default(), to);
                    return data.len();
                }
            }
        }
        self.leave(true);
        data.len()
    }

    /// From here on both sides speak another protocol.
    fn switch(&mut self, side: Side, rest: &[u8], to: Option<Kind>) {
        let (mut other, mut legacy) = (Vec::new(), Vec::new());
        if let Stage::Room(open) = &mut self.application.stage {
            other = std::mem::take(open.waiting.of_mut(side.other()));
            legacy = open.room.legacy();
        }
        self.leave(false);
        self.application.switches += 1;
        if self.application.switches > SWITCHES_MAX {
            return;
        }
        let before = self.telling.flow.spoken.kind.take();
        self.telling.flow.spoken.before = before;
        self.telling.flow.spoken.announced = to;
        self.telling.flow.spoken.identified = Both::default();
        match to {
            Some(kind) => {
                self.telling.flow.spoken.kind = Some(kind);
                let room = kind.start_expected(self.over, self.telling.detail(), &legacy);
                self.application.stage = Stage::open(room);
            }
            None => {
                // What it was is not what it is now; and perhaps nothing more is said.
                self.application.stage = Stage::Listening(Vec::new());
            }
        }
        for (side, rest) in [(side, rest), (side.other(), other.as_slice())] {
            // Empty lines behind a head are sloppy HTTP (RFC 9112, section 2.2), not the beginning of what follows.
            let rest = if before == Some(Kind::Http) { without_empty_lines(rest) } else { rest };
            if !rest.is_empty() {
                self.data(side, rest);
            }
        }
    }

    fn leave(&mut self, failed: bool) {
        if let Stage::Room(mut open) = std::mem::replace(&mut self.application.stage, Stage::Over) {
            open.room.end(self.telling);
        }
        self.telling.flow.spoken.failed |= failed;
    }

    fn gap(&mut self, side: Side, length: u64) {
        let over = self.over;
        match &mut self.application.stage {
            Stage::Room(open) => {
                let rest = std::mem::take(open.waiting.of_mut(side));
                *open.wants.of_mut(side) = 0;
                match open.room.gap(side, &rest, length, self.telling) {
                    Progress::Took { .. } => {}
                    Progress::Lost => self.leave(over == Over::Tcp),
                    Progress::Switch { to, .. } => self.switch(side, &[], to),
                }
            }
            // What comes after a hole may begin anywhere: only what identifies itself from there is of use.
            Stage::Listening(said) => said.retain(|(by, _)| *by != side),
            Stage::Silent | Stage::Over => {}
        }
    }
}

#![no_main]
//! A conversation of any protocol, in portions and with holes.
//!
//! The first byte is the protocol, the second says whether it is over UDP and which side speaks first; then come
//! portions: a byte of flags (1: the responder, 2: a hole follows, 4: the side ends), two of length, and the bytes.

use std::collections::HashMap;
use std::sync::LazyLock;
use wire::json::Object;
use wire::proto::{Detail, Event, Kind, identify};
use wire::session::*;

/// Spells everything that is told, as the outputs do.
#[derive(Default)]
struct Speller {
    out: Vec<u8>,
    files: HashMap<FileId, u64>,
    next: u64,
}

impl Speller {
    fn spell(&mut self, event: Event<'_>, place: Place) {
        self.out.clear();
        let detail = Detail { ja3: true, tls: true, http_headers: true, dhcp: true, mail: true, postgres: true };
        event.eve(&mut Object::new(&mut self.out), detail, place.transaction);
        let _ = event.elements();
        std::str::from_utf8(&self.out).expect("an event is spelled in UTF-8");
    }
}

impl Sink for Speller {
    fn now_ns(&self) -> i64 {
        1_500_000_000_000_000_000
    }

    fn event(&mut self, event: Event<'_>, place: Place) {
        self.spell(event, place);
    }

    fn mark(&mut self, _mark: Mark) {}

    fn open_file(&mut self, _file: NewFile<'_>) -> FileId {
        self.next += 1;
        self.files.insert(FileId(self.next), 0);
        FileId(self.next)
    }

    fn file_data(&mut self, id: FileId, data: &[u8]) {
        *self.files.get_mut(&id).expect("data is of an open file") += data.len() as u64;
    }

    fn file_gap(&mut self, id: FileId, _length: u64) {
        assert!(self.files.contains_key(&id), "a hole is in an open file");
    }

    fn close_file(&mut self, id: FileId, _end: FileEnd, context: Event<'_>, place: Place) {
        self.files.remove(&id).expect("an open file is closed");
        self.spell(context, place);
    }

    fn expect(&mut self, _expected: Expected) {}
}

static ROOMS: LazyLock<Vec<Kind>> = LazyLock::new(|| match std::env::var("REDOUBT_ROOM") {
    Ok(name) => vec![Kind::all().find(|kind| kind.name() == name).expect("REDOUBT_ROOM names a room")],
    Err(_) => Kind::all().collect(),
});

struct Conversation {
    room: Box<dyn Protocol>,
    over: Over,
    waiting: Both<Vec<u8>>,
    closed: Both<bool>,
    sink: Speller,
}

impl Conversation {
    /// Offers as the stream layer does; false when the room is done.
    fn say(&mut self, side: Side, data: &[u8]) -> bool {
        let mut waiting = std::mem::take(self.waiting.of_mut(side));
        waiting.extend_from_slice(data);
        let mut taken = 0;
        while taken < waiting.len() {
            match self.room.data(side, &waiting[taken..], &mut self.sink) {
                Progress::Took { used, .. } => {
                    assert!(taken + used <= waiting.len(), "no more is taken than was offered");
                    taken += used;
                    if self.over == Over::Udp {
                        return true;
                    }
                    if used == 0 {
                        break;
                    }
                }
                Progress::Lost | Progress::Switch { .. } => return false,
            }
        }
        waiting.drain(..taken);
        let bearable = waiting.len() <= self.room.waiting_max();
        *self.waiting.of_mut(side) = waiting;
        bearable
    }

    fn hole(&mut self, side: Side, length: u64) -> bool {
        let rest = std::mem::take(self.waiting.of_mut(side));
        matches!(self.room.gap(side, &rest, length, &mut self.sink), Progress::Took { .. })
    }

    fn close(&mut self, side: Side) {
        if !std::mem::replace(self.closed.of_mut(side), true) {
            let rest = std::mem::take(self.waiting.of_mut(side));
            self.room.close(side, &rest, &mut self.sink);
        }
    }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let [which, how, portions @ ..] = input else { return };
    let kind = ROOMS[usize::from(*which) % ROOMS.len()];
    let over = if how & 1 == 1 { Over::Udp } else { Over::Tcp };
    let _ = identify(Way { over, from_port: 1024, to_port: u16::from(*how) * 7 }, portions, Detail::default());
    let mut conversation = Conversation {
        room: kind.start(over, Detail::default()),
        over,
        waiting: Both::default(),
        closed: Both::default(),
        sink: Speller::default(),
    };
    let mut rest = portions;
    while let [flags, low, high, following @ ..] = rest {
        let side = if flags & 1 == 1 { Side::Responder } else { Side::Originator };
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (data, after) = following.split_at(length.min(following.len()));
        rest = after;
        if *conversation.closed.of(side) {
            continue;
        }
        let goes_on = conversation.say(side, data) && (flags & 2 == 0 || conversation.hole(side, length as u64 + 1));
        if flags & 4 != 0 {
            conversation.close(side);
        }
        if !goes_on {
            break;
        }
    }
    conversation.close(Side::Originator);
    conversation.close(Side::Responder);
    conversation.room.end(&mut conversation.sink);
    assert!(conversation.sink.files.is_empty(), "every file of {} is closed at the end", kind.name());
});

//! What the tests of all rooms share: a sink that writes down, and feeding in any portions.

use crate::json::Object;
use crate::proto::{Detail, Event};
use crate::session::*;
use std::collections::BTreeMap;

/// Writes down everything a room tells, a line each.
#[derive(Default)]
pub struct Recorder {
    pub lines: Vec<String>,
    pub detail: Detail,
    files: BTreeMap<FileId, (String, Vec<u8>, u64)>,
    next_file: u64,
}

impl Sink for Recorder {
    fn now_ns(&self) -> i64 {
        1_500_000_000_000_000_000
    }

    fn event(&mut self, event: Event<'_>, place: Place) {
        let mut out = Vec::new();
        let mut record = Object::new(&mut out);
        event.eve(&mut record, self.detail, place.transaction);
        drop(record);
        self.lines.push(format!("{} {}", event.eve_type(), String::from_utf8_lossy(&out)));
    }

    fn mark(&mut self, mark: Mark) {
        self.lines.push(format!("mark {} {}", mark.code, mark.detail.unwrap_or_default()).trim_end().to_owned());
    }

    fn open_file(&mut self, file: NewFile<'_>) -> FileId {
        self.next_file += 1;
        let id = FileId(self.next_file);
        self.files.insert(id, (String::from_utf8_lossy(file.name).into_owned(), Vec::new(), 0));
        id
    }

    fn file_data(&mut self, id: FileId, data: &[u8]) {
        self.files.get_mut(&id).unwrap().1.extend_from_slice(data);
    }

    fn file_gap(&mut self, id: FileId, length: u64) {
        self.files.get_mut(&id).unwrap().2 += length;
    }

    fn close_file(&mut self, id: FileId, end: FileEnd, _context: Event<'_>, _place: Place) {
        let (name, data, gaps) = self.files.remove(&id).unwrap();
        let head = String::from_utf8_lossy(data.get(..data.len().min(40)).unwrap()).into_owned();
        self.lines.push(format!("file {name:?} {end:?} {} bytes {gaps} missing {head:?}", data.len()));
    }

    fn expect(&mut self, expected: Expected) {
        self.lines.push(format!("expect {:?} port {}", expected.kind, expected.port));
    }
}

/// Feeds one portion as the stream layer would: again and again until nothing more is taken. Gives what is left.
pub fn feed(room: &mut dyn Protocol, side: Side, data: &[u8], sink: &mut dyn Sink) -> Vec<u8> {
    let mut rest = data;
    while !rest.is_empty() {
        match room.data(side, rest, sink) {
            Progress::Took { used: 0, .. } | Progress::Lost | Progress::Switch { .. } => break,
            Progress::Took { used, .. } => rest = rest.get(used..).unwrap(),
        }
    }
    rest.to_vec()
}

/// Holds that a stream gives the same lines whole, byte by byte, and cut at each place.
pub fn split_anywhere(room: impl Fn() -> Box<dyn Protocol>, side: Side, stream: &[u8]) -> Vec<String> {
    let run = |portions: &[&[u8]]| {
        let (mut room, mut sink, mut waiting) = (room(), Recorder::default(), Vec::new());
        for portion in portions {
            waiting.extend_from_slice(portion);
            waiting = feed(room.as_mut(), side, &waiting.clone(), &mut sink);
        }
        room.close(side, &waiting, &mut sink);
        room.end(&mut sink);
        sink.lines
    };
    let whole = run(&[stream]);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(run(&bytes), whole, "byte by byte");
    for cut in 1..stream.len() {
        let (head, tail) = stream.split_at(cut);
        assert_eq!(run(&[head, tail]), whole, "cut at {cut}");
    }
    whole
}

//! Evidence of a live capture. Each worker holds its latest frames in memory; when something is found between two hosts,
//! their frames are written to a file, those from before as far as they are still there and a number of those that come
//! after.
//!
//! Each worker chooses its own, once a second or when its memory is full of frames nobody looked at, and hands them to
//! the one thread that writes the file. Workers never wait for the disk: while it is slow frames wait in a queue, and
//! those that find it full are counted and gone. What was pushed out of memory before something was found is not
//! evidence.

use crate::cut::{RECORD_HEADER_BYTES, header, record};
use crate::findings::Alert;
use crate::output::{Output, Seen};
use crate::watch::Sighting;
use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use wire::capture::{Frame, LinkType};
use wire::packet::{self, Layer};
use wire::proto::Event;
use wire::session::Place;

/// Memory of each worker's latest frames.
const RING_BYTES_MAX: usize = 32 << 20;
/// What a frame takes beside its bytes.
const FRAME_OVERHEAD_BYTES: usize = 48;
/// Memory of frames that wait to be written: each worker can hand over all of its own at once, and a disk that stands
/// still takes no more than this.
const QUEUE_BYTES_MAX: usize = 64 << 20;
/// Frames that are written before the queue is told of the room they leave.
const BATCH_FRAMES: usize = 1024;
/// Frames written of two hosts: half of them at most from before something was found.
const FRAMES_OF_PAIR_MAX: usize = 2048;
const FRAMES_BEFORE_MAX: usize = FRAMES_OF_PAIR_MAX / 2;
/// Pairs of hosts whose frames are written; further ones are counted.
const PAIRS_MAX: usize = 1 << 14;
/// Two hosts of whom nothing was found or written for so long are forgotten: a later find is one of its own.
const FORGET_NS: i64 = 5 * 60 * 1_000_000_000;

/// Two hosts, the smaller address first.
type Pair = (IpAddr, IpAddr);

/// The file that all workers of a capture write evidence to: made with its first frame.
#[derive(Debug)]
pub struct Evidence {
    path: PathBuf,
    bytes_max: u64,
    file: Mutex<State>,
    queue: Queue,
    pub frames: AtomicU64,
    pub bytes: AtomicU64,
    /// Frames that were wanted and did not fit, and pairs of hosts beyond the limit.
    pub left_out: AtomicU64,
    /// Frames that were chosen while the queue was full: the disk was too slow.
    pub shed: AtomicU64,
}

#[derive(Debug)]
enum State {
    None,
    Open(BufWriter<File>, LinkType),
    Failed(Option<io::Error>),
}

impl Evidence {
    pub fn new(path: PathBuf, bytes_max: u64) -> Evidence {
        Evidence::with_queue(path, bytes_max, QUEUE_BYTES_MAX)
    }

    fn with_queue(path: PathBuf, bytes_max: u64, queue_bytes_max: usize) -> Evidence {
        Evidence {
            path,
            bytes_max,
            file: Mutex::new(State::None),
            queue: Queue { bytes_max: queue_bytes_max, waiting: Mutex::default(), changed: Condvar::new() },
            frames: AtomicU64::default(),
            bytes: AtomicU64::default(),
            left_out: AtomicU64::default(),
            shed: AtomicU64::default(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why nothing more is written, told once. Capturing goes on.
    pub fn take_error(&self) -> Option<io::Error> {
        match &mut *self.file.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Failed(error) => error.take(),
            _ => None,
        }
    }

    /// Writes what is handed over until `close` is called and nothing waits any more.
    pub(super) fn write_until_closed(&self) {
        while let Some(batch) = self.queue.next() {
            self.write_batch(&batch);
        }
    }

    /// No more frames come.
    pub(super) fn close(&self) {
        self.queue.close();
    }

    fn hand_over(&self, frames: impl Iterator<Item = Chosen>) {
        self.shed.fetch_add(self.queue.push(frames), Ordering::Relaxed);
    }

    fn write_batch(&self, batch: &[Chosen]) {
        self.write(batch.iter().map(Chosen::frame));
        self.queue.written(batch);
    }

    fn write<'a>(&self, frames: impl Iterator<Item = Frame<'a>>) {
        let mut state = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = frames.into_iter().try_for_each(|frame| self.write_one(&mut state, &frame));
        let outcome = outcome.and_then(|()| match &mut *state {
            State::Open(file, _) => file.flush(),
            _ => Ok(()),
        });
        if let Err(error) = outcome {
            *state = State::Failed(Some(error));
        }
    }

    fn write_one(&self, state: &mut State, frame: &Frame<'_>) -> io::Result<()> {
        if matches!(state, State::None) {
            let mut file = BufWriter::new(private_file(&self.path)?);
            let head = header(frame.link);
            file.write_all(&head)?;
            self.bytes.fetch_add(head.len() as u64, Ordering::Relaxed);
            *state = State::Open(file, frame.link);
        }
        let bytes = (RECORD_HEADER_BYTES + frame.data.len()) as u64;
        match state {
            State::Open(file, link)
                if *link == frame.link && self.bytes.load(Ordering::Relaxed) + bytes <= self.bytes_max =>
            {
                let mut out = Vec::with_capacity(RECORD_HEADER_BYTES + frame.data.len());
                record(frame, &mut out);
                file.write_all(&out)?;
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
                self.frames.fetch_add(1, Ordering::Relaxed);
            }
            _ => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

/// Frames on their way to the file.
#[derive(Debug)]
struct Queue {
    bytes_max: usize,
    waiting: Mutex<Waiting>,
    /// More waits, or the queue is closed.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    frames: VecDeque<Chosen>,
    /// Of all that is not written yet, the batch that is being written among it.
    bytes: usize,
    closed: bool,
}

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what there is room for; gives how many frames there was none for.
    fn push(&self, frames: impl Iterator<Item = Chosen>) -> u64 {
        let mut waiting = self.waiting();
        let mut shed = 0;
        for frame in frames {
            if waiting.bytes + frame.bytes() > self.bytes_max {
                shed += 1;
                continue;
            }
            waiting.bytes += frame.bytes();
            waiting.frames.push_back(frame);
        }
        drop(waiting);
        self.changed.notify_one();
        shed
    }

    /// Waits for frames; nothing once the queue is closed and empty.
    fn next(&self) -> Option<Vec<Chosen>> {
        let mut waiting = self.waiting();
        while waiting.frames.is_empty() && !waiting.closed {
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let count = waiting.frames.len().min(BATCH_FRAMES);
        let batch: Vec<Chosen> = waiting.frames.drain(..count).collect();
        Some(batch).filter(|batch| !batch.is_empty())
    }

    /// These leave their room to others.
    fn written(&self, batch: &[Chosen]) {
        self.waiting().bytes -= batch.iter().map(Chosen::bytes).sum::<usize>();
    }

    fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_all();
    }
}

/// A frame that is to be written: its bytes are those in the worker's memory.
#[derive(Debug, Clone)]
struct Chosen {
    time_ns: i64,
    link: LinkType,
    wire_length: u32,
    data: Arc<[u8]>,
}

impl Chosen {
    fn frame(&self) -> Frame<'_> {
        Frame { time_ns: self.time_ns, link: self.link, wire_length: self.wire_length, data: &self.data }
    }

    fn bytes(&self) -> usize {
        self.data.len() + FRAME_OVERHEAD_BYTES
    }
}

/// What people say to each other is in it: nobody else may read it.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// One frame of the latest.
struct Held {
    frame: Chosen,
    /// It was handed over to be written.
    chosen: bool,
}

/// The latest frames of one worker.
pub struct Recent {
    evidence: Arc<Evidence>,
    frames: VecDeque<Held>,
    bytes: usize,
    /// Frames at the end that nobody looked at yet.
    new: usize,
    wanted: HashMap<Pair, Wanted>,
    asked: Arc<Asked>,
}

/// What is still written of two hosts.
struct Wanted {
    /// How many more frames.
    left: usize,
    /// When something was last found or written.
    last_ns: i64,
}

/// Between whom something was found, and when first, since this was last looked at.
#[derive(Default)]
struct Asked {
    any: AtomicBool,
    pairs: Mutex<HashMap<Pair, i64>>,
}

impl Asked {
    /// Says whether there was room for it.
    fn note(&self, pair: Pair, time_ns: i64) -> bool {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        if pairs.len() >= PAIRS_MAX && !pairs.contains_key(&pair) {
            return false;
        }
        pairs.entry(pair).or_insert(time_ns);
        self.any.store(true, Ordering::Release);
        true
    }

    fn take(&self) -> HashMap<Pair, i64> {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        self.any.store(false, Ordering::Release);
        std::mem::take(&mut *pairs)
    }
}

impl Recent {
    pub fn new(evidence: Arc<Evidence>) -> Recent {
        let (frames, wanted, asked) = (VecDeque::new(), HashMap::new(), Arc::default());
        Recent { evidence, frames, bytes: 0, new: 0, wanted, asked }
    }

    /// The output that notes between whom something was found.
    pub fn output(&self) -> Box<dyn Output> {
        Box::new(Witness { asked: self.asked.clone(), evidence: self.evidence.clone() })
    }

    pub fn frame(&mut self, frame: &Frame<'_>) {
        let Frame { time_ns, link, wire_length, data } = *frame;
        let frame = Chosen { time_ns, link, wire_length, data: data.into() };
        self.bytes += frame.bytes();
        self.frames.push_back(Held { frame, chosen: false });
        self.new += 1;
        if self.bytes <= RING_BYTES_MAX {
            return;
        }
        // No more than once while all of it is replaced: looking through it takes time.
        let something = !self.wanted.is_empty() || self.asked.any.load(Ordering::Acquire);
        if self.new == self.frames.len() && something {
            self.settle();
        }
        while self.bytes > RING_BYTES_MAX
            && let Some(oldest) = self.frames.pop_front()
        {
            self.bytes -= oldest.frame.bytes();
        }
        self.new = self.new.min(self.frames.len());
    }

    /// Hands over the frames of whom something was found between.
    pub fn settle(&mut self) {
        let found = self.take_asked();
        let unseen = self.frames.len() - self.new;
        self.new = 0;
        if self.wanted.is_empty() {
            return;
        }
        // Frames of pairs that were known before were looked at then.
        let first = if found.is_empty() { unseen } else { 0 };
        let of_wanted: Vec<(usize, Pair, i64)> = (self.frames.iter().enumerate().skip(first))
            .filter(|(_, held)| !held.chosen)
            .filter_map(|(number, held)| Some((number, pair_of(&held.frame.frame())?, held.frame.time_ns)))
            .filter(|(number, pair, _)| found.contains_key(pair) || *number >= unseen && self.wanted.contains_key(pair))
            .collect();
        let is_before = |pair: &Pair, time_ns: i64| found.get(pair).is_some_and(|found_ns| time_ns <= *found_ns);
        let mut chosen = Vec::new();
        // Of what was there before, that which is nearest to the find counts; of what came after as well.
        let mut before: HashMap<Pair, usize> = HashMap::new();
        for (number, pair, time_ns) in of_wanted.iter().rev() {
            if is_before(pair, *time_ns) {
                let count = before.entry(*pair).or_default();
                if *count < FRAMES_BEFORE_MAX {
                    *count += 1;
                    self.choose(*number, pair, *time_ns, &mut chosen);
                }
            }
        }
        for (number, pair, time_ns) in &of_wanted {
            if !is_before(pair, *time_ns) {
                self.choose(*number, pair, *time_ns, &mut chosen);
            }
        }
        chosen.sort_unstable();
        let chosen = chosen.iter().filter_map(|number| self.frames.get(*number)).map(|held| held.frame.clone());
        self.evidence.hand_over(chosen);
    }

    /// Pairs that something was found between for the first time, and when.
    fn take_asked(&mut self) -> HashMap<Pair, i64> {
        let now_ns = self.frames.back().map_or(0, |held| held.frame.time_ns);
        self.wanted.retain(|_, wanted| now_ns.saturating_sub(wanted.last_ns) < FORGET_NS);
        let mut found = self.asked.take();
        found.retain(|pair, found_ns| {
            if let Some(wanted) = self.wanted.get_mut(pair) {
                wanted.last_ns = wanted.last_ns.max(*found_ns);
                return false;
            }
            if self.wanted.len() >= PAIRS_MAX {
                self.evidence.left_out.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            self.wanted.insert(*pair, Wanted { left: FRAMES_OF_PAIR_MAX, last_ns: *found_ns });
            true
        });
        found
    }

    fn choose(&mut self, number: usize, pair: &Pair, time_ns: i64, chosen: &mut Vec<usize>) {
        let (Some(wanted), Some(held)) = (self.wanted.get_mut(pair), self.frames.get_mut(number)) else { return };
        if wanted.left == 0 {
            self.evidence.left_out.fetch_add(1, Ordering::Relaxed);
            return;
        }
        wanted.left -= 1;
        wanted.last_ns = wanted.last_ns.max(time_ns);
        held.chosen = true;
        chosen.push(number);
    }
}

fn pair_of(frame: &Frame<'_>) -> Option<Pair> {
    let mut found = None;
    packet::decode(frame.link, frame.data, frame.wire_length, packet::Rules::default(), &mut |layer| {
        let net = match layer {
            Layer::Packet(packet) => packet.net,
            Layer::Piece(piece) => piece.net,
            _ => return,
        };
        found = Some(ordered(net.source, net.destination));
    });
    found
}

fn ordered(one: IpAddr, other: IpAddr) -> Pair {
    if one <= other { (one, other) } else { (other, one) }
}

/// Notes between whom something was found.
struct Witness {
    asked: Arc<Asked>,
    evidence: Arc<Evidence>,
}

impl Witness {
    fn note(&self, seen: &Seen<'_>) {
        let pair = ordered(seen.flow.originator.address, seen.flow.responder.address);
        if !self.asked.note(pair, seen.now.time_ns) {
            self.evidence.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Output for Witness {
    fn event(&mut self, _seen: &Seen<'_>, _event: Event<'_>, _place: Place) {}

    fn alert(&mut self, seen: &Seen<'_>, _alert: &Alert) {
        self.note(seen);
    }

    fn sighting(&mut self, seen: &Seen<'_>, _sighting: &Sighting) {
        self.note(seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source;

    const RAW_IP: LinkType = LinkType(101);

    /// A datagram between two hosts, by their last bytes.
    fn datagram(from: u8, to: u8, padding: usize) -> Vec<u8> {
        let length = (28 + padding) as u16;
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
        packet.extend([0x12, 0x34, 0, 53]);
        packet.extend((8 + padding as u16).to_be_bytes());
        packet.extend([0, 0]);
        packet.resize(28 + padding, b'x');
        packet
    }

    fn hear(recent: &mut Recent, time_ns: i64, data: &[u8]) {
        recent.frame(&Frame { time_ns, link: RAW_IP, wire_length: data.len() as u32, data });
    }

    fn find(recent: &Recent, from: u8, to: u8) {
        let address = |last| IpAddr::from([10, 0, 0, last]);
        let now_ns = recent.frames.back().map_or(0, |held| held.frame.time_ns);
        assert!(recent.asked.note(ordered(address(from), address(to)), now_ns));
    }

    /// Chooses, and writes what waits.
    fn settle(recent: &mut Recent) {
        recent.settle();
        write_waiting(&recent.evidence);
    }

    fn write_waiting(evidence: &Evidence) {
        while !evidence.queue.waiting().frames.is_empty() {
            evidence.write_batch(&evidence.queue.next().unwrap());
        }
    }

    fn times(path: &Path) -> Vec<i64> {
        let mut times = Vec::new();
        source::read(path, &mut |frame| {
            times.push(frame.time_ns);
            true
        })
        .unwrap();
        times
    }

    #[test]
    fn frames_from_before_and_after_a_find_are_written_once_and_those_of_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Arc::new(Evidence::new(folder.path().join("e.pcap"), 1 << 20));
        let mut recent = Recent::new(evidence.clone());
        hear(&mut recent, 1, &datagram(1, 2, 4));
        hear(&mut recent, 2, &datagram(3, 4, 4));
        settle(&mut recent);
        assert!(!evidence.path().exists(), "nothing was found yet");
        find(&recent, 2, 1);
        hear(&mut recent, 3, &datagram(2, 1, 4));
        settle(&mut recent);
        hear(&mut recent, 4, &datagram(1, 2, 4));
        hear(&mut recent, 5, &datagram(4, 3, 4));
        find(&recent, 1, 2);
        settle(&mut recent);
        settle(&mut recent);
        assert_eq!(times(evidence.path()), [1, 3, 4]);
        assert_eq!((evidence.frames.load(Ordering::Relaxed), evidence.left_out.load(Ordering::Relaxed)), (3, 0));
    }

    #[test]
    fn memory_and_the_file_stay_within_their_limits() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Arc::new(Evidence::new(folder.path().join("e.pcap"), 4096));
        let mut recent = Recent::new(evidence.clone());
        let frame = datagram(1, 2, 1300);
        for time in 0..40_000 {
            hear(&mut recent, time, &frame);
        }
        assert!(recent.bytes <= RING_BYTES_MAX && recent.frames.len() < 40_000);
        find(&recent, 1, 2);
        settle(&mut recent);
        let written = times(evidence.path());
        assert_eq!(written.len(), 3, "4096 bytes hold three frames");
        assert_eq!(evidence.left_out.load(Ordering::Relaxed), FRAMES_BEFORE_MAX as u64 - 3);
        assert!(std::fs::metadata(evidence.path()).unwrap().len() <= 4096);
    }

    #[test]
    fn the_first_find_is_seen_although_memory_is_replaced_within_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Arc::new(Evidence::new(folder.path().join("e.pcap"), 1 << 20));
        let mut recent = Recent::new(evidence.clone());
        let others = datagram(3, 4, 1300);
        for time in 0..40_000 {
            hear(&mut recent, time, &others);
        }
        hear(&mut recent, 40_000, &datagram(1, 2, 4));
        find(&recent, 1, 2);
        for time in 40_001..80_000 {
            hear(&mut recent, time, &others);
        }
        settle(&mut recent);
        assert_eq!(times(evidence.path()), [40_000]);
    }

    #[test]
    fn of_two_hosts_those_nearest_to_the_find_are_written_and_the_rest_is_counted_until_they_are_silent() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Arc::new(Evidence::new(folder.path().join("e.pcap"), 1 << 24));
        let mut recent = Recent::new(evidence.clone());
        let (frame, most) = (datagram(1, 2, 4), FRAMES_OF_PAIR_MAX as i64);
        for time in 0..most {
            hear(&mut recent, time, &frame);
        }
        find(&recent, 1, 2);
        for time in most..2 * most {
            hear(&mut recent, time, &frame);
        }
        settle(&mut recent);
        let half = FRAMES_BEFORE_MAX as i64;
        assert_eq!(times(evidence.path()), (most - half..most + half).collect::<Vec<_>>());
        assert_eq!(evidence.left_out.load(Ordering::Relaxed), (most - half) as u64);

        // Still the same find; then minutes of silence, and one of its own.
        find(&recent, 1, 2);
        hear(&mut recent, 2 * most, &frame);
        settle(&mut recent);
        assert_eq!(evidence.frames.load(Ordering::Relaxed), FRAMES_OF_PAIR_MAX as u64);
        let later = 2 * most + FORGET_NS;
        hear(&mut recent, later, &frame);
        find(&recent, 1, 2);
        settle(&mut recent);
        assert_eq!(times(evidence.path()).last(), Some(&later));
    }

    #[test]
    fn a_file_that_cannot_be_made_is_told_once_and_stops_nothing() {
        let evidence = Arc::new(Evidence::new(PathBuf::from("/no/such/folder/e.pcap"), 4096));
        let mut recent = Recent::new(evidence.clone());
        hear(&mut recent, 1, &datagram(1, 2, 4));
        find(&recent, 1, 2);
        settle(&mut recent);
        assert_eq!(evidence.take_error().unwrap().kind(), io::ErrorKind::NotFound);
        hear(&mut recent, 2, &datagram(1, 2, 4));
        settle(&mut recent);
        assert!(evidence.take_error().is_none());
    }

    #[test]
    fn frames_that_a_slow_disk_has_no_room_for_are_counted_and_those_that_wait_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let frame = datagram(1, 2, 100);
        let room = 3 * (frame.len() + FRAME_OVERHEAD_BYTES);
        let evidence = Arc::new(Evidence::with_queue(folder.path().join("e.pcap"), 1 << 20, room));
        let mut recent = Recent::new(evidence.clone());
        for time in 1..=5 {
            hear(&mut recent, time, &frame);
        }
        find(&recent, 1, 2);
        // Nobody writes: the worker goes on all the same.
        recent.settle();
        hear(&mut recent, 6, &frame);
        recent.settle();
        assert_eq!(evidence.shed.load(Ordering::Relaxed), 3);
        assert!(!evidence.path().exists(), "a worker writes nothing itself");
        assert!(evidence.queue.waiting().bytes <= room);

        write_waiting(&evidence);
        hear(&mut recent, 7, &frame);
        settle(&mut recent);
        assert_eq!(times(evidence.path()), [1, 2, 3, 7], "what is written leaves its room");
        assert_eq!((evidence.frames.load(Ordering::Relaxed), evidence.shed.load(Ordering::Relaxed)), (4, 3));
    }

    #[test]
    fn everything_that_waits_is_in_the_file_when_the_capture_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let evidence = Arc::new(Evidence::new(folder.path().join("e.pcap"), 1 << 24));
        let most = 3 * BATCH_FRAMES as i64 / 2;
        std::thread::scope(|scope| {
            scope.spawn(|| evidence.write_until_closed());
            let mut recent = Recent::new(evidence.clone());
            find(&recent, 1, 2);
            for time in 1..=most {
                hear(&mut recent, time, &datagram(1, 2, 4));
            }
            recent.settle();
            evidence.close();
        });
        assert_eq!(times(evidence.path()), (1..=most).collect::<Vec<_>>());
        assert_eq!(evidence.queue.waiting().bytes, 0);
    }
}

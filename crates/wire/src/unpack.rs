//! The capped decoder: everything compressed that travels is unpacked here, as it comes, through one limit.
//!
//! What a coding is called and what the bytes are do not always agree, and programs accept what they can read; so the
//! bytes decide (RFC 1950, 1951, 1952, 7932, 8878), and what is not compressed at all goes through as it is.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};
use std::sync::atomic::{AtomicU64, Ordering};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Codings in one another that are undone; more are a game.
const LAYERS_MAX: usize = 4;
/// Unpacked bytes that nobody asks about.
const FREE_BYTES: u64 = 1 << 20;
/// Beyond that, an unpacked byte may cost no less than this part of a packed one.
const RATIO_MAX: u64 = 2048;
/// Unpacked bytes handed on at a time.
const PORTION_BYTES: usize = 1 << 13;
/// A gzip header with its names and comments; and what is kept to try another reading of it.
const KEPT_BYTES_MAX: usize = 1 << 13;
/// Zstandard may look back over 8 MB and no more (RFC 9659).
const ZSTD_WINDOW_BITS_MAX: u32 = 23;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Bytes that decoders look back over keep memory: one takes at most this, and all at a time at most so much.
const WINDOW_BYTES_MAX: u64 = 16 << 20;
const WINDOWS_BYTES_MAX: u64 = 512 << 20;
/// What deflate looks back over is not worth counting; nor are the beginnings of others.
const WINDOW_BYTES_FREE: u64 = 1 << 15;

/// Memory that the windows of all decoders keep.
static WINDOWS_BYTES: AtomicU64 = AtomicU64::new(0);

/// How bytes were packed, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// Why unpacking stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It grows beyond the limit.
    Bomb,
    /// The packed bytes make no sense from some place on.
    Broken,
    /// So much is being unpacked at a time that there is no room for more.
    Full,
}

/// Undoes one or more codings of a stream of bytes.
pub struct Unpacker {
    layers: Vec<Layer>,
    tally: Tally,
    stopped: Option<Stop>,
}

#[derive(Default)]
struct Tally {
    taken: u64,
    given: u64,
}

struct Layer {
    coding: Coding,
    stage: Stage,
    /// Everything that came so far, while nothing was made of it.
    kept: Vec<u8>,
    /// What was unpacked last.
    portion: Vec<u8>,
    window: Window,
}

/// A decoder's share of the memory for windows, which grows with what it unpacks and is given back with it.
struct Window {
    /// What all keep.
    all: &'static AtomicU64,
    unpacked: u64,
    reserved: u64,
}

impl Default for Window {
    fn default() -> Self {
        Window { all: &WINDOWS_BYTES, unpacked: 0, reserved: 0 }
    }
}

impl Window {
    fn grow(&mut self, made: usize) -> Result<(), Stop> {
        self.unpacked += made as u64;
        let wanted = self.unpacked.min(WINDOW_BYTES_MAX);
        if wanted > self.reserved.max(WINDOW_BYTES_FREE) {
            let more = wanted - self.reserved;
            self.reserved = wanted;
            if self.all.fetch_add(more, Ordering::Relaxed) + more > WINDOWS_BYTES_MAX {
                return Err(Stop::Full);
            }
        }
        Ok(())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.all.fetch_sub(self.reserved, Ordering::Relaxed);
    }
}

enum Stage {
    /// The first bytes will tell how to read it.
    Undecided,
    Inflate(Box<Decompress>),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Zstd(Decoder<'static>),
    /// It is not packed.
    Plain,
    /// The packed data is over; what follows is no part of it.
    Over,
}

impl Unpacker {
    /// For codings in the order they were applied. `None` when there is nothing to undo.
    pub fn new(codings: &[Coding]) -> Option<Unpacker> {
        let layers: Vec<Layer> = codings.iter().rev().take(LAYERS_MAX).map(|coding| Layer::new(*coding)).collect();
        (!layers.is_empty()).then(|| Unpacker { layers, tally: Tally::default(), stopped: None })
    }

    /// Takes packed bytes and hands on what they are. After an error nothing more comes.
    pub fn push(&mut self, data: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), Stop> {
        if let Some(stop) = self.stopped {
            return Err(stop);
        }
        self.tally.taken += data.len() as u64;
        let outcome = push_through(&mut self.layers, &mut self.tally, data, out);
        self.stopped = outcome.err();
        outcome
    }

    /// Nothing more comes: what was held back to be judged goes out as it is.
    pub fn finish(&mut self, out: &mut dyn FnMut(&[u8])) {
        for at in 0..self.layers.len() {
            let Some((layer, rest)) = self.layers.get_mut(at..).and_then(<[Layer]>::split_first_mut) else { return };
            if matches!(layer.stage, Stage::Undecided) && self.stopped.is_none() {
                layer.stage = Stage::Plain;
                let kept = std::mem::take(&mut layer.kept);
                self.stopped = push_through(rest, &mut self.tally, &kept, out).err();
            }
        }
    }
}

/// Unpacks through the outermost layer and on through the others.
fn push_through(layers: &mut [Layer], tally: &mut Tally, data: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), Stop> {
    let Some((layer, rest)) = layers.split_first_mut() else {
        if !data.is_empty() {
            tally.given += data.len() as u64;
            if tally.given > FREE_BYTES && tally.given / RATIO_MAX > tally.taken {
                return Err(Stop::Bomb);
            }
            out(data);
        }
        return Ok(());
    };
    layer.push(data, &mut |unpacked| push_through(rest, tally, unpacked, out))
}

type Next<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Stop>;

impl Layer {
    fn new(coding: Coding) -> Layer {
        Layer { coding, stage: Stage::Undecided, kept: Vec::new(), portion: Vec::new(), window: Window::default() }
    }

    fn push(&mut self, data: &[u8], next: Next<'_>) -> Result<(), Stop> {
        match &self.stage {
            Stage::Plain => next(data),
            Stage::Over => Ok(()),
            Stage::Undecided => {
                self.kept.extend_from_slice(data);
                self.decide(next)
            }
            Stage::Inflate(_) | Stage::Brotli(_) | Stage::Zstd(_) => self.unpack(data, next),
        }
    }

    /// Looks at what came so far, and unpacks it once it is known how.
    fn decide(&mut self, next: Next<'_>) -> Result<(), Stop> {
        let begun = match (self.coding, self.kept.as_slice()) {
            (Coding::Brotli, _) => Begun::At(0, Stage::brotli()),
            (_, [] | [_]) => Begun::Unknown,
            (_, kept) if kept.starts_with(&ZSTD_MAGIC) => match Stage::zstd() {
                Some(stage) => Begun::At(0, stage),
                None => Begun::At(0, Stage::Plain),
            },
            (_, kept) if ZSTD_MAGIC.starts_with(kept) => Begun::Unknown,
            (_, [0x1f, 0x8b, ..]) => match gzip_header(&self.kept) {
                Header::Ends(at) => Begun::At(at, Stage::Inflate(Box::new(Decompress::new(false)))),
                Header::Incomplete if self.kept.len() < KEPT_BYTES_MAX => Begun::Unknown,
                Header::Incomplete | Header::Unreadable => Begun::At(0, Stage::Plain),
            },
            (_, [first, second, ..]) if is_zlib(*first, *second) => {
                Begun::At(2, Stage::Inflate(Box::new(Decompress::new(false))))
            }
            (Coding::Deflate, _) => Begun::At(0, Stage::Inflate(Box::new(Decompress::new(false)))),
            (Coding::Gzip | Coding::Zstd, _) => Begun::At(0, Stage::Plain),
        };
        let Begun::At(start, stage) = begun else { return Ok(()) };
        self.stage = stage;
        let kept = std::mem::take(&mut self.kept);
        let mut given = false;
        let body = kept.get(start..).unwrap_or_default();
        let outcome = self.push(body, &mut |unpacked| {
            given |= !unpacked.is_empty();
            next(unpacked)
        });
        match outcome {
            // Nothing could be made of it: then it is what it is.
            Err(Stop::Broken) if !given => {
                self.stage = Stage::Plain;
                next(&kept)
            }
            Ok(()) if !given && !matches!(self.stage, Stage::Over) && kept.len() < KEPT_BYTES_MAX => {
                // Too little for an answer: it is judged again from the start with what comes.
                self.stage = Stage::Undecided;
                self.kept = kept;
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn unpack(&mut self, data: &[u8], next: Next<'_>) -> Result<(), Stop> {
        self.portion.resize(PORTION_BYTES, 0);
        let window = &mut self.window;
        let mut counted = |unpacked: &[u8]| {
            window.grow(unpacked.len())?;
            next(unpacked)
        };
        let outcome = match &mut self.stage {
            Stage::Inflate(inflater) => inflate(inflater, data, &mut self.portion, next),
            Stage::Brotli(state) => unbrotli(state, data, &mut self.portion, &mut counted),
            Stage::Zstd(decoder) => unzstd(decoder, data, &mut self.portion, &mut counted),
            Stage::Undecided | Stage::Plain | Stage::Over => Ok(false),
        };
        if outcome != Ok(false) {
            // It is over, well or not: the decoder and its window go.
            self.stage = Stage::Over;
            self.window = Window::default();
        }
        outcome.map(|_| ())
    }
}

enum Begun {
    Unknown,
    At(usize, Stage),
}

impl Stage {
    fn brotli() -> Stage {
        let alloc = StandardAlloc::default;
        Stage::Brotli(Box::new(BrotliState::new(alloc(), alloc(), alloc())))
    }

    /// None when there is no memory for it.
    fn zstd() -> Option<Stage> {
        let mut decoder = Decoder::new().ok()?;
        decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_BITS_MAX)).ok()?;
        Some(Stage::Zstd(decoder))
    }
}

/// Unpacks all of `data`; true when the packed data ended in it.
fn inflate(inflater: &mut Decompress, data: &[u8], portion: &mut [u8], next: Next<'_>) -> Result<bool, Stop> {
    let mut rest = data;
    loop {
        let (taken, given) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(rest, portion, FlushDecompress::None);
        let used = (inflater.total_in() - taken) as usize;
        let made = (inflater.total_out() - given) as usize;
        rest = rest.get(used..).unwrap_or_default();
        next(portion.get(..made).unwrap_or_default())?;
        match status {
            Ok(Status::StreamEnd) => return Ok(true),
            Ok(Status::Ok | Status::BufError) if made == 0 && (used == 0 || rest.is_empty()) => return Ok(false),
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return Err(Stop::Broken),
        }
    }
}

fn unbrotli(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    data: &[u8],
    portion: &mut [u8],
    next: Next<'_>,
) -> Result<bool, Stop> {
    let (mut left, mut at, mut total) = (data.len(), 0, 0);
    loop {
        let (mut room, mut made) = (portion.len(), 0);
        let outcome =
            BrotliDecompressStream(&mut left, &mut at, data, &mut room, &mut made, portion, &mut total, state);
        next(portion.get(..made).unwrap_or_default())?;
        match outcome {
            BrotliResult::ResultSuccess => return Ok(true),
            BrotliResult::NeedsMoreInput => return Ok(false),
            BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(Stop::Broken),
        }
    }
}

/// Frames of Zstandard follow each other: the end of one is not the end.
fn unzstd(decoder: &mut Decoder<'_>, data: &[u8], portion: &mut [u8], next: Next<'_>) -> Result<bool, Stop> {
    let mut input = InBuffer::around(data);
    loop {
        let before = input.pos();
        let mut output = OutBuffer::around(&mut *portion);
        let outcome = decoder.run(&mut input, &mut output);
        let made = output.pos();
        next(portion.get(..made).unwrap_or_default())?;
        outcome.map_err(|_| Stop::Broken)?;
        let full = made == portion.len();
        if !full && (input.pos() == data.len() || input.pos() == before) {
            return Ok(false);
        }
    }
}

/// RFC 1950: the method is 8 and the two bytes are a multiple of 31.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

enum Header {
    Ends(usize),
    Incomplete,
    Unreadable,
}

/// RFC 1952, section 2.3. Reserved flags are let through, as the programs that unpack do.
fn gzip_header(data: &[u8]) -> Header {
    let read = || {
        let flags = *data.get(3)?;
        let mut at = 10;
        data.get(9)?;
        if flags & 4 != 0 {
            at += 2 + usize::from(u16::from_le_bytes([*data.get(at)?, *data.get(at + 1)?]));
        }
        for text in [8, 16] {
            if flags & text != 0 {
                at += memchr::memchr(0, data.get(at..)?)? + 1;
            }
        }
        if flags & 2 != 0 {
            at += 2;
        }
        (at <= data.len()).then_some(at)
    };
    match (data.get(2), read()) {
        (Some(method), _) if *method != 8 => Header::Unreadable,
        (_, Some(at)) => Header::Ends(at),
        (_, None) => Header::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    fn packed(how: &str, data: &[u8]) -> Vec<u8> {
        let level = Compression::best();
        match how {
            "gzip" => {
                let mut packer = GzEncoder::new(Vec::new(), level);
                packer.write_all(data).unwrap();
                packer.finish().unwrap()
            }
            "zlib" => {
                let mut packer = ZlibEncoder::new(Vec::new(), level);
                packer.write_all(data).unwrap();
                packer.finish().unwrap()
            }
            "zstd" => zstd::bulk::compress(data, 3).unwrap(),
            _ => {
                let mut packer = DeflateEncoder::new(Vec::new(), level);
                packer.write_all(data).unwrap();
                packer.finish().unwrap()
            }
        }
    }

    fn unpacked(codings: &[Coding], data: &[u8], portion: usize) -> (Vec<u8>, Option<Stop>) {
        let (mut unpacker, mut out, mut stop) = (Unpacker::new(codings).unwrap(), Vec::new(), None);
        for portion in data.chunks(portion) {
            let more = unpacker.push(portion, &mut |bytes| out.extend_from_slice(bytes));
            stop = stop.or(more.err());
        }
        unpacker.finish(&mut |bytes| out.extend_from_slice(bytes));
        (out, stop)
    }

    #[test]
    fn what_it_is_decides_and_not_what_it_is_called() {
        let text = b"what travels packed is read as what it is".repeat(9);
        for (codings, data) in [
            (&[Coding::Gzip][..], packed("gzip", &text)),
            (&[Coding::Deflate], packed("raw", &text)),
            (&[Coding::Deflate], packed("zlib", &text)),
            (&[Coding::Deflate], packed("gzip", &text)),
            (&[Coding::Gzip], text.clone()),
            (&[Coding::Deflate, Coding::Gzip], packed("gzip", &packed("raw", &text))),
            (&[Coding::Deflate, Coding::Gzip], packed("raw", &text)),
            (&[Coding::Gzip, Coding::Gzip], packed("gzip", &text)),
            (&[Coding::Zstd], packed("zstd", &text)),
            (&[Coding::Gzip], packed("zstd", &text)),
            (&[Coding::Zstd], packed("gzip", &text)),
            (&[Coding::Zstd], text.clone()),
            (&[Coding::Zstd], [packed("zstd", &text[..100]), packed("zstd", &text[100..])].concat()),
        ] {
            for portion in [1, 2, 7, 10_000] {
                assert_eq!(unpacked(codings, &data, portion), (text.clone(), None), "{codings:?} by {portion}");
            }
        }
    }

    #[test]
    fn windows_of_all_decoders_are_bounded() {
        static ALL: AtomicU64 = AtomicU64::new(0);
        let window = || Window { all: &ALL, unpacked: 0, reserved: 0 };
        let mut open = Vec::new();
        // Small ones cost nothing, however many they are.
        for _ in 0..100_000 {
            let mut small = window();
            assert_eq!(small.grow(WINDOW_BYTES_FREE as usize), Ok(()));
        }
        // One looks back over so much and no more, however much it unpacks.
        for _ in 0..WINDOWS_BYTES_MAX / WINDOW_BYTES_MAX {
            let mut large = window();
            for _ in 0..100 {
                assert_eq!(large.grow(1 << 20), Ok(()));
            }
            open.push(large);
        }
        let mut further = window();
        assert_eq!(further.grow(1 << 20), Err(Stop::Full));
        drop(further);
        open.pop();
        assert_eq!(window().grow(1 << 20), Ok(()));
        open.clear();
        assert_eq!(ALL.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn brotli_is_read() {
        // "hello hello hello hello " as the reference encoder packs it in one uncompressed meta-block.
        let data = [&[0x0b, 0x0b, 0x80][..], b"hello hello hello hello", &[0x03]].concat();
        let (out, stop) = unpacked(&[Coding::Brotli], &data, 3);
        assert_eq!((String::from_utf8(out).unwrap().as_str(), stop), ("hello hello hello hello", None));
    }

    #[test]
    fn a_bomb_goes_off_outside() {
        let bomb = packed("gzip", &packed("gzip", &vec![0; 64 << 20]));
        let (out, stop) = unpacked(&[Coding::Gzip, Coding::Gzip], &bomb, 1000);
        assert_eq!(stop, Some(Stop::Bomb));
        assert!(out.len() as u64 <= FREE_BYTES + bomb.len() as u64 * (RATIO_MAX + 1));
        let bomb = packed("zstd", &vec![0; 64 << 20]);
        let (out, stop) = unpacked(&[Coding::Zstd], &bomb, 1000);
        assert_eq!(stop, Some(Stop::Bomb));
        assert!(out.len() as u64 <= FREE_BYTES + bomb.len() as u64 * (RATIO_MAX + 1));
    }

    /// A frame that says that it looks back over 2 GB.
    #[test]
    fn a_window_that_takes_too_much_memory_is_refused() {
        let frame = [&ZSTD_MAGIC[..], &[0, 0xa8, 1, 0, 0]].concat();
        let data = [&frame[..], &[0; 64]].concat();
        // What cannot be unpacked is handed on as it is.
        assert_eq!(unpacked(&[Coding::Zstd], &data, 1000), (data.clone(), None));
    }

    proptest! {
        #[test]
        fn nothing_panics(data in proptest::collection::vec(any::<u8>(), 0..300), portion in 1usize..50, at in 0usize..60, byte: u8) {
            let mut mutated = packed("gzip", &data);
            if let Some(slot) = mutated.get_mut(at) { *slot = byte; }
            for codings in [&[Coding::Gzip][..], &[Coding::Deflate], &[Coding::Brotli], &[Coding::Zstd], &[Coding::Brotli, Coding::Deflate, Coding::Gzip]] {
                unpacked(codings, &data, portion);
                unpacked(codings, &mutated, portion);
            }
        }
    }
}

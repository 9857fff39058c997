//! Capture files: libpcap's classic format and pcapng, in both byte orders, with micro- and nanoseconds.
//!
//! A [`Reader`] is fed from the front of what has been read so far and says what it found there, so that the same code
//! serves files, pipes and standard input.

mod classic;
mod ng;

use crate::bytes::Bytes;

/// Larger than any frame of any link we know; a record that claims more is damage, not data.
pub const FRAME_BYTES_MAX: u32 = 1 << 20;
/// Blocks of pcapng that we do not read are skipped up to this size.
pub const BLOCK_BYTES_MAX: u32 = 1 << 28;
/// Interfaces of one pcapng section.
pub const INTERFACES_MAX: usize = 4096;

/// What the frames of a capture begin with (the numbers of `LINKTYPE_…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkType(pub u16);

impl LinkType {
    pub const NULL: LinkType = LinkType(0);
    pub const ETHERNET: LinkType = LinkType(1);
    pub const PPP: LinkType = LinkType(9);
    pub const RAW_OLD: LinkType = LinkType(12);
    pub const RAW_OPENBSD: LinkType = LinkType(14);
    pub const PPP_HDLC: LinkType = LinkType(50);
    pub const RAW: LinkType = LinkType(101);
    pub const CISCO_HDLC: LinkType = LinkType(104);
    pub const LOOP: LinkType = LinkType(108);
    pub const LINUX_SLL: LinkType = LinkType(113);
    pub const IPV4: LinkType = LinkType(228);
    pub const IPV6: LinkType = LinkType(229);
    pub const LINUX_SLL2: LinkType = LinkType(276);
}

/// One captured frame, borrowed from the bytes it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Nanoseconds since 1970, UTC.
    pub time_ns: i64,
    pub link: LinkType,
    /// Its length on the wire; more than `data` where the capture cut it.
    pub wire_length: u32,
    pub data: &'a [u8],
}

/// What stands at the front of the input.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A frame; the next step begins `used` bytes on.
    Frame { frame: Frame<'a>, used: usize },
    /// Nothing for us: go on `used` bytes further, which may be beyond what has been read.
    Skip { used: usize },
    /// At least so many bytes are needed in all.
    NeedMore(usize),
    /// The capture cannot be followed from here.
    Broken(Damage),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// It begins like no capture.
    NotACapture,
    /// A record that says it is longer than any frame can be.
    RecordTooLong(u32),
    /// A pcapng block whose length is impossible.
    BadBlock(u32),
    /// A frame of an interface that was never described.
    NoSuchInterface(u32),
    TooManyInterfaces,
}

/// Where a capture is being read.
#[derive(Debug, Default)]
pub struct Reader {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Start,
    Classic(classic::Header),
    Ng(ng::Section),
}

/// The least that tells one format from another.
const MAGIC_BYTES: usize = 4;

impl Reader {
    /// Reads what stands at the front of `input`.
    pub fn step<'a>(&mut self, input: &'a [u8]) -> Step<'a> {
        match &mut self.state {
            State::Start => self.start(input),
            State::Classic(header) => header.record(input),
            State::Ng(section) => section.block(input),
        }
    }

    fn start<'a>(&mut self, input: &'a [u8]) -> Step<'a> {
        let Some(magic) = Bytes::new(input).array::<MAGIC_BYTES>() else { return Step::NeedMore(MAGIC_BYTES) };
        if magic == ng::SECTION_HEADER {
            let mut section = ng::Section::default();
            let step = section.block(input);
            if matches!(step, Step::Skip { .. }) {
                self.state = State::Ng(section);
            }
            return step;
        }
        match classic::Header::read(input) {
            Ok(header) => {
                self.state = State::Classic(header);
                Step::Skip { used: classic::HEADER_BYTES }
            }
            Err(step) => step,
        }
    }
}

/// True for the first bytes of a capture file.
pub fn is_capture(input: &[u8]) -> bool {
    Bytes::new(input).array().is_some_and(|magic| magic == ng::SECTION_HEADER || classic::Format::of(magic).is_some())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Order::Big => u16::from_be_bytes(bytes),
            Order::Little => u16::from_le_bytes(bytes),
        }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        }
    }
}

#[cfg(test)]
mod tests;

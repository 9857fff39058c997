//! The classic format of libpcap (`pcap-savefile(5)`).

use super::{Damage, FRAME_BYTES_MAX, Frame, LinkType, Order, Step};
use crate::bytes::Bytes;

pub const HEADER_BYTES: usize = 24;
const RECORD_BYTES: usize = 16;
/// Alexey Kuznetsov's variant adds the interface, the protocol and the packet type to each record.
const RECORD_BYTES_MODIFIED: usize = 24;

#[derive(Debug, Clone, Copy)]
pub struct Format {
    order: Order,
    /// Nanoseconds in one unit of the second number of a time stamp.
    unit_ns: i64,
    record_bytes: usize,
}

impl Format {
    pub fn of(magic: [u8; 4]) -> Option<Format> {
        let plain = |order, unit_ns| Some(Format { order, unit_ns, record_bytes: RECORD_BYTES });
        let modified = |order| Some(Format { order, unit_ns: 1000, record_bytes: RECORD_BYTES_MODIFIED });
        match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => plain(Order::Big, 1000),
            [0xd4, 0xc3, 0xb2, 0xa1] => plain(Order::Little, 1000),
            [0xa1, 0xb2, 0x3c, 0x4d] => plain(Order::Big, 1),
            [0x4d, 0x3c, 0xb2, 0xa1] => plain(Order::Little, 1),
            [0xa1, 0xb2, 0xcd, 0x34] => modified(Order::Big),
            [0x34, 0xcd, 0xb2, 0xa1] => modified(Order::Little),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub struct Header {
    format: Format,
    link: LinkType,
}

impl Header {
    pub fn read(input: &[u8]) -> Result<Header, Step<'static>> {
        let mut bytes = Bytes::new(input);
        let magic = bytes.array().ok_or(Step::NeedMore(HEADER_BYTES))?;
        let format = Format::of(magic).ok_or(Step::Broken(Damage::NotACapture))?;
        bytes.skip(16).ok_or(Step::NeedMore(HEADER_BYTES))?;
        let link = format.order.u32(bytes.array().ok_or(Step::NeedMore(HEADER_BYTES))?);
        // The upper half says how long the frame check sequence is; it is not part of the type.
        Ok(Header { format, link: LinkType((link & 0xffff) as u16) })
    }

    pub fn record<'a>(&self, input: &'a [u8]) -> Step<'a> {
        self.try_record(input).unwrap_or(Step::NeedMore(self.format.record_bytes))
    }

    fn try_record<'a>(&self, input: &'a [u8]) -> Option<Step<'a>> {
        let Format { order, unit_ns, record_bytes } = self.format;
        let mut bytes = Bytes::new(input.get(..record_bytes)?);
        let seconds = order.u32(bytes.array()?);
        let fraction = order.u32(bytes.array()?);
        let captured = order.u32(bytes.array()?);
        let wire_length = order.u32(bytes.array()?);
        if captured > FRAME_BYTES_MAX {
            return Some(Step::Broken(Damage::RecordTooLong(captured)));
        }
        let used = record_bytes + captured as usize;
        let Some(data) = input.get(record_bytes..used) else { return Some(Step::NeedMore(used)) };
        let time_ns = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * unit_ns;
        Some(Step::Frame { frame: Frame { time_ns, link: self.link, wire_length, data }, used })
    }
}

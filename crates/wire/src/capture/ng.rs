//! pcapng (draft-ietf-opsawg-pcapng): section headers, interfaces, and the three kinds of packet blocks.

use super::{BLOCK_BYTES_MAX, Damage, FRAME_BYTES_MAX, Frame, INTERFACES_MAX, LinkType, Order, Step};
use crate::bytes::Bytes;

pub const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const INTERFACE: u32 = 1;
const PACKET_OLD: u32 = 2;
const PACKET_SIMPLE: u32 = 3;
const PACKET_ENHANCED: u32 = 6;

/// Type, length, and the length again at the end.
const BLOCK_BYTES_MIN: u32 = 12;

#[derive(Debug)]
pub struct Section {
    order: Order,
    interfaces: Vec<Interface>,
    /// Time of the last block that had one: simple packet blocks have none.
    last_ns: i64,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link: LinkType,
    snap_length: u32,
    unit: TimeUnit,
    offset_s: i64,
}

/// What one tick of an interface's clock is.
#[derive(Debug, Clone, Copy)]
enum TimeUnit {
    /// 10^-n seconds.
    Decimal(u32),
    /// 2^-n seconds.
    Binary(u32),
}

impl Default for Section {
    fn default() -> Self {
        Section { order: Order::Little, interfaces: Vec::new(), last_ns: 0 }
    }
}

impl Section {
    pub fn block<'a>(&mut self, input: &'a [u8]) -> Step<'a> {
        self.try_block(input).unwrap_or(Step::NeedMore(BLOCK_BYTES_MIN as usize))
    }

    fn try_block<'a>(&mut self, input: &'a [u8]) -> Option<Step<'a>> {
        let mut bytes = Bytes::new(input);
        let kind: [u8; 4] = bytes.array()?;
        let length: [u8; 4] = bytes.array()?;
        let section = kind == SECTION_HEADER;
        if section {
            // Only this block says in which order its own length is written.
            let order = match bytes.array()? {
                [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
                [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
                _ => return Some(Step::Broken(Damage::NotACapture)),
            };
            *self = Section { order, interfaces: Vec::new(), last_ns: self.last_ns };
        }
        let length = self.order.u32(length);
        if !(BLOCK_BYTES_MIN..=BLOCK_BYTES_MAX).contains(&length) || !length.is_multiple_of(4) {
            return Some(Step::Broken(Damage::BadBlock(length)));
        }
        let used = length as usize;
        let wanted =
            !section && matches!(self.order.u32(kind), INTERFACE | PACKET_OLD | PACKET_SIMPLE | PACKET_ENHANCED);
        if !wanted {
            return Some(Step::Skip { used });
        }
        if length > FRAME_BYTES_MAX + 1024 {
            return Some(Step::Broken(Damage::BadBlock(length)));
        }
        let Some(body) = input.get(8..used - 4) else { return Some(Step::NeedMore(used)) };
        let step = match self.order.u32(kind) {
            INTERFACE => self.interface(body, used),
            PACKET_ENHANCED => self.enhanced(body, used),
            PACKET_OLD => self.old(body, used),
            _ => self.simple(body, used),
        };
        Some(step.unwrap_or(Step::Broken(Damage::BadBlock(length))))
    }

    fn interface(&mut self, body: &[u8], used: usize) -> Option<Step<'static>> {
        if self.interfaces.len() >= INTERFACES_MAX {
            return Some(Step::Broken(Damage::TooManyInterfaces));
        }
        let mut bytes = Bytes::new(body);
        let link = LinkType(self.order.u16(bytes.array()?));
        bytes.skip(2)?;
        let snap_length = self.order.u32(bytes.array()?);
        let mut interface = Interface { link, snap_length, unit: TimeUnit::Decimal(6), offset_s: 0 };
        interface.options(&mut bytes, self.order);
        self.interfaces.push(interface);
        Some(Step::Skip { used })
    }

    fn enhanced<'a>(&mut self, body: &'a [u8], used: usize) -> Option<Step<'a>> {
        let mut bytes = Bytes::new(body);
        let number = self.order.u32(bytes.array()?);
        let Some(interface) = self.interfaces.get(number as usize).copied() else {
            return Some(Step::Broken(Damage::NoSuchInterface(number)));
        };
        self.stamped(interface, bytes, used)
    }

    /// The obsolete packet block: as the enhanced one, but the interface is 16 bits wide and a drop count follows.
    fn old<'a>(&mut self, body: &'a [u8], used: usize) -> Option<Step<'a>> {
        let mut bytes = Bytes::new(body);
        let number = self.order.u16(bytes.array()?);
        bytes.skip(2)?;
        let Some(interface) = self.interfaces.get(usize::from(number)).copied() else {
            return Some(Step::Broken(Damage::NoSuchInterface(number.into())));
        };
        self.stamped(interface, bytes, used)
    }

    fn stamped<'a>(&mut self, interface: Interface, mut bytes: Bytes<'a>, used: usize) -> Option<Step<'a>> {
        let high = self.order.u32(bytes.array()?);
        let low = self.order.u32(bytes.array()?);
        let captured = self.order.u32(bytes.array()?);
        let wire_length = self.order.u32(bytes.array()?);
        let data = bytes.take(captured as usize)?;
        let time_ns = interface.nanoseconds(u64::from(high) << 32 | u64::from(low));
        self.last_ns = time_ns;
        Some(Step::Frame { frame: Frame { time_ns, link: interface.link, wire_length, data }, used })
    }

    fn simple<'a>(&mut self, body: &'a [u8], used: usize) -> Option<Step<'a>> {
        let Some(interface) = self.interfaces.first() else { return Some(Step::Broken(Damage::NoSuchInterface(0))) };
        let mut bytes = Bytes::new(body);
        let wire_length = self.order.u32(bytes.array()?);
        let captured = if interface.snap_length == 0 { wire_length } else { wire_length.min(interface.snap_length) };
        let data = bytes.rest().get(..captured as usize).unwrap_or(bytes.rest());
        Some(Step::Frame { frame: Frame { time_ns: self.last_ns, link: interface.link, wire_length, data }, used })
    }
}

impl Interface {
    /// Reads `if_tsresol` and `if_tsoffset`; an option that is cut off ends the list.
    fn options(&mut self, bytes: &mut Bytes<'_>, order: Order) {
        const END: u16 = 0;
        const TIME_RESOLUTION: u16 = 9;
        const TIME_OFFSET: u16 = 14;
        while let (Some(code), Some(length)) = (bytes.array(), bytes.array()) {
            let (code, length) = (order.u16(code), usize::from(order.u16(length)));
            let Some(value) = bytes.take(length.next_multiple_of(4)) else { return };
            match (code, value) {
                (END, _) => return,
                (TIME_RESOLUTION, [unit, ..]) if unit & 0x80 == 0 => self.unit = TimeUnit::Decimal(u32::from(*unit)),
                (TIME_RESOLUTION, [unit, ..]) => self.unit = TimeUnit::Binary(u32::from(unit & 0x7f)),
                (TIME_OFFSET, value) => {
                    let Some(value) = value.first_chunk::<8>() else { return };
                    self.offset_s = match order {
                        Order::Big => i64::from_be_bytes(*value),
                        Order::Little => i64::from_le_bytes(*value),
                    };
                }
                _ => {}
            }
        }
    }

    fn nanoseconds(&self, ticks: u64) -> i64 {
        let ticks = u128::from(ticks);
        let nanoseconds = match self.unit {
            TimeUnit::Decimal(power @ 0..=9) => ticks.saturating_mul(10u128.pow(9 - power)),
            TimeUnit::Decimal(power) => 10u128.checked_pow(power - 9).map_or(0, |divisor| ticks / divisor),
            TimeUnit::Binary(power @ 0..=64) => (ticks * 1_000_000_000) >> power,
            TimeUnit::Binary(_) => 0,
        };
        let offset = i128::from(self.offset_s) * 1_000_000_000;
        let sum = i128::try_from(nanoseconds).unwrap_or(i128::MAX).saturating_add(offset);
        i64::try_from(sum).unwrap_or(i64::MAX)
    }
}

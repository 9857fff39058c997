//! Classic BPF for Ethernet frames. The program leaves with one of its two last instructions: take the frame, or leave it.
//!
//! Jumps of classic BPF go forward and at most 255 far, so code is made from its end: whoever makes a piece knows where
//! it goes on when it holds and when it does not. A place too far away is reached over a jump of its own.

use super::{Direction, Filter, Net, Primitive, WITH_PORTS};
use std::net::IpAddr;

/// One instruction, as the kernel takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    pub code: u16,
    pub jump_true: u8,
    pub jump_false: u8,
    pub value: u32,
}

/// The kernel's own limit.
const INSTRUCTIONS_MAX: usize = 4096;
/// More than any frame: all of it is wanted.
const WHOLE_FRAME: u32 = 0x0004_0000;

const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF_INDEXED: u16 = 0x48;
/// Four times the low half of a byte into the index: the length of an IPv4 header.
const LOAD_HEADER_LENGTH: u16 = 0xb1;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_GREATER: u16 = 0x25;
const JUMP_AT_LEAST: u16 = 0x35;
const JUMP_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

const ETHERTYPE_AT: u32 = 12;
const IP_AT: u32 = 14;
const IPV4: u32 = 0x0800;
const IPV6: u32 = 0x86dd;
const V4_PROTOCOL_AT: u32 = IP_AT + 9;
const V4_FRAGMENT_AT: u32 = IP_AT + 6;
const V6_NEXT_AT: u32 = IP_AT + 6;
const V6_PAYLOAD_AT: u32 = IP_AT + 40;

/// Compiles an expression; `None` when the program would be longer than the kernel takes. IPv6 extension headers are not
/// walked over: the kernel's language has no loops.
pub fn compile(filter: &Filter) -> Option<Vec<Instruction>> {
    let mut program = Program::default();
    let leave = program.push(RETURN, 0, None);
    let take = program.push(RETURN, WHOLE_FRAME, None);
    program.filter(filter, take, leave);
    program.finish()
}

/// A place in a program, counted from its end.
type Place = usize;

/// A program from its last instruction to its first.
#[derive(Default)]
struct Program {
    reversed: Vec<Instruction>,
}

impl Program {
    fn finish(mut self) -> Option<Vec<Instruction>> {
        self.reversed.reverse();
        (self.reversed.len() <= INSTRUCTIONS_MAX).then_some(self.reversed)
    }

    fn here(&self) -> Place {
        self.reversed.len().saturating_sub(1)
    }

    /// Puts an instruction in front; gives its place.
    fn push(&mut self, code: u16, value: u32, jumps: Option<(Place, Place)>) -> Place {
        let (mut jump_true, mut jump_false) = (0, 0);
        if let Some((holds, fails)) = jumps {
            let (holds, fails) = (self.near(holds), self.near(fails));
            let at = self.reversed.len();
            // `near` may have put a jump in front, which makes the other one farther by one.
            jump_true = u8::try_from(at - holds - 1).unwrap_or(u8::MAX);
            jump_false = u8::try_from(at - fails - 1).unwrap_or(u8::MAX);
        }
        self.reversed.push(Instruction { code, jump_true, jump_false, value });
        self.here()
    }

    /// A place that can be jumped to from the next instruction: the place itself, or a jump to it.
    fn near(&mut self, place: Place) -> Place {
        /// With room for one more jump that is put between.
        const REACH: usize = 250;
        let distance = self.reversed.len() - place - 1;
        if distance <= REACH {
            return place;
        }
        self.reversed.push(Instruction { code: JUMP, jump_true: 0, jump_false: 0, value: distance as u32 });
        self.here()
    }

    /// Makes the code of an expression; gives where it begins.
    fn filter(&mut self, filter: &Filter, holds: Place, fails: Place) -> Place {
        match filter {
            Filter::And(left, right) => {
                let right = self.filter(right, holds, fails);
                self.filter(left, right, fails)
            }
            Filter::Or(left, right) => {
                let right = self.filter(right, holds, fails);
                self.filter(left, holds, right)
            }
            Filter::Not(inner) => self.filter(inner, fails, holds),
            Filter::Is(primitive) => self.primitive(primitive, holds, fails),
        }
    }

    fn primitive(&mut self, primitive: &Primitive, holds: Place, fails: Place) -> Place {
        match *primitive {
            Primitive::Version4 => self.equals(LOAD_HALF, ETHERTYPE_AT, IPV4, holds, fails),
            Primitive::Version6 => self.equals(LOAD_HALF, ETHERTYPE_AT, IPV6, holds, fails),
            Primitive::Protocol(number) => {
                let v6 = self.equals(LOAD_BYTE, V6_NEXT_AT, number.into(), holds, fails);
                let v4 = self.equals(LOAD_BYTE, V4_PROTOCOL_AT, number.into(), holds, fails);
                self.by_version(v4, v6, fails)
            }
            Primitive::Net(direction, net) => self.net(direction, net, holds, fails),
            Primitive::Port(direction, only, low, high) => self.port(direction, only, (low, high), holds, fails),
        }
    }

    /// Loads a value and compares it.
    fn equals(&mut self, load: u16, at: u32, value: u32, holds: Place, fails: Place) -> Place {
        self.push(JUMP_EQUAL, value, Some((holds, fails)));
        self.push(load, at, None)
    }

    fn by_version(&mut self, v4: Place, v6: Place, neither: Place) -> Place {
        self.push(JUMP_EQUAL, IPV6, Some((v6, neither)));
        let else_v6 = self.here();
        self.push(JUMP_EQUAL, IPV4, Some((v4, else_v6)));
        self.push(LOAD_HALF, ETHERTYPE_AT, None)
    }

    fn net(&mut self, direction: Direction, net: Net, holds: Place, fails: Place) -> Place {
        let (ethertype, places) = match net.address {
            IpAddr::V4(_) => (IPV4, (IP_AT + 12, IP_AT + 16)),
            IpAddr::V6(_) => (IPV6, (IP_AT + 8, IP_AT + 24)),
        };
        let start = match direction {
            Direction::Source => self.address(places.0, net, holds, fails),
            Direction::Destination => self.address(places.1, net, holds, fails),
            Direction::Either => {
                let destination = self.address(places.1, net, holds, fails);
                self.address(places.0, net, holds, destination)
            }
        };
        self.push(JUMP_EQUAL, ethertype, Some((start, fails)));
        self.push(LOAD_HALF, ETHERTYPE_AT, None)
    }

    /// Compares the words of an address that the prefix reaches into.
    fn address(&mut self, at: u32, net: Net, holds: Place, fails: Place) -> Place {
        let words: Vec<u32> = match net.address {
            IpAddr::V4(address) => vec![address.to_bits()],
            IpAddr::V6(address) => (0..4).map(|word| (address.to_bits() >> (96 - 32 * word)) as u32).collect(),
        };
        let mut start = holds;
        for (number, word) in words.into_iter().enumerate().rev() {
            let bits = (u32::from(net.prefix)).saturating_sub(32 * number as u32).min(32);
            if bits == 0 {
                continue;
            }
            let mask = u32::MAX << (32 - bits);
            self.push(JUMP_EQUAL, word & mask, Some((start, fails)));
            if mask != u32::MAX {
                self.push(AND, mask, None);
            }
            start = self.push(LOAD_WORD, at + 4 * number as u32, None);
        }
        start
    }

    fn port(&mut self, direction: Direction, only: Option<u8>, range: (u16, u16), holds: Place, fails: Place) -> Place {
        let v6 = self.ports(LOAD_HALF, V6_PAYLOAD_AT, direction, range, holds, fails);
        let v6 = self.carries(V6_NEXT_AT, only, v6, fails);
        let v4 = self.ports(LOAD_HALF_INDEXED, IP_AT, direction, range, holds, fails);
        // Only the first fragment has the ports.
        let v4 = self.push(LOAD_HEADER_LENGTH, IP_AT, None).max(v4);
        self.push(JUMP_ANY_BIT, 0x1fff, Some((fails, v4)));
        let v4 = self.push(LOAD_HALF, V4_FRAGMENT_AT, None);
        let v4 = self.carries(V4_PROTOCOL_AT, only, v4, fails);
        self.by_version(v4, v6, fails)
    }

    /// Goes on when IP carries the one protocol, or any with ports.
    fn carries(&mut self, at: u32, only: Option<u8>, holds: Place, fails: Place) -> Place {
        let mut otherwise = fails;
        for number in only.map_or(WITH_PORTS.to_vec(), |only| vec![only]) {
            otherwise = self.push(JUMP_EQUAL, number.into(), Some((holds, otherwise)));
        }
        self.push(LOAD_BYTE, at, None)
    }

    fn ports(
        &mut self,
        load: u16,
        at: u32,
        direction: Direction,
        range: (u16, u16),
        holds: Place,
        fails: Place,
    ) -> Place {
        match direction {
            Direction::Source => self.within(load, at, range, holds, fails),
            Direction::Destination => self.within(load, at + 2, range, holds, fails),
            Direction::Either => {
                let destination = self.within(load, at + 2, range, holds, fails);
                self.within(load, at, range, holds, destination)
            }
        }
    }

    fn within(&mut self, load: u16, at: u32, (low, high): (u16, u16), holds: Place, fails: Place) -> Place {
        let mut inner = holds;
        if low == high {
            self.push(JUMP_EQUAL, low.into(), Some((holds, fails)));
        } else {
            inner = self.push(JUMP_GREATER, high.into(), Some((fails, inner)));
            self.push(JUMP_AT_LEAST, low.into(), Some((inner, fails)));
        }
        self.push(load, at, None)
    }
}

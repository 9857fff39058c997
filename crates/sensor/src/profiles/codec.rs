//! Profiles as bytes, for keeping them. What is read back was written here, but lay on a disk meanwhile: anything that
//! cannot be is refused as a whole, and no count is believed beyond what its summary may hold.

use super::profile::{Administration, Endpoint, Link, REACHES_MAX, RHYTHMS_MAX, Reach, Reaches};
use super::profile::{SERVICES_MAX, Services, Span, User};
use super::sketch::{ARRIVALS_MAX, Arrivals, Distinct, EXACT_MAX, Hours, REGISTERS, TOP_MAX, Top, Volume};
use std::collections::BTreeMap;
use std::net::IpAddr;
use wire::proto::Kind;

/// Raised whenever the bytes of a profile change their meaning.
const FORM: u8 = 1;
const TEXT_BYTES_MAX: usize = 1024;

/// Something that is kept as bytes.
pub trait Bytes: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(input: &mut Input<'_>) -> Option<Self>;

    /// With the form in front.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![FORM];
        self.write(&mut out);
        out
    }

    /// `None` for another form, and for what was damaged.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut input = Input { rest: bytes };
        let known = u8::read(&mut input)? == FORM;
        let value = if known { Self::read(&mut input) } else { None };
        value.filter(|_| input.rest.is_empty())
    }
}

/// What is not read yet.
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn count(&mut self, max: usize) -> Option<usize> {
        usize::try_from(u64::read(self)?).ok().filter(|count| *count <= max)
    }
}

/// Seven bits a byte, the last without the eighth.
impl Bytes for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = u8::read(input)?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return None;
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

/// Small numbers of either sign are short.
impl Bytes for i64 {
    fn write(&self, out: &mut Vec<u8>) {
        (((self << 1) ^ (self >> 63)) as u64).write(out);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        let turned = u64::read(input)?;
        Some((turned >> 1) as i64 ^ -((turned & 1) as i64))
    }
}

impl Bytes for u8 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        input.take(1)?.first().copied()
    }
}

impl Bytes for u16 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_be_bytes());
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        Some(u16::from_be_bytes(input.take(2)?.try_into().ok()?))
    }
}

impl Bytes for String {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u64).write(out);
        out.extend(self.as_bytes());
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        let length = input.count(TEXT_BYTES_MAX)?;
        String::from_utf8(input.take(length)?.to_vec()).ok()
    }
}

/// The name of a protocol. One that this program does not know is not made up.
impl Bytes for &'static str {
    fn write(&self, out: &mut Vec<u8>) {
        (*self).to_owned().write(out);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        Kind::named(&String::read(input)?).map(Kind::name)
    }
}

impl Bytes for IpAddr {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            IpAddr::V4(address) => {
                out.push(4);
                out.extend(address.octets());
            }
            IpAddr::V6(address) => {
                out.push(6);
                out.extend(address.octets());
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        match u8::read(input)? {
            4 => Some(IpAddr::from(<[u8; 4]>::try_from(input.take(4)?).ok()?)),
            6 => Some(IpAddr::from(<[u8; 16]>::try_from(input.take(16)?).ok()?)),
            _ => None,
        }
    }
}

impl<A: Bytes, B: Bytes> Bytes for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        Some((A::read(input)?, B::read(input)?))
    }
}

fn write_map<K: Bytes, V: Bytes>(map: &BTreeMap<K, V>, out: &mut Vec<u8>) {
    (map.len() as u64).write(out);
    for (key, value) in map {
        key.write(out);
        value.write(out);
    }
}

fn read_map<K: Bytes + Ord, V: Bytes>(input: &mut Input<'_>, max: usize) -> Option<BTreeMap<K, V>> {
    (0..input.count(max)?).map(|_| Some((K::read(input)?, V::read(input)?))).collect()
}

impl Bytes for Distinct {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Distinct::Exact(known) => {
                out.push(0);
                (known.len() as u64).write(out);
                known.iter().for_each(|digest| out.extend(digest.to_be_bytes()));
            }
            Distinct::Registers(registers) => {
                out.push(1);
                out.extend(registers.iter());
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        match u8::read(input)? {
            0 => {
                let count = input.count(EXACT_MAX)?;
                // Put in one by one: they are kept in order, whatever the bytes say.
                let mut distinct = Distinct::default();
                for _ in 0..count {
                    distinct.insert(u64::from_be_bytes(input.take(8)?.try_into().ok()?));
                }
                Some(distinct)
            }
            1 => {
                let registers: [u8; REGISTERS] = input.take(REGISTERS)?.try_into().ok()?;
                Some(Distinct::Registers(Box::new(registers)))
            }
            _ => None,
        }
    }
}

impl<K: Bytes + Ord + Clone> Bytes for Top<K> {
    fn write(&self, out: &mut Vec<u8>) {
        write_map(&self.counts, out);
        self.missed.write(out);
        self.evicted.write(out);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        let counts = read_map(input, TOP_MAX)?;
        Some(Top { counts, missed: u64::read(input)?, evicted: u64::read(input)? })
    }
}

impl Bytes for Hours {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.iter().for_each(|count| count.write(out));
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        let mut hours = Hours::default();
        for count in &mut hours.0 {
            *count = u64::read(input)?;
        }
        Some(hours)
    }
}

impl Bytes for Arrivals {
    fn write(&self, out: &mut Vec<u8>) {
        (self.times_ns.len() as u64).write(out);
        self.times_ns.iter().for_each(|time| time.write(out));
        self.seen.write(out);
        self.bytes.write(out);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        let mut times_ns: Vec<i64> =
            (0..input.count(ARRIVALS_MAX)?).map(|_| i64::read(input)).collect::<Option<_>>()?;
        times_ns.sort_unstable();
        Some(Arrivals { times_ns, seen: u64::read(input)?, bytes: u64::read(input)? })
    }
}

impl Bytes for Reaches {
    fn write(&self, out: &mut Vec<u8>) {
        write_map(&self.hours, out);
        self.evicted.write(out);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        Some(Reaches { hours: read_map(input, REACHES_MAX)?, evicted: u64::read(input)? })
    }
}

impl Bytes for Services {
    fn write(&self, out: &mut Vec<u8>) {
        write_map(&self.first_ns, out);
        self.evicted.write(out);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        Some(Services { first_ns: read_map(input, SERVICES_MAX)?, evicted: u64::read(input)? })
    }
}

/// The ports of a link with their beginnings.
impl Bytes for BTreeMap<(u8, u16), Arrivals> {
    fn write(&self, out: &mut Vec<u8>) {
        write_map(self, out);
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        read_map(input, RHYTHMS_MAX)
    }
}

/// One field after the other.
macro_rules! in_order {
    ($($kind:ident { $($field:ident),* })*) => {
        $(impl Bytes for $kind {
            fn write(&self, out: &mut Vec<u8>) {
                $(self.$field.write(out);)*
            }

            fn read(input: &mut Input<'_>) -> Option<Self> {
                Some($kind { $($field: Bytes::read(input)?),* })
            }
        })*
    };
}

in_order! {
    Span { first_ns, last_ns }
    Volume { conversations, packets_out, packets_in, bytes_out, bytes_in }
    Reach { span, tried, accepted, attempts, unanswered }
    Endpoint {
        span, peers_asked, peers_served, ports_asked, asked, served, protocols, accounts, hours, volume, services, reaches
    }
    Link { span, ports, asked, protocols, hours, volume, reaches, rhythms, rhythms_evicted }
    User { span, from, at, hosts_from, hosts_at, protocols, hours, exchanges }
    Administration { span, shares, programs, services }
}

#[cfg(test)]
mod tests {
    use super::super::sketch::digest;
    use super::*;
    use proptest::prelude::*;

    fn endpoint(times: &[i64], names: &[String]) -> Endpoint {
        let mut endpoint = Endpoint::default();
        for (number, time_ns) in times.iter().enumerate() {
            let span = Span { first_ns: *time_ns, last_ns: time_ns.saturating_add(5) };
            let port = (6, (*time_ns as u16) % 300);
            endpoint.span.merge(span);
            endpoint.peers_asked.insert(digest(&time_ns.to_be_bytes()));
            endpoint.asked.add(port, 1);
            endpoint.served.add(port, number as u64);
            endpoint.protocols.add(Kind::Dns.name(), 2);
            endpoint.hours.add(*time_ns);
            endpoint.services.add(port, *time_ns);
            endpoint.reaches.add(port, digest(&[number as u8]), span, number % 2 == 0);
            endpoint.volume.merge(&Volume { bytes_in: *time_ns as u64, ..Volume::default() });
        }
        names.iter().for_each(|name| endpoint.accounts.add(name.clone(), 1));
        endpoint
    }

    fn link(times: &[i64]) -> Link {
        let mut link = Link::default();
        for time_ns in times {
            link.span.merge(Span { first_ns: *time_ns, last_ns: *time_ns });
            link.rhythm((17, *time_ns as u16 % 20), |arrivals| arrivals.add(*time_ns, 12));
        }
        link
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_profile_comes_back_as_it_was(times in prop::collection::vec(any::<i64>(), 0..90),
            names in prop::collection::vec(".{0,12}", 0..30)) {
            let (endpoint, link) = (endpoint(&times, &names), link(&times));
            prop_assert_eq!(Endpoint::from_bytes(&endpoint.to_bytes()), Some(endpoint));
            prop_assert_eq!(Link::from_bytes(&link.to_bytes()), Some(link));
        }

        #[test]
        fn bytes_that_were_not_written_here_are_refused_or_read_within_the_limits(
            mut bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            if let Some(first) = bytes.first_mut() {
                *first = FORM;
            }
            if let Some(endpoint) = Endpoint::from_bytes(&bytes) {
                prop_assert!(endpoint.accounts.names().len() <= TOP_MAX);
            }
            let _ = (Link::from_bytes(&bytes), User::from_bytes(&bytes), Administration::from_bytes(&bytes));
        }
    }

    #[test]
    fn a_profile_that_is_cut_off_or_of_another_form_is_refused() {
        let whole = endpoint(&[1, 2_000_000_000_000, -7], &["plant\\admin".to_owned()]).to_bytes();
        for length in 0..whole.len() {
            assert_eq!(Endpoint::from_bytes(&whole[..length]), None, "{length} bytes");
        }
        let mut other = whole.clone();
        other[0] += 1;
        assert_eq!(Endpoint::from_bytes(&other), None);
        assert_eq!(Endpoint::from_bytes(&[whole, vec![0]].concat()), None, "more bytes than a profile has");
    }
}

//! Indicators of attackers' resources, compiled so that asking about a value that is none costs next to nothing.
//!
//! A filter of bits answers nearly all questions with one look into memory; what passes it is looked up by its hash and
//! compared byte for byte.

use crate::forms;
use model::Message;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

/// Longer lines are no indicator.
const LINE_BYTES_MAX: usize = 4096;
/// Bits of the filter for each indicator: two in a hundred others pass.
const FILTER_BITS: usize = 8;
/// Bits set for each, all in one word of the filter.
const FILTER_MARKS: u32 = 4;
const NONE: u32 = u32::MAX;
/// Shortest prefixes of networks. The registries were never given more at a time than a /8 of IPv4, and no provider of
/// IPv6 holds as much as a /16: what is wider names no attacker, and would meet everything.
const PREFIX_MIN_V4: u8 = 8;
const PREFIX_MIN_V6: u8 = 16;

/// What an indicator names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndicatorKind {
    Address,
    /// Addresses with the same beginning.
    Network,
    /// A name with all names below it.
    Domain,
    /// Host and path, without its scheme.
    Url,
    Sha256,
    Ja3,
    Ja4,
    /// SHA-1 of a certificate.
    Certificate,
    /// An address of mail.
    Email,
    /// An account. Without a domain or realm it names that account in each; with one, only the account as it was said.
    Account,
    /// The last part of a path.
    FileName,
    /// What a program imports, as one digest (MD5); said with its kind, since 32 digits alone are a JA3.
    Imphash,
}

impl IndicatorKind {
    pub const ALL: [IndicatorKind; 12] = [
        IndicatorKind::Address,
        IndicatorKind::Network,
        IndicatorKind::Domain,
        IndicatorKind::Url,
        IndicatorKind::Sha256,
        IndicatorKind::Ja3,
        IndicatorKind::Ja4,
        IndicatorKind::Certificate,
        IndicatorKind::Email,
        IndicatorKind::Account,
        IndicatorKind::FileName,
        IndicatorKind::Imphash,
    ];

    pub fn name(self) -> &'static str {
        match self {
            IndicatorKind::Address => "ip",
            IndicatorKind::Network => "cidr",
            IndicatorKind::Domain => "domain",
            IndicatorKind::Url => "url",
            IndicatorKind::Sha256 => "sha256",
            IndicatorKind::Ja3 => "ja3",
            IndicatorKind::Ja4 => "ja4",
            IndicatorKind::Certificate => "certificate",
            IndicatorKind::Email => "email",
            IndicatorKind::Account => "account",
            IndicatorKind::FileName => "file-name",
            IndicatorKind::Imphash => "imphash",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<IndicatorKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One indicator, in the form it is compared in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Indicator {
    pub kind: IndicatorKind,
    pub value: Box<str>,
}

/// Why a line is no indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Nothing that is looked for has this form.
    Unknown,
    /// A network of so many addresses that it would meet everybody.
    TooWide,
}

impl Unfit {
    pub fn message(self) -> Message {
        match self {
            Unfit::Unknown => Message::new("api.indicator-unknown"),
            Unfit::TooWide => {
                Message::new("api.indicator-too-wide").number("v4", PREFIX_MIN_V4).number("v6", PREFIX_MIN_V6)
            }
        }
    }
}

/// A line that is no indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// From one.
    pub line: usize,
    pub text: String,
    pub why: Unfit,
}

/// A compiled set.
#[derive(Debug, Default)]
pub struct Indicators {
    all: Vec<Indicator>,
    /// The next one with the same hash, for each.
    next: Vec<u32>,
    by_hash: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    filter: Vec<u64>,
    /// Lengths of prefixes that occur, of IPv4 and of IPv6.
    prefixes: [Vec<u8>; 2],
    kinds: [bool; IndicatorKind::ALL.len()],
}

impl Indicators {
    /// Reads one indicator a line: a value, or `kind,value`. Empty lines and lines that begin with `#` are passed over.
    pub fn read(text: &str) -> (Indicators, Vec<BadLine>) {
        let (mut all, mut bad) = (Vec::new(), Vec::new());
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match Indicator::read(line) {
                Ok(indicator) => all.push(indicator),
                Err(why) => bad.push(BadLine { line: number + 1, text: line.chars().take(80).collect(), why }),
            }
        }
        (Indicators::new(all), bad)
    }

    /// Each once, in the order they came: putting a million texts in order takes longer than everything else here.
    pub fn new(mut all: Vec<Indicator>) -> Indicators {
        let words = (all.len() * FILTER_BITS).div_ceil(64).next_power_of_two();
        let mut set =
            Indicators { filter: vec![0; words], next: Vec::with_capacity(all.len()), ..Indicators::default() };
        set.by_hash.reserve(all.len());
        // Those that are there already go to the end, and then away.
        let mut kept = 0;
        for at in 0..all.len() {
            let is_new = all.split_at_checked(at).is_some_and(|(before, rest)| {
                rest.first().is_some_and(|indicator| set.add(before.get(..kept).unwrap_or_default(), indicator))
            });
            if is_new {
                all.swap(kept, at);
                kept += 1;
            }
        }
        all.truncate(kept);
        set.all = all;
        set
    }

    /// Makes known what comes behind those that were kept before; false when it is one of them.
    fn add(&mut self, before: &[Indicator], indicator: &Indicator) -> bool {
        let hash = hash(indicator.kind, indicator.value.as_bytes());
        let mut next = NONE;
        match self.by_hash.entry(hash) {
            Entry::Vacant(entry) => {
                entry.insert(before.len() as u32);
            }
            Entry::Occupied(mut entry) => {
                next = *entry.get();
                let mut at = next;
                while let Some(known) = before.get(at as usize) {
                    if known == indicator {
                        return false;
                    }
                    at = self.next.get(at as usize).copied().unwrap_or(NONE);
                }
                entry.insert(before.len() as u32);
            }
        }
        self.next.push(next);
        let (word, marks) = self.place(hash);
        if let Some(word) = self.filter.get_mut(word) {
            *word |= marks;
        }
        if let Some(kind) = self.kinds.get_mut(indicator.kind as usize) {
            *kind = true;
        }
        self.note_prefix(indicator);
        true
    }

    fn note_prefix(&mut self, indicator: &Indicator) {
        if indicator.kind != IndicatorKind::Network {
            return;
        }
        let Some((address, length)) = indicator.value.split_once('/') else { return };
        let [v4, v6] = &mut self.prefixes;
        let lengths = if address.contains(':') { v6 } else { v4 };
        if let Ok(length) = length.parse()
            && !lengths.contains(&length)
        {
            lengths.push(length);
        }
    }

    /// All indicators, to be compiled together with others.
    pub fn into_list(self) -> Vec<Indicator> {
        self.all
    }

    pub fn iter(&self) -> impl Iterator<Item = &Indicator> {
        self.all.iter()
    }

    /// The one at a place among [all](Indicators::iter).
    pub fn nth(&self, place: usize) -> Option<&Indicator> {
        self.all.get(place)
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// True when some indicator is of this kind; what is not asked for need not be computed.
    pub fn has(&self, kind: IndicatorKind) -> bool {
        self.kinds.get(kind as usize).copied().unwrap_or_default()
    }

    /// The indicator of an address, by itself or by a network it lies in.
    pub fn address(&self, address: IpAddr) -> Option<&Indicator> {
        if self.has(IndicatorKind::Address)
            && let Some(found) = self.find(IndicatorKind::Address, address.to_string().as_bytes())
        {
            return Some(found);
        }
        let [v4, v6] = &self.prefixes;
        let lengths = if address.is_ipv4() { v4 } else { v6 };
        lengths.iter().find_map(|length| self.find(IndicatorKind::Network, network(address, *length).as_bytes()))
    }

    /// The indicator of a name, or of a name above it.
    pub fn domain(&self, name: &[u8]) -> Option<&Indicator> {
        if self.has(IndicatorKind::Domain) { self.domain_form(&forms::domain(name)?) } else { None }
    }

    fn domain_form(&self, name: &str) -> Option<&Indicator> {
        let mut rest = name.as_bytes();
        for _ in 0..forms::LABELS_MAX {
            if let Some(found) = self.find(IndicatorKind::Domain, rest) {
                return Some(found);
            }
            let dot = rest.iter().position(|byte| *byte == b'.')?;
            rest = rest.get(dot + 1..)?;
        }
        None
    }

    /// The indicator of a host and a target on it, with or without its query, with or without its port.
    pub fn url(&self, host: &[u8], target: &[u8]) -> Option<&Indicator> {
        if self.has(IndicatorKind::Url) { self.url_form(&forms::url(host, target)?) } else { None }
    }

    fn url_form(&self, url: &str) -> Option<&Indicator> {
        let with_or_without_query = |url: &str| {
            let whole = self.find(IndicatorKind::Url, url.as_bytes());
            whole.or_else(|| self.find(IndicatorKind::Url, forms::without_query(url).as_bytes()))
        };
        with_or_without_query(url).or_else(|| with_or_without_query(&forms::without_port(url)?))
    }

    /// The indicator of an address of mail.
    pub fn email(&self, address: &str) -> Option<&Indicator> {
        if self.has(IndicatorKind::Email) { self.exact(IndicatorKind::Email, &forms::email(address)?) } else { None }
    }

    /// The indicator of an account as it was said, or else without its domain or realm.
    pub fn account(&self, account: &str) -> Option<&Indicator> {
        if self.has(IndicatorKind::Account) { self.account_form(&forms::account(account)?) } else { None }
    }

    fn account_form(&self, account: &str) -> Option<&Indicator> {
        let own = || self.find(IndicatorKind::Account, forms::without_domain(account).as_bytes());
        self.find(IndicatorKind::Account, account.as_bytes()).or_else(own)
    }

    /// The indicator of a file's name, or of the path it has.
    pub fn file_name(&self, path: &str) -> Option<&Indicator> {
        if self.has(IndicatorKind::FileName) {
            self.exact(IndicatorKind::FileName, &forms::file_name(path)?)
        } else {
            None
        }
    }

    /// The indicator of a value in small hexadecimal digits, or of a fingerprint in its own form.
    pub fn exact(&self, kind: IndicatorKind, value: &str) -> Option<&Indicator> {
        if self.has(kind) { self.find(kind, value.as_bytes()) } else { None }
    }

    /// The indicator of a value that is in its [form](forms) already, as it is kept in rows. An address is asked about
    /// with the networks it lies in.
    pub fn held(&self, kind: IndicatorKind, form: &str) -> Option<&Indicator> {
        match kind {
            IndicatorKind::Address | IndicatorKind::Network => self.address(form.parse().ok()?),
            _ if !self.has(kind) => None,
            IndicatorKind::Domain => self.domain_form(form),
            IndicatorKind::Url => self.url_form(form),
            IndicatorKind::Account => self.account_form(form),
            _ => self.find(kind, form.as_bytes()),
        }
    }

    /// Tells every indicator that names a value in its [form](forms), each once: an address and the networks it lies in, a
    /// name and those above it. What is met must not depend on what else is looked for.
    pub fn each_held<'s>(&'s self, kind: IndicatorKind, form: &str, each: &mut dyn FnMut(&'s Indicator)) {
        if matches!(kind, IndicatorKind::Address | IndicatorKind::Network) {
            let [v4, _] = &self.prefixes;
            if v4.is_empty() && !form.contains(':') {
                // An address of IPv4 is written in one way only: what is no address is not found either.
                self.find(IndicatorKind::Address, form.as_bytes()).into_iter().for_each(each);
            } else if let Ok(address) = form.parse() {
                self.each_of_address(address, each);
            }
            return;
        }
        if !self.has(kind) {
            return;
        }
        let mut told: Vec<&'s Indicator> = Vec::new();
        forms::names(kind, form, &mut |name| {
            if let Some(found) = self.find(kind, name.as_bytes())
                && !told.contains(&found)
            {
                told.push(found);
                each(found);
            }
        });
    }

    /// Tells the indicator of an address and of every network it lies in.
    pub fn each_of_address<'s>(&'s self, address: IpAddr, each: &mut dyn FnMut(&'s Indicator)) {
        if self.has(IndicatorKind::Address) {
            self.find(IndicatorKind::Address, address.to_string().as_bytes()).into_iter().for_each(&mut *each);
        }
        let [v4, v6] = &self.prefixes;
        let lengths = if address.is_ipv4() { v4 } else { v6 };
        let networks =
            lengths.iter().filter_map(|length| self.find(IndicatorKind::Network, network(address, *length).as_bytes()));
        networks.for_each(each);
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        let word = (hash >> 32) as usize & (self.filter.len().wrapping_sub(1));
        let marks = (0..FILTER_MARKS).fold(0, |marks, number| marks | 1 << (hash >> (6 * number) & 63));
        (word, marks)
    }

    fn find(&self, kind: IndicatorKind, value: &[u8]) -> Option<&Indicator> {
        let hash = hash(kind, value);
        let (word, marks) = self.place(hash);
        if self.filter.get(word).is_none_or(|word| word & marks != marks) {
            return None;
        }
        let mut at = *self.by_hash.get(&hash)?;
        loop {
            let indicator = self.all.get(at as usize)?;
            if indicator.kind == kind && indicator.value.as_bytes() == value {
                return Some(indicator);
            }
            at = *self.next.get(at as usize)?;
        }
    }
}

fn hash(kind: IndicatorKind, value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind as u8).hash(&mut hasher);
    hasher.write(value);
    hasher.finish()
}

/// What is a hash already needs none.
#[derive(Debug, Clone, Copy, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The network of an address with a prefix of this length, as text.
fn network(address: IpAddr, length: u8) -> String {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            format!("{}/{length}", std::net::Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            format!("{}/{length}", std::net::Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

impl Indicator {
    /// Reads `kind,value`, or a value whose form says what it is.
    pub fn read(line: &str) -> Result<Indicator, Unfit> {
        // What could not be decoded matches nothing that is ever seen.
        if line.len() > LINE_BYTES_MAX || line.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return Err(Unfit::Unknown);
        }
        let named = line.split_once(',').and_then(|(kind, value)| Some((IndicatorKind::named(kind.trim())?, value)));
        let (kind, value) = match named {
            Some((kind, value)) => (kind, value.trim()),
            None => (kind_of(line).ok_or(Unfit::Unknown)?, line),
        };
        let value = compared(kind, value).ok_or(Unfit::Unknown)?;
        if kind == IndicatorKind::Network && is_too_wide(&value) {
            return Err(Unfit::TooWide);
        }
        if value.len() > forms::BYTES_MAX {
            return Err(Unfit::Unknown);
        }
        Ok(Indicator { kind, value: value.into() })
    }
}

fn is_too_wide(network: &str) -> bool {
    let least = if network.contains(':') { PREFIX_MIN_V6 } else { PREFIX_MIN_V4 };
    network.split_once('/').and_then(|(_, length)| length.parse::<u8>().ok()).is_none_or(|length| length < least)
}

fn kind_of(value: &str) -> Option<IndicatorKind> {
    let digits = value.len() > 30 && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    let length = value.bytes().filter(u8::is_ascii_hexdigit).count();
    Some(match value {
        _ if value.parse::<IpAddr>().is_ok() => IndicatorKind::Address,
        _ if compared(IndicatorKind::Network, value).is_some() => IndicatorKind::Network,
        _ if digits && length == 64 => IndicatorKind::Sha256,
        _ if digits && length == 40 => IndicatorKind::Certificate,
        _ if digits && length == 32 => IndicatorKind::Ja3,
        _ if compared(IndicatorKind::Ja4, value).is_some() => IndicatorKind::Ja4,
        _ if value.rsplit_once('@').is_some_and(|(_, host)| host.contains('.')) && forms::email(value).is_some() => {
            IndicatorKind::Email
        }
        _ if value.contains('/') => IndicatorKind::Url,
        _ if value.contains('.') => IndicatorKind::Domain,
        _ => return None,
    })
}

/// A value in the form it is compared in; `None` when it is not of the kind.
fn compared(kind: IndicatorKind, value: &str) -> Option<String> {
    let digits = |count: usize| {
        let digits = forms::digits(value);
        (digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
    };
    match kind {
        IndicatorKind::Address => value.parse::<IpAddr>().ok().map(|address| address.to_string()),
        IndicatorKind::Network => {
            let (address, length) = value.split_once('/')?;
            let (address, length): (IpAddr, u8) = (address.parse().ok()?, length.parse().ok()?);
            let most = if address.is_ipv4() { 32 } else { 128 };
            (length <= most).then(|| network(address, length))
        }
        IndicatorKind::Domain => {
            let name = value.trim_end_matches('.').trim_start_matches("*.").to_ascii_lowercase();
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
            (!name.is_empty() && name.chars().all(plain)).then_some(name)
        }
        IndicatorKind::Url => {
            let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
            let (host, path) = rest.split_once('/')?;
            // A network whose prefix is too long is a mistake, not the page of a number.
            let mistaken = host.parse::<IpAddr>().is_ok() && path.bytes().all(|byte| byte.is_ascii_digit());
            (!host.is_empty() && !mistaken).then(|| format!("{}/{path}", host.to_ascii_lowercase()))
        }
        IndicatorKind::Sha256 => digits(64),
        IndicatorKind::Certificate => digits(40),
        IndicatorKind::Ja3 | IndicatorKind::Imphash => digits(32),
        IndicatorKind::Ja4 => {
            let lengths: Vec<usize> = value.split('_').map(str::len).collect();
            (lengths == [10, 12, 12] && value.starts_with(['t', 'q', 'd'])).then(|| value.to_owned())
        }
        IndicatorKind::Email => forms::email(value),
        IndicatorKind::Account => forms::account(value),
        IndicatorKind::FileName => forms::file_name(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: &str = "\
# attackers
203.0.113.7
198.51.100.0/24
2001:db8::/32
Evil.Example.
http://Drop.Example/a/b.exe
domain,single
E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
e7d705a3286e19ea42f587b344ee6865
t13d1516h2_8daaf6152771_e5627efa2ab1
cc:aa:48:48:66:46:0e:91:53:2c:9c:7c:23:2a:b1:74:4d:29:9d:33
not an indicator
10.0.0.0/40
";

    fn ask(found: Option<&Indicator>) -> String {
        found.map_or_else(|| "-".to_owned(), |found| format!("{} {}", found.kind.name(), found.value))
    }

    #[test]
    fn values_of_every_kind_are_found_and_others_are_not() {
        let (set, bad) = Indicators::read(LIST);
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [12, 13]);
        assert_eq!(set.len(), 10);
        let address = |text: &str| ask(set.address(text.parse().unwrap()));
        assert_eq!(address("203.0.113.7"), "ip 203.0.113.7");
        assert_eq!(address("198.51.100.9"), "cidr 198.51.100.0/24");
        assert_eq!(address("2001:db8:9::1"), "cidr 2001:db8::/32");
        assert_eq!(address("198.51.101.9"), "-");
        assert_eq!(ask(set.domain(b"www.EVIL.example")), "domain evil.example");
        assert_eq!(ask(set.domain(b"notevil.example")), "-");
        assert_eq!(ask(set.domain(b"a.single")), "domain single");
        assert_eq!(ask(set.url(b"drop.example", b"/a/b.exe?x=1")), "url drop.example/a/b.exe");
        assert_eq!(ask(set.url(b"drop.example", b"/A/b.exe")), "-");
        let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(ask(set.exact(IndicatorKind::Sha256, sha256)), format!("sha256 {sha256}"));
        let certificate = "ccaa484866460e91532c9c7c232ab1744d299d33";
        assert_eq!(ask(set.exact(IndicatorKind::Certificate, certificate)), format!("certificate {certificate}"));
        assert_eq!(
            ask(set.exact(IndicatorKind::Ja3, "e7d705a3286e19ea42f587b344ee6865")),
            "ja3 e7d705a3286e19ea42f587b344ee6865"
        );
        assert!(set.exact(IndicatorKind::Ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1").is_some());
    }

    #[test]
    fn a_value_that_no_index_takes_is_a_bad_line() {
        let path = |length: usize| format!("drop.example/{}", "a".repeat(length - 13));
        assert!(Indicator::read(&path(forms::BYTES_MAX)).is_ok());
        assert_eq!(Indicator::read(&path(forms::BYTES_MAX + 1)), Err(Unfit::Unknown));
    }

    #[test]
    fn a_network_that_would_meet_everybody_is_a_bad_line() {
        for wide in ["0.0.0.0/0", "::/0", "10.0.0.0/7", "cidr,128.0.0.0/1", "2000::/3", "2000::/15"] {
            assert_eq!(Indicator::read(wide), Err(Unfit::TooWide), "{wide}");
        }
        for fit in ["10.0.0.0/8", "2001::/16", "203.0.113.7/32"] {
            assert!(Indicator::read(fit).is_ok(), "{fit}");
        }
    }

    #[test]
    fn what_could_not_be_decoded_is_a_bad_line() {
        for line in ["drop.example/\u{fffd}", "drop.example/\u{1}a", "\u{7f}.example"] {
            assert_eq!(Indicator::read(line), Err(Unfit::Unknown), "{line:?}");
        }
    }

    #[test]
    fn people_and_files_are_found_however_they_are_written() {
        let list = "Bob@Evil.example\naccount,Mallory\naccount,CORP\\Bob\nfile-name,C:\\Temp\\MimiKatz.EXE\n\
            email,root@mailhost\nroot@mailhost\naccount,\nfile-name,\\\nemail,nobody";
        let (set, bad) = Indicators::read(list);
        assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [6, 7, 8, 9]);
        assert_eq!(ask(set.email("BOB@evil.EXAMPLE")), "email bob@evil.example");
        assert_eq!(ask(set.email("root@mailhost")), "email root@mailhost");
        assert_eq!(ask(set.email("rob@evil.example")), "-");
        for said in ["mallory", "ELSEWHERE\\Mallory", "mallory@REALM.EXAMPLE"] {
            assert_eq!(ask(set.account(said)), "account mallory");
        }
        assert_eq!(ask(set.account("corp\\BOB")), "account corp\\bob");
        assert_eq!((ask(set.account("bob")), ask(set.account("OTHER\\bob"))), ("-".to_owned(), "-".to_owned()));
        assert_eq!(ask(set.file_name("\\\\host\\ADMIN$\\mimikatz.exe")), "file-name mimikatz.exe");
        assert_eq!(ask(set.file_name("/tmp/mimikatz.exe.txt")), "-");
    }

    #[test]
    fn an_address_with_a_port_is_met_at_that_port_and_one_without_at_each() {
        let (set, _) = Indicators::read("http://drop.example:8080/a\ndrop.example/b");
        assert_eq!(ask(set.url(b"drop.example:8080", b"/a?x")), "url drop.example:8080/a");
        assert_eq!(
            (ask(set.url(b"drop.example", b"/a")), ask(set.url(b"drop.example:81", b"/a"))),
            ("-".into(), "-".into())
        );
        assert_eq!(ask(set.url(b"drop.example:81", b"/b?x")), "url drop.example/b");
        assert_eq!(ask(set.url(b"drop.example", b"http://drop.example/b")), "url drop.example/b");
    }

    #[test]
    fn a_value_in_its_form_is_found_as_it_was_when_it_passed() {
        let list = format!("{LIST}\nbob@evil.example\naccount,mallory\nfile-name,x.exe");
        let (set, _) = Indicators::read(&list);
        let held = |kind, form| ask(set.held(kind, form));
        assert_eq!(held(IndicatorKind::Address, "198.51.100.9"), "cidr 198.51.100.0/24");
        assert_eq!(held(IndicatorKind::Domain, "www.evil.example"), "domain evil.example");
        assert_eq!(held(IndicatorKind::Url, "drop.example:80/a/b.exe?x"), "url drop.example/a/b.exe");
        assert_eq!(held(IndicatorKind::Account, "corp\\mallory"), "account mallory");
        assert_eq!(held(IndicatorKind::Email, "bob@evil.example"), "email bob@evil.example");
        assert_eq!(held(IndicatorKind::FileName, "x.exe"), "file-name x.exe");
        assert_eq!(held(IndicatorKind::FileName, "y.exe"), "-");
        assert!(IndicatorKind::ALL.into_iter().all(|kind| Indicators::default().held(kind, "203.0.113.7").is_none()));
    }

    #[test]
    fn an_empty_set_finds_nothing() {
        let set = Indicators::default();
        assert!(set.is_empty() && set.address("203.0.113.7".parse().unwrap()).is_none());
        assert!(Indicators::new(Vec::new()).domain(b"a.b").is_none());
    }

    proptest! {
        /// Every address of a list is found, and only those.
        #[test]
        fn a_list_holds_what_it_holds(wanted in proptest::collection::btree_set(0u32..4000, 0..200), asked in 0u32..4000) {
            let text: Vec<String> = wanted.iter().map(|n| std::net::Ipv4Addr::from_bits(*n).to_string()).collect();
            let (set, bad) = Indicators::read(&text.join("\n"));
            prop_assert!(bad.is_empty());
            let found = set.address(std::net::Ipv4Addr::from_bits(asked).into()).is_some();
            prop_assert_eq!(found, wanted.contains(&asked));
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            Indicators::read(&text);
        }
    }

    #[test]
    fn every_indicator_that_names_a_value_is_told_whatever_else_is_looked_for() {
        let list =
            "10.0.0.1\n10.0.0.0/24\n10.0.0.0/16\nevil.test\na.evil.test\nhttp://x.test/a\nhttp://x.test/a?b=1\nann\n";
        let (set, bad) = Indicators::read(&list.replace("ann", "account,ann"));
        assert_eq!(bad, []);
        let told = |set: &Indicators, kind, form: &str| {
            let mut told = Vec::new();
            set.each_held(kind, form, &mut |found| told.push(found.value.to_string()));
            told.sort();
            told
        };
        assert_eq!(told(&set, IndicatorKind::Address, "10.0.0.1"), ["10.0.0.0/16", "10.0.0.0/24", "10.0.0.1"]);
        assert_eq!(told(&set, IndicatorKind::Address, "10.0.9.1"), ["10.0.0.0/16"]);
        assert_eq!(told(&set, IndicatorKind::Domain, "b.a.evil.test"), ["a.evil.test", "evil.test"]);
        assert_eq!(told(&set, IndicatorKind::Url, "x.test/a?b=1").len(), 2);
        assert!(told(&Indicators::default(), IndicatorKind::Domain, "a.evil.test").is_empty());
        for indicator in set.iter() {
            // Alone it is told of the same values as among others.
            let alone = Indicators::new(vec![indicator.clone()]);
            for (kind, form) in [(IndicatorKind::Address, "10.0.0.1"), (IndicatorKind::Domain, "a.evil.test")] {
                let among_others = told(&set, kind, form).contains(&indicator.value.to_string());
                assert_eq!(!told(&alone, kind, form).is_empty(), among_others, "{indicator:?} {form}");
            }
        }
    }
}

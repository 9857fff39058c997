//! Addresses of the network: URLs, names of hosts, IP addresses, mail.

use super::IndicatorKind;
use super::gathering::{Gathering, VALUE_BYTES_MAX};
use super::known::{Ending, ending, is_first_of_package, is_program_of_dos};
use super::scan::{Text, letters};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// Letters of a name of a host (RFC 1035).
const HOST_LETTERS_MAX: usize = 253;
/// Schemes that lead to another machine.
const SCHEMES: &[&str] = &["http", "https", "ftp", "ftps", "sftp", "ws", "wss", "ldap", "ldaps", "rmi", "smb", "tftp"];
const SCHEME_LETTERS_MAX: usize = 6;
/// Letters in front of the sign of a mail address (RFC 5321).
const MAILBOX_LETTERS_MAX: usize = 64;
/// Letters in front of a number in which a word says that it is a version.
const VERSION_LETTERS: usize = 16;

/// A URL whose scheme ends at `colon` and whose host begins at `from`; the letters it takes.
pub fn url(text: &Text, colon: usize, from: usize, gathering: &mut Gathering) -> Option<Range<usize>> {
    let escaped = from - colon > 3;
    let scheme = scheme(text, colon)?;
    let rest = text.from(from, VALUE_BYTES_MAX);
    let length = rest.iter().position(|letter| ends_url(*letter, escaped)).unwrap_or(rest.len());
    let rest = trim_url(&rest[..length]);
    let start = colon - scheme.len();
    let taken = Some(start..from + length);
    if gathering.is_full(IndicatorKind::Url) {
        return taken;
    }
    let rest = if escaped {
        String::from_utf8_lossy(rest).replace(r"\/", "/")
    } else {
        String::from_utf8_lossy(rest).into_owned()
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let Some(name) = host_of(host) else { return taken };
    let value = format!("{}://{}{path}", scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    gathering.keep(IndicatorKind::Url, value, text.place(start), text.layer);
    onion(&name, text.place(start), text, gathering);
    taken
}

/// The letters in front of a colon, where they are a scheme.
fn scheme<'t>(text: &Text<'t>, colon: usize) -> Option<&'t str> {
    let before = text.letters.get(colon.saturating_sub(SCHEME_LETTERS_MAX)..colon)?;
    let letters = before.iter().rev().take_while(|letter| letter.is_ascii_alphanumeric()).count();
    let word = std::str::from_utf8(&before[before.len() - letters..]).ok()?;
    // What runs into it (`xhttp`, as strings in programs do) is not of it.
    SCHEMES
        .iter()
        .filter(|scheme| ends_with(word, scheme))
        .max_by_key(|scheme| scheme.len())
        .map(|scheme| &word[word.len() - scheme.len()..])
}

fn ends_with(word: &str, scheme: &str) -> bool {
    word.len() >= scheme.len() && word[word.len() - scheme.len()..].eq_ignore_ascii_case(scheme)
}

fn ends_url(letter: u8, escaped: bool) -> bool {
    matches!(letter, b' ' | b'\t' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'^' | b'|' | b'{' | b'}')
        || letter == b'\\' && !escaped
}

/// What stands behind an address in a sentence is not of it.
fn trim_url(mut url: &[u8]) -> &[u8] {
    while let Some((last, rest)) = url.split_last() {
        let closes = *last == b')' && !rest.contains(&b'(') || *last == b']' && !rest.contains(&b'[');
        if !closes && !matches!(last, b'.' | b',' | b';' | b':' | b'!' | b'?' | b'*' | b'\\' | b'$') {
            break;
        }
        url = rest;
    }
    url
}

/// The host of an authority without its port, in lower case, where it can be one.
fn host_of(authority: &str) -> Option<String> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, _) = rest.split_once(']')?;
        return address.parse::<Ipv6Addr>().ok().map(|address| address.to_string());
    }
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    if port.is_empty() || port.parse::<u16>().is_err() {
        return None;
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if let Some(address) = ipv4(&host) {
        return (!address.is_unspecified()).then_some(host);
    }
    (is_name(&host) && ending(last_label(&host)) != Ending::None).then_some(host)
}

fn onion(host: &str, at: u64, text: &Text, gathering: &mut Gathering) {
    let Some(name) = host.strip_suffix(".onion") else { return };
    let label = name.rsplit('.').next().unwrap_or_default();
    let is_base32 = label.bytes().all(|letter| matches!(letter, b'a'..=b'z' | b'2'..=b'7'));
    // Services of the second and of the third generation.
    if matches!(label.len(), 16 | 56) && is_base32 {
        gathering.keep(IndicatorKind::Onion, format!("{label}.onion"), at, text.layer);
    }
}

/// A mail address around its sign; the letters that its host takes.
pub fn email(text: &Text, sign: usize, gathering: &mut Gathering) -> Option<Range<usize>> {
    let before = text.letters.get(sign.saturating_sub(MAILBOX_LETTERS_MAX + 1)..sign)?;
    let count = before.iter().rev().take_while(|letter| is_of_mailbox(**letter)).count();
    let mailbox = &before[before.len() - count..];
    let (from, host) = (sign + 1, host_letters(text, sign + 1));
    let name = String::from_utf8_lossy(host).trim_end_matches(['.', '-']).to_ascii_lowercase();
    let whole = (1..=MAILBOX_LETTERS_MAX).contains(&count)
        && mailbox.first().is_some_and(u8::is_ascii_alphanumeric)
        && mailbox.last().is_some_and(|letter| *letter != b'.')
        && is_name(&name)
        && name.len() >= 5
        && ending(last_label(&name)) != Ending::None;
    if !whole {
        return None;
    }
    let value = format!("{}@{name}", String::from_utf8_lossy(mailbox));
    gathering.keep(IndicatorKind::Email, value, text.place(sign - count), text.layer);
    Some(sign - count..from + host.len())
}

fn is_of_mailbox(letter: u8) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, b'.' | b'_' | b'%' | b'+' | b'-')
}

fn is_of_host(letter: u8) -> bool {
    HOST[usize::from(letter)]
}

const HOST: [bool; 256] = letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-");

fn host_letters<'t>(text: &Text<'t>, from: usize) -> &'t [u8] {
    let rest = text.from(from, HOST_LETTERS_MAX);
    &rest[..rest.iter().position(|letter| !is_of_host(*letter)).unwrap_or(rest.len())]
}

/// Hosts that stand by themselves, found by the dots in them. `taken` are letters that were looked at, in their order.
pub fn bare(text: &Text, taken: &[Range<usize>], gathering: &mut Gathering) {
    let (mut at, mut taken) = (0, taken.iter().peekable());
    while let Some(dot) = memchr::memchr(b'.', text.letters.get(at..).unwrap_or_default()).map(|dot| at + dot) {
        let before = text.letters[at..dot].iter().rev().take_while(|letter| is_of_host(**letter)).count();
        let start = dot - before;
        let end = dot
            + text.letters[dot..].iter().position(|letter| !is_of_host(*letter)).unwrap_or(text.letters.len() - dot);
        at = end.max(dot + 1);
        while taken.next_if(|range| range.end <= start).is_some() {}
        let is_taken = taken.peek().is_some_and(|range| range.start < end);
        if !is_taken && end - start <= HOST_LETTERS_MAX {
            host(text, start, end, gathering);
        }
    }
}

fn host(text: &Text, start: usize, end: usize, gathering: &mut Gathering) {
    let whole = &text.letters[start..end];
    let sentence = whole.iter().rev().take_while(|letter| matches!(letter, b'.' | b'-')).count();
    let letters = &whole[..whole.len() - sentence];
    let (before, behind) = (text.before(start), text.letters.get(start + letters.len()).copied());
    let Some(first) = letters.first() else { return };
    if sentence == 0 && is_joined(text, start, end)
        || !first.is_ascii_digit() && is_part_of_more(before, behind) && !letters.ends_with(b".onion")
    {
        return;
    }
    let Ok(spelled) = std::str::from_utf8(letters) else { return };
    if let Some(address) = ipv4(spelled) {
        if is_told_address(address, text, start, behind) {
            gathering.keep(IndicatorKind::Ipv4, spelled.to_owned(), text.place(start), text.layer);
        }
        return;
    }
    let name = spelled.to_ascii_lowercase();
    if name.ends_with(".onion") {
        onion(&name, text.place(start), text, gathering);
    } else if !is_part_of_more(before, behind) && is_name(&name) && is_told_name(spelled, &name, behind) {
        gathering.keep(IndicatorKind::Domain, name, text.place(start), text.layer);
    }
}

/// Whether an underscore joins it to a word: then it is one of some language.
fn is_joined(text: &Text, start: usize, end: usize) -> bool {
    text.before(start) == Some(b'_') || text.letters.get(end) == Some(&b'_')
}

/// Whether four numbers with dots between them are an address and not a version.
fn is_told_address(address: Ipv4Addr, text: &Text, start: usize, behind: Option<u8>) -> bool {
    let [a, b, c, d] = address.octets();
    let never = a == 0 || a == 127 || a >= 224 || matches!(d, 0 | 255);
    // Strings of versions stand by themselves.
    let word_before =
        matches!(text.before(start), Some(b'v' | b'V' | b'-' | b'_' | b'+' | b'~' | b'/' | b'\\' | b'$' | b'@'));
    let word_behind = matches!(behind, Some(b'-' | b'_' | b'+' | b'~' | b'\\'));
    if never || word_before || word_behind || says_version(text, start) {
        return false;
    }
    // Versions are of small numbers; an intranet has small numbers as well, and then says so by its first.
    let is_small = a < 20 && b < 20 && c < 20 && !matches!(behind, Some(b':' | b'/'));
    !is_small || says_address(text, start) || a == 10 && !is_named(text, start)
}

fn says_version(text: &Text, start: usize) -> bool {
    const PARTS: [&str; 7] = ["version", "build", "release", "section", "chapter", "ssembly", "firmware"];
    let words = words_before(text, start);
    let mut each = words.split(|letter: char| !letter.is_ascii_alphanumeric());
    // A label in front of the string is for what it begins with.
    text.is_version && start < VERSION_LETTERS
        || PARTS.iter().any(|part| words.contains(part))
        || each.any(|word| matches!(word, "ver" | "rev" | "oid"))
}

/// Whether a word in front says that an address follows.
fn says_address(text: &Text, start: usize) -> bool {
    const WORDS: [&str; 12] = [
        "addr", "dns", "gateway", "host", "nslookup", "ping", "proxy", "resolver", "route", "subnet", "telnet",
        "tracert",
    ];
    let words = words_before(text, start);
    let is_ip = words.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| matches!(word, "ip" | "ipv4"));
    is_ip || WORDS.iter().any(|word| words.contains(word))
}

/// Whether a name of something stands in front, of which the numbers are the version: `Acrobat 10.1.2.3`.
fn is_named(text: &Text, start: usize) -> bool {
    let before = text.letters.get(..start).unwrap_or_default();
    let named = before.trim_ascii_end();
    let word = named.iter().rev().take_while(|letter| letter.is_ascii_alphanumeric()).count();
    let word = &named[named.len() - word..];
    named.len() < before.len() && word.len() > 1 && word[0].is_ascii_uppercase()
}

fn words_before(text: &Text, start: usize) -> String {
    let before = text.letters.get(start.saturating_sub(VERSION_LETTERS)..start).unwrap_or_default();
    String::from_utf8_lossy(before).to_ascii_lowercase()
}

/// Whether letters around a name say that it is of something else: a path, a member of an object, an assignment.
fn is_part_of_more(before: Option<u8>, behind: Option<u8>) -> bool {
    const BEFORE: &[u8] = br"\_$%:@#&~*./";
    const BEHIND: &[u8] = br"(_=\[$@#%*+~";
    before.is_some_and(|letter| BEFORE.contains(&letter)) || behind.is_some_and(|letter| BEHIND.contains(&letter))
}

/// Whether what could be a name of a host is meant as one: not a file, a package or a member of an object.
fn is_told_name(spelled: &str, name: &str, behind: Option<u8>) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let (Some(first), [.., second, last]) = (labels.first(), labels.as_slice()) else { return false };
    let www = *first == "www" && labels.len() > 2;
    let one_case = spelled == name || spelled.bytes().all(|letter| !letter.is_ascii_lowercase());
    let follows = matches!(behind, Some(b'/' | b':'));
    match ending(last) {
        _ if is_first_of_package(first)
            || is_program_of_dos(name)
            || !second.bytes().any(|letter| letter.is_ascii_alphabetic()) =>
        {
            false
        }
        // Two letters and two letters are anything.
        Ending::Sure => one_case && name.len() >= 6 && (second.len() > 2 || *last == "com" || *last == "cn" || www),
        Ending::Maybe => one_case && (www || follows && labels.len() > 2 && second.len() > 2),
        Ending::None => false,
    }
}

fn last_label(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

/// Whether labels are of letters, digits and hyphens, two of them at least, and the last is no number.
fn is_name(name: &str) -> bool {
    let fits = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-' || letter == b'_')
    };
    name.len() <= HOST_LETTERS_MAX && name.contains('.') && name.split('.').all(fits) && last_label(name).len() >= 2
}

/// Four numbers without zeros in front.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    if text.len() > 15 || !text.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    text.parse().ok()
}

/// Addresses of IPv6 of networks that are in use, found by the colons in them.
pub fn ipv6(text: &Text, gathering: &mut Gathering) {
    let mut at = 0;
    while let Some(colon) = memchr::memchr(b':', text.letters.get(at..).unwrap_or_default()).map(|colon| at + colon) {
        let is_of = |letter: &u8| letter.is_ascii_hexdigit() || *letter == b':';
        let before = text.letters[at..colon].iter().rev().take_while(|letter| is_of(letter)).count();
        let start = colon - before;
        let length = text.letters[colon..].iter().position(|letter| !is_of(letter));
        let end = colon + length.unwrap_or(text.letters.len() - colon);
        at = end.max(colon + 1);
        let joined = |letter: Option<u8>| {
            letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'.' | b'-'))
        };
        if (4..=39).contains(&(end - start)) && !joined(text.before(start)) && !joined(text.letters.get(end).copied()) {
            address(text, start, end, gathering);
        }
    }
}

fn address(text: &Text, start: usize, end: usize, gathering: &mut Gathering) {
    let Ok(spelled) = std::str::from_utf8(&text.letters[start..end]) else { return };
    let groups = spelled.split(':').filter(|group| !group.is_empty()).count();
    let Ok(address) = spelled.parse::<Ipv6Addr>() else { return };
    let first = address.segments()[0];
    // Networks that are given out, those of a house, and those of a link. Words of hexadecimal letters begin otherwise.
    let used = matches!(first, 0x2001..=0x3fff | 0xfc00..=0xfdff | 0xfe80..=0xfebf);
    if used && groups >= 3 && spelled.bytes().any(|letter| letter.is_ascii_digit()) {
        gathering.keep(IndicatorKind::Ipv6, address.to_string(), text.place(start), text.layer);
    }
}

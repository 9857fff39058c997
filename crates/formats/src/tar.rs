//! Tape archives: ustar (POSIX.1-1988), pax (POSIX.1-2001) and what GNU tar adds. Links and devices are facts; nothing
//! is followed.

use crate::budget::Budget;
use crate::bytes::{head, slice};
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "tar":
    "entries" integer "Entries of any type.";
    "names" texts "Names of entries in their order.";
    "links" texts "Links, as `name -> target`.";
    "devices" texts "Entries that are devices or pipes.";
    "owners" texts "Users and groups that entries belong to, as `user:group`, each once.";
    "format" text "The format of the first header: `ustar`, `gnu` or `v7`.";
    "oldest" time "Oldest time of an entry.";
    "newest" time "Newest time of an entry.";
    "set_uid" texts "Entries that would run with the rights of their owner or group.";
}

const BLOCK_BYTES: usize = 512;
/// Entries that are read of one archive.
const ENTRIES_MAX: usize = 50_000;
/// Names that are kept as a fact.
const NAMES_MAX: usize = 1000;
/// Bytes of a long name, or of the records of one extended header.
const EXTENDED_BYTES_MAX: usize = 1 << 20;

/// What the headers in front of an entry say about it.
#[derive(Default)]
struct Extended {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

struct Lists {
    names: Gathered,
    links: Gathered,
    devices: Gathered,
    owners: Gathered,
    set_uid: Gathered,
    times: Option<(i64, i64)>,
}

/// Takes an archive apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let list = || Gathered::new(NAMES_MAX);
    let mut lists =
        Lists { names: list(), links: list(), devices: list(), owners: list(), set_uid: list(), times: None };
    let mut entries = 0_u32;
    let limit = walk(bytes, budget, &mut reading, &mut lists, &mut entries).err();
    reading.know(NAMESPACE, "entries", entries);
    if let Some(limit) = limit {
        reading.state(NAMESPACE, "entries", State::Limited(limit), None);
    }
    let format = match slice(bytes, 257, 8) {
        Some(b"ustar  \0") => "gnu",
        Some(magic) if magic.starts_with(b"ustar") => "ustar",
        _ => "v7",
    };
    reading.know(NAMESPACE, "format", format);
    lists.names.state(&mut reading, NAMESPACE, "names");
    lists.links.state(&mut reading, NAMESPACE, "links");
    lists.devices.state(&mut reading, NAMESPACE, "devices");
    lists.owners.state(&mut reading, NAMESPACE, "owners");
    lists.set_uid.state(&mut reading, NAMESPACE, "set_uid");
    if let Some((oldest, newest)) = lists.times {
        reading.know(NAMESPACE, "oldest", Value::Time(oldest));
        reading.know(NAMESPACE, "newest", Value::Time(newest));
    }
    reading
}

fn walk(
    bytes: &[u8],
    budget: &mut Budget,
    reading: &mut Reading,
    lists: &mut Lists,
    entries: &mut u32,
) -> Result<(), Limit> {
    let (mut at, mut extended) = (0, Extended::default());
    while let Some(header) = slice(bytes, at, BLOCK_BYTES) {
        budget.step(1)?;
        if header.iter().all(|byte| *byte == 0) {
            return behind(bytes, at, budget, reading);
        }
        if !checksum_fits(header) {
            reading.odd_at(Message::new("tar.checksum-wrong"), at as u64);
            reading.state(NAMESPACE, "entries", State::Failed(damaged()), Some(at as u64));
            return Ok(());
        }
        if *entries as usize >= ENTRIES_MAX {
            return Err(Limit::Entries);
        }
        let kind = header[156];
        let told = extended.size.filter(|_| !matches!(kind, b'x' | b'g' | b'L' | b'K'));
        let size = told.or_else(|| number(&header[124..136])).unwrap_or(0);
        let start = at + BLOCK_BYTES;
        // Links and devices have no data, whatever their size says.
        let length = if matches!(kind, b'1'..=b'6') { 0 } else { usize::try_from(size).unwrap_or(usize::MAX) };
        let end = start.saturating_add(length);
        let content = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
        match kind {
            b'x' => pax(content, &mut extended),
            b'g' => {}
            b'L' => extended.path = Some(names::decode(names::until_zero(head(content, EXTENDED_BYTES_MAX)))),
            b'K' => extended.link = Some(names::decode(names::until_zero(head(content, EXTENDED_BYTES_MAX)))),
            _ => {
                *entries += 1;
                let extended = std::mem::take(&mut extended);
                let entry = Entry { header, kind, at, start, end };
                entry.read(bytes, extended, budget, reading, lists)?;
            }
        }
        let Some(next) = end.checked_next_multiple_of(BLOCK_BYTES) else { return Ok(()) };
        at = next;
    }
    if at < bytes.len() || *entries == 0 {
        reading.odd_at(Message::new("tar.cut-off"), at.min(bytes.len()) as u64);
    }
    Ok(())
}

/// One entry and its place.
struct Entry<'a> {
    header: &'a [u8],
    kind: u8,
    at: usize,
    start: usize,
    end: usize,
}

impl Entry<'_> {
    fn read(
        self,
        bytes: &[u8],
        extended: Extended,
        budget: &mut Budget,
        reading: &mut Reading,
        lists: &mut Lists,
    ) -> Result<(), Limit> {
        let (header, at) = (self.header, self.at as u64);
        let name = extended.path.unwrap_or_else(|| short_name(header));
        names::look(reading, &name, at);
        lists.names.push(name.as_str());
        let owner = |range: std::ops::Range<usize>| names::decode(names::until_zero(&header[range]));
        if header[257..].starts_with(b"ustar") {
            lists.owners.push(format!("{}:{}", owner(265..297), owner(297..329)));
        }
        if let Some(time) = number(&header[136..148]).and_then(|time| i64::try_from(time).ok()?.checked_mul(1_000_000))
        {
            let (oldest, newest) = lists.times.unwrap_or((time, time));
            lists.times = Some((oldest.min(time), newest.max(time)));
        }
        if number(&header[100..108]).is_some_and(|mode| mode & 0o6000 != 0) {
            lists.set_uid.push(name.as_str());
        }
        match self.kind {
            b'1' | b'2' => {
                let target = extended.link.unwrap_or_else(|| names::decode(names::until_zero(&header[157..257])));
                let leads_out = target.starts_with('/') || target.split('/').any(|piece| piece == "..");
                if leads_out {
                    let message = Message::new("tar.link-leads-out").with("name", names::shown(&name));
                    reading.odd_at(message.with("target", names::shown(&target)), at);
                }
                lists.links.push(format!("{name} -> {target}"));
                Ok(())
            }
            b'3' | b'4' | b'6' => {
                lists.devices.push(name.as_str());
                reading.odd_at(Message::new("tar.device").with("name", names::shown(&name)), at);
                Ok(())
            }
            b'5' => Ok(()),
            _ if name.ends_with('/') && self.start == self.end => Ok(()),
            _ => {
                let content = if extended.sparse || self.kind == b'S' {
                    Content::Failed(crate::unpack::unknown_method("sparse"))
                } else if self.end <= bytes.len() {
                    Content::Range(self.start..self.end)
                } else {
                    let there = bytes.get(self.start..).unwrap_or_default();
                    reading.odd_at(Message::new("tar.cut-off").with("name", names::shown(&name)), at);
                    budget.expand(there.len())?;
                    Content::Partial(there.to_vec(), damaged())
                };
                reading.child(budget, Child { name, content, storage: Storage::Plain, at: Some(self.start as u64) })
            }
        }
    }
}

/// The name in a header, with the front half that POSIX keeps elsewhere.
fn short_name(header: &[u8]) -> String {
    let name = names::decode(names::until_zero(&header[..100]));
    let prefix = names::until_zero(&header[345..500]);
    if &header[257..263] == b"ustar\0" && !prefix.is_empty() {
        format!("{}/{name}", names::decode(prefix))
    } else {
        name
    }
}

/// A number in octal letters, or in binary where its first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        return Some(field.get(field.len().checked_sub(8)?..)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    }
    let digits = field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| (b'0'..=b'7').contains(byte));
    let mut digits = digits.peekable();
    digits.peek()?;
    digits.try_fold(0_u64, |sum, digit| sum.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

/// The sum of the header with spaces in its own place; old programs summed signed bytes.
fn checksum_fits(header: &[u8]) -> bool {
    let Some(told) = number(&header[148..156]) else { return false };
    let byte = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { b' ' } else { *byte };
    let unsigned: u64 = header.iter().enumerate().map(byte).map(u64::from).sum();
    let signed: i64 = header.iter().enumerate().map(byte).map(|byte| i64::from(byte as i8)).sum();
    told == unsigned || i64::try_from(told) == Ok(signed)
}

/// Records of an extended header: `length key=value` and a line feed.
fn pax(content: &[u8], extended: &mut Extended) {
    let mut rest = head(content, EXTENDED_BYTES_MAX);
    while let Some(space) = memchr::memchr(b' ', head(rest, 12)) {
        let length = std::str::from_utf8(&rest[..space]).ok().and_then(|digits| digits.parse::<usize>().ok());
        let Some(record) = length.and_then(|length| rest.get(space + 1..length)) else { return };
        rest = &rest[space + 1 + record.len()..];
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let Some(equals) = memchr::memchr(b'=', record) else { continue };
        let value = String::from_utf8_lossy(&record[equals + 1..]).into_owned();
        match &record[..equals] {
            b"path" => extended.path = Some(value),
            b"linkpath" => extended.link = Some(value),
            b"size" => extended.size = value.parse().ok(),
            key if key.starts_with(b"GNU.sparse.") => extended.sparse = true,
            _ => {}
        }
    }
}

/// What stands behind the two empty blocks of the end.
fn behind(bytes: &[u8], at: usize, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(first) = rest.iter().position(|byte| *byte != 0).map(|first| at + first) else { return Ok(()) };
    let count = i64::try_from(bytes.len() - first).unwrap_or(i64::MAX);
    reading.odd_at(Message::new("tar.data-behind").number("bytes", count), first as u64);
    reading.child(budget, Child::range("", first..bytes.len()))
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, facts, reading, tar, tar_entry, tree};
    use crate::{Kind, tar::BLOCK_BYTES};
    use expect_test::expect;

    #[test]
    fn an_archive_tells_its_entries_and_follows_none() {
        let long = "d/".repeat(70) + "long.txt";
        let record = format!("path={long}\n");
        let record = format!("{} {record}", record.len() + 4);
        let bytes = tar(&[
            tar_entry("a.txt", b'0', "", b"abc"),
            tar_entry("link", b'2', "../../etc/passwd", b""),
            tar_entry("disk", b'4', "", b""),
            tar_entry("x", b'x', "", record.as_bytes()),
            tar_entry("short", b'0', "", b"l"),
            tar_entry("././@LongLink", b'L', "", b"gnu/long/name.txt\0"),
            tar_entry("short", b'0', "", b"g"),
        ]);
        expect![[r#"
            x | tar 7168
              ! tar.link-leads-out name="link" target="../../etc/passwd" @1024
              ! tar.device name="disk" @1536
              a.txt | txt 3
              d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/long.txt | txt 1
              gnu/long/name.txt | txt 1
        "#]].assert_eq(&tree(&apart(&bytes)));
        expect![[r#"
            tar.entries = 5
            tar.format = "ustar"
            tar.names = ["a.txt", "link", "disk", "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/long.txt", "gnu/long/name.txt"]
            tar.links = ["link -> ../../etc/passwd"]
            tar.devices = ["disk"]
            tar.owners = ["root:"]
            tar.oldest = 1s
            tar.newest = 1s
        "#]].assert_eq(&facts(&reading(Kind::Tar, &bytes).vectors));
    }

    #[test]
    fn an_archive_that_is_cut_off_says_so() {
        let bytes = tar(&[tar_entry("a.txt", b'0', "", b"abc"), tar_entry("b.txt", b'0', "", &[b'b'; 900])]);
        let part = apart(&bytes[..3 * BLOCK_BYTES + 100]);
        expect![[r#"
            x | tar 1636
              ! tar.cut-off name="b.txt" @1024
              a.txt | txt 3
              b.txt | txt 100 | partial: file.damaged
        "#]]
        .assert_eq(&tree(&part));
        assert!(!part.is_complete());
    }
}

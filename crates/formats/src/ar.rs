//! Archives of `ar`, which packages of Debian and static libraries are, and of `cpio`, which are inside packages of RPM.

use crate::budget::Budget;
use crate::bytes::{slice, u32_be};
use crate::gather::Gathered;
use crate::kind::Kind;
use crate::limits::Limit;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "ar":
    "format" text "Which archive it is: `ar`, `cpio` or `rpm`.";
    "entries" integer "Entries of any type.";
    "names" texts "Their names.";
    "links" texts "Links, as `name -> target`.";
    "package" text "Name, version and release that a package begins with.";
}

/// Entries of one archive.
const ENTRIES_MAX: usize = 50_000;
/// Names that are kept as a fact.
const NAMES_MAX: usize = 1000;
/// Bytes of one name.
const NAME_BYTES_MAX: usize = 4096;

/// Takes an archive apart.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let mut lists = Lists { names: Gathered::new(NAMES_MAX), links: Gathered::new(NAMES_MAX), entries: 0 };
    let (format, ended) = match kind {
        Kind::Cpio => ("cpio", cpio(bytes, budget, &mut lists, &mut reading)),
        Kind::Rpm => ("rpm", rpm(bytes, budget, &mut reading)),
        _ => ("ar", ar(bytes, budget, &mut lists, &mut reading)),
    };
    reading.know(NAMESPACE, "format", format);
    reading.know(NAMESPACE, "entries", Value::unsigned(lists.entries));
    match ended {
        Ok(true) => {}
        Ok(false) => reading.state(NAMESPACE, "entries", State::Failed(damaged()), None),
        Err(limit) => reading.state(NAMESPACE, "entries", State::Limited(limit), None),
    }
    lists.names.state(&mut reading, NAMESPACE, "names");
    lists.links.state(&mut reading, NAMESPACE, "links");
    reading
}

struct Lists {
    names: Gathered,
    links: Gathered,
    entries: u64,
}

impl Lists {
    fn entry(&mut self, name: &str, at: usize, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        budget.step(1)?;
        self.entries += 1;
        if self.entries > ENTRIES_MAX as u64 {
            return Err(Limit::Entries);
        }
        names::look(reading, name, at as u64);
        self.names.push(name);
        Ok(())
    }
}

/// A number in letters, in that base.
fn number(field: &[u8], base: u32) -> Option<usize> {
    usize::from_str_radix(std::str::from_utf8(field).ok()?.trim(), base).ok()
}

/// Says whether it ended as it should.
fn ar(bytes: &[u8], budget: &mut Budget, lists: &mut Lists, reading: &mut Reading) -> Result<bool, Limit> {
    let (mut at, mut long): (usize, &[u8]) = (8, &[]);
    while let Some(header) = slice(bytes, at, 60) {
        let Some(size) = number(&header[48..58], 10).filter(|_| header.ends_with(b"`\n")) else { return Ok(false) };
        let mut start = at + 60;
        let end = start.saturating_add(size);
        let short = header[..16].trim_ascii_end();
        let mut name = names::decode(short.strip_suffix(b"/").filter(|name| !name.is_empty()).unwrap_or(short));
        if short == b"//" {
            long = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
        } else if let Some(place) = short.strip_prefix(b"/").and_then(|digits| number(digits, 10)) {
            let rest = long.get(place..).unwrap_or_default();
            let rest = &rest[..rest.iter().position(|byte| matches!(byte, b'\n' | 0)).unwrap_or(rest.len())];
            name = names::decode(rest.strip_suffix(b"/").unwrap_or(rest));
        } else if let Some(length) = short.strip_prefix(b"#1/").and_then(|digits| number(digits, 10)) {
            let raw = slice(bytes, start, length.min(NAME_BYTES_MAX)).unwrap_or_default();
            name = names::decode(names::until_zero(raw));
            start = start.saturating_add(length);
        }
        budget.step(1)?;
        let is_table = matches!(short, b"/" | b"//" | b"/SYM64/") || name.starts_with("__.SYMDEF");
        if !is_table {
            lists.entry(&name, at, budget, reading)?;
            member(bytes, name, start..end, budget, reading)?;
        }
        at = end.saturating_add(end & 1);
    }
    Ok(at >= bytes.len())
}

fn member(
    bytes: &[u8],
    name: String,
    range: std::ops::Range<usize>,
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let at = Some(range.start as u64);
    let content = if range.end <= bytes.len() && range.start <= range.end {
        Content::Range(range)
    } else {
        let there = bytes.get(range.start..).unwrap_or_default();
        budget.expand(there.len())?;
        Content::Partial(there.to_vec(), damaged())
    };
    reading.child(budget, Child { name, content, storage: Storage::Plain, at })
}

fn cpio(bytes: &[u8], budget: &mut Budget, lists: &mut Lists, reading: &mut Reading) -> Result<bool, Limit> {
    let mut at = 0;
    loop {
        let Some((name_bytes, size, mode, header, align)) = cpio_header(bytes, at) else { return Ok(false) };
        let name_at = at + header;
        let Some(raw) = slice(bytes, name_at, name_bytes.min(NAME_BYTES_MAX)) else { return Ok(false) };
        let name = names::decode(names::until_zero(raw));
        if name == "TRAILER!!!" {
            return Ok(true);
        }
        let aligned = |at: usize| at.checked_next_multiple_of(align).unwrap_or(usize::MAX);
        let start = aligned(name_at.saturating_add(name_bytes));
        let end = start.saturating_add(size);
        lists.entry(&name, at, budget, reading)?;
        match mode & 0o170_000 {
            0o120_000 => {
                let target = slice(bytes, start, size.min(NAME_BYTES_MAX)).unwrap_or_default();
                lists.links.push(format!("{name} -> {}", names::decode(target)));
            }
            0o100_000 | 0 => member(bytes, name, start..end, budget, reading)?,
            0o020_000 | 0o060_000 => {
                reading.odd_at(Message::new("ar.device").with("name", names::shown(&name)), at as u64);
            }
            _ => {}
        }
        at = aligned(end);
    }
}

/// Bytes of the name, bytes of the content, the mode, bytes of the header, and to what pieces are aligned.
fn cpio_header(bytes: &[u8], at: usize) -> Option<(usize, usize, usize, usize, usize)> {
    let rest = bytes.get(at..)?;
    if rest.starts_with(b"070701") || rest.starts_with(b"070702") {
        let of = |field: usize| number(rest.get(6 + field * 8..14 + field * 8)?, 16);
        return Some((of(11)?, of(6)?, of(1)?, 110, 4));
    }
    if rest.starts_with(b"070707") {
        let of = |range: std::ops::Range<usize>| number(rest.get(range)?, 8);
        return Some((of(59..65)?, of(65..76)?, of(18..24)?, 76, 1));
    }
    let swap = match rest.get(..2)? {
        [0xc7, 0x71] => false,
        [0x71, 0xc7] => true,
        _ => return None,
    };
    let of = |field: usize| {
        let pair: [u8; 2] = *rest.get(field * 2..)?.first_chunk()?;
        Some(usize::from(if swap { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }))
    };
    Some((of(10)?, of(11)? << 16 | of(12)?, of(3)?, 26, 2))
}

/// A package: a lead, two headers, and a packed archive.
fn rpm(bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<bool, Limit> {
    let name = names::decode(names::until_zero(slice(bytes, 10, 66).unwrap_or_default()));
    crate::gather::text(reading, NAMESPACE, "package", name);
    let header_end = |at: usize| {
        let head = slice(bytes, at, 16).filter(|head| head.starts_with(&[0x8e, 0xad, 0xe8]))?;
        let (count, size) = (u32_be(head, 8)? as usize, u32_be(head, 12)? as usize);
        at.checked_add(16)?.checked_add(count.checked_mul(16)?)?.checked_add(size)
    };
    let payload = header_end(96).and_then(|end| header_end(end.checked_next_multiple_of(8)?));
    match payload.filter(|payload| *payload < bytes.len()) {
        Some(payload) => reading.child(budget, Child::range("payload", payload..bytes.len())).map(|()| true),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, shared, tree};
    use expect_test::expect;

    #[test]
    fn long_names_are_looked_up() {
        let entry = |name: &str, content: &str| {
            let pad = if content.len() % 2 == 1 { "\n" } else { "" };
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n{content}{pad}", 0, 0, 0, 644, content.len())
        };
        let bytes = format!(
            "!<arch>\n{}{}{}",
            entry("//", "a_very_long_name.txt/\n"),
            entry("/0", "abc"),
            entry("b.txt/", "b")
        );
        expect![[r#"
            x | ar 216
              a_very_long_name.txt | txt 3
              b.txt | txt 1
        "#]]
        .assert_eq(&tree(&apart(bytes.as_bytes())));
        assert!(!apart(&bytes.as_bytes()[..bytes.len() - 30]).is_complete());
    }

    #[test]
    fn archives_of_cpio_are_read() {
        let entry = |name: &str, mode: usize, content: &str| {
            let mut text = format!("070701{:08X}{mode:08X}", 1);
            for value in [0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0] {
                text += &format!("{value:08X}");
            }
            text += name;
            text.push('\0');
            while text.len() % 4 != 0 {
                text.push('\0');
            }
            text += content;
            while text.len() % 4 != 0 {
                text.push('\0');
            }
            text
        };
        let bytes = entry("a.txt", 0o100_644, "abc") + &entry("l", 0o120_777, "/etc") + &entry("TRAILER!!!", 0, "");
        expect![[r#"
            x | cpio 360
              a.txt | txt 3
        "#]]
        .assert_eq(&tree(&apart(bytes.as_bytes())));
    }

    #[test]
    fn a_real_package_comes_apart() {
        let Some(bytes) = shared("libgcc-s1_12.2.0-14+deb12u1_amd64.deb") else { return };
        let part = apart(&bytes);
        assert!(part.is_complete());
        let first: String = tree(&part).lines().take(8).map(|line| line.to_owned() + "\n").collect();
        expect![[r#"
            x | deb 49856
              debian-binary | txt 4
              control.tar.xz | xz 1732
                tar 20480 | xz
                  ./control | txt 615
                  ./md5sums | txt 141
                  ./shlibs | txt 21
                  ./symbols | txt 4622
        "#]]
        .assert_eq(&first);
    }
}

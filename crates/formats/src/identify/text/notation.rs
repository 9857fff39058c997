//! Notations with fixed words: at the very beginning, or on most of their lines.

use super::lines;
use crate::bytes::{contains, head as first, starts_ignoring_case};
use crate::kind::Kind;

/// Lines that are looked at for what most of them have.
const LINES_MAX: usize = 200;

/// Words that a text begins with, behind white space, exactly as they are written.
#[rustfmt::skip]
static BEGINNINGS: &[(&[u8], Kind)] = &[
    (b"{\\rt", Kind::Rtf),
    (b"%!PS", Kind::PostScript),
    (b"\x04%!PS", Kind::PostScript),
    (b"BEGIN:VCARD", Kind::VCard),
    (b"BEGIN:VCALENDAR", Kind::ICalendar),
    (b"WEBVTT", Kind::WebVtt),
    (b"#EXTM3U", Kind::M3u),
    (b"Windows Registry Editor Version", Kind::RegFile),
    (b"REGEDIT4", Kind::RegFile),
    (b"[Desktop Entry]", Kind::DesktopEntry),
    (b"-----BEGIN PGP ", Kind::PgpArmor),
    (b"-----BEGIN ", Kind::Pem),
    (b"---- BEGIN SSH2 PUBLIC KEY", Kind::SshKey),
    (b"ssh-rsa AAAA", Kind::SshKey),
    (b"ssh-ed25519 AAAA", Kind::SshKey),
    (b"ssh-dss AAAA", Kind::SshKey),
    (b"ecdsa-sha2-nistp", Kind::SshKey),
    (b"PuTTY-User-Key-File-", Kind::Ppk),
    (b"STARTFONT ", Kind::Bdf),
    (b"StartFontMetrics ", Kind::Afm),
    (b"ISO-10303-21;", Kind::Step),
    (b"# Disk DescriptorFile", Kind::VmdkText),
    (b"(This file must be converted with BinHex", Kind::BinHex),
    (b"=ybegin ", Kind::Yenc),
    (b"diff --git ", Kind::Diff),
    (b"Index: ", Kind::Diff),
    (b"\\documentclass", Kind::Tex),
    (b"\\documentstyle", Kind::Tex),
    (b"\\input texinfo", Kind::Texinfo),
    (b"/* XPM */", Kind::Xpm),
    (b"#AutoIt3Wrapper", Kind::AutoIt),
    (b"solid ", Kind::Stl),
    (b"%YAML", Kind::Yaml),
];

/// Words in any case.
static BEGINNINGS_ANY_CASE: &[(&[u8], Kind)] = &[
    (b"[internetshortcut]", Kind::InternetShortcut),
    (b"[{000214a0-0000-0000-c000-000000000046}]", Kind::InternetShortcut),
    (b"[playlist]", Kind::Pls),
    (b"@echo off", Kind::Batch),
    (b"@echo on", Kind::Batch),
    (b"screen mode id:i:", Kind::RdpFile),
];

/// The kind of a text by its first words.
pub fn by_beginning(head: &[u8]) -> Option<Kind> {
    let start = head.trim_ascii_start();
    let exact = BEGINNINGS.iter().find(|(words, _)| start.starts_with(words)).map(|(_, kind)| *kind);
    let loose =
        || BEGINNINGS_ANY_CASE.iter().find(|(words, _)| starts_ignoring_case(start, words)).map(|(_, kind)| *kind);
    let found = exact.or_else(loose).or_else(|| by_first_lines(start))?;
    sure(found, head).then_some(found)
}

/// Words that prose may begin with as well need a second sign.
fn sure(kind: Kind, head: &[u8]) -> bool {
    match kind {
        Kind::Stl => contains(first(head, 1024), b"facet normal"),
        Kind::Diff => contains(head, b"\n@@ ") || contains(head, b"\n--- ") || contains(head, b"GIT binary patch"),
        _ => true,
    }
}

fn by_first_lines(start: &[u8]) -> Option<Kind> {
    let mut all = lines(start).map(<[u8]>::trim_ascii);
    let line = all.next()?;
    let second = all.next().unwrap_or_default();
    if line == b"[Shell]" && second.starts_with(b"Command=") {
        return Some(Kind::Scf);
    }
    if (line == b"0" && second == b"SECTION" || line == b"999") && contains(start, b"SECTION") {
        return Some(Kind::Dxf);
    }
    if line == b"1" && second.len() > 16 && contains(&second[..16], b":") && contains(second, b" --> ") {
        return Some(Kind::SubRip);
    }
    if line.starts_with(b"begin ") && line[6..].iter().take(3).all(|byte| matches!(byte, b'0'..=b'7')) {
        let length = usize::from(second.first()?.wrapping_sub(b' ') & 63).div_ceil(3) * 4;
        return (second.len() > length && second.len() <= length + 3).then_some(Kind::Uuencode);
    }
    if line.starts_with(b"--- ") && second.starts_with(b"+++ ")
        || line.starts_with(b"*** ") && second.starts_with(b"--- ")
    {
        return Some(Kind::Diff);
    }
    if line.starts_with(b"#define ") && line.last().is_some_and(u8::is_ascii_digit) && contains(line, b"_width ") {
        return Some(Kind::Xbm);
    }
    if line == b"Certificate:" && contains(start, b"-----BEGIN CERTIFICATE") {
        return Some(Kind::Pem);
    }
    if !line.starts_with(b"<") && is_patch(start) {
        return Some(Kind::Diff);
    }
    man_page(start)
}

/// Changes behind some words on them, or behind the header of a mail as `git` writes it: both files' names stand in
/// lines that follow each other, and numbers of lines behind them.
fn is_patch(start: &[u8]) -> bool {
    let first = first(start, 8192);
    if let Some(rest) = start.strip_prefix(b"From ")
        && rest.get(40..).is_some_and(|rest| rest.starts_with(b" Mon Sep 17 00:00:00 2001"))
    {
        return true;
    }
    memchr::memmem::find_iter(first, b"\n--- ").take(8).any(|at| {
        let mut following = lines(&first[at + 1..]).skip(1);
        following.next().is_some_and(|line| line.starts_with(b"+++ "))
            && following.next().is_some_and(|line| line.starts_with(b"@@ -"))
    })
}

/// The source of a manual page: requests begin lines with a point.
fn man_page(start: &[u8]) -> Option<Kind> {
    let comment = |line: &[u8]| line.starts_with(b".\\\"") || line.starts_with(b"'\\\"") || line.starts_with(b"'.\\\"");
    let mut all = lines(start).filter(|line| !line.trim_ascii().is_empty());
    if comment(all.next()?) {
        return Some(Kind::Troff);
    }
    let request = |line: &[u8]| {
        [b".TH ".as_slice(), b".Dd ", b".so ", b".SH ", b".ds ", b".nr ", b".de ", b".if ", b".ie ", b".Dt ", b".tr "]
            .iter()
            .any(|word| line.starts_with(word))
    };
    request(lines(start).find(|line| !line.trim_ascii().is_empty())?).then_some(Kind::Troff)
}

/// What most lines of a text look like.
pub fn by_lines(head: &[u8]) -> Option<Kind> {
    let mut seen = Lines::default();
    for line in lines(head).take(LINES_MAX) {
        seen.count(line);
    }
    seen.kind(head)
}

#[derive(Default)]
struct Lines {
    filled: usize,
    comments: usize,
    sections: usize,
    /// `name = value`, and which of them have a value as TOML spells it.
    assigned: usize,
    typed: usize,
    numbers: usize,
    /// `name: value` or `- item`.
    mapped: usize,
    other: usize,
    listed: usize,
    /// The first line that is no comment is such.
    first_mapped: bool,
    /// Some are below others.
    nested: bool,
    /// Messages and their translations.
    messages: usize,
    translated: usize,
    ldif: usize,
    /// Lines that end as those of a program do, and not as those of a list.
    ended: usize,
}

impl Lines {
    fn count(&mut self, line: &[u8]) {
        let bare = line.trim_ascii();
        if bare.is_empty() {
            return;
        }
        self.filled += 1;
        self.ended +=
            usize::from(matches!(bare.last(), Some(b';' | b'{' | b'}' | b',' | b')' | b'(')) || bare.ends_with(b"::"));
        match bare.first() {
            Some(b'#' | b';') => self.comments += 1,
            Some(b'[') if bare.ends_with(b"]") => self.sections += 1,
            _ => self.pair(line, bare),
        }
    }

    fn pair(&mut self, line: &[u8], bare: &[u8]) {
        self.messages += usize::from(bare.starts_with(b"msgid \""));
        self.translated += usize::from(bare.starts_with(b"msgstr \""));
        self.ldif += usize::from(bare.starts_with(b"dn: ") || bare.starts_with(b"objectClass: "));
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.$%/\\\"' ".contains(byte);
        if let Some(at) = bare.iter().position(|byte| *byte == b'=')
            && at > 0
            && bare[..at].iter().all(word)
        {
            self.assigned += 1;
            let value = bare[at + 1..].trim_ascii();
            let quoted = matches!(value.first(), Some(b'"' | b'\'' | b'[' | b'{'));
            self.typed += usize::from(quoted || matches!(value, b"true" | b"false"));
            self.numbers += usize::from(value.first().is_some_and(u8::is_ascii_digit));
            return;
        }
        let after = bare.strip_prefix(b"- ").unwrap_or(bare);
        let key = after.iter().position(|byte| *byte == b':').filter(|at| *at > 0);
        let mapped = key.is_some_and(|at| {
            let name = &after[..at];
            let plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-./$\"'".contains(byte));
            plain && after.get(at + 1).is_none_or(|byte| *byte == b' ')
        });
        self.first_mapped |= mapped && self.mapped + self.listed + self.assigned + self.other == 0;
        self.mapped += usize::from(mapped);
        self.nested |= mapped && bare.len() < line.len() || bare.starts_with(b"- ");
        self.other += usize::from(!mapped);
        self.listed += usize::from(!mapped && (bare.starts_with(b"- ") || line.starts_with(b"  ")));
    }

    fn kind(&self, head: &[u8]) -> Option<Kind> {
        let told = self.filled.checked_sub(self.comments).filter(|told| *told > 0)?;
        if self.messages > 0 && self.translated > 0 {
            return Some(Kind::Po);
        }
        if self.ldif >= 2 && first(head, 512).windows(4).any(|four| four == b"dn: ") {
            return Some(Kind::Ldif);
        }
        if self.sections > 0 && (self.sections + self.assigned) * 10 >= told * 8 && self.assigned > 0 {
            return Some(match () {
                () if crate::bytes::contains_ignoring_case(head, b"signature=\"$") => Kind::InfFile,
                () if crate::bytes::contains_ignoring_case(head, b"signature = \"$") => Kind::InfFile,
                () if self.typed > 0 && self.typed + self.numbers == self.assigned => Kind::Toml,
                () => Kind::Ini,
            });
        }
        let start = head.trim_ascii_start();
        let marked = start.starts_with(b"---\n") || start.starts_with(b"---\r\n");
        let certain = marked && self.mapped > 0 && (self.mapped + self.listed) * 10 >= told * 6;
        let mostly = self.mapped >= 3 && (self.mapped + self.listed) * 10 >= told * 9 && self.mapped * 5 >= told;
        (self.ended * 4 <= told && (certain || mostly && self.first_mapped && self.nested)).then_some(Kind::Yaml)
    }
}

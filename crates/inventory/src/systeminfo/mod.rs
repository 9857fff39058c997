//! `systeminfo`, in any language: facts by position and value, never by label.
//!
//! The order of rows has not changed since Windows XP: name, OS name, version, manufacturer, configuration, build
//! type, owner, organisation, product id, dates, manufacturer, model, type, …, page file, domain, logon server,
//! hotfixes, network cards. The version row is what we find first, because its value looks the same everywhere.

mod columns;
mod hotfixes;
mod labels;
mod rows;
mod words;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod worldwide;

pub(crate) use words::role;

use crate::limits::Limits;
use crate::os;
use crate::scan::never_in_a_name;
use crate::text::{Text, is_locale};
use model::{Family, HostFacts, Message, Oddity, OsBasis, OsFacts, Role};
use rows::Row;
use std::net::IpAddr;

/// The facts of each host in a text, with what was odd. Empty when the text is no `systeminfo` output.
pub fn read(text: &Text, limits: &Limits) -> Vec<(HostFacts, Vec<Oddity>)> {
    let ends_open = !text.text.ends_with('\n');
    let mut hosts = rows::hosts(&text.text);
    hosts.truncate(limits.hosts);
    let last = hosts.len().saturating_sub(1);
    let read =
        |(index, rows): (usize, Vec<Row<'_>>)| Reader::new(&rows, text, index == last && ends_open, limits).read();
    hosts.into_iter().enumerate().filter_map(read).collect()
}

/// Rows between the version and the logon server when every row of the command is there.
const LOGON_BELOW_VERSION: usize = 27;

struct Reader<'a> {
    rows: &'a [Row<'a>],
    text: &'a Text,
    ends_open: bool,
    limits: &'a Limits,
    oddities: Vec<Oddity>,
}

impl<'a> Reader<'a> {
    fn new(rows: &'a [Row<'a>], text: &'a Text, ends_open: bool, limits: &'a Limits) -> Self {
        Reader { rows, text, ends_open, limits, oddities: Vec::new() }
    }

    fn read(mut self) -> Option<(HostFacts, Vec<Oddity>)> {
        let version = self.rows.iter().take(4).position(|row| rows::version_of(row.value).is_some())?;
        let mut facts = HostFacts {
            name: version.checked_sub(2).and_then(|name| self.value(name)).map(host_name).unwrap_or_default(),
            product_id: self
                .rows
                .iter()
                .skip(version)
                .take(12)
                .map(|row| row.value)
                .find(|v| is_product_id(v))
                .map(str::to_owned),
            os: self.os(version),
            ..HostFacts::default()
        };
        self.role(version, &mut facts.os);
        match self.logon(version) {
            Some(logon) => {
                facts.domain =
                    logon.checked_sub(1).and_then(|at| self.value(at)).filter(|v| is_domain(v)).map(str::to_owned);
                self.hotfixes(logon + 1, &mut facts);
                self.addresses(logon + 2, &mut facts);
            }
            None => self.odd(Message::new("inventory.systeminfo-cut"), self.rows.last().map(|row| row.line)),
        }
        if self.text.malformed {
            self.odd(Message::new("inventory.bad-characters").with("encoding", self.text.encoding), None);
        }
        Some((facts, self.oddities))
    }

    fn value(&self, index: usize) -> Option<&'a str> {
        self.rows.get(index).map(|row| row.value).filter(|value| !value.is_empty())
    }

    fn odd(&mut self, message: Message, line: Option<u64>) {
        self.oddities.push(Oddity { message, line });
    }

    fn os(&self, version: usize) -> OsFacts {
        let printed = self.value(version).unwrap_or_default();
        let number = rows::version_of(printed);
        let name = version.checked_sub(1).and_then(|name| self.value(name)).unwrap_or_default();
        let locale = self.locale();
        let mut facts = os::from_name(name, number);
        facts.service_pack = Some(service_pack(printed));
        facts.arch = self.arch(version).or(facts.arch);
        facts.language = words::language(self.rows.iter().map(|row| row.label), locale.as_deref());
        facts.locale = locale;
        facts.encoding = Some(self.text.encoding.to_owned());
        facts.basis = OsBasis::Stated;
        facts
    }

    /// "OS Configuration" stands two rows below the version.
    fn role(&mut self, version: usize, os: &mut OsFacts) {
        let near = [2, 1, 3, 4].map(|below| self.value(version + below).unwrap_or_default());
        os.role = near.into_iter().find_map(words::role);
        if os.product.is_none() {
            let server = os.role.map(|role| !matches!(role, Role::StandaloneWorkstation | Role::MemberWorkstation));
            os.product = os.version.as_deref().and_then(|version| os::from_version(version, server));
            os.family = os.family.or(server.map(|server| if server { Family::Server } else { Family::Client }));
            let name = os.name.clone().unwrap_or_default();
            self.odd(
                Message::new("inventory.unknown-os-name").with("name", name),
                self.rows.get(version).map(|row| row.line),
            );
        }
        if os.role.is_none()
            && let Some(printed) = self.value(version + 2)
        {
            let line = self.rows.get(version + 2).map(|row| row.line);
            self.odd(Message::new("inventory.unknown-role").with("text", printed), line);
        }
    }

    /// "System Type" stands eleven rows below the version; where rows are missing, the first value that names one.
    fn arch(&self, version: usize) -> Option<model::Arch> {
        let typical = self.value(version + 11).and_then(os::arch);
        let any = || {
            let below = self.rows.iter().skip(version + 3).take(14);
            below
                .filter(|row| row.items.is_empty() && !row.value.contains(['\\', '~']))
                .find_map(|row| os::arch(row.value))
        };
        typical.or_else(any)
    }

    /// `zh-cn;中文(中国)`: the first such value is the system's, the second the keyboard's.
    fn locale(&self) -> Option<String> {
        self.rows.iter().find_map(|row| {
            let (tag, _) = row.value.split_once(';')?;
            is_locale(tag.trim()).then(|| tag.trim().to_owned())
        })
    }

    /// The logon server's row: `\\NAME`, else two below the page file, else above the hotfix list.
    fn logon(&self, version: usize) -> Option<usize> {
        let below = || self.rows.iter().enumerate().skip(version + 1);
        let server =
            |value: &str| value.strip_prefix("\\\\").is_some_and(|name| !name.is_empty() && !name.contains('\\'));
        let page_file = |value: &str| {
            let value = value.to_ascii_lowercase();
            value.contains("pagefile.sys") || value.contains("swapfile.sys")
        };
        below()
            .find(|(_, row)| server(row.value))
            .map(|(index, _)| index)
            .or_else(|| below().find(|(_, row)| page_file(row.value)).map(|(index, _)| index + 2))
            .or_else(|| below().find(|(_, row)| lists_updates(row)).map(|(index, _)| index - 1))
            // A machine without a page file, asked by a service: only the place is left.
            .or_else(|| self.rows.get(version + LOGON_BELOW_VERSION + 1).map(|_| version + LOGON_BELOW_VERSION))
    }

    fn hotfixes(&mut self, at: usize, facts: &mut HostFacts) {
        let found = self.rows.get(at).filter(|row| !lists_addresses(row)).map(|_| at);
        // A row more or less between: the list itself is unmistakable.
        let at = match found {
            Some(at) if self.rows.get(at).is_some_and(|row| !row.items.is_empty()) => Some(at),
            found => self
                .rows
                .iter()
                .enumerate()
                .skip(at.saturating_sub(2))
                .find(|(_, row)| lists_updates(row))
                .map(|(i, _)| i)
                .or(found),
        };
        let Some((at, row)) = at.and_then(|at| Some((at, self.rows.get(at)?))) else {
            return self.odd(Message::new("inventory.no-hotfix-block"), self.rows.last().map(|row| row.line));
        };
        let last = at + 1 == self.rows.len();
        let block = hotfixes::read(row, last && self.ends_open, self.limits.updates);
        let line = row.line + row.items.len() as u64;
        facts.updates = block.updates;
        if last && self.ends_open && row.items.is_empty() {
            // The text ends inside the block's first line: nothing was said.
            facts.updates = model::UpdateList::default();
            return self.odd(Message::new("inventory.systeminfo-cut"), Some(line));
        }
        if !facts.updates.complete {
            let message = Message::new("inventory.hotfixes-cut")
                .number("listed", facts.updates.listed.unwrap_or_default())
                .with("claimed", facts.updates.claimed.map_or_else(|| "?".to_owned(), |n| n.to_string()));
            self.odd(message, Some(line));
        }
        if let Some(entry) = block.cut {
            self.odd(Message::new("inventory.half-printed").with("text", entry), Some(line));
        }
    }

    /// Addresses are `[01]: 192.0.2.1` inside the block of network cards; link-local ones tell no machine apart.
    fn addresses(&self, from: usize, facts: &mut HostFacts) {
        let blocks = self.rows.iter().skip(from.saturating_sub(1)).filter(|row| lists_addresses(row));
        facts.addresses =
            blocks.flat_map(|row| &row.items).filter_map(|item| address(item)).filter(is_useful).take(256).collect();
    }
}

fn host_name(value: &str) -> Option<String> {
    let name = value.trim();
    let good = name.contains(char::is_alphanumeric)
        && name.chars().count() <= 255
        && !name.contains(|c| never_in_a_name(c) || matches!(c, '[' | ']'));
    good.then(|| name.to_owned())
}

fn is_domain(value: &str) -> bool {
    value.chars().count() <= 255 && !value.contains(|c| never_in_a_name(c) || c == ':')
}

/// `00392-918-5000002-85041`, `76487-OEM-0011903-00102`, `00391-70000-00000-AA281`.
fn is_product_id(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    parts.len() == 4
        && parts.first().is_some_and(|first| first.len() == 5 && first.bytes().all(|b| b.is_ascii_digit()))
        && parts.iter().all(|part| (3..=7).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Absent is the fact "no service pack": `6.3.9600 N/A Build 9600`, `5.1.2600 Build 2600`.
fn service_pack(printed: &str) -> u8 {
    os::service_pack(printed).or_else(|| lone_digit(printed)).unwrap_or(0)
}

/// A translated service pack: one digit by itself between the version and the build.
fn lone_digit(printed: &str) -> Option<u8> {
    let words: Vec<&str> = printed.split_whitespace().collect();
    let between = words.get(1..words.len().saturating_sub(1))?;
    between.iter().find(|word| word.len() == 1 && word.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

fn lists_updates(row: &Row<'_>) -> bool {
    row.items.iter().any(|item| {
        let text = item.split_once(']').map_or("", |(_, text)| text.trim_start_matches([' ', ':', '\u{a0}', '：']));
        text.len() > 5 && text.get(..2) == Some("KB") && text.bytes().skip(2).take(4).all(|b| b.is_ascii_digit())
    })
}

fn lists_addresses(row: &Row<'_>) -> bool {
    row.items.iter().any(|item| address(item).is_some())
}

fn address(item: &str) -> Option<IpAddr> {
    let (_, text) = item.strip_prefix('[')?.split_once(']')?;
    text.trim_start_matches([' ', '\u{a0}', '：']).strip_prefix(':').unwrap_or(text).trim().parse().ok()
}

fn is_useful(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_link_local() && !v4.is_loopback() && !v4.is_unspecified(),
        IpAddr::V6(v6) => !v6.is_unicast_link_local() && !v6.is_loopback() && !v6.is_unspecified(),
    }
}

//! One cell to one fact.

use super::Field;
use crate::limits::Limits;
use crate::scan::Scanned;
use crate::{os, systeminfo};
use model::{Arch, OsBasis, Port, PortStatus, Role};
use std::collections::BTreeSet;

/// The cells that together make the operating system.
#[derive(Default)]
pub struct System {
    name: Option<String>,
    version: Option<String>,
    service_pack: Option<u8>,
    arch: Option<Arch>,
    role: Option<Role>,
}

impl System {
    pub fn finish(self, host: &mut Scanned) {
        let (name, version) = (self.name.as_deref().unwrap_or_default(), self.version.as_deref());
        let facts = &mut host.facts.os;
        if self.name.is_some() || version.is_some() {
            let pack = os::service_pack(name);
            *facts = os::from_name(&without_pack(name), version);
            facts.name = Some(os::collapse(name)).filter(|name| !name.is_empty());
            facts.product =
                facts.product.take().or_else(|| version.and_then(|version| os::from_version(version, None)));
            facts.service_pack = self.service_pack.or(pack);
        } else {
            facts.service_pack = self.service_pack;
        }
        facts.arch = self.arch.or(facts.arch);
        facts.role = self.role;
        if *facts != model::OsFacts::default() {
            facts.basis = OsBasis::Stated;
        }
    }
}

/// Sets the fact; false when the cell was not understood.
pub fn set(field: Field, cell: &str, host: &mut Scanned, system: &mut System, limits: &Limits) -> bool {
    let text = || Some(crate::xml::clip(cell, limits.text_bytes).to_owned());
    let business = &mut host.facts.business;
    match field {
        Field::Name => host.name(cell.trim_end_matches('$')),
        Field::FullName => host.name(cell),
        Field::Address => return addresses(cell, host),
        Field::Mac => host.mac(cell),
        Field::Domain => host.facts.domain = text(),
        Field::Os => system.name = text(),
        Field::Version => system.version = version(cell),
        Field::ServicePack => system.service_pack = os::service_pack(cell).or_else(|| cell.trim().parse().ok()),
        Field::Arch => {
            system.arch = os::arch(cell).or(match cell.trim() {
                "64" => Some(Arch::X64),
                "32" => Some(Arch::X86),
                _ => None,
            })
        }
        Field::Role => system.role = systeminfo::role(cell),
        Field::InstalledUpdates => {
            let ids = updates(cell, limits);
            host.facts.updates.known |= !ids.is_empty();
            host.facts.updates.installed.extend(ids);
        }
        Field::WantedUpdates => host.facts.wanted.extend(updates(cell, limits)),
        Field::OpenPorts => match ports(cell) {
            Some(ports) => ports.into_iter().for_each(|port| host.port(port, PortStatus::Open, None, None, limits)),
            None => return false,
        },
        Field::Group => business.group = text(),
        Field::Zone => business.zone = text(),
        Field::Owner => business.owner = text(),
        Field::Note => business.note = text(),
        Field::Value => business.value = value(cell),
        Field::NeedsPorts => business.needs_ports = ports(cell),
        Field::Alternatives => business.alternatives = ports(cell).unwrap_or_default(),
        Field::PatchConflict => {
            business.conflicting_updates = updates(cell, limits);
            business.patch_conflict = if business.conflicting_updates.is_empty() { yes_or_no(cell) } else { None };
            return business.patch_conflict.is_some() || !business.conflicting_updates.is_empty();
        }
        Field::Online => business.online = yes_or_no(cell),
        Field::Exposed => business.exposed = yes_or_no(cell),
    }
    understood(field, host, system)
}

fn understood(field: Field, host: &Scanned, system: &System) -> bool {
    let business = &host.facts.business;
    match field {
        Field::Version => system.version.is_some(),
        Field::ServicePack => system.service_pack.is_some(),
        Field::Arch => system.arch.is_some(),
        Field::Role => system.role.is_some(),
        Field::Value => business.value.is_some(),
        Field::NeedsPorts => business.needs_ports.is_some(),
        Field::Online => business.online.is_some(),
        Field::Exposed => business.exposed.is_some(),
        Field::Name | Field::FullName => host.facts.name.is_some(),
        Field::Mac => !host.facts.macs.is_empty(),
        _ => true,
    }
}

/// A spreadsheet would run it: starts with `=`, `+`, `-` or `@` and is no number.
pub fn is_formula(cell: &str) -> bool {
    let marked = cell.starts_with(['=', '+', '-', '@']);
    marked && cell.len() > 1 && cell.parse::<f64>().is_err() && !cell.bytes().all(|b| b == b'-')
}

fn addresses(cell: &str, host: &mut Scanned) -> bool {
    let words = cell.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '，' | '；' | '、' | '|'));
    let mut all = true;
    for word in words.filter(|word| !word.is_empty()) {
        match word.split('/').next().unwrap_or_default().parse() {
            Ok(address) => host.address(address),
            Err(_) => all = false,
        }
    }
    all
}

/// `6.1.7601`, or `6.1 (7601)` as a directory prints it.
fn version(cell: &str) -> Option<String> {
    let parts: Vec<&str> = cell.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let [major, minor, build, ..] = parts.as_slice() else { return None };
    let plausible = major.len() <= 2 && minor.len() <= 2 && (3..=5).contains(&build.len());
    plausible.then(|| format!("{major}.{minor}.{build}"))
}

fn updates(cell: &str, limits: &Limits) -> BTreeSet<model::KbId> {
    let words =
        cell.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
    let bare = words.filter_map(|word| word.parse().ok());
    crate::qfe::ids_in(cell).chain(bare).take(limits.updates).collect()
}

/// `445, 139；tcp/3389 135-139 RDP`; a word for "none" is the empty list. `None` when a part is no port.
fn ports(cell: &str) -> Option<BTreeSet<Port>> {
    if NONE.contains(&cell.trim().to_lowercase().as_str()) {
        return Some(BTreeSet::new());
    }
    let mut ports = BTreeSet::new();
    let words = cell.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '，' | '；' | '、' | '|' | '和'));
    for word in words.filter(|word| !word.is_empty()) {
        if let Some((_, number)) = NAMED.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)) {
            ports.insert(Port::tcp(*number));
        } else if let Ok(port) = word.replace(':', "/").parse::<Port>() {
            ports.insert(port);
        } else if let Some((from, to)) = word.split_once('-') {
            let (from, to) = (from.parse::<Port>().ok()?, to.parse::<u16>().ok()?);
            ports.extend((from.number..=to).take(1024).map(|number| Port { number, ..from }));
        } else {
            return None;
        }
    }
    (!ports.is_empty()).then_some(ports)
}

const NONE: &[&str] = &["无", "none", "no", "否", "-", "n/a", "没有", "不需要", "/", "0"];
const NAMED: &[(&str, u16)] = &[
    ("smb", 445),
    ("rdp", 3389),
    ("http", 80),
    ("https", 443),
    ("netbios", 139),
    ("kerberos", 88),
    ("smtp", 25),
    ("imap", 143),
    ("ldap", 389),
    ("ftp", 21),
];

/// 1 to 5, or the words people grade assets with.
fn value(cell: &str) -> Option<u8> {
    let cell = cell.trim().to_lowercase();
    match cell.as_str() {
        "很高" | "极高" | "核心" | "关键" | "critical" | "very high" => Some(5),
        "高" | "重要" | "high" => Some(4),
        "中" | "一般" | "普通" | "medium" | "moderate" | "normal" => Some(3),
        "低" | "次要" | "low" => Some(2),
        "很低" | "极低" | "very low" => Some(1),
        number => number.parse().ok().filter(|number| (1..=5).contains(number)),
    }
}

fn yes_or_no(cell: &str) -> Option<bool> {
    match cell.trim().to_lowercase().as_str() {
        "是" | "有" | "在线" | "冲突" | "存在" | "已暴露" | "暴露" | "√" | "✓" | "yes" | "y" | "true" | "1"
        | "online" | "x" => Some(true),
        "否" | "无" | "离线" | "不冲突" | "不存在" | "未暴露" | "不暴露" | "×" | "no" | "n" | "false" | "0"
        | "offline" | "-" => Some(false),
        _ => None,
    }
}

fn without_pack(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let at = lower
        .find(" service pack")
        .or_else(|| lower.find(" sp").filter(|at| lower.as_bytes().get(at + 3).is_some_and(u8::is_ascii_digit)));
    at.and_then(|at| name.get(..at)).unwrap_or(name).to_owned()
}

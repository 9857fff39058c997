//! What the readers of scanner reports share: a host being built, and how names, addresses and verdicts are read.

use crate::limits::Limits;
use crate::xml::clip;
use crate::{merge, os};
use jiff::Timestamp;
use model::{
    CveId, HostFacts, ImplantSign, Message, Oddity, OsBasis, OsFacts, Port, PortState, PortStatus, ScannerItem,
};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// One host of a report.
#[derive(Default)]
pub struct Scanned {
    pub facts: HostFacts,
    pub observed: Option<Timestamp>,
    pub oddities: Vec<Oddity>,
}

/// The hosts of a report and why reading stopped early, if it did.
#[derive(Default)]
pub struct Report {
    pub hosts: Vec<Scanned>,
    pub oddities: Vec<Oddity>,
}

impl Scanned {
    /// Takes an address, or a name where the report names its target by name.
    pub fn target(&mut self, text: &str) {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            self.address(address);
        } else if !text.is_empty() && self.facts.name.is_none() {
            if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                let message = Message::new("inventory.bad-address").with("text", clip(text, 64));
                self.oddities.push(Oddity { message, line: None });
                self.facts.name = Some(clip(text, 255).to_owned());
            } else {
                self.name(text);
            }
        }
    }

    pub fn address(&mut self, address: IpAddr) {
        if self.facts.addresses.len() < 256 {
            self.facts.addresses.insert(address);
        }
    }

    /// Takes a computer name; a full name is name and domain.
    pub fn name(&mut self, text: &str) {
        let text = text.trim().trim_end_matches('.');
        let usable = !text.is_empty()
            && text.len() <= 255
            && text.parse::<IpAddr>().is_err()
            && !text.eq_ignore_ascii_case("localhost")
            && !text.contains(|c: char| c.is_whitespace() || never_in_a_name(c));
        let (name, domain) = text.split_once('.').unwrap_or((text, ""));
        if !usable || name.is_empty() {
            return;
        }
        if self.facts.name.is_none() {
            self.facts.name = Some(name.to_owned());
        }
        if self.facts.name.as_deref().is_some_and(|kept| kept.eq_ignore_ascii_case(name)) && !domain.is_empty() {
            self.facts.domain.get_or_insert_with(|| domain.to_owned());
        }
    }

    pub fn mac(&mut self, text: &str) {
        if let Some(mac) = mac(text)
            && self.facts.macs.len() < 64
        {
            self.facts.macs.insert(mac);
        }
    }

    pub fn port(
        &mut self,
        port: Port,
        status: PortStatus,
        service: Option<&str>,
        product: Option<&str>,
        limits: &Limits,
    ) {
        if self.facts.ports.len() >= limits.ports && !self.facts.ports.contains_key(&port) {
            return;
        }
        let keep = |text: Option<&str>| text.map(|text| clip(text, limits.text_bytes).to_owned());
        let state = self.facts.ports.entry(port).or_insert(PortState { status, service: None, product: None });
        state.service = state.service.take().or(keep(service));
        state.product = state.product.take().or(keep(product));
    }

    pub fn item(&mut self, item: ScannerItem, limits: &Limits) {
        if self.facts.scanner.len() < limits.items {
            self.facts.scanner.push(item);
        }
    }

    /// DoublePulsar answers on the wire; scanners that ask for it say so in a title.
    pub fn doublepulsar(&mut self, evidence: &str, limits: &Limits) {
        let evidence = clip(evidence.trim(), limits.text_bytes).to_owned();
        self.facts.implants.push(ImplantSign { weapon: "doublepulsar".into(), evidence });
    }

    /// Takes the operating system by its name; a statement replaces a guess.
    pub fn system(&mut self, name: &str, basis: OsBasis) {
        if basis < self.facts.os.basis || (basis == self.facts.os.basis && self.facts.os.name.is_some()) {
            return;
        }
        let kept = std::mem::take(&mut self.facts.os);
        self.facts.os = system(name, basis);
        self.facts.os.arch = self.facts.os.arch.or(kept.arch);
    }
}

/// A system by a scanner's name for it. Of several possible products none is taken: a wrong guess helps nobody.
fn system(name: &str, basis: OsBasis) -> OsFacts {
    let name = os::collapse(clip(name, 512));
    let mut facts = OsFacts { name: Some(name.clone()), basis, ..OsFacts::default() };
    let several =
        [" or ", " - ", " / ", "|"].iter().any(|mark| name.contains(mark)) || name.matches("Windows").count() > 1;
    if several || !name.to_ascii_lowercase().contains("windows") {
        return facts;
    }
    let build = name
        .split_whitespace()
        .find_map(|word| word.parse::<u32>().ok().filter(|n| VERSIONS.iter().any(|(b, _)| b == n)));
    let version =
        build.and_then(|build| VERSIONS.iter().find(|(known, _)| *known == build).map(|(_, version)| *version));
    let plain: Vec<&str> =
        name.split_whitespace().filter(|word| build.is_none_or(|build| **word != build.to_string())).collect();
    let service_pack = os::service_pack(&name);
    let plain = without_service_pack(&plain.join(" "));
    let read = os::from_name(&plain, version);
    facts.product = read.product;
    facts.family = read.family;
    facts.edition = read.edition.filter(|_| basis == OsBasis::Stated || build.is_some());
    facts.version = read.version;
    facts.build = read.build;
    facts.arch = read.arch;
    facts.r2 = read.r2;
    facts.service_pack = service_pack;
    facts
}

fn without_service_pack(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let at = lower
        .find(" service pack")
        .or_else(|| lower.find(" sp").filter(|at| lower.as_bytes().get(at + 3).is_some_and(u8::is_ascii_digit)));
    at.and_then(|at| name.get(..at)).unwrap_or(name).to_owned()
}

/// Builds that SMB and RDP print beside the name.
const VERSIONS: &[(u32, &str)] = &[
    (2195, "5.0.2195"),
    (2600, "5.1.2600"),
    (3790, "5.2.3790"),
    (6000, "6.0.6000"),
    (6001, "6.0.6001"),
    (6002, "6.0.6002"),
    (6003, "6.0.6003"),
    (7600, "6.1.7600"),
    (7601, "6.1.7601"),
    (9200, "6.2.9200"),
    (9600, "6.3.9600"),
    (10240, "10.0.10240"),
    (10586, "10.0.10586"),
    (14393, "10.0.14393"),
    (15063, "10.0.15063"),
    (16299, "10.0.16299"),
    (17134, "10.0.17134"),
    (17763, "10.0.17763"),
    (18362, "10.0.18362"),
    (18363, "10.0.18363"),
    (19041, "10.0.19041"),
    (19042, "10.0.19042"),
    (19043, "10.0.19043"),
    (19044, "10.0.19044"),
    (19045, "10.0.19045"),
    (20348, "10.0.20348"),
    (22000, "10.0.22000"),
    (22621, "10.0.22621"),
    (22631, "10.0.22631"),
    (26100, "10.0.26100"),
];

/// What no machine is called: separators of paths, control codes, and marks that nobody sees or that turn the reading
/// order, by which one name passes for another.
pub fn never_in_a_name(c: char) -> bool {
    let unseen = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    unseen || c.is_control() || matches!(c, '\\' | '/')
}

/// True when a name carries the build, so that the host itself must have said it.
pub fn names_build(name: &str) -> bool {
    name.split_whitespace().any(|word| word.parse::<u32>().is_ok_and(|n| VERSIONS.iter().any(|(build, _)| *build == n)))
}

/// Lower case with colons; `None` for what is no hardware address.
pub fn mac(text: &str) -> Option<String> {
    let hex: String = text.trim().chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    let good = hex.len() == 12 && hex.bytes().all(|b| b.is_ascii_hexdigit()) && hex.bytes().any(|b| b != b'0');
    let pairs = hex.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    good.then(|| pairs.collect::<Vec<_>>().join(":").to_lowercase())
}

/// Every CVE id in a text.
pub fn cves(text: &str) -> BTreeSet<CveId> {
    let upper = text.to_ascii_uppercase();
    let ids = upper.match_indices("CVE-").filter_map(|(at, _)| {
        let rest = upper.get(at..)?;
        let end = rest.bytes().skip(4).position(|b| !(b.is_ascii_digit() || b == b'-')).map_or(rest.len(), |n| n + 4);
        rest.get(..end)?.trim_end_matches('-').parse().ok()
    });
    ids.take(512).collect()
}

/// Updates in the output of a plugin.
pub fn updates(text: &str) -> BTreeSet<model::KbId> {
    crate::qfe::ids_in(text).take(20_000).collect()
}

/// Name for an item whose title the report leaves out.
pub fn title(text: &str, fallback: &str, limits: &Limits) -> String {
    let text = os::collapse(clip(text, limits.text_bytes));
    if text.is_empty() { merge::file_name(fallback) } else { text }
}

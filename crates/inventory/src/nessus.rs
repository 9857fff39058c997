//! Nessus reports, `.nessus` version 2: host properties, findings, and the updates and programs an authenticated scan
//! lists.

use crate::limits::Limits;
use crate::os;
use crate::scan::{Report, Scanned, cves, names_build, title, updates};
use crate::xml::{Element, Node, Xml};
use jiff::Timestamp;
use model::{Oddity, OsBasis, Port, PortStatus, ScannerItem, Severity, Software, Transport};

/// Reads a report.
pub fn read(text: &str, limits: &Limits) -> Report {
    let mut reader = Reader {
        limits,
        report: Report::default(),
        host: None,
        item: None,
        tag: None,
        field: String::new(),
        value: String::new(),
    };
    let mut xml = Xml::new(text, limits);
    for node in xml.by_ref() {
        match node {
            Node::Open(element) => reader.open(&element),
            Node::Close(name) => reader.close(&name),
            Node::Text(text) if reader.value.len() < limits.line_bytes => reader.value.push_str(&text),
            Node::Text(_) => {}
        }
        if reader.report.hosts.len() >= limits.hosts {
            break;
        }
    }
    if let Some((message, line)) = xml.stopped.take() {
        reader.report.oddities.push(Oddity { message, line: Some(line) });
        // A cut-off report still says what it says of its last host.
        reader.close("ReportHost");
    }
    reader.report
}

struct Reader<'a> {
    limits: &'a Limits,
    report: Report,
    host: Option<Host>,
    item: Option<Item>,
    tag: Option<String>,
    field: String,
    value: String,
}

#[derive(Default)]
struct Host {
    scanned: Scanned,
    authenticated: bool,
    system: Option<String>,
}

#[derive(Default)]
struct Item {
    plugin: String,
    name: String,
    severity: u8,
    port: Option<Port>,
    service: Option<String>,
    cves: String,
    output: String,
}

impl Reader<'_> {
    fn open(&mut self, element: &Element) {
        self.value.clear();
        match element.name.as_str() {
            "ReportHost" => {
                let mut host = Host::default();
                host.scanned.target(element.get("name").unwrap_or_default());
                self.host = Some(host);
            }
            "tag" => self.tag = element.get("name").map(str::to_owned),
            "ReportItem" => self.item = Some(item(element)),
            name => self.field = name.to_owned(),
        }
    }

    fn close(&mut self, name: &str) {
        let value = std::mem::take(&mut self.value);
        match name {
            "tag" => {
                if let (Some(tag), Some(host)) = (self.tag.take(), &mut self.host) {
                    property(&tag, value.trim(), host);
                }
            }
            "ReportItem" => {
                if let (Some(item), Some(host)) = (self.item.take(), &mut self.host) {
                    finding(item, &mut host.scanned, self.limits);
                }
            }
            "ReportHost" => {
                if let Some(mut host) = self.host.take() {
                    system(&mut host);
                    self.report.hosts.push(host.scanned);
                }
            }
            field => {
                if let Some(item) = &mut self.item
                    && self.field == field
                {
                    match field {
                        "cve" => item.cves.push_str(&format!("{} ", value.trim())),
                        "plugin_output" => item.output = value,
                        _ => {}
                    }
                }
            }
        }
    }
}

fn property(tag: &str, value: &str, host: &mut Host) {
    match tag {
        "host-ip" => value.parse().into_iter().for_each(|address| host.scanned.address(address)),
        "netbios-name" => {
            // What the machine calls itself beats the target's name.
            let name = value.rsplit('\\').next().unwrap_or_default().trim();
            let odd = |c: char| c.is_whitespace() || crate::scan::never_in_a_name(c);
            if !name.is_empty() && name.len() <= 255 && !name.contains(odd) {
                let same = host.scanned.facts.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name));
                if !same {
                    host.scanned.facts.name = Some(name.to_owned());
                }
            }
        }
        "host-fqdn" | "hostname" | "host-rdns" => host.scanned.name(value),
        "mac-address" => value.split_whitespace().for_each(|mac| host.scanned.mac(mac)),
        "operating-system" => {
            host.system = value.lines().next().map(str::to_owned).filter(|_| value.lines().count() == 1)
        }
        "Credentialed_Scan" => host.authenticated = value == "true",
        "HOST_END_TIMESTAMP" => {
            host.scanned.observed = value.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok())
        }
        _ => {}
    }
}

/// Without credentials the name is Nessus' guess from what it saw on the network; what the host said of itself over
/// SMB (plugin 10785) then tells more, and the report's name is only what is shown.
fn system(host: &mut Host) {
    let Some(name) = host.system.take() else { return };
    host.scanned.system(&name, if host.authenticated { OsBasis::Stated } else { OsBasis::Guessed });
    host.scanned.facts.os.name = Some(os::collapse(&name));
}

fn item(element: &Element) -> Item {
    let number = element.get("port").and_then(|port| port.parse().ok()).filter(|number| *number > 0);
    let transport = match element.get("protocol") {
        Some("tcp") => Some(Transport::Tcp),
        Some("udp") => Some(Transport::Udp),
        Some("sctp") => Some(Transport::Sctp),
        _ => None,
    };
    Item {
        plugin: element.get("pluginID").unwrap_or_default().to_owned(),
        name: element.get("pluginName").unwrap_or_default().to_owned(),
        severity: element.get("severity").and_then(|text| text.parse().ok()).unwrap_or(0),
        port: transport.zip(number).map(|(transport, number)| Port { transport, number }),
        service: element.get("svc_name").map(|name| name.trim_end_matches('?').to_owned()),
        ..Item::default()
    }
}

fn finding(item: Item, host: &mut Scanned, limits: &Limits) {
    if let Some(port) = item.port {
        host.port(port, PortStatus::Open, item.service.as_deref(), None, limits);
    }
    plugin(&item, host, limits);
    let severity = match item.severity {
        0 => Severity::Info,
        1 => Severity::Low,
        2 => Severity::Moderate,
        3 => Severity::Important,
        _ => Severity::Critical,
    };
    let scanner = ScannerItem {
        check: format!("nessus:{}", item.plugin),
        title: title(&item.name, &item.plugin, limits),
        severity: Some(severity),
        cves: cves(&item.cves),
        port: item.port,
        vulnerable: (item.severity > 0).then_some(true),
    };
    host.item(scanner, limits);
}

/// Plugins whose output is a list of facts.
fn plugin(item: &Item, host: &mut Scanned, limits: &Limits) {
    match item.plugin.as_str() {
        // Microsoft Windows SMB NativeLanManager Remote System Information Disclosure
        "10785" => {
            let name = item.output.lines().find_map(|line| line.split_once("Operating System is :"));
            if let Some((_, name)) = name {
                let basis = if names_build(name) { OsBasis::Stated } else { OsBasis::Guessed };
                host.system(name, basis);
            }
        }
        // Microsoft Windows Installed Software Enumeration (credentialed check)
        "20811" => host
            .facts
            .software
            .get_or_insert_default()
            .extend(item.output.lines().filter_map(program).take(limits.software)),
        // SMB Quick Fix Engineering enumeration: the same list as `wmic qfe`, whole
        "62042" => installed(item, host, true),
        // Installed hotfixes from the registry; security rollups: what they show is there, what they lack may be too
        "13855" | "93962" => installed(item, host, false),
        // Summary of missing patches; patch report
        "38153" | "66334" => host.facts.wanted.extend(updates(&item.output)),
        // SMB protocol version 1 enabled (uncredentialed, credentialed)
        "96982" | "100464" => host.facts.smb1 = Some(true),
        // OS version and processor architecture
        "48942" => {
            host.facts.os.arch = host
                .facts
                .os
                .arch
                .or_else(|| item.output.lines().filter(|line| line.contains("rchitecture")).find_map(os::arch));
        }
        _ => {}
    }
    if item.name.to_ascii_uppercase().contains("DOUBLEPULSAR") {
        host.doublepulsar(&format!("nessus:{}: {}", item.plugin, item.name), limits);
    }
}

fn installed(item: &Item, host: &mut Scanned, complete: bool) {
    let list = &mut host.facts.updates;
    list.known = true;
    list.complete |= complete;
    list.installed.extend(updates(&item.output));
    list.listed = Some(list.installed.len() as u32);
}

/// `  Name  [version 1.2]  [installed on 2019/03/05]`
fn program(line: &str) -> Option<Software> {
    let (name, rest) = line.trim().split_once("  [version ")?;
    let version = rest.split(']').next().map(str::trim).filter(|version| !version.is_empty()).map(str::to_owned);
    Some(Software { name: name.trim().to_owned(), version })
}

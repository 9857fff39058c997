//! OpenVAS and Greenbone reports in their own XML format: results by host, and the details of each host.

use crate::limits::Limits;
use crate::scan::{Report, Scanned, cves, title};
use crate::xml::{Element, Node, Xml};
use model::{Oddity, OsBasis, Port, PortStatus, ScannerItem, Severity};
use std::collections::HashMap;

/// Reads a report; `hosts` of it are in the order in which they first appear.
pub fn read(text: &str, limits: &Limits) -> Report {
    let mut reader = Reader {
        limits,
        hosts: Vec::new(),
        places: HashMap::new(),
        path: Vec::new(),
        result: None,
        detail: None,
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
    }
    let mut report = Report { hosts: reader.hosts, oddities: Vec::new() };
    if let Some((message, line)) = xml.stopped.take() {
        report.oddities.push(Oddity { message, line: Some(line) });
    }
    report
}

struct Reader<'a> {
    limits: &'a Limits,
    hosts: Vec<Scanned>,
    places: HashMap<String, usize>,
    path: Vec<String>,
    result: Option<Finding>,
    detail: Option<Detail>,
    value: String,
}

#[derive(Default)]
struct Finding {
    host: String,
    hostname: String,
    port: String,
    oid: String,
    name: String,
    title: String,
    threat: String,
    severity: String,
    cves: String,
}

/// A `host` of the report proper, not of a result.
#[derive(Default)]
struct Detail {
    ip: String,
    name: String,
    value: String,
}

impl Reader<'_> {
    fn open(&mut self, element: &Element) {
        self.take_host_text();
        self.value.clear();
        match element.name.as_str() {
            "result" if self.result.is_none() => self.result = Some(Finding::default()),
            "host" if self.result.is_none() => self.detail = Some(Detail::default()),
            "nvt" => {
                if let Some(finding) = &mut self.result {
                    finding.oid = element.get("oid").unwrap_or_default().to_owned();
                }
            }
            "ref" => {
                if let (Some(finding), Some("cve" | "CVE")) = (&mut self.result, element.get("type")) {
                    finding.cves.push_str(&format!("{} ", element.get("id").unwrap_or_default()));
                }
            }
            _ => {}
        }
        self.path.push(element.name.clone());
    }

    /// `<host>192.0.2.1<asset/><hostname>…</hostname></host>`: the text stands before the first child.
    fn take_host_text(&mut self) {
        if self.path.last().is_some_and(|open| open == "host")
            && let Some(finding) = &mut self.result
            && finding.host.is_empty()
        {
            finding.host = self.value.trim().to_owned();
        }
    }

    fn close(&mut self, name: &str) {
        self.path.pop();
        let value = std::mem::take(&mut self.value);
        let value = value.trim();
        let parent = self.path.last().map(String::as_str).unwrap_or_default();
        if name == "result" {
            if let Some(finding) = self.result.take() {
                self.finding(finding);
            }
        } else if let Some(finding) = &mut self.result {
            match (parent, name) {
                ("result", "host") if finding.host.is_empty() => finding.host = value.to_owned(),
                ("host", "hostname") => finding.hostname = value.to_owned(),
                ("result", "port") => finding.port = value.to_owned(),
                ("result", "name") => finding.name = value.to_owned(),
                ("nvt", "name") => finding.title = value.to_owned(),
                ("result", "threat") => finding.threat = value.to_owned(),
                ("result", "severity") => finding.severity = value.to_owned(),
                ("nvt", "cve") => finding.cves.push_str(&format!("{value} ")),
                _ => {}
            }
        } else if let Some(detail) = &mut self.detail {
            match (parent, name) {
                ("host", "ip") => detail.ip = value.to_owned(),
                ("detail", "name") => detail.name = value.to_owned(),
                ("detail", "value") => detail.value = value.to_owned(),
                ("host", "detail") => self.host_detail(),
                (_, "host") => self.detail = None,
                _ => {}
            }
        }
    }

    fn host(&mut self, target: &str) -> Option<&mut Scanned> {
        let target = target.trim();
        if target.is_empty() {
            return None;
        }
        let place = match self.places.get(target) {
            Some(place) => *place,
            None if self.hosts.len() >= self.limits.hosts => return None,
            None => {
                let mut scanned = Scanned::default();
                scanned.target(target);
                self.hosts.push(scanned);
                self.places.insert(target.to_owned(), self.hosts.len() - 1);
                self.hosts.len() - 1
            }
        };
        self.hosts.get_mut(place)
    }

    fn host_detail(&mut self) {
        let Some(detail) = &mut self.detail else { return };
        let (name, value) = (std::mem::take(&mut detail.name), std::mem::take(&mut detail.value));
        let ip = detail.ip.clone();
        let Some(host) = self.host(&ip) else { return };
        match name.as_str() {
            "best_os_txt" | "OS" if !value.starts_with("cpe:") => host.system(&value, OsBasis::Guessed),
            "hostname" | "SMB-HOST" => host.name(&value),
            "MAC" => host.mac(&value),
            _ => {}
        }
    }

    fn finding(&mut self, finding: Finding) {
        let limits = self.limits;
        let Some(host) = self.host(&finding.host) else { return };
        host.name(&finding.hostname);
        let port = finding
            .port
            .split_whitespace()
            .next()
            .and_then(|port| port.parse::<Port>().ok())
            .filter(|_| finding.port.contains('/'));
        if let Some(port) = port {
            host.port(port, PortStatus::Open, None, None, limits);
        }
        let titled = if finding.title.is_empty() { &finding.name } else { &finding.title };
        if titled.to_ascii_lowercase().replace(' ', "").contains("doublepulsar") {
            host.doublepulsar(&format!("openvas:{}: {titled}", finding.oid), limits);
        }
        let severity = severity(&finding.threat, &finding.severity);
        let item = ScannerItem {
            check: format!("openvas:{}", finding.oid),
            title: title(titled, &finding.oid, limits),
            severity,
            cves: cves(&finding.cves),
            port,
            vulnerable: severity.is_some_and(|severity| severity > Severity::Info).then_some(true),
        };
        host.item(item, limits);
    }
}

/// The report's word where it has one, else its number (CVSS).
fn severity(threat: &str, number: &str) -> Option<Severity> {
    match threat {
        "Critical" => return Some(Severity::Critical),
        "High" => return Some(Severity::Important),
        "Medium" => return Some(Severity::Moderate),
        "Low" => return Some(Severity::Low),
        "Log" | "Debug" | "False Positive" => return Some(Severity::Info),
        _ => {}
    }
    let number: f32 = number.parse().ok()?;
    Some(match number {
        n if n >= 9.0 => Severity::Critical,
        n if n >= 7.0 => Severity::Important,
        n if n >= 4.0 => Severity::Moderate,
        n if n > 0.0 => Severity::Low,
        _ => Severity::Info,
    })
}

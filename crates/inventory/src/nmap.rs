//! nmap's XML output: ports, a guess of the system, and what its SMB and RDP scripts were told.
//!
//! `osmatch` is a guess. What `smb-os-discovery` or an NTLM exchange prints with a build number was said by the host
//! itself and counts as stated.

use crate::limits::Limits;
use crate::os;
use crate::scan::{Report, Scanned, cves, names_build, title};
use crate::xml::{Element, Node, Xml};
use jiff::Timestamp;
use model::{Oddity, OsBasis, Port, PortStatus, ScannerItem, Severity, Transport};

/// Reads a report; hosts that did not answer are left out.
pub fn read(text: &str, limits: &Limits) -> Report {
    let mut reader = Reader {
        limits,
        report: Report::default(),
        host: None,
        port: None,
        script: None,
        key: Vec::new(),
        scanned: Vec::new(),
        started: None,
    };
    let mut xml = Xml::new(text, limits);
    for node in xml.by_ref() {
        match node {
            Node::Open(element) => reader.open(&element),
            Node::Close(name) => reader.close(&name),
            Node::Text(text) => reader.text(&text),
        }
        if reader.report.hosts.len() >= limits.hosts {
            break;
        }
    }
    if let Some((message, line)) = xml.stopped.take() {
        reader.report.oddities.push(Oddity { message, line: Some(line) });
    }
    reader.report
}

struct Reader<'a> {
    limits: &'a Limits,
    report: Report,
    host: Option<Target>,
    port: Option<PortBuilder>,
    script: Option<Script>,
    /// Keys of the open `table` and `elem` elements of a script.
    key: Vec<String>,
    /// What `scaninfo` says was scanned.
    scanned: Vec<(Transport, String)>,
    started: Option<Timestamp>,
}

#[derive(Default)]
struct Target {
    scanned: Scanned,
    up: bool,
    best_accuracy: u32,
    /// States of the ports that are only counted.
    others: Vec<PortStatus>,
}

struct PortBuilder {
    port: Port,
    status: Option<PortStatus>,
    service: Option<String>,
    product: Option<String>,
}

#[derive(Default)]
struct Script {
    id: String,
    output: String,
    /// Key path and value of each `elem`.
    values: Vec<(String, String)>,
}

impl Reader<'_> {
    fn open(&mut self, element: &Element) {
        match element.name.as_str() {
            "nmaprun" => self.started = element.get("start").and_then(seconds),
            "scaninfo" => {
                if let (Some(transport), Some(services)) =
                    (element.get("protocol").and_then(transport), element.get("services"))
                {
                    self.scanned.push((transport, services.to_owned()));
                }
            }
            "host" => {
                let mut target = Target { up: true, ..Target::default() };
                target.scanned.observed = element.get("endtime").and_then(seconds).or(self.started);
                self.host = Some(target);
            }
            "port" => {
                self.port = port(element).map(|port| PortBuilder { port, status: None, service: None, product: None })
            }
            "state" => {
                if let Some(port) = &mut self.port {
                    port.status = element.get("state").and_then(status);
                }
            }
            "service" => self.service(element),
            "script" => {
                let of = |name| element.get(name).unwrap_or_default().to_owned();
                self.script = Some(Script { id: of("id"), output: of("output"), ..Script::default() });
                self.key.clear();
            }
            "table" | "elem" => self.key.push(element.get("key").unwrap_or_default().to_owned()),
            _ => self.host_element(element),
        }
    }

    fn host_element(&mut self, element: &Element) {
        let Some(host) = &mut self.host else { return };
        match element.name.as_str() {
            "status" => host.up = element.get("state") != Some("down"),
            "address" => match element.get("addrtype") {
                Some("mac") => host.scanned.mac(element.get("addr").unwrap_or_default()),
                _ => host.scanned.target(element.get("addr").unwrap_or_default()),
            },
            "hostname" => host.scanned.name(element.get("name").unwrap_or_default()),
            "extraports" => host.others.extend(element.get("state").and_then(status)),
            "osmatch" => {
                let accuracy = element.get("accuracy").and_then(|text| text.parse().ok()).unwrap_or(0);
                if accuracy > host.best_accuracy {
                    host.best_accuracy = accuracy;
                    if host.scanned.facts.os.basis <= OsBasis::Guessed {
                        host.scanned.facts.os = Default::default();
                        host.scanned.system(element.get("name").unwrap_or_default(), OsBasis::Guessed);
                    }
                }
            }
            _ => {}
        }
    }

    fn service(&mut self, element: &Element) {
        let Some(port) = &mut self.port else { return };
        port.service = element.get("name").map(str::to_owned);
        let product =
            [element.get("product"), element.get("version")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        port.product = Some(product).filter(|product| !product.is_empty());
    }

    fn text(&mut self, text: &str) {
        if let (Some(script), false) = (&mut self.script, self.key.is_empty())
            && !text.trim().is_empty()
            && script.values.len() < 256
        {
            script.values.push((self.key.join("."), text.trim().to_owned()));
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "table" | "elem" => drop(self.key.pop()),
            "script" => {
                if let (Some(script), Some(host)) = (self.script.take(), &mut self.host) {
                    apply(script, self.port.as_ref().map(|port| port.port), &mut host.scanned, self.limits);
                }
            }
            "port" => {
                if let (Some(port), Some(host)) = (self.port.take(), &mut self.host)
                    && let Some(status) = port.status
                {
                    host.scanned.port(port.port, status, port.service.as_deref(), port.product.as_deref(), self.limits);
                }
            }
            "host" => {
                if let Some(mut host) = self.host.take().filter(|host| host.up) {
                    uncounted(&mut host, &self.scanned, self.limits);
                    self.report.hosts.push(host.scanned);
                }
            }
            _ => {}
        }
    }
}

/// Ports that decide whether a weapon can come in.
const NOTABLE: &[u16] = &[25, 80, 88, 110, 135, 139, 143, 389, 443, 445, 465, 593, 636, 1433, 3268, 3389, 5985];

/// nmap only counts the uninteresting ports (`extraports`). With one kind of scan and one state, each of them has it.
fn uncounted(host: &mut Target, scanned: &[(Transport, String)], limits: &Limits) {
    let ([status], [(transport, services)]) = (host.others.as_slice(), scanned) else { return };
    for &number in NOTABLE.iter().filter(|number| in_ranges(services, **number)) {
        let port = Port { transport: *transport, number };
        if !host.scanned.facts.ports.contains_key(&port) {
            host.scanned.port(port, *status, None, None, limits);
        }
    }
}

/// `1,3-4,6-7`
fn in_ranges(ranges: &str, number: u16) -> bool {
    ranges.split(',').any(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        matches!((from.trim().parse::<u16>(), to.trim().parse::<u16>()), (Ok(from), Ok(to)) if (from..=to).contains(&number))
    })
}

fn apply(script: Script, port: Option<Port>, host: &mut Scanned, limits: &Limits) {
    let get = |key: &str| script.values.iter().find(|(path, _)| path == key).map(|(_, value)| value.as_str());
    match script.id.as_str() {
        "smb-os-discovery" => {
            for key in ["fqdn", "server"] {
                host.name(get(key).unwrap_or_default().trim_end_matches("\\x00"));
            }
            let domain = get("domain_dns").or(get("workgroup")).or(get("domain"));
            host.facts.domain =
                host.facts.domain.take().or(domain.map(|text| text.trim_end_matches("\\x00").to_owned()));
            let name = get("os").map(str::to_owned).or_else(|| line_value(&script.output, "OS:"));
            if let Some(name) = name {
                // "Windows 7 Professional 7601 Service Pack 1 (Windows 7 Professional 6.1)"
                let name = name.split(" (").next().unwrap_or_default().to_owned();
                let basis = if names_build(&name) { OsBasis::Stated } else { OsBasis::Guessed };
                host.system(&name, basis);
                // The script speaks SMB1 only.
                host.facts.smb1 = Some(true);
            }
        }
        "smb-protocols"
            if script.output.contains("dialects")
                || script.values.iter().any(|(path, _)| path.starts_with("dialects")) =>
        {
            host.facts.smb1 = Some(script.output.contains("NT LM 0.12") || script.output.contains("SMBv1"));
        }
        "rdp-ntlm-info" | "http-ntlm-info" | "smb-ntlm-info" | "ms-sql-ntlm-info" | "smtp-ntlm-info"
        | "imap-ntlm-info" => {
            let value =
                |key: &str| get(key).map(str::to_owned).or_else(|| line_value(&script.output, &format!("{key}:")));
            for key in ["DNS_Computer_Name", "NetBIOS_Computer_Name"] {
                host.name(&value(key).unwrap_or_default());
            }
            if let Some(version) = value("Product_Version").filter(|version| os::build_of(version).is_some()) {
                stated_version(&version, host);
            }
        }
        "nbstat" => {
            if let Some(name) = line_value(&script.output, "NetBIOS name:") {
                host.name(name.split(',').next().unwrap_or_default());
            }
        }
        "smb-double-pulsar-backdoor" => {
            if verdict(&script) == Some(true) {
                host.doublepulsar(&format!("nmap:{}: {}", script.id, os::collapse(&script.output)), limits);
            }
            vulnerability(script, port, host, limits);
        }
        id if id.contains("-vuln-") || id.starts_with("smb-vuln") => vulnerability(script, port, host, limits),
        _ => {}
    }
}

/// A version from an NTLM exchange: the host says it of itself, though not whether it is a client or a server.
fn stated_version(version: &str, host: &mut Scanned) {
    let os = &mut host.facts.os;
    if os.basis == OsBasis::Stated && os.build.is_some() {
        return;
    }
    let short: Vec<&str> = version.split('.').take(3).collect();
    let version = short.join(".");
    let product = os::from_version(&version, None);
    let agrees = product.is_some() && product == os.product;
    *os = model::OsFacts {
        name: os.name.take().filter(|_| agrees),
        product,
        build: os::build_of(&version),
        version: Some(version),
        basis: OsBasis::Stated,
        ..Default::default()
    };
}

fn vulnerability(script: Script, port: Option<Port>, host: &mut Scanned, limits: &Limits) {
    let vulnerable = verdict(&script);
    let named = script.values.iter().find(|(path, _)| path.ends_with("title")).map(|(_, value)| value.as_str());
    let text = format!(
        "{} {}",
        script.output,
        script.values.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
    );
    let item = ScannerItem {
        check: format!("nmap:{}", script.id),
        title: title(named.unwrap_or(&script.id), &script.id, limits),
        severity: (vulnerable == Some(true)).then_some(if text.contains("Risk factor: HIGH") {
            Severity::Critical
        } else {
            Severity::Important
        }),
        cves: cves(&text),
        port,
        vulnerable,
    };
    host.item(item, limits);
}

/// `VULNERABLE`, `NOT VULNERABLE`, or no verdict at all (errors, access denied).
fn verdict(script: &Script) -> Option<bool> {
    let state = script.values.iter().find(|(path, _)| path.ends_with("state")).map(|(_, value)| value.to_uppercase());
    let output = script.output.to_uppercase();
    let text = state.unwrap_or(output);
    match () {
        () if text.contains("NOT VULNERABLE") || text.trim() == "FALSE" => Some(false),
        () if text.contains("VULNERABLE") || text.trim() == "TRUE" => Some(true),
        () => None,
    }
}

/// The rest of the line after a word of a script's output.
fn line_value(output: &str, word: &str) -> Option<String> {
    let line = output.lines().find_map(|line| line.split_once(word))?;
    Some(line.1.trim().to_owned()).filter(|value| !value.is_empty())
}

fn seconds(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.parse().ok()?).ok()
}

fn transport(text: &str) -> Option<Transport> {
    match text {
        "tcp" => Some(Transport::Tcp),
        "udp" => Some(Transport::Udp),
        "sctp" => Some(Transport::Sctp),
        _ => None,
    }
}

fn port(element: &Element) -> Option<Port> {
    let number = element.get("portid")?.parse().ok().filter(|number| *number > 0)?;
    Some(Port { transport: transport(element.get("protocol")?)?, number })
}

/// "open|filtered" had no answer; "unfiltered" says nothing of open or closed.
fn status(text: &str) -> Option<PortStatus> {
    match text {
        "open" => Some(PortStatus::Open),
        "closed" => Some(PortStatus::Closed),
        "filtered" | "open|filtered" | "closed|filtered" => Some(PortStatus::Filtered),
        _ => None,
    }
}

//! What stands on the disk, whether the machine runs or not: the system, accounts, certificates, containers, units.

use super::processes::Processes;
use super::{FILE_BYTES_MAX, Look};
use inventory::linux::{Container, Unit, UnitState, accounts, certificate, containers, os_release, units};
use std::collections::{BTreeMap, BTreeSet};

/// Accounts and groups of a machine.
const ACCOUNT_BYTES_MAX: usize = 32 << 20;
/// A file of certificates; larger ones are bundles of authorities.
const CERTIFICATE_BYTES_MAX: usize = 256 << 10;
const CERTIFICATES_MAX: usize = 5_000;
/// Folders below a folder of certificates that are looked into.
const CERTIFICATE_DEPTH_MAX: usize = 3;
const UNITS_MAX: usize = 10_000;
const CONTAINERS_MAX: usize = 10_000;

pub fn system(look: &mut Look) {
    let path = ["etc/os-release", "usr/lib/os-release"].into_iter().find(|path| look.root.size(path).is_some());
    let path = path.unwrap_or("etc/os-release");
    if let Some(bytes) = look.needed(path, FILE_BYTES_MAX) {
        look.document.os = look.value(path, os_release::read(&bytes));
    }
    look.document.name = look.line(if look.document.offline { "etc/hostname" } else { "proc/sys/kernel/hostname" });
    let modules = ["usr/lib/modules", "lib/modules"].map(|path| look.names(path)).concat();
    look.document.kernel.installed = modules.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
}

pub fn accounts(look: &mut Look) {
    let Some(passwd) = look.needed("etc/passwd", ACCOUNT_BYTES_MAX) else { return };
    let shadow = look.needed("etc/shadow", ACCOUNT_BYTES_MAX);
    look.document.accounts = Some(look.value("etc/passwd", accounts::read(&passwd, shadow.as_deref())));
    if let Some(group) = look.needed("etc/group", ACCOUNT_BYTES_MAX) {
        look.document.groups = Some(look.value("etc/group", accounts::groups(&group)));
    }
}

/// Where administrators put certificates of their own. Files of the distribution's authorities are left out: a link among
/// them leads to where packages put them.
const CERTIFICATES: &[&str] = &[
    "etc/ssl",
    "etc/pki/tls/certs",
    "etc/pki/ca-trust/source/anchors",
    "etc/pki/trust/anchors",
    "etc/letsencrypt/live",
    "usr/local/share/ca-certificates",
    "etc/nginx",
    "etc/httpd",
    "etc/apache2",
    "etc/haproxy",
    "etc/postfix",
    "etc/dovecot",
    "etc/openvpn",
    "etc/ipsec.d/certs",
    "etc/kubernetes/pki",
    "etc/docker/certs.d",
];

const LINKED: &str = "etc/letsencrypt/live";

/// Authorities of the distribution in one file.
const BUNDLES: &[&str] = &["ca-certificates.crt", "ca-bundle.crt", "ca-bundle.trust.crt", "tls-ca-bundle.pem"];

pub fn certificates(look: &mut Look) {
    let mut found = Vec::new();
    for folder in CERTIFICATES {
        of_folder(look, folder, CERTIFICATE_DEPTH_MAX, &mut found);
    }
    look.document.certificates = Some(found);
}

fn of_folder(look: &mut Look, folder: &str, depth_left: usize, found: &mut Vec<inventory::linux::Certificate>) {
    for name in look.names(folder) {
        let path = format!("{folder}/{name}");
        if found.len() >= CERTIFICATES_MAX || look.is_late(&path) {
            return;
        }
        // What is linked stands elsewhere under its own name, but for the one that is in use of many that were.
        let own = folder.starts_with(LINKED) || look.root.link(&path).is_none();
        let lower = name.to_ascii_lowercase();
        match lower.rsplit_once('.').map(|(_, ending)| ending) {
            // Keys are nobody's business.
            _ if lower.contains("key") => {}
            Some("pem" | "crt" | "cer" | "der") if own => {
                let is_bundle = BUNDLES.contains(&name.as_str());
                if is_bundle || look.root.size(&path).is_none_or(|bytes| bytes > CERTIFICATE_BYTES_MAX as u64) {
                    continue;
                }
                if let Some(bytes) = look.file(&path, CERTIFICATE_BYTES_MAX) {
                    found.extend(look.value(&path, certificate::read(&format!("/{path}"), &bytes)));
                }
            }
            Some("conf" | "cnf") => {}
            _ if depth_left > 0 && own && look.root.is_folder(&path) => {
                of_folder(look, &path, depth_left - 1, found);
            }
            _ => {}
        }
    }
}

const DOCKER: &str = "var/lib/docker/containers";
const PODMAN: &str = "var/lib/containers/storage/overlay-containers/containers.json";

/// Those that the engines keep. Which of them run is told by processes, where there are any.
pub fn containers(look: &mut Look) {
    let mut found: Vec<Container> = Vec::new();
    for id in look.names(DOCKER).into_iter().take(CONTAINERS_MAX) {
        let path = format!("{DOCKER}/{id}/config.v2.json");
        let Some(bytes) = look.file(&path, FILE_BYTES_MAX) else { continue };
        match containers::docker(&bytes) {
            Ok(container) => found.push(container),
            Err(why) => look.gap(&path, why, None),
        }
    }
    if let Some(bytes) = look.file(PODMAN, FILE_BYTES_MAX) {
        match containers::podman(&bytes) {
            Ok(containers) => found.extend(containers),
            Err(why) => look.gap(PODMAN, why, None),
        }
    }
    // What an engine wrote down of a machine that is off is how it was.
    if look.document.offline {
        found.iter_mut().for_each(|container| container.running = None);
    }
    look.document.containers = Some(found);
}

/// Folders of unit files, those that outrank the others first.
const UNITS: &[&str] = &[
    "etc/systemd/system",
    "run/systemd/system",
    "run/systemd/generator",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];
const ENABLED: &str = "etc/systemd/system";

pub fn units(look: &mut Look, processes: Option<&Processes>) {
    if !UNITS.iter().any(|folder| look.root.is_folder(folder)) {
        return;
    }
    let enabled = enabled(look);
    let mut found: BTreeMap<String, Unit> = BTreeMap::new();
    for folder in UNITS {
        for name in look.names(folder) {
            let path = format!("{folder}/{name}");
            let kind = [".service", ".socket", ".timer"].iter().any(|end| name.ends_with(end));
            if !kind || found.contains_key(&name) || found.len() >= UNITS_MAX || look.is_late(&path) {
                continue;
            }
            if let Some(mut unit) = unit(look, &path, &name, enabled.contains(&name)) {
                unit.running = processes.and_then(|processes| processes.runs(&name));
                found.insert(name, unit);
            }
        }
    }
    look.document.units = Some(found.into_values().collect());
}

/// None for a further name of another unit.
fn unit(look: &mut Look, path: &str, name: &str, is_enabled: bool) -> Option<Unit> {
    let mut unit = Unit { name: name.to_owned(), ..Unit::default() };
    let target = look.root.link(path);
    if target.as_deref() == Some("/dev/null") || look.root.size(path) == Some(0) {
        unit.state = UnitState::Masked;
        return Some(unit);
    }
    if target.is_some_and(|target| target.rsplit('/').next() != Some(name)) {
        return None;
    }
    let bytes = look.file(path, FILE_BYTES_MAX)?;
    let file = look.value(path, units::read(&bytes));
    unit.state = match (is_enabled, file.can_be_enabled) {
        (true, _) => UnitState::Enabled,
        (false, true) => UnitState::Disabled,
        (false, false) => UnitState::Static,
    };
    (unit.description, unit.command, unit.user) = (file.description, file.command, file.user);
    Some(unit)
}

/// What others want or require, as links in folders that are called after them.
fn enabled(look: &mut Look) -> BTreeSet<String> {
    let folders = look.names(ENABLED);
    let wanting = folders.iter().filter(|name| name.ends_with(".wants") || name.ends_with(".requires"));
    let mut enabled: BTreeSet<String> = wanting.flat_map(|name| look.names(&format!("{ENABLED}/{name}"))).collect();
    // A further name of a unit is a way to enable it.
    enabled.extend(folders.iter().filter_map(|name| {
        let target = look.root.link(&format!("{ENABLED}/{name}"))?;
        let target = target.rsplit('/').next()?;
        (target != name).then(|| target.to_owned())
    }));
    enabled
}

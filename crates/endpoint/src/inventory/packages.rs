//! The packages of a machine, whichever of the managers keeps them.

use super::{FILE_BYTES_MAX, Look, RpmList};
use inventory::linux::{Package, apk, dpkg, rpm};
use model::Message;
use std::collections::BTreeMap;

/// The list of dpkg has some ten million bytes on a machine with everything.
const LIST_BYTES_MAX: usize = 128 << 20;
/// The database of rpm holds the name of every file.
const DATABASE_BYTES_MAX: usize = 768 << 20;

const DPKG: &str = "var/lib/dpkg/status";
/// Images without a package manager keep one file a package.
const DPKG_PARTS: &str = "var/lib/dpkg/status.d";
const APK: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];
const RPM: [&str; 2] = ["var/lib/rpm", "usr/lib/sysimage/rpm"];
/// What SUSE has.
const RPM_OF_ITS_OWN: &str = "Packages.db";

pub fn all(look: &mut Look, rpm_list: Option<&RpmList>) {
    let mut found: Option<Vec<Package>> = None;
    let mut add = |packages: Vec<Package>| found.get_or_insert_default().extend(packages);
    if let Some(bytes) = look.file(DPKG, LIST_BYTES_MAX) {
        add(look.value(DPKG, dpkg::read(&bytes)));
    }
    for name in look.names(DPKG_PARTS).iter().filter(|name| !name.contains('.')) {
        let path = format!("{DPKG_PARTS}/{name}");
        if let Some(bytes) = look.file(&path, FILE_BYTES_MAX) {
            add(look.value(&path, dpkg::read(&with_state(&bytes))));
        }
    }
    for path in APK {
        if let Some(bytes) = look.file(path, LIST_BYTES_MAX) {
            add(look.value(path, apk::read(&bytes)));
            break;
        }
    }
    if let Some(list) = rpm_list {
        add(look.value(&list.path.display().to_string(), rpm::list(&list.bytes)));
    } else {
        for folder in RPM {
            if let Some(packages) = of_rpm(look, folder) {
                add(packages);
                break;
            }
        }
    }
    // A disk does not say what it is made for; most of what is installed on it does.
    if look.document.offline {
        look.document.kernel.architecture = found.as_deref().and_then(architecture);
    }
    if found.is_none() {
        look.gap("", Message::new("linux.no-packages"), None);
    }
    look.document.packages = found;
}

/// The architecture of most packages, without those that are for all.
fn architecture(packages: &[Package]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let named = packages.iter().filter_map(|package| package.architecture.as_deref());
    for name in named.filter(|name| !matches!(*name, "all" | "noarch")) {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name.to_owned())
}

/// Packages of such images say nothing of their state, as all are there.
fn with_state(bytes: &[u8]) -> Vec<u8> {
    let mut whole = bytes.trim_ascii_end().to_vec();
    whole.extend_from_slice(b"\nStatus: install ok installed\n");
    whole
}

fn of_rpm(look: &mut Look, folder: &str) -> Option<Vec<Package>> {
    // The second is of Berkeley DB, which was before.
    for name in ["rpmdb.sqlite", "Packages"] {
        let path = format!("{folder}/{name}");
        if let Some(bytes) = look.file(&path, DATABASE_BYTES_MAX) {
            let log =
                look.file(&format!("{folder}/rpmdb.sqlite-wal"), DATABASE_BYTES_MAX).filter(|_| name != "Packages");
            return Some(look.value(&path, rpm::database(&bytes, log.as_deref())));
        }
    }
    let other = format!("{folder}/{RPM_OF_ITS_OWN}");
    look.root.size(&other)?;
    look.gap(&other, Message::new("linux.rpm-other").with("format", rpm::QUERY_FORMAT), None);
    None
}

//! What became different on a machine between two inventories of it.

use super::{Account, Document, Listener, Password, Unit, UnitState};
use model::Port;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// One thing that became different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    PackageAdded {
        name: String,
        version: String,
    },
    PackageRemoved {
        name: String,
        version: String,
    },
    /// To another version, which may be older.
    PackageChanged {
        name: String,
        before: String,
        after: String,
    },
    PortOpened {
        port: Port,
        address: IpAddr,
        process: Option<String>,
    },
    PortClosed {
        port: Port,
        address: IpAddr,
        process: Option<String>,
    },
    /// The port is open as before, and somebody else has it.
    PortTaken {
        port: Port,
        address: IpAddr,
        before: Option<String>,
        after: Option<String>,
    },
    AccountAdded {
        name: String,
        user_id: u32,
    },
    AccountRemoved {
        name: String,
        user_id: u32,
    },
    /// Its number: 0 makes anybody the administrator.
    AccountRenumbered {
        name: String,
        before: u32,
        after: u32,
    },
    PasswordChanged {
        name: String,
        before: Password,
        after: Password,
    },
    /// May do what the administrator may, by this group.
    PowerGiven {
        name: String,
        group: String,
    },
    PowerTaken {
        name: String,
        group: String,
    },
    UnitAdded {
        name: String,
    },
    UnitRemoved {
        name: String,
    },
    UnitChanged {
        name: String,
        before: UnitState,
        after: UnitState,
    },
    /// It starts another command.
    CommandChanged {
        name: String,
        before: String,
        after: String,
    },
    CertificateAdded {
        path: String,
        subject: String,
    },
    CertificateRemoved {
        path: String,
        subject: String,
    },
    KernelChanged {
        before: String,
        after: String,
    },
    SystemChanged {
        before: String,
        after: String,
    },
}

/// Everything that became different. What only one of the two documents was able to look at is not compared: a list that
/// could not be read is not an empty one.
pub fn changes(before: &Document, after: &Document) -> Vec<Change> {
    let mut found = Vec::new();
    system(before, after, &mut found);
    if let (Some(before), Some(after)) = (&before.packages, &after.packages) {
        packages(before, after, &mut found);
    }
    if let (Some(before), Some(after)) = (&before.listening, &after.listening) {
        ports(before, after, &mut found);
    }
    if let (Some(before), Some(after)) = (&before.accounts, &after.accounts) {
        accounts(before, after, &mut found);
    }
    if let (Some(before), Some(after)) = (&before.groups, &after.groups) {
        powers(before, after, &mut found);
    }
    if let (Some(before), Some(after)) = (&before.units, &after.units) {
        units(before, after, &mut found);
    }
    if let (Some(before), Some(after)) = (&before.certificates, &after.certificates) {
        certificates(before, after, &mut found);
    }
    found
}

fn system(before: &Document, after: &Document, found: &mut Vec<Change>) {
    let differ = |before: &Option<String>, after: &Option<String>| {
        before.clone().zip(after.clone()).filter(|(before, after)| before != after)
    };
    if let Some((before, after)) = differ(&before.os.pretty_name, &after.os.pretty_name) {
        found.push(Change::SystemChanged { before, after });
    }
    if let Some((before, after)) = differ(&before.kernel.running, &after.kernel.running) {
        found.push(Change::KernelChanged { before, after });
    }
}

/// By name, architecture and manager; several versions of one name, such as kernels, stand side by side.
fn packages(before: &[super::Package], after: &[super::Package], found: &mut Vec<Change>) {
    type Key<'a> = (&'a str, Option<&'a str>, &'a str);
    fn by_key(packages: &[super::Package]) -> BTreeMap<Key<'_>, BTreeSet<&str>> {
        let mut map: BTreeMap<Key<'_>, BTreeSet<&str>> = BTreeMap::new();
        for package in packages {
            let key = (package.name.as_str(), package.architecture.as_deref(), package.manager.as_str());
            map.entry(key).or_default().insert(&package.version);
        }
        map
    }
    let (before, after) = (by_key(before), by_key(after));
    let none = BTreeSet::new();
    for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (old, new) = (before.get(key).unwrap_or(&none), after.get(key).unwrap_or(&none));
        let gone: Vec<_> = old.difference(new).collect();
        let come: Vec<_> = new.difference(old).collect();
        let name = key.0.to_owned();
        if let ([gone], [come]) = (gone.as_slice(), come.as_slice()) {
            found.push(Change::PackageChanged { name, before: (**gone).to_owned(), after: (**come).to_owned() });
            continue;
        }
        let added =
            come.into_iter().map(|version| Change::PackageAdded { name: name.clone(), version: (*version).to_owned() });
        found.extend(added);
        let removed = gone
            .into_iter()
            .map(|version| Change::PackageRemoved { name: name.clone(), version: (*version).to_owned() });
        found.extend(removed);
    }
}

fn ports(before: &[Listener], after: &[Listener], found: &mut Vec<Change>) {
    type Ends<'a> = BTreeMap<(Port, IpAddr), Option<&'a str>>;
    fn by_end(listeners: &[Listener]) -> Ends<'_> {
        let end = |l: &Listener| (Port { transport: l.transport, number: l.port }, l.address);
        listeners.iter().map(|listener| (end(listener), listener.process.as_deref())).collect()
    }
    let (before, after) = (by_end(before), by_end(after));
    let owned = |process: Option<&str>| process.map(str::to_owned);
    for ((port, address), process) in &after {
        let (port, address) = (*port, *address);
        match before.get(&(port, address)) {
            None => found.push(Change::PortOpened { port, address, process: owned(*process) }),
            // Who has it is not always to be seen; that is no change.
            Some(old) if old.is_some() && process.is_some() && old != process => {
                found.push(Change::PortTaken { port, address, before: owned(*old), after: owned(*process) });
            }
            Some(_) => {}
        }
    }
    for ((port, address), process) in before.iter().filter(|(end, _)| !after.contains_key(end)) {
        found.push(Change::PortClosed { port: *port, address: *address, process: owned(*process) });
    }
}

fn accounts(before: &[Account], after: &[Account], found: &mut Vec<Change>) {
    let by_name = |accounts: &'_ [Account]| -> BTreeMap<String, Account> {
        accounts.iter().map(|account| (account.name.clone(), account.clone())).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    for (name, new) in &after {
        let name = name.clone();
        let Some(old) = before.get(&name) else {
            found.push(Change::AccountAdded { name, user_id: new.user_id });
            continue;
        };
        if old.user_id != new.user_id {
            let (before, after) = (old.user_id, new.user_id);
            found.push(Change::AccountRenumbered { name: name.clone(), before, after });
        }
        let known = old.password != Password::Unknown && new.password != Password::Unknown;
        if known && (old.password, &old.scheme, old.changed_day) != (new.password, &new.scheme, new.changed_day) {
            found.push(Change::PasswordChanged { name, before: old.password, after: new.password });
        }
    }
    let gone = before.into_iter().filter(|(name, _)| !after.contains_key(name));
    found.extend(gone.map(|(name, old)| Change::AccountRemoved { name, user_id: old.user_id }));
}

fn powers(before: &[super::Group], after: &[super::Group], found: &mut Vec<Change>) {
    let pairs = |groups: &[super::Group]| -> BTreeSet<(String, String)> {
        groups.iter().flat_map(|group| group.members.iter().map(|name| (name.clone(), group.name.clone()))).collect()
    };
    let (before, after) = (pairs(before), pairs(after));
    let given = after.difference(&before).cloned();
    found.extend(given.map(|(name, group)| Change::PowerGiven { name, group }));
    let taken = before.difference(&after).cloned();
    found.extend(taken.map(|(name, group)| Change::PowerTaken { name, group }));
}

fn units(before: &[Unit], after: &[Unit], found: &mut Vec<Change>) {
    let by_name = |units: &[Unit]| -> BTreeMap<String, Unit> {
        units.iter().map(|unit| (unit.name.clone(), unit.clone())).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    for (name, new) in &after {
        let name = name.clone();
        let Some(old) = before.get(&name) else {
            found.push(Change::UnitAdded { name });
            continue;
        };
        if old.state != new.state {
            found.push(Change::UnitChanged { name: name.clone(), before: old.state, after: new.state });
        }
        if let (Some(before), Some(after)) = (old.command.clone(), new.command.clone())
            && before != after
        {
            found.push(Change::CommandChanged { name, before, after });
        }
    }
    let gone = before.into_keys().filter(|name| !after.contains_key(name));
    found.extend(gone.map(|name| Change::UnitRemoved { name }));
}

fn certificates(before: &[super::Certificate], after: &[super::Certificate], found: &mut Vec<Change>) {
    let keys = |certificates: &[super::Certificate]| -> BTreeMap<(String, String, String), String> {
        let key = |c: &super::Certificate| (c.path.clone(), c.issuer.clone(), c.serial.clone());
        certificates.iter().map(|certificate| (key(certificate), certificate.subject.clone())).collect()
    };
    let (before, after) = (keys(before), keys(after));
    for ((path, ..), subject) in after.iter().filter(|(key, _)| !before.contains_key(key)) {
        found.push(Change::CertificateAdded { path: path.clone(), subject: subject.clone() });
    }
    for ((path, ..), subject) in before.iter().filter(|(key, _)| !after.contains_key(key)) {
        found.push(Change::CertificateRemoved { path: path.clone(), subject: subject.clone() });
    }
}

//! The inventory of a Linux machine as the importer meets it: recognised, made facts of, compared; and whatever else
//! comes is refused by name.

use inventory::linux::{
    Account, Change, Document, Gap, Group, Interface, KIND, Listener, OsRelease, Package, Password, Unit, UnitState,
    Weakness, accounts, apk, certificate, changes, containers, dpkg, machine, mounts, network, os_release, read, rpm,
    sockets, units,
};
use inventory::{Limits, hosts};
use model::{Message, Observation, OsBasis, ServiceState, SourceKind, Transport};
use proptest::prelude::*;

fn package(name: &str, version: &str) -> Package {
    let architecture = Some("amd64".to_owned());
    Package { name: name.into(), version: version.into(), architecture, manager: "dpkg".into(), ..Package::default() }
}

fn listener(address: &str, port: u16, process: &str) -> Listener {
    let process = Some(process.to_owned()).filter(|process| !process.is_empty());
    let address = address.parse().unwrap();
    Listener { transport: Transport::Tcp, address, port, user_id: Some(0), process, program: None, unit: None }
}

fn unit(name: &str, state: UnitState, running: Option<bool>) -> Unit {
    Unit { name: name.into(), state, running, ..Unit::default() }
}

fn account(name: &str, user_id: u32, password: Password) -> Account {
    Account { name: name.into(), user_id, password, ..Account::default() }
}

fn document() -> Document {
    let mut document = Document {
        kind: KIND.into(),
        collected: Some("2026-11-27T04:00:00Z".parse().unwrap()),
        name: Some("web1.corp.example".into()),
        os: OsRelease {
            id: Some("debian".into()),
            name: Some("Debian GNU/Linux".into()),
            version_id: Some("12".into()),
            pretty_name: Some("Debian GNU/Linux 12 (bookworm)".into()),
            ..OsRelease::default()
        },
        interfaces: Some(vec![Interface {
            name: "eth0".into(),
            mac: Some("02:FC:00:00:00:01".into()),
            up: true,
            addresses: ["192.0.2.2", "fe80::1", "127.0.0.1"].map(|address| address.parse().unwrap()).into(),
        }]),
        listening: Some(vec![
            listener("0.0.0.0", 22, "sshd"),
            listener("127.0.0.1", 631, "cupsd"),
            listener("::ffff:127.0.0.1", 8080, "java"),
        ]),
        units: Some(vec![
            unit("ssh.service", UnitState::Enabled, Some(true)),
            unit("cups.service", UnitState::Enabled, Some(false)),
            unit("nfs.service", UnitState::Masked, Some(false)),
            unit("apt.timer", UnitState::Enabled, None),
        ]),
        accounts: Some(vec![account("root", 0, Password::Set)]),
        groups: Some(vec![Group { name: "sudo".into(), group_id: 27, members: vec!["ann".into()] }]),
        packages: Some(vec![package("bash", "5.2.15-2"), package("openssl", "3.0.14-1")]),
        ..Document::default()
    };
    document.kernel.architecture = Some("x86_64".into());
    document
}

fn imported(text: &str) -> Result<Observation, Message> {
    let mut reading = inventory::read("web1.json", text.as_bytes(), &Limits::default());
    match reading.refusals.pop() {
        Some(refusal) => Err(refusal.message),
        None => Ok(reading.observations.remove(0)),
    }
}

fn import(document: &Document) -> Observation {
    imported(&serde_json::to_string_pretty(document).unwrap()).unwrap()
}

#[test]
fn a_document_becomes_facts_of_a_host() {
    let seen = import(&document());
    let facts = &seen.facts;
    assert_eq!((seen.source.kind, seen.source.observed), (SourceKind::Systeminfo, document().collected));
    assert_eq!((facts.name.as_deref(), facts.domain.as_deref()), (Some("web1"), Some("corp.example")));
    let os = &facts.os;
    assert_eq!((os.product.as_deref(), os.version.as_deref()), (Some("Debian GNU/Linux 12"), Some("12")));
    assert_eq!((os.arch, os.basis), (Some(model::Arch::X64), OsBasis::Stated));
    let shown = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(" ");
    assert_eq!(shown(&mut facts.addresses.iter().map(ToString::to_string)), "192.0.2.2");
    assert_eq!(shown(&mut facts.macs.iter().cloned()), "02:fc:00:00:00:01");
    assert_eq!(shown(&mut facts.ports.keys().map(ToString::to_string)), "tcp/22", "others cannot reach what is local");
    assert_eq!(facts.ports.values().next().unwrap().product.as_deref(), Some("sshd"));
    let services: Vec<_> = facts.services.iter().map(|(name, state)| (name.as_str(), *state)).collect();
    let want = [("cups", ServiceState::Stopped), ("nfs", ServiceState::Disabled), ("ssh", ServiceState::Running)];
    assert_eq!(services, want);
    assert_eq!(facts.software.as_ref().unwrap().len(), 2);
    assert!(!facts.updates.known, "nothing is said of updates of Windows");
    assert!(seen.oddities.is_empty(), "{:?}", seen.oddities);
}

#[test]
fn a_later_document_replaces_an_earlier_one_of_the_same_host() {
    let mut later = document();
    later.collected = Some("2026-11-28T04:00:00Z".parse().unwrap());
    later.packages = Some(vec![package("bash", "5.2.15-2")]);
    let hosts = hosts(vec![import(&document()), import(&later)]);
    assert_eq!(hosts.len(), 1);
    assert_eq!(hosts[0].facts.software.as_ref().unwrap().len(), 1, "what was removed is gone");
}

#[test]
fn what_was_not_looked_at_is_not_known_to_be_absent() {
    let mut part = document();
    (part.packages, part.listening, part.units) = (None, None, None);
    part.gaps = vec![
        Gap { path: "/etc/shadow".into(), message: Message::from(&std::io::Error::from_raw_os_error(13)), line: None },
        Gap { path: "/x".into(), message: Message::new("console.anything\u{1b}[2J").with("a", "b\u{1b}c"), line: None },
    ];
    let seen = import(&part);
    assert_eq!(seen.facts.software, None);
    assert!(seen.facts.ports.is_empty() && seen.facts.services.is_empty());
    let told: Vec<_> = seen.oddities.iter().map(|odd| serde_json::to_string(&odd.message).unwrap()).collect();
    assert!(told[0].contains("os.permission-denied") && told[0].contains("/etc/shadow"), "{}", told[0]);
    assert!(told[1].contains("linux.unknown") && !told[1].contains("console.anything"), "{}", told[1]);
    assert!(!told[1].contains("\\u001b"), "{}", told[1]);
}

#[test]
fn a_damaged_document_is_refused_by_line_and_column() {
    let whole = serde_json::to_string_pretty(&document()).unwrap();
    for end in (KIND.len() + 20..whole.trim_end().len()).step_by(13).filter(|end| whole.is_char_boundary(*end)) {
        let why = imported(&whole[..end]).unwrap_err();
        assert_eq!(why.code, "linux.document", "{end}");
        assert!(serde_json::to_string(&why).unwrap().contains("\"line\""), "{why:?}");
    }
    let why = imported(&whole.replace("\"port\": 22", "\"port\": \"ssh\"")).unwrap_err();
    let text = serde_json::to_string(&why).unwrap();
    assert!(text.contains("linux.json") && text.contains("expected u16"), "{text}");
}

#[test]
fn a_document_of_another_version_is_refused_by_name() {
    let text = serde_json::to_string(&document()).unwrap().replace("inventory.1", "inventory.2");
    let why = imported(&text).unwrap_err();
    assert_eq!(why.code, "linux.document-kind");
    assert_eq!(why.params["found"], model::Param::Text("redoubt.linux-inventory.2".into()));
    // Some program that sorts keys does no harm.
    let value: serde_json::Value = serde_json::from_str(&text.replace("inventory.2", "inventory.1")).unwrap();
    let sorted: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_value(value).unwrap();
    assert!(imported(&serde_json::to_string(&sorted).unwrap()).is_ok());
}

#[test]
fn hostile_documents_cost_no_more_than_they_may() {
    let many = format!("{{\"kind\":\"{KIND}\",\"packages\":[{}{{}}]}}", "{},".repeat(400_000));
    let seen = imported(&many).unwrap();
    assert!(seen.oddities.iter().any(|odd| odd.message.code == "linux.list-full"));
    let deep = format!("{{\"kind\":\"{KIND}\",\"x\":{}", "[".repeat(100_000));
    assert_eq!(imported(&deep).unwrap_err().code, "linux.document");
    let large = format!("{{\"kind\":\"{KIND}\",\"x\":\"{}\"}}", "a".repeat(33 << 20));
    assert_eq!(imported(&large).unwrap_err().code, "linux.document-large");
}

#[test]
fn no_name_passes_for_another_and_no_linux_for_windows() {
    let mut odd = document();
    odd.name = Some("PC\u{202e}1".into());
    odd.os.name = Some("Windows 7".into());
    let seen = import(&odd);
    assert_eq!((seen.facts.name.as_deref(), seen.facts.os.product.as_deref()), (None, Some("Linux 12")));
    assert_eq!(seen.oddities[0].message.code, "linux.bad-name");
}

#[test]
fn changes_are_told_one_by_one() {
    let before = document();
    assert_eq!(changes(&before, &before), []);
    let mut after = document();
    after.packages = Some(vec![package("bash", "5.2.15-3"), package("nmap", "7.93")]);
    after.listening = Some(vec![listener("0.0.0.0", 22, "dropbear"), listener("::", 4444, "nc")]);
    after.accounts = Some(vec![account("root", 0, Password::Empty), account("toor", 0, Password::Set)]);
    after.groups.as_mut().unwrap()[0].members = vec!["eve".into()];
    after.units.as_mut().unwrap().remove(0);
    after.units.as_mut().unwrap()[0].state = UnitState::Disabled;
    after.os.pretty_name = Some("Debian GNU/Linux 13 (trixie)".into());
    let codes: Vec<_> = changes(&before, &after).iter().map(|change| change.message().code).collect();
    let short: Vec<_> = codes.iter().map(|code| code.trim_start_matches("linux.change-")).collect();
    assert_eq!(
        short,
        [
            "system",
            "package",
            "package-added",
            "package-removed",
            "port-taken",
            "port-opened",
            "port-closed",
            "port-closed",
            "password",
            "account-added",
            "power-given",
            "power-taken",
            "unit",
            "unit-removed",
        ]
    );
    let first = serde_json::to_string(&changes(&before, &after)[1]).unwrap();
    assert_eq!(first, r#"{"change":"package-changed","name":"bash","before":"5.2.15-2","after":"5.2.15-3"}"#);
}

#[test]
fn a_list_that_could_not_be_read_is_no_change() {
    let mut blind = document();
    (blind.packages, blind.listening, blind.accounts, blind.groups, blind.units) = (None, None, None, None, None);
    assert_eq!(changes(&document(), &blind), []);
    assert_eq!(changes(&blind, &document()), []);
    let mut hidden = document();
    hidden.listening.as_mut().unwrap().iter_mut().for_each(|listener| listener.process = None);
    hidden.accounts.as_mut().unwrap()[0].password = Password::Unknown;
    assert_eq!(changes(&document(), &hidden), [], "who has a port, and what a password is, is not always to be seen");
}

#[test]
fn several_kernels_stand_side_by_side() {
    let (mut before, mut after) = (document(), document());
    before.packages = Some(vec![package("kernel", "1"), package("kernel", "2")]);
    after.packages = Some(vec![package("kernel", "2"), package("kernel", "3")]);
    let turned = Change::PackageChanged { name: "kernel".into(), before: "1".into(), after: "3".into() };
    assert_eq!(changes(&before, &after), [turned]);
    after.packages.as_mut().unwrap().push(package("kernel", "4"));
    assert_eq!(changes(&before, &after).len(), 3, "two came and one went");
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(testkit::workspace().join("crates/inventory/tests/golden/certificates").join(name)).unwrap()
}

#[test]
fn certificates_say_whose_they_are_and_what_is_weak() {
    let chain = certificate::read("/etc/ssl/chain.pem", &golden("chain.pem"));
    let shown: Vec<_> =
        chain.value.iter().map(|c| format!("{} | {} {:?} | {}", c.subject, c.key, c.key_bits, c.signature)).collect();
    assert_eq!(
        shown,
        [
            "O=Example, CN=web.example | ec Some(256) | sha256WithRSAEncryption",
            "O=Example, CN=Example Root | rsa Some(2048) | sha256WithRSAEncryption",
        ]
    );
    let (leaf, root) = (&chain.value[0], &chain.value[1]);
    assert!(leaf.weak.is_empty() && !leaf.self_signed && !leaf.authority, "{leaf:?}");
    assert!(root.self_signed && root.authority && root.issuer == leaf.issuer, "{root:?}");
    assert!(leaf.not_before < leaf.not_after && !leaf.serial.is_empty());
    let weak = certificate::read("/etc/ssl/old.pem", &golden("weak.pem")).value.remove(0);
    assert_eq!((weak.weak, weak.key_bits), (vec![Weakness::Digest, Weakness::Key], Some(1024)));
    let der = certificate::read("/etc/ssl/chain.pem", &golden("good.der")).value;
    assert_eq!(der, std::slice::from_ref(leaf));
}

#[test]
fn blocks_of_anything_else_are_stepped_over() {
    let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let reading = certificate::read("/x", &[key.as_slice(), &golden("weak.pem")].concat());
    assert_eq!((reading.value.len(), reading.oddities.len()), (1, 0));
    let broken = certificate::read("/x", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    assert_eq!((broken.value.len(), broken.oddities[0].message.code.as_str()), (0, "linux.no-certificate"));
    let der = golden("good.der");
    (0..der.len()).for_each(|end| assert!(certificate::read("/x", &der[..end]).value.is_empty(), "{end}"));
    assert!(certificate::read("/x", b"just text").value.is_empty());
}

/// This machine's own files, where it is a Linux with them.
#[test]
fn this_machine_is_read() {
    let own = |path: &str| std::fs::read(path).ok();
    let Some(release) = own("/etc/os-release") else { return eprintln!("SKIPPED: no /etc/os-release here") };
    assert!(os_release::read(&release).value.name.is_some());
    let Some(status) = own("/var/lib/dpkg/status") else { return eprintln!("SKIPPED: no dpkg here") };
    let reading = dpkg::read(&status);
    let packages = std::process::Command::new("dpkg-query").args(["-f", "${Status}\n", "-W"]).output().unwrap();
    let installed =
        String::from_utf8_lossy(&packages.stdout).lines().filter(|line| line.ends_with(" installed")).count();
    assert_eq!(reading.value.len(), installed);
    assert!(reading.value.iter().any(|package| package.name == "dpkg"));
}

/// Every reader, on the same bytes.
fn all(bytes: &[u8]) {
    os_release::read(bytes);
    dpkg::read(bytes);
    apk::read(bytes);
    rpm::list(bytes);
    rpm::database(bytes, Some(bytes));
    for transport in [Transport::Tcp, Transport::Udp] {
        sockets::read(bytes, transport);
    }
    let accounts = accounts::read(bytes, Some(bytes));
    assert!(accounts.value.len() <= accounts::ACCOUNTS_MAX);
    accounts::groups(bytes);
    units::read(bytes);
    units::unit_of(bytes);
    certificate::read("/x", bytes);
    mounts::read(bytes);
    network::addresses(bytes, bytes, bytes);
    machine::release(bytes);
    machine::command_line(bytes);
    machine::processors(bytes);
    machine::memory_kib(bytes);
    containers::of_process(bytes);
    let _ = containers::docker(bytes);
    let _ = containers::podman(bytes);
    let _ = read(bytes);
}

/// Pieces of which the formats are made, in any order.
const PIECES: &[&str] = &[
    "\n",
    "\n\n",
    "Package: a\n",
    "Status: install ok installed\n",
    "Version: 1\n",
    "P:a\nV:1\n",
    "ID=\"x\n",
    "NAME='\\\n",
    "a:x:0:0:::\n",
    "a:$6$x$y:1:::::\n",
    "sudo:x:1:a,b\n",
    "  0: 0100007F:0277 00000000:0000 0A 0:0 0:0 0 0 0 1\n",
    ":",
    "[Service]\n",
    "ExecStart=/x \\\n",
    "22 27 0:21 / /a\\040 rw - ext4 /b rw\n",
    "     |-- 1.2.3.4\n        /32 host LOCAL\n",
    "0::/docker-",
    "-----BEGIN CERTIFICATE-----\n",
    "MIIB\n",
    "-----END CERTIFICATE-----\n",
    "\u{e9}",
    "\\",
    "=",
    "\t",
    "\0",
];

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        all(&bytes);
    }

    #[test]
    fn no_mixture_of_pieces_makes_a_reader_panic(pieces in proptest::collection::vec(0..PIECES.len(), 0..60), end in 0..2000_usize) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        all(text.as_bytes().get(..end).unwrap_or(text.as_bytes()));
    }

    #[test]
    fn a_database_of_rpm_that_is_bent_anywhere_is_read_within_bounds(at in 0..241_664_usize, byte in any::<u8>(), more in 0..241_664_usize) {
        let folder = testkit::workspace().join("crates/inventory/tests/golden/rpm");
        let mut bytes = std::fs::read(folder.join("rpmdb.sqlite")).unwrap();
        let mut log = std::fs::read(folder.join("rpmdb.sqlite-wal")).unwrap();
        for place in [at, more] {
            bytes[place] = byte;
            let place = place % log.len();
            log[place] = byte;
        }
        prop_assert!(rpm::database(&bytes, Some(&log)).value.len() <= 100);
    }

    #[test]
    fn a_document_with_anything_in_its_texts_comes_back_the_same(name in "\\PC{0,40}", version in "\\PC{0,40}") {
        let mut whole = document();
        whole.packages = Some(vec![package(&name, &version)]);
        let text = serde_json::to_vec(&whole).unwrap();
        prop_assert_eq!(read(&text).unwrap(), whole);
    }

    #[test]
    fn every_package_that_came_or_went_is_told(old in proptest::collection::btree_set("[a-e]", 0..5), new in proptest::collection::btree_set("[a-e]", 0..5)) {
        let with = |names: &std::collections::BTreeSet<String>| {
            let mut whole = document();
            whole.packages = Some(names.iter().map(|name| package(name, "1")).collect());
            whole
        };
        let found = changes(&with(&old), &with(&new)).len();
        prop_assert_eq!(found, old.symmetric_difference(&new).count());
    }
}

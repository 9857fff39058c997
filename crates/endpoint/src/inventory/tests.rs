use super::*;
use ::inventory::linux::{Password, UnitState};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Writes files of a machine into a folder.
fn machine(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn look_at(folder: &Path) -> Document {
    collect(&Settings::new(folder.to_owned()), Timestamp::UNIX_EPOCH).unwrap()
}

fn gaps(document: &Document) -> Vec<String> {
    let line = |gap: &Gap| format!("{} {}", gap.path, serde_json::to_string(&gap.message).unwrap());
    document.gaps.iter().map(line).collect()
}

const DEBIAN: &[(&str, &[u8])] = &[
    ("etc/os-release", b"NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"),
    ("etc/hostname", b"web1\n"),
    ("etc/passwd", b"root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n"),
    ("etc/shadow", b"root:!:19000::::::\nann:$y$j9T$a$SECRET:19000::::::\n"),
    ("etc/group", b"sudo:x:27:ann\nusers:x:100:\n"),
    ("var/lib/dpkg/status", b"Package: bash\nStatus: install ok installed\nVersion: 5.2\nArchitecture: amd64\n\n"),
    (
        "usr/lib/systemd/system/ssh.service",
        b"[Service]\nExecStart=/usr/sbin/sshd -D\n[Install]\nWantedBy=multi-user.target\n",
    ),
    (
        "usr/lib/systemd/system/cups.service",
        b"[Service]\nExecStart=/usr/sbin/cupsd\n[Install]\nWantedBy=multi-user.target\n",
    ),
    ("usr/lib/systemd/system/dbus.service", b"[Service]\nExecStart=/usr/bin/dbus-daemon\nUser=messagebus\n"),
    ("usr/lib/systemd/system/nfs.service", b"[Service]\nExecStart=/usr/sbin/nfsd\n"),
    ("usr/lib/modules/6.1.0-28-amd64/modules.dep", b""),
    (
        "var/lib/docker/containers/ab/config.v2.json",
        b"{\"ID\":\"ab\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx\"},\"State\":{\"Running\":true}}",
    ),
    ("var/lib/docker/containers/cd/config.v2.json", b"{\"ID\":"),
];

#[test]
fn a_disk_tells_what_stands_on_it_and_nothing_of_what_runs() {
    let folder = machine(DEBIAN);
    let etc = folder.path().join("etc/systemd/system");
    fs::create_dir_all(etc.join("multi-user.target.wants")).unwrap();
    symlink("/usr/lib/systemd/system/ssh.service", etc.join("multi-user.target.wants/ssh.service")).unwrap();
    symlink("/usr/lib/systemd/system/ssh.service", etc.join("sshd.service")).unwrap();
    symlink("/dev/null", etc.join("nfs.service")).unwrap();
    let document = look_at(folder.path());
    assert!(document.offline);
    assert_eq!((document.kind.as_str(), document.name.as_deref()), (KIND, Some("web1")));
    assert_eq!(document.os.name.as_deref(), Some("Debian GNU/Linux"));
    let accounts = document.accounts.as_ref().unwrap();
    let passwords: Vec<_> = accounts.iter().map(|account| (account.name.as_str(), account.password)).collect();
    assert_eq!(passwords, [("root", Password::Never), ("ann", Password::Set)]);
    assert_eq!(document.groups.as_ref().unwrap()[0].members, ["ann"]);
    assert_eq!(document.packages.as_ref().unwrap().len(), 1);
    let units: Vec<_> =
        document.units.iter().flatten().map(|unit| (unit.name.as_str(), unit.state, unit.running)).collect();
    assert_eq!(
        units,
        [
            ("cups.service", UnitState::Disabled, None),
            ("dbus.service", UnitState::Static, None),
            ("nfs.service", UnitState::Masked, None),
            ("ssh.service", UnitState::Enabled, None),
        ]
    );
    assert_eq!(document.kernel.installed, ["6.1.0-28-amd64"]);
    assert_eq!(document.kernel.architecture.as_deref(), Some("amd64"), "by its packages");
    let containers = document.containers.as_ref().unwrap();
    assert_eq!((containers.len(), containers[0].running), (1, None));
    assert_eq!(
        (document.listening.as_ref(), document.mounts.as_ref(), document.interfaces.as_ref()),
        (None, None, None)
    );
    let gaps = gaps(&document);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].starts_with("/var/lib/docker/containers/cd/config.v2.json {\"code\":\"linux.json\""), "{gaps:?}");
    assert!(!serde_json::to_string(&document).unwrap().contains("SECRET"));
}

#[test]
fn a_disk_that_lies_about_its_links_gives_nothing_of_this_machine() {
    let folder = machine(&DEBIAN[..2]);
    symlink("/etc/passwd", folder.path().join("etc/passwd")).unwrap();
    symlink("../../../../../../etc/group", folder.path().join("etc/group")).unwrap();
    fs::create_dir_all(folder.path().join("var/lib")).unwrap();
    symlink("/var/lib/dpkg", folder.path().join("var/lib/dpkg")).unwrap();
    let document = look_at(folder.path());
    assert_eq!((document.accounts, document.packages.is_none()), (None, true));
    assert!(!document.gaps.is_empty());
}

#[test]
fn every_kind_of_package_list_is_found() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inventory/tests/golden/rpm");
    let bytes = |name: &str| fs::read(golden.join(name)).unwrap();
    let (database, log) = (bytes("rpmdb.sqlite"), bytes("rpmdb.sqlite-wal"));
    let count = |files: &[(&str, &[u8])]| look_at(machine(files).path()).packages.map(|packages| packages.len());
    assert_eq!(count(&[("var/lib/rpm/rpmdb.sqlite", &database)]), Some(5));
    let both = [("usr/lib/sysimage/rpm/rpmdb.sqlite", &*database), ("usr/lib/sysimage/rpm/rpmdb.sqlite-wal", &*log)];
    assert_eq!(count(&both), Some(6));
    assert_eq!(count(&[("var/lib/rpm/Packages", &bytes("Packages"))]), Some(6));
    assert_eq!(count(&[("lib/apk/db/installed", b"P:musl\nV:1.2.5-r0\n\n")]), Some(1));
    assert_eq!(count(&[("var/lib/dpkg/status.d/base", b"Package: base-files\nVersion: 12\n")]), Some(1));
    assert_eq!(count(&[]), None);
}

#[test]
fn a_database_of_rpm_that_is_not_read_says_what_to_do() {
    let folder = machine(&[("usr/lib/sysimage/rpm/Packages.db", b"RpmP")]);
    let document = look_at(folder.path());
    assert!(gaps(&document).iter().any(|gap| gap.contains("linux.rpm-other") && gap.contains("%{NAME}")));
    let list = b"bash\t0\t5.1\t9\tx86_64\tbash-5.1-9.src.rpm\tX\n".to_vec();
    let settings = Settings {
        rpm_list: Some(RpmList { path: "/media/list".into(), bytes: list }),
        ..Settings::new(folder.path().to_owned())
    };
    let document = collect(&settings, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(document.packages.unwrap()[0].version, "5.1-9");
}

#[test]
fn what_there_was_no_time_for_is_told() {
    let folder = machine(DEBIAN);
    let settings = Settings { within: Duration::ZERO, ..Settings::new(folder.path().to_owned()) };
    let document = collect(&settings, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(gaps(&document).iter().filter(|gap| gap.contains("linux.out-of-time")).count(), 1);
    assert!(document.accounts.is_some(), "what is asked of one file is answered all the same");
}

/// The machine that runs this test: a port that it opens is told with the process that has it.
#[test]
fn the_machine_that_runs_tells_of_its_ports_and_processes() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let document = collect(&Settings::new("/".into()), Timestamp::now()).unwrap();
    assert!(!document.offline);
    let found = document.listening.iter().flatten().find(|listener| listener.port == port).unwrap();
    let own = fs::read_to_string("/proc/self/comm").unwrap();
    // The name of the process is that of its first thread, and this may be another.
    let main = fs::read_to_string(format!("/proc/{}/comm", std::process::id())).unwrap();
    assert!([own.trim(), main.trim()].contains(&found.process.as_deref().unwrap()), "{found:?}");
    assert_eq!(found.program.as_deref(), std::env::current_exe().unwrap().to_str());
    assert_eq!(
        document.kernel.running.as_deref(),
        fs::read_to_string("/proc/sys/kernel/osrelease").ok().as_deref().map(str::trim)
    );
    assert!(document.mounts.iter().flatten().any(|mount| mount.path == "/"));
    let interfaces = document.interfaces.as_ref().unwrap();
    assert!(
        interfaces.iter().any(|interface| interface.name == "lo" && !interface.addresses.is_empty()),
        "{interfaces:?}"
    );
    assert!(document.hardware.processors.is_some_and(|count| count > 0) && document.hardware.memory_kib.is_some());
    let text = serde_json::to_vec(&document).unwrap();
    assert_eq!(::inventory::linux::read(&text).unwrap(), document);
}

#[test]
fn certificates_of_the_house_are_found_and_keys_are_left_alone() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inventory/tests/golden/certificates");
    let weak = fs::read(golden.join("weak.pem")).unwrap();
    let folder = machine(&[
        ("etc/nginx/tls/site.crt", &weak),
        ("etc/nginx/tls/site.key.pem", b"-----BEGIN CERTIFICATE-----\nnot to be opened"),
        ("etc/ssl/certs/ca-certificates.crt", &weak),
        ("usr/share/ca-certificates/a.crt", &weak),
        ("etc/letsencrypt/archive/web/cert2.pem", &weak),
        ("etc/letsencrypt/live/web/README", b""),
    ]);
    symlink("/usr/share/ca-certificates/a.crt", folder.path().join("etc/ssl/certs/a.pem")).unwrap();
    symlink("../../archive/web/cert2.pem", folder.path().join("etc/letsencrypt/live/web/cert.pem")).unwrap();
    let document = look_at(folder.path());
    let paths: Vec<_> = document.certificates.iter().flatten().map(|found| found.path.as_str()).collect();
    assert_eq!(paths, ["/etc/letsencrypt/live/web/cert.pem", "/etc/nginx/tls/site.crt"]);
    assert!(!gaps(&document).iter().any(|gap| gap.contains("nginx") || gap.contains("key")), "{:?}", gaps(&document));
}

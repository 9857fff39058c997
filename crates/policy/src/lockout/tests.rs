//! Rules that would lock somebody out are found before anybody is given them.

use super::*;
use crate::said::tests::speaks;
use crate::{Mode, Origin};
use proptest::prelude::*;

const NOON: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

fn hosts(names: &[&str]) -> BTreeSet<EndpointId> {
    names.iter().map(|name| EndpointId::new(*name)).collect()
}

fn subject(path: &str, digest: u8, origin: Origin) -> Subject {
    Subject { kind: Kind::Program, path: path.to_owned(), sha256: Some(Digest([digest; 32])), origin, writer: None }
}

fn packaged(path: &str, digest: u8) -> Subject {
    subject(path, digest, Origin::Package { name: "base".to_owned() })
}

fn ran(host: &str, subject: Subject, count: u64, last: u64) -> PastExecution {
    PastExecution { subject, host: EndpointId::new(host), count, last, essential: false }
}

/// Two hosts with a system of packages and a tool of the house; a third that never said anything.
fn past() -> Vec<PastExecution> {
    let tool = || subject("/opt/house/tool", 9, Origin::Nobody);
    vec![
        ran("a", packaged("/sbin/init", 1), 1, NOON),
        ran("a", packaged("/usr/sbin/sshd", 2), 40, NOON),
        ran("a", tool(), 5, NOON),
        ran("a", tool(), 2, NOON - 60),
        ran("b", tool(), 3, NOON - 120),
        ran("b", packaged("/usr/bin/less", 3), 3, NOON),
        ran("c", tool(), 3, NOON - 30 * DAY),
    ]
}

fn of(rules: &Rules, past: &[PastExecution], asked: &[&str]) -> Lockout {
    let hosts = hosts(asked);
    let essentials = Essentials::builtin();
    simulate(past, &Trial { rules, reputation: None, hosts: &hosts, since: NOON - 7 * DAY, essentials })
}

fn packages() -> Rules {
    Rules { mode: Mode::Simulate, trust_packages: true, ..Rules::default() }
}

#[test]
fn what_would_be_blocked_is_told_by_file_with_hosts_and_counts() {
    let lockout = of(&packages(), &past(), &["a", "b"]);
    assert_eq!((lockout.blocked.len(), lockout.outlook()), (1, Outlook::Clear));
    let tool = &lockout.blocked[0];
    assert_eq!((tool.path.as_str(), tool.rung, tool.count()), ("/opt/house/tool", Rung::Unknown, 10));
    assert_eq!(tool.hosts[&EndpointId::new("a")], Ran { count: 7, last: NOON });
    assert_eq!(tool.hosts[&EndpointId::new("b")], Ran { count: 3, last: NOON - 120 });
    speaks(&lockout.message());
}

#[test]
fn rules_that_block_what_a_machine_needs_are_refused() {
    let lockout = of(&Rules::default(), &past(), &["a", "b"]);
    let paths: Vec<_> = lockout.essential.iter().map(|file| file.path.as_str()).collect();
    assert_eq!((lockout.outlook(), paths), (Outlook::Refused, vec!["/sbin/init", "/usr/sbin/sshd"]));
    assert_eq!(lockout.essential[1].why.code, "policy.essential-ssh-server");
    assert_eq!(lockout.essential[1].hosts, hosts(&["a"]));
    assert_eq!(
        words::text(&lockout.message(), words::Language::En),
        "These rules would lock machines out. A machine cannot do without /sbin/init, /usr/sbin/sshd, which would be \
         blocked on 1 hosts"
    );
    lockout.essential.iter().for_each(|file| speaks(&file.why));
    // Denied by name is no different.
    let denied = Rules { denied: [Digest([2; 32])].into(), ..packages() };
    assert_eq!(of(&denied, &past(), &["a"]).outlook(), Outlook::Refused);
    assert_eq!(of(&denied, &past(), &["b"]).outlook(), Outlook::Clear);
}

#[test]
fn what_a_host_says_it_needs_it_needs() {
    let mut past = past();
    past[2].essential = true;
    let lockout = of(&packages(), &past, &["a", "b"]);
    assert_eq!((lockout.outlook(), lockout.essential[0].path.as_str()), (Outlook::Refused, "/opt/house/tool"));
    speaks(&lockout.essential[0].why);
}

#[test]
fn a_host_without_history_is_unknown_and_not_safe() {
    let lockout = of(&packages(), &past(), &["a", "b", "c", "d"]);
    // What c ran is too long ago.
    assert_eq!(lockout.hosts_without_history, hosts(&["c", "d"]));
    assert_eq!((lockout.outlook(), lockout.hosts_with_history), (Outlook::Unknown, 2));
    speaks(&lockout.message());
    assert_eq!(of(&packages(), &[], &[]).outlook(), Outlook::Unknown);
    assert_eq!(of(&packages(), &past(), &["d"]).outlook(), Outlook::Unknown);
}

#[test]
fn what_ran_nowhere_is_named() {
    let unseen = |lockout: &Lockout, id: &str| lockout.unseen.iter().any(|why| why.code.ends_with(id));
    let lockout = of(&packages(), &past(), &["a"]);
    assert!(unseen(&lockout, "-packages") && !unseen(&lockout, "-init") && !unseen(&lockout, "-ssh-server"));
    assert!(unseen(&of(&packages(), &past(), &["b"]), "-init"));
}

#[test]
fn what_could_not_be_read_counts_as_blocked_where_the_undecided_may_not_run() {
    let unread = Subject { sha256: None, ..packaged("/bin/sh", 4) };
    let past = [ran("a", unread, 1, NOON)];
    assert_eq!(of(&packages(), &past, &["a"]).outlook(), Outlook::Refused);
    let lenient = Rules { undecided_may: true, ..packages() };
    assert_eq!(of(&lenient, &past, &["a"]).outlook(), Outlook::Clear);
}

#[test]
fn reputation_beside_the_rules_counts() {
    let rules = Rules { reputation_from: Some(50), ..packages() };
    let table = ReputationTable::new(1, NOON, &[(Digest([9; 32]), 60)].into()).unwrap();
    let (hosts, essentials) = (hosts(&["a", "b"]), Essentials::builtin());
    let trial = Trial { rules: &rules, reputation: Some(&table), hosts: &hosts, since: 0, essentials };
    assert!(simulate(&past(), &trial).blocked.is_empty());
    assert_eq!(simulate(&past(), &Trial { reputation: None, ..trial }).blocked.len(), 1);
}

#[test]
fn essentials_are_known_by_either_name() {
    let essentials = Essentials::builtin();
    for (path, id) in [
        ("/sbin/init", "init"),
        ("/usr/lib/systemd/systemd", "init"),
        ("/lib/systemd/systemd-udevd", "init"),
        ("/bin/sh", "shell"),
        ("/usr/bin/bash", "shell"),
        ("/usr/sbin/sshd", "ssh-server"),
        ("/usr/lib/openssh/sftp-server", "ssh-server"),
        ("/usr/bin/redoubt-agent", "agent"),
        ("/opt/redoubt/bin/redoubt-agent", "agent"),
        ("/usr/bin/dpkg", "packages"),
        ("/var/lib/dpkg/info/libc6:amd64.postinst", "packages"),
        ("/sbin/modprobe", "kernel-helper"),
        ("/lib/x86_64-linux-gnu/libc.so.6", "loader"),
        ("/lib/x86_64-linux-gnu/libc-2.31.so", "loader"),
        ("/lib64/ld-linux-x86-64.so.2", "loader"),
        ("/lib/x86_64-linux-gnu/security/pam_unix.so", "login"),
    ] {
        assert_eq!(essentials.of(path).map(|essential| essential.id.as_str()), Some(id), "{path}");
    }
    for path in ["/tmp/sshd", "/home/ann/libc.so.6", "/usr/bin/less", "/usr/lib/systemd", "init", "", "/bin"] {
        assert_eq!(essentials.of(path), None, "{path}");
    }
    essentials.iter().for_each(|essential| speaks(&essential.why()));
}

#[test]
fn a_list_with_a_mistake_is_not_taken() {
    for text in [
        "",
        "[[essential]]\nid = 1",
        "[[essential]]\nid = 'a'\npath = ['/x']",
        "[[essential]]\nid = 'a'\npaths = ['x']",
        "[[essential]]\nid = 'a'\nfolders = ['/x/']",
        "[[essential]]\nid = 'a'\n[[essential]]\nid = 'a'",
    ] {
        let bad = Essentials::read([("linux.toml", text)]).unwrap_err();
        speaks(&bad.message());
    }
}

proptest! {
    /// Allowing more never blocks more, and every host is looked at or said to be unknown.
    #[test]
    fn allowing_more_never_blocks_more(
        files in proptest::collection::vec((0_u8..6, 0_u8..4, any::<bool>()), 0..30),
        allowed in proptest::collection::btree_set(0_u8..6, 0..6),
    ) {
        let past: Vec<_> = files.iter().map(|(file, host, packed)| {
            let path = if *file == 0 { "/bin/sh".to_owned() } else { format!("/opt/{file}") };
            let origin = if *packed { Origin::Package { name: "p".to_owned() } } else { Origin::Nobody };
            ran(&host.to_string(), subject(&path, *file, origin), 1, NOON)
        }).collect();
        let less = packages();
        let more = Rules { allowed: allowed.iter().map(|file| Digest([*file; 32])).collect(), ..packages() };
        let asked = ["0", "1", "2", "3"];
        let (less, more) = (of(&less, &past, &asked), of(&more, &past, &asked));
        prop_assert!(more.blocked.len() <= less.blocked.len());
        prop_assert!(more.outlook() <= less.outlook());
        prop_assert_eq!(more.hosts_with_history + more.hosts_without_history.len(), asked.len());
    }
}

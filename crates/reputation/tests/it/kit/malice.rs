//! What attackers do, as far as it is seen. Nothing here is a program: these are lines of what hosts would tell.

use super::fleet::{END, Fleet, Host, Way, by_machine, by_person};
use super::{BEGIN, DAY, HOUR, program};
use reputation::{Place, Program, Remote, Source, UserRole};

/// Each of the attacks, a few files of each.
pub fn attack(fleet: &mut Fleet) {
    worm(fleet, "worm, 60 % in an hour", Some(program("services")));
    let called_so = Program { sha256: None, name: program("deployer").name };
    worm(fleet, "worm that calls itself the deployer", Some(called_so));
    let in_disguise = Program { sha256: program("dropper").sha256, name: program("deployer").name };
    worm(fleet, "worm that calls itself the deployer", Some(in_disguise));
    for _ in 0..4 {
        slow_worm(fleet);
        lateral_tool(fleet);
        stolen_account(fleet);
        sleeper(fleet);
        mailed(fleet);
        stolen_certificate(fleet);
        trojan(fleet);
        one_host_lies(fleet);
        one_group_lies(fleet);
    }
}

/// How something moves when it runs as a service of the host it came to.
fn from_host_to_host(writer: &str) -> Way {
    Way { remote: Remote::Port(445), ..by_machine(Source::Host, writer, Place::Temporary) }
}

/// Of some hosts nobody knows how it came there.
fn partly_seen(fleet: &mut Fleet, way: &Way, unknown_of_hundred: u64) -> Way {
    let unknown = fleet.random.chance(unknown_of_hundred);
    Way { source: if unknown { Source::Unknown } else { way.source }, ..way.clone() }
}

/// In the middle of a declared roll-out.
fn worm(fleet: &mut Fleet, class: &'static str, writer: Option<Program>) {
    let file = fleet.file(class, true);
    let way = Way { writer, ..from_host_to_host("") };
    let all = fleet.hosts.clone();
    let from = BEGIN + 89 * DAY + 10 * HOUR;
    for host in fleet.random.some(&all, all.len() * 6 / 10) {
        let at = from + fleet.random.between(0, HOUR);
        let way = partly_seen(fleet, &way, 20);
        fleet.install(file, host, at, i64::MAX, &way);
    }
}

/// Two hosts a day for six weeks, with the accounts of their people, by day.
fn slow_worm(fleet: &mut Fleet) {
    let file = fleet.file("slow worm, 2 hosts a day", true);
    let way = by_person(Source::Host, "file-server", Place::Home);
    let all = fleet.hosts.clone();
    for (number, host) in fleet.random.some(&all, 84).into_iter().enumerate() {
        let at = fleet.at_work(45 + number as i64 / 2);
        let way = partly_seen(fleet, &way, 30);
        fleet.install(file, host, at, i64::MAX, &way);
    }
}

fn lateral_tool(fleet: &mut Fleet) {
    let file = fleet.file("attacker's tool on 5 servers", true);
    let way = Way {
        parent: Some(program("shell")),
        user: UserRole::Administrator,
        account: Some("admin-1".to_owned()),
        remote: Remote::Port(445),
        hours: (0, 5),
        ..by_person(Source::Host, "file-server", Place::Temporary)
    };
    let servers = fleet.of_role(&["server"]);
    for (number, host) in fleet.random.some(&servers, 5).into_iter().enumerate() {
        let night = BEGIN + (60 + 2 * number as i64) * DAY + fleet.random.between(HOUR, 4 * HOUR);
        fleet.install(file, host, night, i64::MAX, &way);
    }
}

/// One account brings it to ten groups, a day each, and says it is from outside.
fn stolen_account(fleet: &mut Fleet) {
    let file = fleet.file("one stolen account, ten groups", true);
    let way = Way {
        user: UserRole::Administrator,
        account: Some("admin-2".to_owned()),
        ..by_person(Source::Outside, "browser", Place::Downloads)
    };
    for group in 0..10 {
        let host = fleet.hosts.iter().find(|host| host.group == group && host.role == "office").copied().unwrap();
        let at = fleet.at_work(20 + group as i64);
        fleet.install(file, host, at, i64::MAX, &way);
    }
}

/// On one host since the first day, and awake since yesterday, on 30.
fn sleeper(fleet: &mut Fleet) {
    let file = fleet.file("sleeper", true);
    let office = fleet.of_role(&["office"]);
    let hosts = fleet.random.some(&office, 30);
    let first = Way { again_days: 0, ..by_person(Source::Outside, "browser", Place::Downloads) };
    fleet.install(file, hosts[0], BEGIN + 9 * HOUR, END, &first);
    for host in &hosts {
        let at = fleet.at_work(89);
        fleet.see(file, *host, at, &by_person(Source::Host, "file-server", Place::Home));
    }
}

/// 50 people save what was mailed to them within two days.
fn mailed(fleet: &mut Fleet) {
    let file = fleet.file("mailed to 50 people in two days", true);
    let way = Way { remote: Remote::Port(443), ..by_person(Source::Outside, "mail", Place::Downloads) };
    let office = fleet.of_role(&["office"]);
    for host in fleet.random.some(&office, 50) {
        let day = 80 + fleet.random.between(0, 2);
        let at = fleet.at_work(day);
        fleet.install(file, host, at, i64::MAX, &way);
    }
}

fn stolen_certificate(fleet: &mut Fleet) {
    let file = fleet.file("signed with a listed publisher's stolen key", true);
    fleet.signed(file, "vendor-0", true);
    let way = from_host_to_host("services");
    let servers = fleet.of_role(&["server"]);
    for host in fleet.random.some(&servers, 5) {
        let day = fleet.random.between(70, 85);
        let at = fleet.at_work(day);
        fleet.install(file, host, at, i64::MAX, &way);
    }
}

/// What people bring by themselves, with something in it; signed by somebody or not.
fn trojan(fleet: &mut Fleet) {
    let file = fleet.file("trojan that users bring themselves", true);
    if fleet.random.chance(50) {
        fleet.signed(file, "somebody", false);
    }
    let way = Way { remote: Remote::Port(443), ..by_person(Source::Outside, "browser", Place::Downloads) };
    let office = fleet.of_role(&["office"]);
    for host in fleet.random.some(&office, 40) {
        let day = fleet.random.between(5, 85);
        let at = fleet.at_work(day);
        fleet.install(file, host, at, i64::MAX, &way);
    }
}

/// An attacker's tool on three hosts, and another host that praises it as a package, at every hour of every day.
fn one_host_lies(fleet: &mut Fleet) {
    let file = fleet.file("praised by one host that lies", true);
    let office = fleet.of_role(&["office"]);
    let hosts = fleet.random.some(&office, 4);
    let way = by_machine(Source::Host, "file-server", Place::Temporary);
    hosts.iter().skip(1).for_each(|host| fleet.install(file, *host, BEGIN + 60 * DAY, i64::MAX, &way));
    for day in 0..90 {
        for hour in [3, 9, 15, 21] {
            lie(fleet, file, hosts[0], BEGIN + day * DAY + hour * HOUR, day);
        }
    }
}

/// All hosts of one group say that a package brought it, with an account of their own each, on a day of their own each.
fn one_group_lies(fleet: &mut Fleet) {
    let file = fleet.file("praised by one group that lies", true);
    let group: Vec<Host> = fleet.hosts.iter().filter(|host| host.group == 7).take(50).copied().collect();
    for (number, host) in group.into_iter().enumerate() {
        for day in (number as i64..90).step_by(3) {
            lie(fleet, file, host, BEGIN + day * DAY + 10 * HOUR, number as i64);
        }
    }
}

fn lie(fleet: &mut Fleet, file: model::Digest, host: Host, at: i64, account: i64) {
    let person = by_person(Source::Package, "apt", Place::Programs);
    fleet.see(file, host, at, &Way { account: Some(format!("invented-{}-{account}", host.group)), ..person });
}

//! Ordinary software life.

use super::fleet::{Fleet, Host, Way, by_machine, by_person};
use super::{BEGIN, DAY, HOUR, content, program};
use model::Digest;
use reputation::{Deployment, Place, Remote, Source, UserRole};

/// Everything honest that happens in 90 days.
pub fn live(fleet: &mut Fleet, rerun_days: i64) {
    fleet.network.manage(content("apt"));
    packages(fleet, rerun_days);
    deployed(fleet, rerun_days);
    vendors(fleet, rerun_days);
    user_tools(fleet);
    builds(fleet);
    scripts(fleet);
    engineering(fleet);
    before(fleet, rerun_days);
}

/// Versions of a product: from the first day on, and then every month or so.
fn versions(fleet: &mut Fleet) -> Vec<i64> {
    vec![0, fleet.random.between(15, 45), fleet.random.between(50, 84)]
}

fn packages(fleet: &mut Fleet, rerun_days: i64) {
    for number in 0..40_usize {
        let hosts = match number % 4 {
            0 => fleet.of_role(&["server", "admin"]),
            1 => fleet.of_role(&["developer", "engineering"]),
            _ => fleet.hosts.clone(),
        };
        let versions = versions(fleet);
        let mut way = by_machine(Source::Package, "apt", if number % 2 == 0 { Place::System } else { Place::Programs });
        way.again_days = rerun_days;
        if number % 3 == 0 {
            way = Way { parent: Some(program("explorer")), user: UserRole::Person, hours: (8, 18), ..way };
        }
        if number % 5 == 0 {
            way.remote = Remote::Port(443);
        }
        for (at, day) in versions.iter().enumerate() {
            let file = fleet.file("package", false);
            let until = versions.get(at + 1).map_or(i64::MAX, |next| BEGIN + next * DAY);
            for host in &hosts {
                let night = BEGIN + day * DAY + fleet.random.between(0, 6 * HOUR);
                fleet.install(file, *host, night, until, &way);
            }
        }
    }
}

/// A roll-out of one file within a window.
pub fn roll_out(fleet: &mut Fleet, file: Digest, hosts: &[Host], from: i64, seconds: i64, until: i64, named: bool) {
    let files = if named { [file].into() } else { [].into() };
    let deployer = content("deployer");
    let window = Deployment { deployer, from, until: from + seconds, groups: [].into(), files };
    assert!(fleet.network.declare(window));
    let way = by_person(Source::Host, "deployer", Place::Programs);
    for host in hosts {
        let at = from + fleet.random.between(0, seconds);
        fleet.install(file, *host, at, until, &way);
    }
}

fn deployed(fleet: &mut Fleet, _rerun_days: i64) {
    for number in 0..20_usize {
        let hosts = match number % 5 {
            0 => fleet.of_role(&["engineering", "developer"]),
            1 => fleet.of_role(&["office"]),
            _ => fleet.hosts.clone(),
        };
        let versions = versions(fleet);
        for (at, day) in versions.iter().enumerate() {
            let file = fleet.file("deployed", false);
            let until = versions.get(at + 1).map_or(i64::MAX, |next| BEGIN + next * DAY);
            roll_out(fleet, file, &hosts, BEGIN + day * DAY + 9 * HOUR, 8 * HOUR, until, number % 2 == 0);
        }
    }
}

/// Products that fetch their own updates. Every second publisher is listed as trusted.
fn vendors(fleet: &mut Fleet, rerun_days: i64) {
    for number in 0..12_usize {
        let (publisher, updater) = (format!("vendor-{number}"), format!("updater-{number}"));
        let trusted = number % 2 == 0;
        let class = if trusted { "updates of a listed publisher" } else { "updates of another publisher" };
        let users = fleet.hosts.len() / 4;
        let all = fleet.hosts.clone();
        let hosts = fleet.random.some(&all, users);
        let way = Way { again_days: rerun_days, ..by_person(Source::Outside, &updater, Place::Programs) };
        for part in 0..4 {
            for day in [part, 20 + 2 * part, 55 + 2 * part] {
                let file = fleet.file(class, false);
                fleet.signed(file, &publisher, trusted);
                for host in &hosts {
                    let later = fleet.random.between(0, 3);
                    let at = fleet.at_work(day + later);
                    fleet.install(file, *host, at, i64::MAX, &way);
                }
            }
        }
    }
}

/// The same publisher, the same writer, one more version, a day ago.
pub fn next_version(fleet: &mut Fleet) {
    let file = fleet.file("next version of a known product", false);
    fleet.signed(file, "vendor-0", true);
    let way = by_person(Source::Outside, "updater-0", Place::Programs);
    let all = fleet.hosts.clone();
    for host in fleet.random.some(&all, all.len() / 8) {
        let at = fleet.at_work(89);
        fleet.install(file, host, at, i64::MAX, &way);
    }
}

/// What people bring for themselves; a third of it is signed by somebody.
fn user_tools(fleet: &mut Fleet) {
    let people = fleet.of_role(&["office", "developer", "engineering"]);
    for number in 0..120_usize {
        let file = fleet.file("users' own tools", false);
        if number % 3 == 0 {
            fleet.signed(file, &format!("small-vendor-{}", number % 12), false);
        }
        let source = if number % 4 == 0 { Source::Removable } else { Source::Outside };
        let writer = if number % 4 == 0 { "explorer" } else { "browser" };
        let way = by_person(source, writer, if number % 2 == 0 { Place::Downloads } else { Place::Home });
        let many = 1 + fleet.random.below(60) as usize;
        for host in fleet.random.some(&people, many) {
            let day = fleet.random.between(0, 90);
            let at = fleet.at_work(day);
            fleet.install(file, host, at, i64::MAX, &way);
        }
    }
}

fn builds(fleet: &mut Fleet) {
    let way = Way {
        parent: Some(program("shell")),
        user: UserRole::Developer,
        again_days: 0,
        ..by_person(Source::Built, "linker", Place::Home)
    };
    let developers = fleet.of_role(&["developer"]);
    for host in fleet.random.some(&developers, 60) {
        for day in (0..90).step_by(3) {
            let file = fleet.file("developers' builds", false);
            let at = fleet.at_work(day);
            fleet.see(file, host, at, &way);
            fleet.see(file, host, at + HOUR, &way);
        }
    }
}

/// Administrators copy scripts to a few hosts, by day.
fn scripts(fleet: &mut Fleet) {
    for number in 0..60_usize {
        let file = fleet.file("administrators' scripts", false);
        let servers = fleet.of_role(&["server", "admin"]);
        let many = 3 + fleet.random.below(15) as usize;
        let way = Way {
            parent: Some(program("shell")),
            user: UserRole::Administrator,
            account: Some(format!("admin-{}", number % 6)),
            remote: Remote::Port(22),
            ..by_person(Source::Host, "ssh-server", Place::Home)
        };
        let day = fleet.random.between(0, 80);
        for host in fleet.random.some(&servers, many) {
            let at = fleet.at_work(day);
            fleet.install(file, host, at, i64::MAX, &way);
        }
    }
}

/// Programs that few hosts have, for as long as anybody remembers.
fn engineering(fleet: &mut Fleet) {
    for number in 0..30_usize {
        let class = match number % 3 {
            0 => "rare engineering programs, listed publisher",
            1 => "rare engineering programs, other publisher",
            _ => "rare engineering programs, not signed",
        };
        let publisher = format!("instruments-{}", number % 3);
        let way = by_person(Source::Removable, "installer", Place::Programs);
        let all = fleet.of_role(&["engineering"]);
        let many = 3 + fleet.random.below(5) as usize;
        let hosts = fleet.random.some(&all, many);
        let file = fleet.file(class, false);
        if number % 3 < 2 {
            fleet.signed(file, &publisher, number % 3 == 0);
        }
        for host in hosts {
            let day = fleet.random.between(0, 10);
            let at = fleet.at_work(day);
            fleet.install(file, host, at, i64::MAX, &way);
        }
    }
}

/// What was there before anybody watched, and nobody signed.
fn before(fleet: &mut Fleet, rerun_days: i64) {
    let way = Way { writer: None, again_days: rerun_days, ..by_person(Source::Before, "", Place::Programs) };
    let all = fleet.hosts.clone();
    for _ in 0..10 {
        let file = fleet.file("there before, not signed", false);
        let many = 1 + fleet.random.below(all.len() as u64 / 2) as usize;
        for host in fleet.random.some(&all, many) {
            let at = fleet.at_work(0);
            fleet.install(file, host, at, i64::MAX, &way);
        }
    }
}

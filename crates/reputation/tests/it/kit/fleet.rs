//! A made-up network: hosts in 40 groups, what was told of files on them in 90 days, and what each file truly is.

use super::random::Random;
use super::{BEGIN, DAY, HOUR, program};
use model::{Digest, HostId};
use reputation::{Facts, Limits, Network, Place, Program, Publisher, Remote, Sighting, Source, UserRole, fold};
use std::collections::HashMap;

pub const GROUPS: usize = 40;
pub const DAYS: i64 = 90;
/// The moment at which it is judged.
pub const END: i64 = BEGIN + DAYS * DAY;
/// Executions of these last days are counted.
const COUNTED: i64 = 14 * DAY;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Host {
    pub number: usize,
    pub group: usize,
    pub role: &'static str,
}

/// How a file comes to a host and is seen there.
#[derive(Clone)]
pub struct Way {
    pub source: Source,
    pub writer: Option<Program>,
    pub parent: Option<Program>,
    pub place: Place,
    pub user: UserRole,
    /// None for the person of the host.
    pub account: Option<String>,
    pub remote: Remote,
    /// Hours of the day in which it is seen.
    pub hours: (i64, i64),
    /// In which it is seen again, on average once in so many days; zero when never.
    pub again_days: i64,
}

/// What is known to be true of a file, by which the table is made.
pub struct Kind {
    pub class: &'static str,
    pub malicious: bool,
    /// Executions of it in the last days.
    pub executions: u64,
}

pub struct Fleet {
    pub random: Random,
    pub hosts: Vec<Host>,
    pub network: Network,
    pub kinds: HashMap<Digest, Kind>,
    next: u64,
}

impl Fleet {
    pub fn new(seed: u64, hosts: usize) -> Fleet {
        let hosts = (0..hosts).map(|number| Host { number, group: number % GROUPS, role: role(number) }).collect();
        Fleet {
            random: Random(seed),
            hosts,
            network: Network::new(Limits::default()),
            kinds: HashMap::new(),
            next: seed << 32,
        }
    }

    /// A file of a class.
    pub fn file(&mut self, class: &'static str, malicious: bool) -> Digest {
        self.next += 1;
        let digest = super::digest(self.next);
        self.kinds.insert(digest, Kind { class, malicious, executions: 0 });
        digest
    }

    pub fn signed(&mut self, file: Digest, publisher: &str, trusted: bool) {
        let publisher = Some(Publisher { name: publisher.to_owned(), trusted });
        assert!(self.network.learn(file, Facts { publisher, ..Facts::default() }));
    }

    pub fn of_role(&self, roles: &[&str]) -> Vec<Host> {
        self.hosts.iter().filter(|host| roles.contains(&host.role)).copied().collect()
    }

    /// A file comes to a host at a moment and is seen again until `until`.
    pub fn install(&mut self, file: Digest, host: Host, at: i64, until: i64, way: &Way) {
        self.see(file, host, at, way);
        if way.again_days == 0 {
            return;
        }
        let mut day = (at - BEGIN) / DAY + 1 + self.random.between(0, way.again_days);
        while BEGIN + day * DAY < until.min(END) {
            let moment = BEGIN + day * DAY + self.random.between(way.hours.0 * HOUR, way.hours.1 * HOUR);
            self.see(file, host, moment, way);
            day += 1 + self.random.between(0, 2 * way.again_days);
        }
    }

    pub fn see(&mut self, file: Digest, host: Host, at: i64, way: &Way) {
        let person = matches!(way.user, UserRole::Person | UserRole::Developer);
        let own = person.then(|| format!("person-{}", host.number));
        let sighting = Sighting {
            file,
            host: HostId(format!("host-{}", host.number)),
            group: format!("group-{}", host.group),
            role: host.role.to_owned(),
            at,
            received: at + self.random.between(1, 300),
            source: way.source,
            account: way.account.clone().or(own),
            parent: way.parent.clone(),
            writer: way.writer.clone(),
            place: way.place,
            user: way.user,
            hour: u8::try_from(at % DAY / HOUR).ok(),
            remote: way.remote,
        };
        fold(&mut self.network, &sighting);
        if at >= END - COUNTED {
            self.kinds.get_mut(&file).unwrap().executions += 1;
        }
    }

    /// A working hour of a day.
    pub fn at_work(&mut self, day: i64) -> i64 {
        BEGIN + day * DAY + self.random.between(8 * HOUR, 18 * HOUR)
    }
}

fn role(number: usize) -> &'static str {
    match number / GROUPS % 20 {
        0 => "admin",
        1..=3 => "server",
        4..=5 => "developer",
        6 => "engineering",
        _ => "office",
    }
}

/// What a person does by day with what his desktop starts.
pub fn by_person(source: Source, writer: &str, place: Place) -> Way {
    Way {
        source,
        writer: Some(program(writer)),
        parent: Some(program("explorer")),
        place,
        user: UserRole::Person,
        account: None,
        remote: Remote::Nobody,
        hours: (8, 18),
        again_days: 7,
    }
}

/// What a machine does by itself.
pub fn by_machine(source: Source, writer: &str, place: Place) -> Way {
    Way {
        parent: Some(program("services")),
        user: UserRole::System,
        hours: (0, 24),
        ..by_person(source, writer, place)
    }
}

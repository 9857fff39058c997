//! Reading what a check asks for. What cannot be read says why, and is never taken for absent.

use super::lines;
use super::machine::{Machine, program_failed};
use inventory::linux::sockets;
use model::{Message, Port, Transport};
use policy::baseline::{Question, Read, Reading, VALUE_BYTES_MAX, Way};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

const VALUE_BYTES: u64 = VALUE_BYTES_MAX as u64;
const FILE_BYTES_MAX: u64 = 1 << 20;
const ACCOUNTS_BYTES_MAX: u64 = 16 << 20;
const TABLE_BYTES_MAX: u64 = 64 << 20;
/// Entries of a list, and letters of one: more says nothing more.
const LIST_MAX: usize = 50;
const ENTRY_CHARS_MAX: usize = 120;

/// Reads one machine. What programs say is asked once, until it is forgotten.
#[derive(Debug)]
pub struct Reader {
    machine: Machine,
    sshd: Option<Result<BTreeMap<String, String>, Read>>,
    units: BTreeMap<String, Read>,
}

impl Reader {
    pub fn new(machine: Machine) -> Reader {
        Reader { machine, sshd: None, units: BTreeMap::new() }
    }

    /// Programs are asked anew.
    pub fn forget(&mut self) {
        self.sshd = None;
        self.units.clear();
    }

    pub fn read(&mut self, way: &Way) -> Read {
        match &way.reading {
            Reading::Sysctl { key } => self.sysctl(key),
            Reading::Sshd { key } => self.sshd(key),
            Reading::Unit { name } => self.unit(name),
            Reading::Line { file, key } => self.line(file, key),
            Reading::Mode { path } => self.mode(path),
            Reading::Listener { port } => self.listeners(*port),
            Reading::Accounts { question } => self.accounts(*question),
            Reading::Registry { .. } | Reading::Service { .. } => Read::Failed(Message::new("baseline.other-platform")),
        }
    }

    fn sysctl(&self, key: &str) -> Read {
        match self.machine.file(&kernel_path(key), VALUE_BYTES) {
            Ok(bytes) => Read::Value(String::from_utf8_lossy(&bytes).trim().to_owned()),
            Err(error) => unread(&error),
        }
    }

    fn sshd(&mut self, key: &str) -> Read {
        if self.machine.program("sshd").is_none() {
            return Read::Absent;
        }
        let machine = &self.machine;
        match self.sshd.get_or_insert_with(|| settings_of_sshd(machine)) {
            Ok(settings) => settings.get(key).map_or(Read::Absent, |value| Read::Value(value.clone())),
            Err(why) => why.clone(),
        }
    }

    fn unit(&mut self, name: &str) -> Read {
        if let Some(known) = self.units.get(name) {
            return known.clone();
        }
        let read = match self.machine.run("systemctl", &["is-enabled", name]) {
            // It fails for whatever is not enabled, and says the state all the same.
            Ok(said) => match said.out.trim() {
                "not-found" => Read::Absent,
                "" if said.error.contains("No such file or directory") || said.error.contains("not found") => {
                    Read::Absent
                }
                "" => Read::Failed(program_failed("systemctl").with("why", said.why())),
                state => Read::Value(state.chars().take(ENTRY_CHARS_MAX).collect()),
            },
            Err(why) => Read::Failed(why),
        };
        self.units.insert(name.to_owned(), read.clone());
        read
    }

    fn line(&self, file: &str, key: &str) -> Read {
        match self.machine.file(file, FILE_BYTES_MAX) {
            Ok(bytes) => match lines::value(&String::from_utf8_lossy(&bytes), key) {
                Some(value) => Read::Value(value.chars().take(VALUE_BYTES_MAX).collect()),
                None => Read::Absent,
            },
            Err(error) => unread(&error),
        }
    }

    fn mode(&self, path: &str) -> Read {
        match fs::metadata(self.machine.path(path)) {
            Ok(metadata) => Read::Value(format!("{:04o}", metadata.mode() & 0o7777)),
            Err(error) => unread(&error),
        }
    }

    fn listeners(&self, port: Port) -> Read {
        let tables: [&str; 2] = match port.transport {
            Transport::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
            Transport::Udp => ["/proc/net/udp", "/proc/net/udp6"],
            Transport::Sctp => return Read::Failed(Message::new("baseline.other-platform")),
        };
        let mut listening = Vec::new();
        for table in tables {
            match self.machine.file(table, TABLE_BYTES_MAX) {
                Ok(bytes) => {
                    let all = sockets::read(&bytes, port.transport).value;
                    let here = all.into_iter().filter(|socket| socket.port == port.number);
                    listening.extend(here.map(|socket| std::net::SocketAddr::new(socket.address, socket.port)));
                }
                // A kernel without version 6 of IP has no table of it.
                Err(error) if error.kind() == io::ErrorKind::NotFound && table.ends_with('6') => {}
                Err(error) => return Read::Failed(Message::from(&error)),
            }
        }
        list(listening.iter().map(ToString::to_string))
    }

    fn accounts(&self, question: Question) -> Read {
        let path = if question == Question::EmptyPassword { "/etc/shadow" } else { "/etc/passwd" };
        let text = match self.machine.file(path, ACCOUNTS_BYTES_MAX) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => return Read::Failed(Message::from(&error)),
        };
        let accounts = text.lines().map(|line| line.split(':').collect::<Vec<_>>()).filter(|fields| fields.len() > 2);
        let mut first: BTreeMap<String, String> = BTreeMap::new();
        let named = accounts.filter_map(|fields| {
            let [name, second, third, ..] = fields.as_slice() else { return None };
            match question {
                Question::UidZero => (*third == "0" && *name != "root").then(|| (*name).to_owned()),
                Question::EmptyPassword => second.is_empty().then(|| (*name).to_owned()),
                Question::SameUid => match first.get(*third) {
                    Some(other) => Some(format!("{other} {name}")),
                    None => {
                        first.insert((*third).to_owned(), (*name).to_owned());
                        None
                    }
                },
            }
        });
        list(named)
    }
}

/// Where the kernel has a setting.
pub fn kernel_path(key: &str) -> String {
    format!("/proc/sys/{}", key.replace('.', "/"))
}

fn settings_of_sshd(machine: &Machine) -> Result<BTreeMap<String, String>, Read> {
    let said = machine.run("sshd", &["-T"]).map_err(Read::Failed)?;
    if !said.went {
        return Err(Read::Failed(program_failed("sshd").with("why", said.why())));
    }
    let mut settings = BTreeMap::new();
    for line in said.out.lines() {
        let mut words = line.split_ascii_whitespace();
        if let (Some(key), Some(value)) = (words.next(), words.next()) {
            settings.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    Ok(settings)
}

fn list(entries: impl Iterator<Item = String>) -> Read {
    let short = |entry: String| entry.chars().take(ENTRY_CHARS_MAX).collect();
    Read::List(entries.take(LIST_MAX).map(short).collect())
}

fn unread(error: &io::Error) -> Read {
    match error.kind() {
        io::ErrorKind::NotFound => Read::Absent,
        _ => Read::Failed(Message::from(error)),
    }
}

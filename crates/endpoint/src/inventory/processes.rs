//! The processes of the machine that runs, as far as they tell whose a port, a unit and a container are.

use super::{FILE_BYTES_MAX, Look};
use inventory::linux::{Container, Listener, containers, sockets, units};
use model::{Message, Transport};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Processes that are looked at.
const PROCESSES_MAX: usize = 100_000;
/// Open files of one process that are looked at.
const OPEN_FILES_MAX: usize = 20_000;

const SOCKETS: [(&str, Transport); 4] = [
    ("proc/net/tcp", Transport::Tcp),
    ("proc/net/tcp6", Transport::Tcp),
    ("proc/net/udp", Transport::Udp),
    ("proc/net/udp6", Transport::Udp),
];

/// What processes tell.
pub struct Processes {
    listening: Vec<sockets::Socket>,
    /// Who has a socket open, by its inode.
    owners: HashMap<u64, Owner>,
    units: BTreeSet<String>,
    containers: BTreeMap<String, Container>,
}

#[derive(Clone)]
struct Owner {
    process: Option<String>,
    program: Option<String>,
    unit: Option<String>,
}

/// None when this is no machine that runs.
pub fn all(look: &mut Look) -> Option<Processes> {
    if !look.root.is_folder("proc/self") {
        look.gap("proc", Message::new("linux.no-proc"), None);
        return None;
    }
    let mut listening = Vec::new();
    for (path, transport) in SOCKETS {
        if let Some(bytes) = look.file(path, FILE_BYTES_MAX) {
            listening.extend(look.value(path, sockets::read(&bytes, transport)));
        }
    }
    let mut found =
        Processes { owners: HashMap::new(), units: BTreeSet::new(), containers: BTreeMap::new(), listening };
    let wanted: BTreeSet<u64> = found.listening.iter().map(|socket| socket.inode).collect();
    let mut hidden: i64 = 0;
    let numbers = look.names("proc").into_iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    for number in numbers.take(PROCESSES_MAX) {
        if look.is_late("proc") {
            break;
        }
        if !found.take(look, &number, &wanted) {
            hidden += 1;
        }
    }
    if hidden > 0 {
        look.gap("proc", Message::new("linux.hidden-processes").number("count", hidden), None);
    }
    Some(found)
}

impl Processes {
    /// False when its open files are hidden.
    fn take(&mut self, look: &Look, number: &str, wanted: &BTreeSet<u64>) -> bool {
        let read = |part: &str| look.root.read(&format!("proc/{number}/{part}"), FILE_BYTES_MAX);
        let Ok(super::Content::Whole(cgroup)) = read("cgroup") else { return true };
        let unit = units::unit_of(&cgroup);
        self.units.extend(unit.clone());
        if let Some(container) = containers::of_process(&cgroup) {
            self.containers.entry(container.id.clone()).or_insert(container);
        }
        let folder = format!("proc/{number}/fd");
        let names = match look.root.names(&folder, OPEN_FILES_MAX) {
            Ok(names) => names,
            Err(error) => return super::is_absent(&error),
        };
        let sockets = names.iter().filter_map(|name| {
            let target = look.root.link(&format!("{folder}/{name}"))?;
            sockets::inode_of(&target)
        });
        for inode in sockets.filter(|inode| wanted.contains(inode)) {
            self.owners.entry(inode).or_insert_with(|| Owner {
                process: look.line(&format!("proc/{number}/comm")),
                program: look.root.link(&format!("proc/{number}/exe")),
                unit: unit.clone(),
            });
        }
        true
    }

    /// Whether a process of a unit runs; none for units that have no processes, and where groups do not tell.
    pub fn runs(&self, unit: &str) -> Option<bool> {
        (unit.ends_with(".service") && !self.units.is_empty()).then(|| self.units.contains(unit))
    }

    pub fn into_document(self, look: &mut Look) {
        let listener = |socket: &sockets::Socket| {
            let owner = self.owners.get(&socket.inode).cloned();
            let owner = owner.unwrap_or(Owner { process: None, program: None, unit: None });
            Listener {
                transport: socket.transport,
                address: socket.address,
                port: socket.port,
                user_id: Some(socket.user_id),
                process: owner.process,
                program: owner.program,
                unit: owner.unit,
            }
        };
        look.document.listening =
            Some(self.listening.iter().map(listener).collect::<BTreeSet<_>>().into_iter().collect());
        let containers = look.document.containers.get_or_insert_default();
        for (id, container) in self.containers {
            match containers.iter_mut().find(|known| known.id == id) {
                Some(known) => known.running = Some(true),
                None => containers.push(container),
            }
        }
    }
}

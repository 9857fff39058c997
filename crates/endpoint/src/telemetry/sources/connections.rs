//! Connections and who has them open, by looking at `/proc/net` now and then.
//!
//! One that begins and ends between two looks is not seen with its process; TCP leaves a trace of it for a minute on the
//! side that closed first (`TIME_WAIT`), which is told as missed. Of UDP without a connection only the port is seen.

use super::Outlet;
use crate::kernel::processes::all;
use crate::telemetry::assembly::Signal;
use crate::telemetry::event::{Connection, NetworkActivity, NetworkDid, Protocol, Source};
use crate::telemetry::facts::{bounded, now};
use inventory::linux::sockets::{self, Entry, LISTEN, TIME_WAIT};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A line of `/proc/net/tcp` and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub connection: Connection,
    pub state: u8,
    /// 0 when no process has it open any more.
    pub inode: u64,
}

const TABLE_BYTES_MAX: u64 = 64 << 20;
/// Connections that are followed at a time.
const FOLLOWED_MAX: usize = 200_000;
/// Networks of containers that are looked at.
const NETWORKS_MAX: usize = 64;
const DESCRIPTORS_MAX: usize = 2_000_000;

/// Reads a table; lines that are none, such as the first, are not there.
pub fn rows(protocol: Protocol, table: &[u8]) -> impl Iterator<Item = Row> {
    table.split(|byte| *byte == b'\n').filter_map(move |line| row(protocol, line))
}

fn row(protocol: Protocol, line: &[u8]) -> Option<Row> {
    let Entry { local, remote, state, user_id: user, inode } = sockets::entry(line)?;
    let (local, remote) = (plain(local), plain(remote));
    Some(Row { connection: Connection { protocol, local, remote, user }, state, inode })
}

/// A socket of version 6 that speaks version 4 has addresses of that.
fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V6(six) => SocketAddr::new(six.to_ipv4_mapped().map_or(address.ip(), IpAddr::V4), address.port()),
        IpAddr::V4(_) => address,
    }
}

/// What was there at the last look.
#[derive(Debug, Default)]
pub struct Watcher {
    followed: HashMap<u64, (Connection, Option<i32>)>,
    /// Traces of connections that are over.
    traces: BTreeSet<Connection>,
    looked: bool,
}

/// What came of a look.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Looked {
    pub found: Vec<(NetworkDid, Connection, Option<i32>)>,
    /// There are more than are followed.
    pub too_many: bool,
}

impl Watcher {
    /// Compares the tables with the last look. `owners` finds who has sockets open, and is asked of those that came.
    pub fn look(&mut self, rows: &[Row], owners: &mut dyn FnMut(&HashSet<u64>) -> HashMap<u64, i32>) -> Looked {
        let mut looked = Looked::default();
        let open: HashMap<u64, &Row> = rows.iter().filter(|row| row.inode != 0).map(|row| (row.inode, row)).collect();
        let came: HashSet<u64> = open.keys().filter(|inode| !self.is_followed(**inode, &open)).copied().collect();
        let owners = if came.is_empty() { HashMap::new() } else { owners(&came) };
        let ended: Vec<u64> = self.followed.keys().filter(|inode| !open.contains_key(inode)).copied().collect();
        let mut over: HashSet<(SocketAddr, SocketAddr)> = HashSet::new();
        for inode in ended {
            if let Some((connection, owner)) = self.followed.remove(&inode) {
                over.insert((connection.local, connection.remote));
                looked.found.push((NetworkDid::Close, connection, owner));
            }
        }
        for inode in came {
            let Some(row) = open.get(&inode) else { continue };
            let owner = owners.get(&inode).copied();
            let did = if is_listening(row) { NetworkDid::Listen } else { NetworkDid::Open };
            if self.followed.len() >= FOLLOWED_MAX && !self.followed.contains_key(&inode) {
                looked.too_many = true;
                continue;
            }
            self.followed.insert(inode, (row.connection, owner));
            looked.found.push((did, row.connection, owner));
        }
        self.traces(rows, &over, &mut looked);
        self.looked = true;
        looked
    }

    /// One whose ends are the same as before; a socket of UDP may be connected later.
    fn is_followed(&self, inode: u64, open: &HashMap<u64, &Row>) -> bool {
        let known = self.followed.get(&inode).map(|(connection, _)| (connection.local, connection.remote));
        known.is_some() && known == open.get(&inode).map(|row| (row.connection.local, row.connection.remote))
    }

    fn traces(&mut self, rows: &[Row], over: &HashSet<(SocketAddr, SocketAddr)>, looked: &mut Looked) {
        let traces: BTreeSet<_> = rows
            .iter()
            .filter(|row| row.state == TIME_WAIT && row.inode == 0)
            .map(|row| row.connection)
            .take(FOLLOWED_MAX)
            .collect();
        let told: HashSet<_> = self.followed.values().map(|(known, _)| (known.local, known.remote)).collect();
        for trace in traces.difference(&self.traces) {
            let ends = (trace.local, trace.remote);
            // What the other side of a connection on this host left is its own.
            if self.looked && !over.contains(&ends) && !told.contains(&ends) && !over.contains(&(ends.1, ends.0)) {
                looked.found.push((NetworkDid::Missed, *trace, None));
            }
        }
        self.traces = traces;
    }
}

fn is_listening(row: &Row) -> bool {
    row.state == LISTEN || row.connection.protocol == Protocol::Udp && row.connection.remote.port() == 0
}

/// Looks until it is told to stop, and once more then.
pub fn run(outlet: &Outlet, every: Duration) {
    let mut watcher = Watcher::default();
    loop {
        let goes_on = outlet.wait(if watcher.looked { every } else { Duration::ZERO });
        let Looked { found, too_many } = watcher.look(&tables(), &mut owners);
        if too_many {
            outlet.put(Signal::Lost { source: Source::Connections, count: None });
        }
        let time = now();
        for (activity, connection, owner) in found {
            let activity = NetworkActivity { activity, connection, process: None };
            outlet.put(Signal::Network { time, activity, owner });
        }
        if !goes_on {
            return;
        }
    }
}

/// The tables of every network there is, each by one process in it.
fn tables() -> Vec<Row> {
    let mut networks = HashMap::new();
    for number in all().unwrap_or_default() {
        if let Ok(network) = fs::read_link(format!("/proc/{number}/ns/net"))
            && networks.len() < NETWORKS_MAX
        {
            networks.entry(network).or_insert(number);
        }
    }
    let mut all = Vec::new();
    for number in networks.into_values() {
        for (name, protocol) in
            [("tcp", Protocol::Tcp), ("tcp6", Protocol::Tcp), ("udp", Protocol::Udp), ("udp6", Protocol::Udp)]
        {
            let table = bounded(&format!("/proc/{number}/net/{name}"), TABLE_BYTES_MAX).unwrap_or_default();
            all.extend(rows(protocol, &table));
        }
    }
    all
}

/// Which processes have some sockets open.
fn owners(inodes: &HashSet<u64>) -> HashMap<u64, i32> {
    let (mut owners, mut looked_at) = (HashMap::new(), 0);
    for number in all().unwrap_or_default() {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{number}/fd")) else { continue };
        for descriptor in descriptors.flatten() {
            looked_at += 1;
            if owners.len() == inodes.len() || looked_at > DESCRIPTORS_MAX {
                return owners;
            }
            let link = fs::read_link(descriptor.path()).unwrap_or_default();
            let inode = link.to_str().and_then(sockets::inode_of);
            if let Some(inode) = inode.filter(|inode| inodes.contains(inode)) {
                owners.entry(inode).or_insert(number);
            }
        }
    }
    owners
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 501 1 0 100 0 0 10 0\n   \
        1: 0100007F:A000 0200000A:01BB 01 00000000:00000000 00:00000000 00000000  1000        0 502 1 0 20 4 30 10 -1\n   \
        2: 0100007F:A001 0200000A:01BB 06 00000000:00000000 03:00000F9D 00000000     0        0 0 3 0\n";

    fn table() -> Vec<Row> {
        rows(Protocol::Tcp, TABLE.as_bytes()).collect()
    }

    #[test]
    fn a_table_is_read_as_the_kernel_prints_it() {
        let shown: Vec<_> = table()
            .iter()
            .map(|Row { connection, state, inode }| {
                format!("{} {} {} {state} {inode}", connection.local, connection.remote, connection.user)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "127.0.0.1:8080 0.0.0.0:0 33 10 501",
                "127.0.0.1:40960 10.0.0.2:443 1000 1 502",
                "127.0.0.1:40961 10.0.0.2:443 0 6 0"
            ]
        );
        let shown = |address: &str| plain(address.parse().unwrap()).to_string();
        assert_eq!((shown("[::ffff:127.0.0.1]:22"), shown("[::1]:22")), ("127.0.0.1:22".into(), "[::1]:22".into()));
    }

    #[test]
    fn what_came_and_went_is_told_once() {
        let (mut watcher, mut table) = (Watcher::default(), table());
        let mut owners = |inodes: &HashSet<u64>| inodes.iter().map(|inode| (*inode, 7)).collect();
        let mut look = |table: &[Row]| {
            let mut found = watcher.look(table, &mut owners).found;
            found.sort_by_key(|(did, connection, _)| (format!("{did:?}"), *connection));
            found.into_iter().map(|(did, _, owner)| (did, owner)).collect::<Vec<_>>()
        };
        assert_eq!(look(&table), [(NetworkDid::Listen, Some(7)), (NetworkDid::Open, Some(7))]);
        assert_eq!(look(&table), []);
        // A connection ends and leaves its trace; another was never seen open.
        table[1].state = TIME_WAIT;
        table[1].inode = 0;
        let mut short = table[2];
        short.connection.local.set_port(41_000);
        table.push(short);
        assert_eq!(look(&table), [(NetworkDid::Close, Some(7)), (NetworkDid::Missed, None)]);
        assert_eq!(look(&table), []);
    }

    #[test]
    fn a_connection_of_this_process_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let mut watcher = Watcher::default();
        let found = watcher.look(&tables(), &mut owners).found;
        let me = i32::try_from(std::process::id()).unwrap();
        let mine = found.iter().find(|(_, connection, _)| connection.local == here).unwrap();
        assert_eq!((mine.0, mine.2), (NetworkDid::Listen, Some(me)));
        drop(listener);
        let found = watcher.look(&tables(), &mut owners).found;
        assert!(found.iter().any(|(did, connection, _)| *did == NetworkDid::Close && connection.local == here));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            rows(Protocol::Udp, &bytes).count();
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[0-9A-F: ]{0,80}") {
            rows(Protocol::Udp, text.as_bytes()).count();
        }
    }
}

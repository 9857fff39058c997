//! Sockets of the running machine: `/proc/net/{tcp,tcp6,udp,udp6}` (proc_net_tcp.txt of the kernel).

use super::{Reading, lines};
use model::Transport;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Sockets of one file that are kept.
pub const SOCKETS_MAX: usize = 20_000;

/// A socket that waits for whoever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    pub transport: Transport,
    pub address: IpAddr,
    pub port: u16,
    pub user_id: u32,
    /// By which a process that has it open names it: `socket:[12345]`.
    pub inode: u64,
}

/// A line as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    /// [`LISTEN`] and its like; UDP has numbers of TCP.
    pub state: u8,
    pub user_id: u32,
    /// 0 when no process has it open any more.
    pub inode: u64,
}

pub const TIME_WAIT: u8 = 6;
pub const UNCONNECTED: u8 = 7;
pub const LISTEN: u8 = 10;

/// Reads one of the files. Of TCP those that listen are kept, of UDP those that are bound and have no other side.
pub fn read(bytes: &[u8], transport: Transport) -> Reading<Vec<Socket>> {
    let mut reading = Reading::<Vec<Socket>>::default();
    for (number, line) in lines(bytes).skip(1).filter(|(_, line)| !line.trim_ascii().is_empty()) {
        match entry(line) {
            None => reading.odd("linux.no-socket", number),
            Some(entry) if !waits(&entry, transport) => {}
            Some(Entry { local, user_id, inode, .. }) => {
                let socket = Socket { transport, address: local.ip(), port: local.port(), user_id, inode };
                if !reading.push(socket, SOCKETS_MAX) {
                    break;
                }
            }
        }
    }
    reading
}

fn waits(entry: &Entry, transport: Transport) -> bool {
    let waits = match transport {
        Transport::Udp => entry.state == UNCONNECTED && entry.remote.ip().is_unspecified() && entry.remote.port() == 0,
        _ => entry.state == LISTEN,
    };
    waits && entry.local.port() != 0
}

/// Reads a line; none of the first, which has the names of columns, and of one that is cut off.
pub fn entry(line: &[u8]) -> Option<Entry> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace().skip(1);
    let (local, remote) = (end(words.next()?)?, end(words.next()?)?);
    let state = u8::from_str_radix(words.next()?, 16).ok()?;
    let user_id = words.nth(3)?.parse().ok()?;
    let inode = words.nth(1)?.parse().ok()?;
    Some(Entry { local, remote, state, user_id, inode })
}

/// The socket that an open file of a process is, by what its link says: `socket:[12345]`.
pub fn inode_of(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// `0100007F:0050`. The kernel prints each four bytes of an address as a number of its own, so that they stand in the
/// order of the machine.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let words = address.as_bytes().chunks(8).map(|word| {
        let word = std::str::from_utf8(word).ok()?;
        u32::from_str_radix(word, 16).ok().map(u32::to_ne_bytes)
    });
    let bytes = words.collect::<Option<Vec<_>>>()?.concat();
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        32 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 24523 1 0000000000000000 100 0 0 10 0\n   \
        1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 18234 1 0 100 0 0 10 0\n   \
        2: 0F02000A:0016 0202000A:C8F2 01 00000000:00000000 02:000A1B3C 00000000  1000        0 25555 4 0 20 4 30 10 -1\n";
    const UDP6: &str = "  sl  local_address                         remote_address                        st tx_queue\n  \
        66: 000080FE00000000FF0D00020100FE FF:0222 0\n  \
        67: 00000000000000000000000000000000:14E9 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000   107        0 19000 2 0 0\n";

    fn shown(reading: &Reading<Vec<Socket>>) -> Vec<String> {
        let line = |s: &Socket| format!("{:?} {}:{} {} {}", s.transport, s.address, s.port, s.user_id, s.inode);
        reading.value.iter().map(line).collect()
    }

    #[test]
    fn sockets_that_wait_are_kept() {
        let reading = read(TCP.as_bytes(), Transport::Tcp);
        assert_eq!(shown(&reading), ["Tcp 127.0.0.1:631 0 24523", "Tcp 0.0.0.0:22 0 18234"]);
        assert!(reading.oddities.is_empty());
        let reading = read(UDP6.as_bytes(), Transport::Udp);
        assert_eq!(shown(&reading), ["Udp :::5353 107 19000"]);
        assert_eq!(reading.oddities[0].line, Some(2));
    }

    #[test]
    fn an_address_of_six_stands_in_four_numbers() {
        let address = end("B80D01200000000067452301EFCDAB89:01BB").unwrap();
        assert_eq!(address.to_string(), "[2001:db8::123:4567:89ab:cdef]:443");
        for bad in ["", ":", "0100007F", "0100007:50", "0100007F:12345", "ZZZZZZZZ:0050", "é100007F:0050"] {
            assert!(end(bad).is_none(), "{bad}");
        }
    }
}

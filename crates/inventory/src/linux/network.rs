//! Addresses of the running machine: `/proc/net/fib_trie`, `/proc/net/route`, `/proc/net/if_inet6`.

use super::{lines, value};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses of one machine.
pub const ADDRESSES_MAX: usize = 4096;

/// Addresses of this machine by the name of the interface. An address of version 4 is the one of the interface into whose
/// network it falls; of one that falls into none, nobody says whose it is, and it stands under an empty name.
pub fn addresses(fib_trie: &[u8], route: &[u8], if_inet6: &[u8]) -> BTreeMap<String, BTreeSet<IpAddr>> {
    let mut found: BTreeMap<String, BTreeSet<IpAddr>> = BTreeMap::new();
    let routes = routes(route);
    for address in local(fib_trie) {
        found.entry(interface_of(address, &routes)).or_default().insert(IpAddr::V4(address));
    }
    for (_, line) in lines(if_inet6).take(ADDRESSES_MAX) {
        if let Some((address, interface)) = sixth(line) {
            found.entry(interface).or_default().insert(IpAddr::V6(address));
        }
    }
    found
}

/// The addresses that the kernel takes as its own: each a line, with what it is on the next.
fn local(fib_trie: &[u8]) -> BTreeSet<Ipv4Addr> {
    let mut last: Option<Ipv4Addr> = None;
    let mut found = BTreeSet::new();
    for (_, line) in lines(fib_trie) {
        let Ok(text) = std::str::from_utf8(line) else { continue };
        let text = text.trim();
        if let Some(address) = text.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if text.starts_with("/32 host LOCAL") && found.len() < ADDRESSES_MAX {
            found.extend(last);
        }
    }
    found
}

struct Route {
    network: u32,
    mask: u32,
    interface: String,
}

fn routes(bytes: &[u8]) -> Vec<Route> {
    let route = |line: &[u8]| {
        let words: Vec<&str> = std::str::from_utf8(line).ok()?.split_ascii_whitespace().collect();
        // As with sockets, numbers of the machine's own order.
        let number =
            |at: usize| u32::from_str_radix(words.get(at)?, 16).ok().map(|n| u32::from_be_bytes(n.to_ne_bytes()));
        let gateway = number(2)?;
        let route = Route { network: number(1)?, mask: number(7)?, interface: value(words.first()?.as_bytes()) };
        (gateway == 0 && route.mask != 0).then_some(route)
    };
    lines(bytes).skip(1).filter_map(|(_, line)| route(line)).take(ADDRESSES_MAX).collect()
}

fn interface_of(address: Ipv4Addr, routes: &[Route]) -> String {
    if address.is_loopback() {
        return "lo".to_owned();
    }
    let fits = |route: &&Route| u32::from(address) & route.mask == route.network;
    routes.iter().filter(fits).max_by_key(|route| route.mask).map(|route| route.interface.clone()).unwrap_or_default()
}

/// `fe80…0001 04 40 20 80     eth0`
fn sixth(line: &[u8]) -> Option<(Ipv6Addr, String)> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let address = u128::from_str_radix(words.next().filter(|text| text.len() == 32)?, 16).ok()?;
    Some((Ipv6Addr::from(address), value(words.nth(4)?.as_bytes())))
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    const TRIE: &str = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 127.0.0.1\n        /32 host LOCAL\n     |-- 192.0.2.0\n        /24 link UNICAST\n     |-- 192.0.2.2\n        /32 host LOCAL\n     |-- 192.0.2.255\n        /32 link BROADCAST\n     |-- 203.0.113.9\n        /32 host LOCAL\nLocal:\n     |-- 192.0.2.2\n        /32 host LOCAL\n";
    const ROUTE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
    const SIX: &str = "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n00000000000000000000000000000001 01 80 10 80       lo\nxyz\n";

    #[test]
    fn addresses_stand_with_their_interfaces() {
        let found = addresses(TRIE.as_bytes(), ROUTE.as_bytes(), SIX.as_bytes());
        let shown: Vec<_> = found
            .iter()
            .map(|(name, addresses)| {
                format!("{name}: {}", addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(shown, [": 203.0.113.9", "eth0: 192.0.2.2 fe80::fc:ff:fe00:1", "lo: 127.0.0.1 ::1"]);
    }
}

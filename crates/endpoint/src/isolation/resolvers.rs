//! Who says what a name's address is, as `/etc/resolv.conf` has it.

use super::rules::ADDRESSES_MAX;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

const BYTES_MAX: u64 = 64 << 10;
/// Where `systemd-resolved` asks itself, when programs ask it on the machine.
const BEHIND: &str = "/run/systemd/resolve/resolv.conf";

/// The resolvers of this machine that are not on the machine itself.
pub fn resolvers() -> BTreeSet<IpAddr> {
    let named = read(Path::new("/etc/resolv.conf"));
    let behind = if named.iter().any(IpAddr::is_loopback) { read(Path::new(BEHIND)) } else { BTreeSet::new() };
    named.into_iter().chain(behind).filter(|address| !address.is_loopback()).take(ADDRESSES_MAX).collect()
}

fn read(path: &Path) -> BTreeSet<IpAddr> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BYTES_MAX).read_to_end(&mut text));
    if read.is_ok() { parse(&String::from_utf8_lossy(&text)) } else { BTreeSet::new() }
}

fn parse(text: &str) -> BTreeSet<IpAddr> {
    let named = |line: &str| {
        let mut words = line.split_whitespace();
        let is_resolver = words.next() == Some("nameserver");
        // An address of a link may name the link behind it.
        words.next().filter(|_| is_resolver)?.split('%').next()?.parse().ok()
    };
    text.lines().filter_map(named).take(ADDRESSES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_what_stands_behind_the_word() {
        let text = "# nameserver 10.0.0.9\nsearch example\nnameserver 10.0.0.1\n  nameserver\tfe80::1%eth0\n\
                    nameserver nobody\nnameserver\n";
        let found: Vec<String> = parse(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.1", "fe80::1"]);
        assert!(parse(&"nameserver 10.0.0.1\n".repeat(1000)).len() == 1);
    }
}

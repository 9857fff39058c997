#![no_main]
//! The readers of a Linux machine's files: the first byte chooses one. What stands behind a `0xFF` is a second file where a
//! reader takes two, such as the log of a database.

use inventory::linux::{
    accounts, apk, certificate, changes, containers, dpkg, facts, machine, mounts, network, os_release, read, rpm, sockets, units,
};
use model::Transport;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((which, bytes)) = input.split_first() else { return };
    let at = bytes.iter().position(|byte| *byte == 0xff).unwrap_or(bytes.len());
    let (first, second) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    match which % 16 {
        0 => drop(os_release::read(bytes)),
        1 => drop(dpkg::read(bytes)),
        2 => drop(apk::read(bytes)),
        3 => drop(rpm::list(bytes)),
        4 => {
            rpm::database(bytes, None);
            let _ = rpm::files(bytes, None, &mut |_, _, _| ());
        }
        // A database of which only the log is bent.
        5 => drop(rpm::database(include_bytes!("../../crates/inventory/tests/golden/rpm/rpmdb.sqlite"), Some(bytes))),
        6 => drop(sockets::read(bytes, Transport::Tcp)),
        7 => drop(sockets::read(bytes, Transport::Udp)),
        8 => drop(accounts::read(first, Some(second))),
        9 => drop(accounts::groups(bytes)),
        10 => drop((units::read(bytes), units::unit_of(bytes), containers::of_process(bytes))),
        11 => drop(certificate::read("/x", bytes)),
        12 => drop(mounts::read(bytes)),
        13 => drop(network::addresses(first, second, bytes)),
        14 => drop((machine::command_line(bytes), machine::processors(bytes), machine::memory_kib(bytes), machine::release(bytes))),
        _ => {
            drop((containers::docker(bytes), containers::podman(bytes)));
            let _ = inventory::read("host.json", bytes, &inventory::Limits::default());
            if let (Ok(before), Ok(after)) = (read(first), read(second)) {
                changes(&before, &after).iter().for_each(|change| drop(change.message()));
                drop(facts(&after));
            }
        }
    }
});

//! What only the machine that runs can say: its kernel, hardware, mounts and network.

use super::{FILE_BYTES_MAX, Look};
use inventory::linux::{Disk, Interface, machine, mounts, network};

/// Bytes of a sector in `/sys/block`, whatever the disk's own are.
const SECTOR_BYTES: u64 = 512;
const DISKS_MAX: usize = 1_000;
const INTERFACES_MAX: usize = 10_000;

pub fn machine(look: &mut Look) {
    let kernel = look.needed("proc/version", FILE_BYTES_MAX).and_then(|bytes| machine::release(&bytes));
    let command_line = look.file("proc/cmdline", FILE_BYTES_MAX).and_then(|bytes| machine::command_line(&bytes));
    look.document.kernel.running = kernel;
    look.document.kernel.command_line = command_line;
    look.document.kernel.architecture = Some(std::env::consts::ARCH.to_owned());
    let (processor, processors) =
        look.file("proc/cpuinfo", FILE_BYTES_MAX).map(|bytes| machine::processors(&bytes)).unwrap_or_default();
    let memory_kib = look.file("proc/meminfo", FILE_BYTES_MAX).and_then(|bytes| machine::memory_kib(&bytes));
    let firmware = |name: &str| look.line(&format!("sys/class/dmi/id/{name}"));
    let hardware = inventory::linux::Hardware {
        vendor: firmware("sys_vendor"),
        product: firmware("product_name"),
        serial: firmware("product_serial"),
        firmware: firmware("bios_version"),
        firmware_date: firmware("bios_date"),
        processor,
        processors,
        memory_kib,
        disks: disks(look),
    };
    look.document.hardware = hardware;
    if let Some(bytes) = look.needed("proc/self/mountinfo", FILE_BYTES_MAX) {
        look.document.mounts = Some(look.value("proc/self/mountinfo", mounts::read(&bytes)));
    }
}

fn disks(look: &Look) -> Vec<Disk> {
    let real = |name: &String| !["loop", "ram", "zram", "dm-", "md"].iter().any(|start| name.starts_with(start));
    let disk = |name: String| {
        let of = |part: &str| look.line(&format!("sys/block/{name}/{part}"));
        let sectors = of("size").and_then(|sectors| sectors.parse::<u64>().ok());
        Disk {
            bytes: sectors.and_then(|sectors| sectors.checked_mul(SECTOR_BYTES)),
            model: of("device/model"),
            removable: of("removable").as_deref() == Some("1"),
            name,
        }
    };
    look.names("sys/block").into_iter().filter(real).take(DISKS_MAX).map(disk).collect()
}

pub fn network(look: &mut Look) {
    let mut file = |path: &str| look.file(path, FILE_BYTES_MAX).unwrap_or_default();
    let (trie, route, six) = (file("proc/net/fib_trie"), file("proc/net/route"), file("proc/net/if_inet6"));
    let mut addresses = network::addresses(&trie, &route, &six);
    let mut interfaces = Vec::new();
    for name in look.names("sys/class/net").into_iter().take(INTERFACES_MAX) {
        let of = |part: &str| look.line(&format!("sys/class/net/{name}/{part}"));
        // Of some, such as `lo`, nobody says.
        let up = of("operstate").is_some_and(|state| state != "down");
        let addresses = addresses.remove(&name).into_iter().flatten().collect();
        let mac = of("address").filter(|mac| mac != "00:00:00:00:00:00");
        interfaces.push(Interface { name, mac, up, addresses });
    }
    // Those of which nobody says whose they are.
    for (name, addresses) in addresses {
        interfaces.push(Interface {
            name,
            up: true,
            addresses: addresses.into_iter().collect(),
            ..Interface::default()
        });
    }
    look.document.interfaces = Some(interfaces);
}

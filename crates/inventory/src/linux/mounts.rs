//! Mounts of the running machine: `/proc/self/mountinfo` (proc_pid_mountinfo(5)).

use super::{Mount, Reading, lines, tidy};

/// Mounts that are kept; a machine of many containers has thousands.
pub const MOUNTS_MAX: usize = 4096;

/// Reads the file. What the kernel shows of itself (`proc`, `sysfs`, …) is left out.
pub fn read(bytes: &[u8]) -> Reading<Vec<Mount>> {
    let mut reading = Reading::<Vec<Mount>>::default();
    for (number, line) in lines(bytes).filter(|(_, line)| !line.trim_ascii().is_empty()) {
        match std::str::from_utf8(line).ok().and_then(mount) {
            None => reading.odd("linux.no-mount", number),
            Some(mount) if OF_THE_KERNEL.contains(&mount.filesystem.as_str()) => {}
            Some(mount) => {
                if !reading.push(mount, MOUNTS_MAX) {
                    break;
                }
            }
        }
    }
    reading
}

const OF_THE_KERNEL: &[&str] = &[
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nsfs",
    "proc",
    "pstore",
    "rpc_pipefs",
    "securityfs",
    "sysfs",
    "tracefs",
];

fn mount(line: &str) -> Option<Mount> {
    // Any number of optional fields stand before the dash.
    let (before, behind) = line.split_once(" - ")?;
    let mut before = before.split(' ');
    let (path, options) = (before.nth(4)?, before.next()?);
    let mut behind = behind.split(' ');
    let (filesystem, source) = (behind.next()?, behind.next()?);
    let plain = |text| tidy(&unescaped(text));
    Some(Mount { path: plain(path), source: plain(source), filesystem: tidy(filesystem), options: tidy(options) })
}

/// `\040` is a blank: the kernel writes those as numbers of base eight.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..3).filter(|_| *first == b'\\').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_with_blanks_in_their_names() {
        let text = "22 27 0:21 / /proc rw,relatime - proc proc rw\n27 1 254:0 / / rw,noatime shared:1 master:2 - ext4 /dev/vda1 rw\n\
            30 27 0:40 / /mnt/a\\040b rw,nosuid - nfs4 filer:/x\\134y rw,addr=10.0.0.9\nbroken line\n";
        let reading = read(text.as_bytes());
        let shown: Vec<_> =
            reading.value.iter().map(|m| format!("{} {} {} {}", m.path, m.source, m.filesystem, m.options)).collect();
        assert_eq!(shown, ["/ /dev/vda1 ext4 rw,noatime", "/mnt/a b filer:/x\\y nfs4 rw,nosuid"]);
        assert_eq!(reading.oddities[0].line, Some(4));
        assert_eq!(unescaped("a\\99\\777\\é"), "a\\99\\777\\é");
    }
}

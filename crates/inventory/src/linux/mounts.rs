//! Mounts of the running machine: `/proc/self/mountinfo` (proc_pid_mountinfo(5)).

use super::{Mount, Reading, lines, tidy};

/// Mounts that are kept; a machine of many containers has thousands.
pub const MOUNTS_MAX: usize = 4096;

/// Reads the file. What the kernel shows of itself (`proc`, `sysfs`, …) is left out.
pub fn read(bytes: &[u8]) -> Reading<Vec<Mount>> {
    let mut reading = Reading::<Vec<Mount>>::default();
    for (number, line) in lines(bytes).filter(|(_, line)| !line.trim_ascii().is_empty()) {
        match std::str::from_utf8(line).ok().and_then(|_| mount(line)) {
            None => reading.odd("linux.no-mount", number),
            Some(mount) if shows_the_kernel(&mount.filesystem) => {}
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
    "selinuxfs",
    "sysfs",
    "tracefs",
];

/// Whether a filesystem only shows what the kernel has.
pub fn shows_the_kernel(filesystem: &str) -> bool {
    OF_THE_KERNEL.contains(&filesystem)
}

/// A line as it stands, with the bytes of names as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'l> {
    pub place: Vec<u8>,
    /// Of this mount, with commas.
    pub options: &'l [u8],
    pub filesystem: &'l [u8],
    pub source: Vec<u8>,
    /// Of the filesystem itself, with commas; empty when they are missing.
    pub filesystem_options: &'l [u8],
}

/// Reads a line; none of one that is cut off or is no mount.
pub fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let mut words = line.split(|byte| *byte == b' ');
    let (place, options) = (words.nth(4)?, words.next()?);
    // Any number of optional fields stand before the dash.
    words.by_ref().find(|word| *word == b"-")?;
    let (filesystem, source) = (words.next()?, words.next()?);
    let filesystem_options = words.next().unwrap_or_default();
    Some(Entry { place: unescaped(place), options, filesystem, source: unescaped(source), filesystem_options })
}

fn mount(line: &[u8]) -> Option<Mount> {
    let entry = entry(line)?;
    let plain = |bytes: &[u8]| tidy(&String::from_utf8_lossy(bytes));
    Some(Mount {
        path: plain(&entry.place),
        source: plain(&entry.source),
        filesystem: plain(entry.filesystem),
        options: plain(entry.options),
    })
}

/// `\040` is a blank: the kernel writes those as numbers of base eight.
fn unescaped(word: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, behind)) = rest.split_first() {
        let code = behind.get(..3).filter(|_| *first == b'\\').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 8).ok()) {
            Some(byte) => {
                plain.push(byte);
                rest = behind.get(3..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = behind;
            }
        }
    }
    plain
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
        assert_eq!(unescaped("a\\99\\777\\é".as_bytes()), "a\\99\\777\\é".as_bytes());
    }
}

//! The regions of a process's memory, as `/proc/N/maps` lists them (`proc_pid_maps(5)`).

use serde::{Deserialize, Serialize};

/// A region, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    pub start: u64,
    pub end: u64,
    pub write: bool,
    pub execute: bool,
    pub shared: bool,
    /// Where in the file it begins.
    pub offset: u64,
    pub inode: u64,
    pub origin: Origin,
}

/// What stands behind a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    Anonymous,
    Heap,
    Stack,
    /// A file that has only ever been in memory.
    Memfd {
        name: String,
    },
    /// A file that no longer has that name.
    Deleted {
        path: String,
    },
    File {
        path: String,
    },
    /// The kernel's own: vdso, vsyscall, uprobes.
    Kernel,
}

impl Region {
    pub fn bytes(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// The path of the file behind it, if one is or was there.
    pub fn path(&self) -> Option<&str> {
        match &self.origin {
            Origin::File { path } | Origin::Deleted { path } => Some(path),
            _ => None,
        }
    }
}

/// Reads a list; lines that are none are left out.
pub fn regions(maps: &[u8]) -> impl Iterator<Item = Region> {
    maps.split(|byte| *byte == b'\n').filter_map(|line| region(&String::from_utf8_lossy(line)))
}

fn region(line: &str) -> Option<Region> {
    // Five fields, each behind one blank; the name stands behind as many as make a column, and may have blanks.
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let hex = |digits: &str| u64::from_str_radix(digits, 16).ok();
    let (start, end) = (hex(start)?, hex(end)?);
    let rights = fields.next()?.as_bytes();
    let offset = hex(fields.next()?)?;
    let inode = fields.nth(1)?.parse().ok()?;
    let name = fields.next().unwrap_or_default().trim_start();
    let has = |at: usize, letter: u8| rights.get(at) == Some(&letter);
    let origin = origin(name, inode);
    (end >= start).then(|| Region {
        start,
        end,
        write: has(1, b'w'),
        execute: has(2, b'x'),
        shared: has(3, b's'),
        offset,
        inode,
        origin,
    })
}

fn origin(name: &str, inode: u64) -> Origin {
    const DELETED: &str = " (deleted)";
    let plain = name.strip_suffix(DELETED);
    match name {
        "[heap]" => Origin::Heap,
        "[uprobes]" => Origin::Kernel,
        _ if name.starts_with("[stack") => Origin::Stack,
        _ if name.starts_with("[v") => Origin::Kernel,
        _ if name.starts_with("/memfd:") => {
            let name = plain.unwrap_or(name).trim_start_matches("/memfd:");
            Origin::Memfd { name: name.to_owned() }
        }
        // Memory that is shared has a file of the kernel's own behind it, which nobody can open.
        "" | "/dev/zero (deleted)" => Origin::Anonymous,
        _ if name.starts_with("/SYSV") || name.starts_with('[') || name.starts_with("anon_inode:") => Origin::Anonymous,
        _ => match plain {
            Some(path) if inode != 0 => Origin::Deleted { path: path.to_owned() },
            _ => Origin::File { path: name.to_owned() },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_kind_of_region_is_told() {
        let maps = "\
55d0-55d2 r-xp 00001000 fd:00 123                        /usr/bin/a b
55d3-55d4 rwxp 00000000 00:00 0 
55d5-55d6 r-xp 00000000 00:01 7                          /memfd:x (deleted)
55d7-55d8 r-xp 00000000 fd:00 9                          /tmp/lib.so (deleted)
55d9-55da rw-p 00000000 00:00 0                          [heap]
55db-55dc rw-p 00000000 00:00 0                          [stack]
55dd-55de r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]
55df-55e0 rw-s 00000000 00:01 8                          /dev/zero (deleted)
55e1-55e2 rwxp 00000000 00:00 0                          [anon:JIT]
nonsense
";
        let regions: Vec<_> = regions(maps.as_bytes()).collect();
        let origins: Vec<_> = regions.iter().map(|region| region.origin.clone()).collect();
        assert_eq!(
            origins,
            [
                Origin::File { path: "/usr/bin/a b".into() },
                Origin::Anonymous,
                Origin::Memfd { name: "x".into() },
                Origin::Deleted { path: "/tmp/lib.so".into() },
                Origin::Heap,
                Origin::Stack,
                Origin::Kernel,
                Origin::Kernel,
                Origin::Anonymous,
                Origin::Anonymous,
            ]
        );
        let first = &regions[0];
        assert_eq!((first.start, first.bytes(), first.offset, first.inode), (0x55d0, 2, 0x1000, 123));
        assert_eq!((first.write, first.execute, first.shared), (false, true, false));
        assert!(regions[1].write && regions[1].execute && regions[8].shared);
    }

    #[test]
    fn this_process_has_code_and_a_stack() {
        let regions: Vec<_> = regions(&std::fs::read("/proc/self/maps").unwrap()).collect();
        assert!(regions.iter().any(|region| region.execute && region.path().is_some()));
        assert!(regions.iter().any(|region| region.origin == Origin::Stack));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            regions(&bytes).count();
        }
    }
}

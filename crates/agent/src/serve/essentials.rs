//! What this machine cannot do without, by what it says itself: its first process, its loader, its shells, and the agent.

use super::updating;
use policy::lockout;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LOADERS: &[&str] = &[
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-linux.so.2",
    "/lib/ld-linux-riscv64-lp64d.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];
const FIRST: &[&str] = &["/proc/1/exe", "/proc/self/exe", "/sbin/init", "/bin/sh"];

#[derive(Debug, Default)]
pub struct Essentials {
    /// As they are called once all links are followed.
    paths: BTreeSet<PathBuf>,
}

impl Essentials {
    pub fn of_this_machine() -> Essentials {
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let names = FIRST.iter().chain(LOADERS).map(Path::new);
        let mut paths: BTreeSet<_> =
            names.chain(shells(&passwd)).filter_map(|path| fs::canonicalize(path).ok()).collect();
        // An agent on trial is called otherwise once it took its place.
        paths.extend(paths.iter().filter_map(|path| updating::settled(path)).collect::<Vec<_>>());
        Essentials { paths }
    }

    /// Whether a file is one, by its path as the kernel shows it.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(Path::new(path)) || lockout::Essentials::builtin().of(path).is_some()
    }
}

/// With which the administrator works.
fn shells(passwd: &str) -> impl Iterator<Item = &Path> {
    let of_root = passwd.lines().filter(|line| line.split(':').nth(2) == Some("0"));
    of_root.filter_map(|line| line.split(':').nth(6)).map(Path::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_and_the_loader_are_essential_and_a_tool_is_not() {
        let essentials = Essentials::of_this_machine();
        let shell = fs::canonicalize("/bin/sh").unwrap();
        assert!(essentials.has(shell.to_str().unwrap()));
        assert!(!essentials.has("/opt/tool"));
        assert!(
            shells("root:x:0:0:root:/root:/bin/zsh\nann:x:1000:1000::/home/ann:/bin/fish\n")
                .eq([Path::new("/bin/zsh")])
        );
    }
}

//! What this machine is called, for people to read.

use std::fs;

pub fn name() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let name = read("/proc/sys/kernel/hostname");
    if name.is_empty() { read("/etc/hostname") } else { name }
}

/// As `os-release` has it: `Debian GNU/Linux 13 (trixie)`.
pub fn system() -> String {
    let files = ["/etc/os-release", "/usr/lib/os-release"].map(fs::read_to_string);
    let text = files.into_iter().find_map(Result::ok).unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.unwrap_or_default().trim_matches(['"', '\'']).to_owned()
}

/// The release of its kernel.
pub fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

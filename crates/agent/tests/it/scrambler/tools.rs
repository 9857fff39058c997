//! Programs of the system that do the writing for a stand-in.

use super::ways::{aside, locked, prepared};
use crate::yard::Inside;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A well-known program does the writing, as somebody unknown tells it.
pub fn by_openssl(inside: &Inside, path: &Path) -> io::Result<()> {
    let (name, copy) = (here(path), here(&locked(path)));
    let arguments = [OsStr::new("enc"), OsStr::new("-aes-128-ctr"), OsStr::new("-K"), OsStr::new(KEY)];
    let more = [OsStr::new("-iv"), OsStr::new(KEY), OsStr::new("-in"), &name, OsStr::new("-out"), &copy];
    run_beside(inside, path, "openssl", &[&arguments[..], &more[..]].concat())?;
    inside.unlink(path)
}

/// Nothing that is kept secret: whoever has this source can take it off again.
const KEY: &str = "00112233445566778899aabbccddeeff";

pub fn by_dd(inside: &Inside, path: &Path) -> io::Result<()> {
    drop(prepared(inside, path)?);
    let (_parent, from) = inside.spelled(&aside(path))?;
    // The tool has descriptors of its own: what it reads is named as seen from this process.
    let from =
        Path::new("/proc").join(std::process::id().to_string()).join(from.strip_prefix("/proc/self").unwrap_or(&from));
    let mut reads = OsString::from("if=");
    reads.push(from);
    let mut writes = OsString::from("of=");
    writes.push(here(path));
    run_beside(inside, path, "dd", &[&reads, &writes, OsStr::new("bs=64k"), OsStr::new("status=none")])
}

/// One shell that does all, as a script that somebody unknown wrote.
pub fn by_shell(inside: &Inside, files: &[PathBuf]) {
    const SCRIPT: &str =
        "openssl enc -aes-128-ctr -K \"$3\" -iv \"$3\" -in \"$1\" -out \"$2\" && rm -f -- \"$1\" && echo + >&2";
    // A shell for each directory, since names are given as seen from it.
    for same in files.chunk_by(|a, b| a.parent() == b.parent()) {
        let script = format!("while [ $# -ge 3 ]; do {SCRIPT}; shift 3; done");
        let mut arguments = vec![OsString::from("-c"), script.into(), "sh".into()];
        for path in same {
            arguments.extend([here(path), here(&locked(path)), OsString::from(KEY)]);
        }
        let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        let _ = run_beside(inside, &same[0], "sh", &arguments);
    }
}

/// The last part of a path, in a spelling that no program takes for an option.
fn here(path: &Path) -> OsString {
    let mut name = OsString::from("./");
    name.push(path.file_name().unwrap_or_default());
    name
}

/// Runs a tool in the directory of a file of the yard, which is entered by its descriptor.
fn run_beside(inside: &Inside, path: &Path, tool: &str, arguments: &[&OsStr]) -> io::Result<()> {
    let (parent, _spelled) = inside.spelled(path)?;
    let folder = format!("/proc/self/fd/{}", parent.as_raw_fd());
    let folder = std::fs::read_link(folder)?;
    let status =
        Command::new(tool).args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

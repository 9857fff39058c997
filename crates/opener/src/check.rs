//! What really holds a copy back on this machine, found by trying: each attempt is made by a copy that gave everything up
//! as one does that opens a file.

use crate::{confine, sys};
use analysis::Costs;
use serde::Serialize;
use std::fs::File;
use std::io;
use std::process::Command;

/// What a copy cannot do. All of it should be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The kernel keeps this process from files and the network by itself (Landlock), beside the filter of calls.
    pub landlock: bool,
    pub opens_no_file: bool,
    pub starts_no_program: bool,
    pub speaks_to_nobody: bool,
    pub makes_no_code: bool,
    pub has_bounded_memory: bool,
    /// It is not root.
    pub is_nobody: bool,
}

impl Held {
    pub fn is_whole(&self) -> bool {
        let Held { landlock, opens_no_file, starts_no_program, speaks_to_nobody, makes_no_code, .. } = *self;
        landlock
            && opens_no_file
            && starts_no_program
            && speaks_to_nobody
            && makes_no_code
            && self.has_bounded_memory
            && self.is_nobody
    }
}

/// Tries everything.
///
/// # Errors
/// When no copy can be made, or it cannot give up what it should.
pub fn held() -> io::Result<Held> {
    let program = std::env::current_exe()?;
    sys::data_bytes();
    let landlock = confine::no_files()?;
    Ok(Held {
        landlock,
        opens_no_file: is_refused(|| File::open("/etc/passwd").is_ok() || File::create("/tmp/redoubt-check").is_ok())?,
        starts_no_program: is_refused(|| Command::new(&program).arg("--version").status().is_ok())?,
        speaks_to_nobody: is_refused(|| std::net::UdpSocket::bind("127.0.0.1:0").is_ok())?,
        makes_no_code: is_refused(sys::can_make_code)?,
        has_bounded_memory: is_refused(|| {
            let mut bytes: Vec<u8> = Vec::new();
            bytes.try_reserve_exact(2 << 30).is_ok()
        })?,
        is_nobody: is_refused(sys::is_root)?,
    })
}

/// Whether a copy that was confined cannot do something: it was refused, or ended for it.
fn is_refused(attempt: impl FnOnce() -> bool) -> io::Result<bool> {
    const REACHED: i32 = 0;
    const REFUSED: i32 = 3;
    const UNCONFINED: i32 = 4;
    match sys::fork()? {
        sys::Side::Copy => {
            let code = match confine::only_this_file(&Costs::default()) {
                Ok(()) if attempt() => REACHED,
                Ok(()) => REFUSED,
                Err(_) => UNCONFINED,
            };
            sys::end(code)
        }
        sys::Side::Original(process) => {
            let gone = sys::wait(process)?;
            match sys::exit_code_of(gone.status) {
                Some(REACHED) => Ok(false),
                Some(UNCONFINED) => Err(io::Error::other("it cannot give up what it should")),
                _ => Ok(true),
            }
        }
    }
}

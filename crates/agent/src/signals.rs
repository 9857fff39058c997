//! What this process is told by signals.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// It is to end.
pub static STOP: AtomicBool = AtomicBool::new(false);
/// It is to read its rules anew.
pub static RELOAD: AtomicBool = AtomicBool::new(false);

extern "C" fn stop(_: libc::c_int) {
    STOP.store(true, Ordering::Relaxed);
}

extern "C" fn reload(_: libc::c_int) {
    RELOAD.store(true, Ordering::Relaxed);
}

/// Ends when told to, also when whoever started it hangs up.
pub fn listen() -> io::Result<()> {
    [libc::SIGTERM, libc::SIGINT, libc::SIGHUP].into_iter().try_for_each(|signal| handle(signal, stop))
}

/// Ends when told to; a hang-up tells it to read its rules anew.
pub fn listen_for_reload() -> io::Result<()> {
    listen()?;
    handle(libc::SIGHUP, reload)
}

fn handle(signal: libc::c_int, handler: extern "C" fn(libc::c_int)) -> io::Result<()> {
    // SAFETY: the handlers do nothing but set a flag.
    match unsafe { libc::signal(signal, handler as libc::sighandler_t) } {
        libc::SIG_ERR => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

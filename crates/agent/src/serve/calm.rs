//! Threads whose work can wait give way to everybody's.

/// This thread comes after all others from now on.
pub fn be_last() {
    const LAST: i32 = 19;
    // SAFETY: a call with numbers only; on Linux it is about the calling thread.
    let put = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, LAST) };
    if put != 0 {
        tracing::debug!("a thread keeps its priority");
    }
}

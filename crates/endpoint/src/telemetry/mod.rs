//! What happens on this machine, told as events: processes, connections, files, modules of the kernel, logons.
//!
//! Sources ([`sources`]) read what the kernel and login programs say, and hand on signals; [`assembly`] makes events of
//! them, with who did it and where that comes from. Nothing goes away in silence: each source counts what it saw, what
//! became events, what is left out by design, and what was lost.

pub mod assembly;
pub mod event;
pub mod facts;
mod kin;
pub mod publisher;
mod shared;
pub mod sources;
pub mod watch;

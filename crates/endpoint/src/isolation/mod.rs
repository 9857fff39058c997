//! Isolation: a machine that speaks with nobody but its server, by a table of its own in the kernel (nf_tables).
//!
//! [`rules`] says what is let through, as values; [`message`] makes of them what the kernel is told over netlink, and
//! reads what it answers; [`kernel`] tells it, all of it at once or nothing. What was told is read back and compared
//! each time: that the kernel took it is not believed for that alone.
//!
//! The table belongs to nobody's process, so it stays when the agent ends. Nothing but the network namespace that this
//! process is in is held by it.

mod kernel;
mod message;
mod resolvers;
mod rules;

pub use kernel::{Failed, is_there, look, put, release, try_it};
pub use message::read_all;
pub use resolvers::resolvers;
pub use rules::{ADDRESSES_MAX, Allowed, TABLE};

/// How the kernel's table stands to what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Holds,
    /// There is none.
    Absent,
    /// Somebody changed it, or it lets other addresses through.
    Differs,
}

//! What the kernel of Linux is asked: who opens what, which process is whose child, how one is stopped.

pub mod callers;
pub mod calls;
pub mod facts;
pub mod fan;
pub mod files;
pub mod freezer;
pub mod mounts;
pub mod notice;
pub mod processes;
pub mod threads;
pub mod waiting;

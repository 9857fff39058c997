//! Readers of files: from the bytes of a file to its type, its hashes, typed facts about it, what is odd about it, and
//! the parts that are inside it.
//!
//! Everything here is a function of bytes: no IO, no clock, no threads. No input panics, hangs, or makes a reader
//! allocate by a number it found in the file. Walking from a file to the files inside it, workers and sandboxes are the
//! business of the room above.

pub mod bytes;
mod cms;
pub mod elf;
pub mod exe;
mod hashes;
mod identify;
mod kind;
mod limits;
pub mod macho;
mod oddity;
pub mod pe;
mod reading;
mod spamsum;
mod vector;

pub use hashes::{Hashes, hashes};
pub use identify::{Also, By, Encoding, Identified, Mismatch, extension_mismatch, identify};
pub use kind::{Group, Kind};
pub use limits::{Limit, Limits};
pub use oddity::Oddity;
pub use reading::{Child, Content, Reading, Storage};
pub use vector::{State, Value, Vector};

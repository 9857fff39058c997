//! Readers of files: from the bytes of a file to its type, its hashes, typed facts about it, what is odd about it, and
//! the parts that are inside it.
//!
//! Everything here is a function of bytes: no IO, no clock, no threads. No input panics, hangs, or makes a reader
//! allocate by a number it found in the file. [`take_apart`] walks from a file to the files inside it, within limits and
//! until a time that the caller names; workers and sandboxes are the business of the room above.

pub mod android;
pub mod ar;
pub mod arj;
mod bits;
mod budget;
pub mod bytes;
pub mod cab;
pub mod chm;
mod cms;
mod crypt;
mod decode;
pub mod elf;
mod encoded;
pub mod exe;
mod gather;
pub mod guess;
mod hashes;
pub mod html;
mod identify;
pub mod iso;
pub mod java;
mod kind;
pub mod lha;
mod limits;
pub mod lnk;
mod lzh;
mod lzhuf;
mod lzw;
pub mod macho;
pub mod mail;
pub mod media;
pub mod msg;
pub mod msi;
mod names;
mod oddity;
pub mod odf;
pub mod ole;
pub mod onenote;
pub mod ooxml;
mod part;
pub mod pdf;
pub mod pe;
pub mod rar;
mod read;
mod reading;
pub mod rtf;
pub mod script;
pub mod sevenzip;
mod spamsum;
pub mod streams;
pub mod strings;
pub mod tar;
mod tlsh;
pub mod tnef;
pub mod udf;
mod unpack;
pub mod vba;
mod vector;
pub mod xls;
mod xml;
pub mod zip;

#[cfg(test)]
mod kit;
#[cfg(test)]
mod tests;

pub use budget::Budget;
pub use hashes::{Hashes, hashes};
pub use identify::{Also, By, Encoding, Identified, Mismatch, extension_mismatch, identify};
pub use kind::{Group, Kind};
pub use limits::{Limit, Limits};
pub use oddity::Oddity;
pub use part::{File, Outcome, Part, take_apart, take_apart_with};
pub use read::{Reader, declared, read, reader};
pub use reading::{Child, Content, Reading, Storage};
pub use vector::{Declared, State, Value, Vector};

/// Makes ready what is made at its first use and is the same for all files, for whoever reads each in a copy of itself.
pub fn make_ready() {
    cms::roots();
}

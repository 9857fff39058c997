//! Which type of file some bytes are, told by content and never by name.
//!
//! Three questions in order, and the first answer stands: do the bytes begin, or lie at a known place, as a binary format
//! says (`magic`); what is inside, where many formats share one beginning (`zip`, `ole`, `executable`, `media`, `blocks`);
//! and if it is text, which language or notation (`text`). What else the same bytes are to other programs is kept beside
//! it (`polyglot`). Only the beginning, the end and places that headers point to are looked at, however long the file is.

mod blocks;
mod crypto;
mod executable;
mod extension;
mod image;
mod magic;
mod media;
mod office;
mod ole;
mod packed;
mod polyglot;
mod text;
mod zip;

pub use extension::{Mismatch, extension_mismatch};
pub use media::frame_length;
pub use text::Encoding;

use crate::kind::Kind;

#[cfg(test)]
mod tests;

/// What some bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    pub kind: Kind,
    pub by: By,
    /// How its characters are written, when it is text.
    pub encoding: Option<Encoding>,
    /// What the same bytes are as well, to a program that looks elsewhere in them.
    pub also: Vec<Also>,
}

impl Identified {
    /// The kind that signs alone tell. A guess accuses nobody of a name that promises something else.
    pub fn by_signs(&self) -> Kind {
        match self.by {
            By::Model if self.encoding.is_some() => Kind::Txt,
            By::Model => Kind::Data,
            By::Magic | By::Structure | By::Text | By::Nothing => self.kind,
        }
    }
}

/// What told the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// Bytes that the format has at a fixed place.
    Magic,
    /// What a header, directory or checksum says, read as the format says.
    Structure,
    /// Words and notation.
    Text,
    /// A model that was asked because nothing else did.
    Model,
    /// Nothing did: the file is empty, or `data`.
    Nothing,
}

/// A second type of the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Also {
    pub kind: Kind,
    /// Where the sign of it stands.
    pub at: u64,
}

/// Tells what some bytes are.
pub fn identify(bytes: &[u8]) -> Identified {
    if bytes.is_empty() {
        return Identified { kind: Kind::Empty, by: By::Nothing, encoding: None, also: Vec::new() };
    }
    let mut found = primary(bytes);
    polyglot::look(bytes, &mut found);
    found
}

fn primary(bytes: &[u8]) -> Identified {
    let binary = |(kind, by)| Identified { kind, by, encoding: None, also: Vec::new() };
    if let Some(found) = magic::identify(bytes) {
        return binary(found);
    }
    if let Some(found) = text::identify(bytes) {
        return found;
    }
    binary(blocks::unmarked(bytes).map_or((Kind::Data, By::Nothing), |kind| (kind, By::Structure)))
}

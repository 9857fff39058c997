//! From packed bytes to bytes: the decoders of all formats, and the stream that the files of a solid archive share.

use super::{Entry, Packing};
use crate::budget::Budget;
use crate::unpack::{Asking, Filling, Unpacked, unknown_method};
use model::Message;
use rars::codec::rar13::Unpack15;
use rars::codec::rar20::Unpack20;
use rars::codec::rar29::Unpack29;
use rars::codec::rar50::{DecodedChunk, Unpack50Decoder};
use std::cell::RefCell;
use std::io::{self, Write};

/// Bytes of a dictionary that a decoder may come to hold. Programs write 32 MB unless they are told otherwise; a larger
/// one is read as well where the files in it are smaller than this.
const DICTIONARY_BYTES_MAX: u64 = 128 << 20;
/// Memory of the model of a text, in MiB.
const MODEL_MIB_MAX: u8 = 128;
const PORTION_BYTES: usize = 1 << 16;

/// What stays of one file for the next one in the same stream.
#[derive(Clone, Default)]
pub struct Unpacker {
    decoder: Option<Decoder>,
    /// Bytes that came out of the stream.
    came: u64,
}

#[derive(Clone)]
enum Decoder {
    Fifteen(Box<Unpack15>),
    Twenty(Box<Unpack20>),
    TwentyNine(Box<Unpack29>),
    Fifty(Box<Unpack50Decoder>),
}

impl Unpacker {
    /// Whether anything was unpacked, on which a file could build.
    pub fn has_begun(&self) -> bool {
        self.decoder.is_some()
    }

    /// Unpacks a file. One that is solid goes on where the one before it ended.
    ///
    /// # Errors
    /// When there is no reader for how it is packed.
    pub fn unpack(
        &mut self,
        packed: &[u8],
        entry: &Entry,
        solid: bool,
        budget: &mut Budget,
    ) -> Result<Unpacked, Message> {
        if let Err(limit) = budget.pass(packed.len()) {
            return Ok(Unpacked::Limited(limit));
        }
        let most = entry.size.unwrap_or(budget.file_bytes().saturating_add(1));
        if !solid {
            *self = Unpacker::default();
        }
        self.came = self.came.saturating_add(most);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let budget = RefCell::new(budget);
        let mut input = Asking { input: packed, budget: &budget };
        let mut filling = Filling::new(&budget);
        let (dictionary, version) = match entry.packing {
            Packing::Five { version, dictionary } => (dictionary, version),
            _ => (0, 0),
        };
        if dictionary > DICTIONARY_BYTES_MAX && self.came > DICTIONARY_BYTES_MAX || needs_large_model(packed, entry) {
            return Err(unknown_method("memory"));
        }
        let well = match self.decoder_of(entry)? {
            Decoder::Fifty(decoder) => {
                let dictionary = usize::try_from(dictionary.min(DICTIONARY_BYTES_MAX)).unwrap_or(usize::MAX);
                let sink = |chunk: DecodedChunk<'_>| match chunk {
                    DecodedChunk::Bytes(bytes) => filling.write_all(bytes),
                    DecodedChunk::Repeated { byte, len } => repeat(&mut filling, byte, len),
                };
                let ended = decoder.decode_member_from_reader_with_dictionary_to_sink(
                    &mut input, version, most, dictionary, solid, sink,
                );
                // A file of unknown size ends where its data do.
                ended.is_ok() || entry.size.is_none() && input.input.is_empty()
            }
            Decoder::TwentyNine(decoder) => decoder.decode_member_from_reader(&mut input, most, &mut filling).is_ok(),
            Decoder::Twenty(decoder) => decoder.decode_member_from_reader(&mut input, most, &mut filling).is_ok(),
            Decoder::Fifteen(decoder) => {
                decoder.decode_member_from_reader(&mut input, most, solid, &mut filling).is_ok()
            }
        };
        Ok(filling.unpacked(well))
    }

    /// The decoder that goes on, or a new one where the stream changes its format.
    fn decoder_of(&mut self, entry: &Entry) -> Result<&mut Decoder, Message> {
        let fits = matches!(
            (&entry.packing, &self.decoder),
            (Packing::Five { .. }, Some(Decoder::Fifty(_)))
                | (Packing::Old(15), Some(Decoder::Fifteen(_)))
                | (Packing::Old(20 | 26), Some(Decoder::Twenty(_)))
                | (Packing::Old(29..), Some(Decoder::TwentyNine(_)))
        );
        let decoder = match self.decoder.take().filter(|_| fits) {
            Some(decoder) => decoder,
            None => match entry.packing {
                Packing::Five { version: 0 | 1, .. } => Decoder::Fifty(Box::new(Unpack50Decoder::new())),
                Packing::Old(15) => Decoder::Fifteen(Box::new(Unpack15::new())),
                Packing::Old(20 | 26) => Decoder::Twenty(Box::new(Unpack20::new())),
                Packing::Old(29..) => Decoder::TwentyNine(Box::new(Unpack29::new())),
                _ => return Err(unknown_method(&entry.method)),
            },
        };
        Ok(self.decoder.insert(decoder))
    }
}

fn repeat(filling: &mut Filling, byte: u8, mut left: usize) -> io::Result<()> {
    let portion = [byte; PORTION_BYTES];
    while left > 0 {
        let count = left.min(PORTION_BYTES);
        filling.write_all(&portion[..count])?;
        left -= count;
    }
    Ok(())
}

/// Whether a file begins with a model of text (PPMd) that may grow beyond what one may have.
fn needs_large_model(packed: &[u8], entry: &Entry) -> bool {
    matches!(entry.packing, Packing::Old(29..))
        && matches!(packed, [flags, mib, ..] if flags & 0xa0 == 0xa0 && *mib >= MODEL_MIB_MAX)
}

//! Pictures, sounds and fonts: where each ends by its own account, and what somebody put behind that; sizes and texts.

mod ends;
mod exif;
mod jpeg;
mod png;
mod sound;
mod tiff;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::exe::entropy::entropy;
use crate::gather::Gathered;
use crate::kind::Kind;
use crate::limits::Limit;
use crate::reading::{Child, Reading};
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "media":
    "width" integer "Width in dots.";
    "height" integer "Height in dots.";
    "bytes" integer "Bytes up to its end, as it tells where that is.";
    "appended_bytes" integer "Bytes behind its end.";
    "appended_entropy" real "Bits of information in a byte of those, from 0 to 8.";
    "texts" texts "Texts in it, as `name=value`.";
    "comments" texts "Comments.";
    "software" text "Program that wrote it, as it says.";
    "make" text "Maker of the camera.";
    "model" text "Model of the camera.";
    "artist" text "Who made it.";
    "copyright" text "Whose it is.";
    "description" text "Description.";
    "taken" text "When it was taken, local to where that was.";
    "has_position" flag "Whether it says where it was taken.";
    "pieces" integer "Chunks, segments, blocks or tables it is made of.";
    "unusual_chunks" texts "Chunks and segments that no specification names.";
}

/// Texts of one list.
const TEXTS_MAX: usize = 200;

/// What a walk over the pieces of a file found.
struct Walked {
    /// Where it ends; none when it breaks off before.
    end: Option<usize>,
    size: Option<(u32, u32)>,
    pieces: u64,
    texts: Gathered,
    comments: Gathered,
    unusual: Gathered,
}

impl Default for Walked {
    fn default() -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Walked { end: None, size: None, pieces: 0, texts: list(), comments: list(), unusual: list() }
    }
}

/// Takes a picture, a sound or a font apart.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    if let Err(limit) = pieces(kind, bytes, budget, &mut reading) {
        reading.state(NAMESPACE, "bytes", State::Limited(limit), None);
    }
    reading
}

fn pieces(kind: Kind, bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    budget.pass(bytes.len())?;
    let walked = match kind {
        Kind::Png => png::walk(bytes, budget, reading)?,
        Kind::Jpeg => jpeg::walk(bytes, budget, reading)?,
        Kind::Gif => ends::gif(bytes, budget)?,
        Kind::Bmp => ends::bmp(bytes),
        Kind::Ico | Kind::Cur => ends::icon(bytes),
        Kind::Tiff => tiff::walk(bytes, budget)?,
        Kind::Mp3 => sound::mpeg(bytes, budget, reading)?,
        Kind::Ogg | Kind::Ogv => sound::ogg(bytes, budget)?,
        Kind::Ttf | Kind::Otf => ends::font(bytes, 0),
        Kind::Ttc => ends::collection(bytes),
        Kind::Woff | Kind::Woff2 => ends::woff(bytes),
        Kind::Eot => ends::eot(bytes),
        _ => ends::riff(bytes, budget)?,
    };
    if let Some((width, height)) = walked.size {
        reading.know(NAMESPACE, "width", width);
        reading.know(NAMESPACE, "height", height);
    }
    reading.know(NAMESPACE, "pieces", Value::unsigned(walked.pieces));
    walked.texts.state(reading, NAMESPACE, "texts");
    walked.comments.state(reading, NAMESPACE, "comments");
    walked.unusual.state(reading, NAMESPACE, "unusual_chunks");
    let Some(end) = walked.end.filter(|end| *end <= bytes.len()) else {
        reading.state(NAMESPACE, "bytes", State::Failed(damaged()), None);
        reading.odd(Message::new("media.cut-off"));
        return Ok(());
    };
    reading.know(NAMESPACE, "bytes", Value::unsigned(end as u64));
    appended(bytes, end, budget, reading)
}

/// What stands behind the end. Zeros and ends of lines are filling.
fn appended(bytes: &[u8], end: usize, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    let behind = bytes.get(end..).unwrap_or_default();
    reading.know(NAMESPACE, "appended_bytes", Value::unsigned(behind.len() as u64));
    if behind.iter().all(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
        return Ok(());
    }
    reading.know(NAMESPACE, "appended_entropy", (entropy(behind) * 1000.0).round() / 1000.0);
    let count = i64::try_from(behind.len()).unwrap_or(i64::MAX);
    reading.odd_at(Message::new("media.data-behind").number("bytes", count), end as u64);
    reading.child(budget, Child::range("", end..bytes.len()))
}

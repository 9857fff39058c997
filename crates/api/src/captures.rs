//! Where the files of captures lie, and the cuts that are made of them.

use crate::Problem;
use crate::state::Place;
use axum::http::StatusCode;
use model::Message;
use sensor::cut::{Cut, Wanted};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Folder of capture files below the data directory.
pub const CAPTURES: &str = "captures";
/// Bytes of one piece of evidence.
const EVIDENCE_BYTES_MAX: usize = 64 << 20;

/// What a job works on that reads a kept capture again.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ReadAgain {
    pub capture: store::CaptureId,
}

pub fn folder_of(place: &Place) -> PathBuf {
    place.data_directory.join(CAPTURES)
}

/// The file of a capture. The digest is ours, not a person's; anything but its digits is left out all the same.
pub fn file_of(place: &Place, digest: &str) -> PathBuf {
    let name: String = digest.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    folder_of(place).join(format!("{name}.capture"))
}

/// Cuts what is wanted out of a kept capture.
pub async fn cut(place: &Place, capture: &store::Capture, wanted: Wanted) -> Result<Cut, Problem> {
    let gone = || Problem::new(StatusCode::GONE, Message::new("api.capture-gone").with("name", &capture.name));
    let path = file_of(place, &capture.digest);
    if !capture.kept || !tokio::fs::try_exists(&path).await.unwrap_or(false) {
        return Err(gone());
    }
    let wanted = Wanted { bytes_max: EVIDENCE_BYTES_MAX, ..wanted };
    let cut = crate::rooms::blocking(move || sensor::cut::cut(&path, &wanted)).await?.map_err(Problem::internal)?;
    if cut.frames == 0 { Err(gone()) } else { Ok(cut) }
}

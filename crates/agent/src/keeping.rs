//! What protects works in a process below this one, which starts it again when it is killed.

use crate::run;
use crate::voice;
use endpoint::execution::Filesystem;
use endpoint::keeping::{Kept, TakenOver};
use model::Message;
use serde_json::{Value, json};
use std::iter::repeat;
use std::path::PathBuf;
use std::process::ExitCode;
use words::Language;

pub fn keep(language: Language, work: impl FnOnce(Kept) -> ExitCode) -> ExitCode {
    endpoint::keeping::keep(work, || voice::note(&Message::new("agent.let-go"), language))
}

/// The same for work on the filesystems of these folders, or on all where there are none. Which they are is found out once and
/// handed to whoever takes over, other releases included: by then a folder may be on another one.
pub fn keep_on(only: &[PathBuf], language: Language, work: impl FnOnce(Vec<Filesystem>, Kept) -> ExitCode) -> ExitCode {
    let only = match endpoint::keeping::carried() {
        Some(devices) => known(only, &devices),
        None => match only.iter().map(|folder| Filesystem::of(folder)).collect::<Result<Vec<_>, _>>() {
            Ok(only) => only,
            Err(error) => return voice::failed(&run::why(&error), language),
        },
    };
    let devices: Vec<_> =
        only.iter().map(Filesystem::device).map(|(major, minor)| format!("{major}:{minor}")).collect();
    endpoint::keeping::carry(devices.join(" "));
    keep(language, |kept| work(only, kept))
}

/// Folders with the numbers of their filesystems. One of which nothing was said is on none.
fn known(only: &[PathBuf], devices: &str) -> Vec<Filesystem> {
    let number = |device: &str| {
        let (major, minor) = device.split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    };
    let devices = devices.split_whitespace().map(|device| number(device).unwrap_or_default());
    only.iter().zip(devices.chain(repeat((0, 0)))).map(|(folder, device)| Filesystem::known(folder, device)).collect()
}

/// That one took over from another, for people.
pub fn message(TakenOver { milliseconds, answered }: TakenOver, what: &str) -> Message {
    let number = |count| i64::try_from(count).unwrap_or(i64::MAX);
    Message::new(what).number("milliseconds", number(milliseconds)).number("answered", number(answered))
}

/// The same for programs.
pub fn object(TakenOver { milliseconds, answered }: TakenOver) -> Value {
    json!({ "event": "taken-over", "ms": milliseconds, "answered": answered })
}

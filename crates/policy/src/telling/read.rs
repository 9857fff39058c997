//! Reading what an endpoint tells, within bounds.

use super::{Report, Told, What};
use crate::said::says_its_message;
use model::Message;

/// Of a report, as the link has it.
pub const REPORT_BYTES_MAX: usize = 256 << 10;
pub const LINES_MAX: usize = 65_536;
pub const LINE_BYTES_MAX: usize = 256 << 10;
/// Of one text in it: a path, a name. Longer ones are cut.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Of one list in it. Longer ones are cut.
const LIST_MAX: usize = 1000;

/// Why something that was told cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadTelling {
    TooLong { line: usize, bytes: usize, most: usize },
    TooMany { most: usize },
    Unreadable { line: usize, why: String },
}

says_its_message!(BadTelling);

impl BadTelling {
    pub fn message(&self) -> Message {
        use crate::said::number;
        match self {
            BadTelling::TooLong { line, bytes, most } => Message::new("policy.telling-long")
                .number("line", number(*line))
                .number("bytes", number(*bytes))
                .number("most", number(*most)),
            BadTelling::TooMany { most } => Message::new("policy.telling-many").number("most", number(*most)),
            BadTelling::Unreadable { line, why } => {
                Message::new("policy.telling-unreadable").number("line", number(*line)).with("why", why)
            }
        }
    }
}

impl Report {
    /// # Errors
    /// When it is too long, or no report.
    pub fn read(bytes: &[u8]) -> Result<Report, BadTelling> {
        if bytes.len() > REPORT_BYTES_MAX {
            return Err(BadTelling::TooLong { line: 1, bytes: bytes.len(), most: REPORT_BYTES_MAX });
        }
        let mut report: Report = serde_json::from_slice(bytes).map_err(|error| unreadable(1, &error))?;
        for text in [&mut report.version, &mut report.machine, &mut report.system, &mut report.kernel] {
            cut(text);
        }
        report.update.iter_mut().flat_map(|update| [&mut update.version, &mut update.target]).for_each(cut);
        report.gaps.truncate(LIST_MAX);
        if report.group.as_ref().is_some_and(|group| !group.is_plain()) {
            report.group = None;
        }
        Ok(report)
    }
}

/// What happened, a line each; empty lines are passed over.
///
/// # Errors
/// When one of them is nothing that is told: then none of them is taken.
pub fn read(bytes: &[u8]) -> Result<Vec<Told>, BadTelling> {
    let mut all = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        let number = at + 1;
        if line.len() > LINE_BYTES_MAX {
            return Err(BadTelling::TooLong { line: number, bytes: line.len(), most: LINE_BYTES_MAX });
        }
        if all.len() == LINES_MAX {
            return Err(BadTelling::TooMany { most: LINES_MAX });
        }
        let mut told: Told = serde_json::from_slice(line).map_err(|error| unreadable(number, &error))?;
        bound(&mut told.what);
        all.push(told);
    }
    Ok(all)
}

/// The lines of what happened, as a batch has them.
pub fn lines(told: &[Told]) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for one in told {
        serde_json::to_writer(&mut bytes, one)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

fn unreadable(line: usize, error: &serde_json::Error) -> BadTelling {
    BadTelling::Unreadable { line, why: error.to_string() }
}

/// Cuts what is counted by its number or its length wherever it is kept.
fn bound(what: &mut What) {
    match what {
        What::Checked(checked) => cut(&mut checked.check),
        What::Memory(found) => {
            found.ancestors.truncate(LIST_MAX);
            found.reasons.truncate(LIST_MAX);
        }
        What::Happened(happened) => {
            happened.ancestors.truncate(LIST_MAX);
            let texts = [&mut happened.user, &mut happened.from, &mut happened.module];
            texts.into_iter().flatten().chain(&mut happened.ancestors).for_each(cut);
        }
        What::Ran(_) | What::Stopped(_) | What::Restored(_) | What::Alarm(_) | What::Gap { .. } => {}
    }
}

fn cut(text: &mut String) {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    }
}

//! Why a question is not answered, for people.

use datafusion::common::{Column, DataFusionError, SchemaError};
use model::Message;
use query::Limits;

/// Names that are told as what was perhaps meant.
const NEAR_MAX: usize = 5;
/// What the engine says may be as long as the question.
const CAUSE_CHARS_MAX: usize = 600;
/// The engine's word for more on the disk than it may have; it comes as an error of several kinds.
const DISK_FULL: &str = "max_temp_directory_size";

/// What an error of the engine says to whoever asked.
pub fn of(error: &DataFusionError, limits: &Limits) -> Message {
    if error.to_string().contains(DISK_FULL) {
        return Message::new("query.spill").number("mib", mib(limits.spill_bytes));
    }
    match error.find_root() {
        DataFusionError::SQL(cause, _) => with_cause("query.syntax", cause),
        DataFusionError::SchemaError(cause, _) => of_names(cause),
        DataFusionError::ResourcesExhausted(_) => Message::new("query.memory").number("mib", mib(limits.memory_bytes)),
        DataFusionError::ObjectStore(cause) => with_cause("query.file", cause),
        DataFusionError::ParquetError(cause) => with_cause("query.file", cause),
        DataFusionError::IoError(cause) => with_cause("query.file", cause),
        DataFusionError::ArrowError(cause, _) => with_cause("query.value", cause),
        DataFusionError::External(cause) => with_cause("query.value", cause),
        DataFusionError::Execution(cause) => with_cause("query.value", cause),
        DataFusionError::Plan(cause) => with_cause("query.meaning", cause),
        cause => with_cause("query.meaning", cause),
    }
}

fn of_names(error: &SchemaError) -> Message {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let near = near(&field.name, valid_fields.iter().map(Column::name));
            Message::new("query.no-column").with("name", field.flat_name()).list("near", near)
        }
        SchemaError::AmbiguousReference { field } => Message::new("query.ambiguous").with("name", field.flat_name()),
        cause => with_cause("query.meaning", cause),
    }
}

/// A table that there is not, and those that there are.
pub fn no_table(name: &str, known: impl IntoIterator<Item = String>) -> Message {
    Message::new("query.no-table").with("name", name).list("known", known)
}

pub fn with_cause(code: &str, cause: impl std::fmt::Display) -> Message {
    let cause: String = cause.to_string().chars().take(CAUSE_CHARS_MAX).collect();
    Message::new(code).with("cause", cause.trim())
}

fn mib(bytes: u64) -> i64 {
    i64::try_from(bytes >> 20).unwrap_or(i64::MAX)
}

/// The names that are most like one.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut known: Vec<(usize, &str)> = known.map(|known| (distance(name, known), known)).collect();
    known.sort_unstable();
    known.dedup();
    known.into_iter().take(NEAR_MAX).map(|(_, known)| known).collect()
}

/// How many letters must be changed to make one name of another (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, c) in a.to_lowercase().chars().enumerate() {
        let mut next = vec![at + 1];
        for (index, other) in b.iter().enumerate() {
            let replaced = row.get(index).copied().unwrap_or(0) + usize::from(c != *other);
            let removed = row.get(index + 1).copied().unwrap_or(0) + 1;
            let added = next.last().copied().unwrap_or(0) + 1;
            next.push(replaced.min(removed).min(added));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first() {
        let columns = ["originator", "responder", "originator_port", "start", "state", "protocol"];
        assert_eq!(near("orginator", columns.into_iter())[0], "originator");
        assert_eq!(near("Start", columns.into_iter())[0], "start");
        assert_eq!(near("x", std::iter::empty()), Vec::<&str>::new());
    }
}

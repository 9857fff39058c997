//! Tables as text (RFC 4180): every line has as many separators as the first.

use super::lines;
use crate::kind::Kind;

/// Lines that are compared.
const LINES_MAX: usize = 64;

/// A table of at least two columns and three lines, whose lines all have the same number of columns.
pub fn kind(head: &[u8], whole: bool) -> Option<Kind> {
    [(b'\t', Kind::Tsv), (b',', Kind::Csv), (b';', Kind::Csv)]
        .into_iter()
        .find(|(separator, _)| is_table(head, *separator, whole))
        .map(|(_, kind)| kind)
}

fn is_table(head: &[u8], separator: u8, whole: bool) -> bool {
    let mut rows = lines(head).filter(|line| !line.is_empty()).take(LINES_MAX + 1).collect::<Vec<_>>();
    // The last line may be cut where reading ended.
    if !whole || rows.len() > LINES_MAX {
        rows.pop();
    }
    let columns = rows.first().map_or(0, |row| separators(row, separator));
    // Prose has commas as well, and one of them on each of three lines now and then.
    let least = if columns == 1 { 6 } else { 3 };
    columns > 0
        && rows.len() >= least
        && rows.iter().all(|row| separators(row, separator) == columns)
        && terse(&rows, separator)
}

/// Separators outside of quotes.
fn separators(row: &[u8], separator: u8) -> usize {
    let mut quoted = false;
    row.iter()
        .filter(|byte| {
            quoted ^= **byte == b'"';
            !quoted && **byte == separator
        })
        .count()
}

/// In prose a space follows every comma.
fn terse(rows: &[&[u8]], separator: u8) -> bool {
    let (mut all, mut spaced) = (0, 0);
    for row in rows {
        for pair in row.windows(2).filter(|pair| pair[0] == separator) {
            all += 1;
            spaced += usize::from(pair[1] == b' ');
        }
    }
    separator == b'\t' || spaced * 2 <= all
}

//! The layout of `systeminfo`: rows of label and value with indented continuation lines, or the `/fo csv` and
//! `/fo table` forms of the same columns.

/// One row: what stands before the colon, after it, and below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row<'a> {
    pub label: &'a str,
    pub value: &'a str,
    /// Continuation lines, trimmed.
    pub items: Vec<&'a str>,
    /// 1-based line of the label.
    pub line: u64,
}

/// Splits a text into the hosts it holds, each as its rows. Text before the first row of a host is left out.
pub fn hosts(text: &str) -> Vec<Vec<Row<'_>>> {
    if let Some(hosts) = super::columns::hosts(text) {
        return hosts;
    }
    split(list(text))
}

/// Rows of the list form.
fn list(text: &str) -> Vec<Row<'_>> {
    let margin = margin(text);
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        let (line, trimmed) = trimmed(line);
        if trimmed.is_empty() {
            continue;
        }
        let indented = trimmed.len() + margin < line.len();
        match rows.last_mut() {
            Some(row) if indented || trimmed.starts_with('[') => row.items.push(trimmed),
            _ => {
                let (label, value) = label_and_value(trimmed);
                rows.push(Row { label, value, items: Vec::new(), line: number as u64 + 1 });
            }
        }
    }
    rows
}

/// A line without its end, and without its indentation. What stands before a carriage return was overwritten on the
/// screen: progress, not output.
fn trimmed(line: &str) -> (&str, &str) {
    let line = line.trim_end_matches(['\r', ' ', '\t']);
    let line = line.rsplit('\r').next().unwrap_or(line);
    (line, line.trim_start_matches([' ', '\t', '\u{a0}', '\u{feff}', '\u{200f}', '\u{200e}']))
}

/// How far the whole output was moved to the right when it was pasted: the indentation of its version rows.
fn margin(text: &str) -> usize {
    let indented = |line| {
        let (line, trimmed) = trimmed(line);
        version_of(label_and_value(trimmed).1).is_some().then_some(line.len() - trimmed.len())
    };
    text.split('\n').filter_map(indented).min().unwrap_or(0)
}

/// Splits at the first colon; also the full-width one.
fn label_and_value(line: &str) -> (&str, &str) {
    let split = line.char_indices().find(|(_, c)| matches!(c, ':' | '：'));
    match split {
        Some((at, colon)) => {
            let label = line.get(..at).unwrap_or_default().trim();
            (label, line.get(at + colon.len_utf8()..).unwrap_or_default().trim())
        }
        None => (line, ""),
    }
}

/// A host starts two rows above its version row.
fn split(mut rows: Vec<Row<'_>>) -> Vec<Vec<Row<'_>>> {
    let versions: Vec<usize> = (0..rows.len()).filter(|&index| is_version_row(&rows, index)).collect();
    let mut hosts = Vec::with_capacity(versions.len());
    for &version in versions.iter().rev() {
        let mut host = rows.split_off(start(&rows, version));
        host.shrink_to_fit();
        hosts.push(host);
    }
    hosts.reverse();
    hosts
}

/// The row of the host name, unless the line above is no row of this command (a prompt, an echo).
fn start(rows: &[Row<'_>], version: usize) -> usize {
    let name = version.saturating_sub(2);
    match rows.get(name) {
        Some(row) if version >= 2 && row.items.is_empty() && !row.label.contains(['>', '\\', '$']) => name,
        _ => version.saturating_sub(1),
    }
}

fn is_version_row(rows: &[Row<'_>], index: usize) -> bool {
    let Some(row) = rows.get(index) else { return false };
    let Some(version) = version_of(row.value) else { return false };
    let build = version.rsplit('.').next().unwrap_or_default();
    let above = index.checked_sub(1).and_then(|above| rows.get(above));
    let named = above.is_some_and(|row| names_windows(row.value));
    let repeats = row.value.get(version.len()..).is_some_and(|rest| rest.trim_end().ends_with(build));
    named && index >= 1 || repeats && row.items.is_empty()
}

/// Windows is Windows in every language; only what stands around it is translated.
pub fn names_windows(value: &str) -> bool {
    let has = |word: &str| value.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    has("windows") || has("hyper-v server")
}

/// `6.1.7601` at the start of a value.
pub fn version_of(value: &str) -> Option<&str> {
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let version = value.get(..end)?;
    let mut parts = version.split('.');
    let (major, minor, build) = (parts.next()?, parts.next()?, parts.next()?);
    let good = parts.next().is_none()
        && (1..=2).contains(&major.len())
        && (1..=2).contains(&minor.len())
        && (3..=5).contains(&build.len());
    good.then_some(version)
}

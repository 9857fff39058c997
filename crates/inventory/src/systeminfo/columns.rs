//! `systeminfo /fo csv` and `/fo table`: the same columns side by side, one host a line.

use super::rows::{Row, names_windows, version_of};

/// The hosts of a CSV or table output; `None` when the text is neither.
pub fn hosts(text: &str) -> Option<Vec<Vec<Row<'_>>>> {
    let lines: Vec<(u64, &str)> = text
        .split('\n')
        .enumerate()
        .map(|(number, line)| (number as u64 + 1, line.trim_end_matches('\r')))
        .filter(|(_, line)| !line.trim().is_empty())
        .take(200_000)
        .collect();
    table(&lines).or_else(|| csv(&lines))
}

fn table<'a>(lines: &[(u64, &'a str)]) -> Option<Vec<Vec<Row<'a>>>> {
    let ruler_at = lines.iter().take(50).position(|(_, line)| is_ruler(line))?;
    let (_, header) = lines.get(ruler_at.checked_sub(1)?)?;
    let (_, ruler) = lines.get(ruler_at)?;
    let widths: Vec<(usize, usize)> = columns_of(ruler);
    let labels: Vec<&str> = widths.iter().map(|range| slice(header, *range)).collect();
    let hosts = lines.get(ruler_at + 1..)?.iter().filter_map(|(line, text)| {
        let values: Vec<&str> = widths.iter().map(|range| slice(text, *range)).collect();
        host(&labels, &values, *line)
    });
    Some(hosts.collect()).filter(|hosts: &Vec<_>| !hosts.is_empty())
}

/// `==== ====== ===`
fn is_ruler(line: &str) -> bool {
    let line = line.trim_end();
    line.len() > 20 && line.bytes().all(|b| b == b'=' || b == b' ') && line.contains("= =")
}

fn columns_of(ruler: &str) -> Vec<(usize, usize)> {
    let mut columns = Vec::new();
    let mut start = None;
    for (at, byte) in ruler.bytes().chain([b' ']).enumerate() {
        match (byte, start) {
            (b'=', None) => start = Some(at),
            (b' ', Some(from)) => {
                columns.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    columns
}

/// The text between two columns of the screen, where East Asian characters take two.
fn slice(line: &str, (from, to): (usize, usize)) -> &str {
    let mut column = 0;
    let (mut start, mut end) = (line.len(), line.len());
    for (at, character) in line.char_indices() {
        if column >= from && start == line.len() {
            start = at;
        }
        if column >= to {
            end = at;
            break;
        }
        column += if is_wide(character) { 2 } else { 1 };
    }
    line.get(start..end.max(start)).unwrap_or_default().trim()
}

fn is_wide(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}')
}

fn csv<'a>(lines: &[(u64, &'a str)]) -> Option<Vec<Vec<Row<'a>>>> {
    let header_at =
        lines.iter().take(50).position(|(_, line)| line.starts_with('"') && line.matches("\",\"").count() > 10)?;
    let (_, header) = lines.get(header_at)?;
    let mut labels = fields(header);
    // `/nh` leaves the header out: then the first line is a host already.
    let first = if labels.iter().any(|field| version_of(field).is_some()) { header_at } else { header_at + 1 };
    if first == header_at {
        labels.iter_mut().for_each(|label| *label = "");
    }
    let hosts = lines.get(first..)?.iter().filter_map(|(line, text)| host(&labels, &fields(text), *line));
    Some(hosts.collect()).filter(|hosts: &Vec<_>| !hosts.is_empty())
}

/// The command quotes every field and never doubles a quote.
fn fields(line: &str) -> Vec<&str> {
    let inner = line.trim().trim_start_matches('"').trim_end_matches('"');
    inner.split("\",\"").collect()
}

fn host<'a>(labels: &[&'a str], values: &[&'a str], line: u64) -> Option<Vec<Row<'a>>> {
    let version = values.iter().position(|value| version_of(value).is_some())?;
    let above = version.checked_sub(1).and_then(|above| values.get(above))?;
    if !names_windows(above) {
        return None;
    }
    let row = |(index, value): (usize, &&'a str)| {
        let (first, items) = items(value);
        Row { label: labels.get(index).copied().unwrap_or_default(), value: first, items, line }
    };
    let from = version.saturating_sub(2);
    Some(values.iter().enumerate().skip(from).map(row).collect())
}

/// `2 Hotfix(s) Installed.,[01]: KB1,[02]: KB2`: what stands before the list, and its entries.
fn items(value: &str) -> (&str, Vec<&str>) {
    let starts_entry = |at: usize| value.get(at + 1..).is_some_and(|rest| rest.trim_start().starts_with('['));
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in value.match_indices(',').filter(|(at, _)| starts_entry(*at)) {
        parts.push(value.get(from..at).unwrap_or_default().trim());
        from = at + 1;
    }
    parts.push(value.get(from..).unwrap_or_default().trim());
    let items = parts.split_off(1);
    (parts.first().copied().unwrap_or_default(), items)
}

//! Batch files: carets that say nothing, and variables that are set in the file and stand for what they were set to.

use super::Undone;
use crate::budget::Budget;
use crate::limits::Limit;
use std::collections::HashMap;

/// Letters of a line that the command processor takes.
const LINE_BYTES_MAX: usize = 8191;
/// Variables of one file.
const VARIABLES_MAX: usize = 10_000;
/// Bytes beyond which a file does not grow.
const GROWN_BYTES_MAX: usize = 8 << 20;

/// What stands between commands.
const SEPARATORS: [char; 4] = ['&', '|', '(', ')'];

/// Undoes carets and variables.
pub fn undo(source: &str, budget: &mut Budget) -> Result<Undone, Limit> {
    let mut undone = Undone { text: String::with_capacity(source.len()), pieces: 0, coded: 0 };
    let mut variables: HashMap<String, String> = HashMap::new();
    for line in source.lines() {
        budget.pass(line.len())?;
        let mut expanded = String::with_capacity(line.len());
        // What one command sets, the next on the same line can call, with `call` or exclamation marks.
        for command in line.split_inclusive(SEPARATORS) {
            let command = expand(command, &variables, &mut undone);
            for command in without_carets(&command, &mut 0).split(SEPARATORS) {
                if let Some((name, value)) = assignment(command)
                    && (variables.len() < VARIABLES_MAX || variables.contains_key(&name))
                {
                    variables.insert(name, value.to_owned());
                }
            }
            expanded.push_str(&command);
            if expanded.len() > GROWN_BYTES_MAX {
                return Err(Limit::TextBytes);
            }
        }
        undone.text.push_str(&without_carets(&expanded, &mut undone.pieces));
        undone.text.push('\n');
        if undone.text.len() > GROWN_BYTES_MAX {
            return Err(Limit::TextBytes);
        }
    }
    Ok(undone)
}

/// The variable that a command sets.
fn assignment(command: &str) -> Option<(String, &str)> {
    let command = command.trim_start_matches([' ', '\t', '@', ',', ';', '=']);
    let rest = command.get(..3).filter(|word| word.eq_ignore_ascii_case("set")).and_then(|_| command.get(3..))?;
    let rest = rest.strip_prefix([' ', '\t', ',', ';', '"'])?.trim_start();
    let (name, value) = rest.trim_start_matches('"').split_once('=')?;
    let value =
        if rest.starts_with('"') || command.contains("set\"") { value.trim_end().trim_end_matches('"') } else { value };
    Some((name.to_ascii_lowercase(), value))
}

/// A line in which variables stand for what they were set to, whole or a piece of it.
fn expand(line: &str, variables: &HashMap<String, String>, undone: &mut Undone) -> String {
    let (mut text, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(['%', '!']) {
        let mark = if rest[at..].starts_with('%') { '%' } else { '!' };
        text.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let value = behind.find(mark).and_then(|end| Some((value(&behind[..end], variables)?, end)));
        match value {
            Some((value, end)) if text.len() + value.len() <= LINE_BYTES_MAX => {
                undone.pieces += 1;
                undone.coded += value.len();
                text.push_str(&value);
                rest = &behind[end + 1..];
            }
            _ => {
                text.push(mark);
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    text
}

/// What a reference says: `name`, `name:~2,1`, `name:from=to`.
fn value(reference: &str, variables: &HashMap<String, String>) -> Option<String> {
    let (name, piece) = reference.split_once(':').map_or((reference, None), |(name, piece)| (name, Some(piece)));
    let value = variables.get(&name.to_ascii_lowercase())?;
    let Some(piece) = piece else { return Some(value.clone()) };
    if let Some(bounds) = piece.strip_prefix('~') {
        let (from, count) = bounds.split_once(',').map_or((bounds, None), |(from, count)| (from, Some(count)));
        let letters: Vec<char> = value.chars().take(LINE_BYTES_MAX).collect();
        let total = i64::try_from(letters.len()).ok()?;
        let from: i64 = from.trim().parse().ok()?;
        let start = if from < 0 { total.saturating_add(from).max(0) } else { from.min(total) };
        let end = match count.map(|count| count.trim().parse::<i64>()) {
            None => total,
            Some(Ok(count)) if count < 0 => total.saturating_add(count),
            Some(Ok(count)) => start.saturating_add(count).min(total),
            Some(Err(_)) => return None,
        };
        let bounds = usize::try_from(start).ok()?..usize::try_from(end.max(start)).ok()?;
        return Some(letters.get(bounds)?.iter().collect());
    }
    let (from, to) = piece.split_once('=')?;
    (!from.is_empty()).then(|| value.replace(from, to)).filter(|text| text.len() <= LINE_BYTES_MAX)
}

/// A line without the carets that only keep the next letter as it is.
fn without_carets(line: &str, pieces: &mut usize) -> String {
    if !line.contains('^') {
        return line.to_owned();
    }
    let (mut text, mut quoted) = (String::new(), false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                quoted = !quoted;
                text.push(letter);
            }
            '^' if !quoted => match letters.next() {
                // In front of a sign it is needed for what it says.
                Some(next) if next.is_alphanumeric() || matches!(next, '.' | '-' | '/' | '\\' | ':') => {
                    *pieces += 1;
                    text.push(next);
                }
                next => {
                    text.push('^');
                    text.extend(next);
                }
            },
            _ => text.push(letter),
        }
    }
    text
}

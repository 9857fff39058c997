//! The hotfix block: how many updates the machine claims, which it prints, and whether the list is whole.

use super::rows::Row;
use model::{KbId, UpdateList};
use std::collections::BTreeSet;

/// A hotfix block and what was wrong with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub updates: UpdateList,
    /// The last entry as printed when it is a half-printed one.
    pub cut: Option<String>,
}

/// Reads the row; `ends_here` says that the text ends with the block's last line, without a line end.
pub fn read(row: &Row<'_>, ends_here: bool, updates_max: usize) -> Block {
    let entries: Vec<&str> = row.items.iter().copied().filter(|item| item.starts_with('[')).collect();
    let claimed = first_number(row.value).or_else(|| entries.is_empty().then_some(0));
    let listed = entries.len() as u32;
    let short = claimed.is_some_and(|claimed| listed < claimed);
    let mut installed = BTreeSet::new();
    let mut cut = None;
    for (index, entry) in entries.iter().enumerate().take(updates_max) {
        let last = index + 1 == entries.len();
        let text = text_of(entry);
        let doubtful = last && (short || ends_here) && is_half_printed(entry, &entries);
        match id(text) {
            Some(id) if !doubtful => drop(installed.insert(id)),
            _ if last && (doubtful || text.is_none_or(starts_an_id)) => cut = Some((*entry).to_owned()),
            _ => {}
        }
    }
    let whole = claimed.is_none_or(|claimed| listed >= claimed) && cut.is_none();
    let complete = whole && !(claimed.is_none() && ends_here) && entries.len() <= updates_max;
    Block { updates: UpdateList { known: true, complete, installed, claimed, listed: Some(listed) }, cut }
}

/// `[07]: KB971033` without its number; `None` when the entry is cut before its text.
fn text_of(entry: &str) -> Option<&str> {
    let (_, text) = entry.split_once(']')?;
    // Half a character at the end of a cut-off file is no part of an id.
    let text = text.trim_start_matches([' ', '\u{a0}', ':', '：']).trim_end_matches('\u{fffd}').trim();
    (!text.is_empty()).then_some(text)
}

/// An id printed whole: `KB` and six or seven digits, or an old `Q` number, or bare digits.
fn id(text: Option<&str>) -> Option<KbId> {
    let text = text?;
    let prefixed = text.get(..2).filter(|head| head.eq_ignore_ascii_case("kb")).map(|_| 2);
    let old = text.starts_with(['Q', 'q']).then_some(1);
    let rest = text.get(prefixed.or(old).unwrap_or(0)..)?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    // Bare numbers only when they are the whole entry: anything may start with digits.
    if prefixed.is_none() && old.is_none() && digits != rest.len() {
        return None;
    }
    rest.get(..digits)?.parse::<KbId>().ok()
}

/// `KB2862`, `KB`, `K`: the start of an id and nothing more.
fn starts_an_id(text: &str) -> bool {
    let digits = text.trim_start_matches(['K', 'B', 'k', 'b', 'Q', 'q']);
    digits.len() < 6 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// A last entry of six digits after one of seven may be a seven-digit id that lost its end.
fn is_half_printed(entry: &str, entries: &[&str]) -> bool {
    let digits = |entry: &str| {
        let text = text_of(entry).unwrap_or_default();
        let number = text.trim_start_matches(['K', 'B', 'k', 'b']);
        number.bytes().all(|b| b.is_ascii_digit()).then_some(number.len())
    };
    let before = entries.len().checked_sub(2).and_then(|index| entries.get(index)).and_then(|entry| digits(entry));
    match digits(entry) {
        Some(0..=5) => true,
        Some(6) => before != Some(6),
        _ => false,
    }
}

/// The first number of a header, whatever stands around it: `安装了 1 个修补程序。`.
pub fn first_number(text: &str) -> Option<u32> {
    let digits: String = text
        .chars()
        .skip_while(|c| digit(*c).is_none())
        .map_while(digit)
        .filter_map(|digit| char::from_digit(digit, 10))
        .collect();
    digits.parse().ok()
}

fn digit(c: char) -> Option<u32> {
    match c {
        '\u{660}'..='\u{669}' => Some(c as u32 - 0x660),
        '\u{6f0}'..='\u{6f9}' => Some(c as u32 - 0x6f0),
        '\u{ff10}'..='\u{ff19}' => Some(c as u32 - 0xff10),
        _ => c.to_digit(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, items: &[&str], ends_here: bool, want: &str) {
        let row = Row { label: "", value, items: items.to_vec(), line: 1 };
        let block = read(&row, ends_here, 1000);
        let updates = block.updates;
        let ids: Vec<_> = updates.installed.iter().map(ToString::to_string).collect();
        let got = format!(
            "{}/{} {} {}{}",
            updates.listed.unwrap(),
            updates.claimed.map_or("?".to_owned(), |n| n.to_string()),
            if updates.complete { "complete" } else { "incomplete" },
            ids.join(","),
            block.cut.map(|cut| format!(" cut `{cut}`")).unwrap_or_default(),
        );
        assert_eq!(got, want, "{value} {items:?}");
    }

    #[test]
    fn a_list_is_whole_when_it_prints_what_it_claims() {
        check(
            "2 Hotfix(s) Installed.",
            &["[01]: KB2534111", "[02]: KB976902"],
            false,
            "2/2 complete KB976902,KB2534111",
        );
        check("安装了 1 个修补程序。", &["[01]: KB4464455"], false, "1/1 complete KB4464455");
        check("N/A", &[], false, "0/0 complete ");
        check("暂缺", &[], false, "0/0 complete ");
    }

    #[test]
    fn a_half_printed_entry_is_no_update_and_the_list_is_cut() {
        check(
            "352 Hotfix(s)",
            &["[239]: KB2862152 - Update", "[240]: KB2862"],
            false,
            "2/352 incomplete KB2862152 cut `[240]: KB2862`",
        );
        check("300 Hotfix(s)", &["[228]: KB2876331 - Update", "[2"], false, "2/300 incomplete KB2876331 cut `[2`");
        check(
            "9 Hotfix(s)",
            &["[1]: KB2876331", "[2]: KB287633"],
            false,
            "2/9 incomplete KB2876331 cut `[2]: KB287633`",
        );
        check(
            "2 Hotfix(s)",
            &["[1]: KB2876331", "[2]: KB287633"],
            true,
            "2/2 incomplete KB2876331 cut `[2]: KB287633`",
        );
        check("3 Hotfix(s)", &["[1]: KB2876331", "[2]: KB2876330"], true, "2/3 incomplete KB2876330,KB2876331");
    }

    #[test]
    fn ids_are_read_whole_and_other_entries_are_none() {
        check(
            "6 x",
            &[
                "[01]: File 1",
                "[02]: Q147222",
                "[03]: KB893803v2 - Update",
                "[04]: 943729",
                "[05]: {7A068575-C5DB}",
                "[06]\u{a0}: KB2803821-v2",
            ],
            false,
            "6/6 complete KB147222,KB893803,KB943729,KB2803821",
        );
    }
}

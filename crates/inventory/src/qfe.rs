//! Lists of updates: `wmic qfe` and `Get-HotFix` in every format, DISM packages, plain lists, and lists of what a
//! machine still wants.
//!
//! A list says that updates are installed only when its form (a HotFixID column, DISM's package state) or its name
//! says so. An unclear list is refused: counting a wanted update as installed would hide an open hole.

mod json;

use crate::limits::Limits;
use crate::scan::never_in_a_name;
use crate::text::Text;
use model::{HostFacts, KbId, Message, Oddity, SourceKind, UpdateList};
use std::collections::{BTreeMap, BTreeSet};

/// What a list of updates gave: facts for each machine it names, or why it cannot be used.
pub enum List {
    Hosts(Vec<Entry>),
    Refused(Message),
    /// No list of updates at all.
    Other,
}

/// One machine's part of a list.
pub struct Entry {
    pub kind: SourceKind,
    pub facts: HostFacts,
    pub oddities: Vec<Oddity>,
}

/// Reads a list of updates in any of its forms.
pub fn read(path: &str, text: &Text, limits: &Limits) -> List {
    let body = text.text.as_str();
    if let Some(list) = json_list(body, limits) {
        return list;
    }
    if let Some(rows) = with_hotfix_column(body) {
        return by_host(rows, ends_half_printed(body), limits);
    }
    if let Some(entry) = dism(body, limits) {
        return List::Hosts(vec![entry]);
    }
    plain(path, body, limits)
}

/// Updates named anywhere in a text: whole ids only.
pub fn ids_in(text: &str) -> impl Iterator<Item = KbId> + '_ {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'K', b'k', bytes).filter_map(move |at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        if before.is_some_and(u8::is_ascii_alphanumeric) || !matches!(bytes.get(at + 1), Some(b'B' | b'b')) {
            return None;
        }
        let from = bytes.get(at + 2..)?;
        let skip = usize::from(matches!(from.first(), Some(b' ' | b'-' | b':')));
        let digits = from.iter().skip(skip).take_while(|b| b.is_ascii_digit()).count();
        text.get(at + 2 + skip..at + 2 + skip + digits)?.parse().ok()
    })
}

// ---------------------------------------------------------------------------------------------------------------
// Forms with a HotFixID column or field

/// One row of a list: the machine it names, if any, and its ids.
struct Row {
    host: Option<String>,
    ids: Vec<KbId>,
}

/// JSON with a HotFixID field. One that broke off proves what it shows and nothing by what it lacks.
fn json_list(body: &str, limits: &Limits) -> Option<List> {
    if !body.trim_start().starts_with(['[', '{']) || !names_hotfixes(body) {
        return None;
    }
    let (items, broken) = json::items(body);
    Some(match broken {
        _ if !items.is_empty() => by_host(items.into_iter().map(json_row).collect(), broken.is_some(), limits),
        Some(error) => List::Refused(Message::new("inventory.json-broken").with("error", error)),
        None => List::Refused(Message::new("inventory.json-no-updates")),
    })
}

fn names_hotfixes(body: &str) -> bool {
    body.get(..floor(body, 64 << 10)).unwrap_or(body).to_ascii_lowercase().contains("hotfixid")
}

fn with_hotfix_column(body: &str) -> Option<Vec<Row>> {
    if !names_hotfixes(body) {
        return None;
    }
    let header = body.lines().enumerate().take(200).find(|(_, line)| line.to_ascii_lowercase().contains("hotfixid"))?;
    let (number, line) = header;
    let key = line.to_ascii_lowercase();
    let after = key.find("hotfixid").and_then(|at| key.get(at + 8..)).unwrap_or_default().trim_start();
    if after.starts_with('=') || after.starts_with(':') {
        return Some(field_rows(body));
    }
    let rest = body.lines().skip(number + 1);
    Some(match separator(line) {
        Some(separator) => csv_rows(line, rest, separator),
        None => table_rows(line, rest),
    })
}

fn separator(header: &str) -> Option<u8> {
    [b',', b';', b'\t'].into_iter().find(|separator| header.bytes().any(|byte| byte == *separator))
}

const HOST_COLUMNS: &[&str] =
    &["csname", "pscomputername", "node", "source", "__server", "computername", "machinename"];

fn csv_rows<'a>(header: &str, lines: impl Iterator<Item = &'a str>, separator: u8) -> Vec<Row> {
    let columns = csv_fields(header, separator);
    let place = |names: &[&str]| {
        names.iter().find_map(|name| columns.iter().position(|column| column.trim().eq_ignore_ascii_case(name)))
    };
    let (host, id) = (place(HOST_COLUMNS), place(&["hotfixid"]));
    let row = |line: &str| {
        let fields = csv_fields(line, separator);
        let name = host.and_then(|host| fields.get(host)).map(|name| name.trim()).filter(|name| !name.is_empty());
        let ids = id.and_then(|id| fields.get(id)).map(|text| ids_in(text).collect()).unwrap_or_default();
        Row { host: name.map(str::to_owned), ids }
    };
    lines.filter(|line| !line.trim().is_empty()).map(row).collect()
}

/// One record of one line; these exports never break a field over lines.
fn csv_fields(line: &str, separator: u8) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(line.as_bytes());
    let record = reader.records().next().and_then(Result::ok).unwrap_or_default();
    record.iter().map(str::to_owned).collect()
}

/// A table in columns of fixed width. The header may follow junk on its own line ("Please wait while WMIC …").
fn table_rows<'a>(header: &str, lines: impl Iterator<Item = &'a str>) -> Vec<Row> {
    let lower = header.to_ascii_lowercase();
    let junk = ["caption", "csname", "description", "source", "hotfixid", "pscomputername"]
        .iter()
        .filter_map(|name| lower.find(name))
        .min()
        .unwrap_or(0);
    let columns = column_starts(header.get(junk..).unwrap_or(header));
    let host = HOST_COLUMNS.iter().find_map(|name| columns.iter().find(|column| column.name == *name));
    let row = |line: &str| {
        let name = host.map(|column| cell(line, column)).filter(|name| is_name(name)).map(str::to_owned);
        Row { host: name, ids: ids_in(line).collect() }
    };
    lines
        .filter(|line| !line.trim().is_empty() && !line.trim().bytes().all(|b| b == b'-' || b == b' '))
        .map(row)
        .collect()
}

struct Column {
    name: String,
    start: usize,
    end: usize,
}

fn column_starts(header: &str) -> Vec<Column> {
    let characters: Vec<char> = header.chars().collect();
    let mut columns: Vec<Column> = Vec::new();
    for (at, character) in characters.iter().enumerate() {
        let starts = !character.is_whitespace()
            && at.checked_sub(1).and_then(|b| characters.get(b)).is_none_or(|c| c.is_whitespace());
        if starts {
            if let Some(last) = columns.last_mut() {
                last.end = at;
            }
            columns.push(Column { name: String::new(), start: at, end: usize::MAX });
        }
        if let (false, Some(last)) = (character.is_whitespace(), columns.last_mut()) {
            last.name.push(character.to_ascii_lowercase());
        }
    }
    columns
}

fn cell<'a>(line: &'a str, column: &Column) -> &'a str {
    let byte = |index: usize| line.char_indices().nth(index).map_or(line.len(), |(at, _)| at);
    line.get(byte(column.start)..if column.end == usize::MAX { line.len() } else { byte(column.end) })
        .unwrap_or_default()
        .trim()
}

/// `HotFixID=KB…` (`/format:list`, `/value`) or `HotFixID : KB…` (`Format-List`), a block of lines for each update.
fn field_rows(body: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut host, mut ids) = (None, Vec::new());
    for line in body.lines() {
        let Some(at) = line.find(['=', ':']) else {
            if line.trim().is_empty() && !ids.is_empty() {
                rows.push(Row { host: host.take(), ids: std::mem::take(&mut ids) });
            }
            continue;
        };
        let (key, value) = (line.get(..at).unwrap_or_default().trim(), line.get(at + 1..).unwrap_or_default().trim());
        if key.eq_ignore_ascii_case("hotfixid") {
            ids.extend(ids_in(value));
        } else if HOST_COLUMNS.iter().any(|name| key.eq_ignore_ascii_case(name)) && is_name(value) {
            host = Some(value.to_owned());
        }
    }
    rows.push(Row { host, ids });
    rows
}

fn json_row(item: json::Item) -> Row {
    let host = HOST_COLUMNS.iter().find_map(|name| item.hosts.get(*name)).filter(|name| is_name(name)).cloned();
    Row { host, ids: item.hotfix.map(|text| ids_in(&text).collect()).unwrap_or_default() }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= 255 && !name.contains(|c: char| c.is_whitespace() || never_in_a_name(c))
}

fn by_host(rows: Vec<Row>, cut: bool, limits: &Limits) -> List {
    let named: BTreeSet<String> =
        rows.iter().filter_map(|row| row.host.as_ref()).map(|name| name.to_uppercase()).collect();
    let mut hosts: BTreeMap<String, Entry> = BTreeMap::new();
    for row in rows {
        // With one machine in the file, a row without its name is that machine's too.
        let key = match row.host.as_ref().map(|name| name.to_uppercase()) {
            Some(key) => key,
            None if named.len() == 1 => named.first().cloned().unwrap_or_default(),
            None if named.is_empty() => String::new(),
            None => continue,
        };
        if hosts.len() >= limits.hosts && !hosts.contains_key(&key) {
            break;
        }
        let entry = hosts.entry(key).or_insert_with(|| installed_entry(cut));
        entry.facts.name = entry.facts.name.take().or(row.host);
        entry.facts.updates.installed.extend(row.ids.into_iter().take(limits.updates));
    }
    if hosts.is_empty() {
        hosts.insert(String::new(), installed_entry(cut));
    }
    for entry in hosts.values_mut() {
        entry.facts.updates.listed = Some(entry.facts.updates.installed.len() as u32);
    }
    List::Hosts(hosts.into_values().collect())
}

fn installed_entry(cut: bool) -> Entry {
    let updates = UpdateList { known: true, complete: !cut, ..UpdateList::default() };
    let cut = cut.then(|| Oddity { message: Message::new("inventory.list-cut"), line: None });
    Entry {
        kind: SourceKind::UpdateList,
        facts: HostFacts { updates, ..HostFacts::default() },
        oddities: cut.into_iter().collect(),
    }
}

/// The text stops inside an id: `… KB40122`.
fn ends_half_printed(body: &str) -> bool {
    let word = body.rsplit(|c: char| c.is_whitespace() || c == ',' || c == '"').next().unwrap_or_default();
    let digits = word.get(..2).filter(|head| head.eq_ignore_ascii_case("kb")).and_then(|_| word.get(2..));
    let bare = word.eq_ignore_ascii_case("k") || word.eq_ignore_ascii_case("kb");
    bare || digits.is_some_and(|digits| digits.len() < 7 && digits.bytes().all(|b| b.is_ascii_digit()))
}

// ---------------------------------------------------------------------------------------------------------------
// DISM

/// `dism /online /get-packages`, as list or as table: only packages whose state says installed.
fn dism(body: &str, limits: &Limits) -> Option<Entry> {
    let mark = "~31bf3856ad364e35~";
    if !body.contains(mark) {
        return None;
    }
    let mut entry = installed_entry(false);
    let mut package: Option<&str> = None;
    for line in body.lines() {
        if let Some(at) = line.find(mark) {
            let start = line.get(..at)?.rfind([' ', ':', '|', '\t']).map_or(0, |space| space + 1);
            let name = line.get(start..)?.split([' ', '|', '\t']).next().unwrap_or_default();
            let state = line.get(start + name.len()..).unwrap_or_default();
            if state.contains('|') {
                installed_package(name, state.split('|').nth(1).unwrap_or_default(), &mut entry);
            } else {
                package = Some(name);
            }
        } else if let (Some(name), Some((_, state))) = (package, line.split_once(':')) {
            installed_package(name, state, &mut entry);
            package = None;
        }
        if entry.facts.updates.installed.len() >= limits.updates {
            break;
        }
    }
    entry.facts.updates.listed = Some(entry.facts.updates.installed.len() as u32);
    Some(entry)
}

/// State words of DISM for "installed".
const INSTALLED: &[&str] = &[
    "installed",
    "installiert",
    "installé",
    "instalado",
    "instalada",
    "installato",
    "installata",
    "geïnstalleerd",
    "已安装",
    "已安裝",
    "установлено",
    "установлен",
    "インストール済み",
    "インストール",
    "설치됨",
    "zainstalowano",
    "zainstalowany",
    "nainstalováno",
    "yüklendi",
    "yüklü",
];

fn installed_package(name: &str, state: &str, entry: &mut Entry) {
    let state = state.trim().to_lowercase();
    if !INSTALLED.contains(&state.as_str()) {
        return;
    }
    let updates = &mut entry.facts.updates.installed;
    updates.extend(name.split('_').flat_map(ids_in));
    // `Package_for_RollupFix~…~~14393.4350.1.7`: the cumulative update says which build it brings.
    if let (true, Some(version)) = (name.contains("RollupFix"), name.rsplit('~').next()) {
        let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
        if let (Some(Some(build)), Some(Some(ubr))) = (parts.next(), parts.next())
            && build >= 10240
        {
            let os = &mut entry.facts.os;
            if os.ubr.is_none_or(|known| known < ubr) {
                (os.build, os.ubr) = (Some(build), Some(ubr));
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------
// Plain lists

/// Lines that each hold an id, with a title (what update tools print of what is wanted) or without.
fn plain(path: &str, body: &str, limits: &Limits) -> List {
    let lines: Vec<&str> = body.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let with_id = lines.iter().filter(|line| ids_in(line).next().is_some()).count();
    if with_id == 0 || with_id * 10 < lines.len() * 6 {
        return List::Other;
    }
    let ids: BTreeSet<KbId> = lines.iter().flat_map(|line| ids_in(line)).take(limits.updates).collect();
    let titled = lines.iter().filter(|line| is_titled(line)).count() * 2 > with_id;
    let heading = lines.first().filter(|line| ids_in(line).next().is_none()).copied().unwrap_or_default();
    let hint = meaning(&crate::merge::file_name(path)).or_else(|| meaning(heading));
    match (hint, titled) {
        (Some(Meaning::Installed), _) => {
            let mut entry = installed_entry(ends_half_printed(body));
            entry.facts.updates.listed = Some(ids.len() as u32);
            entry.facts.updates.installed = ids;
            List::Hosts(vec![entry])
        }
        (Some(Meaning::Wanted), _) | (None, true) => {
            let facts = HostFacts { wanted: ids, ..HostFacts::default() };
            let unclear =
                hint.is_none().then(|| Oddity { message: Message::new("inventory.list-taken-as-wanted"), line: None });
            List::Hosts(vec![Entry { kind: SourceKind::WantedList, facts, oddities: unclear.into_iter().collect() }])
        }
        (None, false) => List::Refused(Message::new("inventory.unclear-list").number("count", ids.len() as i64)),
    }
}

/// An id and then words.
fn is_titled(line: &str) -> bool {
    line.chars().filter(|c| c.is_alphabetic()).count() > 8
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Installed,
    Wanted,
}

/// What a file name or a heading says a list is.
fn meaning(text: &str) -> Option<Meaning> {
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&[
        "missing",
        "wanted",
        "needed",
        "pending",
        "available",
        "updates",
        "not installed",
        "uninstalled",
        "缺失",
        "未安装",
        "待安装",
        "需要",
        "可用",
        "缺少",
    ]) {
        let installed = has(&[
            "installed updates",
            "installed_updates",
            "installed-updates",
            "updates_installed",
            "updates-installed",
        ]);
        return Some(if installed && !has(&["not installed", "uninstalled"]) {
            Meaning::Installed
        } else {
            Meaning::Wanted
        });
    }
    has(&["qfe", "hotfix", "installed", "已安装", "已装", "已打"]).then_some(Meaning::Installed)
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, want: &str) {
        let text = crate::text::decode(text.as_bytes());
        let got = match read(path, &text, &Limits::default()) {
            List::Other => "no list".to_owned(),
            List::Refused(message) => message.code,
            List::Hosts(entries) => entries
                .iter()
                .map(|entry| {
                    let list = if entry.kind == SourceKind::WantedList {
                        &entry.facts.wanted
                    } else {
                        &entry.facts.updates.installed
                    };
                    let ids: Vec<_> = list.iter().map(ToString::to_string).collect();
                    let kind = match entry.kind {
                        SourceKind::WantedList => "wanted",
                        _ if entry.facts.updates.complete => "installed",
                        _ => "installed (cut)",
                    };
                    format!("{} {kind} {}", entry.facts.name.as_deref().unwrap_or("?"), ids.join(","))
                })
                .collect::<Vec<_>>()
                .join("; "),
        };
        assert_eq!(got, want, "{path}");
    }

    #[test]
    fn wmic_tables_are_read_by_their_columns() {
        check(
            "a_qfe.txt",
            "Caption           CSName  Description  HotFixID   InstalledOn  \r\r\nhttp://x/?kbid=1  PC1     Update       KB976902   1/1/2011     \r\r\n\r\r\n",
            "PC1 installed KB976902",
        );
        check("q.txt", "HotFixID   \nKB2534111  \nKB976902  \nFile 1\n", "? installed KB976902,KB2534111");
    }

    #[test]
    fn wmic_csv_and_list_forms() {
        check(
            "q.csv",
            "\r\nNode,Caption,CSName,HotFixID\r\nPC1,http://x,PC1,KB2534111\r\nPC2,http://x,PC2,KB976902\r\n",
            "PC1 installed KB2534111; PC2 installed KB976902",
        );
        check(
            "q.txt",
            "\r\nCSName=PC1\r\nHotFixID=KB2534111\r\n\r\nCSName=PC1\r\nHotFixID=KB976902\r\n",
            "PC1 installed KB976902,KB2534111",
        );
    }

    #[test]
    fn get_hotfix_in_its_forms() {
        check(
            "h.txt",
            "\nSource        Description      HotFixID      InstalledBy          InstalledOn\n------        -----------      --------      -----------          -----------\nPC1           Update           KB4465477     NT AUTHORITY\\SYSTEM  2/1/2019\n",
            "PC1 installed KB4465477",
        );
        check("h.txt", "Source        : PC1\nHotFixID      : KB4465477\n\n", "PC1 installed KB4465477");
        check(
            "h.json",
            r#"[{"PSComputerName":"PC1","HotFixID":"KB4465477"},{"CSName":"PC1","HotFixID":"KB4470502"}]"#,
            "PC1 installed KB4465477,KB4470502",
        );
        check("h.csv", "#TYPE X\n\"PSComputerName\",\"HotFixID\"\n\"PC1\",\"KB4465477\"\n", "PC1 installed KB4465477");
    }

    #[test]
    fn what_excel_a_pipe_or_an_old_system_makes_of_a_list() {
        check("h.csv", "\"PSComputerName\";\"HotFixID\"\n\"PC1\";\"KB4465477\"\n", "PC1 installed KB4465477");
        check("h.tsv", "Node\tHotFixID\nPC1\tKB4465477\n", "PC1 installed KB4465477");
        check(
            "h.txt",
            "PSComputerName      : PC1\nInstalledOn         : 2/1/2019 12:00:00 AM\nCaption             : http://support.microsoft.com/?kbid=4465477\nHotFixID            : KB4465477\nServicePackInEffect :\n\nPSComputerName      : PC1\nHotFixID            : KB4470502\n",
            "PC1 installed KB4465477,KB4470502",
        );
        check(
            "h.json",
            "{\r\n    \"PSComputerName\":  \"PC1\",\r\n    \"HotFixID\":  \"KB4465477\"\r\n}\r\n",
            "PC1 installed KB4465477",
        );
        check("h.txt", "HotFixID\n--------\nKB4465477\nKB4470502\n", "? installed KB4465477,KB4470502");
        check(
            "xp_qfe.txt",
            "Caption  CSName  Description       FixComments  HotFixID   InstallDate  InstalledBy  InstalledOn  Name  ServicePackInEffect  Status  \r\r\n         XP1                                    File 1                                              SP3                          \r\r\n         XP1                       Update       Q147222                                             SP3                          \r\r\n         XP1     Security Update   Update       KB958644                user         1/1/2012       SP4                          \r\r\n",
            "XP1 installed KB958644",
        );
    }

    #[test]
    fn dism_counts_only_installed_packages() {
        check(
            "d.txt",
            "Package Identity : Package_for_KB2534111~31bf3856ad364e35~amd64~~6.1.1.0\nState : Installed\nRelease Type : Hotfix\n\nPackage Identity : Package_for_KB976902~31bf3856ad364e35~amd64~~6.1.1.17514\nState : Staged\n",
            "? installed KB2534111",
        );
        check(
            "d.txt",
            "Package_for_KB2534111~31bf3856ad364e35~amd64~~6.1.1.0 | 已安装 | Update | 2019\n",
            "? installed KB2534111",
        );
    }

    #[test]
    fn a_list_of_wanted_updates_is_never_installed() {
        check(
            "PC1_updates.txt",
            "KB4100347: 2018-10 Update for Windows 10 (KB4100347)\nKB2267602: Definition Update\n",
            "? wanted KB2267602,KB4100347",
        );
        check("PC1.txt", "KB4100347: 2018-10 Update for Windows 10 (KB4100347)\n", "? wanted KB4100347");
        check("PC1-missing.txt", "KB4100347\n", "? wanted KB4100347");
    }

    #[test]
    fn a_bare_list_counts_only_when_it_says_what_it_is() {
        check("PC1_installed.txt", "KB4100347\nKB2267602\n", "? installed KB2267602,KB4100347");
        check("PC1.txt", "已安装补丁\nKB4100347\nKB2267602\nKB2267603\n", "? installed KB2267602,KB2267603,KB4100347");
        check("PC1.txt", "KB4100347\nKB2267602\n", "inventory.unclear-list");
        check("notes.txt", "see you tomorrow\nKB4100347 maybe\nand so on\n", "no list");
    }

    #[test]
    fn a_list_that_stops_inside_an_id_is_cut() {
        check("q.txt", "HotFixID\nKB2534111\nKB2976", "? installed (cut) KB2534111");
    }

    #[test]
    fn ids_are_whole_words() {
        let ids = |text| ids_in(text).map(|id| id.0).collect::<Vec<_>>();
        assert_eq!(ids("KB893803v2 (KB2536276-v2) kb4012212;KB2862,XKB4012213 KB40122134"), [893803, 2536276, 4012212]);
    }
}

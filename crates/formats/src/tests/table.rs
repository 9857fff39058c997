//! The table in `docs/formats.md`: which formats are told, which are parsed and taken apart, and what is told of them. It is made
//! of the tables that the readers declare and of what they told of the shared files.

use super::real::files;
use crate::{Budget, Group, Kind, Limits, Part, Reader, declared, read, reader, take_apart_with};
use expect_test::expect_file;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// What is known of one kind that is read.
struct Row {
    reader: &'static Reader,
    /// Parts of this kind in the shared files, and different facts that were known of them.
    files: usize,
    seen: BTreeSet<(&'static str, &'static str)>,
    parts: usize,
}

impl Row {
    fn namespaces(&self) -> BTreeSet<&'static str> {
        self.reader.facts().map(|fact| fact.namespace).collect()
    }
}

#[test]
fn the_table_of_formats_is_what_is_read() {
    let files = files();
    if files.is_empty() {
        return;
    }
    let row = |reader| Row { reader, files: 0, seen: BTreeSet::new(), parts: 0 };
    let readers = Kind::ALL.iter().filter_map(|kind| Some((*kind, row(reader(*kind)?))));
    let mut rows: BTreeMap<Kind, Row> = readers.collect();
    let mut met = BTreeSet::new();
    for (_, bytes) in files {
        let visit = &mut |part: &Part, bytes: &[u8]| {
            let Some(kind) = part.file.as_ref().map(|file| file.identified.kind) else { return };
            met.insert(kind);
            // What it is besides, as a picture with an archive behind it, is told by readers of other kinds.
            if let Some(row) = rows.get_mut(&kind) {
                let reading = read(kind, bytes, &mut Budget::new(&Limits::default(), &|| false), &[]);
                row.files += 1;
                row.parts += reading.children.len();
                let told = reading.vectors.iter().filter(|vector| matches!(vector.state, crate::State::Known(_)));
                row.seen.extend(told.map(|vector| (vector.namespace, vector.name)));
            }
        };
        take_apart_with("x", &bytes, &Limits::default(), &[], &|| false, None, visit);
    }
    for (kind, row) in &rows {
        assert!(row.parts == 0 || row.reader.has_parts(), "{kind} has parts");
        let (seen, says) = (row.seen.iter().map(|(namespace, _)| *namespace), row.namespaces());
        let others: BTreeSet<&str> =
            seen.filter(|namespace| *namespace != "file" && !says.contains(namespace)).collect();
        assert!(others.is_empty(), "the reader of {kind} does not say that it tells of {others:?}");
    }
    expect_file!["../../../../docs/formats.md"].assert_eq(&page(&rows, met.len()));
}

fn page(rows: &BTreeMap<Kind, Row>, met: usize) -> String {
    let odd = oddities();
    let (told, read, facts) = (Kind::ALL.len(), rows.len(), declared().count());
    let unpacked = rows.values().filter(|row| row.reader.has_parts()).count();
    let odd_all = odd.values().sum::<usize>();
    let mut text = format!(
        "# Formats\n\nThis page is written by a test of `crates/formats` (`UPDATE_EXPECT=1 cargo test -p formats table`) and checked by it.\n\n\
        | depth | formats |\n| --- | --: |\n| identified by their content | {told} |\n| parsed | {read} |\n| taken apart | {unpacked} |\n\n\
        {facts} facts are declared, which are the vectors of a file, and {odd_all} oddities. \
        In the shared test files parts of {met} formats were met.\n\n\
        Vectors: facts that the reader declares, some of which are for several formats. Files: parts of the format in the shared \
        test files that were read; where there are none, tests make their own. Seen: different facts known of these. Parts: files \
        inside of them.\n\n\
        | format | group | identified | parsed | taken apart | facts of | vectors | oddities | files | seen | parts |\n\
        | --- | --- | --- | --- | --- | --- | --: | --: | --: | --: | --: |\n",
    );
    for (kind, row) in rows {
        let namespaces = row.namespaces();
        let vectors = row.reader.facts().count();
        let odd: usize = namespaces.iter().filter_map(|namespace| odd.get(*namespace)).sum();
        let namespaces = namespaces.into_iter().collect::<Vec<_>>().join(", ");
        let (group, files, seen, parts) = (kind.group().label(), row.files, row.seen.len(), row.parts);
        let apart = if row.reader.has_parts() { "yes" } else { "nothing inside" };
        writeln!(
            text,
            "| {kind} | {group} | yes | yes | {apart} | {namespaces} | {vectors} | {odd} | {files} | {seen} | {parts} |"
        )
        .unwrap();
    }
    text.push_str("\n## Identified only\n");
    let groups: BTreeSet<Group> = Kind::ALL.iter().map(|kind| kind.group()).collect();
    for group in groups {
        let labels = Kind::ALL.iter().filter(|kind| kind.group() == group && !rows.contains_key(kind));
        let labels: Vec<&str> = labels.map(|kind| kind.label()).collect();
        if !labels.is_empty() {
            write!(text, "\n{}: {}\n", group.label(), labels.join(", ")).unwrap();
        }
    }
    text
}

/// How many oddities each namespace has: those that stand in the sources and have words.
fn oddities() -> BTreeMap<String, usize> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    read_sources(&root.join("src"), &mut sources);
    let mut counts = BTreeMap::new();
    for file in std::fs::read_dir(root.join("../../locales/en")).unwrap() {
        let path = file.unwrap().path();
        let room = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let words: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let used = words.keys().filter(|code| sources.contains(&format!("\"{room}.{code}\""))).count();
        if used > 0 {
            counts.insert(room, used);
        }
    }
    // Rooms of programs have tables of them.
    for room in ["pe", "elf", "macho"] {
        let table = std::fs::read_to_string(root.join("src").join(room).join("oddities.rs")).unwrap();
        counts.insert(room.to_owned(), table.matches(&format!("\"{room}.")).count());
    }
    // What scripts are hidden under is told in words of its own, as `script` names those that we write.
    if let Some(layers) = counts.remove("layer") {
        counts.insert("script".to_owned(), layers);
    }
    counts
}

fn read_sources(folder: &Path, sources: &mut String) {
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

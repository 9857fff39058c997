//! How often the type of a text is right, by signs alone and with the model of types: over files whose extension says what
//! they are.
//!
//!   cargo run -p opener --example types -- FOLDER…

use formats::guess::{self, Model};
use formats::{Budget, By, Kind, Limits, Reading, identify};
use opener::guesser::Guesser;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Extensions that leave no doubt, each with the types that it may be.
const EXTENSIONS: &[(&str, &[Kind])] = &[
    ("py", &[Kind::Python]),
    ("pl", &[Kind::Perl]),
    ("pm", &[Kind::Perl]),
    ("sh", &[Kind::Shell]),
    ("js", &[Kind::JavaScript]),
    ("ts", &[Kind::TypeScript]),
    ("rb", &[Kind::Ruby]),
    ("lua", &[Kind::Lua]),
    ("php", &[Kind::Php]),
    ("sql", &[Kind::Sql]),
    ("cmake", &[Kind::CMake]),
    ("c", &[Kind::CSource]),
    ("cpp", &[Kind::Cpp]),
    ("h", &[Kind::CSource, Kind::Cpp]),
    ("java", &[Kind::Java]),
    ("rs", &[Kind::Rust]),
    ("go", &[Kind::Go]),
    ("css", &[Kind::Css]),
    ("json", &[Kind::Json]),
    ("toml", &[Kind::Toml]),
    ("yaml", &[Kind::Yaml]),
    ("yml", &[Kind::Yaml]),
    ("html", &[Kind::Html]),
    ("xml", &[Kind::Xml, Kind::Xslt, Kind::Svg, Kind::Plist]),
    ("csv", &[Kind::Csv]),
    ("po", &[Kind::Po]),
    // Without a kind of its own: to be called anything else is wrong.
    ("md", &[Kind::Txt]),
    ("rst", &[Kind::Txt]),
    ("txt", &[Kind::Txt]),
];
/// Files of each extension.
const FILES_MAX: usize = 400;
const FILE_BYTES_MAX: usize = 1 << 20;

#[derive(Default)]
struct Row {
    files: u32,
    by_signs: u32,
    with_model: u32,
    asked: u32,
    took: Duration,
}

fn main() {
    let model = analysis::type_model().expect("no model of types; `./dev test` fetches it");
    let began = Instant::now();
    let model = Guesser::load(&model).unwrap_or_else(|why| panic!("{}", why.code));
    println!("ready in {:?}", began.elapsed());
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => look(&entry.path(), &model, &mut rows),
                _ => {}
            }
        }
    }
    let mut all = Row::default();
    for (extension, row) in &rows {
        tell(extension, row);
        all.files += row.files;
        all.by_signs += row.by_signs;
        all.with_model += row.with_model;
        all.asked += row.asked;
        all.took += row.took;
    }
    tell("all", &all);
}

fn look(path: &Path, model: &dyn Model, rows: &mut BTreeMap<&str, Row>) {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let Some((extension, kinds)) = EXTENSIONS.iter().find(|(known, _)| *known == extension) else { return };
    let row = rows.entry(extension).or_default();
    let Ok(bytes) = std::fs::read(path) else { return };
    if row.files as usize >= FILES_MAX || bytes.is_empty() || bytes.len() > FILE_BYTES_MAX {
        return;
    }
    let mut identified = identify(&bytes);
    row.files += 1;
    row.by_signs += u32::from(kinds.contains(&identified.kind));
    let (before, mut told) = (identified.kind, Reading::default());
    let began = Instant::now();
    guess::ask(model, &bytes, &mut identified, &mut Budget::new(&Limits::default(), &|| false), &mut told);
    if !told.vectors.is_empty() {
        row.asked += 1;
        row.took += began.elapsed();
    }
    let right = kinds.contains(&identified.kind);
    row.with_model += u32::from(right);
    if identified.by == By::Model && !right {
        println!("  {} -> {}: {}", before, identified.kind, path.display());
    }
}

fn tell(extension: &str, row: &Row) {
    let share = |count: u32| f64::from(count) * 100.0 / f64::from(row.files.max(1));
    let each = row.took.as_secs_f64() * 1000.0 / f64::from(row.asked.max(1));
    println!(
        "{extension:6} {:6} files  signs {:6.2} %  with model {:6.2} %  asked {:5}  {each:.1} ms each",
        row.files,
        share(row.by_signs),
        share(row.with_model),
        row.asked
    );
}

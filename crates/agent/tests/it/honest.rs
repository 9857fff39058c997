//! An honest program that nobody knows: it edits, converts, packs again, appends and tidies up after itself, as a tool does
//! that somebody wrote for the office.

use crate::yard::{DOCUMENTS, Inside};
use rustix::fs::OFlags;
use std::io::{self, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub const WAY: &str = "Honest";

/// What it does in a yard, and what it says about that.
pub fn entry(root: &Path, word: &str) -> String {
    match Inside::enter(root, word).map(|inside| work(&inside)) {
        Ok(Ok(())) => "done\n".to_owned(),
        Ok(Err(error)) => format!("done, but {error}\n"),
        Err(why) => format!("refused {why}\n"),
    }
}

fn work(inside: &Inside) -> io::Result<()> {
    let files = inside.files(Path::new(DOCUMENTS))?;
    let ends = |ends: &[&str]| -> Vec<PathBuf> {
        let end =
            |path: &&PathBuf| path.extension().and_then(|end| end.to_str()).is_some_and(|end| ends.contains(&end));
        files.iter().filter(end).cloned().collect()
    };
    for (number, path) in ends(&["txt", "md", "html", "rs", "json", "csv", "ini"]).iter().take(100).enumerate() {
        if number % 2 == 0 { edit_in_place(inside, path)? } else { edit_beside(inside, path)? }
    }
    for path in ends(&["csv"]) {
        let rows = to_json(&read(inside, &path)?);
        write(inside, &path.with_extension("csv.json"), &rows)?;
    }
    for path in ends(&["zip", "docx", "xlsx"]) {
        pack_again(inside, &path)?;
    }
    for path in ends(&["log"]) {
        inside.open(&path, OFlags::WRONLY | OFlags::APPEND)?.write_all(b"Mar 15 08:00:00 host tool[1]: looked at\n")?;
    }
    let scratch: Vec<PathBuf> =
        (0..60).map(|number| Path::new(DOCUMENTS).join(format!("mail/work-{number}.tmp"))).collect();
    for path in &scratch {
        write(inside, path, &crate::noise::Noise::new(1).bytes(20_000))?;
    }
    scratch.iter().try_for_each(|path| inside.unlink(path))
}

fn edit_in_place(inside: &Inside, path: &Path) -> io::Result<()> {
    let edited = edited(&read(inside, path)?);
    inside.open(path, OFlags::WRONLY | OFlags::TRUNC)?.write_all(&edited)
}

fn edit_beside(inside: &Inside, path: &Path) -> io::Result<()> {
    let beside = path.with_extension("new");
    let edited = edited(&read(inside, path)?);
    let mut file = inside.open(&beside, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
    file.write_all(&edited)?;
    file.sync_all()?;
    inside.rename(&beside, path)
}

fn edited(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replace("payment", "settlement").into_bytes()
}

fn to_json(table: &[u8]) -> Vec<u8> {
    let table = String::from_utf8_lossy(table);
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heads = lines.next().unwrap_or_default();
    let row = |cells: Vec<&str>| -> serde_json::Value {
        heads.iter().zip(cells).map(|(head, cell)| ((*head).to_owned(), serde_json::Value::from(cell))).collect()
    };
    serde_json::to_vec_pretty(&lines.map(row).collect::<Vec<_>>()).unwrap_or_default()
}

/// The same members, all of them deflated, in a new archive that takes the place of the old one.
fn pack_again(inside: &Inside, path: &Path) -> io::Result<()> {
    let mut from = ZipArchive::new(Cursor::new(read(inside, path)?))?;
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..from.len() {
        let mut member = from.by_index(number)?;
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let name = member.name()?.into_owned();
        to.start_file(name, options.compression_level(Some(9)))?;
        io::copy(&mut member, &mut to)?;
    }
    let packed = to.finish()?.into_inner();
    let beside = path.with_extension("tmp");
    write(inside, &beside, &packed)?;
    inside.rename(&beside, path)
}

fn read(inside: &Inside, path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    inside.open(path, OFlags::RDONLY)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn write(inside: &Inside, path: &Path, bytes: &[u8]) -> io::Result<()> {
    inside.open(path, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?.write_all(bytes)
}

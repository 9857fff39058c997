//! A database such as rpm had before SQLite: a hash of Berkeley DB with one package in it.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const PAGE_BYTES: u16 = 16_384;
const STRING: u32 = 6;
const STRINGS: u32 = 8;
const NUMBER: u32 = 4;

/// Of one package with these files, each with its SHA-256.
pub fn database(package: &str, files: &[(&Path, String)]) -> Vec<u8> {
    let pairs = [(1_u32.to_ne_bytes().to_vec(), header(package, files))];
    let mut meta = vec![0; usize::from(PAGE_BYTES)];
    meta[12..16].copy_from_slice(&0x0006_1561_u32.to_ne_bytes());
    meta[20..24].copy_from_slice(&u32::from(PAGE_BYTES).to_ne_bytes());
    meta[32..36].copy_from_slice(&1_u32.to_ne_bytes());
    [meta, page(&pairs)].concat()
}

/// Items lie from the end of the page on, and their places stand at its beginning.
fn page(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut page = vec![0; usize::from(PAGE_BYTES)];
    let mut end = page.len();
    let items: Vec<&[u8]> = pairs.iter().flat_map(|(key, value)| [key.as_slice(), value]).collect();
    page[20..22].copy_from_slice(&u16::try_from(items.len()).unwrap().to_ne_bytes());
    page[25] = 13;
    for (number, item) in items.into_iter().enumerate() {
        let from = end - item.len() - 1;
        page[from] = 1;
        page[from + 1..end].copy_from_slice(item);
        page[26 + 2 * number..28 + 2 * number].copy_from_slice(&u16::try_from(from).unwrap().to_ne_bytes());
        end = from;
    }
    page
}

fn header(package: &str, files: &[(&Path, String)]) -> Vec<u8> {
    let strings = |each: &dyn Fn(&(&Path, String)) -> Vec<u8>| {
        files.iter().flat_map(|file| [each(file), vec![0]].concat()).collect::<Vec<u8>>()
    };
    let count = u32::try_from(files.len()).unwrap();
    let folder = |path: &Path| [path.parent().unwrap().as_os_str().as_bytes(), b"/"].concat();
    let fields = [
        (1000, STRING, 1, [package.as_bytes(), &[0]].concat()),
        (1117, STRINGS, count, strings(&|(path, _)| path.file_name().unwrap().as_bytes().to_vec())),
        (1118, STRINGS, count, strings(&|(path, _)| folder(path))),
        (1116, NUMBER, count, (0..count).flat_map(u32::to_be_bytes).collect()),
        (1035, STRINGS, count, strings(&|(_, sum)| sum.as_bytes().to_vec())),
        (5011, NUMBER, 1, 8_u32.to_be_bytes().to_vec()),
    ];
    let (mut index, mut data) = (Vec::new(), Vec::new());
    for (tag, kind, count, bytes) in &fields {
        let at = u32::try_from(data.len()).unwrap();
        index.extend([*tag, *kind, at, *count].into_iter().flat_map(u32::to_be_bytes));
        data.extend_from_slice(bytes);
    }
    let counts = [fields.len(), data.len()].map(|count| u32::try_from(count).unwrap().to_be_bytes());
    [counts.concat(), index, data].concat()
}

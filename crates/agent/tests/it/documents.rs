//! Documents as people have them: some two hundred files of many kinds in nested folders, the same ones for the same seed.

use crate::noise::Noise;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{File, Permissions};
use std::io::{Cursor, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const BIG: usize = 40 << 20;

const FOLDERS: [&str; 12] = [
    "letters",
    "letters/2023",
    "letters/2024",
    "accounts",
    "accounts/invoices",
    "accounts/invoices/paid",
    "projects/bridge/src",
    "projects/bridge/plans",
    "photos/holiday",
    "photos/office",
    "mail",
    "合同/签署",
];

const WORDS: [&str; 40] = [
    "the", "of", "account", "bridge", "river", "and", "a", "payment", "is", "due", "to", "in", "meeting", "with",
    "our", "plan", "for", "next", "year", "at", "office", "please", "find", "attached", "report", "that", "costs",
    "were", "lower", "than", "expected", "because", "work", "began", "early", "合同", "付款", "会议", "客户", "报告",
];

pub struct Document {
    pub path: PathBuf,
    bytes: Vec<u8>,
    mode: u32,
    age_s: u64,
}

/// Some two hundred documents with a big one among them.
pub fn documents(seed: u64) -> Vec<Document> {
    let mut documents = without_big(seed);
    let noise = &mut Noise::new(seed ^ 0xb16);
    documents.push(Document {
        path: "mail/archive.mbox".into(),
        bytes: mailbox(noise, BIG),
        mode: 0o600,
        age_s: 86_400,
    });
    documents
}

/// The same without the big one, for many at once and for small disks.
pub fn without_big(seed: u64) -> Vec<Document> {
    let noise = &mut Noise::new(seed);
    let mut documents = Vec::new();
    for number in 0..182 {
        let (end, bytes) = kind(noise, number);
        let folder = noise.pick(&FOLDERS);
        let name = format!("{folder}/{}-{}-{number}.{end}", noise.pick(&WORDS[..35]), noise.pick(&WORDS[..35]));
        documents.push(document(noise, name.into(), bytes));
    }
    for name in hostile_names() {
        let bytes = text(noise, 3000);
        documents.push(document(noise, Path::new("accounts").join(name), bytes));
    }
    if let Some(bytes) = database() {
        documents.push(document(noise, "accounts/ledger.sqlite".into(), bytes));
    }
    documents
}

/// Documents whose names, and whose folders' names, are all hostile.
pub fn hostile(seed: u64) -> Vec<Document> {
    let noise = &mut Noise::new(seed);
    let (folders, mut documents) = (hostile_names(), Vec::new());
    for folder in folders {
        let mut names: Vec<OsString> = hostile_names().into_iter().collect();
        for _ in 0..5 {
            let bytes = text(noise, 4000);
            let name = names.swap_remove(noise.below(names.len()));
            documents.push(document(noise, Path::new(&folder).join(name), bytes));
        }
    }
    documents
}

/// Puts documents below a directory.
pub fn put(documents: &[Document], folder: &Path) {
    let now = SystemTime::now();
    for Document { path, bytes, mode, age_s } in documents {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = File::create_new(&path).unwrap();
        file.write_all(bytes).unwrap();
        file.set_permissions(Permissions::from_mode(*mode)).unwrap();
        file.set_modified(now - Duration::from_secs(*age_s)).unwrap();
    }
    // What is only in the cache could be lost to the test's own doing: a disk that is taken away, a guard that is killed.
    rustix::fs::syncfs(File::open(folder).unwrap()).unwrap();
}

fn document(noise: &mut Noise, path: PathBuf, bytes: Vec<u8>) -> Document {
    let mode = [0o644, 0o600, 0o640, 0o755, 0o664][noise.below(5)];
    Document { path, bytes, mode, age_s: 60 + noise.below(900 * 86_400) as u64 }
}

fn kind(noise: &mut Noise, number: usize) -> (&'static str, Vec<u8>) {
    let len = [700, 4_000, 15_000, 60_000, 200_000][noise.below(5)] + noise.below(900);
    match number % 14 {
        0 => ("txt", text(noise, len)),
        1 => ("csv", table(noise, len)),
        2 => ("json", json(noise, len)),
        3 => ("rs", source(noise, len)),
        4 => ("png", png(noise, len)),
        5 => ("jpg", jpg(noise, len)),
        6 => ("zip", zipped(noise, &["notes.txt", "data/table.csv"], len)),
        7 => ("docx", zipped(noise, &["[Content_Types].xml", "_rels/.rels", "word/document.xml"], len)),
        8 => ("pdf", pdf(noise, len)),
        9 => ("xlsx", zipped(noise, &["[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"], len)),
        10 => ("log", log(noise, len)),
        11 => ("md", text(noise, len / 2)),
        // Hardly anything, and nothing.
        12 => ("ini", text(noise, 1 + number % 40)),
        _ if number % 28 == 13 => ("lock", Vec::new()),
        _ => ("html", [b"<!doctype html>\n<p>".to_vec(), text(noise, len)].concat()),
    }
}

fn text(noise: &mut Noise, len: usize) -> Vec<u8> {
    let mut text = String::new();
    while text.len() < len {
        let word = noise.pick(&WORDS);
        let end = ["\n", ". ", ", ", " ", " ", " ", " ", " "][noise.below(8)];
        let _ = write!(text, "{word}{end}");
    }
    let mut bytes = text.into_bytes();
    bytes.truncate(len);
    bytes
}

fn table(noise: &mut Noise, len: usize) -> Vec<u8> {
    let mut table = "date,customer,net,tax\n".to_owned();
    while table.len() < len {
        let (day, net) = (1 + noise.below(28), noise.below(100_000));
        let _ = writeln!(table, "2024-03-{day:02},{},{net}.{:02},19", noise.pick(&WORDS), noise.below(100));
    }
    table.into_bytes()
}

fn json(noise: &mut Noise, len: usize) -> Vec<u8> {
    let mut rows = Vec::new();
    for id in 0..=len / 60 {
        rows.push(
            serde_json::json!({"id": id, "name": noise.pick(&WORDS), "cost": noise.below(9999), "paid": id % 3 == 0}),
        );
    }
    serde_json::to_vec_pretty(&rows).unwrap()
}

fn source(noise: &mut Noise, len: usize) -> Vec<u8> {
    let mut source = "//! Loads on a bridge.\n\nuse std::collections::BTreeMap;\n\n".to_owned();
    while source.len() < len {
        let (name, number) = (noise.pick(&WORDS[..35]), noise.below(1000));
        let _ = writeln!(source, "pub fn {name}_{number}(load: f64) -> f64 {{\n    load * {number}.5 + 1.0\n}}\n");
    }
    source.into_bytes()
}

fn log(noise: &mut Noise, len: usize) -> Vec<u8> {
    let mut log = String::new();
    while log.len() < len {
        let (second, word) = (noise.below(60), noise.pick(&WORDS));
        let _ = writeln!(
            log,
            "Mar 14 09:26:{second:02} host worker[{}]: {word} took {} ms",
            noise.below(9999),
            noise.below(500)
        );
    }
    log.into_bytes()
}

fn png(noise: &mut Noise, len: usize) -> Vec<u8> {
    let (width, height) = (64u32, (len / 192).max(1) as u32);
    let mut rows = Vec::new();
    for _ in 0..height {
        rows.push(0);
        rows.extend(noise.bytes(width as usize * 3));
    }
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [(b"IHDR", header), (b"IDAT", deflated(&rows)), (b"IEND", Vec::new())] {
        let chunk = [&name[..], &body].concat();
        png.extend((body.len() as u32).to_be_bytes());
        png.extend(&chunk);
        let mut crc = flate2::Crc::new();
        crc.update(&chunk);
        png.extend(crc.sum().to_be_bytes());
    }
    png
}

/// The segments of a photograph, with a body that looks compressed and keeps to the rule that 0xff is followed by zero.
fn jpg(noise: &mut Noise, len: usize) -> Vec<u8> {
    let mut jpg = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00".to_vec();
    jpg.extend(b"\xff\xdb\x00\x43\x00");
    jpg.extend((0..64).map(|at| 16 + at));
    jpg.extend(b"\xff\xc0\x00\x0b\x08\x01\x00\x01\x00\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00");
    for byte in noise.bytes(len) {
        jpg.push(byte);
        if byte == 0xff {
            jpg.push(0);
        }
    }
    jpg.extend(b"\xff\xd9");
    jpg
}

/// Members are stored and deflated in turn.
fn zipped(noise: &mut Noise, names: &[&str], len: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (number, name) in names.iter().enumerate() {
        let method = if number % 2 == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
        zip.write_all(&text(noise, len * number + 300)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn pdf(noise: &mut Noise, len: usize) -> Vec<u8> {
    let drawn = deflated(&text(noise, len * 2));
    let mut pdf = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let objects: [Vec<u8>; 4] = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>".to_vec(),
        [
            format!("<< /Length {} /Filter /FlateDecode >>\nstream\n", drawn.len()).into_bytes(),
            drawn,
            b"\nendstream".to_vec(),
        ]
        .concat(),
    ];
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        pdf.extend(format!("{} 0 obj\n", number + 1).into_bytes());
        pdf.extend(object);
        pdf.extend(b"\nendobj\n");
    }
    let table = pdf.len();
    pdf.extend(b"xref\n0 5\n0000000000 65535 f \n");
    places.iter().for_each(|place| pdf.extend(format!("{place:010} 00000 n \n").into_bytes()));
    pdf.extend(format!("trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").into_bytes());
    pdf
}

fn mailbox(noise: &mut Noise, len: usize) -> Vec<u8> {
    let mut mailbox = Vec::with_capacity(len + 70_000);
    let attached = base64(&noise.bytes(45_000));
    while mailbox.len() < len {
        mailbox.extend(
            format!("From a@example.test Thu Mar 14 2024\nMessage-Id: <{:x}@example.test>\n\n", noise.next())
                .into_bytes(),
        );
        mailbox.extend(text(noise, 2000));
        mailbox.extend(b"\n\n");
        mailbox.extend(&attached);
        mailbox.extend(b"\n");
    }
    mailbox.truncate(len);
    mailbox
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut lines = Vec::new();
    for line in bytes.chunks(57) {
        for three in line.chunks(3) {
            let word = three.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            lines.extend((0..4).map(|at| LETTERS[(word >> (18 - 6 * at)) as usize & 63]));
        }
        lines.push(b'\n');
    }
    lines
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `None` where there is no `sqlite3`.
fn database() -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000) \
                INSERT INTO ledger SELECT i, 'customer ' || i, i*37%1000 FROM n;";
    let script = format!("CREATE TABLE ledger(id INTEGER PRIMARY KEY, who TEXT, sum INTEGER); {rows}");
    let made = Command::new("sqlite3").arg(&path).arg(script).stdin(Stdio::null()).output();
    made.is_ok_and(|made| made.status.success()).then(|| std::fs::read(path).unwrap())
}

/// What a name may hold on these file systems and what careless programs trip over.
pub fn hostile_names() -> BTreeSet<OsString> {
    let mut names: BTreeSet<OsString> = [
        "-rf",
        "--help",
        " leading",
        "trailing ",
        "two\nlines",
        "\ttab",
        "quote'\"`",
        "$(touch pwned)",
        "%s%n",
        "\\",
        "*",
        "~",
        "...",
        "\u{202e}txt.exe",
        "né",
        "ne\u{301}",
        "a;b|c&d",
        "#x",
        "{\"event\":\"tripped\"}",
        "\x1b[2J",
        "\x7f",
    ]
    .into_iter()
    .map(OsString::from)
    .collect();
    names.insert(OsString::from_vec(b"not \xff\xfe utf-8".to_vec()));
    names.insert(OsString::from_vec(b"\x80".to_vec()));
    names.insert("x".repeat(255).into());
    names.insert("长".repeat(85).into());
    names
}

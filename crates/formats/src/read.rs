//! Which reader takes a file apart: a line a kind.

use crate::budget::Budget;
use crate::kind::Kind;
use crate::reading::Reading;
use crate::vector::Declared;
use crate::{
    android, ar, arj, cab, chm, elf, guess, html, iso, java, lha, lnk, macho, mail, media, msg, msi, odf, ole, onenote,
    ooxml, pdf, pe, rar, rtf, script, sevenzip, streams, tar, tnef, udf, vba, xls, zip,
};

/// Reads a file of that kind: the facts it tells, what is odd about it and the parts inside it. `passwords` are tried on
/// what is encrypted. A kind without a reader has nothing to say, which is no failure.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    match kind {
        Kind::Ar | Kind::Deb | Kind::Cpio | Kind::Rpm => ar::read(kind, bytes, budget),
        Kind::AndroidXml => android::manifest::read(bytes, budget),
        Kind::Class => java::read(bytes, budget),
        Kind::Dex => android::dex::read(bytes, budget),
        Kind::Jar | Kind::War | Kind::Apk | Kind::Aar => java_archive(kind, bytes, budget, passwords),
        Kind::Arj => arj::read(bytes, budget),
        Kind::Lha => lha::read(bytes, budget),
        Kind::Cab => cab::read(bytes, budget),
        Kind::Chm => chm::read(bytes, budget),
        Kind::Eml | Kind::Mht | Kind::Mbox | Kind::Emlx => mail::read(kind, bytes, budget),
        Kind::Html | Kind::Hta => html::read(bytes, budget),
        Kind::Iso => disc(bytes, budget),
        Kind::Udf => udf::read(bytes, budget),
        Kind::Lnk => lnk::read(bytes, budget),
        Kind::Pe => within(pe::read(bytes), budget),
        Kind::Elf => within(elf::read(bytes), budget),
        Kind::MachO => within(macho::read(bytes), budget),
        Kind::Png | Kind::Jpeg | Kind::Gif | Kind::Bmp | Kind::Ico | Kind::Cur | Kind::WebP | Kind::Wav | Kind::Avi => {
            media::read(kind, bytes, budget)
        }
        Kind::Ani | Kind::Ttf | Kind::Otf | Kind::Woff | Kind::Woff2 => media::read(kind, bytes, budget),
        Kind::OneNote => onenote::read(bytes, budget),
        Kind::Pdf => pdf::read(bytes, budget, passwords),
        Kind::Rar => rar::read(bytes, budget, passwords),
        Kind::Rtf => rtf::read(bytes, budget),
        Kind::SevenZip => sevenzip::read(bytes, budget, passwords),
        Kind::Tar => tar::read(bytes, budget),
        Kind::Gzip | Kind::Bzip2 | Kind::Xz | Kind::Lzma | Kind::Zstd | Kind::Lz4 | Kind::Compress => {
            streams::read(kind, bytes, budget)
        }
        Kind::EncodedScript
        | Kind::Python
        | Kind::Perl
        | Kind::Shell
        | Kind::Batch
        | Kind::PowerShell
        | Kind::VbScript => script::read(kind, bytes, budget),
        Kind::JavaScript
        | Kind::TypeScript
        | Kind::Wsf
        | Kind::Php
        | Kind::Asp
        | Kind::Aspx
        | Kind::Jsp
        | Kind::Ruby => script::read(kind, bytes, budget),
        Kind::Tnef => tnef::read(bytes, budget),
        kind if kind.is(Kind::Ole) => ole::read(kind, bytes, budget, passwords),
        kind if is_office_xml(kind) => ooxml::read(bytes, budget, passwords),
        kind if is_open_document(kind) => odf::read(bytes, budget, passwords),
        kind if kind.is(Kind::Zip) => zip::read(bytes, budget, passwords),
        _ => Reading::default(),
    }
}

/// What a reader gave that knows of no budget: its parts are taken from it now. Each is a range of the file, so that the
/// most of them is bounded by what the reader itself allows.
fn within(mut reading: Reading, budget: &mut Budget) -> Reading {
    for child in std::mem::take(&mut reading.children) {
        if reading.child(budget, child).is_err() {
            break;
        }
    }
    reading
}

/// Discs may have two trees of files, and systems differ in which of them they show.
fn disc(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = iso::read(bytes, budget);
    if udf::is_there(bytes) {
        reading.append(udf::read(bytes, budget));
    }
    reading
}

/// Archives of Java are archives first; the entries say what they are as a whole.
fn java_archive(kind: Kind, bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = zip::read(bytes, budget, passwords);
    java::archive::facts(bytes, &mut reading);
    if kind == Kind::Apk {
        android::package::facts(bytes, &mut reading);
    }
    reading
}

/// The packages of Office and what is built like them.
fn is_office_xml(kind: Kind) -> bool {
    let built_alike = matches!(kind, Kind::Xps | Kind::Thmx | Kind::ThreeMf | Kind::Appx | Kind::Nupkg | Kind::Vsix);
    built_alike
        || kind.is(Kind::Zip)
            && (kind.mime().contains("openxml") || kind.mime().contains(".ms-") || kind.mime().contains("ooxml"))
}

fn is_open_document(kind: Kind) -> bool {
    kind.is(Kind::Zip) && (kind.mime().contains("oasis.opendocument") || kind.mime().contains("sun.xml"))
}

/// Every fact that a reader may tell.
pub fn declared() -> impl Iterator<Item = &'static Declared> {
    [
        VECTORS,
        guess::VECTORS,
        zip::VECTORS,
        ooxml::VECTORS,
        odf::VECTORS,
        tar::VECTORS,
        streams::VECTORS,
        ole::VECTORS,
        ole::native::VECTORS,
        ole::encryption::VECTORS,
        vba::VECTORS,
        xls::VECTORS,
        pdf::VECTORS,
        pe::facts::VECTORS,
        elf::facts::VECTORS,
        macho::facts::VECTORS,
        iso::VECTORS,
        udf::VECTORS,
        media::VECTORS,
        java::VECTORS,
        java::archive::VECTORS,
        android::dex::VECTORS,
        android::manifest::VECTORS,
        android::package::VECTORS,
        msg::VECTORS,
        msi::VECTORS,
        onenote::VECTORS,
        rar::VECTORS,
        tnef::VECTORS,
        sevenzip::VECTORS,
        cab::VECTORS,
        chm::VECTORS,
        ar::VECTORS,
        arj::VECTORS,
        lha::VECTORS,
        rtf::VECTORS,
        script::VECTORS,
        html::VECTORS,
        mail::VECTORS,
        lnk::VECTORS,
    ]
    .into_iter()
    .flatten()
}

/// What is told of containers of any kind.
const VECTORS: &[Declared] = &[
    Declared {
        namespace: "file",
        name: "children",
        value: "integer",
        doc: "Only ever limited: there were more parts than may be kept.",
    },
    Declared {
        namespace: "file",
        name: "oddities",
        value: "integer",
        doc: "Only ever limited: there were more oddities than are kept.",
    },
];

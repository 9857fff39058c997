//! Which reader takes a file apart, and what it may tell.

use crate::budget::Budget;
use crate::kind::{Group, Kind};
use crate::reading::Reading;
use crate::vector::Declared;
use crate::{
    android, ar, arj, cab, chm, elf, guess, html, iso, java, lha, lnk, macho, mail, media, msg, msi, odf, ole, onenote,
    ooxml, pdf, pe, rar, rtf, script, sevenzip, streams, tar, tnef, udf, vba, xls, zip,
};

/// How files of some kinds are read.
pub struct Reader {
    kinds: fn(Kind) -> bool,
    read: fn(Kind, &[u8], &mut Budget, &[String]) -> Reading,
    /// What it may tell: a table of each room that takes part.
    facts: &'static [&'static [Declared]],
    has_parts: bool,
}

impl Reader {
    /// Whether it hands out what is inside a file; others tell of what they read, and there is nothing inside.
    pub fn has_parts(&self) -> bool {
        self.has_parts
    }

    /// Every fact that it may tell of a file.
    pub fn facts(&self) -> impl Iterator<Item = &'static Declared> + use<> {
        self.facts.iter().copied().flatten()
    }
}

/// The reader of a kind. None is no failure: there is nothing to say then but what the file is.
pub fn reader(kind: Kind) -> Option<&'static Reader> {
    READERS.iter().find(|reader| (reader.kinds)(kind))
}

/// Reads a file of that kind: the facts it tells, what is odd about it and the parts inside it. `passwords` are tried on
/// what is encrypted.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    reader(kind).map(|reader| (reader.read)(kind, bytes, budget, passwords)).unwrap_or_default()
}

/// The first that takes a kind reads it.
static READERS: &[Reader] = &[
    Reader {
        kinds: |kind| matches!(kind, Kind::Pe),
        read: |_, bytes, budget, _| within(pe::read(bytes), budget),
        facts: &[pe::facts::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Elf),
        read: |_, bytes, budget, _| within(elf::read(bytes), budget),
        facts: &[elf::facts::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::MachO),
        read: |_, bytes, budget, _| within(macho::read(bytes), budget),
        facts: &[macho::facts::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Class),
        read: |_, bytes, budget, _| java::read(bytes, budget),
        facts: &[java::VECTORS],
        has_parts: false,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Dex),
        read: |_, bytes, budget, _| android::dex::read(bytes, budget),
        facts: &[android::dex::VECTORS],
        has_parts: false,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::AndroidXml),
        read: |_, bytes, budget, _| android::manifest::read(bytes, budget),
        facts: &[android::manifest::VECTORS],
        has_parts: false,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Apk),
        read: package,
        facts: &[zip::VECTORS, java::archive::VECTORS, android::package::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Jar | Kind::War | Kind::Aar),
        read: java_archive,
        facts: &[zip::VECTORS, java::archive::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Xls),
        read: ole::read,
        facts: &[ole::VECTORS, ole::native::VECTORS, ole::encryption::VECTORS, vba::VECTORS, xls::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| kind.is(Kind::Msg),
        read: ole::read,
        facts: &[ole::VECTORS, ole::native::VECTORS, msg::VECTORS, mail::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Msi | Kind::Msp | Kind::Mst),
        read: ole::read,
        facts: &[ole::VECTORS, ole::native::VECTORS, msi::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| kind.is(Kind::Ole),
        read: ole::read,
        facts: &[ole::VECTORS, ole::native::VECTORS, ole::encryption::VECTORS, vba::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: is_office_xml,
        read: |_, bytes, budget, passwords| ooxml::read(bytes, budget, passwords),
        facts: &[zip::VECTORS, ooxml::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: is_open_document,
        read: |_, bytes, budget, passwords| odf::read(bytes, budget, passwords),
        facts: &[zip::VECTORS, odf::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| kind.is(Kind::Zip),
        read: |_, bytes, budget, passwords| zip::read(bytes, budget, passwords),
        facts: &[zip::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::SevenZip),
        read: |_, bytes, budget, passwords| sevenzip::read(bytes, budget, passwords),
        facts: &[sevenzip::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Rar),
        read: |_, bytes, budget, passwords| rar::read(bytes, budget, passwords),
        facts: &[rar::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Tar),
        read: |_, bytes, budget, _| tar::read(bytes, budget),
        facts: &[tar::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Cab),
        read: |_, bytes, budget, _| cab::read(bytes, budget),
        facts: &[cab::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Chm),
        read: |_, bytes, budget, _| chm::read(bytes, budget),
        facts: &[chm::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Arj),
        read: |_, bytes, budget, _| arj::read(bytes, budget),
        facts: &[arj::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Lha),
        read: |_, bytes, budget, _| lha::read(bytes, budget),
        facts: &[lha::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Ar | Kind::Deb | Kind::Cpio | Kind::Rpm),
        read: |kind, bytes, budget, _| ar::read(kind, bytes, budget),
        facts: &[ar::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| {
            matches!(kind, Kind::Gzip | Kind::Bzip2 | Kind::Xz | Kind::Lzma | Kind::Zstd | Kind::Lz4 | Kind::Compress)
        },
        read: |kind, bytes, budget, _| streams::read(kind, bytes, budget),
        facts: &[streams::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Iso),
        read: |_, bytes, budget, _| disc(bytes, budget),
        facts: &[iso::VECTORS, udf::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Udf),
        read: |_, bytes, budget, _| udf::read(bytes, budget),
        facts: &[udf::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Pdf),
        read: |_, bytes, budget, passwords| pdf::read(bytes, budget, passwords),
        facts: &[pdf::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Rtf),
        read: |_, bytes, budget, _| rtf::read(bytes, budget),
        facts: &[rtf::VECTORS, ole::native::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::OneNote),
        read: |_, bytes, budget, _| onenote::read(bytes, budget),
        facts: &[onenote::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Eml | Kind::Mht | Kind::Mbox | Kind::Emlx),
        read: |kind, bytes, budget, _| mail::read(kind, bytes, budget),
        facts: &[mail::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Tnef),
        read: |_, bytes, budget, _| tnef::read(bytes, budget),
        facts: &[tnef::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Lnk),
        read: |_, bytes, budget, _| lnk::read(bytes, budget),
        facts: &[lnk::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: |kind| matches!(kind, Kind::Html | Kind::Hta | Kind::Svg),
        read: |kind, bytes, budget, _| html::read(kind, bytes, budget),
        facts: &[html::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: is_script,
        read: |kind, bytes, budget, _| script::read(kind, bytes, budget),
        facts: &[script::VECTORS],
        has_parts: true,
    },
    Reader {
        kinds: is_media,
        read: |kind, bytes, budget, _| media::read(kind, bytes, budget),
        facts: &[media::VECTORS],
        has_parts: true,
    },
];

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
fn java_archive(_: Kind, bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = zip::read(bytes, budget, passwords);
    java::archive::facts(bytes, &mut reading);
    reading
}

/// Those of Android are archives of Java.
fn package(kind: Kind, bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = java_archive(kind, bytes, budget, passwords);
    android::package::facts(bytes, &mut reading);
    reading
}

/// Scripts of any language, also of one that only its first line names: what they call is told of all of them.
fn is_script(kind: Kind) -> bool {
    kind.group() == Group::Script && kind != Kind::VbaProject
}

/// What is looked through for data behind its end.
fn is_media(kind: Kind) -> bool {
    matches!(kind, Kind::Png | Kind::Jpeg | Kind::Gif | Kind::Bmp | Kind::Ico | Kind::Cur | Kind::Ani | Kind::WebP)
        || matches!(kind, Kind::Tiff | Kind::Wav | Kind::Avi | Kind::Mp3 | Kind::Ogg | Kind::Ogv)
        || matches!(kind, Kind::Ttf | Kind::Otf | Kind::Ttc | Kind::Woff | Kind::Woff2 | Kind::Eot)
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

/// Every fact that may be told, once.
pub fn declared() -> impl Iterator<Item = &'static Declared> {
    let mut rooms: Vec<&'static [Declared]> = vec![VECTORS, guess::VECTORS];
    for room in READERS.iter().flat_map(|reader| reader.facts) {
        if !rooms.iter().any(|known| std::ptr::eq(*known, *room)) {
            rooms.push(room);
        }
    }
    rooms.into_iter().flatten()
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

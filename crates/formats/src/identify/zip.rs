//! The ZIP family (APPNOTE 6.3): what is built on ZIP is told by the names of its entries and by the small ones among
//! them that say it in words.

use crate::bytes::{contains, head, slice, u16_le, u32_le};
use crate::kind::Kind;
use flate2::{Decompress, FlushDecompress};
use memchr::memmem;

/// Entries whose names are looked at. What tells a family stands among the first.
const ENTRIES_MAX: usize = 4_000;
/// Local headers that are walked when there is no central directory.
const LOCAL_ENTRIES_MAX: usize = 256;
/// Unpacked bytes of an entry that says what the whole is.
const ENTRY_BYTES_MAX: usize = 1 << 16;
/// The end record, and a comment behind it.
const END_BYTES_MAX: usize = 22 + 0xffff;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

/// One entry, as the central directory or its local header has it.
#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    name: &'a [u8],
    method: u16,
    packed: usize,
    /// Offset of its local header.
    local: usize,
}

/// The kind of an archive that begins as one.
pub fn identify(bytes: &[u8]) -> Option<Kind> {
    // The first entry's name alone tells most documents, and is there when the end is cut off.
    let entries = entries(bytes);
    Some(family(bytes, &entries))
}

/// The kind of an archive that ends as one, whatever stands in front of it, and where its end record stands.
pub fn at_end(bytes: &[u8]) -> Option<(Kind, usize)> {
    let end = end_record(bytes)?;
    let entries = central(bytes, end)?;
    Some((family(bytes, &entries), end.at))
}

/// Where the directory is, as the end record says it.
#[derive(Clone, Copy)]
struct End {
    at: usize,
    directory: usize,
    /// What stands in front of the archive: offsets count from behind it.
    shift: usize,
}

/// The last end record whose directory is there.
fn end_record(bytes: &[u8]) -> Option<End> {
    let floor = bytes.len().saturating_sub(END_BYTES_MAX);
    memmem::rfind_iter(bytes.get(floor..)?, END).take(16).find_map(|found| {
        let at = floor + found;
        let (size, told) = (u32_le(bytes, at + 12)? as usize, u32_le(bytes, at + 16)? as usize);
        // The directory ends where the record begins, so it is found also when bytes were put in front of everything.
        let directory = at.checked_sub(size).filter(|start| size > 0 && slice(bytes, *start, 4) == Some(CENTRAL));
        let directory = directory.or_else(|| (slice(bytes, told, 4) == Some(CENTRAL)).then_some(told))?;
        Some(End { at, directory, shift: directory.saturating_sub(told) })
    })
}

fn entries(bytes: &[u8]) -> Vec<Entry<'_>> {
    end_record(bytes).and_then(|end| central(bytes, end)).unwrap_or_else(|| local(bytes))
}

fn central(bytes: &[u8], end: End) -> Option<Vec<Entry<'_>>> {
    let mut entries = Vec::new();
    let mut at = end.directory;
    while entries.len() < ENTRIES_MAX && slice(bytes, at, 4) == Some(CENTRAL) {
        let Some(sizes) = slice(bytes, at + 28, 6) else { break };
        let length = |at| u16_le(sizes, at).map_or(0, usize::from);
        let Some(name) = slice(bytes, at + 46, length(0)) else { break };
        let local = (u32_le(bytes, at + 42)? as usize).saturating_add(end.shift);
        let (method, packed) = (u16_le(bytes, at + 10)?, u32_le(bytes, at + 20)? as usize);
        entries.push(Entry { name, method, packed, local });
        at += 46 + length(0) + length(2) + length(4);
    }
    (!entries.is_empty()).then_some(entries)
}

/// Entries from the front, for archives that were cut off or are still being written.
fn local(bytes: &[u8]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let mut next = memmem::find(head(bytes, 64), LOCAL);
    while let Some(at) = next.filter(|_| entries.len() < LOCAL_ENTRIES_MAX) {
        let Some(entry) = local_entry(bytes, at) else { break };
        let behind = data_at(bytes, &entry).map_or(usize::MAX, |start| start.saturating_add(entry.packed));
        entries.push(entry);
        next = (slice(bytes, behind, 4) == Some(LOCAL)).then_some(behind).or_else(|| {
            // The sizes stand behind the data: the next header is looked for, and not far.
            let window = bytes.get(at + 30..)?;
            memmem::find(head(window, 1 << 16), LOCAL).map(|found| at + 30 + found)
        });
    }
    entries
}

fn local_entry(bytes: &[u8], at: usize) -> Option<Entry<'_>> {
    let name = slice(bytes, at + 30, usize::from(u16_le(bytes, at + 26)?))?;
    Some(Entry { name, method: u16_le(bytes, at + 8)?, packed: u32_le(bytes, at + 18)? as usize, local: at })
}

fn data_at(bytes: &[u8], entry: &Entry) -> Option<usize> {
    let name = usize::from(u16_le(bytes, entry.local.checked_add(26)?)?);
    let extra = usize::from(u16_le(bytes, entry.local.checked_add(28)?)?);
    entry.local.checked_add(30 + name + extra)
}

/// The beginning of an entry, unpacked.
fn content(bytes: &[u8], entry: &Entry) -> Option<Vec<u8>> {
    let start = data_at(bytes, entry)?;
    let rest = bytes.get(start..)?;
    // Where the size stands behind the data, a stored entry is read as far as a word may go.
    let packed = if entry.packed == 0 { head(rest, ENTRY_BYTES_MAX) } else { head(rest, entry.packed) };
    match entry.method {
        0 => Some(head(packed, ENTRY_BYTES_MAX).to_vec()),
        8 => {
            let mut unpacked = vec![0; ENTRY_BYTES_MAX];
            let mut stream = Decompress::new(false);
            // What came before the data broke is still worth reading.
            let _ = stream.decompress(packed, &mut unpacked, FlushDecompress::Finish);
            unpacked.truncate(usize::try_from(stream.total_out()).unwrap_or(0));
            Some(unpacked)
        }
        _ => None,
    }
}

/// Asks whether any name is such.
type Any<'a> = &'a dyn Fn(&dyn Fn(&[u8]) -> bool) -> bool;

fn family(bytes: &[u8], entries: &[Entry]) -> Kind {
    let find = |wanted: &[u8]| {
        entries.iter().find(|entry| {
            let name = entry.name;
            name.len() == wanted.len() && name.iter().zip(wanted).all(|(is, want)| plain(*is) == plain(*want))
        })
    };
    let read = |wanted: &[u8]| find(wanted).and_then(|entry| content(bytes, entry));
    let any = |test: &dyn Fn(&[u8]) -> bool| entries.iter().any(|entry| test(entry.name));

    if let Some(kind) = read(b"mimetype").and_then(|words| by_mimetype(&words)) {
        return kind;
    }
    if find(b"[Content_Types].xml").is_some() {
        return open_packaging(&read(b"[Content_Types].xml").unwrap_or_default(), &any);
    }
    if let Some(manifest) = read(b"META-INF/manifest.xml")
        && let Some(kind) = by_manifest(&manifest)
    {
        return kind;
    }
    if find(b"AndroidManifest.xml").is_some() {
        return if find(b"classes.jar").is_some() { Kind::Aar } else { Kind::Apk };
    }
    if find(b"base/manifest/AndroidManifest.xml").is_some() {
        return Kind::Aab;
    }
    if any(&|name| name.starts_with(b"Payload/") && contains(name, b".app/")) {
        return Kind::Ipa;
    }
    if any(&|name| name.ends_with(b".dist-info/WHEEL")) {
        return Kind::Wheel;
    }
    if find(b"install.rdf").is_some() || find(b"META-INF/mozilla.rsa").is_some() {
        return Kind::Xpi;
    }
    if any(&|name| name.starts_with(b"WEB-INF/")) {
        return Kind::War;
    }
    if find(b"META-INF/MANIFEST.MF").is_some()
        || entries.first().is_some_and(|entry| entry.name.starts_with(b"META-INF/"))
    {
        return Kind::Jar;
    }
    let classes = entries.iter().filter(|entry| entry.name.ends_with(b".class")).count();
    if classes * 2 > entries.len() {
        return Kind::Jar;
    }
    if find(b"META-INF/container.xml").is_some() && any(&|name| name.ends_with(b".opf")) {
        return Kind::Epub;
    }
    if find(b"Contents/content.hpf").is_some() {
        return Kind::Hwpx;
    }
    if any(&|name| name == b"index.apxl" || name.starts_with(b"Index/") && name.ends_with(b".iwa")) {
        return Kind::IWork;
    }
    if find(b"AppManifest.xaml").is_some() {
        return Kind::Xap;
    }
    if find(b"doc.kml").is_some() {
        return Kind::Kmz;
    }
    // Documents that lost their list of types are opened all the same.
    office_by_part(&any).unwrap_or(Kind::Zip)
}

/// Names are compared as Windows does, where a backslash is met as well.
fn plain(byte: u8) -> u8 {
    if byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() }
}

/// The first entry of OpenDocument, EPUB and their like says in plain words what the archive is.
fn by_mimetype(words: &[u8]) -> Option<Kind> {
    let words = head(words, 100).trim_ascii();
    // When the size is not known, bytes of the next header follow.
    let end = memmem::find(words, b"PK").unwrap_or(words.len());
    let words = words[..end].trim_ascii();
    if words.starts_with(b"application/vnd.oasis.opendocument.") || words.starts_with(b"application/x-vnd.oasis.") {
        return open_document(words);
    }
    Some(match words {
        b"application/epub+zip" => Kind::Epub,
        b"application/hwp+zip" | b"application/haansofthwpx" => Kind::Hwpx,
        b"image/openraster" => Kind::OpenRaster,
        b"application/vnd.sun.xml.writer" | b"application/vnd.sun.xml.writer.template" => Kind::Sxw,
        b"application/vnd.sun.xml.writer.global" => Kind::Sxw,
        b"application/vnd.sun.xml.calc" | b"application/vnd.sun.xml.calc.template" => Kind::Sxc,
        b"application/vnd.sun.xml.impress" | b"application/vnd.sun.xml.impress.template" => Kind::Sxi,
        b"application/vnd.sun.xml.draw" | b"application/vnd.sun.xml.draw.template" => Kind::Sxd,
        _ => return None,
    })
}

/// OpenDocument's types, the longer names first, since the shorter ones begin them.
fn open_document(words: &[u8]) -> Option<Kind> {
    const TYPES: &[(&[u8], Kind)] = &[
        (b"text-template", Kind::Ott),
        (b"text-master", Kind::Odm),
        (b"text", Kind::Odt),
        (b"spreadsheet-template", Kind::Ots),
        (b"spreadsheet", Kind::Ods),
        (b"presentation-template", Kind::Otp),
        (b"presentation", Kind::Odp),
        (b"graphics-template", Kind::Otg),
        (b"graphics", Kind::Odg),
        (b"formula", Kind::Odf),
        (b"chart", Kind::Odc),
        (b"image", Kind::Odi),
        (b"base", Kind::Odb),
        (b"database", Kind::Odb),
    ];
    let (_, name) = words.split_at_checked(memmem::find(words, b"opendocument.")? + b"opendocument.".len())?;
    TYPES.iter().find(|(start, _)| name.starts_with(start)).map(|(_, kind)| *kind)
}

/// The manifest of OpenDocument names the type of the whole, as that of the path `/`.
fn by_manifest(manifest: &[u8]) -> Option<Kind> {
    let at = memmem::find(manifest, b"application/vnd.oasis.opendocument.")?;
    open_document(head(&manifest[at..], 64))
}

/// Open Packaging (ECMA-376, part 2): the type of the main part, as the list of types spells it.
fn open_packaging(types: &[u8], any: Any) -> Kind {
    const MAIN: &[(&[u8], Kind)] = &[
        (b"wordprocessingml.document.main+xml", Kind::Docx),
        (b"ms-word.document.macroEnabled.main+xml", Kind::Docm),
        (b"wordprocessingml.template.main+xml", Kind::Dotx),
        (b"ms-word.template.macroEnabledTemplate.main+xml", Kind::Dotm),
        (b"spreadsheetml.sheet.main+xml", Kind::Xlsx),
        (b"ms-excel.sheet.macroEnabled.main+xml", Kind::Xlsm),
        (b"ms-excel.sheet.binary.macroEnabled.main", Kind::Xlsb),
        (b"spreadsheetml.template.main+xml", Kind::Xltx),
        (b"ms-excel.template.macroEnabled.main+xml", Kind::Xltm),
        (b"ms-excel.addin.macroEnabled.main+xml", Kind::Xlam),
        (b"presentationml.presentation.main+xml", Kind::Pptx),
        (b"ms-powerpoint.presentation.macroEnabled.main+xml", Kind::Pptm),
        (b"presentationml.slideshow.main+xml", Kind::Ppsx),
        (b"ms-powerpoint.slideshow.macroEnabled.main+xml", Kind::Ppsm),
        (b"presentationml.template.main+xml", Kind::Potx),
        (b"ms-powerpoint.template.macroEnabled.main+xml", Kind::Potm),
        (b"ms-powerpoint.addin.macroEnabled.main+xml", Kind::Ppam),
        (b"ms-visio.drawing", Kind::Vsdx),
        (b"ms-visio.stencil", Kind::Vsdx),
        (b"ms-visio.template", Kind::Vsdx),
        (b"ms-package.xps-fixeddocumentsequence+xml", Kind::Xps),
        (b"ms-package.3dmanufacturing-3dmodel+xml", Kind::ThreeMf),
        (b"openxmlformats-officedocument.themeManager+xml", Kind::Thmx),
    ];
    let part = office_by_part(any);
    // A document may hold another's types, as those of an embedded sheet; its own part decides between them.
    let told = MAIN.iter().filter(|(words, _)| contains(types, words)).map(|(_, kind)| *kind);
    let mut told = told.filter(|kind| part.is_none_or(|part| program(*kind) == program(part)));
    if let Some(kind) = told.next().or(part) {
        return kind;
    }
    if any(&|name| name.eq_ignore_ascii_case(b"AppxManifest.xml") || name.ends_with(b"AppxBundleManifest.xml")) {
        return Kind::Appx;
    }
    if any(&|name| name.ends_with(b".nuspec") && !name.contains(&b'/')) {
        return Kind::Nupkg;
    }
    if any(&|name| name == b"extension.vsixmanifest") {
        return Kind::Vsix;
    }
    if any(&|name| name.ends_with(b".fdseq")) {
        return Kind::Xps;
    }
    if any(&|name| name.starts_with(b"theme/theme")) {
        return Kind::Thmx;
    }
    Kind::Ooxml
}

/// The program a document is of, by the part it must have.
fn office_by_part(any: Any) -> Option<Kind> {
    let has = |folder: &[u8], start: &[u8]| {
        any(&|name| {
            let name: Vec<u8> = name.iter().map(|byte| plain(*byte)).collect();
            name.strip_prefix(folder).is_some_and(|rest| rest.starts_with(start))
        })
    };
    if has(b"word/", b"document") {
        Some(Kind::Docx)
    } else if has(b"xl/", b"workbook.bin") {
        Some(Kind::Xlsb)
    } else if has(b"xl/", b"workbook") {
        Some(Kind::Xlsx)
    } else if has(b"ppt/", b"presentation") {
        Some(Kind::Pptx)
    } else if has(b"visio/", b"document") {
        Some(Kind::Vsdx)
    } else {
        None
    }
}

fn program(kind: Kind) -> u8 {
    match kind {
        Kind::Docx | Kind::Docm | Kind::Dotx | Kind::Dotm => 1,
        Kind::Xlsx | Kind::Xlsm | Kind::Xlsb | Kind::Xltx | Kind::Xltm | Kind::Xlam => 2,
        Kind::Pptx | Kind::Pptm | Kind::Ppsx | Kind::Ppsm | Kind::Potx | Kind::Potm | Kind::Ppam => 3,
        Kind::Vsdx => 4,
        _ => 0,
    }
}

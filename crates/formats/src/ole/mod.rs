//! Compound files (MS-CFB), on which the older documents of Office, messages and installers are built: their streams,
//! what they say of themselves, the objects inside them, and their macros.

pub mod compound;
mod doc;
pub mod encryption;
pub mod legacy;
pub mod native;
mod ppt;
pub mod properties;
mod slides;

#[cfg(test)]
mod tests;

use crate::budget::Budget;
use crate::gather::Gathered;
use crate::kind::Kind;
use crate::limits::Limit;
use crate::msg;
use crate::msi;
use crate::names;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::damaged;
use crate::vba;
use crate::vector::{State, Value, vectors};
use crate::xls;
use compound::{Compound, Entry, Stream};
use model::Message;

vectors! { "ole":
    "version" integer "Version of the container: 3 or 4.";
    "streams" texts "Paths of streams and storages.";
    "class" text "Class of the root.";
    "created" time "When the document was made, as it says.";
    "saved" time "When it was last saved, as it says.";
    "printed" time "When it was last printed, as it says.";
    "title" text "Title.";
    "subject" text "Subject.";
    "author" text "Author.";
    "last_author" text "Who saved it last.";
    "keywords" text "Keywords.";
    "comments" text "Comments.";
    "template" text "Template it is made from.";
    "revision" text "How many times it was saved.";
    "application" text "Program that wrote it.";
    "company" text "Company.";
    "manager" text "Manager.";
    "category" text "Category.";
    "edited_minutes" integer "Minutes it was worked on.";
    "pages" integer "Pages.";
    "words" integer "Words.";
    "security" integer "How it is protected, in bits: 1 password, 2 read-only advised, 4 read-only enforced, 8 locked.";
    "links_dirty" flag "Links that are to be brought up to date.";
    "custom_properties" texts "Properties that users defined, as `name=value`.";
    "encrypted" flag "Whether the document is encrypted.";
    "embedded_classes" texts "Classes of embedded objects.";
}

/// Paths that are kept as a fact.
const PATHS_MAX: usize = 1000;
/// Streams whose names alone make them parts that are read elsewhere, or that say nothing as files.
const SUMMARY: &str = "\u{5}SummaryInformation";
const DOCUMENT_SUMMARY: &str = "\u{5}DocumentSummaryInformation";
const NATIVE: &str = "\u{1}Ole10Native";

/// Takes a compound file apart. Of a message its own room says what the streams mean.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget, passwords: &[String]) -> Reading {
    let mut reading = Reading::default();
    let Some(mut compound) = Compound::open(bytes, budget) else {
        reading.state(NAMESPACE, "streams", State::Failed(damaged()), None);
        return reading;
    };
    let is_database = matches!(kind, Kind::Msi | Kind::Msp | Kind::Mst);
    if is_database {
        msi::spell(&mut compound);
    }
    facts(&compound, &mut reading);
    for (path, of) in
        [(SUMMARY, properties::summary as fn(&[u8], &mut Reading)), (DOCUMENT_SUMMARY, properties::document_summary)]
    {
        if let Some(entry) = compound.find(path) {
            of(&compound.stream(entry, budget).bytes(), &mut reading);
        }
    }
    let is_open = encryption::of_compound(&compound, passwords, budget, &mut reading);
    // The limit is a fact by then.
    let _ = parts(kind, &compound, is_open, budget, &mut reading);
    vba::of_compound(&compound, budget, &mut reading);
    xls::of_compound(&compound, passwords, budget, &mut reading);
    doc::of_compound(&compound, passwords, budget, &mut reading);
    ppt::of_compound(&compound, passwords, budget, &mut reading);
    if kind.is(Kind::Msg) {
        msg::of_compound(&compound, budget, &mut reading);
    }
    if is_database {
        msi::of_compound(&compound, budget, &mut reading);
    }
    reading
}

fn facts(compound: &Compound, reading: &mut Reading) {
    reading.know(NAMESPACE, "version", u32::from(compound.version));
    let mut paths = Gathered::new(PATHS_MAX);
    for entry in compound.entries.iter().filter(|entry| matches!(entry.kind, 1 | 2)) {
        paths.push(if entry.is_stream() { entry.path.clone() } else { format!("{}/", entry.path) });
    }
    // One with nothing but a root is empty, and one without is broken.
    if compound.entries.is_empty() {
        reading.state(NAMESPACE, "streams", State::Failed(damaged()), None);
    }
    paths.state(reading, NAMESPACE, "streams");
    if let Some(limit) = compound.limited {
        reading.state(NAMESPACE, "streams", State::Limited(limit), None);
    }
    if let Some(root) = compound.entries.first().filter(|root| root.class != [0; 16]) {
        reading.know(NAMESPACE, "class", class_text(&root.class));
    }
    compound.oddities.iter().for_each(|oddity| reading.odd(oddity.clone()));
    let encrypted = compound.find("EncryptedPackage").is_some() || compound.find("EncryptionInfo").is_some();
    reading.know(NAMESPACE, "encrypted", encrypted);
}

fn parts(
    kind: Kind,
    compound: &Compound,
    is_open: bool,
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let (mut said, mut classes) = (native::Said::default(), Gathered::new(PATHS_MAX));
    // The tables of a database are read as such.
    let is_database = matches!(kind, Kind::Msi | Kind::Msp | Kind::Mst);
    let mut ended = Ok(());
    for entry in &compound.entries {
        if entry.kind == 1 && entry.class != [0; 16] {
            classes.push(class_text(&entry.class));
        }
        if !entry.is_stream() || is_macro_code(compound, entry) {
            continue;
        }
        let content = match compound.stream(entry, budget) {
            Stream::Limited(limit) => Content::Limited(limit),
            Stream::Short(bytes) => {
                let message = Message::new("ole.stream-short").with("name", names::shown(&entry.path));
                reading.odd(message.number("bytes", i64::try_from(bytes.len()).unwrap_or(i64::MAX)));
                Content::Partial(bytes, damaged())
            }
            Stream::Whole(bytes) => Content::Bytes(bytes),
        };
        if entry.path == "PowerPoint Document"
            && let Content::Bytes(bytes) | Content::Partial(bytes, _) = &content
            && let Err(limit) = slides::objects(bytes, budget, reading)
        {
            reading.state(NAMESPACE, "streams", State::Limited(limit), None);
        }
        if entry.name == NATIVE
            && let Content::Bytes(bytes) | Content::Partial(bytes, _) = &content
            && let Some(package) = native::package(bytes)
        {
            ended = said.keep(&package, budget, reading);
        } else if !(kind.is(Kind::Msg) && entry.name.starts_with("__") || is_database && entry.name.starts_with('!')) {
            let child = Child { name: entry.path.clone(), content, storage: Storage::Plain, at: None };
            ended = reading.child(budget, child);
        }
        if ended.is_err() {
            break;
        }
    }
    if compound.find("EncryptedPackage").is_some() && !is_open {
        reading.state(NAMESPACE, "streams", State::Failed(crate::unpack::encrypted()), None);
    }
    classes.state(reading, NAMESPACE, "embedded_classes");
    said.state(reading);
    ended
}

/// Whether a stream is a module or table of a macro project, of which the room of macros tells more.
fn is_macro_code(compound: &Compound, entry: &Entry) -> bool {
    let Some(folder) = entry.path.strip_suffix(&entry.name) else { return false };
    folder.to_ascii_lowercase().ends_with("vba/") && compound.find(&format!("{folder}dir")).is_some()
}

/// A class as it is written: the first three numbers have their low byte first.
pub fn class_text(class: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *class;
    let number = u32::from_le_bytes([a, b, c, d]);
    let (second, third) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    let (fourth, node) = rest.split_at(2);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{number:08x}-{second:04x}-{third:04x}-{}-{}", hex(fourth), hex(node))
}

/// A time of Windows as a value.
pub fn time(filetime: u64) -> State {
    properties::filetime(filetime).map_or(State::Absent, |time| State::Known(Value::Time(time)))
}

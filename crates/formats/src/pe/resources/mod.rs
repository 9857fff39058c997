//! The tree of resources: types, in them names, in them languages, in them data (PE format, section `.rsrc`).

mod version;

use super::image::{Image, RESOURCE};
use super::{facts, oddities};
use crate::bytes::{u16_le, u32_le};
use crate::exe::Fact;
use crate::{Child, Content, Group, Limit, Reading, Storage, Value, identify};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::ops::Range;

/// Entries over the whole tree, resources that are told, and those that are given on as files.
const ENTRIES_MAX: usize = 1 << 15;
const TOLD_MAX: usize = 4_096;
const CHILDREN_MAX: usize = 256;
/// Windows makes three steps; what has more is made to be in the way, and is followed that far.
const DEPTH_MAX: usize = 8;
const NAME_LETTERS_MAX: usize = 256;
const MANIFEST_BYTES_MAX: usize = 1 << 16;
/// Images in one icon.
const IMAGES_MAX: usize = 64;
const NOTES_MAX: usize = 16;

const ICON: u32 = 3;
const DATA: u32 = 10;
const GROUP_ICON: u32 = 14;
const VERSION: u32 = 16;
const HTML: u32 = 23;
const MANIFEST: u32 = 24;

/// What a step of the tree is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Id {
    Number(u32),
    Name(String),
}

/// One resource.
struct Resource {
    path: Vec<Id>,
    /// Where it is in the file, as far as it is there.
    range: Option<Range<usize>>,
    size: u32,
}

/// The tree while it is walked.
struct Walk<'i, 'a> {
    image: &'i Image<'a>,
    root: u32,
    seen: BTreeSet<u32>,
    entries: usize,
    resources: Vec<Resource>,
    cycle: bool,
    broken: bool,
    more: bool,
}

/// Tells the resources, and gives on what may be files.
pub fn read(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(RESOURCE) else {
        facts::RESOURCES_COUNT.number(reading, 0_u32);
        for fact in [facts::RESOURCES, facts::MANIFEST, facts::VERSION_STRINGS, facts::ICON_SHA256] {
            fact.absent(reading);
        }
        return;
    };
    let mut walk = Walk {
        image,
        root: directory.address,
        seen: BTreeSet::new(),
        entries: 0,
        resources: Vec::new(),
        cycle: false,
        broken: false,
        more: false,
    };
    walk.directory(0, &mut Vec::new());
    walk.note(reading);
    if let Some(seconds) = image.u32(directory.address.saturating_add(4)).filter(|seconds| *seconds != 0) {
        facts::RESOURCES_TIMESTAMP.known(reading, Value::Time(i64::from(seconds) * 1_000_000));
    }
    let more = walk.more;
    let resources = walk.resources;
    tell(&resources, more, reading);
    children(image, &resources, reading);
    manifest(image, &resources, reading);
    icon(image, &resources, reading);
    let version = first(&resources, VERSION).and_then(|resource| resource.bytes(image));
    match version {
        Some(bytes) => version::read(bytes, reading),
        None => facts::VERSION_STRINGS.absent(reading),
    }
}

impl Walk<'_, '_> {
    fn directory(&mut self, offset: u32, path: &mut Vec<Id>) {
        if !self.seen.insert(offset) {
            self.cycle = true;
            return;
        }
        let table = self.root.checked_add(offset).map_or(&[][..], |at| self.image.from(at));
        let (Some(named), Some(numbered)) = (u16_le(table, 12), u16_le(table, 14)) else {
            self.broken = true;
            return;
        };
        let count = usize::from(named) + usize::from(numbered);
        let entries = table.get(16..).unwrap_or_default().chunks_exact(8);
        if entries.len() < count {
            self.broken = true;
        }
        for entry in entries.take(count) {
            if self.entries == ENTRIES_MAX {
                self.more = true;
                return;
            }
            self.entries += 1;
            let (id, target) = (u32_le(entry, 0).unwrap_or(0), u32_le(entry, 4).unwrap_or(0));
            path.push(self.id(id));
            match target & 0x8000_0000 {
                0 => self.leaf(target, path),
                _ if path.len() < DEPTH_MAX => self.directory(target & 0x7fff_ffff, path),
                _ => self.more = true,
            }
            path.pop();
        }
    }

    fn id(&self, id: u32) -> Id {
        if id & 0x8000_0000 == 0 {
            return Id::Number(id);
        }
        let at = self.root.saturating_add(id & 0x7fff_ffff);
        let text = self.image.from(at);
        let letters = u16_le(text, 0).map_or(0, usize::from).min(NAME_LETTERS_MAX);
        Id::Name(utf16(text.get(2..).unwrap_or_default(), letters))
    }

    fn leaf(&mut self, offset: u32, path: &[Id]) {
        let Some(entry) = self.root.checked_add(offset).and_then(|at| self.image.at(at, 16)) else {
            self.broken = true;
            return;
        };
        let (address, size) = (u32_le(entry, 0).unwrap_or(0), u32_le(entry, 4).unwrap_or(0));
        let file = self.image.bytes.len();
        let range = self.image.offset(address).map(|at| at..at.saturating_add(size as usize).min(file));
        self.resources.push(Resource { path: path.to_vec(), range, size });
    }

    fn note(&self, reading: &mut Reading) {
        if self.cycle {
            oddities::RESOURCES_CYCLE.note(reading);
        }
        if self.broken {
            oddities::TABLE_BROKEN.note_with(reading, |message| message.with("table", "resource"));
        }
        if self.more {
            oddities::TABLE_TOO_LONG.note_with(reading, |message| message.with("table", "resource"));
        }
        let outside = |resource: &&Resource| !resource.is_whole();
        for resource in self.resources.iter().filter(outside).take(NOTES_MAX) {
            oddities::RESOURCE_OUTSIDE.note_with(reading, |message| message.with("resource", resource.label()));
        }
    }
}

impl Resource {
    fn is_whole(&self) -> bool {
        self.size == 0 || self.range.as_ref().is_some_and(|range| range.len() == self.size as usize)
    }

    fn is(&self, kind: u32) -> bool {
        self.path.first() == Some(&Id::Number(kind))
    }

    fn bytes<'a>(&self, image: &Image<'a>) -> Option<&'a [u8]> {
        self.range.clone().and_then(|range| image.bytes.get(range))
    }

    fn kind(&self) -> String {
        match self.path.first() {
            Some(Id::Number(number)) => type_name(*number).map_or_else(|| number.to_string(), str::to_owned),
            Some(Id::Name(name)) => name.clone(),
            None => String::new(),
        }
    }

    /// `type/name/language`, as it is told.
    fn label(&self) -> String {
        let mut text = self.kind();
        for id in self.path.iter().skip(1) {
            text.push('/');
            match id {
                Id::Number(number) => text.push_str(&number.to_string()),
                Id::Name(name) => text.push_str(name),
            }
        }
        text
    }

    /// Whether it may be a file: data that Windows does not look into.
    fn may_be_file(&self) -> bool {
        self.size > 0
            && match self.path.first() {
                Some(Id::Number(number)) => matches!(*number, DATA | HTML) || type_name(*number).is_none(),
                Some(Id::Name(_)) => true,
                None => false,
            }
    }
}

fn tell(resources: &[Resource], more: bool, reading: &mut Reading) {
    facts::RESOURCES_COUNT.number(reading, resources.len());
    let cut = more || resources.len() > TOLD_MAX;
    let told = || resources.iter().take(TOLD_MAX);
    facts::RESOURCES.list(reading, told().map(Resource::label).collect(), cut);
    facts::RESOURCES_SIZES.list(reading, told().map(|resource| resource.size.to_string()).collect(), cut);
    each_once(facts::RESOURCES_TYPES, told().map(Resource::kind), reading);
    let language = |resource: &Resource| match resource.path.get(2) {
        Some(Id::Number(number)) => Some(format!("{number:04x}")),
        _ => None,
    };
    each_once(facts::RESOURCES_LANGUAGES, told().filter_map(language), reading);
}

fn each_once(fact: Fact, texts: impl Iterator<Item = String>, reading: &mut Reading) {
    fact.known(reading, texts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
}

fn children(image: &Image, resources: &[Resource], reading: &mut Reading) {
    let mut notes = 0;
    for (number, resource) in resources.iter().filter(|resource| resource.may_be_file()).enumerate() {
        let Some(range) = resource.range.clone() else { continue };
        let at = Some(range.start as u64);
        let limited = number >= CHILDREN_MAX;
        let content = if limited { Content::Limited(Limit::Children) } else { Content::Range(range.clone()) };
        reading.children.push(Child { name: resource.label(), content, storage: Storage::Plain, at });
        if limited {
            break;
        }
        let kind = image.bytes.get(range).map(|bytes| identify(bytes).kind);
        if kind.is_some_and(|kind| kind.group() == Group::Executable) && notes < NOTES_MAX {
            notes += 1;
            oddities::RESOURCE_PROGRAM.note_with(reading, |message| message.with("resource", resource.label()));
        }
    }
}

fn first(resources: &[Resource], kind: u32) -> Option<&Resource> {
    resources.iter().find(|resource| resource.is(kind))
}

fn manifest(image: &Image, resources: &[Resource], reading: &mut Reading) {
    let Some(bytes) = first(resources, MANIFEST).and_then(|resource| resource.bytes(image)) else {
        facts::MANIFEST.absent(reading);
        return;
    };
    let bytes = crate::bytes::head(bytes, MANIFEST_BYTES_MAX + 1);
    let text = match bytes.strip_prefix(&[0xff, 0xfe]) {
        Some(wide) => utf16(wide, MANIFEST_BYTES_MAX),
        None => crate::exe::spelled(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
    };
    facts::MANIFEST_LEVEL.maybe(reading, level(&text));
    facts::MANIFEST.known(reading, text);
    if bytes.len() > MANIFEST_BYTES_MAX {
        facts::MANIFEST.limited(reading, Limit::TextBytes);
    }
}

/// The value of `level` in the element `requestedExecutionLevel`.
fn level(manifest: &str) -> Option<&str> {
    let (_, element) = manifest.split_once("requestedExecutionLevel")?;
    let (_, value) = element.split('>').next()?.split_once("level")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next()
}

/// The images of the first icon, in the order in which its group names them.
fn icon(image: &Image, resources: &[Resource], reading: &mut Reading) {
    let group = first(resources, GROUP_ICON).and_then(|resource| resource.bytes(image));
    let Some(group) = group.filter(|group| group.len() > 6) else {
        facts::ICON_SHA256.absent(reading);
        return;
    };
    let mut digest = Sha256::new();
    let count = u16_le(group, 4).map_or(0, usize::from).min(IMAGES_MAX);
    let mut left = image.bytes.len();
    for entry in group[6..].chunks_exact(14).take(count) {
        let number = u16_le(entry, 12).map_or(0, u32::from);
        let is_it = |resource: &&Resource| resource.is(ICON) && resource.path.get(1) == Some(&Id::Number(number));
        let Some(bytes) = resources.iter().find(is_it).and_then(|resource| resource.bytes(image)) else { continue };
        let Some(rest) = left.checked_sub(bytes.len()) else { break };
        left = rest;
        digest.update(bytes);
    }
    facts::ICON_SHA256.known(reading, Value::Digest(digest.finalize().to_vec()));
}

/// Letters of 16 bits as a text; what is no letter is shown by a replacement character.
fn utf16(bytes: &[u8], letters: usize) -> String {
    let units = bytes.chunks_exact(2).take(letters).filter_map(|two| u16_le(two, 0));
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn type_name(number: u32) -> Option<&'static str> {
    Some(match number {
        1 => "cursor",
        2 => "bitmap",
        ICON => "icon",
        4 => "menu",
        5 => "dialog",
        6 => "string",
        7 => "font-directory",
        8 => "font",
        9 => "accelerator",
        DATA => "data",
        11 => "messages",
        12 => "group-cursor",
        GROUP_ICON => "group-icon",
        VERSION => "version",
        17 => "dialog-include",
        19 => "plug-and-play",
        20 => "vxd",
        21 => "animated-cursor",
        22 => "animated-icon",
        HTML => "html",
        MANIFEST => "manifest",
        _ => return None,
    })
}

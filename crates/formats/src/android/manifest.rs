//! Binary XML of Android (`ResChunk` of AOSP): the manifest of a package, which says what it asks for and what others may
//! start in it.

use crate::budget::Budget;
use crate::bytes::{slice, u8_at, u16_le, u32_le};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::reading::Reading;
use crate::unpack::damaged;
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "android":
    "package" text "Name of the package.";
    "version_code" integer "Version, as a number.";
    "version_name" text "Version, as it is shown.";
    "min_sdk" integer "Oldest level of the system it runs on.";
    "target_sdk" integer "Level of the system it is made for.";
    "permissions" texts "Permissions it asks for.";
    "exported" texts "Components that other programs may start, each behind its type.";
    "activities" integer "Activities.";
    "services" integer "Services.";
    "receivers" integer "Receivers of broadcasts.";
    "providers" integer "Providers of content.";
    "main" texts "Activities that are started from the list of programs.";
    "actions" texts "Actions that its components wait for.";
    "application" text "Class of the program itself.";
    "debuggable" flag "Whether it may be debugged.";
    "cleartext" flag "Whether it may speak without encryption.";
    "backup" flag "Whether its data may be copied out.";
    "root_element" text "Name of the outermost element.";
}

const NAMES_MAX: usize = 1000;
/// Texts of the pool, and attributes of one element.
const STRINGS_MAX: usize = 100_000;
const ATTRIBUTES_MAX: u16 = 500;
const DEPTH_MAX: usize = 200;
/// Attributes by their number in the system, as their names may be left out.
const NAMES: &[(u32, &str)] = &[
    (0x0101_0003, "name"),
    (0x0101_0006, "permission"),
    (0x0101_000f, "debuggable"),
    (0x0101_0010, "exported"),
    (0x0101_020c, "minSdkVersion"),
    (0x0101_021b, "versionCode"),
    (0x0101_021c, "versionName"),
    (0x0101_0270, "targetSdkVersion"),
    (0x0101_0280, "allowBackup"),
    (0x0101_04ec, "usesCleartextTraffic"),
];

/// Takes a document apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let mut document = Document::default();
    let ended = document.chunks(bytes, budget, &mut reading);
    document.state(&mut reading);
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "permissions", State::Limited(limit), None);
    }
    reading
}

struct Document {
    strings: Vec<String>,
    ids: Vec<u32>,
    /// Names of the elements that are open, with what is known of a component.
    open: Vec<Component>,
    root: Option<String>,
    permissions: Gathered,
    exported: Gathered,
    main: Gathered,
    actions: Gathered,
    counts: [u32; 4],
}

/// An element, as far as it says whether others may start it.
#[derive(Default)]
struct Component {
    element: String,
    name: String,
    exported: Option<bool>,
    filters: bool,
    main: bool,
}

impl Default for Document {
    fn default() -> Self {
        let list = || Gathered::new(NAMES_MAX);
        Document {
            strings: Vec::new(),
            ids: Vec::new(),
            open: Vec::new(),
            root: None,
            permissions: list(),
            exported: list(),
            main: list(),
            actions: list(),
            counts: [0; 4],
        }
    }
}

const COMPONENTS: [&str; 4] = ["activity", "service", "receiver", "provider"];

impl Document {
    fn chunks(&mut self, bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        budget.pass(bytes.len())?;
        let mut at = u16_le(bytes, 2).map_or(8, usize::from).max(8);
        while let (Some(kind), Some(length)) = (u16_le(bytes, at), u32_le(bytes, at + 4)) {
            budget.step(1)?;
            let Some(chunk) = slice(bytes, at, length as usize).filter(|chunk| chunk.len() >= 8) else {
                reading.odd_at(Message::new("android.cut-off"), at as u64);
                reading.state(NAMESPACE, "package", State::Failed(damaged()), None);
                return Ok(());
            };
            match kind {
                0x0001 => self.strings = strings(chunk, budget)?,
                0x0180 => self.ids = chunk[8..].chunks_exact(4).filter_map(|id| u32_le(id, 0)).collect(),
                0x0102 => self.start(chunk, budget, reading)?,
                0x0103 => self.end(),
                _ => {}
            }
            at += chunk.len();
        }
        Ok(())
    }

    fn string(&self, index: Option<u32>) -> String {
        index.and_then(|index| self.strings.get(index as usize)).cloned().unwrap_or_default()
    }

    fn start(&mut self, chunk: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let header = u16_le(chunk, 2).map_or(16, usize::from);
        let element = self.string(u32_le(chunk, header + 4));
        let (start, size) = (u16_le(chunk, header + 8).unwrap_or(20), u16_le(chunk, header + 10).unwrap_or(20));
        let count = u16_le(chunk, header + 12).unwrap_or(0).min(ATTRIBUTES_MAX);
        let mut component = Component { element, ..Component::default() };
        let at = |number: u16| header + usize::from(start) + usize::from(number) * usize::from(size.max(20));
        for attribute in (0..count).filter_map(|number| slice(chunk, at(number), 20)) {
            budget.step(1)?;
            let number = u32_le(attribute, 4).unwrap_or(u32::MAX);
            let known = self.ids.get(number as usize).and_then(|id| NAMES.iter().find(|(other, _)| other == id));
            let name = known.map_or_else(|| self.string(Some(number)), |(_, name)| (*name).to_owned());
            let value = match u8_at(attribute, 15) {
                Some(3) => Value::Text(self.string(u32_le(attribute, 16))),
                Some(0x12) => Value::Flag(u32_le(attribute, 16) != Some(0)),
                _ => Value::Integer(u32_le(attribute, 16).unwrap_or(0).into()),
            };
            self.attribute(&mut component, &name, value, reading);
        }
        self.root.get_or_insert_with(|| component.element.clone());
        self.opened(component);
        if self.open.len() > DEPTH_MAX { Err(Limit::Depth) } else { Ok(()) }
    }

    fn attribute(&mut self, component: &mut Component, name: &str, value: Value, reading: &mut Reading) {
        let mut know = |fact: &'static str, value: Value| {
            if reading.value(NAMESPACE, fact).is_none() {
                reading.know(NAMESPACE, fact, value);
            }
        };
        match (component.element.as_str(), name, value) {
            ("manifest", "package", value @ Value::Text(_)) => know("package", value),
            ("manifest", "versionCode", value @ Value::Integer(_)) => know("version_code", value),
            ("manifest", "versionName", value @ Value::Text(_)) => know("version_name", value),
            ("uses-sdk", "minSdkVersion", value @ Value::Integer(_)) => know("min_sdk", value),
            ("uses-sdk", "targetSdkVersion", value @ Value::Integer(_)) => know("target_sdk", value),
            ("application", "debuggable", value @ Value::Flag(_)) => know("debuggable", value),
            ("application", "usesCleartextTraffic", value @ Value::Flag(_)) => know("cleartext", value),
            ("application", "allowBackup", value @ Value::Flag(_)) => know("backup", value),
            ("application", "name", value @ Value::Text(_)) => know("application", value),
            (_, "exported", Value::Flag(exported)) => component.exported = Some(exported),
            (_, "name", Value::Text(name)) => component.name = name,
            _ => {}
        }
    }

    fn opened(&mut self, component: Component) {
        let name = component.name.as_str();
        match component.element.as_str() {
            "uses-permission" | "uses-permission-sdk-23" | "uses-permission-sdk-m" => self.permissions.push(name),
            "intent-filter" => {
                if let Some(outer) = self.open.last_mut() {
                    outer.filters = true;
                }
            }
            "action" => self.actions.push(name),
            "category" if name == "android.intent.category.LAUNCHER" => {
                self.open.iter_mut().rev().nth(1).into_iter().for_each(|outer| outer.main = true);
            }
            element => {
                if let Some(place) = COMPONENTS.iter().position(|kind| *kind == element) {
                    self.counts[place] += 1;
                }
            }
        }
        self.open.push(component);
    }

    fn end(&mut self) {
        let Some(closed) = self.open.pop() else { return };
        let is_component = COMPONENTS.contains(&closed.element.as_str()) || closed.element == "activity-alias";
        // Before level 31 one that waits for something could be started by all.
        if is_component && closed.exported.unwrap_or(closed.filters) {
            self.exported.push(format!("{}:{}", closed.element, closed.name));
        }
        if closed.main {
            self.main.push(closed.name);
        }
    }

    fn state(self, reading: &mut Reading) {
        text(reading, NAMESPACE, "root_element", self.root.clone().unwrap_or_default());
        if self.root.as_deref() != Some("manifest") {
            return;
        }
        for (count, name) in self.counts.iter().zip(["activities", "services", "receivers", "providers"]) {
            reading.know(NAMESPACE, name, *count);
        }
        self.permissions.state(reading, NAMESPACE, "permissions");
        self.exported.state(reading, NAMESPACE, "exported");
        self.main.state(reading, NAMESPACE, "main");
        self.actions.state(reading, NAMESPACE, "actions");
    }
}

/// The pool of texts, in UTF-8 or UTF-16, each with its length in front.
fn strings(chunk: &[u8], budget: &mut Budget) -> Result<Vec<String>, Limit> {
    let (count, flags) = (u32_le(chunk, 8).unwrap_or(0) as usize, u32_le(chunk, 16).unwrap_or(0));
    let start = u32_le(chunk, 20).unwrap_or(0) as usize;
    let header = u16_le(chunk, 2).map_or(28, usize::from);
    if count > STRINGS_MAX {
        return Err(Limit::Entries);
    }
    let mut strings = Vec::new();
    for number in 0..count {
        budget.step(1)?;
        let Some(at) = u32_le(chunk, header + number * 4) else { break };
        let at = start.saturating_add(at as usize);
        let text = if flags & 0x100 != 0 { narrow(chunk, at) } else { wide(chunk, at) };
        // Entries may share their bytes.
        let text = text.unwrap_or_default();
        budget.expand(text.len())?;
        strings.push(text);
    }
    Ok(strings)
}

fn narrow(chunk: &[u8], at: usize) -> Option<String> {
    let length = |at: usize| -> Option<(usize, usize)> {
        let first = usize::from(u8_at(chunk, at)?);
        let long = first & 0x80 != 0;
        Some(if long { ((first & 0x7f) << 8 | usize::from(u8_at(chunk, at + 1)?), at + 2) } else { (first, at + 1) })
    };
    let (_, behind) = length(at)?;
    let (bytes, start) = length(behind)?;
    Some(String::from_utf8_lossy(slice(chunk, start, bytes)?).into_owned())
}

fn wide(chunk: &[u8], at: usize) -> Option<String> {
    let first = usize::from(u16_le(chunk, at)?);
    let long = first & 0x8000 != 0;
    let (letters, start) =
        if long { ((first & 0x7fff) << 16 | usize::from(u16_le(chunk, at + 2)?), at + 4) } else { (first, at + 2) };
    let raw = slice(chunk, start, letters.checked_mul(2)?)?;
    Some(encoding_rs::UTF_16LE.decode_without_bom_handling(raw).0.into_owned())
}

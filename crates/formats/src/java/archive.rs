//! Archives of Java: what their manifest says about what is run, and whether they are signed.

use crate::gather::{Gathered, text};
use crate::reading::Reading;
use crate::vector::vectors;
use model::Message;

vectors! { "jar":
    "main_class" text "Class that is run.";
    "agent_classes" texts "Classes that are loaded into another program: `Premain-Class`, `Agent-Class`, `Launcher-Agent-Class`.";
    "class_path" texts "Other archives it loads from.";
    "created_by" text "Program that made it.";
    "signed" flag "Whether there are files of signatures.";
    "signature_files" texts "Files of signatures.";
    "permissions" text "Permissions it asks for.";
    "multi_release" flag "Whether it has classes for some releases only.";
    "classes" integer "Classes in it.";
    "native" texts "Machine code in it.";
}

const NAMES_MAX: usize = 200;
const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// Tells what the entries of an archive, which `reading` has as its parts, say about the whole.
pub fn facts(container: &[u8], reading: &mut Reading) {
    let (mut signatures, mut native, mut classes) = (Gathered::new(NAMES_MAX), Gathered::new(NAMES_MAX), 0_u32);
    let mut manifest = None;
    for child in &reading.children {
        let upper = child.name.to_ascii_uppercase();
        let in_meta = upper.strip_prefix("META-INF/").filter(|name| !name.contains('/'));
        if in_meta.is_some_and(|name| [".RSA", ".DSA", ".EC"].iter().any(|end| name.ends_with(end))) {
            signatures.push(child.name.as_str());
        }
        classes += u32::from(upper.ends_with(".CLASS"));
        if [".DLL", ".SO", ".EXE", ".DYLIB", ".JNILIB"].iter().any(|end| upper.ends_with(end)) {
            native.push(child.name.as_str());
        }
        if upper == "META-INF/MANIFEST.MF" && manifest.is_none() {
            let bytes = child.bytes(container).unwrap_or_default();
            manifest = Some(String::from_utf8_lossy(crate::bytes::head(bytes, MANIFEST_BYTES_MAX)).into_owned());
        }
    }
    reading.know(NAMESPACE, "classes", classes);
    reading.know(NAMESPACE, "signed", !signatures.is_empty());
    signatures.state(reading, NAMESPACE, "signature_files");
    native.state(reading, NAMESPACE, "native");
    if let Some(manifest) = manifest {
        attributes(&manifest, reading);
    }
}

/// The main section of a manifest: lines of at most 72 bytes, a blank where the one before goes on.
fn attributes(manifest: &str, reading: &mut Reading) {
    let whole = manifest.replace("\r\n", "\n").replace("\n ", "");
    let section = whole.split("\n\n").next().unwrap_or_default();
    let (mut agents, mut path) = (Gathered::new(NAMES_MAX), Gathered::new(NAMES_MAX));
    for (name, value) in section.lines().filter_map(|line| line.split_once(": ")) {
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "main-class" => text(reading, NAMESPACE, "main_class", value),
            "premain-class" | "agent-class" | "launcher-agent-class" => agents.push(value),
            "class-path" => value.split_whitespace().for_each(|piece| path.push(piece)),
            "created-by" => text(reading, NAMESPACE, "created_by", value),
            "permissions" => text(reading, NAMESPACE, "permissions", value),
            "multi-release" => reading.know(NAMESPACE, "multi_release", value.eq_ignore_ascii_case("true")),
            _ => {}
        }
    }
    let far: Vec<&str> = path.iter().filter(|piece| piece.contains("://")).take(5).collect();
    if !far.is_empty() {
        reading.odd(Message::new("jar.loads-from-afar").list("addresses", far));
    }
    agents.state(reading, NAMESPACE, "agent_classes");
    path.state(reading, NAMESPACE, "class_path");
}

//! The directory of a project (MS-OVBA, section 2.3.4.2), unpacked: records of a number, a size and so many bytes.

use crate::bytes::{slice, u16_le, u32_le};
use crate::names::utf16;
use crate::ole::properties::decode;

const RECORDS_MAX: usize = 20_000;
const REFERENCES_MAX: usize = 500;

/// A project as its directory tells it.
#[derive(Default)]
pub struct Project {
    pub name: String,
    pub code_page: u16,
    pub constants: String,
    pub references: Vec<String>,
    pub modules: Vec<Module>,
    /// There were more records or references than are read.
    pub is_cut: bool,
}

/// One module.
#[derive(Default)]
pub struct Module {
    pub name: String,
    pub stream: String,
    /// Where in its stream the source begins, behind what was compiled of it.
    pub offset: Option<u32>,
    /// A plain module; the others are documents, classes and forms.
    pub procedural: bool,
    pub private: bool,
}

impl Module {
    /// What sort of module it is, as its attributes tell.
    pub fn kind(&self, source: &str) -> &'static str {
        if self.procedural {
            "module"
        } else if source.contains("Attribute VB_Base = \"1N") || source.contains("Attribute VB_Base = \"0{0002") {
            "document"
        } else if source.contains("Attribute VB_PredeclaredId = True") && source.contains("Attribute VB_Base = \"0{") {
            "form"
        } else if source.contains("Attribute VB_Base") {
            "class"
        } else {
            "module"
        }
    }
}

/// Reads the records as far as they go.
pub fn read(dir: &[u8]) -> Project {
    let mut project = Project { code_page: 1252, ..Project::default() };
    let mut at = 0;
    for number in 0.. {
        let (Some(id), Some(size)) = (u16_le(dir, at), u32_le(dir, at + 2)) else { break };
        if number >= RECORDS_MAX {
            project.is_cut = true;
            break;
        }
        let data = slice(dir, at + 6, size as usize).unwrap_or_default();
        let page = project.code_page;
        match id {
            0x03 => project.code_page = u16_le(data, 0).unwrap_or(1252),
            0x04 => project.name = decode(data, page),
            0x0c => project.constants = decode(data, page),
            0x0d | 0x0e | 0x33 if project.references.len() >= REFERENCES_MAX => project.is_cut = true,
            0x0d | 0x0e | 0x33 => {
                // The size of the text stands in front of it.
                let length = u32_le(data, 0).unwrap_or(0) as usize;
                let text = if id == 0x33 { Some(data) } else { slice(data, 4, length) };
                project.references.push(decode(text.unwrap_or_default(), page));
            }
            0x19 => project.modules.push(Module { name: decode(data, page), ..Module::default() }),
            _ => {
                if let Some(module) = project.modules.last_mut() {
                    match id {
                        0x47 => module.name = utf16(data),
                        0x1a => module.stream = decode(data, page),
                        0x32 => module.stream = utf16(data),
                        0x31 => module.offset = u32_le(data, 0),
                        0x21 => module.procedural = true,
                        0x28 => module.private = true,
                        _ => {}
                    }
                }
            }
        }
        // The version has two bytes more than it says.
        let more = if id == 0x09 { 2 } else { 0 };
        let Some(next) = at.checked_add(6 + more).and_then(|at| at.checked_add(size as usize)) else { break };
        at = next;
    }
    project
}

/// Whether the stream `PROJECT` has a password: the field is long when it holds a hash, and short when it holds a zero.
pub fn is_protected(settings: &[u8]) -> bool {
    let text = String::from_utf8_lossy(settings);
    let field = text.lines().find_map(|line| line.trim().strip_prefix("DPB=\""));
    field.is_some_and(|field| field.trim_end_matches('"').len() > 30)
}

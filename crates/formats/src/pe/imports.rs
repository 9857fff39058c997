//! What a program asks other libraries for: at once, later, or bound when it was made; and the hash of it.

use super::image::{BOUND_IMPORT, DELAY_IMPORT, IMPORT, Image};
use super::{facts, oddities, ordinals};
use crate::bytes::{u16_le, u32_le};
use crate::exe::{Fact, spelled, until_zero};
use crate::{Reading, Value};
use md5::{Digest as _, Md5};

const LIBRARIES_MAX: usize = 1_024;
/// Functions over all libraries that are counted and hashed, and those of them that are told.
const FUNCTIONS_MAX: usize = 1 << 16;
const TOLD_MAX: usize = 4_096;
/// `pefile` cuts names there as well.
const NAME_BYTES_MAX: usize = 512;
const DESCRIPTOR_BYTES: u32 = 20;
const DELAY_DESCRIPTOR_BYTES: u32 = 32;
/// Few functions, among them these two: the rest is looked up when it runs.
const FEW: usize = 20;
const LOADERS: [&[u8]; 2] = [b"LoadLibrary", b"GetProcAddress"];

/// One library and what is asked of it.
struct Library<'a> {
    name: &'a [u8],
    functions: Vec<Function<'a>>,
}

#[derive(Clone, Copy)]
enum Function<'a> {
    Name(&'a [u8]),
    Ordinal(u16),
}

/// How far a list of libraries was read.
#[derive(Default)]
struct Read<'a> {
    libraries: Vec<Library<'a>>,
    functions: usize,
    more: bool,
    broken: bool,
}

/// Tells all three lists.
pub fn read(image: &Image, reading: &mut Reading) {
    let imports = imports(image);
    let count = imports.functions;
    note("import", &imports, reading);
    if image.directory(IMPORT).is_none() || imports.libraries.is_empty() {
        facts::IMPHASH.absent(reading);
        facts::IMPORTS_COUNT.number(reading, 0_u32);
        facts::IMPORTS_DLLS.absent(reading);
        facts::IMPORTS.absent(reading);
        // A program of .NET imports one function, and for the newer ones not even that is so.
        if image.directory(super::image::DOTNET).is_none() {
            oddities::NO_IMPORTS.note(reading);
        }
    } else {
        facts::IMPORTS_COUNT.number(reading, count);
        tell(facts::IMPORTS_DLLS, facts::IMPORTS, &imports, reading);
        facts::IMPHASH.known(reading, Value::Digest(imphash(&imports.libraries)));
        suspicious(&imports, reading);
    }
    delayed(image, reading);
    bound(image, reading);
}

fn note(table: &'static str, read: &Read, reading: &mut Reading) {
    if read.broken {
        oddities::TABLE_BROKEN.note_with(reading, |message| message.with("table", table));
    }
    if read.more {
        oddities::TABLE_TOO_LONG.note_with(reading, |message| message.with("table", table));
    }
}

fn imports<'a>(image: &Image<'a>) -> Read<'a> {
    let mut read = Read::default();
    let Some(directory) = image.directory(IMPORT) else { return read };
    let mut at = directory.address;
    // The list ends at a descriptor of zeros; the size that is stated says nothing.
    while let Some(descriptor) = image.at(at, DESCRIPTOR_BYTES as usize) {
        let field = |offset| u32_le(descriptor, offset).unwrap_or(0);
        let (lookup, name, addresses) = (field(0), field(12), field(16));
        if descriptor.iter().all(|byte| *byte == 0) {
            return read;
        }
        if read.libraries.len() == LIBRARIES_MAX || read.functions >= FUNCTIONS_MAX {
            read.more = true;
            return read;
        }
        let mut functions = thunks(image, lookup, &mut read);
        if functions.is_empty() {
            functions = thunks(image, addresses, &mut read);
        }
        read.push(image, name, functions);
        let Some(next) = at.checked_add(DESCRIPTOR_BYTES) else { break };
        at = next;
    }
    read.broken = true;
    read
}

impl<'a> Read<'a> {
    fn push(&mut self, image: &Image<'a>, name: u32, functions: Vec<Function<'a>>) {
        self.functions += functions.len();
        if functions.is_empty() {
            self.broken = true;
        }
        self.libraries.push(Library { name: image.text_bytes(name, NAME_BYTES_MAX), functions });
    }
}

/// The functions of one library: numbers, or addresses of a hint and a name, up to a zero.
fn thunks<'a>(image: &Image<'a>, start: u32, read: &mut Read) -> Vec<Function<'a>> {
    let mut functions = Vec::new();
    if start == 0 {
        return functions;
    }
    let step = image.pointer_bytes() as usize;
    let by_number = if image.wide { 1 << 63 } else { 1 << 31 };
    for thunk in image.from(start).chunks_exact(step) {
        let value = if image.wide { crate::bytes::u64_le(thunk, 0) } else { u32_le(thunk, 0).map(u64::from) };
        let value = value.unwrap_or(0);
        if value == 0 {
            return functions;
        }
        if read.functions + functions.len() >= FUNCTIONS_MAX {
            read.more = true;
            return functions;
        }
        if value & by_number != 0 {
            functions.push(Function::Ordinal(value as u16));
            continue;
        }
        let name = image.from(value as u32).get(2..);
        let Some(name) = name.filter(|_| value <= u64::from(u32::MAX >> 1)) else { break };
        functions.push(Function::Name(until_zero(name, NAME_BYTES_MAX)));
    }
    read.broken = true;
    functions
}

fn tell(dlls: Fact, functions: Fact, read: &Read, reading: &mut Reading) {
    dlls.list(reading, read.libraries.iter().map(|library| spelled(library.name)).collect(), read.more);
    let each =
        read.libraries.iter().flat_map(|library| library.functions.iter().map(|function| (library.name, *function)));
    let told = each.take(TOLD_MAX).map(|(library, function)| match function {
        Function::Name(name) => format!("{}!{}", spelled(library), spelled(name)),
        Function::Ordinal(ordinal) => match ordinals::name(&library.to_ascii_lowercase(), ordinal) {
            Some(name) => format!("{}!#{ordinal} {name}", spelled(library)),
            None => format!("{}!#{ordinal}", spelled(library)),
        },
    });
    functions.list(reading, told.collect(), read.functions > TOLD_MAX);
}

/// Libraries without their extension and functions, all in lower case, one after another.
fn imphash(libraries: &[Library]) -> Vec<u8> {
    let mut digest = Md5::new();
    let mut first = true;
    for library in libraries {
        let name = if is_library_name(library.name) { library.name } else { b"*invalid*" }.to_ascii_lowercase();
        let stem = [".dll", ".ocx", ".sys"].iter().find_map(|extension| name.strip_suffix(extension.as_bytes()));
        for function in &library.functions {
            let function = match function {
                Function::Name(function) if function.is_empty() || !is_function_name(function) => continue,
                Function::Name(function) => function.to_ascii_lowercase(),
                Function::Ordinal(0) => continue,
                Function::Ordinal(ordinal) => match ordinals::name(&name, *ordinal) {
                    Some(function) => function.to_ascii_lowercase().into_bytes(),
                    None => format!("ord{ordinal}").into_bytes(),
                },
            };
            if !first {
                digest.update(b",");
            }
            first = false;
            digest.update(stem.unwrap_or(&name));
            digest.update(b".");
            digest.update(&function);
        }
    }
    digest.finalize().to_vec()
}

fn is_library_name(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'()-@^_`{}~+,.;=[]:\\/".contains(byte))
}

/// Whether a linker makes such a name; `pefile` leaves others out.
fn is_function_name(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._?@$()<>".contains(byte))
}

fn suspicious(read: &Read, reading: &mut Reading) {
    let is_odd = |function: &Function| matches!(function, Function::Name(name) if !is_function_name(name));
    for library in read.libraries.iter().filter(|library| library.functions.iter().any(is_odd)).take(16) {
        oddities::IMPORT_NAME_ODD.note_with(reading, |message| message.with("library", spelled(library.name)));
    }
    let asks = |wanted: &[u8]| {
        let mut functions = read.libraries.iter().flat_map(|library| &library.functions);
        functions.any(|function| matches!(function, Function::Name(name) if name.starts_with(wanted)))
    };
    if read.functions < FEW && LOADERS.iter().all(|loader| asks(loader)) {
        oddities::FEW_IMPORTS.note(reading);
    }
}

fn delayed(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(DELAY_IMPORT) else {
        facts::DELAY_IMPORTS_DLLS.absent(reading);
        facts::DELAY_IMPORTS.absent(reading);
        return;
    };
    let mut read = Read::default();
    let mut at = directory.address;
    loop {
        let Some(descriptor) = image.at(at, DELAY_DESCRIPTOR_BYTES as usize) else {
            read.broken = true;
            break;
        };
        let field = |offset| u32_le(descriptor, offset).unwrap_or(0);
        if field(4) == 0 {
            break;
        }
        if read.libraries.len() == LIBRARIES_MAX || read.functions >= FUNCTIONS_MAX {
            read.more = true;
            break;
        }
        // Visual C++ 6 wrote addresses that are not relative to the base.
        let relative = |value: u32| if field(0) & 1 == 1 { value } else { image.relative(value.into()).unwrap_or(0) };
        let functions = thunks(image, relative(field(16)), &mut read);
        read.push(image, relative(field(4)), functions);
        let Some(next) = at.checked_add(DELAY_DESCRIPTOR_BYTES) else { break };
        at = next;
    }
    note("delay-import", &read, reading);
    tell(facts::DELAY_IMPORTS_DLLS, facts::DELAY_IMPORTS, &read, reading);
}

/// Names stand behind the list, at offsets from its beginning.
fn bound(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(BOUND_IMPORT) else {
        facts::BOUND_IMPORTS.absent(reading);
        return;
    };
    let table = image.from(directory.address);
    let mut texts = Vec::new();
    let mut entries = table.chunks_exact(8).take_while(|entry| entry.iter().any(|byte| *byte != 0));
    for entry in entries.by_ref().take(LIBRARIES_MAX) {
        let Some(name) = u16_le(entry, 4).and_then(|at| table.get(usize::from(at)..)) else { continue };
        texts.push(spelled(until_zero(name, NAME_BYTES_MAX)));
    }
    let more = entries.next().is_some();
    facts::BOUND_IMPORTS.list(reading, texts, more);
}

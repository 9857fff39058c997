//! Packages of Android as a whole: which schemes they are signed by (APK Signature Scheme v1 to v3.1), and their byte code.

use crate::bytes::{has, slice, u32_le, u64_le};
use crate::gather::Gathered;
use crate::limits::Limit;
use crate::reading::Reading;
use crate::vector::{State, vectors};
use model::Message;

vectors! { "apk":
    "schemes" texts "Schemes it is signed by: `v1`, `v2`, `v3`, `v3.1`.";
    "block" texts "Numbers of the entries in its block of signatures.";
    "block_bytes" integer "Bytes of that block.";
    "code_files" integer "Files of byte code.";
    "native" texts "Machine code in it.";
}

const MAGIC: &[u8] = b"APK Sig Block 42";
const NAMES_MAX: usize = 200;
/// Entries of the block.
const ENTRIES_MAX: usize = 1000;
const SCHEMES: &[(u32, &str)] = &[(0x7109_871a, "v2"), (0xf053_68c0, "v3"), (0x1b93_ad61, "v3.1")];
/// Filling, the stamp of a shop, and what build tools leave.
const HARMLESS: &[u32] = &[0x4272_6577, 0x2b09_189e, 0x6dff_800d, 0x504b_4453, 0x2146_444e];

/// Tells what the entries of a package, which `reading` has as its parts, and the block of signatures say about the whole.
pub fn facts(container: &[u8], reading: &mut Reading) {
    let mut schemes = Gathered::new(NAMES_MAX);
    let signed_entries = |name: &str| {
        let upper = name.to_ascii_uppercase();
        upper.starts_with("META-INF/") && [".RSA", ".DSA", ".EC"].iter().any(|end| upper.ends_with(end))
    };
    if reading.children.iter().any(|child| signed_entries(&child.name)) {
        schemes.push("v1");
    }
    let code = reading.children.iter().filter(|child| child.name.ends_with(".dex")).count();
    let mut native = Gathered::new(NAMES_MAX);
    reading
        .children
        .iter()
        .filter(|child| child.name.ends_with(".so"))
        .for_each(|child| native.push(child.name.as_str()));
    reading.know(NAMESPACE, "code_files", u32::try_from(code).unwrap_or(u32::MAX));
    native.state(reading, NAMESPACE, "native");
    block(container, &mut schemes, reading);
    if schemes.is_empty() {
        reading.state(NAMESPACE, "schemes", State::Absent, None);
    }
    schemes.state(reading, NAMESPACE, "schemes");
}

/// The block in front of the directory: entries of a length, a number and data.
fn block(container: &[u8], schemes: &mut Gathered, reading: &mut Reading) -> Option<()> {
    let end = memchr::memmem::rfind(container, b"PK\x05\x06")?;
    let directory = u32_le(container, end + 16)? as usize;
    let magic = directory.checked_sub(MAGIC.len())?;
    if !has(container, magic, MAGIC) {
        return None;
    }
    let size = usize::try_from(u64_le(container, magic.checked_sub(8)?)?).ok()?;
    let start = directory.checked_sub(size)?;
    reading.know_at(NAMESPACE, "block_bytes", crate::Value::unsigned(size as u64), start as u64);
    let (mut at, mut numbers, last) = (start, Gathered::new(NAMES_MAX), magic - 8);
    for _ in 0..ENTRIES_MAX {
        let Some(length) = u64_le(container, at).filter(|_| at < last) else { break };
        let length = usize::try_from(length).ok()?;
        let Some(entry) = slice(container, at + 8, length) else {
            reading.odd_at(Message::new("apk.block-damaged"), at as u64);
            break;
        };
        let number = u32_le(entry, 0).unwrap_or(0);
        numbers.push(format!("{number:08x}"));
        match SCHEMES.iter().find(|(id, _)| *id == number) {
            Some((_, scheme)) => schemes.push(*scheme),
            None if !HARMLESS.contains(&number) => {
                let message = Message::new("apk.unknown-block").with("number", format!("{number:08x}"));
                reading.odd_at(message.number("bytes", i64::try_from(length).unwrap_or(i64::MAX)), at as u64);
            }
            None => {}
        }
        at += 8 + length;
    }
    if at < last {
        reading.state(NAMESPACE, "block", State::Limited(Limit::Entries), None);
    }
    numbers.state(reading, NAMESPACE, "block");
    Some(())
}

//! Version information: a tree of blocks with a key of 16-bit letters each (`VS_VERSIONINFO`, Microsoft Learn).

use super::utf16;
use crate::Reading;
use crate::bytes::{slice, u16_le, u32_le};
use crate::exe::{Fact, list};
use crate::pe::facts;

const BLOCKS_MAX: usize = 512;
const KEY_LETTERS_MAX: usize = 256;
const VALUE_LETTERS_MAX: usize = 4_096;

const FLAGS: &[(u32, &str)] =
    &[(1, "debug"), (2, "prerelease"), (4, "patched"), (8, "private"), (16, "inferred"), (32, "special")];

/// Keys that have a fact of their own.
const KNOWN: &[(&str, Fact)] = &[
    ("CompanyName", facts::VERSION_COMPANY),
    ("FileDescription", facts::VERSION_DESCRIPTION),
    ("InternalName", facts::VERSION_INTERNAL_NAME),
    ("OriginalFilename", facts::VERSION_ORIGINAL_NAME),
    ("ProductName", facts::VERSION_PRODUCT_NAME),
    ("LegalCopyright", facts::VERSION_COPYRIGHT),
];

/// One block, and where in the resource its parts are.
struct Block {
    key: String,
    value: usize,
    value_bytes: usize,
    children: usize,
    end: usize,
}

/// Tells the version information.
pub fn read(bytes: &[u8], reading: &mut Reading) {
    let Some(root) = block(bytes, 0, bytes.len()) else {
        facts::VERSION_STRINGS.absent(reading);
        return;
    };
    fixed(slice(bytes, root.value, root.value_bytes).unwrap_or_default(), reading);
    let (mut strings, mut translations, mut left) = (Vec::new(), Vec::new(), BLOCKS_MAX);
    for part in blocks(bytes, &root) {
        match part.key.as_str() {
            "StringFileInfo" => {
                for table in blocks(bytes, &part) {
                    for pair in blocks(bytes, &table) {
                        left = left.saturating_sub(1);
                        if left > 0 {
                            strings.push((pair.key.clone(), text(bytes, &pair)));
                        }
                    }
                }
            }
            "VarFileInfo" => {
                let values = blocks(bytes, &part).find(|var| var.key == "Translation");
                let value = values.and_then(|var| slice(bytes, var.value, var.value_bytes)).unwrap_or_default();
                let pair = |four: &[u8]| Some(format!("{:04x}-{:04x}", u16_le(four, 0)?, u16_le(four, 2)?));
                translations.extend(value.chunks_exact(4).take(BLOCKS_MAX).filter_map(pair));
            }
            _ => {}
        }
    }
    for (key, fact) in KNOWN {
        fact.maybe(reading, strings.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str()));
    }
    let texts = strings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    facts::VERSION_STRINGS.list(reading, texts, left == 0);
    facts::VERSION_TRANSLATIONS.known(reading, translations);
}

fn fixed(value: &[u8], reading: &mut Reading) {
    if u32_le(value, 0) != Some(0xfeef_04bd) {
        facts::VERSION_FILE.absent(reading);
        return;
    }
    let four = |at| {
        let (high, low) = (u32_le(value, at)?, u32_le(value, at + 4)?);
        Some(format!("{}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff))
    };
    facts::VERSION_FILE.maybe(reading, four(8));
    facts::VERSION_PRODUCT.maybe(reading, four(16));
    if let (Some(mask), Some(flags)) = (u32_le(value, 24), u32_le(value, 28)) {
        facts::VERSION_FLAGS.known(reading, list(flags & mask, FLAGS));
    }
}

/// The text of a block. How long it is said to be is counted in letters or in bytes, as the compiler liked; it ends at
/// a zero or with the block.
fn text(bytes: &[u8], block: &Block) -> String {
    let letters = bytes.get(block.value..block.end).unwrap_or_default();
    let mut text = utf16(letters, VALUE_LETTERS_MAX);
    text.truncate(text.find('\0').unwrap_or(text.len()));
    text
}

fn blocks<'b>(bytes: &'b [u8], parent: &Block) -> impl Iterator<Item = Block> + use<'b> {
    let (mut at, end) = (parent.children, parent.end);
    std::iter::from_fn(move || {
        let block = block(bytes, at, end)?;
        at = aligned(block.end);
        Some(block)
    })
    .take(BLOCKS_MAX)
}

fn block(bytes: &[u8], at: usize, limit: usize) -> Option<Block> {
    let (length, value_length) = (usize::from(u16_le(bytes, at)?), usize::from(u16_le(bytes, at + 2)?));
    let is_text = u16_le(bytes, at + 4)? == 1;
    // Each block is longer than its head, so that the walk comes to an end.
    let end = (at + length).min(limit);
    let body = bytes.get(at + 6..end)?;
    let letters = body.chunks_exact(2).take(KEY_LETTERS_MAX).position(|two| two == [0, 0])?;
    let value = aligned(at + 6 + letters * 2 + 2).min(end);
    let value_bytes = if is_text { value_length * 2 } else { value_length }.min(end - value);
    let children = aligned(value + value_bytes);
    Some(Block { key: utf16(body, letters), value, value_bytes, children, end })
}

fn aligned(at: usize) -> usize {
    at.next_multiple_of(4)
}

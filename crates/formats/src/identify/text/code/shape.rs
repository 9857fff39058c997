//! Shapes of lines: what a selector, a command or a sentence looks like.

use super::line::Line;
use crate::bytes::contains;

/// Names, commas and what else stands behind `import`.
pub fn is_names(rest: &[u8]) -> bool {
    let names = rest.split(|byte| *byte == b'#').next().unwrap_or_default().trim_ascii();
    let plain = names.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.,*() \\".contains(byte));
    let mut words = names.split(|byte| *byte == b',').map(|name| name.split(|byte| *byte == b' '));
    plain && words.all(|words| words.filter(|word| !word.is_empty() && *word != b"as").count() <= 2)
}

pub fn starts_any(rest: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| crate::bytes::starts_ignoring_case(rest, word))
}

/// A verb, a hyphen and a noun, as commands of PowerShell are named.
pub fn is_cmdlet(bare: &[u8]) -> bool {
    let end = bare.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-').unwrap_or(bare.len());
    let mut parts = bare[..end].split(|byte| *byte == b'-');
    let noun = parts.nth(1);
    noun.is_some_and(|noun| noun.first().is_some_and(u8::is_ascii_uppercase) && noun.len() > 2)
        && parts.next().is_none()
}

/// What stands in front of a rule of a style sheet.
pub fn is_selector(bare: &[u8]) -> bool {
    let Some(selector) = bare.strip_suffix(b"{") else { return false };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" .#:-_,>+*[]=\"~()^$".contains(byte) || *byte >= 0x80;
    let first = selector.first().is_some_and(|byte| b".#*:".contains(byte) || byte.is_ascii_lowercase());
    first
        && !contains(selector, b"=")
        && !contains(selector, b"(")
        && selector.iter().all(plain)
        && !KEYWORDS.iter().any(|word| selector.starts_with(word))
}

/// What may be public in Rust.
pub const RUST_ITEMS: &[&[u8]] = &[
    b"fn", b"struct", b"enum", b"mod", b"use", b"const", b"type", b"trait", b"unsafe", b"async", b"crate", b"static",
    b"macro", b"extern", b"union",
];

/// Words with which code begins that then opens a brace.
pub const KEYWORDS: &[&[u8]] = &[
    b"if",
    b"else",
    b"do",
    b"try",
    b"struct",
    b"class",
    b"enum",
    b"union",
    b"typedef",
    b"static",
    b"function",
    b"sub ",
    b"package",
    b"namespace",
    b"impl",
    b"fn ",
    b"pub",
    b"mod ",
    b"unsafe",
    b"loop",
    b"match",
    b"switch",
    b"for",
    b"while",
    b"interface",
    b"public",
    b"private",
    b"finally",
    b"return",
    b"extern",
    b"type ",
    b"func",
    b"begin",
    b"process",
    b"message",
];

/// A whole rule of a style sheet on one line.
pub fn is_rule(bare: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'{', bare) else { return false };
    let inside = bare[open + 1..bare.len() - 1].trim_ascii();
    let property = inside.iter().position(|byte| *byte == b':').unwrap_or(0);
    let plain = inside[..property].iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-');
    property > 2 && plain && is_selector(&bare[..=open])
}

/// `name: value;` as a style sheet has it.
pub fn is_declaration(line: &Line) -> bool {
    let name = line.bare.iter().position(|byte| *byte == b':').unwrap_or(0);
    let plain = line.bare[..name].iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-');
    name > 2 && plain && !line.has(b"(\"") && line.bare.get(name + 1) != Some(&b':') && !line.has(b"=")
}
/// A sentence: it begins large, or goes on small, and is words and little else.
pub fn is_prose(bare: &[u8]) -> bool {
    let words = bare.split(|byte| *byte == b' ').filter(|word| word.len() > 1).count();
    let letters = bare
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic() || matches!(byte, b' ' | b',' | b'.' | b'\'') || **byte >= 0x80)
        .count();
    words >= 5 && letters * 100 >= bare.len() * 94
}

//! HTML and XML with their dialects, and the languages that live inside angle brackets.

use crate::bytes::{contains, contains_ignoring_case, head as first, starts_ignoring_case};
use crate::kind::Kind;
use memchr::memmem;

/// How far a page is searched for what makes it a program.
const PROGRAM_BYTES: usize = 1 << 14;

/// The kind of a text that begins with an angle bracket, behind comments and white space.
pub fn kind(head: &[u8]) -> Option<Kind> {
    let start = head.trim_ascii_start();
    if !start.starts_with(b"<") {
        return behind_front_matter(start);
    }
    if let Some(kind) = server_page(start) {
        return Some(kind);
    }
    let start = behind_comments(start);
    if !start.starts_with(b"<") {
        return None;
    }
    if start.starts_with(b"<?xml") || start.starts_with(b"<?XML") {
        return xml(start);
    }
    if is_html(start) && !is_markdown(start) {
        return Some(page(start));
    }
    let root = root(start)?;
    dialect(root, start).or_else(|| is_xml(root, start).then_some(Kind::Xml))
}

/// Site generators put a block between lines of hyphens in front of a page, and template engines a line in braces.
fn behind_front_matter(start: &[u8]) -> Option<Kind> {
    let rest = if let Some(rest) = start.strip_prefix(b"---\n") {
        &rest[memmem::find(rest, b"\n---\n")? + 5..]
    } else if start.starts_with(b"{%") || start.starts_with(b"{{") || start.starts_with(b"{#") {
        &start[start.iter().position(|byte| *byte == b'\n')?..]
    } else {
        return None;
    };
    let rest = rest.trim_ascii_start();
    (starts_ignoring_case(rest, b"<!doctype html") || starts_ignoring_case(rest, b"<html")).then_some(Kind::Html)
}

/// Code that a server runs before it sends the page.
fn server_page(start: &[u8]) -> Option<Kind> {
    let begins = |words: &[u8]| starts_ignoring_case(start, words);
    if begins(b"<?php") || begins(b"<?=") {
        return Some(Kind::Php);
    }
    let page = first(start, PROGRAM_BYTES);
    if begins(b"<%") || begins(b"<!--") || begins(b"<html") || begins(b"<!doctype") || begins(b"<jsp:") {
        let says = |words: &[u8]| contains_ignoring_case(page, words);
        let net =
            [b"<%@ page language=\"c#".as_slice(), b"<%@ page language=\"vb\"", b"<%@ webhandler", b"<%@ webservice"];
        if net.iter().any(|words| says(words))
            || says(b"<%@ control ")
            || says(b"<%@ master ")
            || says(b"inherits=\"") && says(b"<%@ page")
        {
            return Some(Kind::Aspx);
        }
        if says(b"<%@page ") || says(b"<%@ page ") || says(b"<%@ taglib") || says(b"<jsp:") || says(b"<%@ include") {
            return Some(Kind::Jsp);
        }
        if says(b"<%@ language=") || says(b"<%@language=") || says(b"<%eval request") || says(b"server.createobject") {
            return Some(Kind::Asp);
        }
    }
    // A page with code in its head is run by the server, not shown as it is.
    (begins(b"<!doctype html") || begins(b"<html"))
        .then(|| contains(page, b"<?php"))
        .filter(|php| *php)
        .map(|_| Kind::Php)
}

fn behind_comments(mut start: &[u8]) -> &[u8] {
    while let Some(rest) = start.strip_prefix(b"<!--") {
        match memmem::find(rest, b"-->") {
            Some(end) => start = rest[end + 3..].trim_ascii_start(),
            None => break,
        }
    }
    start
}

/// Elements a page, or a piece of one, begins with.
const ELEMENTS: &[&[u8]] = &[
    b"html",
    b"head",
    b"body",
    b"title",
    b"meta",
    b"link",
    b"script",
    b"style",
    b"base",
    b"table",
    b"div",
    b"span",
    b"p",
    b"a",
    b"br",
    b"hr",
    b"img",
    b"iframe",
    b"frameset",
    b"form",
    b"input",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"ul",
    b"ol",
    b"li",
    b"dl",
    b"center",
    b"font",
    b"b",
    b"i",
    b"pre",
    b"nav",
    b"section",
    b"article",
    b"header",
    b"footer",
    b"main",
    b"object",
    b"embed",
    b"applet",
    b"noscript",
    b"template",
    b"button",
    b"label",
    b"small",
    b"strong",
    b"em",
    b"tt",
];

fn is_html(start: &[u8]) -> bool {
    if starts_ignoring_case(start, b"<!doctype html") {
        return true;
    }
    let name = name(start.get(1..).unwrap_or_default());
    if !ELEMENTS.iter().any(|element| name.eq_ignore_ascii_case(element)) {
        return false;
    }
    // `<p` and its like are short enough to begin something else: a bracket must close, and one more element follow.
    let page = first(start, 4096);
    let certain = name.len() > 3;
    page.contains(&b'>')
        && (certain || contains(page, b"</") || memmem::find_iter(page, b"<").count() > 2)
        && !contains(first(start, 512), b"xmlns=\"http://www.w3.org/2000/svg")
}

/// Markdown often begins with an element of HTML, for a picture in the middle.
fn is_markdown(start: &[u8]) -> bool {
    let whole = [b"<!doctype".as_slice(), b"<html", b"<head", b"<body", b"<script", b"<meta", b"<title"];
    let heading = |page: &[u8]| [b"\n# ".as_slice(), b"\n## ", b"\n```"].iter().any(|mark| contains(page, mark));
    !whole.iter().any(|element| starts_ignoring_case(start, element)) && heading(first(start, PROGRAM_BYTES))
}

/// A page, or one that Windows runs outside of a browser.
fn page(start: &[u8]) -> Kind {
    if contains_ignoring_case(first(start, PROGRAM_BYTES), b"<hta:application") { Kind::Hta } else { Kind::Html }
}

/// The kind of a text that says it is XML, by its first element.
fn xml(start: &[u8]) -> Option<Kind> {
    // The word must stand alone: `<?xml-stylesheet` is no declaration, and is met without one.
    let declared = start.get(5).is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'?' | b'-'));
    if !declared {
        return None;
    }
    let Some(root) = root(start) else { return Some(Kind::Xml) };
    Some(dialect(root, start).unwrap_or(Kind::Xml))
}

/// The first element: from behind its bracket on.
fn root(mut rest: &[u8]) -> Option<&[u8]> {
    for _ in 0..64 {
        rest = rest.get(memchr::memchr(b'<', rest)?..)?;
        rest = if let Some(comment) = rest.strip_prefix(b"<!--") {
            &comment[memmem::find(comment, b"-->")?..]
        } else if rest.starts_with(b"<?") {
            &rest[memmem::find(rest, b"?>")?..]
        } else if rest.starts_with(b"<!") {
            behind_doctype(rest)?
        } else {
            return rest.get(1..).filter(|rest| !name(rest).is_empty());
        };
    }
    None
}

/// What follows a declaration of the type, which may hold declarations in brackets of its own.
fn behind_doctype(rest: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr2(b'>', b'[', rest)?;
    if rest[end] == b'>' {
        return rest.get(end + 1..);
    }
    let inside = &rest[end..];
    let close = memmem::find(inside, b"]>").map(|at| at + 2);
    inside.get(close.or_else(|| memchr::memchr(b']', inside).map(|at| at + 1))?..)
}

fn name(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b":-_.".contains(byte) || *byte >= 0x80));
    let name = &rest[..end.unwrap_or(rest.len())];
    if name.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_') || *byte >= 0x80) {
        name
    } else {
        b""
    }
}

/// The dialects that a reader of files treats as types of their own.
fn dialect(root: &[u8], start: &[u8]) -> Option<Kind> {
    let name = name(root);
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
    let tag = first(root, 4096);
    let says = |words: &[u8]| contains(tag, words);
    Some(match local {
        b"svg" => Kind::Svg,
        b"html" | b"HTML" => page(start),
        b"stylesheet" | b"transform" if says(b"http://www.w3.org/1999/XSL/Transform") => Kind::Xslt,
        b"plist" => Kind::Plist,
        b"wordDocument" => Kind::WordMl,
        b"Workbook" if says(b"urn:schemas-microsoft-com:office:spreadsheet") => Kind::SpreadsheetMl,
        b"package" if says(b"http://schemas.microsoft.com/office/2006/xmlPackage") => packaged(start),
        b"scriptlet" | b"component" if script_element(start) => Kind::Wsf,
        b"package" | b"job" if script_element(start) => Kind::Wsf,
        b"document" if says(b"urn:oasis:names:tc:opendocument:xmlns:office") => flat(tag),
        b"abiword" => Kind::AbiWord,
        _ => return None,
    })
}

/// A whole package in one text names the program in an instruction in front.
fn packaged(start: &[u8]) -> Kind {
    let front = first(start, 1024);
    if contains(front, b"Excel.Sheet") { Kind::SpreadsheetMl } else { Kind::WordMl }
}

fn script_element(start: &[u8]) -> bool {
    contains_ignoring_case(first(start, PROGRAM_BYTES), b"<script")
}

fn flat(tag: &[u8]) -> Kind {
    if contains(tag, b"opendocument.spreadsheet") {
        Kind::Fods
    } else if contains(tag, b"opendocument.presentation") {
        Kind::Fodp
    } else {
        Kind::Fodt
    }
}

/// XML that does not say so: its first element is well formed, and it is closed at the end or names its words.
fn is_xml(root: &[u8], start: &[u8]) -> bool {
    let name = name(root);
    let Some(end) = memchr::memchr(b'>', first(root, 4096)) else { return false };
    let tag = &root[name.len()..end];
    let spaced = tag.is_empty() || tag == b"/" || tag.first().is_some_and(u8::is_ascii_whitespace);
    let quoted = tag.trim_ascii().is_empty() || tag == b"/" || contains(tag, b"=\"") || contains(tag, b"='");
    let closing = [b"</".as_slice(), name, b">"].concat();
    let closed = start.trim_ascii_end().ends_with(&closing) || contains(start, &closing) || tag.ends_with(b"/");
    let names = contains(tag, b"xmlns");
    let declared = start.starts_with(b"<!DOCTYPE") || start.starts_with(b"<?");
    spaced && quoted && (closed || names || declared) && name.len() > 1
}

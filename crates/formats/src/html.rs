//! HTML, applications written in it (HTA), and drawings that may hold the same (SVG): scripts and data as parts; where links,
//! frames and forms lead to.

use crate::budget::Budget;
use crate::bytes::contains_ignoring_case;
use crate::encoded::base64;
use crate::gather::{Gathered, text};
use crate::kind::Kind;
use crate::limits::Limit;
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::unpack;
use crate::vector::{State, Value, vectors};
use crate::xml::unescape;
use std::collections::HashMap;

vectors! { "html":
    "title" text "Title.";
    "base" text "Address that others are relative to.";
    "scripts" integer "Scripts in the text.";
    "script_sources" texts "Addresses of scripts that are loaded.";
    "handlers" texts "Attributes that hold scripts for events, each once.";
    "frames" texts "Addresses of frames.";
    "forms" texts "Addresses that forms are sent to.";
    "password_fields" integer "Fields for passwords.";
    "links" texts "Addresses of links.";
    "loaded" texts "Addresses of images, styles and other things that are loaded.";
    "refresh" text "Where it goes by itself, and when.";
    "objects" texts "Plug-ins and controls: class, type or address.";
    "data_uris" integer "Addresses that hold their data themselves.";
    "application" texts "Attributes of an application, as `name=value`.";
    "hidden_elements" integer "Elements that are not shown, by their own attributes.";
    "generator" text "Program that wrote it, as it says.";
}

/// Texts of one list.
const TEXTS_MAX: usize = 5000;
/// Elements of one document.
const ELEMENTS_MAX: usize = 500_000;
/// Elements without an end.
const ENDLESS_MAX: usize = 32;
/// Attributes that are gone over in one element, and those that are kept of it.
const ATTRIBUTES_MET_MAX: usize = 10_000;
const ATTRIBUTES_MAX: usize = 100;

/// Takes a document apart.
pub fn read(kind: Kind, bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let decoded = match bytes {
        [0xff, 0xfe, ..] => encoding_rs::UTF_16LE.decode_with_bom_removal(bytes).0.into_owned().into_bytes().into(),
        [0xfe, 0xff, ..] => encoding_rs::UTF_16BE.decode_with_bom_removal(bytes).0.into_owned().into_bytes().into(),
        _ => std::borrow::Cow::Borrowed(bytes),
    };
    let mut found = Found { is_drawing: kind == Kind::Svg, ..Found::default() };
    let ended = budget.pass(bytes.len()).and_then(|()| found.document(&decoded, budget, &mut reading));
    found.state(&mut reading);
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "scripts", State::Limited(limit), None);
    }
    reading
}

struct Found {
    /// It is XML, in which an element may end where it begins.
    is_drawing: bool,
    title: String,
    base: String,
    refresh: String,
    generator: String,
    scripts: u64,
    password_fields: u64,
    data_uris: u64,
    hidden: u64,
    script_sources: Gathered,
    handlers: Gathered,
    frames: Gathered,
    forms: Gathered,
    links: Gathered,
    loaded: Gathered,
    objects: Gathered,
    application: Gathered,
}

impl Default for Found {
    fn default() -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Found {
            is_drawing: false,
            title: String::new(),
            base: String::new(),
            refresh: String::new(),
            generator: String::new(),
            scripts: 0,
            password_fields: 0,
            data_uris: 0,
            hidden: 0,
            script_sources: list(),
            handlers: list(),
            frames: list(),
            forms: list(),
            links: list(),
            loaded: list(),
            objects: list(),
            application: list(),
        }
    }
}

/// Where an element leads to; drawings spell it with the name of the room that it is from.
fn address(tag: &Tag) -> &str {
    either(tag.get("href").unwrap_or_default(), tag.get("xlink:href").unwrap_or_default())
}

fn either<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.is_empty() { other } else { one }
}

/// An element that begins: its name in lower case, its attributes, and where what it holds begins.
struct Tag {
    name: String,
    attributes: HashMap<String, String>,
    behind: usize,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

impl Found {
    fn document(&mut self, bytes: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let (mut at, mut elements, mut endless) = (0, 0, 0);
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'<', rest)).map(|found| at + found) {
            budget.step(1)?;
            elements += 1;
            if elements > ELEMENTS_MAX {
                return Err(Limit::Entries);
            }
            if bytes[found..].starts_with(b"<!--") {
                // A comment of conditions holds elements that some readers act on.
                let conditional = contains_ignoring_case(&bytes[found..bytes.len().min(found + 32)], b"[if");
                let end = memchr::memmem::find(&bytes[found + 4..], b"-->").map(|end| found + 4 + end + 3);
                at = if conditional { found + 4 } else { end.unwrap_or(found + 4) };
                continue;
            }
            let Some(tag) = tag(bytes, found) else {
                // Looking for the end of each goes through everything behind it.
                endless += usize::from(bytes.get(found + 1).is_some_and(u8::is_ascii_alphabetic));
                if endless > ENDLESS_MAX {
                    return Err(Limit::Entries);
                }
                at = found + 1;
                continue;
            };
            at = tag.behind;
            let is_empty = self.is_drawing && bytes[..tag.behind.min(bytes.len())].ends_with(b"/>");
            if !is_empty && matches!(tag.name.as_str(), "script" | "title" | "style") {
                let end = end_of(bytes, tag.behind, &tag.name);
                let inside = tag.behind..end;
                at = end;
                if tag.name == "script" {
                    self.script(&tag, bytes.get(inside).unwrap_or_default(), found, budget, reading)?;
                } else if tag.name == "title" && self.title.is_empty() {
                    let title = String::from_utf8_lossy(bytes.get(inside).unwrap_or_default()).into_owned();
                    self.title = unescape(title.trim());
                }
            }
            self.element(&tag, found, budget, reading)?;
        }
        Ok(())
    }

    fn script(
        &mut self,
        tag: &Tag,
        source: &[u8],
        at: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        if source.trim_ascii().is_empty() {
            return Ok(());
        }
        self.scripts += 1;
        let language = tag.get("language").or(tag.get("type")).unwrap_or_default().to_ascii_lowercase();
        let extension = match language.as_str() {
            language if language.contains("vb") => "vbs",
            language if language.contains("json") => "json",
            language if language.contains("template") => "html",
            _ => "js",
        };
        budget.expand(source.len())?;
        let name = format!("script-{}.{extension}", self.scripts);
        let at = Some(at as u64);
        reading.child(budget, Child { name, content: Content::Bytes(source.to_vec()), storage: Storage::Plain, at })
    }

    fn element(&mut self, tag: &Tag, at: usize, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let of = |name: &str| tag.get(name).unwrap_or_default();
        match tag.name.as_str() {
            "script" => self.script_sources.push(either(of("src"), address(tag))),
            "iframe" | "frame" => self.frames.push(of("src")),
            "form" => self.forms.push(of("action")),
            "a" | "area" => self.links.push(address(tag)),
            "base" => self.base = of("href").to_owned(),
            "img" | "link" | "source" | "video" | "audio" | "input" | "body" | "table" | "td" => {
                let others = if tag.name == "link" { of("href") } else { of("background") };
                let address = if of("src").is_empty() { others } else { of("src") };
                // Data that stand in the address are a part.
                if !address.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
                    self.loaded.push(address);
                }
            }
            "meta" if of("http-equiv").eq_ignore_ascii_case("refresh") => self.refresh = of("content").to_owned(),
            "meta" if of("name").eq_ignore_ascii_case("generator") => self.generator = of("content").to_owned(),
            "object" | "embed" | "applet" => {
                for name in ["classid", "data", "src", "code", "archive", "type", "codebase"] {
                    if !of(name).is_empty() {
                        self.objects.push(format!("{name}={}", of(name)));
                    }
                }
            }
            "hta:application" => {
                let mut attributes: Vec<_> = tag.attributes.iter().collect();
                attributes.sort();
                attributes.iter().for_each(|(name, value)| self.application.push(format!("{name}={value}")));
            }
            _ => {}
        }
        if tag.name == "input" && of("type").eq_ignore_ascii_case("password") {
            self.password_fields += 1;
        }
        let style = of("style").to_ascii_lowercase().replace(' ', "");
        let none = |name: &str| matches!(of(name), "0" | "1" | "0px");
        if style.contains("display:none") || style.contains("visibility:hidden") || none("width") && none("height") {
            self.hidden += 1;
        }
        let mut names: Vec<&String> = tag.attributes.keys().collect();
        names.sort();
        for name in names {
            if name.starts_with("on") && name.len() > 3 {
                self.handlers.push(name.as_str());
            }
            let value = of(name);
            if value.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
                self.data_uris += 1;
                self.data(value, at, budget, reading)?;
            }
        }
        Ok(())
    }

    /// The data of an address that holds them itself (RFC 2397).
    fn data(&mut self, address: &str, at: usize, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let Some((kind, data)) = address.split_once(',') else { return Ok(()) };
        if !kind.to_ascii_lowercase().contains(";base64") {
            return Ok(());
        }
        let content = unpack(base64(data.as_bytes()), data.len(), budget).content();
        let name = format!("data-{}", self.data_uris);
        reading.child(budget, Child { name, content, storage: Storage::Encoded("base64"), at: Some(at as u64) })
    }

    fn state(self, reading: &mut Reading) {
        for (value, name) in
            [(self.title, "title"), (self.base, "base"), (self.refresh, "refresh"), (self.generator, "generator")]
        {
            text(reading, NAMESPACE, name, value);
        }
        for (count, name) in [
            (self.scripts, "scripts"),
            (self.password_fields, "password_fields"),
            (self.data_uris, "data_uris"),
            (self.hidden, "hidden_elements"),
        ] {
            reading.know(NAMESPACE, name, Value::unsigned(count));
        }
        for (list, name) in [
            (self.script_sources, "script_sources"),
            (self.handlers, "handlers"),
            (self.frames, "frames"),
            (self.forms, "forms"),
            (self.links, "links"),
            (self.loaded, "loaded"),
            (self.objects, "objects"),
            (self.application, "application"),
        ] {
            list.state(reading, NAMESPACE, name);
        }
    }
}

/// The element that begins at an offset.
fn tag(bytes: &[u8], at: usize) -> Option<Tag> {
    let mut rest = bytes.get(at + 1..)?;
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    if !rest.first()?.is_ascii_alphabetic() {
        return None;
    }
    let name = &rest[..rest.iter().take(64).position(is_end)?];
    rest = &rest[name.len()..];
    let mut attributes = HashMap::new();
    for met in 0.. {
        if met > ATTRIBUTES_MET_MAX {
            return None;
        }
        let skipped = rest.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b'/')?;
        rest = &rest[skipped..];
        if rest.first() == Some(&b'>') {
            rest = &rest[1..];
            break;
        }
        let stops = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'=');
        let key = &rest[..rest.iter().position(stops)?];
        rest = rest[key.len()..].trim_ascii_start();
        let value = match rest.strip_prefix(b"=") {
            None => &[][..],
            Some(behind) => {
                let behind = behind.trim_ascii_start();
                match behind.first()? {
                    quote @ (b'"' | b'\'') => {
                        let length = memchr::memchr(*quote, &behind[1..])?;
                        rest = &behind[length + 2..];
                        &behind[1..=length]
                    }
                    _ => {
                        let length = behind.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>')?;
                        rest = &behind[length..];
                        &behind[..length]
                    }
                }
            }
        };
        if key.is_empty() {
            // A sign of equality with nothing in front of it.
            rest = rest.get(usize::from(value.is_empty())..)?;
        } else if attributes.len() < ATTRIBUTES_MAX {
            let key = String::from_utf8_lossy(key).to_ascii_lowercase();
            attributes.entry(key).or_insert_with(|| unescape(&String::from_utf8_lossy(value)));
        }
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    Some(Tag { name, attributes, behind: bytes.len() - rest.len() })
}

/// Where an element that holds nothing but text ends.
fn end_of(bytes: &[u8], from: usize, name: &str) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let found = memchr::memmem::find_iter(rest, b"</").find(|at| {
        rest.get(at + 2..at + 2 + name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
    });
    found.map_or(bytes.len(), |found| from + found)
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, told, tree};
    use expect_test::expect;

    #[test]
    fn a_page_tells_where_it_leads_and_what_it_runs() {
        let part = apart(
            b"<!DOCTYPE html><html><head><title>A &amp; B</title><meta http-equiv=refresh content='0;url=http://example.org/'>\
            <script src=\"http://example.org/a.js\"></script><SCRIPT language=VBScript>MsgBox \"hello\"</SCRIPT></head>\
            <body onload='a()'><!-- <script>no</script> --><a href=/x?a=1&amp;b=2>x</a><iframe src=f.html width=0 height=0></iframe>\
            <form action=\"send\"><input type=password></form><img src='data:text/plain;base64,aGVsbG8='><script>var a = 1;</script></body></html>",
        );
        expect![[r#"
            x | html 467
              script-1.vbs | txt 14
              data-1 | txt 5 | base64
              script-2.js | txt 10
        "#]]
        .assert_eq(&tree(&part));
        expect![[r#"
            html.title = "A & B"
            html.refresh = "0;url=http://example.org/"
            html.scripts = 2
            html.password_fields = 1
            html.data_uris = 1
            html.hidden_elements = 1
            html.script_sources = ["http://example.org/a.js"]
            html.handlers = ["onload"]
            html.frames = ["f.html"]
            html.forms = ["send"]
            html.links = ["/x?a=1&b=2"]
        "#]]
        .assert_eq(&told(&part, "html"));
    }

    #[test]
    fn tags_that_never_end_end() {
        assert!(!apart(format!("<html>{}", "<a ".repeat(4 << 20)).as_bytes()).is_complete());
        for piece in ["<a ", "<script>", "<a =", "<a b='", "<!--", "<!--[if", "</", "<a b=\"c\" "] {
            let part = apart(format!("<html>{}", piece.repeat(20_000)).as_bytes());
            assert!(part.file.is_some());
        }
    }
}

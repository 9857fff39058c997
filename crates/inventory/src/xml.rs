//! Streaming XML for scanner reports: no entity is expanded, and depth, attributes and text have limits.

use crate::limits::Limits;
use model::Message;
use quick_xml::{Reader, events::Event};

/// One step through a document. An empty element opens and closes.
pub enum Node {
    Open(Element),
    Close(String),
    Text(String),
}

/// An element's name, without namespace prefix, and its attributes.
pub struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }
}

/// A walk through a document that ends at its end or at the first thing we do not accept.
pub struct Xml<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    limits: &'a Limits,
    depth: usize,
    /// Why the walk ended before the document did, and on which line.
    pub stopped: Option<(Message, u64)>,
}

/// The name of a document's first element, without reading further than a few kilobytes.
pub fn root(text: &str) -> Option<String> {
    let trimmed = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !trimmed.starts_with('<') {
        return None;
    }
    let mut reader = Reader::from_str(trimmed);
    for _ in 0..64 {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => return Some(start.local_name().as_ref().to_owned()),
            Event::Eof => return None,
            _ => {}
        }
    }
    None
}

impl<'a> Xml<'a> {
    pub fn new(text: &'a str, limits: &'a Limits) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Xml { text, reader, limits, depth: 0, stopped: None }
    }

    fn stop(&mut self, message: Message) -> Option<Node> {
        let at = (self.reader.buffer_position() as usize).min(self.text.len());
        let line = memchr::memchr_iter(b'\n', self.text.as_bytes().get(..at).unwrap_or_default()).count() as u64 + 1;
        self.stopped = Some((message.number("line", line as i64), line));
        None
    }

    fn element(&self, start: &quick_xml::events::BytesStart<'_>) -> Option<Element> {
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false).flatten() {
            if attributes.len() >= self.limits.attributes {
                return None;
            }
            let value = clip(&attribute.value, self.limits.text_bytes * 16);
            attributes.push((attribute.key.local_name().as_ref().to_owned(), unescape(value)));
        }
        Some(Element { name: start.local_name().as_ref().to_owned(), attributes })
    }
}

impl Iterator for Xml<'_> {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        loop {
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => return self.stop(Message::new("inventory.xml-broken").with("error", error)),
            };
            match event {
                Event::Start(start) | Event::Empty(start) => {
                    self.depth += 1;
                    if self.depth > self.limits.depth {
                        return self.stop(Message::new("inventory.xml-deep").number("limit", self.limits.depth as i64));
                    }
                    return match self.element(&start) {
                        Some(element) => Some(Node::Open(element)),
                        None => self.stop(
                            Message::new("inventory.xml-attributes").number("limit", self.limits.attributes as i64),
                        ),
                    };
                }
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Some(Node::Close(end.local_name().as_ref().to_owned()));
                }
                Event::Text(text) => return Some(Node::Text(clip(&text, self.limits.line_bytes).to_owned())),
                Event::CData(text) => return Some(Node::Text(clip(&text, self.limits.line_bytes).to_owned())),
                Event::GeneralRef(entity) => return Some(Node::Text(unescape(&format!("&{};", clip(&entity, 64))))),
                // Own entities are what expansion attacks are made of; no scanner writes any.
                Event::DocType(kind) if kind.contains("<!ENTITY") => {
                    return self.stop(Message::new("inventory.xml-entities"));
                }
                Event::Eof if self.depth > 0 => return self.stop(Message::new("inventory.xml-cut")),
                Event::Eof => return None,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }
}

/// At most that many bytes, cut between characters.
pub fn clip(text: &str, bytes: usize) -> &str {
    let mut at = bytes.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text.get(..at).unwrap_or_default()
}

/// The five named and the numeric references; any other stays as it is written.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let reference = after.split_once(';').filter(|(name, _)| name.len() <= 10);
        match reference.and_then(|(name, tail)| Some((character(name)?, tail))) {
            Some((character, tail)) => {
                out.push(character);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

//! XML as a walk over elements and texts. Entities beyond XML's own five are not expanded, so none can explode.

use super::guard::Guard;
use super::{ImportError, LimitKind, Limits};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::io::{BufReader, Read};

/// One step of the walk; names are without their namespace prefix.
pub(super) enum Node<'a> {
    Open(&'a str, &'a Attributes),
    Text(&'a str),
    Close(&'a str),
}

/// The attributes of the element at hand, by name without prefix.
#[derive(Default)]
pub(super) struct Attributes {
    pairs: Vec<(String, String)>,
}

impl Attributes {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn of(element: &BytesStart<'_>) -> Attributes {
        let mut pairs = Vec::new();
        for attribute in element.attributes().with_checks(false).flatten() {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map(|value| value.into_owned()).unwrap_or_default();
            pairs.push((attribute.key.local_name().as_ref().to_owned(), value));
        }
        Attributes { pairs }
    }
}

const DEPTH_MAX: u64 = 100;

/// Walks a document, or a file of several elements beside each other.
pub(super) fn walk(
    reader: impl Read,
    limits: &Limits,
    format: &'static str,
    mut visit: impl FnMut(Node<'_>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut reader = quick_xml::Reader::from_reader(BufReader::new(Guard::new(reader, limits, 0)));
    let mut buffer = Vec::new();
    let mut depth = 0u64;
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer).map_err(|error| wrong(error, format))?;
        match &event {
            Event::Start(element) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(ImportError::Limit { what: LimitKind::Depth, limit: DEPTH_MAX });
                }
                visit(Node::Open(element.local_name().as_ref(), &Attributes::of(element)))?;
            }
            Event::Empty(element) => {
                visit(Node::Open(element.local_name().as_ref(), &Attributes::of(element)))?;
                visit(Node::Close(element.local_name().as_ref()))?;
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                visit(Node::Close(element.local_name().as_ref()))?;
            }
            Event::Text(text) => visit(Node::Text(text))?,
            Event::CData(text) => visit(Node::Text(text))?,
            Event::GeneralRef(name) => visit(Node::Text(entity(name)))?,
            Event::Eof if depth > 0 => return Err(ImportError::malformed(format, "the document is cut off")),
            Event::Eof => return Ok(()),
            _ => {}
        }
        drop(event);
        reader.get_mut().get_mut().row_done();
    }
}

fn entity(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}

fn wrong(error: quick_xml::Error, format: &'static str) -> ImportError {
    match error {
        quick_xml::Error::Io(cause) => match std::sync::Arc::try_unwrap(cause) {
            Ok(cause) => cause.into(),
            Err(cause) => ImportError::malformed(format, cause),
        },
        other => ImportError::malformed(format, other),
    }
}

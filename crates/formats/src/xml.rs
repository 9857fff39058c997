//! XML as the readers of documents need it: elements by their local names, attributes, texts. Nothing is expanded, nothing
//! outside is loaded, and XML that is not well formed is read as far as it makes sense.

use crate::budget::Budget;
use crate::limits::Limit;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Attributes of one element.
const ATTRIBUTES_MAX: usize = 256;

/// What stands next in a document.
pub enum Node<'a> {
    Start(Element),
    /// The local name of an element that ends, also of one that was empty.
    End(&'a str),
    Text(&'a str),
}

/// An element that begins.
pub struct Element {
    /// Without its prefix.
    pub name: String,
    /// Names without their prefix, and values.
    pub attributes: Vec<(String, String)>,
}

impl Element {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// How a document ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Whole,
    /// It is not well formed from some place on.
    Broken,
}

/// Goes through a document and shows what stands in it.
///
/// # Errors
/// When it is more than may be read.
pub fn walk(bytes: &[u8], budget: &mut Budget, show: &mut dyn FnMut(Node)) -> Result<End, Limit> {
    budget.pass(bytes.len())?;
    let decoded = utf8(bytes);
    let mut reader = Reader::from_str(decoded.as_ref());
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    loop {
        budget.step(1)?;
        match reader.read_event() {
            Ok(Event::Start(start)) => show(Node::Start(element(&start))),
            Ok(Event::Empty(start)) => {
                let element = element(&start);
                let name = element.name.clone();
                show(Node::Start(element));
                show(Node::End(&name));
            }
            Ok(Event::End(end)) => show(Node::End(end.local_name().as_ref())),
            Ok(Event::Text(piece)) => show(Node::Text(&piece)),
            Ok(Event::CData(piece)) => show(Node::Text(&piece)),
            Ok(Event::GeneralRef(name)) => show(Node::Text(&reference(&name))),
            Ok(Event::Eof) => return Ok(End::Whole),
            Ok(_) => {}
            Err(_) => return Ok(End::Broken),
        }
    }
}

/// Text in UTF-8, from UTF-16 where the first bytes say so.
fn utf8(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    let encoding = match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => encoding_rs::UTF_16LE,
        [0xfe, 0xff, ..] | [0, b'<', ..] => encoding_rs::UTF_16BE,
        _ => return String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
    };
    encoding.decode_with_bom_removal(bytes).0
}

fn element(start: &BytesStart) -> Element {
    let mut all = start.attributes();
    let attributes = all.with_checks(false).flatten().take(ATTRIBUTES_MAX).map(|attribute| {
        let name = attribute.key.local_name().as_ref().to_owned();
        (name, unescape(&attribute.value))
    });
    Element { name: start.local_name().as_ref().to_owned(), attributes: attributes.collect() }
}

/// A reference to a letter, or one of the five that XML names; others stay as they are.
fn reference(name: &str) -> String {
    let letter = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => name.strip_prefix('#').and_then(|number| {
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => number.parse().ok(),
            };
            number.and_then(char::from_u32)
        }),
    };
    letter.map_or_else(|| format!("&{name};"), String::from)
}

/// A text with its references to letters replaced.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';').filter(|(name, _)| name.len() <= 8) {
            Some((name, behind)) => {
                out.push_str(&reference(name));
                rest = behind;
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

/// The text of each element that holds nothing but text, by its local name.
///
/// # Errors
/// When it is more than may be read.
pub fn leaves(bytes: &[u8], budget: &mut Budget, show: &mut dyn FnMut(&Element, &str)) -> Result<End, Limit> {
    let mut open: Option<(Element, String)> = None;
    walk(bytes, budget, &mut |node| match node {
        Node::Start(element) => open = Some((element, String::new())),
        Node::Text(piece) => {
            if let Some((_, text)) = &mut open {
                text.push_str(piece);
            }
        }
        Node::End(_) => {
            if let Some((element, text)) = open.take() {
                show(&element, text.trim());
            }
        }
    })
}

/// A time of XML Schema as microseconds since 1970: `2011-02-28T17:36:44Z`, with a fraction or an offset if there is one.
pub fn time(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = match text.as_bytes().get(10) {
        Some(_) => (number(11..13)?, number(14..16)?, number(17..19).unwrap_or(0)),
        None => (0, 0, 0),
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let offset = text.get(19..).and_then(|rest| {
        let at = rest.find(['+', '-'])?;
        let (hours, minutes) = (rest.get(at + 1..at + 3)?, rest.get(at + 4..at + 6)?);
        let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
        Some(if rest[at..].starts_with('-') { -seconds } else { seconds })
    });
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset.unwrap_or(0);
    Some(seconds * 1_000_000)
}

/// Days from 1970 to a day of the Gregorian calendar.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn spelled(bytes: &[u8]) -> String {
        let mut text = String::new();
        let end = walk(bytes, &mut Budget::new(&Limits::default(), &|| false), &mut |node| match node {
            Node::Start(element) => text += &format!("<{} {:?}>", element.name, element.attributes),
            Node::End(name) => text += &format!("</{name}>"),
            Node::Text(piece) => text += piece,
        });
        format!("{text} {end:?}")
    }

    #[test]
    fn names_are_local_and_entities_stay_where_they_are() {
        assert_eq!(
            spelled(b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><n:a b:c='1&amp;2'>&x;&#65;</n:a>"),
            "<a [(\"c\", \"1&2\")]>&x;A</a> Ok(Whole)"
        );
        assert_eq!(spelled(b"\xff\xfe<\0a\0/\0>\0"), "<a []></a> Ok(Whole)");
        assert_eq!(spelled(b"<a><b></a>"), "<a []><b []></a> Ok(Whole)");
    }

    #[test]
    fn times_of_documents_are_read() {
        assert_eq!(time("2011-02-28T17:36:44Z"), Some(1_298_914_604_000_000));
        assert_eq!(time("2011-02-28T18:36:44.5+01:00"), Some(1_298_914_604_000_000));
        assert_eq!(time("1970-01-02"), Some(86_400_000_000));
        assert_eq!(time("soon"), None);
    }
}

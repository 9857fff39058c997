//! What Outlook wraps attachments in on their way (MS-OXTNEF): `winmail.dat`.

use crate::budget::Budget;
use crate::bytes::{slice, u16_le, u32_le};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::msg::PackedRtf;
use crate::names::{self, until_zero, utf16};
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{damaged, unpack};
use crate::vector::{State, Value, vectors};
use std::ops::Range;

vectors! { "tnef":
    "class" text "Class of the message.";
    "subject" text "Subject.";
    "sender" text "Name of who sent it.";
    "sender_address" text "Address of who sent it.";
    "recipients" texts "Addresses of recipients.";
    "message_id" text "Its identifier.";
    "sent" time "When it was sent.";
    "received" time "When it was received.";
    "code_page" integer "Code page of its texts.";
    "attributes" integer "Attributes.";
    "attachments" texts "Names of attachments.";
}

/// Attributes of one message, and properties of one attribute.
const ATTRIBUTES_MAX: usize = 20_000;
/// Names that are kept as a fact.
const NAMES_MAX: usize = 500;
/// The interface of a message (`IID_IMessage`).
const MESSAGE: [u8; 16] = [0x07, 0x03, 2, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

#[derive(Default)]
struct Attachment {
    title: String,
    long: Option<String>,
    data: Option<Range<usize>>,
    /// The data are a message, which is wrapped in its turn.
    is_message: bool,
}

/// Takes a wrapped message apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let (mut names, mut count) = (Gathered::new(NAMES_MAX), 0);
    let ended = attributes(bytes, budget, &mut names, &mut count, &mut reading);
    reading.know(NAMESPACE, "attributes", Value::unsigned(count as u64));
    match ended {
        Ok(true) => {}
        Ok(false) => reading.state(NAMESPACE, "attributes", State::Failed(damaged()), None),
        Err(limit) => reading.state(NAMESPACE, "attributes", State::Limited(limit), None),
    }
    names.state(&mut reading, NAMESPACE, "attachments");
    reading
}

/// Says whether it ended as it should.
fn attributes(
    bytes: &[u8],
    budget: &mut Budget,
    names: &mut Gathered,
    count: &mut usize,
    reading: &mut Reading,
) -> Result<bool, Limit> {
    let (mut at, mut open): (usize, Option<Attachment>) = (6, None);
    let mut whole = true;
    while at < bytes.len() {
        budget.step(1)?;
        *count += 1;
        if *count > ATTRIBUTES_MAX {
            return Err(Limit::Entries);
        }
        let (Some(id), Some(length)) = (u16_le(bytes, at + 1), u32_le(bytes, at + 5)) else {
            whole = false;
            break;
        };
        let range = at + 9..(at + 9).saturating_add(length as usize);
        let Some(data) = bytes.get(range.clone()) else {
            whole = false;
            break;
        };
        match id {
            0x8004 => text(reading, NAMESPACE, "subject", names::decode(until_zero(data))),
            0x8008 => text(reading, NAMESPACE, "class", names::decode(until_zero(data))),
            0x8000 => sender(data, reading),
            0x8009 => text(reading, NAMESPACE, "message_id", names::decode(until_zero(data))),
            0x8005 => date(data, "sent", reading),
            0x8006 => date(data, "received", reading),
            0x9007 => {
                if let Some(page) = u32_le(data, 0) {
                    reading.know(NAMESPACE, "code_page", page);
                }
            }
            0x9004 => recipients(data, reading),
            0x9002 => {
                close(bytes, open.replace(Attachment::default()), names, budget, reading)?;
            }
            0x8010 => open.get_or_insert_default().title = names::decode(until_zero(data)),
            0x800f => open.get_or_insert_default().data = Some(range.clone()),
            0x9005 => {
                let attachment = open.get_or_insert_default();
                for (id, value) in properties(data) {
                    match id {
                        0x3707 => attachment.long = Some(value.text(data)),
                        0x3701 if attachment.data.is_none() => {
                            let start = range.start + value.range.start;
                            attachment.data = Some(start..start + value.range.len());
                            // An object has its interface in front, and a message is one by its own.
                            let object = data.get(value.range.clone()).unwrap_or_default();
                            if value.kind == 0x0d && object.starts_with(&MESSAGE) {
                                attachment.data = Some(start + MESSAGE.len()..start + value.range.len());
                                attachment.is_message = true;
                            }
                        }
                        _ => {}
                    }
                }
            }
            0x9003 => bodies(data, budget, reading)?,
            _ => {}
        }
        at = range.end + 2;
    }
    close(bytes, open, names, budget, reading)?;
    Ok(whole)
}

/// Who sent it (MS-OXTNEF, section 2.1.3.3.3): four numbers, then a name and an address with its kind in front.
fn sender(data: &[u8], reading: &mut Reading) {
    let length = usize::from(u16_le(data, 4).unwrap_or(0));
    let name = data.get(8..).unwrap_or_default();
    text(reading, NAMESPACE, "sender", names::decode(until_zero(name)));
    let address = names::decode(until_zero(name.get(length..).unwrap_or_default()));
    let address = address.split_once(':').map_or(address.as_str(), |(_, address)| address);
    text(reading, NAMESPACE, "sender_address", address);
}

/// A moment in seven numbers of two bytes, of which the last is the day of the week.
fn date(data: &[u8], name: &'static str, reading: &mut Reading) {
    let number = |at: usize| u16_le(data, at * 2).map(i64::from);
    let micros = (|| {
        let (year, month, day) = (number(0)?, number(1)?, number(2)?);
        let (hours, minutes, seconds) = (number(3)?, number(4)?, number(5)?);
        let sound = year >= 1601 && (1..=12).contains(&month) && (1..=31).contains(&day);
        // Days since 1970 by the calendar in which a year begins in March.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
        (sound && hours < 24 && minutes < 60 && seconds < 61)
            .then_some((days * 86_400 + hours * 3600 + minutes * 60 + seconds) * 1_000_000)
    })();
    let state = micros.map_or_else(|| State::Failed(damaged()), |micros| State::Known(Value::Time(micros)));
    reading.state(NAMESPACE, name, state, None);
}

/// A table of properties for each who gets it.
fn recipients(data: &[u8], reading: &mut Reading) {
    let mut found = Gathered::new(NAMES_MAX);
    let mut at = 4;
    for _ in 0..u32_le(data, 0).unwrap_or(0) {
        let Some(count) = u32_le(data, at) else { break };
        at += 4;
        let (mut address, mut name) = (String::new(), String::new());
        for _ in 0..count {
            let Some((id, value)) = property(data, &mut at) else {
                return found.state(reading, NAMESPACE, "recipients");
            };
            match id {
                0x39fe => address = value.text(data),
                0x3003 if address.is_empty() => address = value.text(data),
                0x3001 => name = value.text(data),
                _ => {}
            }
        }
        found.push(if address.is_empty() { name } else { address });
    }
    found.state(reading, NAMESPACE, "recipients");
}

fn close(
    bytes: &[u8],
    attachment: Option<Attachment>,
    names: &mut Gathered,
    budget: &mut Budget,
    reading: &mut Reading,
) -> Result<(), Limit> {
    let Some(Attachment { title, long, data: Some(data), is_message }) = attachment else { return Ok(()) };
    let mut name = long.unwrap_or(title);
    if is_message {
        name += ".tnef";
    }
    names.push(name.as_str());
    names::look(reading, &name, data.start as u64);
    let content = if data.end <= bytes.len() { Content::Range(data.clone()) } else { Content::Failed(damaged()) };
    reading.child(budget, Child { name, content, storage: Storage::Plain, at: Some(data.start as u64) })
}

fn bodies(data: &[u8], budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
    for (id, value) in properties(data) {
        let body = data.get(value.range.clone()).unwrap_or_default();
        let (name, content, storage) = match id {
            0x1000 => ("body.txt", Content::Bytes(value.text(data).into_bytes()), Storage::Plain),
            0x1013 => ("body.html", Content::Bytes(body.to_vec()), Storage::Plain),
            0x1009 => {
                let content = match PackedRtf::new(body) {
                    Some(source) => unpack(source, body.len(), budget).content(),
                    None => Content::Failed(damaged()),
                };
                ("body.rtf", content, Storage::Packed("rtf-lz"))
            }
            _ => continue,
        };
        budget.expand(body.len())?;
        reading.child(budget, Child { name: name.into(), content, storage, at: None })?;
    }
    Ok(())
}

/// A value of a property: its type, and where in the attribute it stands.
struct Property {
    kind: u16,
    range: Range<usize>,
}

impl Property {
    fn text(&self, data: &[u8]) -> String {
        let raw = data.get(self.range.clone()).unwrap_or_default();
        if self.kind == 0x1f { utf16(raw) } else { names::decode(until_zero(raw)) }
    }
}

/// Properties of an attribute, the first value of each.
fn properties(data: &[u8]) -> Vec<(u16, Property)> {
    let mut properties = Vec::new();
    let count = (u32_le(data, 0).unwrap_or(0) as usize).min(ATTRIBUTES_MAX);
    let mut at = 4;
    for _ in 0..count {
        match property(data, &mut at) {
            Some(found) => properties.push(found),
            None => break,
        }
    }
    properties
}

fn property(data: &[u8], at: &mut usize) -> Option<(u16, Property)> {
    let (kind, id) = (u16_le(data, *at)?, u16_le(data, *at + 2)?);
    *at += 4;
    if id >= 0x8000 {
        // One that is named carries its name.
        let named = u32_le(data, *at + 16)?;
        let length = if named == 1 {
            (u32_le(data, *at + 20)? as usize).checked_next_multiple_of(4)?.checked_add(4)?
        } else {
            4
        };
        *at = at.checked_add(20)?.checked_add(length)?;
    }
    let fixed = match kind & 0xfff {
        2 | 3 | 4 | 10 | 11 => Some(4),
        5..=7 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        _ => None,
    };
    let many = kind & 0x1000 != 0;
    let values = if many || fixed.is_none() { take_count(data, at)? } else { 1 };
    let mut first = None;
    for _ in 0..values {
        let length = match fixed {
            Some(length) => length,
            None => take_count(data, at)?,
        };
        let range = *at..at.checked_add(length)?;
        slice(data, *at, length)?;
        *at = range.start.checked_add(length.checked_next_multiple_of(4)?)?;
        first.get_or_insert(range);
    }
    Some((id, Property { kind: kind & 0xfff, range: first.unwrap_or_default() }))
}

/// A number in front of values or bytes, of which there are no more than bytes that follow.
fn take_count(data: &[u8], at: &mut usize) -> Option<usize> {
    let count = u32_le(data, *at)? as usize;
    *at += 4;
    (count <= data.len()).then_some(count)
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, shared, told, tree};
    use expect_test::expect;

    #[test]
    fn a_real_message_is_unwrapped() {
        let Some(bytes) = shared("testWINMAIL.dat") else { return };
        let part = apart(&bytes);
        expect![[r#"
            x | tnef 66276
              body.rtf | rtf 25528 | rtf-lz
                data | data 1592 | hex
              quick.doc | doc 19968
                1Table | data 4096
                WordDocument | data 4142
                SummaryInformation | data 4096
                DocumentSummaryInformation | data 4096
                CompObj | data 106
              quick.html | html 428
              quick.pdf | pdf 18638
              quick.txt | txt 235
              quick.xml | xml 143
            tnef.code_page = 1252
            tnef.class = "IPM.Microsoft Mail.Note"
            tnef.attributes = 34
            tnef.attachments = ["quick.doc", "quick.html", "quick.pdf", "quick.txt", "quick.xml"]
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "tnef")));
        assert!(!apart(&bytes[..bytes.len() - 9]).is_complete());
    }
}

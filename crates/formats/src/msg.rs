//! Messages of Outlook (MS-OXMSG): compound files in which every property is a stream; attachments and the bodies are parts.

mod rtf_packed;

use crate::budget::Budget;
use crate::gather::{Gathered, text};
use crate::identify::identify;
use crate::kind::Kind;
use crate::limits::Limit;
use crate::mail;
use crate::names::{self, utf16};
use crate::ole::compound::{Compound, Stream};
use crate::ole::{properties, time};
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{damaged, unpack};
use crate::vector::{State, vectors};
pub use rtf_packed::Packed as PackedRtf;
use std::collections::HashSet;

vectors! { "msg":
    "class" text "Class of the message.";
    "subject" text "Subject.";
    "sender" text "Name of who sent it.";
    "sender_address" text "Address of who sent it.";
    "to" text "Whom it is to.";
    "cc" text "Who gets a copy.";
    "bcc" text "Who gets a copy that others do not see.";
    "message_id" text "Its identifier.";
    "sent" time "When it was sent.";
    "delivered" time "When it was delivered.";
    "recipients" texts "Addresses of recipients.";
    "attachments" texts "Names of attachments.";
    "messages" texts "Subjects of messages inside of it.";
}

/// Texts of one list, and messages in messages.
const TEXTS_MAX: usize = 500;
const DEPTH_MAX: usize = 8;
/// Attachments and recipients of one message.
const NUMBERED_MAX: usize = 2000;
/// Properties of so many bytes that are no file are identifiers, addresses and keys, of which every message has dozens.
const PROPERTY_BYTES_MAX: usize = 1024;

/// Reads the message that a compound file is.
pub fn of_compound(compound: &Compound, budget: &mut Budget, reading: &mut Reading) {
    let list = || Gathered::new(TEXTS_MAX);
    let (taken, page) = (HashSet::new(), None);
    let mut message =
        Message { compound, recipients: list(), attachments: list(), messages: list(), page, taken, is_cut: false };
    let mut page = |number: u8| {
        let mut values = message.values(budget).into_iter();
        values.find(|(tag, _)| *tag == [3, 0, number, 0x3f]).map(|(_, value)| u16::from_le_bytes([value[0], value[1]]))
    };
    message.page = page(0xfd).or_else(|| page(0xde));
    let ended = message.folder("", 0, budget, reading).and_then(|()| message.left(budget, reading));
    message.recipients.state(reading, NAMESPACE, "recipients");
    message.attachments.state(reading, NAMESPACE, "attachments");
    message.messages.state(reading, NAMESPACE, "messages");
    if message.is_cut {
        reading.state(NAMESPACE, "attachments", State::Limited(Limit::Entries), None);
    }
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "attachments", State::Limited(limit), None);
    }
}

struct Message<'a, 'b> {
    compound: &'b Compound<'a>,
    recipients: Gathered,
    attachments: Gathered,
    messages: Gathered,
    /// The code page of texts of one byte a letter.
    page: Option<u16>,
    /// Streams that became parts.
    taken: HashSet<String>,
    /// There were more recipients or attachments than are read.
    is_cut: bool,
}

impl Message<'_, '_> {
    fn stream(&self, folder: &str, tag: &str, budget: &mut Budget) -> Option<Stream> {
        let entry = self.compound.find(&format!("{folder}__substg1.0_{tag}"))?;
        Some(self.compound.stream(entry, budget))
    }

    /// One that becomes a part.
    fn take(&mut self, folder: &str, tag: &str, budget: &mut Budget) -> Option<Stream> {
        let stream = self.stream(folder, tag, budget)?;
        self.taken.insert(format!("{folder}__substg1.0_{tag}"));
        Some(stream)
    }

    /// A text in either of its two alphabets.
    fn text(&self, folder: &str, id: &str, budget: &mut Budget) -> Option<String> {
        if let Some(stream) = self.stream(folder, &format!("{id}001F"), budget) {
            return Some(utf16(&stream.bytes()));
        }
        let stream = self.stream(folder, &format!("{id}001E"), budget)?.bytes();
        let letters = names::until_zero(&stream);
        Some(self.page.map_or_else(|| names::decode(letters), |page| properties::decode(letters, page)))
    }

    /// The values of fixed size of the whole, by their tag.
    fn values(&self, budget: &mut Budget) -> Vec<([u8; 4], [u8; 8])> {
        let Some(entry) = self.compound.find("__properties_version1.0") else { return Vec::new() };
        let stream = self.compound.stream(entry, budget).bytes();
        let values = stream.get(32..).unwrap_or_default().chunks_exact(16);
        values.filter_map(|value| Some((*value.first_chunk()?, *value[8..].first_chunk()?))).collect()
    }

    fn folder(&mut self, folder: &str, depth: usize, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        if depth > DEPTH_MAX {
            return Err(Limit::Depth);
        }
        if depth == 0 {
            self.facts(folder, budget, reading);
        } else {
            self.messages.push(self.text(folder, "0037", budget).unwrap_or_default());
        }
        self.bodies(folder, budget, reading)?;
        for recipient in self.numbered(folder, "__recip_version1.0_#") {
            let address = ["39FE", "3003", "3001"].iter().find_map(|id| self.text(&recipient, id, budget));
            self.recipients.push(address.unwrap_or_default());
        }
        for attachment in self.numbered(folder, "__attach_version1.0_#") {
            self.attachment(&attachment, depth, budget, reading)?;
        }
        Ok(())
    }

    /// Folders that are numbered, with a slash at the end of each.
    fn numbered(&mut self, folder: &str, name: &str) -> Vec<String> {
        let start = format!("{folder}{name}");
        let is = |path: &&str| path.starts_with(&start) && !path[start.len()..].contains('/');
        let storages = self.compound.entries.iter().filter(|entry| !entry.is_stream()).map(|entry| entry.path.as_str());
        let mut found: Vec<String> =
            storages.filter(is).take(NUMBERED_MAX + 1).map(|path| format!("{path}/")).collect();
        self.is_cut |= found.len() > NUMBERED_MAX;
        found.truncate(NUMBERED_MAX);
        found
    }

    fn facts(&self, folder: &str, budget: &mut Budget, reading: &mut Reading) {
        for (id, name) in [
            ("001A", "class"),
            ("0037", "subject"),
            ("0C1A", "sender"),
            ("0E04", "to"),
            ("0E03", "cc"),
            ("0E02", "bcc"),
            ("1035", "message_id"),
        ] {
            if let Some(value) = self.text(folder, id, budget) {
                text(reading, NAMESPACE, name, value);
            }
        }
        let address = ["5D01", "0C1F"].iter().find_map(|id| self.text(folder, id, budget));
        text(reading, NAMESPACE, "sender_address", address.unwrap_or_default());
        if let Some(headers) = self.text(folder, "007D", budget) {
            mail::of_headers(headers.as_bytes(), reading);
        }
        for (tag, value) in self.values(budget) {
            let name = match tag {
                [0x40, 0, 0x39, 0] => "sent",
                [0x40, 0, 0x06, 0x0e] => "delivered",
                _ => continue,
            };
            reading.state(NAMESPACE, name, time(u64::from_le_bytes(value)), None);
        }
    }

    fn bodies(&mut self, folder: &str, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        if let Some(body) = self.text(folder, "1000", budget).filter(|body| !body.trim().is_empty()) {
            reading.child(budget, Child::made("body.txt", body, Storage::Plain))?;
        }
        let html = self.take(folder, "10130102", budget).map(Stream::bytes);
        let html = html.or_else(|| self.text(folder, "1013", budget).map(String::into_bytes));
        if let Some(html) = html.filter(|html| !html.is_empty()) {
            reading.child(budget, Child::made("body.html", html, Storage::Plain))?;
        }
        if let Some(packed) = self.take(folder, "10090102", budget).map(Stream::bytes).filter(|body| !body.is_empty()) {
            let content = match PackedRtf::new(&packed) {
                Some(source) => unpack(source, packed.len(), budget).content(),
                None => Content::Failed(damaged()),
            };
            let storage = Storage::Packed("rtf-lz");
            reading.child(budget, Child { name: "body.rtf".into(), content, storage, at: None })?;
        }
        Ok(())
    }

    fn attachment(
        &mut self,
        folder: &str,
        depth: usize,
        budget: &mut Budget,
        reading: &mut Reading,
    ) -> Result<(), Limit> {
        let name = ["3707", "3704", "3001"].iter().find_map(|id| self.text(folder, id, budget)).unwrap_or_default();
        self.attachments.push(name.as_str());
        names::look(reading, &name, 0);
        if let Some(stream) = self.take(folder, "37010102", budget) {
            return reading.child(budget, Child { name, content: stream.content(), storage: Storage::Plain, at: None });
        }
        let inner = format!("{folder}__substg1.0_3701000D/");
        if self.compound.find(&format!("{inner}__properties_version1.0")).is_some() {
            return self.folder(&inner, depth + 1, budget, reading);
        }
        Ok(())
    }

    /// Properties that nothing else read and that are files, whatever they are called, or long.
    fn left(&self, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        for entry in self.compound.entries.iter().filter(|entry| entry.is_stream() && entry.name.starts_with("__")) {
            if self.taken.contains(&entry.path) {
                continue;
            }
            let content = self.compound.stream(entry, budget).content();
            let bytes = match &content {
                Content::Bytes(bytes) | Content::Partial(bytes, _) => bytes.as_slice(),
                _ => &[],
            };
            let kind = identify(bytes).kind;
            let is_file = kind != Kind::Data && kind != Kind::Empty && !kind.is_text();
            // Names of properties stand in streams that are called as binary properties are.
            let is_binary = entry.name.ends_with("0102") && !entry.path.contains("__nameid_version1.0/");
            let is_unread = matches!(content, Content::Limited(_));
            if is_file || is_unread || is_binary && entry.size > PROPERTY_BYTES_MAX as u64 {
                let child = Child { name: entry.path.clone(), content, storage: Storage::Plain, at: None };
                reading.child(budget, child)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, compound, shared, told, tree};
    use expect_test::expect;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_message_gives_its_attachments_and_those_of_messages_inside() {
        let inner = "__attach_version1.0_#00000001/__substg1.0_3701000D/";
        let part = apart(&compound(&[
            ("__properties_version1.0", &[0; 32]),
            ("__substg1.0_0037001F", &wide("a test")),
            ("__substg1.0_1000001F", &wide("words")),
            ("__recip_version1.0_#00000000/__substg1.0_39FE001F", &wide("two@example.org")),
            ("__attach_version1.0_#00000000/__substg1.0_3707001F", &wide("a.txt")),
            ("__attach_version1.0_#00000000/__substg1.0_37010102", b"abc"),
            (&format!("{inner}__properties_version1.0"), &[0; 24]),
            (&format!("{inner}__substg1.0_0037001E"), b"inside"),
            (&format!("{inner}__attach_version1.0_#00000000/__substg1.0_3704001E"), b"B.TXT"),
            (&format!("{inner}__attach_version1.0_#00000000/__substg1.0_37010102"), b"b"),
        ]));
        expect![[r#"
            x | msg 8192
              body.txt | txt 5
              a.txt | txt 3
              B.TXT | txt 1
            msg.subject = "a test"
            msg.recipients = ["two@example.org"]
            msg.attachments = ["a.txt", "B.TXT"]
            msg.messages = ["inside"]
        "#]]
        .assert_eq(&(tree(&part) + &told(&part, "msg")));
    }

    /// A reader knows some of the properties, and a file may stand in any other; most of those are identifiers.
    #[test]
    fn properties_that_are_files_are_parts() {
        let picture = b"GIF89a\x01\0\x01\0\0\0\0;";
        let part = apart(&compound(&[
            ("__properties_version1.0", &[0; 32]),
            ("__substg1.0_0037001F", &wide("a test")),
            ("__substg1.0_80010102", picture),
            ("__substg1.0_8002001F", picture),
            ("__substg1.0_300B0102", &[7; 16]),
            ("__substg1.0_80030102", &[9; 1025]),
            ("__nameid_version1.0/__substg1.0_00030102", &[1; 2000]),
            ("__attach_version1.0_#00000000/__substg1.0_37010102", b"abc"),
            ("__attach_version1.0_#00000000/__substg1.0_37020102", picture),
        ]));
        expect![[r#"
            x | msg 9728
              txt 3
              __substg1.0_80010102 | gif 14
              __substg1.0_8002001F | gif 14 | same as 2
              __substg1.0_80030102 | txt 1025
              __attach_version1.0_#00000000/__substg1.0_37020102 | gif 14 | same as 2
        "#]]
        .assert_eq(&tree(&part));
    }

    #[test]
    fn real_messages_are_read() {
        for (name, expected) in [
            (
                "testMSG_att_msg.msg",
                expect![[r#"
                    x | msg 71680
                      body.txt | txt 43
                      body.rtf | rtf 2874 | rtf-lz
                      body.txt | txt 18
                      body.rtf | rtf 2849 | rtf-lz
                      smbprn.00009008.KdcPjl.pdf | pdf 13539
                      __attach_version1.0_#00000000/__substg1.0_37090102 | wmf 3512
                      __attach_version1.0_#00000001/__substg1.0_37090102 | wmf 3512
                "#]],
            ),
            (
                "test-outlook.msg",
                expect![[r#"
            x | msg 19968
              body.txt | txt 1690
              body.rtf | rtf 26028 | rtf-lz
        "#]],
            ),
        ] {
            let Some(bytes) = shared(name) else { return };
            expected.assert_eq(&tree(&apart(&bytes)));
        }
        let Some(bytes) = shared("test-outlook.msg") else { return };
        expect![[r#"
            msg.class = "IPM.Note"
            msg.subject = "Microsoft Outlook Express 6"
            msg.sender = "L'Équipe Microsoft Outlook Express"
            msg.to = "Nouvel utilisateur de Outlook Express"
            msg.sender_address = "msoe@microsoft.com"
            msg.sent = 1175790366s
            msg.delivered = 1179898496s
            msg.recipients = ["Nouvel utilisateur de Outlook Express"]
        "#]]
        .assert_eq(&told(&apart(&bytes), "msg"));
    }
}

//! RTF (1.9.1), read as its most used reader does: leniently. Objects that are written as digits are parts, however their
//! digits are strewn over groups and lines.

use crate::budget::Budget;
use crate::encoded::{Each, hexadecimal};
use crate::gather::{Gathered, text};
use crate::limits::Limit;
use crate::names;
use crate::ole::native::{self, Said};
use crate::reading::{Child, Content, Reading, Storage};
use crate::unpack::{Unpacked, damaged, unpack};
use crate::vector::{State, Value, vectors};
use model::Message;

vectors! { "rtf":
    "version" text "What stands behind the word that begins it.";
    "objects" integer "Objects, embedded or linked.";
    "object_kinds" texts "Kinds of objects: `objemb`, `objlink`, `objocx` and others.";
    "classes" texts "Classes of objects, as the text around them says.";
    "updates" flag "Whether objects are to be brought up to date when it is opened.";
    "pictures" integer "Pictures.";
    "fields" texts "Instructions of fields that load or run something.";
    "links" texts "Targets of links.";
    "template" text "Template that is loaded.";
    "generator" text "Program that wrote it, as it says.";
    "title" text "Title.";
    "author" text "Author.";
    "operator" text "Who saved it last.";
    "company" text "Company.";
}

/// Groups in one another.
const DEPTH_MAX: usize = 5000;
/// Texts of one list.
const TEXTS_MAX: usize = 500;
/// Letters that are kept of one text.
const TEXT_BYTES_MAX: usize = 1 << 14;

/// Where text of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Destination {
    Object,
    Picture,
    Store,
    Class,
    Field,
    Template,
    Generator,
    Title,
    Author,
    Operator,
    Company,
}

/// Takes a document apart.
pub fn read(bytes: &[u8], budget: &mut Budget) -> Reading {
    let mut reading = Reading::default();
    let mut walk = Walk::new(bytes);
    let ended = budget.pass(bytes.len()).and_then(|()| walk.document(budget, &mut reading));
    let behind = walk.behind;
    walk.state(&mut reading);
    if let Err(limit) = ended {
        reading.state(NAMESPACE, "objects", State::Limited(limit), None);
    }
    if let Some(at) = behind
        && bytes[at..].iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0)
    {
        let count = i64::try_from(bytes.len() - at).unwrap_or(i64::MAX);
        reading.odd_at(Message::new("rtf.data-behind").number("bytes", count), at as u64);
        // A limit is a fact by then.
        let _ = reading.child(budget, Child::range("", at..bytes.len()));
    }
    reading
}

/// What is gathered in one group that holds something.
struct Collected {
    destination: Destination,
    depth: usize,
    data: Vec<u8>,
    at: usize,
    /// Something else than digits and white space stood among the digits.
    strewn: bool,
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    collected: Vec<Collected>,
    behind: Option<usize>,
    objects: u64,
    pictures: u64,
    updates: bool,
    kinds: Gathered,
    classes: Gathered,
    fields: Gathered,
    links: Gathered,
    said: Said,
    texts: Vec<(Destination, String)>,
    class: String,
    picture: &'static str,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let list = || Gathered::new(TEXTS_MAX);
        Walk {
            bytes,
            at: 0,
            depth: 0,
            collected: Vec::new(),
            behind: None,
            objects: 0,
            pictures: 0,
            updates: false,
            kinds: list(),
            classes: list(),
            fields: list(),
            links: list(),
            said: Said::default(),
            texts: Vec::new(),
            class: String::new(),
            picture: "pict",
        }
    }

    fn document(&mut self, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let start = memchr::memmem::find(self.bytes, b"{\\rt").unwrap_or(0);
        self.at = start;
        let version = &self.bytes[(start + 4).min(self.bytes.len())..];
        let end = version.iter().take(16).position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(0);
        text(reading, NAMESPACE, "version", names::decode(&version[..end]));
        if version.get(..2) != Some(b"f1") {
            reading.odd_at(Message::new("rtf.header-odd"), start as u64);
        }
        let mut unasked = 0;
        while let Some(byte) = self.bytes.get(self.at).copied() {
            unasked += 1;
            if unasked == 4096 {
                unasked = 0;
                budget.step(4)?;
            }
            match byte {
                b'{' => {
                    self.at += 1;
                    self.depth += 1;
                    if self.depth > DEPTH_MAX {
                        return Err(Limit::Depth);
                    }
                }
                b'}' => {
                    self.at += 1;
                    self.close(budget, reading)?;
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.behind = Some(self.at);
                        return Ok(());
                    }
                }
                b'\\' => self.control(),
                _ => {
                    let rest = &self.bytes[self.at..];
                    let run = memchr::memchr3(b'{', b'}', b'\\', rest).unwrap_or(rest.len()).max(1);
                    self.text(&rest[..run]);
                    self.at += run;
                }
            }
        }
        // It ends inside of groups: what they hold so far counts.
        reading.odd_at(Message::new("rtf.not-ended"), self.bytes.len() as u64);
        while !self.collected.is_empty() {
            self.depth = self.collected.last().map_or(0, |collected| collected.depth);
            self.close(budget, reading)?;
        }
        Ok(())
    }

    fn text(&mut self, piece: &[u8]) {
        let Some(collected) = self.collected.last_mut() else { return };
        match collected.destination {
            Destination::Object | Destination::Picture | Destination::Store => {
                collected.strewn |= piece.iter().any(|byte| !byte.is_ascii_hexdigit() && !byte.is_ascii_whitespace());
                collected.data.extend(piece.iter().filter(|byte| byte.is_ascii_hexdigit()));
            }
            _ if collected.data.len() < TEXT_BYTES_MAX => {
                collected.data.extend(piece.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')));
            }
            _ => {}
        }
    }

    /// A control word or symbol.
    fn control(&mut self) {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let Some(first) = rest.first() else {
            self.at += 1;
            return;
        };
        if !first.is_ascii_alphabetic() {
            self.at += 2;
            match first {
                b'\'' => {
                    let digits = rest.get(1..3).unwrap_or_default();
                    self.at += digits.len();
                    let holds_text = self.collected.last().is_some_and(|collected| {
                        !matches!(
                            collected.destination,
                            Destination::Object | Destination::Picture | Destination::Store
                        )
                    });
                    if holds_text {
                        let letter: Vec<u8> = hexadecimal(digits).collect();
                        self.text(&letter);
                    } else if let Some(collected) = self.collected.last_mut() {
                        collected.strewn = true;
                    }
                }
                b'\\' | b'{' | b'}' => self.text(&[*first]),
                _ => {}
            }
            return;
        }
        let word = &rest[..rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len())];
        let mut length = word.len();
        let minus = usize::from(rest.get(length) == Some(&b'-'));
        let digits = rest.get(length + minus..).unwrap_or_default();
        let digits = &digits[..digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len())];
        if !digits.is_empty() {
            length += minus + digits.len();
        }
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
        if rest.get(length) == Some(&b' ') {
            length += 1;
        }
        self.at += 1 + length;
        self.word(word, number);
    }

    fn word(&mut self, word: &[u8], number: Option<usize>) {
        let destination = match word {
            b"objdata" => Destination::Object,
            b"pict" => Destination::Picture,
            b"datastore" | b"themedata" => Destination::Store,
            b"objclass" => Destination::Class,
            b"fldinst" => Destination::Field,
            b"template" => Destination::Template,
            b"generator" => Destination::Generator,
            b"title" => Destination::Title,
            b"author" => Destination::Author,
            b"operator" => Destination::Operator,
            b"company" => Destination::Company,
            b"object" => {
                self.objects += 1;
                self.class.clear();
                return;
            }
            b"objemb" | b"objlink" | b"objautlink" | b"objsub" | b"objpub" | b"objicemb" | b"objhtml" | b"objocx" => {
                self.kinds.push(String::from_utf8_lossy(word));
                return;
            }
            b"objupdate" => {
                self.updates = true;
                return;
            }
            b"bin" => return self.binary(number.unwrap_or(0)),
            b"pngblip" => return self.picture = "png",
            b"jpegblip" => return self.picture = "jpg",
            b"emfblip" => return self.picture = "emf",
            b"wmetafile" => return self.picture = "wmf",
            b"dibitmap" | b"wbitmap" => return self.picture = "dib",
            _ => {
                // A word among digits is left out by the reader of the digits.
                if let Some(collected) = self.collected.last_mut() {
                    collected.strewn |= collected.destination == Destination::Object;
                }
                return;
            }
        };
        if destination == Destination::Picture {
            self.pictures += 1;
            self.picture = "pict";
        }
        if self.collected.len() < DEPTH_MAX {
            let (depth, at) = (self.depth, self.at);
            self.collected.push(Collected { destination, depth, data: Vec::new(), at, strewn: false });
        }
    }

    /// Bytes as they are, in whatever holds digits.
    fn binary(&mut self, count: usize) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let data = &rest[..count.min(rest.len())];
        self.at += data.len();
        if let Some(collected) = self.collected.last_mut() {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
            collected.data.extend(data.iter().flat_map(digits));
        }
    }

    /// What ends with a group.
    fn close(&mut self, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        while let Some(collected) = self.collected.pop_if(|collected| collected.depth >= self.depth) {
            match collected.destination {
                Destination::Object => self.object(&collected, budget, reading)?,
                Destination::Picture | Destination::Store => {
                    let name = match collected.destination {
                        Destination::Picture => format!("picture-{}.{}", self.pictures, self.picture),
                        _ => "data".to_owned(),
                    };
                    if !collected.data.is_empty() {
                        let content = decoded(&collected.data, budget).content();
                        let at = Some(collected.at as u64);
                        let storage = Storage::Encoded("hex");
                        reading.child(budget, Child { name, content, storage, at })?;
                    }
                }
                Destination::Class => {
                    self.class = names::decode(collected.data.trim_ascii());
                    self.classes.push(self.class.as_str());
                }
                Destination::Field => self.field(&names::decode(&collected.data)),
                destination => self.texts.push((destination, names::decode(collected.data.trim_ascii()))),
            }
        }
        Ok(())
    }

    fn field(&mut self, instruction: &str) {
        let instruction = instruction.trim();
        let word = instruction.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "HYPERLINK" => self.links.push(instruction.split('"').nth(1).unwrap_or(instruction)),
            "DDE" | "DDEAUTO" | "INCLUDETEXT" | "INCLUDEPICTURE" | "IMPORT" | "INCLUDE" | "LINK" | "MACROBUTTON" => {
                self.fields.push(instruction);
            }
            _ => {}
        }
    }

    fn object(&mut self, collected: &Collected, budget: &mut Budget, reading: &mut Reading) -> Result<(), Limit> {
        let at = collected.at as u64;
        if collected.strewn {
            reading.odd_at(Message::new("rtf.object-strewn"), at);
        }
        let bytes = match decoded(&collected.data, budget) {
            Unpacked::Limited(limit) => return Err(limit),
            unpacked => unpacked.bytes(),
        };
        let object = native::object(&bytes).filter(|object| object.class.chars().all(|letter| !letter.is_control()));
        let Some(object) = object else {
            let content = if bytes.is_empty() { Content::Failed(damaged()) } else { Content::Bytes(bytes) };
            let storage = Storage::Encoded("hex");
            return reading.child(budget, Child { name: self.class.clone(), content, storage, at: Some(at) });
        };
        self.said.classes.push(object.class.as_str());
        if !self.class.is_empty() && !object.class.eq_ignore_ascii_case(&self.class) {
            let message = Message::new("rtf.class-differs").with("told", names::shown(&self.class));
            reading.odd_at(message.with("found", names::shown(&object.class)), at);
        }
        if object.linked && !object.topic.is_empty() {
            self.links.push(object.topic.as_str());
        }
        if let Some(package) = native::package(object.data).filter(|_| object.class.eq_ignore_ascii_case("package")) {
            return self.said.keep(&package, budget, reading);
        }
        // A link has no data of its own: what there is of it is the object as it is written.
        let data = if object.data.is_empty() { bytes.as_slice() } else { object.data };
        let content =
            if object.cut { Content::Partial(data.to_vec(), damaged()) } else { Content::Bytes(data.to_vec()) };
        let storage = Storage::Encoded("hex");
        reading.child(budget, Child { name: object.class.clone(), content, storage, at: Some(at) })
    }

    fn state(self, reading: &mut Reading) {
        reading.know(NAMESPACE, "objects", Value::unsigned(self.objects));
        reading.know(NAMESPACE, "pictures", Value::unsigned(self.pictures));
        reading.know(NAMESPACE, "updates", self.updates);
        for (destination, name) in [
            (Destination::Template, "template"),
            (Destination::Generator, "generator"),
            (Destination::Title, "title"),
            (Destination::Author, "author"),
            (Destination::Operator, "operator"),
            (Destination::Company, "company"),
        ] {
            if let Some((_, value)) = self.texts.iter().find(|(of, _)| *of == destination) {
                text(reading, NAMESPACE, name, value.trim_end_matches(';'));
            }
        }
        if let Some((_, template)) = self
            .texts
            .iter()
            .find(|(of, value)| *of == Destination::Template && (value.contains("://") || value.starts_with("\\\\")))
        {
            reading.odd(Message::new("rtf.template-elsewhere").with("target", names::shown(template)));
        }
        self.kinds.state(reading, NAMESPACE, "object_kinds");
        self.classes.state(reading, NAMESPACE, "classes");
        self.fields.state(reading, NAMESPACE, "fields");
        self.links.state(reading, NAMESPACE, "links");
        self.said.state(reading);
    }
}

fn decoded(digits: &[u8], budget: &mut Budget) -> Unpacked {
    unpack(Each(hexadecimal(digits)), digits.len(), budget)
}

#[cfg(test)]
mod tests {
    use crate::kit::{apart, told, tree};
    use expect_test::expect;

    /// A package of OLE 1 around a text, as digits.
    fn package(data: &str) -> String {
        let native = [
            b"\x02\0note.txt\0C:\\note.txt\0\0\0\x03\0\x0c\0\0\0C:\\note.txt\0".as_slice(),
            &(data.len() as u32).to_le_bytes(),
            data.as_bytes(),
        ]
        .concat();
        let object = [
            b"\x01\x05\0\0\x02\0\0\0\x08\0\0\0Package\0\0\0\0\0\0\0\0\0".as_slice(),
            &(native.len() as u32).to_le_bytes(),
            &native,
        ]
        .concat();
        object.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn objects_are_found_however_their_digits_are_strewn() {
        let digits = package("just a note");
        let (front, back) = digits.split_at(31);
        for objdata in [digits.clone(), format!("{front}\r\n {back}"), format!("{front}{{\\x1 }}\\'41{back}")] {
            let document = format!(
                "{{\\rtf1{{\\*\\generator G;}}{{\\object\\objemb\\objupdate{{\\*\\objclass Package}}{{\\*\\objdata {objdata}}}}}text}}"
            );
            let part = apart(document.as_bytes());
            assert_eq!(part.children[0].name, "note.txt", "{objdata}");
            assert_eq!(part.children[0].file.as_ref().unwrap().size, 11);
        }
    }

    #[test]
    fn a_document_tells_what_it_loads() {
        let part = apart(
            b"{\\rt{\\info{\\author One}}{\\*\\template http://192.0.2.1/t.dot}{\\field{\\*\\fldinst{HYPERLINK \"http://example.org/\"}}}\
            {\\field{\\*\\fldinst DDEAUTO calc}}{\\pict\\pngblip\\bin3 abc}{\\object\\objocx{\\*\\objclass A}{\\*\\objdata 0102}}}behind",
        );
        expect![[r#"
            x | rtf 225
              ! rtf.header-odd @0
              ! rtf.template-elsewhere target="http://192.0.2.1/t.dot"
              ! rtf.data-behind bytes=6 @219
              picture-1.png | txt 3 | hex
              A | data 2 | hex
              txt 6
        "#]]
        .assert_eq(&tree(&part));
        expect![[r#"
            rtf.objects = 1
            rtf.pictures = 1
            rtf.updates = false
            rtf.template = "http://192.0.2.1/t.dot"
            rtf.author = "One"
            rtf.object_kinds = ["objocx"]
            rtf.classes = ["A"]
            rtf.fields = ["DDEAUTO calc"]
            rtf.links = ["http://example.org/"]
        "#]]
        .assert_eq(&told(&part, "rtf"));
    }

    #[test]
    fn groups_without_end_end() {
        for piece in ["{", "{\\object{\\*\\objdata ", "\\objdata ", "\\bin99999999999 ", "{\\pict "] {
            let part = apart(format!("{{\\rtf1 {}", piece.repeat(20_000)).as_bytes());
            assert!(part.file.is_some());
        }
    }
}

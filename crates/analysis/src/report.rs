//! What analysis makes of one file: its parts one after the other, what each is and says, and how they were judged.
//!
//! It is what a process that opened a file tells, what is kept of it, and what a page shows.

use formats::strings::Indicator;
use formats::{By, Identified, Limit, Oddity, Outcome, State, Storage, Value, Vector};
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use verdict::{Found, RuleMatch, Signer, State as Judged, Verdict};

/// Bytes of a report, written as JSON. Of a file that has more to say the last parts say less.
pub const REPORT_BYTES_MAX: usize = 32 << 20;

/// A file and what is inside it, in the order in which it was read: a part stands before the parts inside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileReport))]
pub struct Report {
    pub parts: Vec<Part>,
    /// What the ledger says; lists of the house stand above it and are asked when it is shown.
    pub verdict: Verdict,
    /// Everything of it was read. What was not may hold anything.
    pub complete: bool,
    /// Who signed it, where its signature is right and about just these bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Signer>,
    /// Why the process that opened it told nothing, or not all: it broke down, or its time was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Message>,
    /// What read it.
    pub versions: Versions,
}

/// With what a file was read. Another version may see more, so that a report is made anew for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileVersions))]
pub struct Versions {
    pub readers: String,
    /// The digest of the rules that were matched; empty when there were none.
    pub rules: String,
    /// The digest of the model of types that was asked; empty when there was none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FilePart))]
pub struct Part {
    /// Its place in [`Report::parts`].
    pub number: usize,
    /// The part that it is inside of; the file itself has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// Steps from the file itself.
    pub depth: usize,
    pub name: String,
    /// As the container spells it. Never a path to write to.
    pub path: String,
    pub storage: Kept,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    pub outcome: Read,
    /// Absent when its bytes could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<Odd>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indicators: Vec<Indicator>,
    /// There are more of them than are kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more_indicators: bool,
    /// Rules of YARA that its bytes met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<RuleMatch>,
}

/// How a container keeps a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileKept))]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    Plain,
    Packed(String),
    Encoded(String),
    Encrypted,
}

/// How far the reading of a part came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileRead))]
#[serde(rename_all = "kebab-case")]
pub enum Read {
    Whole,
    /// The bytes of another part, which tells of them.
    Same(usize),
    Partial(Message),
    Failed(Message),
    Limited(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileFacts))]
pub struct File {
    pub size: u64,
    pub kind: String,
    pub group: String,
    pub mime: String,
    /// What told the kind: `magic`, `structure`, `text`, `model`, or `nothing`.
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What the same bytes are as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
    /// The extension of a name that promises another kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<String>,
    pub sha256: String,
    /// What follows is absent of a file that was not read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tlsh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssdeep: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileAlso))]
pub struct Also {
    pub kind: String,
    pub at: u64,
}

/// One fact: `pe.timestamp`, `pdf.pages`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileFact))]
pub struct Fact {
    pub name: String,
    #[serde(flatten)]
    pub value: Known,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

/// What is known of a fact: a value, or which of three ways there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileFactValue))]
#[serde(rename_all = "kebab-case", tag = "type", content = "value")]
pub enum Known {
    Flag(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    /// In hexadecimal digits.
    Digest(String),
    /// Microseconds since 1970 in UTC.
    Time(i64),
    Texts(Vec<String>),
    Absent,
    Failed(Message),
    Limited(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FileOddity))]
pub struct Odd {
    pub message: Message,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

impl Report {
    /// The file itself. A report has at least this one.
    pub fn root(&self) -> Option<&Part> {
        self.parts.first()
    }

    /// A report of a file that was taken apart and judged; `found` is by the number of the part.
    pub fn of(root: &formats::Part, mut found: BTreeMap<usize, Found>, verdict: Verdict, versions: Versions) -> Report {
        let mut parts = Vec::new();
        flatten(root, None, 0, &mut found, &mut parts);
        Report { parts, verdict, complete: root.is_complete(), signers: verdict::signers(root), broken: None, versions }
    }

    /// A report of a file about which nothing could be told but what it is called and which bytes it has.
    pub fn broken(name: &str, file: Option<File>, why: Message, versions: Versions) -> Report {
        let part = Part {
            number: 0,
            parent: None,
            depth: 0,
            name: name.to_owned(),
            path: name.to_owned(),
            storage: Kept::Plain,
            at: None,
            outcome: Read::Failed(why.clone()),
            file,
            facts: Vec::new(),
            oddities: Vec::new(),
            indicators: Vec::new(),
            more_indicators: false,
            matches: Vec::new(),
        };
        let verdict = Verdict {
            state: Judged::Incomplete,
            score: 0,
            reasons: Vec::new(),
            complete: false,
            ledger: verdict::Ledger::builtin().version().to_owned(),
            overruled: None,
        };
        Report { parts: vec![part], verdict, complete: false, signers: Vec::new(), broken: Some(why), versions }
    }

    /// That the file changed while it was read: what is told may be of two contents, so that nothing is clean by it.
    pub fn changed_meanwhile(&mut self) {
        self.complete = false;
        self.verdict.complete = false;
        if matches!(self.verdict.state, Judged::Clean | Judged::Unknown) {
            self.verdict.state = Judged::Incomplete;
        }
        let why = Message::new("analysis.changed");
        if let Some(root) = self.parts.first_mut().filter(|root| !matches!(root.outcome, Read::Failed(_))) {
            root.outcome = Read::Partial(why);
        }
    }

    /// Of a file of which only the beginning was handed to whoever read it, size and digest are those of all of it.
    pub fn is_of(&mut self, sha256: &str, size: u64) {
        if let Some(file) = self.parts.first_mut().and_then(|root| root.file.as_mut())
            && file.sha256 != sha256
        {
            *file = File {
                sha256: sha256.to_owned(),
                size,
                sha1: None,
                md5: None,
                tlsh: None,
                ssdeep: None,
                ..file.clone()
            };
        }
    }

    /// Written as JSON within a number of bytes: the last parts lose what they say until it fits, and say so.
    pub fn written(mut self, bytes_max: usize) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(&self).unwrap_or_default();
        let mut last = self.parts.len();
        while bytes.len() > bytes_max && last > 0 {
            let mut over = bytes.len() - bytes_max;
            while over > 0 && last > 0 {
                last -= 1;
                over = over.saturating_sub(self.parts.get_mut(last).map_or(0, Part::shorten));
            }
            self.complete = false;
            bytes = serde_json::to_vec(&self).unwrap_or_default();
        }
        bytes
    }
}

impl Part {
    /// Lets go of everything it says, and tells how many bytes that was.
    fn shorten(&mut self) -> usize {
        let facts = std::mem::take(&mut self.facts);
        let oddities = std::mem::take(&mut self.oddities);
        let indicators = std::mem::take(&mut self.indicators);
        if facts.is_empty() && oddities.is_empty() && indicators.is_empty() {
            return 0;
        }
        self.outcome = Read::Limited(Limit::Entries.label().to_owned());
        serde_json::to_vec(&(facts, oddities, indicators)).map_or(0, |bytes| bytes.len())
    }
}

fn flatten(
    part: &formats::Part,
    parent: Option<usize>,
    depth: usize,
    found: &mut BTreeMap<usize, Found>,
    parts: &mut Vec<Part>,
) {
    let Found { indicators, matches } = found.remove(&part.number).unwrap_or_default();
    parts.push(Part {
        number: part.number,
        parent,
        depth,
        name: part.name.clone(),
        path: part.path.clone(),
        storage: Kept::from(&part.storage),
        at: part.at,
        outcome: Read::from(&part.outcome),
        file: part.file.as_ref().map(|file| File::of(part, file)),
        facts: part.vectors.iter().map(Fact::from).collect(),
        oddities: part.oddities.iter().map(Odd::from).collect(),
        indicators,
        more_indicators: false,
        matches,
    });
    for child in &part.children {
        flatten(child, Some(part.number), depth + 1, found, parts);
    }
}

impl File {
    /// A file of which nothing is known but which bytes it has.
    pub fn unread(sha256: &str, size: u64) -> File {
        let kind = formats::Kind::Data;
        File {
            size,
            kind: kind.label().to_owned(),
            group: kind.group().label().to_owned(),
            mime: kind.mime().to_owned(),
            by: "nothing".to_owned(),
            encoding: None,
            also: Vec::new(),
            mismatch: None,
            sha256: sha256.to_owned(),
            sha1: None,
            md5: None,
            tlsh: None,
            ssdeep: None,
        }
    }

    fn of(part: &formats::Part, file: &formats::File) -> File {
        let Identified { kind, by, encoding, also } = &file.identified;
        let name = if part.name.is_empty() { &part.path } else { &part.name };
        let whole = part.outcome != Outcome::Limited(Limit::FileBytes);
        let hashes = &file.hashes;
        File {
            size: file.size,
            kind: kind.label().to_owned(),
            group: kind.group().label().to_owned(),
            mime: kind.mime().to_owned(),
            by: match by {
                By::Magic => "magic",
                By::Structure => "structure",
                By::Text => "text",
                By::Model => "model",
                By::Nothing => "nothing",
            }
            .to_owned(),
            encoding: encoding.map(|encoding| encoding.label().to_owned()),
            also: also.iter().map(|also| Also { kind: also.kind.label().to_owned(), at: also.at }).collect(),
            mismatch: formats::extension_mismatch(name, &file.identified.by_signs()).map(|mismatch| mismatch.extension),
            sha256: hex(&hashes.sha256),
            sha1: whole.then(|| hex(&hashes.sha1)),
            md5: whole.then(|| hex(&hashes.md5)),
            tlsh: hashes.tlsh.clone().filter(|_| whole),
            ssdeep: whole.then(|| hashes.ssdeep.clone()),
        }
    }
}

impl From<&Storage> for Kept {
    fn from(storage: &Storage) -> Kept {
        match storage {
            Storage::Plain => Kept::Plain,
            Storage::Packed(how) => Kept::Packed((*how).to_owned()),
            Storage::Encoded(how) => Kept::Encoded((*how).to_owned()),
            Storage::Encrypted => Kept::Encrypted,
        }
    }
}

impl From<&Outcome> for Read {
    fn from(outcome: &Outcome) -> Read {
        match outcome {
            Outcome::Read => Read::Whole,
            Outcome::Same(number) => Read::Same(*number),
            Outcome::Partial(why) => Read::Partial(why.clone()),
            Outcome::Failed(why) => Read::Failed(why.clone()),
            Outcome::Limited(limit) => Read::Limited(limit.label().to_owned()),
        }
    }
}

impl From<&Vector> for Fact {
    fn from(vector: &Vector) -> Fact {
        let value = match &vector.state {
            State::Known(value) => Known::from(value),
            State::Absent => Known::Absent,
            State::Failed(why) => Known::Failed(why.clone()),
            State::Limited(limit) => Known::Limited(limit.label().to_owned()),
        };
        Fact { name: format!("{}.{}", vector.namespace, vector.name), value, at: vector.at }
    }
}

impl From<&Value> for Known {
    fn from(value: &Value) -> Known {
        match value {
            Value::Flag(flag) => Known::Flag(*flag),
            Value::Integer(number) => Known::Integer(*number),
            // JSON has no word for what is no number.
            Value::Real(number) if number.is_finite() => Known::Real(*number),
            Value::Real(number) => Known::Text(number.to_string()),
            Value::Text(text) => Known::Text(text.clone()),
            Value::Digest(digest) => Known::Digest(hex(digest)),
            Value::Time(us) => Known::Time(*us),
            Value::Texts(texts) => Known::Texts(texts.clone()),
        }
    }
}

impl From<&Oddity> for Odd {
    fn from(oddity: &Oddity) -> Odd {
        Odd { message: oddity.message.clone(), at: oddity.at }
    }
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| char::from(DIGITS[usize::from(number & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

//! What a check is, and the files they are read from.

use crate::said::says_its_message;
use model::Message;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

pub const CHECKS_MAX: usize = 2000;
const WORD_BYTES_MAX: usize = 256;
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/baselines.rs"));

/// All checks, by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline(BTreeMap<String, Check>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its words are `baseline.<id>.title` and `baseline.<id>.why`.
    pub id: String,
    pub area: Area,
    pub severity: Severity,
    /// Where the setting is documented.
    pub source: String,
    /// Codes of `baseline.breaks.<code>`: what may stop working.
    pub breaks: Vec<String>,
    #[serde(rename = "way")]
    pub ways: Vec<Way>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckArea))]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    Accounts,
    Services,
    Network,
    Kernel,
    Ssh,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckSeverity))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Low,
    Medium,
    High,
}

/// A check on one platform.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    pub platform: Platform,
    pub reading: Reading,
    pub expect: Expect,
    /// What it is set to; none when only a person can.
    pub set: Option<String>,
    /// What it means that the setting is not there.
    #[serde(default)]
    pub absent: Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    Linux,
    Windows,
}

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reading {
    Sysctl {
        key: String,
    },
    /// As `sshd -T` says it.
    Sshd {
        key: String,
    },
    /// What `systemctl is-enabled` says.
    Unit {
        name: String,
    },
    /// The word behind the key in a file of such lines.
    Line {
        file: String,
        key: String,
    },
    /// Permissions, as four octal digits.
    Mode {
        path: String,
    },
    /// Who listens there.
    Listener {
        port: model::Port,
    },
    Accounts {
        question: Question,
    },
    /// A value, as `reg query` prints it.
    Registry {
        key: String,
        name: String,
    },
    /// The start type of a service of Windows.
    Service {
        name: String,
    },
}

/// Names of accounts that should not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Other than root, with everything root may.
    UidZero,
    EmptyPassword,
    /// Two that the system takes for one.
    SameUid,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    OneOf(Vec<String>),
    /// From the first to the second.
    Between([i64; 2]),
    /// No permission beyond these, in octal digits.
    ModeWithin(String),
    /// Nothing is listed.
    Empty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absent {
    Compliant,
    Not,
    #[default]
    Unknown,
}

/// A file that cannot be used: where, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadBaseline {
    pub file: String,
    pub check: Option<String>,
    pub what: Mistake,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    Syntax(String),
    TooMany,
    Twice,
    /// An id, key, path or value with letters that no command line should see.
    Word(String),
    /// No way, or two for one platform.
    Ways,
    /// A reading of another platform.
    Platform,
    /// What is expected cannot be said of what is read, or is met by nothing.
    Expect,
    /// It is set to what is not expected, or cannot be set.
    Set(String),
    NoSource,
}

says_its_message!(BadBaseline);

impl BadBaseline {
    pub fn message(&self) -> Message {
        let what = match &self.what {
            Mistake::Syntax(text) => Message::new("baseline.bad-syntax").with("text", text),
            Mistake::TooMany => Message::new("baseline.bad-too-many").number("most", crate::said::number(CHECKS_MAX)),
            Mistake::Twice => Message::new("baseline.bad-twice"),
            Mistake::Word(word) => Message::new("baseline.bad-word").with("word", word),
            Mistake::Ways => Message::new("baseline.bad-ways"),
            Mistake::Platform => Message::new("baseline.bad-platform"),
            Mistake::Expect => Message::new("baseline.bad-expect"),
            Mistake::Set(value) => Message::new("baseline.bad-set").with("value", value),
            Mistake::NoSource => Message::new("baseline.bad-source"),
        };
        let check = self.check.as_deref().unwrap_or("-");
        Message::new("baseline.bad-file").with("file", &self.file).with("check", check).reason("why", what)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    check: Vec<Check>,
}

impl Baseline {
    /// The checks the product ships.
    pub fn builtin() -> &'static Baseline {
        static BUILTIN: OnceLock<Baseline> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            Baseline::read(SHIPPED.iter().copied())
                .unwrap_or_else(|bad| panic!("the shipped checks are checked by a test: {bad}"))
        })
    }

    /// Reads files, given by name and text: all of them or none.
    ///
    /// # Errors
    /// With the file, the check and what is wrong.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Baseline, BadBaseline> {
        let mut baseline = Baseline::default();
        for (file, text) in files {
            let bad = |check: Option<&str>, what| BadBaseline { file: file.into(), check: check.map(Into::into), what };
            let syntax = |error: toml::de::Error| Mistake::Syntax(error.to_string().trim().to_owned());
            let read: File = toml::from_str(text).map_err(|error| bad(None, syntax(error)))?;
            for check in read.check {
                check.check().map_err(|what| bad(Some(&check.id), what))?;
                if baseline.0.len() >= CHECKS_MAX {
                    return Err(bad(Some(&check.id), Mistake::TooMany));
                }
                if let Some(twice) = baseline.0.insert(check.id.clone(), check) {
                    return Err(bad(Some(&twice.id), Mistake::Twice));
                }
            }
        }
        Ok(baseline)
    }

    pub fn get(&self, id: &str) -> Option<&Check> {
        self.0.get(id)
    }

    /// By id.
    pub fn iter(&self) -> impl Iterator<Item = &Check> {
        self.0.values()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Check {
    pub fn way(&self, platform: Platform) -> Option<&Way> {
        self.ways.iter().find(|way| way.platform == platform)
    }

    /// Whether an agent can set it, and undo that.
    pub fn can_be_set(&self, platform: Platform) -> bool {
        self.way(platform).is_some_and(|way| way.set.is_some())
    }

    pub fn title(&self) -> Message {
        Message::new(format!("baseline.{}.title", self.id))
    }

    /// Why it should be so.
    pub fn why(&self) -> Message {
        Message::new(format!("baseline.{}.why", self.id))
    }

    /// What may stop working when it is set.
    pub fn breaks(&self) -> impl Iterator<Item = Message> {
        self.breaks.iter().map(|code| Message::new(format!("baseline.breaks.{code}")))
    }

    fn check(&self) -> Result<(), Mistake> {
        std::iter::once(&self.id).chain(&self.breaks).try_for_each(|word| plain(word))?;
        if !self.source.starts_with("https://") {
            return Err(Mistake::NoSource);
        }
        let is_twice = |at: usize, way: &Way| self.ways.iter().skip(at + 1).any(|other| other.platform == way.platform);
        if self.ways.is_empty() || self.ways.iter().enumerate().any(|(at, way)| is_twice(at, way)) {
            return Err(Mistake::Ways);
        }
        self.ways.iter().try_for_each(Way::check)
    }
}

impl Way {
    fn check(&self) -> Result<(), Mistake> {
        let is_windows = match &self.reading {
            Reading::Sysctl { key } | Reading::Sshd { key } => plain(key).map(|()| false)?,
            Reading::Unit { name } => plain(name).map(|()| false)?,
            Reading::Line { file, key } => path(file).and_then(|()| plain(key)).map(|()| false)?,
            Reading::Mode { path: file } => path(file).map(|()| false)?,
            Reading::Listener { .. } | Reading::Accounts { .. } => false,
            Reading::Registry { .. } | Reading::Service { .. } => true,
        };
        if is_windows != (self.platform == Platform::Windows) {
            return Err(Mistake::Platform);
        }
        let is_list = matches!(self.reading, Reading::Listener { .. } | Reading::Accounts { .. });
        let fits = match &self.expect {
            Expect::OneOf(words) => {
                words.iter().try_for_each(|word| plain(word))?;
                !is_list && !words.is_empty()
            }
            Expect::Between([from, to]) => !is_list && from <= to,
            Expect::ModeWithin(mode) => matches!(self.reading, Reading::Mode { .. }) && octal(mode).is_some(),
            Expect::Empty => is_list,
        };
        if !fits {
            return Err(Mistake::Expect);
        }
        let Some(value) = &self.set else { return Ok(()) };
        plain(value)?;
        if is_list || !self.expect.is_met(value).unwrap_or_default() {
            return Err(Mistake::Set(value.clone()));
        }
        Ok(())
    }
}

impl Expect {
    /// None when nothing can be said of such a value.
    pub(super) fn is_met(&self, value: &str) -> Option<bool> {
        match self {
            Expect::OneOf(words) => Some(words.iter().any(|word| word == value)),
            Expect::Between([from, to]) => value.parse().ok().map(|number: i64| (*from..=*to).contains(&number)),
            Expect::ModeWithin(most) => Some(octal(value)? & !octal(most)? == 0),
            Expect::Empty => None,
        }
    }
}

/// Permissions of a file, with those bits that make a program somebody else.
fn octal(text: &str) -> Option<u32> {
    let digits = (3..=4).contains(&text.len()) && text.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    digits.then(|| u32::from_str_radix(text, 8).ok()).flatten()
}

/// Whether a word may stand in a command line as it is.
pub(super) fn plain(text: &str) -> Result<(), Mistake> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    let fits = (1..=WORD_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_plain) && !text.starts_with('-');
    if fits { Ok(()) } else { Err(Mistake::Word(text.to_owned())) }
}

fn path(text: &str) -> Result<(), Mistake> {
    let names = text.strip_prefix('/').ok_or_else(|| Mistake::Word(text.to_owned()))?;
    let climbs = names.split('/').any(|name| name == "..");
    if climbs { Err(Mistake::Word(text.to_owned())) } else { names.split('/').try_for_each(plain) }
}

//! A condition of a rule, checked: what it names exists, and what it compares can be compared.

use crate::content;
use crate::mistake::Mistake;
use formats::strings::{IndicatorKind, Layer};
use formats::{Declared, Group, Kind};

pub use crate::content::{Bounds, Yara};

/// Conditions within conditions.
const DEPTH_MAX: usize = 4;

/// One thing that is asked of a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub asks: Asks,
    pub shown_as: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    Fact {
        fact: &'static Declared,
        test: Test,
    },
    /// An oddity by its code, or by how its code begins; with words that one of its parameters has to have.
    Oddity {
        code: String,
        prefix: bool,
        has: Vec<String>,
    },
    /// It is one of these, or built on one.
    Kind(Vec<Kind>),
    Group(Vec<Group>),
    /// To a program that looks elsewhere in it, it is one of these.
    Also(Vec<Kind>),
    Name(Trick),
    /// Its name ends so.
    Extension(Vec<String>),
    /// Its name has one of these in front of its extension: `invoice.pdf.exe`.
    BeforeExtension(Vec<String>),
    /// Its name promises a kind of these groups, and it is none that the name promises.
    Promises(Vec<Group>),
    Storage(Kept),
    Outcome(Reached),
    Size(Bounds),
    /// Steps from the file that came from outside.
    Depth(Bounds),
    Sha256(Vec<[u8; 32]>),
    Indicator {
        kind: IndicatorKind,
        layers: Vec<Layer>,
        common: bool,
        has: Vec<String>,
        at_least: usize,
    },
    Yara {
        yara: Yara,
        at_least: usize,
    },
    /// The part that it stands in meets all of these.
    Parent(Vec<Condition>),
    /// One of the parts that it stands in does.
    Within(Vec<Condition>),
    /// So many parts that stand in it do.
    Child {
        all: Vec<Condition>,
        at_least: usize,
    },
    /// So many parts at any depth in it do.
    Inside {
        all: Vec<Condition>,
        at_least: usize,
    },
}

/// How a value has to be. Texts are compared without regard to the case of letters; one text of a list is enough.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Known,
    Flag(bool),
    Integer(i64),
    Between {
        above: Option<f64>,
        below: Option<f64>,
    },
    /// So many of these words are had, in the way of `how`.
    Words {
        how: How,
        words: Vec<String>,
        at_least: usize,
    },
    /// It has more letters.
    Longer(usize),
    /// The list has more texts.
    CountAbove(usize),
    Absent,
    Failed,
    Limited,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Has,
    Equals,
    Starts,
    Ends,
}

/// Names that are made to be misread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trick {
    /// A letter turns the direction, so that `exe.pdf` is read where `fdp.exe` stands.
    TurnsDirection,
    /// Blanks push the extension out of sight.
    Padded,
}

/// How the container keeps a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Plain,
    Packed,
    Encoded,
    Encrypted,
}

/// How far the reading of a part came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    Read,
    Partial,
    Failed,
    Limited,
    /// It is encrypted, and no password fits.
    Locked,
}

impl Condition {
    /// Checks a condition.
    ///
    /// # Errors
    /// When it asks nothing or two things, or names what does not exist.
    pub fn check(mut raw: content::Condition, lists: &content::Lists) -> Result<Condition, Mistake> {
        raw.spell_out(lists)?;
        nested(raw, 0)
    }

    /// Goes through this condition and those within it.
    pub fn each<'c>(&'c self, visit: &mut dyn FnMut(&'c Condition)) {
        visit(self);
        match &self.asks {
            Asks::Parent(all) | Asks::Within(all) | Asks::Child { all, .. } | Asks::Inside { all, .. } => {
                all.iter().for_each(|condition| condition.each(visit));
            }
            _ => {}
        }
    }
}

fn nested(mut raw: content::Condition, depth: usize) -> Result<Condition, Mistake> {
    if depth >= DEPTH_MAX {
        return Err(Mistake::TooDeep);
    }
    let shown_as = raw.shown_as.take().unwrap_or_else(|| "values".to_owned());
    let asks = asks(&mut raw, depth)?;
    let unused = unused(&raw);
    if let Some(word) = unused.first() {
        return Err(Mistake::Unfit((*word).to_owned()));
    }
    Ok(Condition { asks, shown_as })
}

/// Takes the one thing that is asked out of a condition, with what belongs to it.
fn asks(raw: &mut content::Condition, depth: usize) -> Result<Asks, Mistake> {
    if let Some(name) = raw.fact.take() {
        return fact(&name, raw);
    }
    if let Some(code) = raw.oddity.take() {
        let has = lower(raw.has.take().unwrap_or_default());
        return Ok(match code.strip_suffix('*') {
            Some(start) => Asks::Oddity { code: start.to_owned(), prefix: true, has },
            None => Asks::Oddity { code, prefix: false, has },
        });
    }
    if let Some(labels) = raw.kind.take() {
        return Ok(Asks::Kind(kinds(&labels)?));
    }
    if let Some(labels) = raw.group.take() {
        return Ok(Asks::Group(groups(&labels)?));
    }
    if let Some(labels) = raw.also.take() {
        return Ok(Asks::Also(kinds(&labels)?));
    }
    if let Some(name) = raw.name.take() {
        return Ok(Asks::Name(trick(&name)?));
    }
    if let Some(extensions) = raw.extension.take() {
        return Ok(Asks::Extension(lower(extensions)));
    }
    if let Some(extensions) = raw.before_extension.take() {
        return Ok(Asks::BeforeExtension(lower(extensions)));
    }
    if let Some(labels) = raw.promises.take() {
        return Ok(Asks::Promises(groups(&labels)?));
    }
    if let Some(word) = raw.storage.take() {
        return Ok(Asks::Storage(kept(&word)?));
    }
    if let Some(word) = raw.outcome.take() {
        return Ok(Asks::Outcome(reached(&word)?));
    }
    if let Some(bounds) = raw.size.take() {
        return Ok(Asks::Size(bounds));
    }
    if let Some(bounds) = raw.depth.take() {
        return Ok(Asks::Depth(bounds));
    }
    if let Some(hashes) = raw.sha256.take() {
        return Ok(Asks::Sha256(hashes.iter().map(|hash| digest(hash)).collect::<Result<_, _>>()?));
    }
    if let Some(label) = raw.indicator.take() {
        return indicator(&label, raw);
    }
    if let Some(yara) = raw.yara.take() {
        return Ok(Asks::Yara { yara, at_least: at_least(raw) });
    }
    related(raw, depth)
}

fn related(raw: &mut content::Condition, depth: usize) -> Result<Asks, Mistake> {
    let all = |all: Vec<content::Condition>| -> Result<Vec<Condition>, Mistake> {
        if all.is_empty() {
            return Err(Mistake::NothingAsked);
        }
        all.into_iter().map(|condition| nested(condition, depth + 1)).collect()
    };
    if let Some(conditions) = raw.parent.take() {
        return Ok(Asks::Parent(all(conditions)?));
    }
    if let Some(conditions) = raw.within.take() {
        return Ok(Asks::Within(all(conditions)?));
    }
    if let Some(conditions) = raw.child.take() {
        return Ok(Asks::Child { all: all(conditions)?, at_least: at_least(raw) });
    }
    if let Some(conditions) = raw.inside.take() {
        return Ok(Asks::Inside { all: all(conditions)?, at_least: at_least(raw) });
    }
    Err(Mistake::NothingAsked)
}

fn fact(name: &str, raw: &mut content::Condition) -> Result<Asks, Mistake> {
    let fact = name
        .split_once('.')
        .and_then(|(namespace, name)| formats::declared().find(|fact| fact.namespace == namespace && fact.name == name))
        .ok_or_else(|| Mistake::UnknownFact(name.to_owned()))?;
    let test = test(raw)?;
    if !fits(fact.value, &test) {
        return Err(Mistake::WrongType { fact: name.to_owned(), value: fact.value.to_owned() });
    }
    Ok(Asks::Fact { fact, test })
}

/// What a fact has to be; without a word about it, known.
fn test(raw: &mut content::Condition) -> Result<Test, Mistake> {
    if let Some(state) = raw.state.take() {
        return match state.as_str() {
            "known" => Ok(Test::Known),
            "absent" => Ok(Test::Absent),
            "failed" => Ok(Test::Failed),
            "limited" => Ok(Test::Limited),
            _ => Err(Mistake::UnknownWord(state)),
        };
    }
    if let Some(value) = raw.is.take() {
        return match value {
            toml::Value::Boolean(flag) => Ok(Test::Flag(flag)),
            toml::Value::Integer(number) => Ok(Test::Integer(number)),
            toml::Value::String(text) => {
                Ok(Test::Words { how: How::Equals, words: vec![text.to_lowercase()], at_least: 1 })
            }
            other => Err(Mistake::UnknownWord(other.to_string())),
        };
    }
    let (above, below) = (raw.above.take(), raw.below.take());
    if above.is_some() || below.is_some() {
        return Ok(Test::Between { above, below });
    }
    for (words, how) in [
        (raw.has.take(), How::Has),
        (raw.one_of.take(), How::Equals),
        (raw.starts.take(), How::Starts),
        (raw.ends.take(), How::Ends),
    ] {
        if let Some(words) = words {
            let at_least = at_least(raw);
            if words.len() < at_least {
                return Err(Mistake::TooFewWords);
            }
            return Ok(Test::Words { how, words: lower(words), at_least });
        }
    }
    if let Some(letters) = raw.longer.take() {
        return Ok(Test::Longer(letters));
    }
    Ok(raw.count_above.take().map_or(Test::Known, Test::CountAbove))
}

/// Whether a test can be made of a fact of that type.
fn fits(value: &str, test: &Test) -> bool {
    match test {
        Test::Known | Test::Absent | Test::Failed | Test::Limited => true,
        Test::Flag(_) => value == "flag",
        Test::Integer(_) => value == "integer",
        // Lists that run beside a list of names have numbers spelled out.
        Test::Between { .. } => matches!(value, "integer" | "real" | "time" | "texts"),
        Test::Words { .. } | Test::Longer(_) => matches!(value, "text" | "texts"),
        Test::CountAbove(_) => value == "texts",
    }
}

fn indicator(label: &str, raw: &mut content::Condition) -> Result<Asks, Mistake> {
    let unknown = |word: &str| Mistake::UnknownWord(word.to_owned());
    let kind = IndicatorKind::ALL.into_iter().find(|kind| kind.label() == label).ok_or_else(|| unknown(label))?;
    let layer =
        |label: &String| Layer::ALL.into_iter().find(|layer| layer.label() == label).ok_or_else(|| unknown(label));
    let layers = raw.layer.take().unwrap_or_default().iter().map(layer).collect::<Result<_, _>>()?;
    let has = lower(raw.has.take().unwrap_or_default());
    let common = raw.common.take().unwrap_or(false);
    Ok(Asks::Indicator { kind, layers, common, has, at_least: at_least(raw) })
}

fn at_least(raw: &mut content::Condition) -> usize {
    raw.at_least.take().unwrap_or(1).max(1)
}

fn lower(words: Vec<String>) -> Vec<String> {
    words.into_iter().map(|word| word.to_lowercase()).collect()
}

pub fn kinds(labels: &[String]) -> Result<Vec<Kind>, Mistake> {
    labels.iter().map(|label| Kind::from_label(label).ok_or_else(|| Mistake::UnknownKind(label.clone()))).collect()
}

fn groups(labels: &[String]) -> Result<Vec<Group>, Mistake> {
    let group = |label: &String| {
        let known = Kind::ALL.iter().map(|kind| kind.group()).find(|group| group.label() == label);
        known.ok_or_else(|| Mistake::UnknownKind(label.clone()))
    };
    labels.iter().map(group).collect()
}

fn trick(word: &str) -> Result<Trick, Mistake> {
    match word {
        "turns-direction" => Ok(Trick::TurnsDirection),
        "padded" => Ok(Trick::Padded),
        _ => Err(Mistake::UnknownWord(word.to_owned())),
    }
}

fn kept(word: &str) -> Result<Kept, Mistake> {
    match word {
        "plain" => Ok(Kept::Plain),
        "packed" => Ok(Kept::Packed),
        "encoded" => Ok(Kept::Encoded),
        "encrypted" => Ok(Kept::Encrypted),
        _ => Err(Mistake::UnknownWord(word.to_owned())),
    }
}

fn reached(word: &str) -> Result<Reached, Mistake> {
    match word {
        "read" => Ok(Reached::Read),
        "partial" => Ok(Reached::Partial),
        "failed" => Ok(Reached::Failed),
        "limited" => Ok(Reached::Limited),
        "locked" => Ok(Reached::Locked),
        _ => Err(Mistake::UnknownWord(word.to_owned())),
    }
}

fn digest(text: &str) -> Result<[u8; 32], Mistake> {
    let mut digest = [0; 32];
    let bad = || Mistake::UnknownWord(text.to_owned());
    if text.len() != 64 || !text.is_ascii() {
        return Err(bad());
    }
    for (byte, at) in digest.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2).ok_or_else(bad)?, 16).map_err(|_| bad())?;
    }
    Ok(digest)
}

/// Words of a condition that belong to nothing it asks.
fn unused(raw: &content::Condition) -> Vec<&'static str> {
    [
        ("fact", raw.fact.is_some()),
        ("oddity", raw.oddity.is_some()),
        ("kind", raw.kind.is_some()),
        ("group", raw.group.is_some()),
        ("also", raw.also.is_some()),
        ("name", raw.name.is_some()),
        ("extension", raw.extension.is_some()),
        ("before_extension", raw.before_extension.is_some()),
        ("promises", raw.promises.is_some()),
        ("storage", raw.storage.is_some()),
        ("outcome", raw.outcome.is_some()),
        ("size", raw.size.is_some()),
        ("depth", raw.depth.is_some()),
        ("sha256", raw.sha256.is_some()),
        ("indicator", raw.indicator.is_some()),
        ("yara", raw.yara.is_some()),
        ("parent", raw.parent.is_some()),
        ("within", raw.within.is_some()),
        ("child", raw.child.is_some()),
        ("inside", raw.inside.is_some()),
        ("is", raw.is.is_some()),
        ("above", raw.above.is_some()),
        ("below", raw.below.is_some()),
        ("has", raw.has.is_some()),
        ("one_of", raw.one_of.is_some()),
        ("starts", raw.starts.is_some()),
        ("ends", raw.ends.is_some()),
        ("longer", raw.longer.is_some()),
        ("count_above", raw.count_above.is_some()),
        ("state", raw.state.is_some()),
        ("at_least", raw.at_least.is_some()),
        ("layer", raw.layer.is_some()),
        ("common", raw.common.is_some()),
    ]
    .into_iter()
    .filter_map(|(word, there)| there.then_some(word))
    .collect()
}

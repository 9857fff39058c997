//! The files of the ledger as they are written: one file a family of types, a table a rule.
//!
//! A condition names one thing it asks about and what that has to be; [`crate::condition`] says what each means. Shapes
//! are checked here by `serde`, and what they name is checked there.

use crate::mistake::Mistake;
use serde::Deserialize;
use std::collections::BTreeMap;

/// `ledger.toml`: what holds for all rules.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub version: String,
    /// Kinds whose readers leave nothing unread that could do harm, so that a file of theirs can be clean.
    pub deep: Vec<String>,
    /// Kinds that do nothing by themselves, and may stand inside of a clean file.
    pub passive: Vec<String>,
    /// Words that several rules ask for: `@name` in a list of words stands for all of these.
    #[serde(default)]
    pub lists: Lists,
}

/// Lists of words by their names.
pub type Lists = BTreeMap<String, Vec<String>>;

/// Any other file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub version: u32,
    pub family: String,
    pub points: i32,
    #[serde(default)]
    pub techniques: Vec<String>,
    #[serde(default)]
    pub source: crate::verdict::Source,
    /// All of these hold,
    #[serde(default)]
    pub all: Vec<Condition>,
    /// at least one of these, unless there are none,
    #[serde(default)]
    pub any: Vec<Condition>,
    /// and none of these.
    #[serde(default)]
    pub none: Vec<Condition>,
}

/// One thing that is asked, and how its answer has to be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    // What is asked about; one of these.
    pub fact: Option<String>,
    pub oddity: Option<String>,
    pub kind: Option<Vec<String>>,
    pub group: Option<Vec<String>>,
    pub also: Option<Vec<String>>,
    pub name: Option<String>,
    pub extension: Option<Vec<String>>,
    pub before_extension: Option<Vec<String>>,
    pub promises: Option<Vec<String>>,
    pub storage: Option<String>,
    pub outcome: Option<String>,
    pub size: Option<Bounds>,
    pub depth: Option<Bounds>,
    pub sha256: Option<Vec<String>>,
    pub indicator: Option<String>,
    pub yara: Option<Yara>,
    pub parent: Option<Vec<Condition>>,
    pub within: Option<Vec<Condition>>,
    pub child: Option<Vec<Condition>>,
    pub inside: Option<Vec<Condition>>,

    // How a fact, or a parameter of an oddity, has to be.
    pub is: Option<toml::Value>,
    pub above: Option<f64>,
    pub below: Option<f64>,
    pub has: Option<Vec<String>>,
    pub one_of: Option<Vec<String>>,
    pub starts: Option<Vec<String>>,
    pub ends: Option<Vec<String>>,
    pub longer: Option<usize>,
    pub count_above: Option<usize>,
    pub state: Option<String>,

    /// How many words of a list, indicators, matches or parts it takes.
    pub at_least: Option<usize>,
    /// Of indicators: how they are written, and whether common ones count.
    pub layer: Option<Vec<String>>,
    pub common: Option<bool>,
    /// The parameter of the words that shows what met it, where that is not `values`.
    #[serde(rename = "as")]
    pub shown_as: Option<String>,
}

/// Both ends are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    pub above: Option<u64>,
    pub below: Option<u64>,
}

/// Which matches count; what is not said does not matter.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Yara {
    pub score_above: Option<i64>,
    pub score_below: Option<i64>,
    /// Whether its author gave it a score at all.
    pub scored: Option<bool>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub namespaces: Vec<String>,
    #[serde(default)]
    pub rules: Vec<String>,
}

impl Condition {
    /// Puts the words of lists where their names stand.
    ///
    /// # Errors
    /// When there is no list of that name.
    pub fn spell_out(&mut self, lists: &Lists) -> Result<(), Mistake> {
        let words = [
            &mut self.kind,
            &mut self.extension,
            &mut self.before_extension,
            &mut self.has,
            &mut self.one_of,
            &mut self.starts,
            &mut self.ends,
        ];
        for words in words.into_iter().flatten() {
            let mut spelled = Vec::with_capacity(words.len());
            for word in words.drain(..) {
                match word.strip_prefix('@') {
                    None => spelled.push(word),
                    Some(name) => {
                        let list = lists.get(name).ok_or_else(|| Mistake::UnknownList(name.to_owned()))?;
                        spelled.extend(list.iter().cloned());
                    }
                }
            }
            *words = spelled;
        }
        let related = [&mut self.parent, &mut self.within, &mut self.child, &mut self.inside];
        related.into_iter().flatten().flatten().try_for_each(|condition| condition.spell_out(lists))
    }
}

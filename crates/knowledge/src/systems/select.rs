//! Selectors: how weapons, fixes and base patches name the systems they mean.

use super::System;
use model::Arch;
use serde::Deserialize;

/// Systems by product line, service pack, release and architecture; what is left out is not asked.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// Product lines of the systems data: `xp`, `xp64`, `2008r2`.
    pub line: Vec<String>,
    pub service_pack: Option<Spread>,
    /// Releases of Windows 10 and 11 by name: `1507`.
    #[serde(default, deserialize_with = "one_or_many")]
    pub release: Vec<String>,
    #[serde(default)]
    pub arch: Vec<Arch>,
}

/// A span of service packs: `2`, `0..1`, both ends meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Spread {
    pub from: u8,
    pub to: u8,
}

impl Selector {
    pub fn matches(&self, system: &System) -> bool {
        self.line.contains(&system.line)
            && self.service_pack.is_none_or(|spread| system.service_pack.is_some_and(|pack| spread.contains(pack)))
            && (self.release.is_empty()
                || system.release.as_ref().is_some_and(|release| self.release.contains(release)))
            && (self.arch.is_empty() || self.arch.contains(&system.arch))
    }
}

impl Spread {
    pub fn contains(self, pack: u8) -> bool {
        (self.from..=self.to).contains(&pack)
    }
}

impl TryFrom<String> for Spread {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bad = |_| format!("not a span of service packs: `{text}`");
        let (from, to) = text.split_once("..").unwrap_or((&text, &text));
        let spread = Spread { from: from.parse().map_err(bad)?, to: to.parse().map_err(bad)? };
        if spread.from > spread.to { Err(format!("a span that runs backwards: `{text}`")) } else { Ok(spread) }
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

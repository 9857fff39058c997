//! A weapon's detector, as its data file says it.

use model::{Confidence, FindingOutcome, WeaponId};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Everything that tells one weapon on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    pub weapon: WeaponId,
    pub status: Status,
    /// Where the packets are made that a synthetic one was tried on, from the root of the source.
    pub generator: Option<String>,
    /// Where the knowledge behind it comes from.
    pub sources: Vec<String>,
    /// Signs, any one of which shows the weapon.
    #[serde(default, rename = "sign")]
    pub signs: Vec<Sign>,
}

/// What a detector was tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A capture of the weapon at work.
    RealCapture,
    /// Packets made to meet the protocol condition; no capture is public.
    Synthetic,
    /// It leaves nothing on the wire that ordinary use does not.
    NotObservable,
}

/// One way a weapon shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    pub id: String,
    /// Its number in alert records, which tools join and suppress by.
    pub number: u32,
    pub outcome: FindingOutcome,
    pub confidence: Confidence,
    #[serde(default)]
    pub scope: Scope,
    /// All must hold.
    pub all: Vec<Condition>,
    /// None of these marks may have been told.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// Over what the marks of a sign are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// One conversation.
    #[default]
    Flow,
    /// All conversations from one host to another.
    Pair,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub mark: String,
    #[serde(default = "once")]
    pub at_least: u32,
    /// Only marks whose detail begins like this.
    #[serde(default)]
    pub detail: Option<String>,
}

fn once() -> u32 {
    1
}

#[derive(Debug, thiserror::Error)]
pub enum BadDetector {
    #[error("cannot read the detector `{file}`")]
    Unreadable { file: String, source: toml::de::Error },
    #[error("the detector `{file}` has no sign, yet is said to be observable")]
    NoSign { file: String },
    #[error("the detector `{file}` has the sign `{sign}` without a condition")]
    NoCondition { file: String, sign: String },
    #[error("the detectors hold `{id}` twice")]
    Twice { id: String },
}

/// All detectors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detectors {
    all: Vec<Detector>,
}

const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/detectors.rs"));

impl Detectors {
    /// The detectors that the product ships.
    pub fn builtin() -> &'static Detectors {
        static BUILTIN: OnceLock<Detectors> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let files = SHIPPED.iter().map(|(name, text)| (*name, *text));
            Detectors::read(files).unwrap_or_else(|error| panic!("shipped detectors are checked by a test: {error}"))
        })
    }

    /// Reads detector files, given by name and text.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Detectors, BadDetector> {
        let mut all = Vec::new();
        let mut ids = BTreeSet::new();
        for (file, text) in files {
            let file = file.to_owned();
            let detector: Detector =
                toml::from_str(text).map_err(|source| BadDetector::Unreadable { file: file.clone(), source })?;
            let observable = detector.status != Status::NotObservable;
            if observable == detector.signs.is_empty() {
                return Err(BadDetector::NoSign { file });
            }
            for sign in &detector.signs {
                if sign.all.is_empty() {
                    return Err(BadDetector::NoCondition { file, sign: sign.id.clone() });
                }
                for id in [sign.id.clone(), sign.number.to_string()] {
                    if ids.contains(&id) {
                        return Err(BadDetector::Twice { id });
                    }
                    ids.insert(id);
                }
            }
            if !ids.insert(detector.weapon.to_string()) {
                return Err(BadDetector::Twice { id: detector.weapon.to_string() });
            }
            all.push(detector);
        }
        Ok(Detectors { all })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Detector> {
        self.all.iter()
    }

    /// Every sign with its weapon.
    pub fn signs(&self) -> impl Iterator<Item = (&WeaponId, &Sign)> {
        self.all.iter().flat_map(|detector| detector.signs.iter().map(move |sign| (&detector.weapon, sign)))
    }

    /// True when some sign asks for the mark.
    pub fn asks_for(&self, mark: &str) -> bool {
        self.signs().any(|(_, sign)| sign.concerns(mark))
    }
}

impl Sign {
    /// True when the mark can change whether the sign holds.
    pub fn concerns(&self, mark: &str) -> bool {
        self.all.iter().any(|condition| condition.mark == mark) || self.unless.iter().any(|unless| unless == mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
        weapon = "eternalblue"
        status = "real-capture"
        sources = ["ms17-010"]
        [[sign]]
        id = "a"
        number = 1
        outcome = "attempt"
        confidence = "verified"
        all = [{ mark = "smb1.x", at_least = 3 }]
    "#;

    #[test]
    fn a_detector_is_read_and_its_mistakes_are_named() {
        let detectors = Detectors::read([("one.toml", ONE)]).unwrap();
        assert!(detectors.asks_for("smb1.x") && !detectors.asks_for("smb1.y"));
        let twice = Detectors::read([("one.toml", ONE), ("two.toml", ONE)]).unwrap_err();
        assert_eq!(twice.to_string(), "the detectors hold `a` twice");
        let empty = ONE.replace("all = [{ mark = \"smb1.x\", at_least = 3 }]", "all = []");
        let empty = Detectors::read([("one.toml", empty.as_str())]).unwrap_err();
        assert_eq!(empty.to_string(), "the detector `one.toml` has the sign `a` without a condition");
        let unseen = ONE.replace("real-capture", "not-observable");
        assert!(matches!(Detectors::read([("one.toml", unseen.as_str())]), Err(BadDetector::NoSign { .. })));
    }

    #[test]
    fn a_synthetic_detector_points_to_its_generator() {
        for detector in Detectors::builtin().iter() {
            let made = detector.generator.as_ref().map(|path| testkit::workspace().join(path));
            assert_eq!(made.is_some(), detector.status == Status::Synthetic, "`{}`", detector.weapon);
            assert!(made.is_none_or(|path| path.is_file()), "the generator of `{}` is not there", detector.weapon);
        }
    }

    #[test]
    fn every_weapon_has_one_detector() {
        let mut files: Vec<String> = std::fs::read_dir(testkit::workspace().join("data/weapons"))
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
            .filter(|name| name != "sources")
            .collect();
        files.sort();
        let mut weapons: Vec<String> =
            Detectors::builtin().iter().map(|detector| detector.weapon.to_string()).collect();
        weapons.sort();
        assert_eq!(weapons, files);
    }
}

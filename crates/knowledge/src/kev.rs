//! Known exploited vulnerabilities (CISA KEV): which, since when, due when, and whether ransomware uses them.
//!
//! Read from CISA's JSON (schema `known_exploited_vulnerabilities_schema.json`); kept and shipped as a short JSON of
//! facts without texts. The day of the list is kept with it: a list of last year says nothing of this year.

use crate::import::{Ignored, ImportError, Limits, Report, read_all};
use jiff::civil::Date;
use model::CveId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

/// A list of known exploited vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kev {
    /// The list's own version: `2025.08.25`.
    pub version: String,
    /// The day the list was released; how old it is.
    pub as_of: Option<Date>,
    entries: BTreeMap<CveId, KevEntry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KevEntry {
    pub added: Date,
    /// When US federal agencies had to have it closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// Known to be used by ransomware; false means "not known", never "is not".
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ransomware: bool,
}

static BUILTIN: LazyLock<Kev> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../data/kev/kev.json")).unwrap_or_default());

impl Kev {
    /// The list the product ships; a test holds that it loads.
    pub fn builtin() -> &'static Kev {
        &BUILTIN
    }

    /// Reads CISA's JSON.
    pub fn read(reader: impl Read, limits: &Limits) -> Result<(Kev, Report), ImportError> {
        Kev::from_json(&read_all(reader, limits)?)
    }

    pub(crate) fn from_json(bytes: &[u8]) -> Result<(Kev, Report), ImportError> {
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let file: File = serde_json::from_slice(text).map_err(|error| ImportError::malformed("KEV JSON", error))?;
        let mut report = Report::default();
        let mut kev = Kev {
            as_of: file.released.as_deref().and_then(|text| text.get(..10)).and_then(day),
            version: file.version.chars().take(40).collect(),
            entries: BTreeMap::new(),
        };
        for row in file.vulnerabilities {
            report.rows += 1;
            let Ok(cve) = row.cve.trim().parse::<CveId>() else {
                report.ignore(Ignored::NotACve);
                continue;
            };
            let Some(added) = day(&row.added) else {
                report.ignore(Ignored::BadDate);
                continue;
            };
            let ransomware = row.ransomware.trim().eq_ignore_ascii_case("known");
            kev.entries.insert(cve, KevEntry { added, due: row.due.as_deref().and_then(day), ransomware });
        }
        if kev.entries.is_empty() {
            return Err(ImportError::Empty);
        }
        kev.as_of = kev.as_of.or_else(|| kev.entries.values().map(|entry| entry.added).max());
        report.new = kev.entries.len() as u64;
        Ok((kev, report))
    }

    pub fn get(&self, cve: &CveId) -> Option<&KevEntry> {
        self.entries.get(cve)
    }

    pub fn contains(&self, cve: &CveId) -> bool {
        self.entries.contains_key(cve)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&CveId, &KevEntry)> {
        self.entries.iter()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes a newer list in: what it says stands, what only the older one has stays. Returns (new, changed).
    ///
    /// An older list adds what the newer lacks and changes nothing, so the order of imports does not matter.
    pub fn merge(&mut self, other: &Kev) -> (u64, u64) {
        let newer = (other.as_of, &other.version) >= (self.as_of, &self.version);
        let (mut new, mut changed) = (0, 0);
        for (cve, entry) in &other.entries {
            match self.entries.get_mut(cve) {
                None => {
                    self.entries.insert(cve.clone(), *entry);
                    new += 1;
                }
                Some(known) if newer && known != entry => {
                    *known = *entry;
                    changed += 1;
                }
                Some(_) => {}
            }
        }
        if newer {
            (self.as_of, self.version) = (other.as_of, other.version.clone());
        }
        (new, changed)
    }
}

fn day(text: &str) -> Option<Date> {
    text.trim().parse().ok().and_then(crate::import::plausible)
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "catalogVersion", default)]
    version: String,
    #[serde(rename = "dateReleased")]
    released: Option<String>,
    vulnerabilities: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(rename = "dateAdded", default)]
    added: String,
    #[serde(rename = "dueDate")]
    due: Option<String>,
    #[serde(rename = "knownRansomwareCampaignUse", default)]
    ransomware: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(day: &str, rows: &[(&str, &str)]) -> Kev {
        let rows: Vec<_> = rows
            .iter()
            .map(|(cve, use_)| {
                serde_json::json!({"cveID": cve, "dateAdded": day, "dueDate": null, "knownRansomwareCampaignUse": use_})
            })
            .collect();
        let file = serde_json::json!({"catalogVersion": day, "dateReleased": format!("{day}T00:00:00Z"), "vulnerabilities": rows});
        Kev::from_json(file.to_string().as_bytes()).unwrap().0
    }

    #[test]
    fn the_shipped_list_loads_and_tells_its_age() {
        let kev = Kev::builtin();
        assert!(kev.len() > 1400, "{}", kev.len());
        assert_eq!(kev.as_of, Some(jiff::civil::date(2025, 8, 25)));
        let eternalblue = kev.get(&"CVE-2017-0144".parse().unwrap()).unwrap();
        assert!(eternalblue.ransomware);
        assert!(!kev.contains(&"CVE-2008-4250".parse().unwrap()), "this list has it not; the weapons' files say so");
    }

    #[test]
    fn the_shipped_list_is_what_the_importer_makes_of_the_original() {
        let Some(path) = testkit::data("lifecycle/kev.json") else { return };
        let (kev, report) = Kev::read(std::fs::File::open(path).unwrap(), &Limits::default()).unwrap();
        assert_eq!((report.rows, report.ignored.len()), (1404, 0));
        assert_eq!(&kev, Kev::builtin());
    }

    #[test]
    fn the_newer_list_wins_whatever_the_order_and_nothing_is_lost() {
        let old = list("2020-01-01", &[("CVE-2017-0144", "Unknown"), ("CVE-2017-0145", "Known")]);
        let new = list("2021-01-01", &[("CVE-2017-0144", "Known"), ("CVE-2021-0001", "Unknown")]);
        let (mut one, mut other) = (old.clone(), new.clone());
        assert_eq!(one.merge(&new), (1, 1));
        assert_eq!(other.merge(&old), (1, 0));
        assert_eq!(one, other);
        assert_eq!(one.merge(&new), (0, 0));
    }

    #[test]
    fn bad_rows_are_counted_and_bad_files_refused() {
        let text = r#"{"vulnerabilities":[{"cveID":"x","dateAdded":"2020-01-01"},{"cveID":"CVE-2020-0001","dateAdded":"2020-13-01"},{"cveID":"CVE-2020-0002","dateAdded":"2020-02-01"}]}"#;
        let (kev, report) = Kev::from_json(text.as_bytes()).unwrap();
        assert_eq!((kev.len(), report.ignored[&Ignored::NotACve], report.ignored[&Ignored::BadDate]), (1, 1, 1));
        for bad in ["", "{", "[]", r#"{"vulnerabilities":[]}"#, r#"{"vulnerabilities":7}"#] {
            assert!(Kev::from_json(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}

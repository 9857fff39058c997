//! Identifiers. Each keeps the spelling its field uses: `KB4012212`, `CVE-2017-0144`.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An identifier that does not have the form it must have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: `{text}`")]
pub struct BadId {
    pub kind: &'static str,
    pub text: String,
}

/// A Microsoft Knowledge Base article number; a JSON number, shown as `KB4012212`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct KbId(pub u32);

impl fmt::Display for KbId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KB{}", self.0)
    }
}

impl FromStr for KbId {
    type Err = BadId;

    /// Reads `KB4012212`, `kb4012212` or `4012212`; nothing else, and never a half-printed id.
    fn from_str(text: &str) -> Result<Self, BadId> {
        let digits = text.strip_prefix("KB").or_else(|| text.strip_prefix("kb")).unwrap_or(text);
        let plausible = (6..=7).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        match digits.parse() {
            Ok(number) if plausible => Ok(KbId(number)),
            _ => Err(BadId { kind: "KB number", text: text.chars().take(40).collect() }),
        }
    }
}

/// `CVE-2017-0144`, upper case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct CveId(String);

impl CveId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CveId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let upper = text.to_ascii_uppercase();
        let good = upper.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')).is_some_and(|(year, number)| {
            year.len() == 4
                && (4..=7).contains(&number.len())
                && year.bytes().chain(number.bytes()).all(|b| b.is_ascii_digit())
        });
        if good { Ok(CveId(upper)) } else { Err(BadId { kind: "CVE id", text: text.chars().take(40).collect() }) }
    }
}

impl TryFrom<String> for CveId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<CveId> for String {
    fn from(id: CveId) -> String {
        id.0
    }
}

impl fmt::Display for CveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A weapon of the knowledge base by its lower-case id: `eternalblue`.
    WeaponId
);
text_id!(
    /// A host of the inventory. Derived from what identifies the machine, so the same machine keeps its id
    /// through imports, exports and restores; see `inventory::merge`.
    HostId
);
text_id!(
    /// A plan: host id and a digest of the plan's steps, so a script names exactly the plan it belongs to.
    PlanId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kb_number_is_six_or_seven_digits_and_a_half_printed_one_is_none() {
        assert_eq!("KB4012212".parse(), Ok(KbId(4012212)));
        assert_eq!("958644".parse(), Ok(KbId(958644)));
        assert!("KB2862".parse::<KbId>().is_err());
        assert!("KB40122123".parse::<KbId>().is_err());
        assert!("KB+12345".parse::<KbId>().is_err());
        assert!("".parse::<KbId>().is_err());
    }

    #[test]
    fn a_cve_id_is_upper_case_and_has_two_numbers() {
        assert_eq!("cve-2017-0144".parse::<CveId>().unwrap().as_str(), "CVE-2017-0144");
        assert!("CVE-2017".parse::<CveId>().is_err());
        assert!("CVE-2017-14".parse::<CveId>().is_err());
        assert!(serde_json::from_str::<CveId>("\"x\"").is_err());
    }
}

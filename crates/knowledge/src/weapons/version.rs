//! Versions of files (`6.1.7601.23689`) and of products (`9.0.1 FP8 IF2`), in their order.

use serde::Deserialize;
use std::{cmp::Ordering, fmt, str::FromStr};

/// Four numbers, as in a file's version resource; what is not given is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct FileVersion([u32; 4]);

/// Dotted numbers, then fix pack, then interim fix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ProductVersion {
    numbers: Vec<u32>,
    fix_pack: Option<u32>,
    interim_fix: Option<u32>,
}

impl FromStr for FileVersion {
    type Err = String;

    /// Reads the number part of `6.1.7601.23689 (win7sp1_ldr.170101-0000)`.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("not a file version: `{}`", text.chars().take(40).collect::<String>());
        let number = text.split_whitespace().next().ok_or_else(bad)?;
        let mut parts = [0; 4];
        let mut count = 0;
        for part in number.split(['.', ',']) {
            *parts.get_mut(count).ok_or_else(bad)? = part.parse().map_err(|_| bad())?;
            count += 1;
        }
        if count < 2 { Err(bad()) } else { Ok(FileVersion(parts)) }
    }
}

impl TryFrom<String> for FileVersion {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for FileVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

impl ProductVersion {
    /// Whether this version is too coarse to be told from `other`: it says the same as far as it goes.
    pub fn blurs(&self, other: &ProductVersion) -> bool {
        self.fix_pack.is_none() && other.fix_pack.is_some() && self.order(other, false) == Ordering::Equal
    }

    fn order(&self, other: &ProductVersion, fixes: bool) -> Ordering {
        let length = self.numbers.len().max(other.numbers.len());
        let at = |version: &ProductVersion, at: usize| version.numbers.get(at).copied().unwrap_or(0);
        let numbers = (0..length).map(|n| at(self, n).cmp(&at(other, n))).find(|order| order.is_ne());
        let packs = |version: &ProductVersion| (version.fix_pack.unwrap_or(0), version.interim_fix.unwrap_or(0));
        numbers.unwrap_or(if fixes { packs(self).cmp(&packs(other)) } else { Ordering::Equal })
    }
}

impl PartialOrd for ProductVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.order(other, true))
    }
}

impl FromStr for ProductVersion {
    type Err = String;

    /// Reads the first dotted number and what follows it: `Release 9.0.1FP8 IF2`, `8.5.3 FP6`.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("not a product version: `{}`", text.chars().take(40).collect::<String>());
        let start = text.find(|c: char| c.is_ascii_digit()).ok_or_else(bad)?;
        let rest = text.get(start..).ok_or_else(bad)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let numbers: Result<Vec<u32>, _> = number.trim_matches('.').split('.').take(6).map(str::parse).collect();
        let tail = tail.to_uppercase();
        let after = |mark: &str| -> Option<u32> {
            let (_, rest) = tail.split_once(mark)?;
            let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        Ok(ProductVersion { numbers: numbers.map_err(|_| bad())?, fix_pack: after("FP"), interim_fix: after("IF") })
    }
}

impl TryFrom<String> for ProductVersion {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for ProductVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.numbers.iter().map(ToString::to_string).collect();
        write!(f, "{}", numbers.join("."))?;
        self.fix_pack.map_or(Ok(()), |pack| write!(f, " FP{pack}"))?;
        self.interim_fix.map_or(Ok(()), |fix| write!(f, " IF{fix}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_versions_order_by_number_not_by_text() {
        let v = |text: &str| text.parse::<FileVersion>().unwrap();
        assert!(v("6.1.7601.9999") < v("6.1.7601.23689"));
        assert_eq!(v("6.1.7601.23689 (win7sp1_ldr.170101-0000)"), v("6,1,7601,23689"));
        for bad in ["", "x", "6", "6.1.7601.23689.1", "6.1.99999999999"] {
            assert!(bad.parse::<FileVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_product_version_knows_fix_packs_and_when_it_is_too_coarse() {
        let v = |text: &str| text.parse::<ProductVersion>().unwrap();
        assert!(v("9.0.1 FP8") < v("9.0.1 FP8 IF2"));
        assert!(v("9.0.1FP9") > v("9.0.1 FP8 IF2"));
        assert!(v("8.5.3 FP6 IF17") < v("9.0"));
        assert!(v("9.0.1").blurs(&v("9.0.1 FP8 IF2")));
        assert!(!v("9.0").blurs(&v("9.0.1 FP8 IF2")));
        assert!(!v("10.0.1").blurs(&v("9.0.1 FP8 IF2")));
        assert_eq!(v("Release 9.0.1FP8 IF2").to_string(), "9.0.1 FP8 IF2");
        assert!("none".parse::<ProductVersion>().is_err());
    }
}

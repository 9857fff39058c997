//! What the sensor does beyond the ordinary, by name.

use wire::proto::Detail;
use wire::{packet, tcp};

/// How the sensor reads and what it tells.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub packets: packet::Rules,
    pub tcp: tcp::Rules,
    pub detail: Detail,
    /// The conversation's Community ID in every record, with this seed.
    pub community_seed: Option<u16>,
    /// Hardware addresses in every record.
    pub ethernet: bool,
    pub arp: bool,
    /// Marks of the protocols' states as records of their own.
    pub anomalies: bool,
    /// MD5 and SHA-1 beside SHA-256.
    pub all_hashes: bool,
    /// SHA-256 of every file.
    pub sha256: bool,
    pub keep_files: bool,
    /// Session records are made.
    pub sessions: bool,
    /// Profiles are kept, and what stands out in them is told.
    pub behaviour: bool,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no sensor option `{0}`")]
pub struct UnknownOption(pub String);

impl Default for Options {
    /// What an administrator wants: connections are followed from wherever their capture begins, files are named by
    /// their digest, records can be joined with those of other tools.
    fn default() -> Self {
        Options {
            packets: packet::Rules::default(),
            tcp: tcp::Rules::default(),
            detail: Detail { ja3: true, ..Detail::default() },
            community_seed: Some(0),
            ethernet: false,
            arp: false,
            anomalies: false,
            all_hashes: false,
            sha256: true,
            keep_files: false,
            sessions: false,
            behaviour: true,
        }
    }
}

impl Options {
    /// Names of all options, for help and errors.
    pub const NAMES: &[&str] = &[
        "none",
        "behaviour",
        "community-id",
        "community-id-seed-N",
        "dhcp-extended",
        "ethernet",
        "file-hash",
        "file-store",
        "http-headers",
        "ja3",
        "log-anomaly",
        "log-arp",
        "log-pgsql",
        "mail-fields",
        "midstream",
        "tls-fields",
        "checksums",
    ];

    /// Only what is named, as the stock settings of other engines have it: `none`, or a list with commas.
    pub fn only(names: &str) -> Result<Options, UnknownOption> {
        let mut options = Options {
            tcp: tcp::Rules { midstream: false, ..tcp::Rules::default() },
            detail: Detail::default(),
            community_seed: None,
            sha256: false,
            behaviour: false,
            ..Options::default()
        };
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "none") {
            options.turn_on(name)?;
        }
        Ok(options)
    }

    pub fn turn_on(&mut self, name: &str) -> Result<(), UnknownOption> {
        match name {
            "behaviour" => self.behaviour = true,
            "community-id" => self.community_seed = Some(0),
            "dhcp-extended" => self.detail.dhcp = true,
            "ethernet" => self.ethernet = true,
            "file-hash" => (self.sha256, self.all_hashes) = (true, true),
            "file-store" => (self.keep_files, self.sha256) = (true, true),
            "http-headers" => self.detail.http_headers = true,
            "ja3" => self.detail.ja3 = true,
            "log-anomaly" => self.anomalies = true,
            "log-arp" => self.arp = true,
            "log-pgsql" => self.detail.postgres = true,
            "mail-fields" => self.detail.mail = true,
            "midstream" => self.tcp.midstream = true,
            "tls-fields" => self.detail.tls = true,
            "checksums" => self.packets.checksums = true,
            other => {
                let seed = other.strip_prefix("community-id-seed-").and_then(|seed| seed.parse().ok());
                self.community_seed = Some(seed.ok_or_else(|| UnknownOption(other.to_owned()))?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_named_and_unknown_ones_refused() {
        let options = Options::only("midstream, community-id-seed-7").unwrap();
        assert!(options.tcp.midstream && options.community_seed == Some(7) && !options.detail.ja3);
        let none = Options::only("none").unwrap();
        assert!(!none.tcp.midstream && !none.behaviour);
        assert!(Options::default().behaviour && Options::only("behaviour").unwrap().behaviour);
        assert_eq!(Options::only("midstraem").unwrap_err(), UnknownOption("midstraem".to_owned()));
    }
}

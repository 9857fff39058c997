//! What is known of a host. Absent is `None` or an empty set and never means "safe".

use crate::{CveId, KbId, Message};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Everything one source, or all sources merged, say of one host.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct HostFacts {
    /// The computer name as printed, without domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub addresses: BTreeSet<IpAddr>,
    /// Lower case, colon separated.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub macs: BTreeSet<String>,
    /// Windows product id as `systeminfo` prints it; tells two machines of one name apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    pub os: OsFacts,
    pub updates: UpdateList,
    /// Updates the machine itself says it still wants.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub wanted: BTreeSet<KbId>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<Port, PortState>,
    /// File versions by lower-case path below the Windows folder: `system32\drivers\srv.sys` -> `6.1.7601.23689`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Service state by lower-case short name: `lanmanserver`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, ServiceState>,
    /// Installed programs; `None` when no source lists programs (a `systeminfo` does not).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<BTreeSet<Software>>,
    /// Whether the SMB1 server answers, where a source tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smb1: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub implants: Vec<ImplantSign>,
    /// What a scanner says it found; an opinion of that scanner, kept beside our own judgement.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scanner: Vec<ScannerItem>,
    #[serde(skip_serializing_if = "Business::is_empty")]
    pub business: Business,
}

/// The operating system. `product`, `edition` and `version` are normalised (`Windows Server 2012 R2`, `Standard`,
/// `6.3.9600`); `name` is what the host printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct OsFacts {
    pub name: Option<String>,
    pub product: Option<String>,
    pub edition: Option<String>,
    pub family: Option<Family>,
    pub version: Option<String>,
    pub build: Option<u32>,
    /// Update build revision, the fourth number of a Windows 10+ version, where a source tells.
    pub ubr: Option<u32>,
    /// As printed; 0 is a fact ("no service pack"), `None` is not.
    pub service_pack: Option<u8>,
    pub arch: Option<Arch>,
    pub role: Option<Role>,
    /// Language of the labels: `en`, `zh-cn`, `fr`, `ru`…
    pub language: Option<String>,
    /// System locale as printed: `en-us`, `zh-cn`.
    pub locale: Option<String>,
    pub encoding: Option<String>,
    pub evaluation: bool,
    /// True for 2003 R2, which is 2003 SP1/SP2 with a second disc; its product stays `Windows Server 2003`.
    pub r2: bool,
    pub basis: OsBasis,
}

/// How the operating system is known. A scanner's guess never proves "not affected".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OsBasis {
    #[default]
    Unknown,
    /// Guessed from the network (nmap `osmatch`, banners).
    Guessed,
    /// Stated by the host or by an authenticated scan.
    Stated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    Client,
    Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    X86,
    X64,
    Ia64,
    Arm64,
}

/// The values of `systeminfo`'s "OS Configuration".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    #[serde(rename = "standalone workstation")]
    StandaloneWorkstation,
    #[serde(rename = "member workstation")]
    MemberWorkstation,
    #[serde(rename = "standalone server")]
    StandaloneServer,
    #[serde(rename = "member server")]
    MemberServer,
    #[serde(rename = "backup domain controller")]
    BackupDomainController,
    #[serde(rename = "primary domain controller")]
    PrimaryDomainController,
}

impl Role {
    pub fn is_domain_controller(self) -> bool {
        matches!(self, Role::BackupDomainController | Role::PrimaryDomainController)
    }

    pub fn is_domain_member(self) -> bool {
        !matches!(self, Role::StandaloneWorkstation | Role::StandaloneServer)
    }
}

/// The installed updates and whether the list is known to be whole.
///
/// `complete` is the difference between "this fix is missing" and "this fix was not seen": a `systeminfo` that claims
/// 273 hotfixes and prints 246 proves nothing by what it lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UpdateList {
    /// Some source listed updates (an empty list is a statement, no list is not).
    pub known: bool,
    pub complete: bool,
    pub installed: BTreeSet<KbId>,
    /// How many the source says there are, and how many entries it printed.
    pub claimed: Option<u32>,
    pub listed: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tcp,
    Udp,
    Sctp,
}

/// A transport and a number; in JSON `"tcp/445"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Port {
    pub transport: Transport,
    pub number: u16,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Port {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A transport and a number: `tcp/445`."))
            .pattern(Some("^(tcp|udp|sctp)/[0-9]{1,5}$"))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Port {}

impl Port {
    pub fn tcp(number: u16) -> Self {
        Port { transport: Transport::Tcp, number }
    }

    pub fn udp(number: u16) -> Self {
        Port { transport: Transport::Udp, number }
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Sctp => "sctp",
        };
        write!(f, "{transport}/{}", self.number)
    }
}

impl std::str::FromStr for Port {
    type Err = crate::BadId;

    /// Reads `tcp/445`, `445/tcp` or `445` (TCP).
    fn from_str(text: &str) -> Result<Self, crate::BadId> {
        let bad = || crate::BadId { kind: "port", text: text.chars().take(40).collect() };
        let (a, b) = text.trim().split_once('/').unwrap_or(("tcp", text.trim()));
        let (transport, number) = if a.bytes().all(|c| c.is_ascii_digit()) { (b, a) } else { (a, b) };
        let transport = match transport.to_ascii_lowercase().as_str() {
            "tcp" => Transport::Tcp,
            "udp" => Transport::Udp,
            "sctp" => Transport::Sctp,
            _ => return Err(bad()),
        };
        match number.parse() {
            Ok(number) if number > 0 => Ok(Port { transport, number }),
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for Port {
    type Error = crate::BadId;
    fn try_from(text: String) -> Result<Self, crate::BadId> {
        text.parse()
    }
}

impl From<Port> for String {
    fn from(port: Port) -> String {
        port.to_string()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PortState {
    pub status: PortStatus,
    /// Service name by content or by table, as the source prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PortStatus {
    Open,
    /// No answer: something drops the packets, or the host was silent. Not the same as closed.
    Filtered,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    Running,
    Stopped,
    Disabled,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Software {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Something a source saw that an implant leaves, such as nmap's `smb-double-pulsar-backdoor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImplantSign {
    /// Weapon id of the implant: `doublepulsar`.
    pub weapon: crate::WeaponId,
    pub evidence: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScannerItem {
    /// `nmap:smb-vuln-ms17-010`, `nessus:97833`, `openvas:1.3.6.1.4.1.25623.1.0.810676`.
    pub check: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<crate::Severity>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub cves: BTreeSet<CveId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<Port>,
    /// The scanner's own verdict where it has one: true = vulnerable, false = checked and not vulnerable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerable: Option<bool>,
}

/// What the business says of a host. `None` means nobody was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Business {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Asset value 1 (least) to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<u8>,
    /// Ports the business needs, and for which of them an alternative exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_ports: Option<BTreeSet<Port>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub alternatives: BTreeSet<Port>,
    /// Windows services and features the business needs, by lower-case short name or control id (`spooler`,
    /// `disable-smb1`); `None` means nobody was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_services: Option<BTreeSet<String>>,
    /// Updates that break the business here; `patch_conflict` says that any would.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub conflicting_updates: BTreeSet<KbId>,
    /// Any patch conflicts with the business (a certified or vendor-locked system).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch_conflict: Option<bool>,
    /// Reachable for on-line distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<bool>,
    /// Reachable from outside the intranet (the BOD 26-04 table's "publicly exposed").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Business {
    pub fn is_empty(&self) -> bool {
        *self == Business::default()
    }
}

impl UpdateList {
    /// Why the list cannot prove that something is missing, if it cannot.
    pub fn gap(&self) -> Option<Message> {
        match (self.known, self.complete, self.claimed, self.listed) {
            (false, ..) => Some(Message::new("updates.unknown")),
            (true, true, ..) => None,
            (true, false, Some(claimed), Some(listed)) => {
                Some(Message::new("updates.cut-off").number("listed", listed).number("claimed", claimed))
            }
            (true, false, ..) => Some(Message::new("updates.incomplete")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_reads_both_ways_round() {
        assert_eq!("tcp/445".parse(), Ok(Port::tcp(445)));
        assert_eq!("137/udp".parse(), Ok(Port::udp(137)));
        assert_eq!("3389".parse(), Ok(Port::tcp(3389)));
        for bad in ["", "/", "tcp/0", "tcp/70000", "icmp/8", "445/445"] {
            assert!(bad.parse::<Port>().is_err(), "{bad}");
        }
    }

    #[test]
    fn facts_survive_json() {
        let mut facts = HostFacts::default();
        facts.ports.insert(Port::tcp(445), PortState { status: PortStatus::Open, service: None, product: None });
        let text = serde_json::to_string(&facts).unwrap();
        assert!(text.contains("\"tcp/445\""), "{text}");
        assert_eq!(serde_json::from_str::<HostFacts>(&text).unwrap(), facts);
    }
}

//! The document that carries the inventory of one machine: JSON, `redoubt.linux-inventory.1`.
//!
//! A list that is absent was not looked at or could not be read; one that is empty was read and had nothing in it.

use super::capped::{capped, capped_whole};
use jiff::Timestamp;
use model::{Message, Transport};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What the document calls itself; a later shape has a later number.
pub const KIND: &str = "redoubt.linux-inventory.1";

/// Everything that is known of one machine at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Document {
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collected: Option<Timestamp>,
    /// Taken of a disk that was mounted somewhere, not of the running machine: nothing is said of what runs.
    pub offline: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub os: OsRelease,
    pub kernel: Kernel,
    pub hardware: Hardware,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub interfaces: Option<Vec<Interface>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub mounts: Option<Vec<Mount>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub listening: Option<Vec<Listener>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub units: Option<Vec<Unit>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub accounts: Option<Vec<Account>>,
    /// Groups whose members may do what the administrator may.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub groups: Option<Vec<Group>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub certificates: Option<Vec<Certificate>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub containers: Option<Vec<Container>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "capped")]
    pub packages: Option<Vec<Package>>,
    /// What could not be read, or not to its end, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "capped_whole")]
    pub gaps: Vec<Gap>,
}

/// `os-release`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OsRelease {
    /// `debian`, `openEuler`, `kylin`.
    pub id: Option<String>,
    /// What it is made from: `rhel centos fedora`.
    pub like: Option<String>,
    pub name: Option<String>,
    pub version: Option<String>,
    pub version_id: Option<String>,
    pub pretty_name: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kernel {
    /// That which runs: `6.1.0-28-amd64`.
    pub running: Option<String>,
    /// With values of keys that sound like secrets left out.
    pub command_line: Option<String>,
    /// Those whose modules are installed, in the order of their names.
    #[serde(deserialize_with = "capped_whole")]
    pub installed: Vec<String>,
    /// `x86_64`, `aarch64`.
    pub architecture: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hardware {
    pub vendor: Option<String>,
    pub product: Option<String>,
    pub serial: Option<String>,
    pub firmware: Option<String>,
    pub firmware_date: Option<String>,
    pub processor: Option<String>,
    pub processors: Option<u32>,
    pub memory_kib: Option<u64>,
    #[serde(deserialize_with = "capped_whole")]
    pub disks: Vec<Disk>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    pub name: String,
    pub bytes: Option<u64>,
    pub model: Option<String>,
    pub removable: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Interface {
    pub name: String,
    pub mac: Option<String>,
    pub up: bool,
    #[serde(deserialize_with = "capped_whole")]
    pub addresses: Vec<IpAddr>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    pub path: String,
    pub source: String,
    /// `ext4`, `nfs4`.
    pub filesystem: String,
    /// `ro,nosuid,noexec`.
    pub options: String,
}

/// A port that waits for whoever comes, and who has it open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listener {
    pub transport: Transport,
    pub address: IpAddr,
    pub port: u16,
    #[serde(default)]
    pub user_id: Option<u32>,
    /// Name of a process that has it; none when nobody may look.
    #[serde(default)]
    pub process: Option<String>,
    #[serde(default)]
    pub program: Option<String>,
    /// The service it belongs to: `ssh.service`.
    #[serde(default)]
    pub unit: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unit {
    /// With its ending: `ssh.service`.
    pub name: String,
    pub state: UnitState,
    /// Whether a process of it runs; none of a disk, or where nobody may look.
    pub running: Option<bool>,
    pub description: Option<String>,
    pub command: Option<String>,
    /// As whom it runs; absent is root.
    pub user: Option<String>,
}

/// Whether a unit starts by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitState {
    #[default]
    Unknown,
    Enabled,
    Disabled,
    /// Cannot be enabled; others start it.
    Static,
    /// Nobody can start it.
    Masked,
}

/// An account, never with the hash of its password.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    pub name: String,
    pub user_id: u32,
    pub group_id: u32,
    pub home: String,
    pub shell: String,
    /// Whether its shell lets anybody in.
    pub login: bool,
    pub password: Password,
    /// How the password is hashed: `yescrypt`, `sha512`, `md5`.
    pub scheme: Option<String>,
    /// Day of the last change, as days since 1970.
    pub changed_day: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Password {
    /// `shadow` could not be read, or has no line for it.
    #[default]
    Unknown,
    /// None is asked for.
    Empty,
    /// No password fits.
    Never,
    /// There is one, and it is locked.
    Locked,
    Set,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Group {
    pub name: String,
    pub group_id: u32,
    #[serde(deserialize_with = "capped_whole")]
    pub members: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificate {
    pub path: String,
    pub subject: String,
    pub issuer: String,
    /// Hexadecimal.
    pub serial: String,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    /// `rsa`, `ec`, or the number of what else it is.
    pub key: String,
    pub key_bits: Option<u32>,
    /// `sha256WithRSAEncryption`, or its number.
    pub signature: String,
    pub self_signed: bool,
    pub authority: bool,
    #[serde(deserialize_with = "capped_whole")]
    pub weak: Vec<Weakness>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weakness {
    /// Signed with a digest for which collisions are made.
    Digest,
    /// A key that is short.
    Key,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    pub id: String,
    /// `docker`, `podman`, `containerd`.
    pub engine: String,
    pub name: Option<String>,
    pub image: Option<String>,
    pub running: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Package {
    pub name: String,
    /// As its manager prints it: `1:2.36-9+deb12u9`, `5.14.0-427.13.1.el9_4`.
    pub version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The source package, where it is called otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// `dpkg`, `rpm`, `apk`.
    pub manager: String,
}

/// Something that is missing from the document, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The file as the machine calls it.
    pub path: String,
    pub message: Message,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

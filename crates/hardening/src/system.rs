//! The system a script is made for: what it may run on, said without the words of any language.

use model::{Arch, Family, OsFacts, Role};
use serde::Deserialize;
use std::fmt;

/// A Windows NT version, such as 6.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Nt {
    pub major: u16,
    pub minor: u16,
}

/// What is known of the system of a host, as far as controls ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    pub nt: Nt,
    pub build: Option<u32>,
    pub service_pack: Option<u8>,
    pub arch: Option<Arch>,
    pub family: Option<Family>,
    pub edition: Option<String>,
    pub role: Option<Role>,
}

impl Nt {
    pub const WINDOWS_2000: Nt = Nt { major: 5, minor: 0 };
    pub const XP: Nt = Nt { major: 5, minor: 1 };
    pub const SERVER_2003: Nt = Nt { major: 5, minor: 2 };
    pub const VISTA: Nt = Nt { major: 6, minor: 0 };
    pub const WINDOWS_7: Nt = Nt { major: 6, minor: 1 };
    pub const WINDOWS_8: Nt = Nt { major: 6, minor: 2 };
    pub const WINDOWS_10: Nt = Nt { major: 10, minor: 0 };
}

impl System {
    /// The system of a host, or `None` while its version is not known.
    pub fn of(os: &OsFacts) -> Option<System> {
        let (nt, build) = version(os.version.as_deref()?)?;
        Some(System {
            nt,
            build: os.build.or(build),
            service_pack: os.service_pack,
            arch: os.arch,
            family: os.family,
            edition: os.edition.clone().or_else(|| os.name.clone()),
            role: os.role,
        })
    }

    pub fn is_domain_controller(&self) -> Option<bool> {
        self.role.map(Role::is_domain_controller)
    }

    /// The registry's `ProductType` this host must have, when its role is known.
    pub fn product_type(&self) -> Option<&'static str> {
        match (self.role, self.family) {
            (Some(role), _) if role.is_domain_controller() => Some("LanmanNT"),
            (Some(Role::StandaloneWorkstation | Role::MemberWorkstation), _) => Some("WinNT"),
            (Some(_), _) => Some("ServerNT"),
            (None, Some(Family::Client)) => Some("WinNT"),
            // A server of unknown role may be a domain controller; the script asks the registry.
            (None, _) => None,
        }
    }

    /// The builds the script runs on: a service pack on the way must not lock the rest of the plan out.
    pub fn builds(&self) -> (u32, u32) {
        match (self.nt, self.build) {
            (Nt { major: 5, minor: 0 }, _) => (2195, 2195),
            (Nt { major: 5, minor: 1 }, _) => (2600, 2600),
            (Nt { major: 5, minor: 2 }, _) => (3790, 3790),
            (Nt { major: 6, minor: 0 }, _) => (6000, 6003),
            (Nt { major: 6, minor: 1 }, _) => (7600, 7601),
            (_, Some(build)) => (build, build),
            (_, None) => (0, 99999),
        }
    }
}

/// Reads `6.1.7601` or `5.2`.
fn version(text: &str) -> Option<(Nt, Option<u32>)> {
    let mut parts = text.split('.');
    let nt = Nt { major: parts.next()?.trim().parse().ok()?, minor: parts.next()?.trim().parse().ok()? };
    Some((nt, parts.next().and_then(|build| build.trim().parse().ok())))
}

impl TryFrom<String> for Nt {
    type Error = String;
    fn try_from(text: String) -> Result<Nt, String> {
        version(&text).map(|(nt, _)| nt).ok_or_else(|| format!("not a Windows NT version: `{text}`"))
    }
}

impl fmt::Display for Nt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

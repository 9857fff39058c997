//! Controls as data: what is set on a host to take a weapon's way in away, for every system it serves.
//!
//! The files are `data/controls/*.toml`; their README describes the fields.

use crate::system::{Nt, System};
use model::{Arch, Family, Port};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::LazyLock};

/// All controls, by id.
#[derive(Debug, Clone, PartialEq)]
pub struct Controls {
    by_id: BTreeMap<String, Control>,
}

/// One control with the ways to do it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    pub id: String,
    /// Codes of `control.breaks.<code>`: what stops working.
    pub breaks: Vec<String>,
    /// Where the setting is documented.
    pub source: String,
    #[serde(default)]
    pub domain_controller: DomainController,
    #[serde(default, rename = "companion")]
    pub companions: Vec<Companion>,
    #[serde(rename = "variant")]
    pub variants: Vec<Variant>,
}

/// What is never offered on a domain controller.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DomainController {
    pub never: bool,
    pub ports: Vec<Port>,
    pub services: Vec<String>,
}

/// Ports that are closed together with another one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    pub port: Port,
    pub also: Vec<Port>,
}

/// One way to do a control, for some systems.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub id: String,
    pub systems: Vec<Systems>,
    #[serde(default)]
    pub needs: Needs,
    #[serde(default)]
    pub reboot: bool,
    /// What stops working beyond what the control says.
    #[serde(default)]
    pub breaks: Vec<String>,
    #[serde(default)]
    pub never_on_domain_controller: bool,
    #[serde(rename = "operation")]
    pub operations: Vec<Operation>,
}

/// A range of systems. Every field that is given must hold.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Systems {
    pub from: Nt,
    pub to: Option<Nt>,
    pub build_from: Option<u32>,
    pub build_to: Option<u32>,
    pub family: Option<Family>,
    /// Words of which the edition must contain one.
    #[serde(default)]
    pub editions: Vec<String>,
    pub service_pack_min: Option<u8>,
    #[serde(default)]
    pub archs: Vec<Arch>,
}

/// What must be there before anything is changed. Administrator rights are always needed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Needs {
    pub tools: Vec<Tool>,
    pub services: Vec<String>,
}

/// A program a script calls. Where it is, is the renderer's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    Reg,
    Sc,
    Netsh,
    Powershell,
    Dism,
    Cscript,
    Iisext,
    Ipseccmd,
    Ipsecpol,
    Rundll32,
    Citool,
}

/// Something that is saved, set, read back and undone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    RegistryKey {
        key: String,
    },
    RegistryValue {
        key: String,
        name: String,
        #[serde(rename = "type")]
        kind: ValueKind,
        /// As `reg query` prints it: `0x1`, `a\0b`.
        data: String,
    },
    /// The same value in every key below `key` whose name starts with `prefix`.
    RegistryValuePerInterface {
        key: String,
        prefix: String,
        name: String,
        #[serde(rename = "type")]
        kind: ValueKind,
        data: String,
    },
    /// Start type `disabled`, and stopped. Without names: the services the plan's step names.
    Service {
        names: Vec<String>,
        stop: bool,
    },
    FirewallOn {},
    /// Blocks the ports of the plan's step.
    FirewallRule {},
    XpFirewall {},
    IpsecStatic {},
    IpsecTool {
        tool: Tool,
    },
    PowershellValue {
        subject: String,
        get: String,
        /// With `{value}` where the value goes.
        set: String,
        value: String,
        /// The only values that are accepted as a prior state.
        values: Vec<String>,
    },
    OptionalFeature {
        feature: String,
    },
    UnsharePrinters {},
    #[serde(rename = "iis6-extension")]
    Iis6Extension {
        extension: String,
        file: String,
    },
    ApplockerPolicy {},
    AppControlPolicy {},
    /// Read-back only, after the restart: nobody listens on the port.
    Listener {
        port: Port,
    },
    /// Read-back only: a program outside the listed folders does not run.
    Canary {},
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ValueKind {
    #[serde(rename = "REG_DWORD")]
    Dword,
    #[serde(rename = "REG_SZ")]
    Sz,
    #[serde(rename = "REG_EXPAND_SZ")]
    ExpandSz,
    #[serde(rename = "REG_MULTI_SZ")]
    MultiSz,
}

impl ValueKind {
    pub fn name(self) -> &'static str {
        match self {
            ValueKind::Dword => "REG_DWORD",
            ValueKind::Sz => "REG_SZ",
            ValueKind::ExpandSz => "REG_EXPAND_SZ",
            ValueKind::MultiSz => "REG_MULTI_SZ",
        }
    }
}

/// A control file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("cannot read control `{id}`")]
    Read { id: String, source: Box<toml::de::Error> },
    #[error("control file `{file}` holds control `{id}`")]
    Name { file: String, id: String },
}

static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/controls.rs"));

static BUILTIN: LazyLock<Controls> = LazyLock::new(|| {
    Controls::read(EMBEDDED.iter().copied()).unwrap_or_else(|error| {
        // The schema test reads the same bytes; a broken file does not get this far.
        unreachable!("embedded controls: {error}")
    })
});

impl Controls {
    /// The controls the product ships.
    pub fn builtin() -> &'static Controls {
        &BUILTIN
    }

    /// Reads control files, each named by its stem.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Controls, ControlError> {
        let mut by_id = BTreeMap::new();
        for (file, text) in files {
            let control: Control = toml::from_str(text)
                .map_err(|source| ControlError::Read { id: file.to_owned(), source: Box::new(source) })?;
            if control.id != file {
                return Err(ControlError::Name { file: file.to_owned(), id: control.id });
            }
            by_id.insert(control.id.clone(), control);
        }
        Ok(Controls { by_id })
    }

    pub fn get(&self, id: &str) -> Option<&Control> {
        self.by_id.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Control> {
        self.by_id.values()
    }
}

impl Control {
    /// The first variant that serves the system.
    pub fn variant(&self, system: &System) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.systems.iter().any(|range| range.holds(system)))
    }

    /// The ports and those that are closed with them.
    pub fn with_companions(&self, ports: impl IntoIterator<Item = Port>) -> Vec<Port> {
        let mut all: Vec<Port> = ports.into_iter().collect();
        for companion in &self.companions {
            if all.contains(&companion.port) {
                all.extend(companion.also.iter().copied());
            }
        }
        all.sort();
        all.dedup();
        all
    }
}

impl Systems {
    fn holds(&self, system: &System) -> bool {
        let build = system.build.unwrap_or_default();
        let edition = system.edition.as_deref().unwrap_or_default().to_ascii_lowercase();
        system.nt >= self.from
            && self.to.is_none_or(|to| system.nt <= to)
            // Builds tell the releases of one version apart; below that version they say nothing.
            && self.build_from.is_none_or(|from| build >= from)
            && self.build_to.is_none_or(|to| build <= to)
            && self.family.is_none_or(|family| system.family == Some(family))
            && (self.editions.is_empty()
                || self.editions.iter().any(|word| edition.contains(&word.to_ascii_lowercase())))
            && self.service_pack_min.is_none_or(|min| system.service_pack.unwrap_or_default() >= min)
            && (self.archs.is_empty() || system.arch.is_some_and(|arch| self.archs.contains(&arch)))
    }
}

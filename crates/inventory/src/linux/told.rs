//! The words, as codes, for changes and for the states that stand in them.

use super::{Change, Password, UnitState};
use model::Message;

impl Change {
    /// What is told to people.
    pub fn message(&self) -> Message {
        let said = |code: &str| Message::new(code);
        let turned = |code: &str, name: &str, before: &str, after: &str| {
            said(code).with("name", name).with("before", before).with("after", after)
        };
        let nobody = |process: &Option<String>| process.clone().unwrap_or_else(|| "?".to_owned());
        match self {
            Change::PackageAdded { name, version } => {
                said("linux.change-package-added").with("name", name).with("version", version)
            }
            Change::PackageRemoved { name, version } => {
                said("linux.change-package-removed").with("name", name).with("version", version)
            }
            Change::PackageChanged { name, before, after } => turned("linux.change-package", name, before, after),
            Change::PortOpened { port, address, process } => said("linux.change-port-opened")
                .with("port", port)
                .with("address", address)
                .with("process", nobody(process)),
            Change::PortClosed { port, address, process } => said("linux.change-port-closed")
                .with("port", port)
                .with("address", address)
                .with("process", nobody(process)),
            Change::PortTaken { port, address, before, after } => {
                let message = said("linux.change-port-taken").with("port", port).with("address", address);
                message.with("before", nobody(before)).with("after", nobody(after))
            }
            Change::AccountAdded { name, user_id } => {
                said("linux.change-account-added").with("name", name).number("id", *user_id)
            }
            Change::AccountRemoved { name, user_id } => {
                said("linux.change-account-removed").with("name", name).number("id", *user_id)
            }
            Change::AccountRenumbered { name, before, after } => {
                said("linux.change-account-number").with("name", name).number("before", *before).number("after", *after)
            }
            Change::PasswordChanged { name, before, after } => {
                let message = said("linux.change-password").with("name", name);
                message.reason("before", before.message()).reason("after", after.message())
            }
            Change::PowerGiven { name, group } => {
                said("linux.change-power-given").with("name", name).with("group", group)
            }
            Change::PowerTaken { name, group } => {
                said("linux.change-power-taken").with("name", name).with("group", group)
            }
            Change::UnitAdded { name } => said("linux.change-unit-added").with("name", name),
            Change::UnitRemoved { name } => said("linux.change-unit-removed").with("name", name),
            Change::UnitChanged { name, before, after } => {
                let message = said("linux.change-unit").with("name", name);
                message.reason("before", before.message()).reason("after", after.message())
            }
            Change::CommandChanged { name, before, after } => turned("linux.change-command", name, before, after),
            Change::CertificateAdded { path, subject } => {
                said("linux.change-certificate-added").with("path", path).with("subject", subject)
            }
            Change::CertificateRemoved { path, subject } => {
                said("linux.change-certificate-removed").with("path", path).with("subject", subject)
            }
            Change::KernelChanged { before, after } => {
                said("linux.change-kernel").with("before", before).with("after", after)
            }
            Change::SystemChanged { before, after } => {
                said("linux.change-system").with("before", before).with("after", after)
            }
        }
    }
}

impl Password {
    pub fn message(self) -> Message {
        Message::new(match self {
            Password::Unknown => "linux.password-unknown",
            Password::Empty => "linux.password-empty",
            Password::Never => "linux.password-never",
            Password::Locked => "linux.password-locked",
            Password::Set => "linux.password-set",
        })
    }
}

impl UnitState {
    pub fn message(self) -> Message {
        Message::new(match self {
            UnitState::Unknown => "linux.unit-unknown",
            UnitState::Enabled => "linux.unit-enabled",
            UnitState::Disabled => "linux.unit-disabled",
            UnitState::Static => "linux.unit-static",
            UnitState::Masked => "linux.unit-masked",
        })
    }
}

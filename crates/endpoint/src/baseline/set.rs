//! Setting what a check expects, and undoing it. What was there before is known before anything changes.

use super::lines;
use super::machine::{Machine, program_failed};
use super::read::kernel_path;
use inventory::linux::{Password, accounts};
use model::Message;
use policy::baseline::{Check, Read, Reading, Way};
use serde::{Deserialize, Serialize};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const FILE_BYTES_MAX: u64 = 1 << 20;
const ACCOUNTS_BYTES_MAX: u64 = 16 << 20;
/// What a check is said to break that takes the way in from everybody but another administrator.
const ROOT_LOGIN: &str = "root-login";
/// Groups whose members are administrators by `sudo` or `su`.
const ADMINISTRATORS: &[&str] = &["sudo", "wheel", "admin"];

/// What undoes a setting: what was there before, and which files are ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Prior {
    Sysctl { key: String, file: String, value: String },
    Sshd { key: String, file: String },
    Unit { name: String, state: String },
    Line { file: String, key: String, lines: Vec<String> },
    Mode { path: String, mode: u32 },
}

impl Prior {
    /// What is there now, for a check that is to be set; none when only a person can.
    ///
    /// # Errors
    /// When it cannot be read well enough to be put back.
    pub fn of(machine: &Machine, check: &Check, way: &Way, read: &Read) -> Result<Option<Prior>, Message> {
        let unreadable = || Message::new("baseline.prior-unread");
        let value = || if let Read::Value(value) = read { Ok(value.clone()) } else { Err(unreadable()) };
        Ok(Some(match &way.reading {
            Reading::Sysctl { key } => {
                Prior::Sysctl { key: key.clone(), file: sysctl_file(&check.id), value: value()? }
            }
            Reading::Sshd { key } => Prior::Sshd { key: key.clone(), file: sshd_file(&check.id) },
            Reading::Unit { name } => Prior::Unit { name: name.clone(), state: value()? },
            Reading::Line { file, key } => {
                let text = text(machine, file)?;
                Prior::Line { file: file.clone(), key: key.clone(), lines: lines::lines(&text, key) }
            }
            Reading::Mode { path } => {
                let metadata = fs::metadata(machine.path(path)).map_err(|error| Message::from(&error))?;
                Prior::Mode { path: path.clone(), mode: metadata.mode() & 0o7777 }
            }
            _ => return Ok(None),
        }))
    }

    /// Sets it, at once and for the next start; gives what a person may still have to do.
    ///
    /// # Errors
    /// With what did not go; what was done until then is undone by [`Prior::undo`].
    pub fn set(&self, machine: &Machine, value: &str) -> Result<Option<Message>, Message> {
        match self {
            Prior::Sysctl { key, file, .. } => {
                in_folder(machine, file)?;
                put(machine, file, &format!("{key} = {value}\n"))?;
                machine.tell_kernel(&kernel_path(key), value).map_err(|error| Message::from(&error)).map(|()| None)
            }
            Prior::Sshd { key, file } => {
                in_folder(machine, file)?;
                put(machine, file, &format!("{key} {value}\n"))?;
                done(machine, "sshd", &["-t"])?;
                Ok(reload(machine).err())
            }
            Prior::Unit { name, .. } => done(machine, "systemctl", &["mask", "--now", name]).map(|()| None),
            Prior::Line { file, key, .. } => {
                let line = format!("{key}\t{value}");
                put(machine, file, &lines::with(&text(machine, file)?, key, &[line])).map(|()| None)
            }
            Prior::Mode { path, mode } => {
                let most = u32::from_str_radix(value, 8).map_err(|_| Message::new("baseline.prior-unread"))?;
                // Nobody gets a permission that he did not have.
                chmod(machine, path, mode & most).map(|()| None)
            }
        }
    }

    /// Puts back what was there before.
    ///
    /// # Errors
    /// With what did not go.
    pub fn undo(&self, machine: &Machine) -> Result<(), Message> {
        self.let_go(machine)?;
        match self {
            Prior::Sysctl { key, value, .. } => {
                machine.tell_kernel(&kernel_path(key), value).map_err(|error| Message::from(&error))
            }
            Prior::Sshd { .. } => Ok(()),
            Prior::Unit { name, state } => {
                done(machine, "systemctl", &["unmask", name])?;
                if state == "enabled" { done(machine, "systemctl", &["enable", "--now", name]) } else { Ok(()) }
            }
            Prior::Line { file, key, lines: before } => {
                put(machine, file, &lines::with(&text(machine, file)?, key, before))
            }
            Prior::Mode { path, mode } => chmod(machine, path, *mode),
        }
    }

    /// Removes what is ours, and leaves everything else as it is by now.
    ///
    /// # Errors
    /// When our file cannot be removed.
    pub fn let_go(&self, machine: &Machine) -> Result<(), Message> {
        match self {
            Prior::Sysctl { file, .. } => machine.remove(file).map_err(|error| Message::from(&error)),
            Prior::Sshd { file, .. } => {
                machine.remove(file).map_err(|error| Message::from(&error))?;
                // A server that does not run reads its settings when it begins.
                let _ = reload(machine);
                Ok(())
            }
            Prior::Unit { .. } | Prior::Line { .. } | Prior::Mode { .. } => Ok(()),
        }
    }
}

/// Why setting a check would lock everybody out of this machine; none when it would not.
pub fn locks_out(machine: &Machine, check: &Check) -> Option<Message> {
    let takes_root = check.breaks.iter().any(|code| code == ROOT_LOGIN);
    (takes_root && !has_another_administrator(machine)).then(|| Message::new("baseline.only-root"))
}

/// Whether anybody but root can log in and become root. What cannot be read is no.
fn has_another_administrator(machine: &Machine) -> bool {
    let file = |path: &str| machine.file(path, ACCOUNTS_BYTES_MAX).ok();
    let (Some(passwd), Some(group)) = (file("/etc/passwd"), file("/etc/group")) else { return false };
    let groups = accounts::groups(&group).value;
    let all = accounts::read(&passwd, file("/etc/shadow").as_deref()).value;
    all.iter().filter(|account| account.login && account.user_id != 0).any(|account| {
        let administers = groups
            .iter()
            .filter(|group| ADMINISTRATORS.contains(&group.name.as_str()))
            .any(|group| group.group_id == account.group_id || group.members.contains(&account.name));
        let key = format!("{}/.ssh/authorized_keys", account.home);
        let has_key = fs::metadata(machine.path(&key)).is_ok_and(|metadata| metadata.len() > 0);
        administers && (account.password == Password::Set || has_key)
    })
}

fn sysctl_file(id: &str) -> String {
    // Behind what distributions have, which end at 99-sysctl.
    format!("/etc/sysctl.d/99-z-redoubt-{id}.conf")
}

fn sshd_file(id: &str) -> String {
    // The first that says something counts there.
    format!("/etc/ssh/sshd_config.d/00-redoubt-{id}.conf")
}

/// Only where there is a folder for such files is one of them read.
fn in_folder(machine: &Machine, file: &str) -> Result<(), Message> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_there = machine.path(folder).is_dir();
    if is_there { Ok(()) } else { Err(Message::new("baseline.no-folder").with("path", folder)) }
}

fn text(machine: &Machine, file: &str) -> Result<String, Message> {
    let bytes = machine.file(file, FILE_BYTES_MAX).map_err(|error| Message::from(&error))?;
    // What is not text would not come back as it was.
    String::from_utf8(bytes).map_err(|_| Message::new("baseline.prior-unread"))
}

fn put(machine: &Machine, file: &str, text: &str) -> Result<(), Message> {
    machine.put(file, text.as_bytes()).map_err(|error: io::Error| Message::from(&error))
}

fn chmod(machine: &Machine, path: &str, mode: u32) -> Result<(), Message> {
    fs::set_permissions(machine.path(path), Permissions::from_mode(mode)).map_err(|error| Message::from(&error))
}

fn done(machine: &Machine, program: &str, arguments: &[&str]) -> Result<(), Message> {
    let said = machine.run(program, arguments)?;
    if said.went { Ok(()) } else { Err(program_failed(program).with("why", said.why())) }
}

/// Has the server of SSH read its settings, by either name that distributions give it. Who is logged in stays so.
fn reload(machine: &Machine) -> Result<(), Message> {
    let names = ["ssh.service", "sshd.service"];
    let reloads = |name: &&str| done(machine, "systemctl", &["reload", name]).is_ok();
    if names.iter().any(reloads) { Ok(()) } else { Err(Message::new("baseline.not-reloaded")) }
}

//! The commands of each phase of a check, for a person to read or to type. They are made from words that were checked letter
//! by letter; what a machine says of its prior state is checked in the same way before it goes into one.

use super::check::{Check, Platform, Question, Reading, plain};
use model::Transport;

/// The phases of setting something, in the order they are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Save,
    Set,
    ReadBack,
    /// With what [`Phase::Save`] printed, without the blanks around it; nothing when it was not there.
    Undo,
}

impl Phase {
    pub const ALL: [Phase; 4] = [Phase::Save, Phase::Set, Phase::ReadBack, Phase::Undo];
}

/// What is typed for one phase; `prior` is only asked for undoing. None when there is no such command: a check that a
/// person puts right, a platform without, or a prior state that is no word.
pub fn commands(check: &Check, platform: Platform, phase: Phase, prior: Option<&str>) -> Option<Vec<String>> {
    let way = check.way(platform)?;
    if prior.is_some_and(|prior| plain(prior).is_err()) {
        return None;
    }
    match (phase, &way.set) {
        (Phase::Save | Phase::ReadBack, _) => read(&way.reading),
        (Phase::Set, Some(value)) => set(&way.reading, value, &check.id),
        (Phase::Undo, Some(_)) => undo(&way.reading, prior, &check.id),
        (Phase::Set | Phase::Undo, None) => None,
    }
}

fn read(reading: &Reading) -> Option<Vec<String>> {
    let command = match reading {
        Reading::Sysctl { key } => format!("sysctl -n {key}"),
        Reading::Sshd { key } => format!("sshd -T | awk '$1 == \"{key}\" {{ print $2 }}'"),
        Reading::Unit { name } => format!("systemctl is-enabled {name}"),
        Reading::Line { file, key } => format!("awk '$1 == \"{key}\" {{ print $2 }}' {file}"),
        Reading::Mode { path } => format!("stat -L -c %a {path}"),
        Reading::Listener { port } => {
            let only = match port.transport {
                Transport::Tcp => "-t",
                Transport::Udp => "-u",
                Transport::Sctp => "-S",
            };
            format!("ss -H -l -n {only} 'sport = :{}'", port.number)
        }
        Reading::Accounts { question: Question::UidZero } => {
            "awk -F: '$3 == 0 && $1 != \"root\" { print $1 }' /etc/passwd".to_owned()
        }
        Reading::Accounts { question: Question::EmptyPassword } => {
            "awk -F: '$2 == \"\" { print $1 }' /etc/shadow".to_owned()
        }
        Reading::Accounts { question: Question::SameUid } => {
            "awk -F: '{ if ($3 in name) print name[$3] \" \" $1; else name[$3] = $1 }' /etc/passwd".to_owned()
        }
        Reading::Registry { .. } | Reading::Service { .. } => return None,
    };
    Some(vec![command])
}

fn set(reading: &Reading, value: &str, id: &str) -> Option<Vec<String>> {
    Some(match reading {
        Reading::Sysctl { key } => {
            let file = sysctl_file(id);
            vec![format!("printf '{key} = {value}\\n' > {file}"), format!("sysctl -q -p {file}")]
        }
        Reading::Sshd { key } => {
            let file = sshd_file(id);
            vec![format!("printf '{key} {value}\\n' > {file}"), "sshd -t".to_owned(), RELOAD.to_owned()]
        }
        Reading::Unit { name } => vec![format!("systemctl mask --now {name}")],
        Reading::Line { file, key } => line(file, key, Some(value)),
        Reading::Mode { path } => vec![format!("chmod {value} {path}")],
        _ => return None,
    })
}

fn undo(reading: &Reading, prior: Option<&str>, id: &str) -> Option<Vec<String>> {
    Some(match (reading, prior) {
        (Reading::Sysctl { key }, Some(prior)) => {
            vec![format!("rm -f {}", sysctl_file(id)), format!("sysctl -q -w {key}={prior}")]
        }
        (Reading::Sysctl { .. }, None) => vec![format!("rm -f {}", sysctl_file(id))],
        (Reading::Sshd { .. }, _) => vec![format!("rm -f {}", sshd_file(id)), RELOAD.to_owned()],
        // One that was masked before stays so.
        (Reading::Unit { name }, Some("masked")) => vec![format!("systemctl is-enabled {name}")],
        (Reading::Unit { name }, Some("enabled")) => {
            vec![format!("systemctl unmask {name}"), format!("systemctl enable --now {name}")]
        }
        (Reading::Unit { name }, _) => vec![format!("systemctl unmask {name}")],
        (Reading::Line { file, key }, prior) => line(file, key, prior),
        (Reading::Mode { path }, Some(prior)) => vec![format!("chmod {prior} {path}")],
        _ => return None,
    })
}

/// Either unit is the server, by the distribution.
const RELOAD: &str = "systemctl reload ssh || systemctl reload sshd";

fn sysctl_file(id: &str) -> String {
    // Behind what distributions have, which end at 99-sysctl.
    format!("/etc/sysctl.d/99-z-redoubt-{id}.conf")
}

fn sshd_file(id: &str) -> String {
    // The first that says something counts there.
    format!("/etc/ssh/sshd_config.d/00-redoubt-{id}.conf")
}

fn line(file: &str, key: &str, value: Option<&str>) -> Vec<String> {
    let mut lines = vec![format!("sed -i '/^[[:blank:]]*{key}[[:blank:]]/d' {file}")];
    lines.extend(value.map(|value| format!("printf '{key}\\t{value}\\n' >> {file}")));
    lines
}

//! Unit files of systemd (systemd.unit(5)): what they start, as whom, and whether they can be enabled.

use super::{Reading, lines, some, value};

/// What a unit file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFile {
    pub description: Option<String>,
    /// The first command that it starts.
    pub command: Option<String>,
    pub user: Option<String>,
    /// Whether it has an `[Install]` section with anything in it, without which nobody can enable it.
    pub can_be_enabled: bool,
}

/// Reads a unit file.
pub fn read(bytes: &[u8]) -> Reading<UnitFile> {
    let mut reading = Reading::<UnitFile>::default();
    let mut section = String::new();
    let mut goes_on = false;
    for (number, line) in lines(bytes) {
        let line = line.trim_ascii();
        let of_the_line_before = std::mem::replace(&mut goes_on, line.ends_with(b"\\"));
        if of_the_line_before || line.is_empty() || matches!(line.first(), Some(b'#' | b';')) {
            continue;
        }
        if let Some(name) = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]")) {
            section = value(name);
            continue;
        }
        let Some(at) = line.iter().position(|byte| *byte == b'=') else {
            reading.odd("linux.no-assignment", number);
            continue;
        };
        let (key, rest) = line.split_at(at);
        let text = some(rest.get(1..).unwrap_or_default());
        let unit = &mut reading.value;
        match (section.as_str(), key.trim_ascii()) {
            ("Unit", b"Description") => unit.description = text,
            ("Service", b"ExecStart") => unit.command = unit.command.take().or(text),
            ("Service", b"User") => unit.user = text,
            ("Install", b"WantedBy" | b"RequiredBy" | b"Alias" | b"Also" | b"UpheldBy") => unit.can_be_enabled = true,
            _ => {}
        }
    }
    reading
}

/// The unit and the container that a process belongs to, by the lines of its `/proc/N/cgroup`.
pub fn unit_of(cgroup: &[u8]) -> Option<String> {
    let paths = lines(cgroup).filter_map(|(_, line)| std::str::from_utf8(line).ok()?.splitn(3, ':').nth(2));
    let unit = |path: &str| {
        let part = path.split('/').rfind(|part| ENDINGS.iter().any(|end| part.ends_with(end)))?;
        some(part.as_bytes())
    };
    paths.filter_map(unit).next()
}

/// Kinds of units that run processes.
const ENDINGS: &[&str] = &[".service", ".socket", ".scope"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_says_what_it_starts_and_as_whom() {
        let text = "[Unit]\nDescription=OpenBSD Secure Shell server\n\n[Service]\nExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D \\\n  $SSHD_OPTS\nUser = sshd\n\n[Install]\nWantedBy=multi-user.target\nnonsense\n";
        let reading = read(text.as_bytes());
        let unit = reading.value;
        assert_eq!(unit.description.as_deref(), Some("OpenBSD Secure Shell server"));
        assert_eq!(unit.command.as_deref(), Some("/usr/sbin/sshd -D \\"));
        assert_eq!((unit.user.as_deref(), unit.can_be_enabled), (Some("sshd"), true));
        assert_eq!(reading.oddities[0].line, Some(12));
        assert!(!read(b"[Service]\nExecStart=/bin/true\n[Install]\n").value.can_be_enabled);
    }

    #[test]
    fn a_process_names_its_unit() {
        for (cgroup, want) in [
            ("0::/system.slice/ssh.service\n", Some("ssh.service")),
            ("9:name=systemd:/\n0::/\n", None),
            ("1:name=systemd:/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope\n", Some("a.scope")),
            ("0::/system.slice/docker.service/inner\n", Some("docker.service")),
            ("x", None),
        ] {
            assert_eq!(unit_of(cgroup.as_bytes()).as_deref(), want, "{cgroup}");
        }
    }
}

//! What the kernel of this machine lets an agent do, and what protection is missing where it does not: each is tried, not
//! read off a version.

use crate::isolation::{self, Failed};
use crate::kernel::fan::{self, Group, Purpose, Scope};
use crate::kernel::freezer::Freezer;
use crate::kernel::processes::Connector;
use model::Message;
use serde::Serialize;
use std::io;
use std::path::Path;

/// One thing that protection stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub feature: Feature,
    pub state: State,
    /// Why it is missing or not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// This process may ask the kernel for all that.
    Root,
    /// The kernel asks before a file is opened.
    AskedBeforeOpening,
    /// And before what is in it is changed, also by its path (Linux 6.14).
    AskedBeforeChanging,
    /// It tells of files that are made, renamed and removed, with their names.
    ToldOfNames,
    /// It tells of each process that begins and ends.
    ToldOfProcesses,
    /// It says which call a thread waits in.
    CallsOfThreads,
    /// It describes its own types, which programs of eBPF need that run on any kernel.
    KernelTypes,
    /// Control groups are of the second kind, by which processes are told by service and container.
    ControlGroups,
    /// It has tables of what may pass the network (nf_tables), and lets this process make one.
    Isolation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Present,
    Missing,
    /// It cannot be tried without more rights.
    Unknown,
}

/// Tries everything. Nothing stays behind: what is watched for a moment is a folder of its own.
pub fn examine() -> Vec<Finding> {
    let root = rustix::process::geteuid().is_root();
    let exists = |path: &str| std::fs::metadata(path).map(drop);
    vec![
        finding(Feature::Root, if root { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }, true),
        finding(Feature::AskedBeforeOpening, watches(Purpose::Deciding, fan::OPEN | fan::CHILDREN), root),
        finding(Feature::AskedBeforeChanging, watches(Purpose::Deciding, fan::CONTENT | fan::CHILDREN), root),
        finding(Feature::ToldOfNames, watches(Purpose::Noticing, fan::CREATED | fan::DELETED), root),
        finding(Feature::ToldOfProcesses, Connector::new().map(drop), root),
        finding(Feature::CallsOfThreads, exists("/proc/thread-self/syscall"), true),
        finding(Feature::KernelTypes, exists("/sys/kernel/btf/vmlinux"), true),
        finding(Feature::ControlGroups, Freezer::new().map(drop), root),
        finding(Feature::Isolation, isolates(), root),
    ]
}

fn watches(purpose: Purpose, mask: u64) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    Group::new(purpose)?.watch(folder.path(), Scope::Inode, mask)
}

fn isolates() -> io::Result<()> {
    isolation::try_it().map_err(|failed| match failed {
        Failed::Missing(error) | Failed::Refused(error) => error.into(),
        Failed::NotSo | Failed::NoAddress => io::ErrorKind::Other.into(),
    })
}

fn finding(feature: Feature, tried: io::Result<()>, may_try: bool) -> Finding {
    let state = match &tried {
        Ok(()) => State::Present,
        Err(_) if may_try => State::Missing,
        Err(_) => State::Unknown,
    };
    Finding { feature, state, why: tried.err().map(|error| Message::from(&error)) }
}

impl Finding {
    /// What it is, and what is missing without it.
    pub fn message(&self) -> Message {
        let feature = Message::new(self.feature.code());
        match (self.state, &self.why) {
            (State::Present, _) => Message::new("doctor.present").reason("feature", feature),
            (State::Missing, why) => Message::new("doctor.missing")
                .reason("feature", feature)
                .reason("without", Message::new(self.feature.without()))
                .reason("why", why.clone().unwrap_or_else(|| Message::new("doctor.no-reason"))),
            (State::Unknown, _) => Message::new("doctor.unknown").reason("feature", feature),
        }
    }
}

impl Feature {
    fn code(self) -> &'static str {
        match self {
            Feature::Root => "doctor.root",
            Feature::AskedBeforeOpening => "doctor.before-opening",
            Feature::AskedBeforeChanging => "doctor.before-changing",
            Feature::ToldOfNames => "doctor.names",
            Feature::ToldOfProcesses => "doctor.processes",
            Feature::CallsOfThreads => "doctor.calls",
            Feature::KernelTypes => "doctor.types",
            Feature::ControlGroups => "doctor.groups",
            Feature::Isolation => "doctor.isolation",
        }
    }

    fn without(self) -> &'static str {
        match self {
            Feature::Root => "doctor.without-root",
            Feature::AskedBeforeOpening => "doctor.without-before-opening",
            Feature::AskedBeforeChanging => "doctor.without-before-changing",
            Feature::ToldOfNames => "doctor.without-names",
            Feature::ToldOfProcesses => "doctor.without-processes",
            Feature::CallsOfThreads => "doctor.without-calls",
            Feature::KernelTypes => "doctor.without-types",
            Feature::ControlGroups => "doctor.without-groups",
            Feature::Isolation => "doctor.without-isolation",
        }
    }
}

/// The release of the kernel that runs.
pub fn kernel() -> Option<String> {
    let release = std::fs::read_to_string(Path::new("/proc/sys/kernel/osrelease")).ok()?;
    Some(release.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_kernel_can_is_what_a_try_says() {
        let findings = examine();
        assert_eq!(findings.len(), 9);
        for finding in &findings {
            assert_eq!(finding.why.is_none(), finding.state == State::Present, "{finding:?}");
        }
        let state = |feature| findings.iter().find(|finding| finding.feature == feature).unwrap().state;
        if !rustix::process::geteuid().is_root() {
            assert_eq!(state(Feature::AskedBeforeOpening), State::Unknown);
            return eprintln!("SKIPPED: not root, so that the kernel lets nobody watch");
        }
        // A later kernel can what an earlier one could.
        if state(Feature::AskedBeforeChanging) == State::Present {
            assert_eq!(state(Feature::AskedBeforeOpening), State::Present);
        }
        let types = Path::new("/sys/kernel/btf/vmlinux").exists();
        assert_eq!(state(Feature::KernelTypes) == State::Present, types);
    }

    #[test]
    fn what_cannot_be_tried_is_not_called_missing() {
        let refused = || Err(io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(finding(Feature::ToldOfNames, refused(), false).state, State::Unknown);
        assert_eq!(finding(Feature::ToldOfNames, refused(), true).message().code, "doctor.missing");
        assert_eq!(finding(Feature::ToldOfNames, Ok(()), false).message().code, "doctor.present");
    }
}

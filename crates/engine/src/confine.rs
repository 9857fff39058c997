//! What a question may reach: the files of the lake to read, its own folder to write, and so much memory.

use model::Message;
use query::Asked;

/// What a process that answers may reach beside its own folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The files of the lake.
    Files,
    /// Those, and other machines, which read them.
    Machines,
}

/// Gives up everything a question does not need, for good.
pub fn confine(asked: &Asked, reach: Reach) -> Result<(), Message> {
    #[cfg(target_os = "linux")]
    linux::confine(asked, reach)?;
    #[cfg(not(target_os = "linux"))]
    let _ = (asked, reach);
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use crate::ask::{READERS, STACK_BYTES};
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreatedAttr,
    };
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    use std::collections::BTreeMap;
    use std::path::Path;

    /// Recording comes before asking: the least share of a core that is wanted elsewhere.
    const NICE: libc::c_int = 19;

    pub fn confine(asked: &Asked, reach: Reach) -> Result<(), Message> {
        let failed = |error: std::io::Error| Message::new("query.confine").reason("cause", &error);
        let limits = &asked.limits;
        // Stacks count whole from the beginning, however little of them is used.
        let stacks = limits.threads.saturating_mul(2).saturating_add(READERS + 1).saturating_mul(STACK_BYTES);
        limit(libc::RLIMIT_DATA, limits.memory_bytes.saturating_add(stacks as u64)).map_err(failed)?;
        // Above the time that is measured by the clock: every thread may have used all of it.
        limit(libc::RLIMIT_CPU, limits.seconds.saturating_add(5).saturating_mul(limits.threads as u64 + 1))
            .map_err(failed)?;
        limit(libc::RLIMIT_CORE, 0).map_err(failed)?;
        limit(libc::RLIMIT_FSIZE, limits.spill_bytes.max(limits.result_bytes)).map_err(failed)?;
        // SAFETY: plain calls with numbers; the priority of this process only.
        unsafe {
            libc::setpriority(libc::PRIO_PROCESS, 0, NICE);
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        }
        only_these_files(asked, reach).map_err(failed)?;
        only_this_process(reach).map_err(failed)
    }

    #[allow(clippy::cast_possible_wrap)]
    fn limit(what: libc::__rlimit_resource_t, most: u64) -> std::io::Result<()> {
        let most = libc::rlimit { rlim_cur: most, rlim_max: most };
        // SAFETY: `most` lives until the call returns.
        if unsafe { libc::setrlimit(what, &most) } == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    }

    /// Landlock, where the kernel has it. Where not, what SQL can reach is what the engine lets it: no file.
    fn only_these_files(asked: &Asked, reach: Reach) -> std::io::Result<()> {
        let abi = ABI::V4;
        let other = std::io::Error::other::<landlock::RulesetError>;
        let read = AccessFs::from_read(abi) & !AccessFs::Execute;
        let mut rules = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))
            .and_then(|rules| match reach {
                Reach::Files => rules.handle_access(AccessNet::from_all(abi)),
                Reach::Machines => rules.handle_access(AccessNet::BindTcp),
            })
            .and_then(|rules| rules.create())
            .map_err(other)?;
        let mut allow = |path: &Path, access| -> std::io::Result<()> {
            let Ok(folder) = PathFd::new(path) else { return Ok(()) };
            let rule = PathBeneath::new(folder, access);
            (&mut rules).add_rule(rule).map(|_| ()).map_err(std::io::Error::other::<landlock::RulesetError>)
        };
        allow(&asked.lake, read)?;
        if let Some(tables) = &asked.tables {
            allow(tables, read)?;
        }
        allow(&asked.folder, AccessFs::from_all(abi) & !AccessFs::Execute)?;
        if let Some(certificates) = asked.cluster.as_ref().and_then(|cluster| cluster.certificates.as_ref()) {
            allow(certificates, read)?;
        }
        if reach == Reach::Machines {
            // What other machines are to read for this question, and how names of machines are looked up.
            allow(&asked.lake.join(crate::ask::ASKED), AccessFs::from_all(abi) & !AccessFs::Execute)?;
            for path in ["/etc", "/run/systemd/resolve", "/lib", "/usr/lib", "/dev/urandom"] {
                allow(Path::new(path), AccessFs::from_read(abi))?;
            }
        }
        // How many cores there are, and how much memory this process has.
        for path in ["/proc/self", "/sys/devices/system/cpu", "/sys/fs/cgroup"] {
            allow(Path::new(path), read)?;
        }
        rules.restrict_self().map(|_| ()).map_err(other)
    }

    /// No other program, and no socket that leads out of the process where it needs none.
    fn only_this_process(reach: Reach) -> std::io::Result<()> {
        let sockets = [libc::SYS_socket, libc::SYS_connect];
        let sockets = sockets.into_iter().filter(|_| reach == Reach::Files);
        let refused = [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_io_uring_setup,
        ];
        let rules: BTreeMap<i64, _> = sockets.chain(refused).map(|call| (call, Vec::new())).collect();
        let Ok(arch) = std::env::consts::ARCH.try_into() else { return Ok(()) };
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).map_err(std::io::Error::other)?;
        let program: BpfProgram =
            filter.try_into().map_err(|error: seccompiler::BackendError| std::io::Error::other(error))?;
        seccompiler::apply_filter_all_threads(&program).map_err(std::io::Error::other)
    }
}

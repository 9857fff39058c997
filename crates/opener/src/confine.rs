//! What a process that opens a file gives up, for good: all files, all other programs, the network, most calls of the
//! kernel, memory beyond its limit, and the user that it was started as, where that is root.

use analysis::Costs;
use std::io;

/// Makes the filters of calls once for all copies.
///
/// # Errors
/// When there are none for this machine.
pub fn make_ready() -> io::Result<()> {
    linux::filters().map(|_| ())
}

/// Before files are opened: no file and no network, for this process and all copies of it.
pub fn no_files() -> io::Result<bool> {
    linux::no_files()
}

/// In the copy that opens one file: everything else.
pub fn only_this_file(costs: &Costs) -> io::Result<()> {
    linux::another_user()?;
    linux::limits(costs)?;
    linux::only_these_calls()
}

mod linux {
    use super::*;
    use crate::sys;
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus, Scope,
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };
    use std::collections::BTreeMap;
    use std::sync::OnceLock;

    /// Nobody: owns nothing and runs nothing.
    const NOBODY: u32 = 65_534;

    /// Recording and answering come first.
    const NICE: i32 = 10;

    pub fn no_files() -> io::Result<bool> {
        let abi = ABI::V6;
        let other = io::Error::other::<landlock::RulesetError>;
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
            .and_then(|rules| rules.scope(Scope::from_all(abi)))
            .and_then(|rules| rules.create())
            .and_then(|rules| rules.restrict_self())
            .map_err(other)?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }

    pub fn another_user() -> io::Result<()> {
        if !sys::is_root() {
            return Ok(());
        }
        match sys::become_user(NOBODY) {
            // A container may know no such user, or let nobody change: it stays who it is, which `check` tells, and everything
            // else holds it.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EPERM)) => Ok(()),
            done => done,
        }
    }

    pub fn limits(costs: &Costs) -> io::Result<()> {
        let has = sys::data_bytes();
        sys::limit(libc::RLIMIT_DATA, costs.memory_bytes.saturating_add(has))?;
        sys::limit(libc::RLIMIT_CPU, costs.seconds.saturating_add(5))?;
        sys::limit(libc::RLIMIT_CORE, 0)?;
        sys::limit(libc::RLIMIT_FSIZE, 0)?;
        sys::limit(libc::RLIMIT_NOFILE, 16)?;
        sys::be_nice(NICE);
        sys::undumpable()
    }

    /// The stricter of two filters counts.
    pub fn only_these_calls() -> io::Result<()> {
        filters()?.iter().try_for_each(|filter| seccompiler::apply_filter(filter).map_err(io::Error::other))
    }

    /// What reading needs is allowed. What only a reader that was taken over would want ends the process, so that it is
    /// seen; all else is refused, as libraries ask for this and that and go on without.
    pub fn filters() -> io::Result<&'static [BpfProgram; 2]> {
        static FILTERS: OnceLock<[BpfProgram; 2]> = OnceLock::new();
        if let Some(filters) = FILTERS.get() {
            return Ok(filters);
        }
        let mut allowed: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
        // Memory may be had, but nothing that was written becomes code.
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            allowed.insert(call, vec![not_executable()?]);
        }
        let hostile: BTreeMap<i64, Vec<SeccompRule>> = HOSTILE.iter().map(|call| (*call, Vec::new())).collect();
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let hostile = filter(hostile, SeccompAction::Allow, SeccompAction::KillProcess)?;
        let made = [hostile, filter(allowed, refuse, SeccompAction::Allow)?];
        Ok(FILTERS.get_or_init(|| made))
    }

    fn filter(
        rules: BTreeMap<i64, Vec<SeccompRule>>,
        otherwise: SeccompAction,
        when: SeccompAction,
    ) -> io::Result<BpfProgram> {
        let Ok(arch) = std::env::consts::ARCH.try_into() else {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        };
        let filter = SeccompFilter::new(rules, otherwise, when, arch).map_err(io::Error::other)?;
        filter.try_into().map_err(|error: seccompiler::BackendError| io::Error::other(error))
    }

    fn not_executable() -> io::Result<SeccompRule> {
        let mask = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
        let condition = SeccompCondition::new(2, SeccompCmpArgLen::Dword, mask, 0).map_err(io::Error::other)?;
        SeccompRule::new(vec![condition]).map_err(io::Error::other)
    }

    const ALLOWED: &[i64] = &[
        libc::SYS_read,
        libc::SYS_pread64,
        libc::SYS_write,
        libc::SYS_lseek,
        libc::SYS_fstat,
        libc::SYS_close,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_clone,
        libc::SYS_clone3,
        libc::SYS_rseq,
        libc::SYS_set_robust_list,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_getpid,
        libc::SYS_getppid,
        libc::SYS_gettid,
        libc::SYS_tgkill,
        libc::SYS_membarrier,
        libc::SYS_prctl,
    ];

    const HOSTILE: &[i64] = &[
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_io_uring_setup,
        libc::SYS_bpf,
        libc::SYS_keyctl,
        libc::SYS_userfaultfd,
        libc::SYS_perf_event_open,
        libc::SYS_mount,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_kexec_load,
        libc::SYS_setuid,
        libc::SYS_setresuid,
    ];
}

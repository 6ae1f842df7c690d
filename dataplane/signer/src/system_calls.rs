//! The one list of what the signer may ask of the kernel, in groups with their reasons.
//! `confinement.rs` makes its filters from it, the unit in image/ names the same calls,
//! and the tests hold both to it. Never one that starts a program, reaches another process
//! or opens a way out.

use libc::{
    AF_UNIX, CLONE_THREAD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, F_GETLK, F_SETFD, F_SETFL, F_SETLK,
    PR_SET_NAME, PR_SET_NO_NEW_PRIVS, PROT_EXEC,
};

use crate::keygen::NICE;
use Phase::{Loading, Serving, Starting};

/// Until when a call is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Until the signer's first filter: for one of whoever starts it, as the unit's.
    Loading,
    /// Until the store is open and the socket bound.
    Starting,
    /// As long as the process lives.
    Serving,
}

/// What an argument must be: `argument & mask == value`.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// Its place, from 0.
    pub argument: u8,
    pub mask: u64,
    pub value: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// As in libc: `SYS_read`.
    constant: &'static str,
    pub number: i64,
    /// One of them must hold; none: whatever the arguments.
    pub only: &'static [Condition],
}

impl Call {
    /// As in the manual and in a unit: `read`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.constant.strip_prefix("SYS_").unwrap_or(self.constant)
    }
}

pub struct Group {
    pub phase: Phase,
    pub why: &'static str,
    pub calls: &'static [Call],
}

/// That int. The kernel takes 32 bits of one.
const fn is(argument: u8, value: i32) -> Condition {
    Condition {
        argument,
        mask: u32::MAX as u64,
        value: value as u32 as u64,
    }
}

const fn null(argument: u8) -> Condition {
    Condition {
        argument,
        mask: u64::MAX,
        value: 0,
    }
}

const fn with(argument: u8, flag: i32) -> Condition {
    Condition {
        argument,
        mask: flag as u64,
        value: flag as u64,
    }
}

const fn without(argument: u8, flag: i32) -> Condition {
    Condition {
        argument,
        mask: flag as u64,
        value: 0,
    }
}

macro_rules! calls {
    ($($constant:ident $(if $($only:expr),+)?);* $(;)?) => {
        &[$(Call {
            constant: stringify!($constant),
            number: libc::$constant,
            only: &[$($($only),+)?],
        }),*]
    };
}

/// A call may stand in several groups: what any of them allows is allowed.
pub const GROUPS: &[Group] = &[
    Group {
        phase: Serving,
        why: "memory, none of it ever executable",
        calls: calls![
            SYS_mmap if without(2, PROT_EXEC); SYS_mprotect if without(2, PROT_EXEC);
            SYS_munmap; SYS_mremap; SYS_madvise; SYS_brk;
        ],
    },
    Group {
        phase: Serving,
        // clone3 has its flags in memory, where no filter sees them: libc takes clone instead.
        why: "threads, and no process",
        calls: calls![
            SYS_clone if with(0, CLONE_THREAD);
            SYS_futex; SYS_set_robust_list; SYS_rseq; SYS_sigaltstack; SYS_gettid;
            SYS_sched_getaffinity; SYS_sched_yield; SYS_exit;
            SYS_prctl if is(0, PR_SET_NAME);
            SYS_setpriority if is(2, NICE);
            SYS_prlimit64 if null(2);
        ],
    },
    Group {
        phase: Serving,
        why: "signals to itself, time, the end",
        calls: calls![
            SYS_rt_sigaction; SYS_rt_sigprocmask; SYS_rt_sigreturn; SYS_restart_syscall;
            SYS_clock_gettime; SYS_clock_nanosleep; SYS_nanosleep; SYS_getpid; SYS_exit_group;
        ],
    },
    Group {
        phase: Serving,
        why: "randomness",
        calls: calls![SYS_getrandom],
    },
    Group {
        phase: Serving,
        why: "the store's files; which ones is Landlock's",
        calls: calls![
            SYS_openat; SYS_close; SYS_read; SYS_pread64; SYS_write; SYS_pwrite64; SYS_lseek;
            SYS_fsync; SYS_fdatasync; SYS_ftruncate; SYS_fallocate; SYS_flock;
            SYS_fcntl if is(1, F_DUPFD_CLOEXEC), is(1, F_GETFD), is(1, F_SETFD), is(1, F_GETFL),
                is(1, F_SETFL), is(1, F_GETLK), is(1, F_SETLK);
            SYS_fstat; SYS_newfstatat; SYS_statx; SYS_faccessat; SYS_readlinkat; SYS_getcwd;
            SYS_unlinkat; SYS_renameat;
            // SQLite gives a log its database's mode and, as root, its owner.
            SYS_fchmod; SYS_fchown; SYS_geteuid;
        ],
    },
    Group {
        phase: Serving,
        why: "connections that were accepted; none is made",
        calls: calls![
            SYS_accept4; SYS_recvfrom; SYS_sendto if null(4); SYS_readv; SYS_writev;
            SYS_getsockopt; SYS_getpeername; SYS_getsockname; SYS_shutdown;
            SYS_epoll_pwait; SYS_epoll_ctl; SYS_ppoll;
        ],
    },
    #[cfg(target_arch = "x86_64")]
    Group {
        phase: Serving,
        why: "older names of some of these, which libc prefers here",
        calls: calls![
            SYS_access; SYS_readlink; SYS_unlink; SYS_rename; SYS_epoll_wait; SYS_poll;
        ],
    },
    Group {
        phase: Starting,
        why: "the socket, the runtime's own, and the filter that ends this phase",
        calls: calls![
            SYS_socket if is(0, AF_UNIX); SYS_socketpair if is(0, AF_UNIX);
            SYS_bind; SYS_listen; SYS_connect; SYS_fchmodat;
            SYS_epoll_create1; SYS_eventfd2;
            SYS_prctl if is(0, PR_SET_NO_NEW_PRIVS); SYS_seccomp;
        ],
    },
    Group {
        phase: Loading,
        why: "the program's own start",
        calls: calls![
            SYS_execve; SYS_mmap; SYS_mprotect; SYS_set_tid_address;
        ],
    },
    #[cfg(target_arch = "x86_64")]
    Group {
        phase: Loading,
        why: "the same, on this architecture only",
        calls: calls![SYS_arch_prctl; SYS_mkdir],
    },
    Group {
        phase: Loading,
        why: "hardening, a directory for a new store, what kind of disk a directory is on",
        calls: calls![
            SYS_umask; SYS_statfs; SYS_prctl; SYS_prlimit64; SYS_mlockall; SYS_mkdirat;
            SYS_landlock_create_ruleset; SYS_landlock_add_rule; SYS_landlock_restrict_self;
        ],
    },
];

/// The groups that are in force in a phase.
pub fn in_force(phase: Phase) -> impl Iterator<Item = &'static Group> {
    GROUPS.iter().filter(move |group| group.phase >= phase)
}

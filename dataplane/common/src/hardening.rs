//! Keeps the memory that holds keys out of core dumps, debuggers and swap, as
//! far as the machine lets a process do that. Called first, before any secret
//! is read.

use rustix::fs::Mode;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask,
};

/// Files that this process makes are its owner's alone from now on, too.
///
/// # Errors
/// When core dumps can't be switched off.
pub fn harden() -> std::io::Result<()> {
    umask(Mode::from_raw_mode(0o077));
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A service manager may have set it and may forbid the call.
    if getrlimit(Resource::Core) != none {
        setrlimit(Resource::Core, none)?;
    }
    Ok(())
}

/// Keeps all memory out of swap. Locks only where there is no limit: under a limit, locking what comes later
/// would turn an allocation past it into the end of the process.
///
/// # Errors
/// Why it can't be locked: a reason for the log.
pub fn lock_memory() -> Result<(), String> {
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    if getrlimit(Resource::Memlock).current.is_some()
        && setrlimit(Resource::Memlock, unlimited).is_err()
    {
        return Err(
            "the limit on locked memory is not infinity (LimitMEMLOCK= of the unit)".into(),
        );
    }
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::dumpable_behavior;

    #[test]
    fn a_hardened_process_leaves_no_core_dump_and_no_readable_file() {
        harden().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
        assert_eq!(umask(Mode::from_raw_mode(0o077)).as_raw_mode(), 0o077);
    }
}

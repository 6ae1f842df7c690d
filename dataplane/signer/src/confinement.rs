//! Takes from the process what it never needs, so that whoever gets control of it gets
//! little with it: no program to start, no other process, no way out, no file but the
//! store's. What it may ask of the kernel is in `system_calls.rs`.
//!
//! A call that isn't allowed fails with ENOSYS, which every library knows from older
//! kernels and has a way around or an error for. It doesn't end the process: if a path of
//! honest code was overlooked, a peer that finds it gets an error and not an outage, and an
//! attacker inside gains nothing by trying again.

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use std::collections::BTreeMap;
use std::path::Path;

use crate::error::StartError;
use crate::system_calls::{Condition, Phase, in_force};

/// The newest Landlock that the rules below were written for; an older kernel enforces what
/// it knows of them.
const LANDLOCK: ABI = ABI::V9;

/// SQLite's random names and numbers come from it.
const RANDOM: &str = "/dev/urandom";

/// What of Landlock this kernel enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// All, or what the kernel's version of it knows.
    Confined { abi: i32 },
    /// The kernel has no Landlock.
    Open,
}

/// Before other threads are started, which Landlock would leave out, and before anything
/// of a disk or a peer is read. The directories must be there. `kept` is where a sealing key
/// is kept, if anywhere.
///
/// # Errors
/// When the kernel refuses, but not for a kernel without Landlock.
pub fn before_starting(
    state: &Path,
    kept: Option<&Path>,
    socket: &Path,
) -> Result<Files, StartError> {
    let files = confine_files(state, kept, socket)?;
    apply(Phase::Starting)?;
    Ok(files)
}

/// When the store is open and the socket bound; in force for all threads.
///
/// # Errors
/// When the kernel refuses.
pub fn before_serving() -> Result<(), StartError> {
    apply(Phase::Serving)
}

fn confine_files(state: &Path, kept: Option<&Path>, socket: &Path) -> Result<Files, StartError> {
    let change = AccessFs::ReadFile
        | AccessFs::WriteFile
        | AccessFs::ReadDir
        | AccessFs::MakeReg
        | AccessFs::RemoveFile
        | AccessFs::Truncate;
    // To take over the place of a signer that is gone, it asks whether somebody answers there.
    let beside = AccessFs::MakeSock | AccessFs::RemoveFile | AccessFs::ResolveUnix;
    let random = BitFlags::from(AccessFs::ReadFile);
    let directory = match socket.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut rules = vec![
        PathBeneath::new(open("state directory", state)?, change),
        PathBeneath::new(open("the socket's directory", directory)?, beside),
    ];
    if let Some(kept) = kept {
        let kept = open("the directory of a replaced key", kept)?;
        rules.push(PathBeneath::new(kept, change));
    }
    // Without it SQLite uses the time and the process id, which is enough for names.
    if let Ok(file) = PathFd::new(RANDOM) {
        rules.push(PathBeneath::new(file, random));
    }
    let status =
        restrict(rules).map_err(|error| StartError::system(format!("Landlock failed: {error}")))?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => Files::Open,
        (_, LandlockStatus::Available { effective_abi, .. }) => Files::Confined {
            abi: effective_abi as i32,
        },
        _ => Files::Open,
    })
}

fn open(what: &str, path: &Path) -> Result<PathFd, StartError> {
    PathFd::new(path)
        .map_err(|error| StartError::system(format!("{what} {}: {error}", path.display())))
}

/// Handled is all that Landlock knows, so what isn't in `rules` fails with EACCES.
fn restrict(rules: Vec<PathBeneath<PathFd>>) -> Result<RestrictionStatus, RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?;
    for rule in rules {
        ruleset = ruleset.add_rule(rule)?;
    }
    ruleset.restrict_self()
}

fn apply(phase: Phase) -> Result<(), StartError> {
    let failed = |error: &dyn std::fmt::Display| {
        StartError::system(format!(
            "the filter of system calls can't be set: {error}. The kernel needs CONFIG_SECCOMP_FILTER, and whoever starts the signer must allow seccomp(2)"
        ))
    };
    let program = program(phase).map_err(|error| failed(&error))?;
    seccompiler::apply_filter_all_threads(&program).map_err(|error| failed(&error))
}

/// The filter of a phase, as the kernel runs it.
///
/// # Errors
/// On an architecture that the library doesn't know.
pub fn program(phase: Phase) -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    let mut unconditional = Vec::new();
    for call in in_force(phase).flat_map(|group| group.calls) {
        let of_call = rules.entry(call.number).or_default();
        if call.only.is_empty() {
            unconditional.push(call.number);
        }
        for condition in call.only {
            of_call.push(SeccompRule::new(vec![translate(condition)?])?);
        }
    }
    for number in unconditional {
        rules.insert(number, Vec::new());
    }
    let otherwise = SeccompAction::Errno(libc::ENOSYS as u32);
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, otherwise, SeccompAction::Allow, architecture)?.try_into()
}

fn translate(condition: &Condition) -> Result<SeccompCondition, seccompiler::BackendError> {
    let Condition {
        argument,
        mask,
        value,
    } = *condition;
    let width = match mask > u64::from(u32::MAX) {
        true => SeccompCmpArgLen::Qword,
        false => SeccompCmpArgLen::Dword,
    };
    SeccompCondition::new(argument, width, SeccompCmpOp::MaskedEq(mask), value)
}

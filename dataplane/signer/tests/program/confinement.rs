//! What an attacker in the process can still ask of the kernel: the same calls are tried
//! in a process of its own without, and with, the confinement that the signer puts on.
//! And whether a signer that runs has all of it on.
// Only the bare calls: no library offers those that must fail.
#![allow(unsafe_code)]

use crate::common::{Place, Running, item, signature};
use gatehouse_signer::confinement;
use gatehouse_signer::proto::v1::Algorithm;
use gatehouse_signer::system_calls::{GROUPS, Phase};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Error;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the attacking process works; set: it is this test that attacks.
const DIRECTORY: &str = "GATEHOUSE_TEST_ATTACK_IN";
/// How far it is confined before it does: "not", "starting", "serving".
const CONFINED: &str = "GATEHOUSE_TEST_ATTACK_CONFINED";

/// A call by its number: 0, or why not. With nulls the kernel's check of arguments comes
/// after that whether the call is allowed at all.
fn call(number: i64, arguments: [usize; 6]) -> i32 {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: every caller gives pointers to memory that lives, or null.
    match unsafe { libc::syscall(number, a, b, c, d, e, f) } {
        -1 => Error::last_os_error().raw_os_error().unwrap(),
        _ => 0,
    }
}

fn text(path: &Path) -> std::ffi::CString {
    std::ffi::CString::new(path.to_str().unwrap()).unwrap()
}

fn open(path: &Path, flags: i32) -> i32 {
    let path = text(path);
    let at = libc::AT_FDCWD as usize;
    let arguments = [at, path.as_ptr() as usize, flags as usize, 0o600, 0, 0];
    call(libc::SYS_openat, arguments)
}

fn socket(family: i32) -> i32 {
    let kind = libc::SOCK_DGRAM as usize;
    call(libc::SYS_socket, [family as usize, kind, 0, 0, 0, 0])
}

fn memory(protection: i32) -> i32 {
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
    let arguments = [0, 4096, protection as usize, flags, usize::MAX, 0];
    call(libc::SYS_mmap, arguments)
}

/// What is tried, and how each ends: 0 or an error number.
fn attacks(dir: &Path) -> BTreeMap<&'static str, i32> {
    let outside = dir.join("outside");
    let into = text(&dir.join("state/renamed"));
    let from = text(&outside);
    let program = text(Path::new("/bin/true"));
    let missing = text(&dir.join("missing"));
    // No process has this number.
    let nobody = i32::MAX as usize;
    let child = {
        // As vfork does, but for its end: the child leaves at once.
        let flags = libc::SIGCHLD as usize;
        // SAFETY: without CLONE_VM the child has memory of its own, and only ends.
        let child = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
        match child {
            // SAFETY: it never returns.
            0 => unsafe { libc::_exit(0) },
            -1 => Error::last_os_error().raw_os_error().unwrap(),
            _ => 0,
        }
    };
    BTreeMap::from([
        ("a process", child),
        (
            "the store's file",
            open(&dir.join("state/signer.db"), libc::O_RDWR),
        ),
        (
            "a new file of the store",
            open(&dir.join("state/new"), libc::O_CREAT | libc::O_RDWR),
        ),
        ("a file outside", open(&outside, libc::O_RDONLY)),
        (
            "a new file outside",
            open(&dir.join("new"), libc::O_CREAT | libc::O_RDWR),
        ),
        (
            "/etc/passwd",
            open(Path::new("/etc/passwd"), libc::O_RDONLY),
        ),
        (
            "the environment",
            open(Path::new("/proc/self/environ"), libc::O_RDONLY),
        ),
        (
            "a link to outside",
            call(
                libc::SYS_linkat,
                [
                    libc::AT_FDCWD as usize,
                    from.as_ptr() as usize,
                    libc::AT_FDCWD as usize,
                    into.as_ptr() as usize,
                    0,
                    0,
                ],
            ),
        ),
        ("a socket of the network", socket(libc::AF_INET)),
        ("a socket of netlink", socket(libc::AF_NETLINK)),
        ("a local socket", socket(libc::AF_UNIX)),
        ("memory", memory(libc::PROT_READ | libc::PROT_WRITE)),
        ("code", memory(libc::PROT_READ | libc::PROT_EXEC)),
        (
            "a file of memory",
            call(
                libc::SYS_memfd_create,
                [program.as_ptr() as usize, 0, 0, 0, 0, 0],
            ),
        ),
        (
            "a signal",
            call(
                libc::SYS_kill,
                [std::os::unix::process::parent_id() as usize, 0, 0, 0, 0, 0],
            ),
        ),
        (
            "a name for a thread",
            call(
                libc::SYS_prctl,
                [
                    libc::PR_SET_NAME as usize,
                    program.as_ptr() as usize,
                    0,
                    0,
                    0,
                    0,
                ],
            ),
        ),
        (
            "core dumps again",
            call(
                libc::SYS_prctl,
                [libc::PR_SET_DUMPABLE as usize, 1, 0, 0, 0, 0],
            ),
        ),
        (
            "tracing",
            call(
                libc::SYS_ptrace,
                [libc::PTRACE_SEIZE as usize, nobody, 0, 0, 0, 0],
            ),
        ),
        // One that is there would end the test.
        (
            "a program that isn't there",
            call(libc::SYS_execve, [missing.as_ptr() as usize, 0, 0, 0, 0, 0]),
        ),
    ])
}

/// What the other tests start as a process of its own: confines itself, tries, and tells.
#[test]
#[ignore = "attacks the process that it runs in"]
fn attacker() {
    let dir = PathBuf::from(std::env::var_os(DIRECTORY).unwrap());
    let confined = std::env::var(CONFINED).unwrap();
    if confined != "not" {
        confinement::before_starting(&dir.join("state"), None, &dir.join("run/signer.sock"))
            .unwrap();
    }
    if confined == "serving" {
        confinement::before_serving().unwrap();
    }
    for (what, error) in attacks(&dir) {
        println!("\ntried {what}: {error}");
    }
}

fn attacked(confined: &str) -> BTreeMap<String, i32> {
    let dir = tempfile::tempdir().unwrap();
    for directory in ["state", "run"] {
        fs::create_dir(dir.path().join(directory)).unwrap();
    }
    for file in ["state/signer.db", "outside"] {
        fs::write(dir.path().join(file), "").unwrap();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "confinement::attacker",
        "--ignored",
        "--nocapture",
    ]);
    command.env(DIRECTORY, dir.path()).env(CONFINED, confined);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told} {output:?}");
    let tried = told.lines().filter_map(|line| {
        let (what, error) = line.strip_prefix("tried ")?.rsplit_once(": ")?;
        Some((what.to_owned(), error.parse().unwrap()))
    });
    tried.collect()
}

const DONE: i32 = 0;
/// By Landlock.
const DENIED: i32 = libc::EACCES;
/// By the filter.
const NO_CALL: i32 = libc::ENOSYS;

/// What of a kernel without Landlock is left: the tests of files say nothing there.
const BY_LANDLOCK: [&str; 5] = [
    "/etc/passwd",
    "a file outside",
    "a new file outside",
    "the environment",
    "a link to outside",
];

#[test]
fn an_attacker_in_the_process_starts_nothing_reaches_nobody_and_opens_only_the_store() {
    // What, then how it ends in an open process, in a signer that starts, in one that serves.
    let expected = [
        ("a process", [DONE, NO_CALL, NO_CALL]),
        (
            "a program that isn't there",
            [libc::ENOENT, NO_CALL, NO_CALL],
        ),
        ("tracing", [libc::ESRCH, NO_CALL, NO_CALL]),
        ("a signal", [DONE, NO_CALL, NO_CALL]),
        ("core dumps again", [DONE, NO_CALL, NO_CALL]),
        ("code", [DONE, NO_CALL, NO_CALL]),
        ("a file of memory", [DONE, NO_CALL, NO_CALL]),
        ("a socket of the network", [DONE, NO_CALL, NO_CALL]),
        ("a socket of netlink", [DONE, NO_CALL, NO_CALL]),
        ("a local socket", [DONE, DONE, NO_CALL]),
        ("a link to outside", [DONE, NO_CALL, NO_CALL]),
        ("a file outside", [DONE, DENIED, DENIED]),
        ("a new file outside", [DONE, DENIED, DENIED]),
        ("/etc/passwd", [DONE, DENIED, DENIED]),
        ("the environment", [DONE, DENIED, DENIED]),
        ("the store's file", [DONE, DONE, DONE]),
        ("a new file of the store", [DONE, DONE, DONE]),
        ("memory", [DONE, DONE, DONE]),
        ("a name for a thread", [DONE, DONE, DONE]),
    ];
    let without = !kernel_has_landlock();
    for (phase, confined) in ["not", "starting", "serving"].into_iter().enumerate() {
        let tried = attacked(confined);
        assert_eq!(tried.len(), expected.len());
        for (what, errors) in expected {
            if !(without && BY_LANDLOCK.contains(&what)) {
                assert_eq!(tried[what], errors[phase], "{what}, {confined} confined");
            }
        }
    }
}

fn kernel_has_landlock() -> bool {
    const VERSION: usize = 1;
    call(libc::SYS_landlock_create_ruleset, [0, 0, VERSION, 0, 0, 0]) == DONE
}

/// A field of /proc/PID/status (proc_pid_status(5)).
fn field(status: &str, name: &str) -> String {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim_start_matches(':').trim().to_owned()
}

#[tokio::test]
async fn a_signer_that_serves_has_it_all_on_in_every_thread() {
    let place = Place::new();
    let signer = place.start();
    let p256 = ("default-p256", Algorithm::EcdsaP256Sha256);
    signature(&signer.stream().await.ask(vec![item(1, p256, "x")]).await[0]);
    let process = PathBuf::from(format!("/proc/{}", signer.child.id()));
    let mut threads = 0;
    for thread in fs::read_dir(process.join("task")).unwrap() {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        for (name, value) in [
            ("NoNewPrivs", "1"),
            ("Seccomp", "2"),
            ("Seccomp_filters", "2"),
        ] {
            assert_eq!(field(&status, name), value, "{status}");
        }
        threads += 1;
    }
    assert!(threads > 3, "{threads}");
    let limits = fs::read_to_string(process.join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<_> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"]);
    let status = fs::read_to_string(process.join("status")).unwrap();
    let locked = field(&status, "VmLck");
    let locked = locked.split(' ').next().unwrap().parse::<u64>().unwrap() > 0;
    assert_ne!(
        locked,
        signer.opening().contains("memory is not locked"),
        "{status}"
    );
    let said = match kernel_has_landlock() {
        true => "files are confined by Landlock",
        false => "this kernel has no Landlock",
    };
    assert!(signer.opening().contains(said), "{}", signer.opening());
}

/// Root may look into anything; nobody else into a process that leaves no core dump: its
/// files in /proc are root's (PR_SET_DUMPABLE in prctl(2)).
#[test]
fn a_signer_of_another_user_is_closed_to_that_user_and_says_that_memory_is_not_locked() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    for path in [place.dir.path(), &place.sealing_key()] {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    // A program in a directory that nobody may enter is reached by its descriptor.
    let program = fs::File::open(env!("CARGO_BIN_EXE_gatehouse-signer")).unwrap();
    rustix::io::fcntl_setfd(&program, rustix::io::FdFlags::empty()).unwrap();
    let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
    command
        .args(place.command().get_args())
        .uid(NOBODY)
        .gid(NOBODY);
    let little = Rlimit {
        current: Some(65_536),
        maximum: Some(65_536),
    };
    // SAFETY: one system call between fork and exec, without memory or locks.
    unsafe { command.pre_exec(move || Ok(setrlimit(Resource::Memlock, little)?)) };
    let signer = Running::start(command, place.socket());
    let process = PathBuf::from(format!("/proc/{}", signer.child.id()));
    let status = fs::read_to_string(process.join("status")).unwrap();
    assert!(field(&status, "Uid").starts_with("65534"), "{status}");
    assert_eq!(fs::metadata(process.join("environ")).unwrap().uid(), 0);
    assert_eq!(field(&status, "VmLck"), "0 kB");
    assert!(
        signer.opening().contains("memory is not locked"),
        "{}",
        signer.opening()
    );
}

#[test]
fn the_units_list_of_system_calls_is_the_signers() {
    let unit = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../image/units/gatehouse-signer.service"
    );
    let unit = fs::read_to_string(unit).unwrap();
    let lines = unit
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="));
    let names: Vec<_> = lines.flat_map(str::split_whitespace).collect();
    let in_unit: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(in_unit.len(), names.len(), "one stands there twice");
    let calls = GROUPS.iter().flat_map(|group| group.calls);
    let in_list: BTreeSet<_> = calls.map(|call| call.name()).collect();
    assert_eq!(in_unit, in_list);
    // As the signer's own filter: libc has a way around a call that isn't there.
    assert!(unit.contains("\nSystemCallErrorNumber=ENOSYS\n"));
}

#[tokio::test]
async fn a_signer_that_is_started_under_the_list_starts_and_signs() {
    let place = Place::new();
    let program = confinement::program(Phase::Loading).unwrap();
    let mut command = place.command();
    // With all that the unit gives.
    let kept = tempfile::tempdir_in("/dev/shm").unwrap();
    command.arg("--replaced-key-dir").arg(kept.path());
    command.args(["--peer-user", "root"]);
    command.args(["--recovery-recipient-credential", "none"]);
    command.env("CREDENTIALS_DIRECTORY", place.dir.path());
    let systemd = place.dir.path().join("notify");
    let _notified = std::os::unix::net::UnixDatagram::bind(&systemd).unwrap();
    command.env("NOTIFY_SOCKET", systemd);
    // SAFETY: two system calls between fork and exec, without memory or locks.
    unsafe {
        command.pre_exec(move || {
            seccompiler::apply_filter(&program).map_err(|_| Error::last_os_error())
        })
    };
    let signer = Running::start(command, place.socket());
    let p256 = ("default-p256", Algorithm::EcdsaP256Sha256);
    signature(&signer.stream().await.ask(vec![item(1, p256, "x")]).await[0]);
    let status = fs::read_to_string(format!("/proc/{}/status", signer.child.id())).unwrap();
    assert_eq!(field(&status, "Seccomp_filters"), "3");
}

//! Stands between this test program and the system: the C library's calls that
//! change files are defined here, so that SQLite's and the standard library's both
//! come by. Under one directory they are recorded, or made to fail. The calls
//! themselves go straight to the kernel.
//!
//! Nothing of the store is built differently for this: what is recorded is what it does.
#![allow(unsafe_code)]

use rustix::fs::{AtFlags, CWD, Mode, OFlags, SeekFrom};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_long, c_uint, c_void};
use std::os::fd::{BorrowedFd, IntoRawFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file, however it is called at the moment.
pub type FileId = usize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    Create {
        name: String,
        file: FileId,
    },
    Write {
        file: FileId,
        at: u64,
        data: Vec<u8>,
    },
    Truncate {
        file: FileId,
        len: u64,
    },
    Sync {
        file: FileId,
    },
    Rename {
        from: String,
        to: String,
    },
    Unlink {
        name: String,
    },
    SyncDir,
    /// The program's own: what it was told so far.
    Mark(Mark),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The store is being opened: its files may differ.
    Opening,
    /// It is open: each file holds everything.
    Open,
    /// So many changes were acknowledged.
    Acknowledged(usize),
}

/// What is to go wrong, from the `first` recorded call on.
#[derive(Clone, Copy)]
pub struct Failure {
    pub first: usize,
    pub calls: usize,
    pub errno: Errno,
}

struct Recorder {
    dir: PathBuf,
    ops: Vec<Op>,
    files: HashMap<u64, FileId>,
    made: usize,
    omit: Option<String>,
    failure: Option<Failure>,
    calls: usize,
}

static RECORDING: AtomicBool = AtomicBool::new(false);
static RECORDER: Mutex<Option<Recorder>> = Mutex::new(None);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A recording of one directory; ends when dropped.
pub struct Recording(#[allow(dead_code)] MutexGuard<'static, ()>);

impl Recording {
    /// `omit`: the name of a file whose syncs are not done (or `DIRECTORY`), as in a
    /// build that lacks them.
    pub fn start(dir: &Path, omit: Option<&str>) -> Self {
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        *recorder() = Some(Recorder {
            dir: dir.to_path_buf(),
            ops: Vec::new(),
            files: HashMap::new(),
            made: 0,
            omit: omit.map(str::to_owned),
            failure: None,
            calls: 0,
        });
        RECORDING.store(true, Ordering::SeqCst);
        Self(alone)
    }

    pub fn mark(&self, mark: Mark) {
        if let Some(recorder) = recorder().as_mut() {
            recorder.ops.push(Op::Mark(mark));
        }
    }

    /// Makes calls fail, counted from here.
    pub fn fail(&self, failure: Option<Failure>) {
        if let Some(recorder) = recorder().as_mut() {
            recorder.calls = 0;
            recorder.failure = failure;
        }
    }

    pub fn ops(&self) -> Vec<Op> {
        recorder()
            .as_ref()
            .map(|recorder| recorder.ops.clone())
            .unwrap_or_default()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDING.store(false, Ordering::SeqCst);
        *recorder() = None;
    }
}

/// Stands for the directory in `omit`.
pub const DIRECTORY: &str = "(directory)";

fn recorder() -> MutexGuard<'static, Option<Recorder>> {
    RECORDER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// The name in the recorded directory.
    fn name(&self, path: &Path) -> Option<String> {
        let name = path.strip_prefix(&self.dir).ok()?.to_str()?;
        Some(name.to_owned())
    }

    fn id(&self, fd: BorrowedFd<'_>) -> Option<FileId> {
        let stat = rustix::fs::fstat(fd).ok()?;
        self.files.get(&stat.st_ino).copied()
    }

    fn path(&self, fd: BorrowedFd<'_>) -> Option<PathBuf> {
        use std::os::fd::AsRawFd;
        let link = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let target = rustix::fs::readlink(link.as_str(), Vec::new()).ok()?;
        Some(PathBuf::from(target.into_string().ok()?))
    }

    /// A call that changes something is about to be made; an error in its place.
    fn count(&mut self) -> Result<(), Errno> {
        let call = self.calls;
        self.calls += 1;
        match self.failure {
            Some(failure) if (failure.first..failure.first + failure.calls).contains(&call) => {
                Err(failure.errno)
            }
            _ => Ok(()),
        }
    }
}

/// A read-only disk refuses to open what is to be written, too; no other does.
fn refuses_to_open(path: &Path, flags: OFlags) -> bool {
    let read_only = watched(|recorder| {
        recorder.name(path)?;
        Some(recorder.failure?.errno == Errno::ROFS)
    });
    read_only == Some(true)
        && flags.intersects(OFlags::WRONLY | OFlags::RDWR)
        && watched(|recorder| Some(recorder.count())) == Some(Err(Errno::ROFS))
}

/// Runs with the recorder when this file or path is of interest.
fn watched<T>(inside: impl FnOnce(&mut Recorder) -> Option<T>) -> Option<T> {
    if !RECORDING.load(Ordering::SeqCst) {
        return None;
    }
    recorder().as_mut().and_then(inside)
}

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
}

fn answer(result: Result<isize, Errno>) -> isize {
    result.unwrap_or_else(|error| {
        // SAFETY: the C library gives each thread its own, for as long as it lives.
        unsafe { *__errno_location() = error.raw_os_error() };
        -1
    })
}

fn short(result: Result<isize, Errno>) -> c_int {
    c_int::try_from(answer(result)).unwrap_or(-1)
}

/// # Safety
/// As the C library's function of the same name, which holds for all of these.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the caller passes a string that ends in a zero byte.
    let text = unsafe { CStr::from_ptr(path) };
    let flags = OFlags::from_bits_retain(c_uint::from_ne_bytes(flags.to_ne_bytes()));
    let path = Path::new(std::str::from_utf8(text.to_bytes()).unwrap_or(""));
    if refuses_to_open(path, flags) {
        return short(Err(Errno::ROFS));
    }
    let makes = flags.contains(OFlags::CREATE);
    let interesting = makes
        && watched(|recorder| recorder.name(path)).is_some()
        && rustix::fs::statat(CWD, text, AtFlags::empty()).is_err();
    if interesting && let Some(Err(error)) = watched(|recorder| Some(recorder.count())) {
        return short(Err(error));
    }
    let opened = rustix::fs::openat(CWD, text, flags, Mode::from_raw_mode(mode));
    if interesting && let Ok(fd) = &opened {
        watched(|recorder| {
            let name = recorder.name(path)?;
            let inode = rustix::fs::fstat(fd).ok()?.st_ino;
            let file = recorder.made;
            recorder.made += 1;
            recorder.files.insert(inode, file);
            recorder.ops.push(Op::Create { name, file });
            Some(())
        });
    }
    short(opened.map(|fd| fd.into_raw_fd() as isize))
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { open64(path, flags, mode) }
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, data: *const c_void, len: usize) -> isize {
    // SAFETY: the caller owns the descriptor and `len` readable bytes.
    let (fd, bytes) = unsafe {
        (
            BorrowedFd::borrow_raw(fd),
            std::slice::from_raw_parts(data.cast::<u8>(), len),
        )
    };
    let file = watched(|recorder| recorder.id(fd));
    if file.is_some()
        && let Some(Err(error)) = watched(|recorder| Some(recorder.count()))
    {
        return answer(Err(error));
    }
    let at = file.and_then(|_| rustix::fs::seek(fd, SeekFrom::Current(0)).ok());
    let written = rustix::io::write(fd, bytes);
    if let (Some(file), Some(at), Ok(count)) = (file, at, written) {
        watched(|recorder| {
            let data = bytes.get(..count)?.to_vec();
            recorder.ops.push(Op::Write { file, at, data });
            Some(())
        });
    }
    answer(written.map(|count| count as isize))
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(fd: c_int, data: *const c_void, len: usize, at: i64) -> isize {
    // SAFETY: as in `write`.
    let (fd, bytes) = unsafe {
        (
            BorrowedFd::borrow_raw(fd),
            std::slice::from_raw_parts(data.cast::<u8>(), len),
        )
    };
    let at = u64::try_from(at).unwrap_or(0);
    let file = watched(|recorder| recorder.id(fd));
    if file.is_some()
        && let Some(Err(error)) = watched(|recorder| Some(recorder.count()))
    {
        return answer(Err(error));
    }
    let written = rustix::io::pwrite(fd, bytes, at);
    if let (Some(file), Ok(count)) = (file, written) {
        watched(|recorder| {
            let data = bytes.get(..count)?.to_vec();
            recorder.ops.push(Op::Write { file, at, data });
            Some(())
        });
    }
    answer(written.map(|count| count as isize))
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(fd: c_int, data: *const c_void, len: usize, at: c_long) -> isize {
    // SAFETY: passed on as it came.
    unsafe { pwrite64(fd, data, len, at) }
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(fd: c_int, len: i64) -> c_int {
    // SAFETY: the caller owns the descriptor.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let len = u64::try_from(len).unwrap_or(0);
    let file = watched(|recorder| recorder.id(fd));
    if file.is_some()
        && let Some(Err(error)) = watched(|recorder| Some(recorder.count()))
    {
        return short(Err(error));
    }
    let done = rustix::fs::ftruncate(fd, len);
    if let (Some(file), Ok(())) = (file, done) {
        watched(|recorder| {
            recorder.ops.push(Op::Truncate { file, len });
            Some(())
        });
    }
    short(done.map(|()| 0))
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(fd: c_int, len: c_long) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { ftruncate64(fd, len) }
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    // SAFETY: the caller owns the descriptor.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let op = watched(|recorder| {
        let path = recorder.path(fd)?;
        if path == recorder.dir {
            return Some((Op::SyncDir, recorder.omit.as_deref() == Some(DIRECTORY)));
        }
        let name = recorder.name(&path)?;
        let file = recorder.id(fd)?;
        let omitted = recorder.omit.as_ref() == Some(&name);
        Some((Op::Sync { file }, omitted))
    });
    let Some((op, omitted)) = op else {
        return short(rustix::fs::fsync(fd).map(|()| 0));
    };
    if let Some(Err(error)) = watched(|recorder| Some(recorder.count())) {
        return short(Err(error));
    }
    if !omitted {
        watched(|recorder| {
            recorder.ops.push(op);
            Some(())
        });
    }
    // What counts is the record: the disk under the test need not do it.
    0
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    // SAFETY: passed on as it came.
    unsafe { fsync(fd) }
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: the caller passes strings that end in a zero byte.
    let (from, to) = unsafe { (CStr::from_ptr(from), CStr::from_ptr(to)) };
    let named = |text: &CStr| {
        let path = PathBuf::from(text.to_str().unwrap_or(""));
        watched(|recorder| recorder.name(&path))
    };
    let names = named(from).zip(named(to));
    if names.is_some()
        && let Some(Err(error)) = watched(|recorder| Some(recorder.count()))
    {
        return short(Err(error));
    }
    let done = rustix::fs::rename(from, to);
    if let (Some((from, to)), Ok(())) = (names, done) {
        watched(|recorder| {
            recorder.ops.push(Op::Rename { from, to });
            Some(())
        });
    }
    short(done.map(|()| 0))
}

/// # Safety
/// See `open64`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: the caller passes a string that ends in a zero byte.
    let text = unsafe { CStr::from_ptr(path) };
    let path = PathBuf::from(text.to_str().unwrap_or(""));
    let name = watched(|recorder| recorder.name(&path));
    let there = rustix::fs::statat(CWD, text, AtFlags::empty()).is_ok();
    if there
        && name.is_some()
        && let Some(Err(error)) = watched(|recorder| Some(recorder.count()))
    {
        return short(Err(error));
    }
    let done = rustix::fs::unlink(text);
    if let (Some(name), Ok(())) = (name, done) {
        watched(|recorder| {
            recorder.ops.push(Op::Unlink { name });
            Some(())
        });
    }
    short(done.map(|()| 0))
}

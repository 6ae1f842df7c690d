//! Files by their names: put in place, taken away, synced; and the lock on the
//! directory. Never looks into a file.

use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use crate::error::{Kind, StartError};

/// Has this name for a moment only.
const TRANSIT_FILE: &str = "signer.transit";

/// Makes the directory, its owner's alone, where there is none.
///
/// # Errors
/// `System` when the machine refuses.
pub fn make_directory(dir: &Path) -> Result<(), StartError> {
    let refuse = |error| StartError::system(format!("state directory {}: {error}", dir.display()));
    if dir.try_exists().map_err(refuse)? {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(refuse)
}

/// Locks the directory itself, so that no lock file can be copied or left over.
///
/// # Errors
/// `InUse`, or `System` when the machine refuses.
pub fn lock(dir: &Path) -> Result<File, StartError> {
    make_directory(dir)?;
    let refuse = |error| StartError::system(format!("state directory {}: {error}", dir.display()));
    let lock = File::open(dir).map_err(refuse)?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StartError::new(
            Kind::InUse,
            format!(
                "another signer uses the store in {}. Stop it first, or give this one a directory of its own with --state",
                dir.display()
            ),
        )),
        Err(error) => Err(refuse(error.into())),
    }
}

/// `signer.db-wal` of `signer.db`, by SQLite's naming.
#[must_use]
pub fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Takes a file and SQLite's files beside it away, where there are any.
///
/// # Errors
/// When the disk refuses.
pub fn remove(path: &Path) -> Result<bool, StoreError> {
    let file = remove_one(path)?;
    Ok(remove_logs(path)? || file)
}

fn remove_logs(path: &Path) -> Result<bool, StoreError> {
    let mut any = false;
    for suffix in ["-wal", "-shm", "-journal"] {
        any |= remove_one(&with_suffix(path, suffix))?;
    }
    Ok(any)
}

fn remove_one(path: &Path) -> Result<bool, StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Gives a file made whole its name. The log of the file that it replaces goes
/// first, for good: SQLite would take it for the new one's.
///
/// # Errors
/// When the disk refuses.
pub fn put_in_place(dir: &Path, new: &Path, name: &Path) -> Result<(), StoreError> {
    if remove_logs(name)? {
        sync_dir(dir)?;
    }
    fs::rename(new, name)?;
    sync_dir(dir)
}

/// # Errors
/// When the disk refuses.
pub fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    Ok(File::open(dir)?.sync_all()?)
}

/// Takes away what a process left that died before `nameless` had taken the name.
///
/// # Errors
/// When the disk refuses.
pub fn remove_transit(dir: &Path) -> Result<bool, StoreError> {
    remove_one(&dir.join(TRANSIT_FILE))
}

/// A file without a name, for what passes through: gone when it is closed, or with the process.
///
/// # Errors
/// When the disk refuses.
pub fn nameless(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(TRANSIT_FILE);
    // One that the disk kept from losing its name.
    remove_one(&path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = options.open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

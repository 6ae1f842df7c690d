//! The names of the store's files, and how one is made anew: whole and synced under
//! another name first. Never touches a file that is believed.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::file::{Header, StoreFile};
use super::paths::{put_in_place, remove, remove_transit, sync_dir, with_suffix};
use super::row::Row;
use crate::error::StartError;

/// The store, in the state directory, and its mirror.
pub const STORE_FILE: &str = "signer.db";
pub const COPY_FILE: &str = "signer.db.copy";
/// What a store of format 1 is called while it is migrated.
pub const OLD_FILE: &str = "signer.db.format1";

/// The two names in one directory.
#[derive(Clone)]
pub struct Names {
    pub dir: PathBuf,
    pub first: PathBuf,
    pub second: PathBuf,
}

impl Names {
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
            first: dir.join(STORE_FILE),
            second: dir.join(COPY_FILE),
        }
    }

    pub fn old(&self) -> PathBuf {
        self.dir.join(OLD_FILE)
    }

    /// Makes `to` anew from a file that isn't open.
    ///
    /// # Errors
    /// When the disk refuses; `to` is as it was then.
    pub fn remake_from(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let source = StoreFile::open_to_read(from).map_err(|_| unreadable())?;
        self.remake(&source, to)
    }

    /// # Errors
    /// As `remake_from`.
    pub fn remake(&self, source: &StoreFile, to: &Path) -> Result<(), StoreError> {
        let header = source.header().map_err(|_| unreadable())?;
        self.make(to, &header, |file| {
            let mut result = Ok(());
            source.scan(false, |row| {
                if result.is_ok() {
                    result = file.insert(&row.to_row());
                }
            })?;
            result?;
            source.copy_audit(file)
        })
    }

    pub fn make(
        &self,
        to: &Path,
        header: &Header,
        rows: impl FnOnce(&StoreFile) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let new = with_suffix(to, ".new");
        let made =
            StoreFile::make(&new, header, rows).and_then(|()| put_in_place(&self.dir, &new, to));
        if made.is_err() {
            let _ = remove(&new);
        }
        made
    }

    pub fn make_both(&self, header: &Header, rows: &[Row]) -> Result<(), StoreError> {
        for name in [&self.second, &self.first] {
            self.make(name, header, |file| {
                rows.iter().try_for_each(|row| file.insert(row))
            })?;
        }
        Ok(())
    }
}

fn unreadable() -> StoreError {
    StoreError::Io {
        message: "the whole file of the store can't be read any more".into(),
    }
}

/// Puts away what a start that was broken off left behind.
pub fn settle_names(names: &Names) -> Result<(), StartError> {
    let dir = names.dir.display();
    let settle = || -> Result<(), StoreError> {
        let mut any = false;
        for name in [&names.first, &names.second] {
            any |= remove(&with_suffix(name, ".new"))?;
        }
        any |= remove_transit(&names.dir)?;
        let old = names.old();
        if !names.first.exists() && !names.second.exists() && old.exists() {
            fs::rename(&old, &names.first)?;
            any = true;
        }
        if any { sync_dir(&names.dir) } else { Ok(()) }
    };
    match settle() {
        // What can't be put away on such a disk can't be written over either.
        Err(StoreError::ReadOnly) => Ok(()),
        other => other.map_err(|error| StartError::system(format!("{dir}: {error}"))),
    }
}

/// Takes the store of format 1 away, once both files of this one are whole.
pub fn forget_old(names: &Names) -> Result<(), StoreError> {
    if remove(&names.old())? {
        sync_dir(&names.dir)?;
        tracing::info!("the key store of format 1 is removed");
    }
    Ok(())
}

//! A transaction in one file of the store, step by step, so that the two of a
//! change can be taken together: begun and written in both, then committed in both.
//! Never decides which of them counts.

use rusqlite::ffi::SQLITE_IOERR_FSYNC;
use rusqlite::params;
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::OpenOptions;

use super::error::StoreError;
use super::file::{StoreFile, Wrap};
use super::paths::with_suffix;
use super::row::Row;

/// Of SQLite's pages, and of a frame of its log: a page and 24 bytes.
const PAGE_BYTES: u64 = 4096;
const FRAME_BYTES: u64 = PAGE_BYTES + 24;
/// Room taken at once in the log, so that few commits have to ask for some.
const RESERVE_BYTES: u64 = 512 * 1024;
/// Room is asked for up to here: a restore of a whole store rather fails late than
/// wants several times its size free.
const MAX_RESERVE_BYTES: u64 = 64 * 1024 * 1024;

/// A row put in, replaced or taken out; with what is there now.
#[derive(Clone, Debug)]
pub struct Write {
    pub old: Option<Row>,
    pub new: Option<Row>,
}

impl Write {
    /// The same taken back.
    #[must_use]
    pub fn undone(&self) -> Self {
        Self {
            old: self.new.clone(),
            new: self.old.clone(),
        }
    }

    fn bytes(&self) -> usize {
        let len = |row: &Option<Row>| {
            row.as_ref().map_or(0, |row| {
                row.body.len() + row.sealed.as_ref().map_or(0, Vec::len) + row.place.name.len()
            })
        };
        len(&self.old) + len(&self.new)
    }
}

/// Pages that these writes may touch, as bytes of the log: for each row its leaf, a
/// split, and the pages of a long value; and the path down the tree.
#[must_use]
pub fn log_bytes(writes: &[Write]) -> u64 {
    let bytes: usize = writes.iter().map(Write::bytes).sum();
    let pages = 16 + 2 * writes.len() as u64 + 2 * bytes as u64 / PAGE_BYTES;
    (pages * FRAME_BYTES).min(MAX_RESERVE_BYTES)
}

/// Whether a commit that failed is whole in the log, and only not synced.
#[must_use]
pub fn is_unsynced(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == SQLITE_IOERR_FSYNC)
}

impl StoreFile {
    /// # Errors
    /// SQLite's, as for every step of a transaction: `roll_back` then.
    pub fn begin(&self) -> Result<(), StoreError> {
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    /// # Errors
    /// `Io` when a row isn't there that should be, or the other way round.
    pub fn write(&self, write: &Write) -> Result<(), StoreError> {
        let changed = match (&write.old, &write.new) {
            (_, Some(new)) if write.old.is_none() => {
                self.insert(new)?;
                1
            }
            (_, Some(new)) => self
                .connection
                .prepare_cached(
                    "UPDATE rows SET kek = ?4, body = ?5, sealed = ?6, mac = ?7
                     WHERE kind = ?1 AND name = ?2 AND number = ?3",
                )?
                .execute(params![
                    new.place.kind,
                    new.place.name,
                    new.place.number,
                    new.kek,
                    new.body,
                    new.sealed,
                    new.mac
                ])?,
            (Some(old), None) => self
                .connection
                .prepare_cached("DELETE FROM rows WHERE kind = ?1 AND name = ?2 AND number = ?3")?
                .execute(params![old.place.kind, old.place.name, old.place.number])?,
            (None, None) => 1,
        };
        if changed == 1 {
            return Ok(());
        }
        Err(StoreError::Io {
            message: "a row is not where it was".into(),
        })
    }

    /// # Errors
    /// SQLite's.
    pub fn insert(&self, row: &Row) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO rows (kind, name, number, kek, body, sealed, mac)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                row.place.kind,
                row.place.name,
                row.place.number,
                row.kek,
                row.body,
                row.sealed,
                row.mac
            ])?;
        Ok(())
    }

    /// # Errors
    /// SQLite's.
    pub fn write_head(&self, kek: u32, head: &[u8]) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE store SET kek = ?1, head = ?2")?
            .execute(params![kek, head])?;
        Ok(())
    }

    /// Puts these in the place of all.
    ///
    /// # Errors
    /// SQLite's.
    pub fn write_wraps(&self, wraps: &[Wrap]) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM keks", [])?;
        for wrap in wraps {
            self.connection.execute(
                "INSERT INTO keks (number, slot, wrapped) VALUES (?1, ?2, ?3)",
                params![wrap.kek, wrap.slot, wrap.wrapped],
            )?;
        }
        Ok(())
    }

    /// Sees to it that a commit of this size finds room in the log, so that it fails
    /// in neither file or before it was done in the first.
    ///
    /// # Errors
    /// `DiskFull`, `ReadOnly`, `Io`.
    pub fn reserve(&mut self, bytes: u64) -> Result<(), StoreError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let log = OpenOptions::new()
            .write(true)
            .open(with_suffix(path, "-wal"))?;
        let end = log.metadata()?.len();
        if end + bytes <= self.reserved {
            return Ok(());
        }
        let len = bytes + RESERVE_BYTES;
        match fallocate(&log, FallocateFlags::KEEP_SIZE, end, len) {
            Ok(()) => {
                self.reserved = end + len;
                Ok(())
            }
            // A file system that can't: the commit may then fail in the second file alone.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
            Err(error) => Err(std::io::Error::from(error).into()),
        }
    }

    /// # Errors
    /// SQLite's: with `is_unsynced` it may count after a crash.
    pub fn commit(&self) -> Result<(), rusqlite::Error> {
        self.connection.execute_batch("COMMIT")
    }

    pub fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    /// Moves the log into the file and empties it, so that nothing is left in it of
    /// rows that were overwritten.
    ///
    /// # Errors
    /// SQLite's.
    pub fn empty_log(&mut self) -> Result<(), StoreError> {
        self.reserved = 0;
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

//! Keys out of a backup: any number of them in one transaction of each file, in memory
//! that doesn't grow with their private halves. All of them are there then, or none.

use std::sync::Arc;

use super::change::rows_of;
use super::error::StoreError;
use super::record::{NewKey, StoredKey};
use super::row::{Place, Row, RowKind};
use super::seal::{Head, Kek};
use super::transaction::Write;
use super::writer::{Undo, Writer};
use super::{apply::room, bounds};

/// Room for what SQLite still holds of a transaction when it is committed: its cache of
/// pages has 2 MiB. What came before is in the log by then.
const COMMIT_BYTES: u64 = 8 * 1024 * 1024;

/// A key of a backup.
pub struct Restored {
    pub key: NewKey,
    /// Whether it takes the place of the key that has its id, which is then gone.
    pub replaces: bool,
}

/// Takes one key after the other.
pub type Put<'a> = dyn FnMut(Restored) -> Result<(), StoreError> + 'a;

/// Gives all keys, each time that it is called.
pub type Source<'a> = dyn Fn(&mut Put<'_>) -> Result<(), StoreError> + 'a;

/// What was done so far in both files.
struct Progress {
    kek: Arc<Kek>,
    head: Head,
    keys: Vec<StoredKey>,
    undo: Vec<Write>,
    new_keys: usize,
    new_versions: usize,
}

impl Writer {
    /// # Errors
    /// As `Store::restore`.
    pub fn restore(&mut self, source: &Source<'_>) -> Result<Vec<StoredKey>, StoreError> {
        self.ready()?;
        match self.restore_once(source) {
            Err(StoreError::FileDamaged) if self.is_settled() => {
                self.replace_damaged()?;
                self.restore_once(source)
            }
            done => done,
        }
    }

    fn restore_once(&mut self, source: &Source<'_>) -> Result<Vec<StoredKey>, StoreError> {
        let mut progress = Progress {
            kek: Arc::clone(self.keks.newest()?),
            head: Head {
                generation: self.head.generation.saturating_add(1),
                ..self.head
            },
            keys: Vec::new(),
            undo: Vec::new(),
            new_keys: 0,
            new_versions: 0,
        };
        self.in_both(|file| {
            file.roll_back();
            file.begin()
        })?;
        let written = source(&mut |restored| self.put(&mut progress, restored));
        let sealed = progress.kek.seal_head(&progress.head)?;
        let number = progress.kek.number;
        let prepared = written.and_then(|()| {
            self.in_both(|file| {
                file.write_head(number, &sealed)?;
                file.reserve(COMMIT_BYTES)
            })
        });
        if let Err(error) = prepared {
            self.roll_back();
            return Err(error);
        }
        progress.undo.reverse();
        let undo = Undo {
            writes: progress.undo,
            wraps: None,
            head: Head {
                generation: progress.head.generation.saturating_add(1),
                ..self.head
            },
        };
        self.commit_both(progress.head, undo, false)?;
        self.key_count += progress.new_keys;
        self.version_count += progress.new_versions;
        for key in &progress.keys {
            self.note_deletion(&key.record);
        }
        // The log has grown to the size of the backup, and may hold what was replaced.
        self.empty_logs();
        Ok(progress.keys)
    }

    fn put(&mut self, progress: &mut Progress, restored: Restored) -> Result<(), StoreError> {
        let Restored { mut key, replaces } = restored;
        let id = key.record.id.clone();
        let versions = key.versions.len();
        if replaces {
            let current = self.current(&id)?;
            let revision = current.key.record.revision.saturating_add(1);
            key.record.revision = key.record.revision.max(revision);
            let old = current.versions.into_iter().chain([current.record]);
            for row in old {
                self.write_both(
                    progress,
                    &Write {
                        old: Some(row),
                        new: None,
                    },
                )?;
            }
        } else {
            if self.is_taken(&Place::new(RowKind::Key, &id, 0))? {
                return Err(StoreError::Exists { id });
            }
            progress.new_keys += 1;
            progress.new_versions += versions;
            let most = bounds::MAX_VERSIONS_IN_ALL;
            room(self.key_count, progress.new_keys, bounds::MAX_KEYS, "keys")?;
            room(self.version_count, progress.new_versions, most, "versions")?;
        }
        let (rows, stored) = rows_of(&progress.kek, key)?;
        for row in rows {
            self.write_both(
                progress,
                &Write {
                    old: None,
                    new: Some(row),
                },
            )?;
        }
        progress.keys.push(stored);
        Ok(())
    }

    fn write_both(&mut self, progress: &mut Progress, write: &Write) -> Result<(), StoreError> {
        self.in_both(|file| file.write(write))?;
        progress.head = self.head_after(progress.head, write)?;
        let undone = match (&write.old, &write.new) {
            // To take a row out only its place is asked for.
            (None, Some(new)) => Write {
                old: Some(Row {
                    place: new.place.clone(),
                    kek: 0,
                    body: Vec::new(),
                    sealed: None,
                    mac: Vec::new(),
                }),
                new: None,
            },
            _ => write.undone(),
        };
        progress.undo.push(undone);
        Ok(())
    }
}

//! The two open files and what is remembered of them: writes a change to both, and
//! takes it back from the first when the second refuses. One caller at a time.
//! Never acknowledges what only one file has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::error::StoreError;
use super::file::{StoreFile, Wrap, digest_of};
use super::keks::{Keks, Opener};
use super::names::{Names, forget_old};
use super::open::Start;
use super::record::StoredKey;
use super::row::{Recipient, Request, Row};
use super::seal::{Head, StoreId, WrappingKey};
use super::sealing_key::SealingKey;
use super::transaction::{Write, is_unsynced, log_bytes};

/// Records for the table `audit`, committed with a change or without one. Called once for each file, in its open transaction; must write the same in both.
pub trait Companion {
    /// # Errors
    /// SQLite's: the whole change is taken back then.
    fn write(&self, transaction: &rusqlite::Connection) -> rusqlite::Result<()>;

    /// About how many bytes it writes: room for them is reserved.
    fn len_bytes(&self) -> u64;
}

/// How far a change of the sealing key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealingProgress {
    /// Counts the sealing keys that the store has had, from 1.
    pub generation: u32,
    /// Rows that are still under the one before; the last call may find 0 and have
    /// the old one to remove.
    pub rows_left: u64,
    pub running: bool,
}

/// What brings the first file back to where the second is.
pub(super) struct Undo {
    pub writes: Vec<Write>,
    pub wraps: Option<Vec<Wrap>>,
    pub head: Head,
}

pub struct Writer {
    pub(super) names: Names,
    pub(super) store_id: StoreId,
    pub(super) keks: Keks,
    pub(super) opener: Opener,
    pub(super) head: Head,
    pub(super) wraps: Vec<Wrap>,
    /// Under which a new KEK is wrapped; none: the operator's has been replaced.
    pub(super) wrapping: Option<WrappingKey>,
    /// The one that replaces it when all rows are sealed anew.
    pub(super) next_wrapping: Option<WrappingKey>,
    pub(super) rewrap: super::rewrap::Cursor,

    pub(super) first: Option<StoreFile>,
    pub(super) second: Option<StoreFile>,
    /// Serves reads while the files can't be opened for writing.
    pub(super) reader: Option<StoreFile>,
    /// Why no change is ever taken.
    refusal: Option<StoreError>,
    first_leads: bool,
    in_step: bool,
    undo: Option<Undo>,
    /// Whether the logs may hold what was taken away for good.
    pub(super) logs_to_empty: bool,
    /// In which file the last commit failed.
    first_damaged: bool,

    pub(super) damaged: BTreeSet<String>,
    pub(super) requests: BTreeMap<i64, Request>,
    pub(super) by_request: HashMap<String, i64>,
    pub(super) recipient: Option<Recipient>,
    pub(super) due: BTreeSet<(i64, String)>,
    pub(super) deletions: HashMap<String, i64>,
    pub(super) key_count: usize,
    pub(super) version_count: usize,
}

impl Writer {
    /// # Errors
    /// `Crypto`. A disk that takes no writes is no error: changes are refused then.
    pub fn new(
        names: Names,
        sealing_key: &SealingKey,
        start: Start,
        keys: &[StoredKey],
        opener: Opener,
    ) -> Result<Self, StoreError> {
        let wrapping = WrappingKey::new(sealing_key, &start.store_id)?;
        let (mut reader, mut refusal, mut damaged) = (None, None, BTreeSet::new());
        if let Some(loss) = start.loss {
            reader = Some(StoreFile::in_memory(&loss.header, &loss.rows)?);
            refusal = Some(StoreError::LossNotAccepted);
            damaged = loss.damaged;
        }
        let requests = start.contents.requests;
        let mut writer = Self {
            by_request: requests
                .iter()
                .map(|(number, request)| (request.id.clone(), *number))
                .collect(),
            requests,
            names,
            store_id: start.store_id,
            keks: start.keks,
            opener,
            head: start.head,
            rewrap: super::rewrap::Cursor::default(),
            wraps: start.wraps,
            wrapping: Some(wrapping),
            next_wrapping: None,
            first: None,
            second: None,
            reader,
            refusal,
            first_leads: start.first_leads,
            in_step: start.in_step,
            undo: None,
            logs_to_empty: false,
            first_damaged: false,
            damaged,
            recipient: start.contents.recipient,
            due: BTreeSet::new(),
            deletions: HashMap::new(),
            key_count: keys.len(),
            version_count: keys.iter().map(|key| key.versions.len()).sum(),
        };
        for key in keys {
            writer.note_deletion(&key.record);
        }
        if writer.refusal.is_none()
            && let Err(error) = writer.ready()
        {
            tracing::warn!(%error, "the key store takes no changes for now");
        }
        writer.resume_rewrap();
        Ok(writer)
    }

    /// Both files open for writing and the same; made so where they aren't.
    ///
    /// # Errors
    /// Why no change can be taken now.
    pub(super) fn ready(&mut self) -> Result<(), StoreError> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        self.take_back()?;
        if self.first.is_some() && self.second.is_some() {
            return Ok(());
        }
        self.reader = None;
        let opened = self.open_files();
        if opened.is_err() && self.first.is_none() {
            self.reader = StoreFile::open_to_read(self.leader()).ok();
        }
        opened
    }

    fn leader(&self) -> &PathBuf {
        if self.first_leads {
            &self.names.first
        } else {
            &self.names.second
        }
    }

    fn open_files(&mut self) -> Result<(), StoreError> {
        let names = self.names.clone();
        if !self.in_step {
            if let Some(first) = &self.first {
                names.remake(first, &names.second)?;
            } else if self.first_leads {
                names.remake_from(&names.first, &names.second)?;
            } else {
                names.remake_from(&names.second, &names.first)?;
            }
            (self.in_step, self.first_leads) = (true, true);
        }
        // One that is read but can't be written, by a flipped bit, is made anew once.
        if self.first.is_none() {
            self.first = Some(StoreFile::open_to_write(&names.first).or_else(|_| {
                names.remake_from(&names.second, &names.first)?;
                StoreFile::open_to_write(&names.first)
            })?);
        }
        let Some(first) = &self.first else {
            return Ok(());
        };
        self.second = Some(StoreFile::open_to_write(&names.second).or_else(|_| {
            names.remake(first, &names.second)?;
            StoreFile::open_to_write(&names.second)
        })?);
        forget_old(&names)
    }

    /// Writes to both files, syncs both. On an error neither has it.
    ///
    /// # Errors
    /// As `Store::apply`.
    pub(super) fn commit(
        &mut self,
        writes: &[Write],
        wraps: Option<&[Wrap]>,
        companion: Option<&dyn Companion>,
    ) -> Result<(), StoreError> {
        match self.commit_once(writes, wraps, companion) {
            // Damage that no row showed at the start: the other file has everything.
            Err(StoreError::FileDamaged) if self.undo.is_none() => {
                self.replace_damaged()?;
                self.commit_once(writes, wraps, companion)
            }
            other => other,
        }
    }

    pub(super) fn replace_damaged(&mut self) -> Result<(), StoreError> {
        let names = self.names.clone();
        let (damaged, whole) = if self.first_damaged {
            (&mut self.first, &self.second)
        } else {
            (&mut self.second, &self.first)
        };
        let name = if self.first_damaged {
            &names.first
        } else {
            &names.second
        };
        tracing::warn!(file = %name.display(), "a file of the key store is damaged and is made anew");
        let whole = whole.as_ref().ok_or(StoreError::FileDamaged)?;
        names.remake(whole, name)?;
        // Only now: the old one's lock and log went with its name.
        *damaged = None;
        *damaged = Some(StoreFile::open_to_write(name)?);
        Ok(())
    }

    fn commit_once(
        &mut self,
        writes: &[Write],
        wraps: Option<&[Wrap]>,
        companion: Option<&dyn Companion>,
    ) -> Result<(), StoreError> {
        let mut head = self.next_head(writes)?;
        if let Some(wraps) = wraps {
            head.wraps = digest_of(wraps);
        }
        let kek = self.keks.newest()?;
        let sealed = kek.seal_head(&head)?;
        let (Some(first), Some(second)) = (&mut self.first, &mut self.second) else {
            return Err(not_open());
        };
        let bytes = log_bytes(writes) + companion.map_or(0, Companion::len_bytes);
        let prepare = |file: &mut StoreFile| {
            file.roll_back();
            file.begin()?;
            writes.iter().try_for_each(|write| file.write(write))?;
            if let Some(wraps) = wraps {
                file.write_wraps(wraps)?;
            }
            if let Some(companion) = companion {
                companion.write(file.connection())?;
            }
            file.write_head(kek.number, &sealed)?;
            file.reserve(bytes)
        };
        let in_first = prepare(first);
        self.first_damaged = in_first.is_err();
        if let Err(error) = in_first.and_then(|()| prepare(second)) {
            self.roll_back();
            return Err(error);
        }
        let undo = Undo {
            writes: writes.iter().rev().map(Write::undone).collect(),
            wraps: wraps.map(|_| self.wraps.clone()),
            head: Head {
                generation: head.generation.saturating_add(1),
                ..self.head
            },
        };
        self.commit_both(head, undo, companion.is_some())
    }

    pub(super) fn roll_back(&self) {
        for file in [&self.first, &self.second].into_iter().flatten() {
            file.roll_back();
        }
    }

    /// In the first file, then in the second.
    ///
    /// # Errors
    /// SQLite's, and which file it was is remembered.
    pub(super) fn in_both(
        &mut self,
        mut step: impl FnMut(&mut StoreFile) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (Some(first), Some(second)) = (&mut self.first, &mut self.second) else {
            return Err(not_open());
        };
        let in_first = step(first);
        self.first_damaged = in_first.is_err();
        in_first.and_then(|()| step(second))
    }

    /// Commits what is written in both. `undo` takes it back from the first when the second
    /// refuses; `foreign`: there are rows that it doesn't know.
    pub(super) fn commit_both(
        &mut self,
        head: Head,
        undo: Undo,
        foreign: bool,
    ) -> Result<(), StoreError> {
        let (Some(first), Some(second)) = (&self.first, &self.second) else {
            return Err(not_open());
        };
        let unsettled = |error: &StoreError| StoreError::Unsettled {
            message: error.to_string(),
        };
        if let Err(error) = first.commit() {
            self.first_damaged = true;
            self.roll_back();
            let left_in_log = is_unsynced(&error);
            let error = StoreError::from(error);
            if left_in_log {
                // SQLite has forgotten it, and would find it there after a crash. A change of
                // nothing is written over it.
                self.undo = Some(Undo {
                    writes: Vec::new(),
                    wraps: None,
                    head: self.head,
                });
                self.take_back().map_err(|_| unsettled(&error))?;
            }
            return Err(error);
        }
        let Err(error) = second.commit() else {
            self.head = head;
            return Ok(());
        };
        let error = StoreError::from(error);
        second.roll_back();
        self.second = None;
        self.in_step = false;
        if foreign {
            // Rows that this module doesn't know can't be taken back.
            tracing::error!(%error, "the key store takes no more changes until the next start");
            self.refusal = Some(unsettled(&error));
            return Err(unsettled(&error));
        }
        self.undo = Some(undo);
        self.take_back().map_err(|_| unsettled(&error))?;
        Err(error)
    }

    /// Whether nothing is left to be taken back.
    pub(super) fn is_settled(&self) -> bool {
        self.undo.is_none()
    }

    /// Undoes in the first file what the second didn't take, or what a sync that failed may
    /// have left in its log, if there is such a change.
    fn take_back(&mut self) -> Result<(), StoreError> {
        let (Some(undo), Some(first)) = (&self.undo, &self.first) else {
            return Ok(());
        };
        // The oldest: what was wrapped before the change, whatever that was.
        let kek = self.keks.iter().next().ok_or(StoreError::Crypto)?;
        let sealed = kek.seal_head(&undo.head)?;
        let write = || -> Result<(), StoreError> {
            first.begin()?;
            undo.writes
                .iter()
                .try_for_each(|write| first.write(write))?;
            if let Some(wraps) = &undo.wraps {
                first.write_wraps(wraps)?;
            }
            first.write_head(kek.number, &sealed)?;
            Ok(first.commit()?)
        };
        write().inspect_err(|_| first.roll_back())?;
        self.head = undo.head;
        self.undo = None;
        Ok(())
    }

    fn next_head(&self, writes: &[Write]) -> Result<Head, StoreError> {
        let head = Head {
            generation: self.head.generation.saturating_add(1),
            ..self.head
        };
        writes
            .iter()
            .try_fold(head, |head, write| self.head_after(head, write))
    }

    /// The head with this row in or out.
    ///
    /// # Errors
    /// `Damaged` when its MAC doesn't hold.
    pub(super) fn head_after(&self, mut head: Head, write: &Write) -> Result<Head, StoreError> {
        let addend = |row: &Row| {
            row.view()
                .verify(&self.keks)
                .ok_or_else(|| StoreError::Damaged {
                    id: String::from_utf8_lossy(&row.place.name).into_owned(),
                })
        };
        if let Some(old) = &write.old {
            head.sum.subtract(addend(old)?);
            head.count = head.count.saturating_sub(1);
        }
        if let Some(new) = &write.new {
            head.sum.add(addend(new)?);
            head.count = head.count.saturating_add(1);
        }
        Ok(head)
    }

    /// After something was taken away for good: SQLite has overwritten it in the
    /// files' pages, and the logs still have it.
    pub(super) fn empty_logs(&mut self) {
        self.logs_to_empty = false;
        for file in [&mut self.first, &mut self.second].into_iter().flatten() {
            if let Err(error) = file.empty_log() {
                tracing::warn!(%error, "a log of the key store could not be emptied; the next change tries again");
                self.logs_to_empty = true;
            }
        }
    }
}

fn not_open() -> StoreError {
    StoreError::Io {
        message: "the store is not open for writing".into(),
    }
}

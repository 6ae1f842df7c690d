//! The key store: two SQLite files that hold the same, private keys sealed, every
//! row authenticated, a running MAC over all. A change is acknowledged when both
//! have it on the disk. Knows no algorithm and no gRPC; never gives a private key
//! to anything but an `Opener`.
//!
//! `signer.db` is written first, then `signer.db.copy`. At the start the one of the
//! higher generation that holds together is believed and the other made anew.

mod apply;
pub mod bounds;
mod bytes;
mod change;
mod create;
mod error;
mod examine;
mod file;
mod format1;
mod keks;
mod names;
mod open;
mod paths;
mod reading;
mod record;
mod restore;
mod rewrap;
mod row;
mod running;
mod salvage;
mod seal;
pub mod sealing_key;
mod snapshot;
mod transaction;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use apply::{Outcome, RequestId};
pub use change::{Change, Edit};
pub use error::StoreError;
pub use keks::Opener;
pub use names::{COPY_FILE, OLD_FILE, STORE_FILE};
pub use open::{Options, PublicHalf};
pub use paths::make_directory;
pub use reading::Page;
pub use record::{
    KeyRecord, KeyState, NewKey, NewVersion, Policy, Sealed, StoredKey, StoredVersion, Usage,
};
pub use restore::{Put, Restored, Source};
pub use row::Recipient;
pub use seal::STORE_ID_BYTES;
pub use snapshot::Export;
pub use writer::{Companion, SealingProgress};

use crate::error::StartError;
use names::Names;
use sealing_key::SealingKey;
use writer::Writer;

/// An open store. Nobody else can open it until this is dropped. Every call may
/// wait for the disk: none is for a thread that must not.
pub struct Store {
    writer: Mutex<Writer>,
    opener: Opener,
    dir: PathBuf,
    _lock: File,
}

/// What was in the store when it was opened.
pub struct Opened {
    /// By id; private keys still sealed.
    pub keys: Vec<StoredKey>,
    /// Keys that exist and can't be served: damaged in both files.
    pub damaged: BTreeSet<String>,
    /// Whether this start made the store.
    pub created: bool,
    /// Whether changes are refused until the loss of the damaged keys is accepted.
    pub lossy: bool,
}

impl Store {
    /// Opens the store in `dir`, or makes one where there is none.
    ///
    /// # Errors
    /// `WrongSealingKey`, `CorruptStore` or `InUse`, with the store as it was;
    /// `System` when the machine refuses.
    pub fn open(
        dir: &Path,
        sealing_key: &SealingKey,
        options: &Options<'_>,
    ) -> Result<(Self, Opened), StartError> {
        let lock = paths::lock(dir)?;
        let names = Names::new(dir);
        let mut start = open::start(&names, sealing_key, options)?;
        let damaged = start
            .loss
            .as_ref()
            .map(|loss| loss.damaged.clone())
            .unwrap_or_default();
        let opened = Opened {
            keys: std::mem::take(&mut start.contents.keys),
            damaged,
            created: start.created,
            lossy: start.loss.is_some(),
        };
        let opener = Opener::new(&start.keks);
        let writer = Writer::new(names, sealing_key, start, &opened.keys, opener.clone())
            .map_err(|error| StartError::system(format!("{}: {error}", dir.display())))?;
        let store = Self {
            writer: Mutex::new(writer),
            opener,
            dir: dir.to_path_buf(),
            _lock: lock,
        };
        Ok((store, opened))
    }

    /// What opens private keys, from any thread, without waiting for a change.
    #[must_use]
    pub fn opener(&self) -> Opener {
        self.opener.clone()
    }

    /// Does a change in both files, synced, or nothing of it. `request`: done once,
    /// whatever number of times it is sent. `companion`: rows of the caller's own in
    /// the same transactions.
    ///
    /// # Errors
    /// `StoreError`; all but `Unsettled` leave the store as it was and ready.
    pub fn apply(
        &self,
        change: Change,
        request: Option<&RequestId<'_>>,
        companion: Option<&dyn Companion>,
    ) -> Result<Outcome, StoreError> {
        self.writer().apply(change, request, companion)
    }

    /// Only the companion's rows, with the same certainty.
    ///
    /// # Errors
    /// As for `apply`.
    pub fn append(&self, companion: &dyn Companion) -> Result<(), StoreError> {
        self.writer().append(companion)
    }

    /// The key that this request made or changed, when it was done already.
    ///
    /// # Errors
    /// `RequestReused` when it was another request.
    pub fn repeated(&self, request: &RequestId<'_>) -> Result<Option<String>, StoreError> {
        self.writer().repeated(request)
    }

    /// # Errors
    /// `NotFound`; `Damaged` when its rows hold in neither file.
    pub fn get(&self, id: &str) -> Result<StoredKey, StoreError> {
        self.writer().get(id)
    }

    /// Keys after `after` in the order of their ids, at most `limit` (and `MAX_PAGE`) that
    /// `wanted` takes. A damaged key is left out: `Opened` named it, or `get` does.
    ///
    /// # Errors
    /// What the disk says.
    pub fn list(
        &self,
        after: &str,
        limit: usize,
        wanted: &dyn Fn(&KeyRecord) -> bool,
    ) -> Result<Page, StoreError> {
        let mut page = Page {
            keys: Vec::new(),
            next: Some(after.to_owned()),
        };
        let limit = limit.clamp(1, bounds::MAX_PAGE);
        // One lock a stretch, so that a filter that takes little holds nobody up.
        while let Some(next) = page.next.take() {
            self.writer().list_some(&next, limit, wanted, &mut page)?;
            if page.keys.len() >= limit {
                break;
            }
        }
        Ok(page)
    }

    /// Keys whose deletion was scheduled for `now_ms` or before, the earliest first.
    #[must_use]
    pub fn due(&self, now_ms: i64, limit: usize) -> Vec<String> {
        self.writer().due(now_ms, limit)
    }

    /// When the next deletion is due, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        self.writer().next_due_ms()
    }

    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        self.writer().recipient()
    }

    #[must_use]
    pub fn sealing(&self) -> SealingProgress {
        self.writer().sealing()
    }

    /// Begins to seal everything under another sealing key: from now on, until
    /// `rewrap_some` has nothing left, either opens the store; after that only the new one.
    /// The same key again changes nothing.
    ///
    /// # Errors
    /// `RewrapRunning`, or as for `apply`.
    pub fn begin_rewrap(&self, sealing_key: &SealingKey) -> Result<SealingProgress, StoreError> {
        self.writer().begin_rewrap(sealing_key)
    }

    /// Seals the next `REWRAP_BATCH` rows anew. To be called while it is `running`, also
    /// after a start that finds it so.
    ///
    /// # Errors
    /// As for `apply`: nothing of this batch was done, and it may be tried again.
    pub fn rewrap_some(&self) -> Result<SealingProgress, StoreError> {
        self.writer().rewrap_some()
    }

    /// Every key, or these, as they are at one moment, with their private halves.
    /// Gives the ids of those that are damaged and left out; one that was named is not.
    ///
    /// # Errors
    /// `NotFound`, `Damaged`; what `to` says.
    pub fn snapshot(&self, ids: &[String], to: &mut dyn Export) -> Result<Vec<String>, StoreError> {
        self.writer().snapshot(ids, to)
    }

    /// Puts all keys that `source` gives into both files, or none of them. Memory grows
    /// with their number, by what the keyring then holds of them.
    ///
    /// # Errors
    /// `Exists`, `Full`, what `source` says, and as for `apply`.
    pub fn restore(&self, source: &Source<'_>) -> Result<Vec<StoredKey>, StoreError> {
        self.writer().restore(source)
    }

    /// A file on the store's disk for what passes through, without a name.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn transit_file(&self) -> Result<File, StoreError> {
        paths::nameless(&self.dir)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic inside leaves at most an open transaction, which the next change rolls back.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Every key in memory, by its id: what signing needs and nothing more. A key here is
//! never changed: another takes its place, after the store has the change. Private keys
//! are opened when first used, or by `open_all`, so that a start doesn't wait for them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::algorithms::{Kind, PrivateKey};
use crate::policy::{Limits, Rule, Subject, withdrawal};
use crate::rate::Bucket;
use crate::store::{KeyRecord, Opener, StoredKey, StoredVersion};

/// One key with its newest private half, and the public halves of all its versions.
pub struct Entry {
    pub subject: Subject,
    revision: u64,
    /// SubjectPublicKeyInfo, by version from 1.
    publics: Box<[Box<[u8]>]>,
    private: OnceLock<Option<PrivateKey>>,
    /// What the private half is opened from; gone when it is.
    sealed: Mutex<Option<Box<(KeyRecord, StoredVersion)>>>,
    opener: Opener,
    /// Why what waits for this one is not signed any more: another took its place. Shared
    /// with that one when it allows the same, so that the next change reaches both.
    withdrawn: OnceLock<Arc<OnceLock<Rule>>>,
}

/// What is found under an id.
pub enum Slot {
    Whole(Arc<Entry>),
    /// Its rows hold in neither file of the store.
    Damaged,
}

pub type Slots = HashMap<Box<str>, Slot>;

pub struct Keyring {
    slots: RwLock<Slots>,
    opener: Opener,
}

impl Entry {
    /// None when it is of a kind that this signer doesn't know.
    fn new(stored: StoredKey, opener: &Opener, before: Option<&Self>) -> Option<Self> {
        let StoredKey { record, versions } = stored;
        let kind = Kind::from_proto(i32::try_from(record.kind).ok()?)?;
        let per_second = record.policy.signatures_per_second;
        // A change of something else doesn't fill the bucket.
        let rate = before
            .and_then(|entry| entry.subject.rate.clone())
            .filter(|bucket| bucket.per_second() == per_second)
            .or_else(|| Bucket::new(per_second).map(Arc::new));
        let subject = Subject {
            kind,
            state: record.state,
            newest_version: record.newest_version,
            limits: Limits::from(&record.policy),
            rate,
        };
        let publics = versions
            .iter()
            .map(|version| version.public_key_der.as_slice().into())
            .collect();
        let newest = versions.into_iter().last();
        let revision = record.revision;
        let sealed = newest
            .filter(|version| version.sealed.is_some())
            .map(|version| Box::new((record, version)));
        Some(Self {
            subject,
            revision,
            publics,
            private: OnceLock::new(),
            sealed: Mutex::new(sealed),
            opener: opener.clone(),
            withdrawn: OnceLock::new(),
        })
    }

    /// The newest version's private half.
    ///
    /// # Errors
    /// Why there is none to sign with, or no longer.
    pub fn private(&self) -> Result<&PrivateKey, Rule> {
        if let Some(rule) = self.withdrawn() {
            return Err(rule);
        }
        self.private
            .get_or_init(|| self.open())
            .as_ref()
            .ok_or(Rule::KeyDamaged)
    }

    /// Why what waits for this one is not signed any more.
    #[must_use]
    pub fn withdrawn(&self) -> Option<Rule> {
        self.withdrawn
            .get()
            .and_then(|shared| shared.get())
            .copied()
    }

    fn open(&self) -> Option<PrivateKey> {
        let mut sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        let (record, version) = *sealed.take()?;
        let opened = self.opener.open(&record, &version).ok();
        let key = opened.and_then(|pkcs8| PrivateKey::from_pkcs8(self.subject.kind, &pkcs8).ok());
        if key.is_none() {
            tracing::error!(key = record.id, "a private key doesn't open: it is damaged");
        }
        key
    }

    /// Puts back into the rate what was taken for a signature that was not made.
    pub fn give_back(&self) {
        if let Some(bucket) = &self.subject.rate {
            bucket.give_back();
        }
    }

    /// SubjectPublicKeyInfo of a version; 0: the newest. None: there is no such version.
    #[must_use]
    pub fn public(&self, version: u32) -> Option<&[u8]> {
        let version = match version {
            0 => self.subject.newest_version,
            given => given,
        };
        let at = usize::try_from(version).ok()?.checked_sub(1)?;
        self.publics.get(at).map(AsRef::as_ref)
    }

    /// The versions that verify, the newest first.
    pub fn versions(&self) -> impl Iterator<Item = u32> + use<> {
        (1..=self.subject.newest_version).rev()
    }
}

impl Keyring {
    #[must_use]
    pub fn new(
        stored: Vec<StoredKey>,
        damaged: impl IntoIterator<Item = String>,
        opener: Opener,
    ) -> Self {
        let mut slots = Slots::with_capacity(stored.len());
        for key in stored {
            let id: Box<str> = key.record.id.as_str().into();
            slots.insert(id, slot(key, &opener, None));
        }
        for id in damaged {
            slots.insert(id.into(), Slot::Damaged);
        }
        Self {
            slots: RwLock::new(slots),
            opener,
        }
    }

    /// Held for a batch of look-ups, never while something waits.
    pub fn read(&self) -> RwLockReadGuard<'_, Slots> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in what the store has now. Of two changes that come in the wrong order the
    /// later one stays.
    pub fn put(&self, stored: StoredKey) {
        let id: Box<str> = stored.record.id.as_str().into();
        let before = match self.read().get(&id) {
            Some(Slot::Whole(entry)) => Some(Arc::clone(entry)),
            _ => None,
        };
        let known = before.as_ref().map_or(0, |entry| entry.revision);
        if known >= stored.record.revision {
            return;
        }
        let slot = slot(stored, &self.opener, before.as_deref());
        if let Slot::Whole(entry) = &slot {
            // Opened here, where it holds back nobody.
            let _ = entry.private();
        }
        let mut slots = self.write();
        if let (Slot::Whole(new), Some(Slot::Whole(old))) = (&slot, slots.get(&id)) {
            if old.revision >= new.revision {
                return;
            }
            let withdrawn = old.withdrawn.get_or_init(Arc::default);
            let _ = match withdrawal(&old.subject, &new.subject) {
                Some(rule) => withdrawn.set(rule).is_ok(),
                None => new.withdrawn.set(Arc::clone(withdrawn)).is_ok(),
            };
        }
        slots.insert(id, slot);
    }

    /// Opens every private key that isn't yet. Takes 8 us for each of P-256: a thread's work.
    pub fn open_all(&self) {
        let entries: Vec<Arc<Entry>> = self
            .read()
            .values()
            .filter_map(|slot| match slot {
                Slot::Whole(entry) => Some(Arc::clone(entry)),
                Slot::Damaged => None,
            })
            .collect();
        for entry in entries {
            let _ = entry.private();
        }
    }
}

fn slot(stored: StoredKey, opener: &Opener, before: Option<&Entry>) -> Slot {
    let id = stored.record.id.clone();
    Entry::new(stored, opener, before).map_or_else(
        || {
            tracing::error!(key = id, "a key is of a kind that this signer doesn't know");
            Slot::Damaged
        },
        |entry| Slot::Whole(Arc::new(entry)),
    )
}

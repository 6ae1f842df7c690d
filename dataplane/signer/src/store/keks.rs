//! The key-encryption keys of an open store, and what opens private keys with them.

use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

use super::error::StoreError;
use super::record::{KeyRecord, StoredVersion};
use super::seal::Kek;

/// The KEKs of an open store, the newest last: two while the sealing key is being
/// changed, else one.
#[derive(Clone)]
pub struct Keks(Vec<Arc<Kek>>);

impl Keks {
    /// None of none.
    #[must_use]
    pub fn new(mut keks: Vec<Arc<Kek>>) -> Option<Self> {
        keks.sort_by_key(|kek| kek.number);
        keks.dedup_by_key(|kek| kek.number);
        (!keks.is_empty()).then_some(Self(keks))
    }

    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Kek> {
        self.0
            .iter()
            .find(|kek| kek.number == number)
            .map(AsRef::as_ref)
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Kek>> {
        self.0.iter()
    }

    /// # Errors
    /// Never: there is always one; `Crypto` stands for that in the type.
    pub fn newest(&self) -> Result<&Arc<Kek>, StoreError> {
        self.0.last().ok_or(StoreError::Crypto)
    }
}

/// Opens sealed private keys, from any thread, without the store's lock. Keeps a
/// KEK that was replaced until the process ends, so that what was read before still opens.
#[derive(Clone)]
pub struct Opener(Arc<RwLock<Vec<Arc<Kek>>>>);

impl Opener {
    #[must_use]
    pub fn new(keks: &Keks) -> Self {
        Self(Arc::new(RwLock::new(keks.iter().cloned().collect())))
    }

    pub(super) fn learn(&self, kek: &Arc<Kek>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.iter().all(|one| one.number != kek.number) {
            known.push(Arc::clone(kek));
        }
    }

    /// PKCS#8 of one version.
    ///
    /// # Errors
    /// `Damaged` when it doesn't open as what the record says it is, or was destroyed.
    pub fn open(
        &self,
        record: &KeyRecord,
        version: &StoredVersion,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let opened = version.sealed.as_ref().and_then(|sealed| {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let kek = known.iter().find(|kek| kek.number == sealed.kek).cloned();
            drop(known);
            kek?.open_private(record, version.version, &sealed.bytes)
        });
        opened.ok_or_else(|| StoreError::Damaged {
            id: record.id.clone(),
        })
    }
}

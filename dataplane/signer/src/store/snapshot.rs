//! The keys of one moment with their private halves, one after the other, for a backup.
//! Changes wait meanwhile. Changes nothing.

use zeroize::Zeroizing;

use super::bounds::MAX_PAGE;
use super::error::StoreError;
use super::record::{KeyState, StoredKey};
use super::row::{Place, RowKind};
use super::seal::StoreId;
use super::writer::Writer;

/// Takes what a snapshot has. An error of its own ends it.
pub trait Export {
    /// # Errors
    /// When it can't be written.
    fn begin(&mut self, store_id: &StoreId, generation: u64) -> Result<(), StoreError>;

    /// `privates`: PKCS#8 by version from 1; none of a destroyed key.
    ///
    /// # Errors
    /// When it can't be written.
    fn key(&mut self, key: StoredKey, privates: Vec<Zeroizing<Vec<u8>>>) -> Result<(), StoreError>;
}

impl Writer {
    /// # Errors
    /// As `Store::snapshot`.
    pub fn snapshot(&self, ids: &[String], to: &mut dyn Export) -> Result<Vec<String>, StoreError> {
        to.begin(&self.store_id, self.head.generation)?;
        if !ids.is_empty() {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                self.export(&id, to)?;
            }
            return Ok(Vec::new());
        }
        let mut left_out = self.damaged.clone();
        let mut after = Place::new(RowKind::Key, "", 0);
        loop {
            let rows = self.rows_after(&after, MAX_PAGE)?;
            let full = rows.len() == MAX_PAGE;
            for row in rows {
                if row.place.kind != RowKind::Key as i64 {
                    return Ok(left_out.into_iter().collect());
                }
                let id = String::from_utf8_lossy(&row.place.name).into_owned();
                match self.export(&id, to) {
                    Err(StoreError::Damaged { .. }) => {
                        tracing::error!(key = id, "a damaged key is left out of a backup");
                        left_out.insert(id);
                    }
                    exported => exported?,
                }
                after = row.place;
            }
            if !full {
                return Ok(left_out.into_iter().collect());
            }
        }
    }

    fn export(&self, id: &str, to: &mut dyn Export) -> Result<(), StoreError> {
        let key = self.get(id)?;
        let mut privates = Vec::with_capacity(key.versions.len());
        if key.record.state != KeyState::Destroyed {
            for version in &key.versions {
                privates.push(self.opener.open(&key.record, version)?);
            }
        }
        to.key(key, privates)
    }
}

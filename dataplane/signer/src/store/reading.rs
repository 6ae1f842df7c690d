//! What is asked of an open store. Every row is verified again as it is read, and
//! taken from the other file where it doesn't hold. Changes nothing.

use super::bounds;
use super::change::{Current, version_place};
use super::error::StoreError;
use super::file::StoreFile;
use super::record::{KeyRecord, StoredKey};
use super::row::{Place, Recipient, Row, RowKind};
use super::writer::Writer;

/// Part of a list.
pub struct Page {
    pub keys: Vec<StoredKey>,
    /// After which id the list goes on; none: this was all.
    pub next: Option<String>,
}

impl Writer {
    #[must_use]
    pub fn due(&self, now_ms: i64, limit: usize) -> Vec<String> {
        let due = self.due.iter().take_while(|(at, _)| *at <= now_ms);
        due.take(limit).map(|(_, id)| id.clone()).collect()
    }

    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        self.recipient.clone()
    }

    /// # Errors
    /// As `Store::get`.
    pub fn get(&self, id: &str) -> Result<StoredKey, StoreError> {
        self.current(id).map(|current| current.key)
    }

    pub(super) fn current(&self, id: &str) -> Result<Current, StoreError> {
        let damaged = || StoreError::Damaged { id: id.to_owned() };
        if self.damaged.contains(id) {
            return Err(damaged());
        }
        let not_found = || StoreError::NotFound { id: id.to_owned() };
        if id.is_empty() || id.len() > bounds::MAX_ID_BYTES {
            return Err(not_found());
        }
        let place = Place::new(RowKind::Key, id, 0);
        let record = self.verified(&place)?.ok_or_else(not_found)?;
        let stored = record.view().to_record().ok_or_else(damaged)?;
        let mut rows = Vec::new();
        let mut versions = Vec::new();
        for version in 1..=stored.newest_version {
            let place = version_place(id, version);
            let row = self.verified(&place)?.ok_or_else(damaged)?;
            versions.push(row.view().to_version().ok_or_else(damaged)?);
            rows.push(row);
        }
        Ok(Current {
            key: StoredKey {
                record: stored,
                versions,
            },
            versions: rows,
            record,
        })
    }

    /// The row as it is in the first file whose row holds; none: in no file.
    ///
    /// # Errors
    /// `Damaged` when it holds in neither.
    pub(super) fn verified(&self, place: &Place) -> Result<Option<Row>, StoreError> {
        let (mut seen, mut read) = (false, false);
        let mut failed = None;
        for file in [&self.first, &self.second, &self.reader]
            .into_iter()
            .flatten()
        {
            match file.row(place) {
                Ok(Some(row)) if row.view().verify(&self.keks).is_some() => return Ok(Some(row)),
                Ok(row) => {
                    read = true;
                    seen |= row.is_some();
                }
                Err(error) => failed = Some(error),
            }
        }
        match (seen, failed) {
            (true, _) => Err(StoreError::Damaged {
                id: String::from_utf8_lossy(&place.name).into_owned(),
            }),
            (false, Some(error)) if !read => Err(error),
            (false, _) => Ok(None),
        }
    }

    /// One stretch of a list.
    ///
    /// # Errors
    /// What the disk says.
    pub fn list_some(
        &self,
        after: &str,
        limit: usize,
        wanted: &dyn Fn(&KeyRecord) -> bool,
        page: &mut Page,
    ) -> Result<(), StoreError> {
        let place = Place::new(RowKind::Key, after, 0);
        let rows = self.rows_after(&place, bounds::MAX_PAGE)?;
        let full = rows.len() == bounds::MAX_PAGE;
        let mut last = None;
        for row in rows {
            if row.place.kind != RowKind::Key as i64 {
                return Ok(());
            }
            if page.keys.len() >= limit {
                page.next = last;
                return Ok(());
            }
            let id = String::from_utf8_lossy(&row.place.name).into_owned();
            let holds = row.view().verify(&self.keks).is_some();
            let record = row.view().to_record().filter(|_| holds);
            if record.is_none_or(|record| wanted(&record)) {
                match self.get(&id) {
                    Ok(key) if wanted(&key.record) => page.keys.push(key),
                    Ok(_) => {}
                    Err(error) => tracing::error!(key = id, %error, "a key is left out of a list"),
                }
            }
            last = Some(id);
        }
        if full {
            page.next = last;
        }
        Ok(())
    }

    /// From the first file that can be read there.
    pub(super) fn rows_after(&self, place: &Place, limit: usize) -> Result<Vec<Row>, StoreError> {
        match self.reading()?.rows_after(place, limit) {
            Err(StoreError::FileDamaged) if self.first.is_some() => {
                let second = self.second.as_ref().ok_or(StoreError::FileDamaged)?;
                second.rows_after(place, limit)
            }
            other => other,
        }
    }

    /// The file that is read.
    ///
    /// # Errors
    /// `Io` when none is open.
    pub(super) fn reading(&self) -> Result<&StoreFile, StoreError> {
        let file = self.first.as_ref().or(self.reader.as_ref());
        file.ok_or_else(|| StoreError::Io {
            message: "no file of the store can be read".into(),
        })
    }
}

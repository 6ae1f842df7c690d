//! A change of the sealing key: a new KEK, every row sealed anew under it in
//! batches, then the old one forgotten. Broken off anywhere it goes on at the next
//! start: until the last batch both KEKs are wrapped under both sealing keys.

use std::sync::Arc;

use super::bounds::REWRAP_BATCH;
use super::error::StoreError;
use super::file::Wrap;
use super::keks::Keks;
use super::record::KeyRecord;
use super::row::{Place, Row, RowKind};
use super::seal::{Kek, WrappingKey};
use super::sealing_key::SealingKey;
use super::transaction::Write;
use super::writer::{SealingProgress, Writer};

/// How far the rows have been gone through, in their order.
pub struct Cursor {
    after: Place,
    left: u64,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            after: Place {
                kind: 0,
                name: Vec::new(),
                number: 0,
            },
            left: 0,
        }
    }
}

impl Writer {
    #[must_use]
    pub fn sealing(&self) -> SealingProgress {
        let running = self.keks.iter().count() > 1;
        SealingProgress {
            generation: self.keks.newest().map_or(0, |kek| kek.number),
            rows_left: if running { self.rewrap.left } else { 0 },
            running,
        }
    }

    /// What a start finds of a change that was broken off.
    pub(super) fn resume_rewrap(&mut self) {
        if self.keks.iter().count() < 2 {
            return;
        }
        self.rewrap.left = self.count_left().unwrap_or(u64::MAX);
        // A start with the new key: it wraps from now on.
        if let Some(key) = self.wrapping.take() {
            match self.opens_last(&key) {
                Ok(true) => self.next_wrapping = Some(key),
                _ => self.wrapping = Some(key),
            }
        }
    }

    /// Whether this is the sealing key that opens the store in the end.
    fn opens_last(&self, key: &WrappingKey) -> Result<bool, StoreError> {
        let newest = self.keks.newest()?.number;
        let last = u32::from(self.sealing().running);
        Ok(self
            .wraps
            .iter()
            .filter(|wrap| wrap.slot == last && wrap.kek == newest)
            .any(|wrap| {
                key.unwrap(&self.store_id, wrap.kek, &wrap.wrapped)
                    .is_some()
            }))
    }

    fn count_left(&self) -> Result<u64, StoreError> {
        let newest = self.keks.newest()?.number;
        self.reading()?.count_not_under(newest)
    }

    /// # Errors
    /// As `Store::begin_rewrap`.
    pub fn begin_rewrap(
        &mut self,
        sealing_key: &SealingKey,
    ) -> Result<SealingProgress, StoreError> {
        self.ready()?;
        let next = WrappingKey::new(sealing_key, &self.store_id)?;
        let running = self.sealing().running;
        if self.opens_last(&next)? {
            // Asked for again, by who doesn't know whether it was done.
            if running {
                self.next_wrapping = Some(next);
            } else {
                self.wrapping = Some(next);
            }
            return Ok(self.sealing());
        }
        if running {
            return Err(StoreError::RewrapRunning);
        }
        let old = Arc::clone(self.keks.newest()?);
        let new = Arc::new(Kek::generate(&self.store_id, old.number.saturating_add(1))?);
        let now = self
            .wrapping
            .as_ref()
            .ok_or(StoreError::SealingKeyReplaced)?;
        let mut wraps = Vec::new();
        for (slot, wrapping) in [(0, now), (1, &next)] {
            for kek in [&old, &new] {
                wraps.push(Wrap {
                    kek: kek.number,
                    slot,
                    wrapped: wrapping.wrap(&self.store_id, kek)?,
                });
            }
        }
        let before = self.keks.clone();
        self.keks = Keks::new(vec![old, Arc::clone(&new)]).ok_or(StoreError::Crypto)?;
        if let Err(error) = self.commit(&[], Some(&wraps), None) {
            self.keks = before;
            return Err(error);
        }
        self.opener.learn(&new);
        self.wraps = wraps;
        self.next_wrapping = Some(next);
        self.rewrap = Cursor {
            // It is begun: that they can't be counted is no failure of it.
            left: self.count_left().unwrap_or(u64::MAX),
            ..Cursor::default()
        };
        Ok(self.sealing())
    }

    /// # Errors
    /// As `Store::rewrap_some`.
    pub fn rewrap_some(&mut self) -> Result<SealingProgress, StoreError> {
        if !self.sealing().running {
            return Ok(self.sealing());
        }
        self.ready()?;
        let newest = Arc::clone(self.keks.newest()?);
        let rows = self.rows_after(&self.rewrap.after, REWRAP_BATCH)?;
        let Some(last) = rows.last().map(|row| row.place.clone()) else {
            self.finish_rewrap()?;
            return Ok(self.sealing());
        };
        let mut writes = Vec::new();
        let mut owner: Option<KeyRecord> = None;
        for row in rows.into_iter().filter(|row| row.kek != newest.number) {
            let damaged = || StoreError::Damaged {
                id: String::from_utf8_lossy(&row.place.name).into_owned(),
            };
            let old = self.verified(&row.place)?.ok_or_else(damaged)?;
            let sealed = match &old.sealed {
                None => None,
                Some(sealed) => {
                    if owner
                        .as_ref()
                        .is_none_or(|owner| owner.id.as_bytes() != old.place.name)
                    {
                        let place = Place {
                            kind: RowKind::Key as i64,
                            name: old.place.name.clone(),
                            number: 0,
                        };
                        owner = self
                            .verified(&place)?
                            .and_then(|row| row.view().to_record());
                    }
                    let record = owner.as_ref().ok_or_else(damaged)?;
                    let version = u32::try_from(old.place.number).map_err(|_| damaged())?;
                    let private_key = self
                        .keks
                        .get(old.kek)
                        .and_then(|kek| kek.open_private(record, version, sealed))
                        .ok_or_else(damaged)?;
                    Some(newest.seal_private(record, version, &private_key)?)
                }
            };
            let new = Row::new(&newest, old.place.clone(), old.body.clone(), sealed);
            writes.push(Write {
                old: Some(old),
                new: Some(new),
            });
        }
        if !writes.is_empty() {
            self.commit(&writes, None, None)?;
        }
        self.rewrap.left = self.rewrap.left.saturating_sub(writes.len() as u64);
        self.rewrap.after = last;
        Ok(self.sealing())
    }

    /// Forgets the old KEK and the old sealing key, in both files and their logs.
    fn finish_rewrap(&mut self) -> Result<(), StoreError> {
        let newest = Arc::clone(self.keks.newest()?);
        let left = self.count_left()?;
        if left > 0 {
            self.rewrap = Cursor {
                left,
                ..Cursor::default()
            };
            return Ok(());
        }
        let wraps: Vec<Wrap> = self
            .wraps
            .iter()
            .filter(|wrap| wrap.slot == 1 && wrap.kek == newest.number)
            .map(|wrap| Wrap {
                slot: 0,
                ..wrap.clone()
            })
            .collect();
        if wraps.is_empty() {
            return Err(StoreError::Crypto);
        }
        self.commit(&[], Some(&wraps), None)?;
        self.wraps = wraps;
        self.keks = Keks::new(vec![newest]).ok_or(StoreError::Crypto)?;
        // None when this process began with the old sealing key and only resumed.
        self.wrapping = self.next_wrapping.take();
        self.rewrap = Cursor::default();
        self.empty_logs();
        Ok(())
    }
}

//! From a change that is asked for to the rows that it touches, and what is
//! remembered once both files have it. Memory changes only after they do.

use std::collections::HashSet;

use super::bounds;
use super::change::{Change, Edit, Plan, plan_edit, rows_of};
use super::error::StoreError;
use super::record::{KeyRecord, NewKey, StoredKey, require};
use super::row::{DIGEST_BYTES, Place, RECIPIENT, Request, Row, RowKind};
use super::transaction::Write;
use super::writer::{Companion, Writer};

/// By what a change that is sent again is known.
pub struct RequestId<'a> {
    /// At most `MAX_REQUEST_ID_BYTES`.
    pub id: &'a str,
    /// SHA-256 of the whole request.
    pub sha256: [u8; DIGEST_BYTES],
}

/// What became of a change.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The keys as they are now.
    Done(Vec<StoredKey>),
    /// It was done before; the key that it made or changed then, or "".
    Repeated(String),
}

impl Writer {
    /// # Errors
    /// As `Store::apply`.
    pub fn apply(
        &mut self,
        change: Change,
        request: Option<&RequestId<'_>>,
        companion: Option<&dyn Companion>,
    ) -> Result<Outcome, StoreError> {
        if let Some(request) = request
            && let Some(key) = self.repeated(request)?
        {
            return Ok(Outcome::Repeated(key));
        }
        self.ready()?;
        let mut plan = self.plan(change)?;
        let remembered = match request {
            Some(request) => Some(self.plan_request(request, &mut plan)?),
            None => None,
        };
        self.commit(&plan.writes, None, companion)?;
        for key in &plan.keys {
            self.note_deletion(&key.record);
        }
        for write in plan.writes.iter().filter(|write| write.old.is_none()) {
            match write.new.as_ref().map(|row| row.place.kind) {
                Some(kind) if kind == RowKind::Key as i64 => self.key_count += 1,
                Some(kind) if kind == RowKind::Version as i64 => self.version_count += 1,
                _ => {}
            }
        }
        if let Some((number, request)) = remembered {
            self.remember(number, request);
        }
        if let Some(recipient) = plan.recipient {
            self.recipient = Some(recipient);
        }
        if plan.erases || self.logs_to_empty {
            self.empty_logs();
        }
        Ok(Outcome::Done(plan.keys))
    }

    /// # Errors
    /// As `Store::append`.
    pub fn append(&mut self, companion: &dyn Companion) -> Result<(), StoreError> {
        self.ready()?;
        self.commit(&[], None, Some(companion))
    }

    fn plan(&self, change: Change) -> Result<Plan, StoreError> {
        match change {
            Change::Create(keys) => self.plan_create(keys),
            Change::Edit {
                id,
                expected_revision,
                edit,
            } => {
                let current = self.current(&id)?;
                let revision = current.key.record.revision;
                if expected_revision != 0 && expected_revision != revision {
                    return Err(StoreError::Stale { id, revision });
                }
                if matches!(edit, Edit::AddVersion(_)) {
                    room(
                        self.version_count,
                        1,
                        bounds::MAX_VERSIONS_IN_ALL,
                        "versions",
                    )?;
                }
                plan_edit(&self.keks, current, edit)
            }
            Change::Nothing {
                id,
                expected_revision,
            } => {
                let key = self.current(&id)?.key;
                let revision = key.record.revision;
                if expected_revision != revision {
                    return Err(StoreError::Stale { id, revision });
                }
                Ok(Plan {
                    keys: vec![key],
                    ..Plan::default()
                })
            }
            Change::SetRecipient(recipient) => {
                if self.recipient.is_some() {
                    return Err(StoreError::RecipientSet);
                }
                let len = recipient.recipient.len();
                require(
                    (1..=bounds::MAX_RECIPIENT_BYTES).contains(&len),
                    "recipient",
                )?;
                let place = Place::new(RowKind::Setting, RECIPIENT, 0);
                let new = Row::new(self.keks.newest()?, place, recipient.to_bytes(), None);
                Ok(Plan {
                    writes: vec![Write {
                        old: None,
                        new: Some(new),
                    }],
                    recipient: Some(recipient),
                    ..Plan::default()
                })
            }
        }
    }

    /// A damaged row takes its id as well as a whole one.
    pub(super) fn is_taken(&self, place: &Place) -> Result<bool, StoreError> {
        match self.verified(place) {
            Err(StoreError::Damaged { .. }) => Ok(true),
            found => found.map(|row| row.is_some()),
        }
    }

    fn plan_create(&self, keys: Vec<NewKey>) -> Result<Plan, StoreError> {
        let kek = self.keks.newest()?;
        let versions = keys.iter().map(|key| key.versions.len()).sum();
        room(self.key_count, keys.len(), bounds::MAX_KEYS, "keys")?;
        let most = bounds::MAX_VERSIONS_IN_ALL;
        room(self.version_count, versions, most, "versions")?;
        let mut plan = Plan::default();
        let mut ids = HashSet::new();
        for key in keys {
            let id = key.record.id.clone();
            let place = Place::new(RowKind::Key, &id, 0);
            if self.is_taken(&place)? || !ids.insert(id.clone()) {
                return Err(StoreError::Exists { id });
            }
            let (rows, stored) = rows_of(kek, key)?;
            plan.keys.push(stored);
            plan.writes.extend(rows.into_iter().map(|row| Write {
                old: None,
                new: Some(row),
            }));
        }
        Ok(plan)
    }

    /// # Errors
    /// `RequestReused`, `Invalid`.
    pub fn repeated(&self, request: &RequestId<'_>) -> Result<Option<String>, StoreError> {
        let len = request.id.len();
        require(
            (1..=bounds::MAX_REQUEST_ID_BYTES).contains(&len),
            "request_id",
        )?;
        let number = self.by_request.get(request.id);
        match number.and_then(|number| self.requests.get(number)) {
            None => Ok(None),
            Some(known) if known.sha256 == request.sha256 => Ok(Some(known.key.clone())),
            Some(_) => Err(StoreError::RequestReused),
        }
    }

    fn plan_request(
        &self,
        request: &RequestId<'_>,
        plan: &mut Plan,
    ) -> Result<(i64, Request), StoreError> {
        let last = self.requests.last_key_value();
        let number = last.map_or(1, |(number, _)| number.saturating_add(1));
        let key = plan.keys.first().map(|key| key.record.id.clone());
        let remembered = Request {
            id: request.id.to_owned(),
            sha256: request.sha256,
            key: key.unwrap_or_default(),
        };
        if self.requests.len() >= bounds::MAX_REQUEST_IDS
            && let Some((oldest, _)) = self.requests.first_key_value()
        {
            let place = Place::new(RowKind::Request, "", *oldest);
            let old = self.verified(&place)?;
            plan.writes.push(Write { old, new: None });
        }
        let place = Place::new(RowKind::Request, "", number);
        let row = Row::new(self.keks.newest()?, place, remembered.to_bytes(), None);
        plan.writes.push(Write {
            old: None,
            new: Some(row),
        });
        Ok((number, remembered))
    }

    fn remember(&mut self, number: i64, request: Request) {
        if self.requests.len() >= bounds::MAX_REQUEST_IDS
            && let Some((_, oldest)) = self.requests.pop_first()
        {
            self.by_request.remove(&oldest.id);
        }
        self.by_request.insert(request.id.clone(), number);
        self.requests.insert(number, request);
    }

    pub(super) fn note_deletion(&mut self, record: &KeyRecord) {
        if let Some(before) = self.deletions.remove(&record.id) {
            self.due.remove(&(before, record.id.clone()));
        }
        if record.delete_at_ms != 0 {
            self.deletions
                .insert(record.id.clone(), record.delete_at_ms);
            self.due.insert((record.delete_at_ms, record.id.clone()));
        }
    }
}

pub(super) fn room(
    have: usize,
    more: usize,
    most: usize,
    what: &'static str,
) -> Result<(), StoreError> {
    if have.saturating_add(more) <= most {
        Ok(())
    } else {
        Err(StoreError::Full { what, most })
    }
}

//! The two open files and what is remembered of them: checks a change, writes it
//! to both, and takes it back from the first when the second refuses. One caller
//! at a time. Memory changes only after both files have.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use super::bounds;
use super::change::{Change, Current, Edit, Plan, plan_edit, rows_of, version_place};
use super::error::StoreError;
use super::file::{StoreFile, Wrap, Write, log_bytes};
use super::open::{Names, Start, forget_old};
use super::record::{KeyRecord, NewKey, StoredKey, require};
use super::row::{DIGEST_BYTES, Place, RECIPIENT, Recipient, Request, Row, RowKind};
use super::seal::{Head, Keks, Opener, StoreId, WrappingKey};
use super::sealing_key::SealingKey;

/// Rows of the caller's own, committed with a change or without one: room for an
/// audit record. Called once for each file, in its open transaction; must write the same in both.
pub trait Companion {
    /// # Errors
    /// SQLite's: the whole change is taken back then.
    fn write(&self, transaction: &rusqlite::Connection) -> rusqlite::Result<()>;

    /// About how many bytes it writes: room for them is reserved.
    fn len_bytes(&self) -> u64;
}

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

/// Part of a list.
pub struct Page {
    pub keys: Vec<StoredKey>,
    /// After which id the list goes on; none: this was all.
    pub next: Option<String>,
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
    reader: Option<StoreFile>,
    /// Why no change is ever taken.
    refusal: Option<StoreError>,
    first_leads: bool,
    in_step: bool,

    damaged: BTreeSet<String>,
    requests: BTreeMap<i64, Request>,
    by_request: HashMap<String, i64>,
    recipient: Option<Recipient>,
    due: BTreeSet<(i64, String)>,
    deletions: HashMap<String, i64>,
    key_count: usize,
    version_count: usize,
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
        if plan.erases {
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
                    room(self.version_count, 1, bounds::MAX_VERSIONS_IN_ALL, "versions")?;
                }
                plan_edit(&self.keks, current, edit)
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
            if self.reading()?.row(&place)?.is_some() || !ids.insert(id.clone()) {
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

    fn note_deletion(&mut self, record: &KeyRecord) {
        if let Some(before) = self.deletions.remove(&record.id) {
            self.due.remove(&(before, record.id.clone()));
        }
        if record.delete_at_ms != 0 {
            self.deletions
                .insert(record.id.clone(), record.delete_at_ms);
            self.due.insert((record.delete_at_ms, record.id.clone()));
        }
    }

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

    fn current(&self, id: &str) -> Result<Current, StoreError> {
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
        let mut seen = false;
        let mut failed = None;
        for file in [&self.first, &self.second, &self.reader]
            .into_iter()
            .flatten()
        {
            match file.row(place) {
                Ok(Some(row)) if row.view().verify(&self.keks).is_some() => return Ok(Some(row)),
                Ok(row) => seen |= row.is_some(),
                Err(error) => failed = Some(error),
            }
        }
        match (seen, failed) {
            (true, _) => Err(StoreError::Damaged {
                id: String::from_utf8_lossy(&place.name).into_owned(),
            }),
            (false, Some(error)) => Err(error),
            (false, None) => Ok(None),
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
        let rows = self.reading()?.rows_after(&place, bounds::MAX_PAGE)?;
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

    /// Both files open for writing and the same; made so where they aren't.
    ///
    /// # Errors
    /// Why no change can be taken now.
    pub(super) fn ready(&mut self) -> Result<(), StoreError> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
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
        let head = self.next_head(writes)?;
        let kek = self.keks.newest()?;
        let sealed = kek.seal_head(&head)?;
        let (Some(first), Some(second)) = (&mut self.first, &mut self.second) else {
            return Err(StoreError::Io {
                message: "the store is not open for writing".into(),
            });
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
        let prepared = prepare(first).and_then(|()| prepare(second));
        if let Err(error) = prepared.and_then(|()| first.commit()) {
            first.roll_back();
            second.roll_back();
            return Err(error);
        }
        let Err(error) = second.commit() else {
            self.head = head;
            return Ok(());
        };
        second.roll_back();
        self.second = None;
        self.in_step = false;
        if wraps.is_some() || companion.is_some() {
            return Err(self.give_up(&error));
        }
        self.take_back(writes, &head).map_err(|_| self.give_up(&error))?;
        Err(error)
    }

    /// Undoes in the first file what the second didn't take.
    fn take_back(&mut self, writes: &[Write], head: &Head) -> Result<(), StoreError> {
        let before = Head {
            generation: head.generation.saturating_add(1),
            ..self.head
        };
        let kek = self.keks.newest()?;
        let sealed = kek.seal_head(&before)?;
        let Some(first) = &self.first else {
            return Ok(());
        };
        let undo = || -> Result<(), StoreError> {
            first.begin()?;
            for write in writes.iter().rev() {
                first.write(&write.undone())?;
            }
            first.write_head(kek.number, &sealed)?;
            first.commit()
        };
        undo().inspect_err(|_| first.roll_back())?;
        self.head = before;
        Ok(())
    }

    fn give_up(&mut self, error: &StoreError) -> StoreError {
        let refusal = StoreError::Unsettled {
            message: error.to_string(),
        };
        tracing::error!(%refusal, "the key store takes no more changes");
        self.refusal = Some(refusal.clone());
        refusal
    }

    fn next_head(&self, writes: &[Write]) -> Result<Head, StoreError> {
        let mut head = self.head;
        head.generation = head.generation.saturating_add(1);
        let addend = |row: &Row| {
            row.view()
                .verify(&self.keks)
                .ok_or_else(|| StoreError::Damaged {
                    id: String::from_utf8_lossy(&row.place.name).into_owned(),
                })
        };
        for write in writes {
            if let Some(old) = &write.old {
                head.sum.subtract(addend(old)?);
                head.count = head.count.saturating_sub(1);
            }
            if let Some(new) = &write.new {
                head.sum.add(addend(new)?);
                head.count = head.count.saturating_add(1);
            }
        }
        Ok(head)
    }

    /// After something was taken away for good: SQLite has overwritten it in the
    /// files' pages, and the logs still have it.
    pub(super) fn empty_logs(&mut self) {
        for file in [&mut self.first, &mut self.second].into_iter().flatten() {
            if let Err(error) = file.empty_log() {
                tracing::warn!(%error, "a log of the key store could not be emptied; the next change tries again");
            }
        }
    }
}

fn room(have: usize, more: usize, most: usize, what: &'static str) -> Result<(), StoreError> {
    if have.saturating_add(more) <= most {
        Ok(())
    } else {
        Err(StoreError::Full { what, most })
    }
}

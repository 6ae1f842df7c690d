//! What the store says: of one key, of a page of them in the order of their ids, of
//! itself. A page is bounded by its bytes too, since one key's policy and versions may
//! take many.

use prost::Message;
use tonic::{Code, Status};

use super::status::{invalid, not_found, refuse};
use super::{Shared, convert};
use crate::limits::{DEFAULT_PAGE_KEYS, MAX_PAGE_BYTES, MAX_PAGE_KEYS};
use crate::proto::ListKeysRequest;
use crate::proto::v1::{self, Key, ListKeysResponse, RecoveryRecipient, SealingStatus};
use crate::recovery;
use crate::store::bounds::MAX_ID_BYTES;
use crate::store::{KeyRecord, KeyState, StoreError};

/// Keys looked at before a page is sent without being full.
const STEP_KEYS: usize = 100;

pub fn get(shared: &Shared, id: &str) -> Result<Key, Status> {
    if id.len() > MAX_ID_BYTES {
        return Err(not_found());
    }
    Ok(convert::key(shared.store.get(id)?, true))
}

pub fn list(shared: &Shared, request: ListKeysRequest) -> Result<ListKeysResponse, Status> {
    let asked = request.list.unwrap_or_default();
    let size = match usize::try_from(asked.page_size).unwrap_or(usize::MAX) {
        0 => DEFAULT_PAGE_KEYS,
        given if given <= MAX_PAGE_KEYS => given,
        _ => return Err(invalid(format!("page_size: at most {MAX_PAGE_KEYS}"))),
    };
    if asked.page_token.len() > MAX_ID_BYTES {
        return Err(invalid("page_token: it is none that a list gave"));
    }
    let mut page = Page {
        size,
        bytes: 0,
        keys: Vec::new(),
    };
    let seen_by = request.seen_by.as_str();
    let wanted = |record: &KeyRecord| is_seen(record, seen_by) && is_wanted(record, &asked);
    let next = match request.ids.is_empty() {
        true => all(shared, &asked.page_token, &mut page, &wanted)?,
        false => some(shared, request.ids, &asked.page_token, &mut page, &wanted)?,
    };
    Ok(ListKeysResponse {
        keys: page.keys,
        next_page_token: next.unwrap_or_default(),
    })
}

fn is_wanted(record: &KeyRecord, asked: &v1::ListKeysRequest) -> bool {
    let state = record.state as i32;
    let in_state = match asked.states.is_empty() {
        true => record.state != KeyState::Destroyed,
        false => asked.states.contains(&state),
    };
    let has = |(name, value): (&String, &String)| record.labels.get(name) == Some(value);
    in_state && asked.labels.iter().all(has)
}

/// By the policy alone: what else a caller may see is the agent's to know.
fn is_seen(record: &KeyRecord, by: &str) -> bool {
    let named = &record.policy.identities;
    by.is_empty() || named.is_empty() || named.iter().any(|one| one == by)
}

pub fn recipient(shared: &Shared) -> Result<RecoveryRecipient, Status> {
    let recipient = shared.store.recipient().ok_or_else(|| {
        refuse(
            Code::FailedPrecondition,
            "RECIPIENT_NOT_SET",
            "no recovery recipient was set; an administrator sets it, once",
        )
    })?;
    Ok(RecoveryRecipient {
        recipient: recipient.recipient,
        set_at_ms: recipient.set_at_ms,
    })
}

pub fn set_recipient(shared: &Shared, given: &str) -> Result<RecoveryRecipient, Status> {
    let given = recovery::parse(given).map_err(invalid)?;
    recovery::set(&shared.store, given)?;
    recipient(shared)
}

pub fn sealing(shared: &Shared) -> SealingStatus {
    let progress = shared.store.sealing();
    // 0 says that the old key opens nothing any more: the last step takes that away.
    let left = progress.rows_left.max(u64::from(progress.running));
    SealingStatus {
        generation: progress.generation.into(),
        rows_left: u32::try_from(left).unwrap_or(u32::MAX),
    }
}

struct Page {
    size: usize,
    bytes: usize,
    keys: Vec<Key>,
}

impl Page {
    /// False when there is no room for it.
    fn push(&mut self, key: Key) -> bool {
        let bytes = key.encoded_len();
        let full = self.keys.len() >= self.size
            || (!self.keys.is_empty() && self.bytes + bytes > MAX_PAGE_BYTES);
        if !full {
            self.bytes += bytes;
            self.keys.push(key);
        }
        !full
    }

    fn next(&self) -> Option<String> {
        self.keys.last().map(|key| key.id.clone())
    }
}

/// After which id the list goes on.
fn all(
    shared: &Shared,
    after: &str,
    page: &mut Page,
    wanted: &dyn Fn(&KeyRecord) -> bool,
) -> Result<Option<String>, Status> {
    let mut after = after.to_owned();
    loop {
        let found = shared.store.list(&after, STEP_KEYS, wanted)?;
        for key in found.keys {
            if !page.push(convert::key(key, false)) {
                return Ok(page.next());
            }
        }
        match found.next {
            Some(next) => after = next,
            None => return Ok(None),
        }
    }
}

fn some(
    shared: &Shared,
    mut ids: Vec<String>,
    after: &str,
    page: &mut Page,
    wanted: &dyn Fn(&KeyRecord) -> bool,
) -> Result<Option<String>, Status> {
    ids.sort_unstable();
    ids.dedup();
    for id in ids.iter().filter(|id| id.as_str() > after) {
        match shared.store.get(id) {
            Ok(key) if wanted(&key.record) => {
                if !page.push(convert::key(key, false)) {
                    return Ok(page.next());
                }
            }
            Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Damaged { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

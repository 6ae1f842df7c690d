//! One change of one key: looked at, planned, in the store, then in the keyring. Every
//! change goes this way. All of it runs on a thread that may wait for the disk, and to its
//! end, whether or not the caller is still there.

use aws_lc_rs::digest::{SHA256, digest};
use prost::Message;
use tonic::{Code, Status};
use zeroize::Zeroizing;

use super::Shared;
use super::status::refuse;
use crate::limits::CHANGE_TRIES;
use crate::store::{Change, Edit, NewKey, Outcome, RequestId, StoreError, StoredKey};

/// By what a change that is sent again is known; none: it isn't to be.
pub struct Once {
    id: String,
    sha256: [u8; 32],
}

impl Once {
    /// `call`: which call it is, so that one id can't be used for two.
    pub fn new(call: &str, id: &str, request: &impl Message) -> Option<Self> {
        if id.is_empty() {
            return None;
        }
        // All of its room at once: growing would leave a private key behind.
        let room = call.len() + 1 + request.encoded_len();
        let mut content = Zeroizing::new(Vec::with_capacity(room));
        content.extend_from_slice(call.as_bytes());
        content.push(0);
        request.encode_raw(&mut *content);
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, &content).as_ref());
        let id = id.to_owned();
        Some(Self { id, sha256 })
    }

    fn as_request(&self) -> RequestId<'_> {
        RequestId {
            id: &self.id,
            sha256: self.sha256,
        }
    }
}

impl Shared {
    /// The key that this request made or changed when it came before, as it is now.
    ///
    /// # Errors
    /// Another request came under its id.
    pub fn repeated(&self, once: Option<&Once>) -> Result<Option<StoredKey>, Status> {
        let Some(once) = once else {
            return Ok(None);
        };
        match self.store.repeated(&once.as_request())? {
            Some(id) => Ok(Some(self.in_force(self.store.get(&id)?))),
            None => Ok(None),
        }
    }

    /// What the store has, so that signing goes by it before it is answered: the call that
    /// changed it may not have come as far as the keyring yet.
    fn in_force(&self, key: StoredKey) -> StoredKey {
        self.keyring.put(key.clone());
        key
    }

    /// # Errors
    /// What the store says.
    pub fn create(&self, new: NewKey, once: Option<&Once>) -> Result<StoredKey, Status> {
        self.apply(Change::Create(vec![new]), once)
            .map_err(Status::from)
    }

    /// `plan` says what to do to the key as it is; none: nothing.
    ///
    /// # Errors
    /// What `plan` or the store says; `ABORTED` when the key isn't as it was expected.
    pub fn change(
        &self,
        id: &str,
        expected_revision: u64,
        once: Option<&Once>,
        mut plan: impl FnMut(&StoredKey) -> Result<Option<Edit>, Status>,
    ) -> Result<StoredKey, Status> {
        if let Some(done) = self.repeated(once)? {
            return Ok(done);
        }
        for _ in 0..CHANGE_TRIES {
            let now = self.store.get(id)?;
            let revision = now.record.revision;
            if expected_revision != 0 && expected_revision != revision {
                let id = id.to_owned();
                return Err(StoreError::Stale { id, revision }.into());
            }
            // What was planned holds for the key as it was looked at, and for no other.
            let (id, expected_revision) = (id.to_owned(), revision);
            let change = match plan(&now)? {
                Some(edit) => Change::Edit {
                    id,
                    expected_revision,
                    edit,
                },
                // Sent again, it must not undo what others did since.
                None if once.is_some() => Change::Nothing {
                    id,
                    expected_revision,
                },
                None => return Ok(self.in_force(now)),
            };
            match self.apply(change, once) {
                Err(StoreError::Stale { .. }) => {}
                done => return done.map_err(Status::from),
            }
        }
        Err(refuse(
            Code::Aborted,
            "KEY_CHANGED",
            "the key is being changed by others all the time; look at it again, then repeat the change",
        ))
    }

    fn apply(&self, change: Change, once: Option<&Once>) -> Result<StoredKey, StoreError> {
        let request = once.map(Once::as_request);
        match self.store.apply(change, request.as_ref(), None)? {
            Outcome::Repeated(id) => Ok(self.in_force(self.store.get(&id)?)),
            Outcome::Done(keys) => {
                let mut first = None;
                for key in keys {
                    first.get_or_insert_with(|| key.clone());
                    self.keyring.put(key);
                }
                first.ok_or(StoreError::Crypto)
            }
        }
    }
}

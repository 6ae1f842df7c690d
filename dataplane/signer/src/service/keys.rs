//! The calls that change keys: which change each one is, and in which states a key takes
//! it. Private keys come in or are made here, and go to the store and nowhere else.

use std::time::Duration;
use tonic::{Code, Status};
use zeroize::Zeroizing;

use super::change::Once;
use super::status::{invalid, refuse};
use super::{Shared, convert};
use crate::algorithms::{Kind, PrivateKey};
use crate::clock::wall_ms;
use crate::default_keys::DEFAULT_KEYS;
use crate::lifecycle::{Change, next_state};
use crate::limits::{DEFAULT_DELETION_DELAY, MAX_DELETION_DELAY, MIN_DELETION_DELAY};
use crate::policy::Rule;
use crate::proto::v1::{
    ChangeKeyRequest, KeyKind, RotateKeyRequest, ScheduleDeletionRequest, SetLabelsRequest,
    SetPolicyRequest,
};
use crate::store::{Edit, KeyRecord, KeyState, NewKey, NewVersion, Policy, StoredKey, Usage};

/// What a new key is, but for its private half.
pub struct Described {
    pub id: String,
    pub policy: Policy,
    pub labels: std::collections::BTreeMap<String, String>,
    pub imported: bool,
}

/// # Errors
/// When the library fails.
pub fn new_key(described: Described, key: &PrivateKey) -> Result<NewKey, Status> {
    let created_at_ms = wall_ms();
    let kind = KeyKind::from(key.kind()) as i32;
    Ok(NewKey {
        record: KeyRecord {
            id: described.id,
            kind: kind.unsigned_abs(),
            usage: Usage::Sign,
            state: KeyState::Enabled,
            revision: 1,
            policy: described.policy,
            labels: described.labels,
            newest_version: 1,
            created_at_ms,
            delete_at_ms: 0,
            imported: described.imported,
        },
        versions: vec![new_version(key)?],
    })
}

/// # Errors
/// When the library fails.
pub fn new_version(key: &PrivateKey) -> Result<NewVersion, Status> {
    let failed = |_| Status::internal("the key could not be written; call again");
    Ok(NewVersion {
        created_at_ms: wall_ms(),
        public_key_der: key.public_key_der().map_err(failed)?,
        private_key: Some(key.to_pkcs8().map_err(failed)?),
    })
}

/// Reads PKCS#8 in the clear, and wipes it.
///
/// # Errors
/// What is wrong with the key.
pub fn import(pkcs8: Zeroizing<Vec<u8>>) -> Result<PrivateKey, Status> {
    Ok(PrivateKey::import(&pkcs8)?)
}

/// The kind of a key that can be rotated.
///
/// # Errors
/// It isn't there, or signs nothing now.
pub fn rotatable(stored: &StoredKey) -> Result<Kind, Status> {
    next_state(Change::Rotate, stored.record.state)?;
    i32::try_from(stored.record.kind)
        .ok()
        .and_then(Kind::from_proto)
        .ok_or_else(|| Rule::KeyDamaged.into())
}

impl Shared {
    /// `key`: the new version, of the kind of the others.
    pub fn rotate(
        &self,
        request: &RotateKeyRequest,
        once: Option<&Once>,
        key: &PrivateKey,
    ) -> Result<StoredKey, Status> {
        self.change(&request.id, request.expected_revision, once, |now| {
            if rotatable(now)? != key.kind() {
                return Err(Rule::KeyDamaged.into());
            }
            let most = crate::store::bounds::MAX_VERSIONS;
            if now.versions.len() >= most {
                return Err(refuse(
                    Code::FailedPrecondition,
                    "TOO_MANY_VERSIONS",
                    format!("the key has {most} versions, which is the most; make another key"),
                ));
            }
            Ok(Some(Edit::AddVersion(new_version(key)?)))
        })
    }

    pub fn enable(&self, request: &ChangeKeyRequest) -> Result<StoredKey, Status> {
        let once = Once::new("EnableKey", &request.request_id, request);
        self.to_state(request, once, Change::Enable)
    }

    pub fn disable(&self, request: &ChangeKeyRequest) -> Result<StoredKey, Status> {
        let once = Once::new("DisableKey", &request.request_id, request);
        self.to_state(request, once, Change::Disable)
    }

    pub fn cancel_deletion(&self, request: &ChangeKeyRequest) -> Result<StoredKey, Status> {
        let once = Once::new("CancelKeyDeletion", &request.request_id, request);
        self.to_state(request, once, Change::CancelDeletion)
    }

    fn to_state(
        &self,
        request: &ChangeKeyRequest,
        once: Option<Once>,
        change: Change,
    ) -> Result<StoredKey, Status> {
        self.change(
            &request.id,
            request.expected_revision,
            once.as_ref(),
            |now| {
                let state = next_state(change, now.record.state)?;
                let edit = Edit::State {
                    state,
                    delete_at_ms: 0,
                };
                Ok((state != now.record.state).then_some(edit))
            },
        )
    }

    pub fn schedule_deletion(
        &self,
        request: &ScheduleDeletionRequest,
    ) -> Result<StoredKey, Status> {
        let once = Once::new("ScheduleKeyDeletion", &request.request_id, request);
        let after = match request.after_s {
            0 => DEFAULT_DELETION_DELAY,
            given => Duration::from_secs(given.into()),
        };
        if !(MIN_DELETION_DELAY..=MAX_DELETION_DELAY).contains(&after) {
            return Err(invalid(format!(
                "after_s: {} to {} seconds",
                MIN_DELETION_DELAY.as_secs(),
                MAX_DELETION_DELAY.as_secs()
            )));
        }
        let after_ms = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        self.change(
            &request.id,
            request.expected_revision,
            once.as_ref(),
            |now| {
                deletable(now)?;
                Ok(Some(Edit::State {
                    state: next_state(Change::ScheduleDeletion, now.record.state)?,
                    delete_at_ms: wall_ms().saturating_add(after_ms),
                }))
            },
        )
    }

    pub fn destroy(&self, request: &ChangeKeyRequest) -> Result<StoredKey, Status> {
        let once = Once::new("DestroyKey", &request.request_id, request);
        self.change(
            &request.id,
            request.expected_revision,
            once.as_ref(),
            |now| {
                deletable(now)?;
                next_state(Change::Destroy, now.record.state)?;
                Ok(Some(Edit::Destroy))
            },
        )
    }

    /// Destroys a key whose time has come, unless that was cancelled meanwhile.
    pub fn destroy_due(&self, id: &str, now_ms: i64) -> Result<StoredKey, Status> {
        self.change(id, 0, None, |now| {
            let due =
                now.record.state == KeyState::PendingDeletion && now.record.delete_at_ms <= now_ms;
            Ok(due.then_some(Edit::Destroy))
        })
    }

    pub fn set_policy(&self, request: &SetPolicyRequest) -> Result<StoredKey, Status> {
        let once = Once::new("SetKeyPolicy", &request.request_id, request);
        self.change(
            &request.id,
            request.expected_revision,
            once.as_ref(),
            |now| {
                next_state(Change::SetPolicy, now.record.state)?;
                let kind = convert::kind(now.record.kind.cast_signed())?;
                let policy = convert::policy(request.policy.clone(), kind)?;
                Ok((policy != now.record.policy).then_some(Edit::Policy(policy)))
            },
        )
    }

    pub fn set_labels(&self, request: &SetLabelsRequest) -> Result<StoredKey, Status> {
        let once = Once::new("SetKeyLabels", &request.request_id, request);
        let labels = convert::labels(request.labels.clone())?;
        self.change(
            &request.id,
            request.expected_revision,
            once.as_ref(),
            |now| {
                next_state(Change::SetLabels, now.record.state)?;
                Ok((labels != now.record.labels).then(|| Edit::Labels(labels.clone())))
            },
        )
    }
}

/// # Errors
/// It is one that the seed's services sign with.
fn deletable(stored: &StoredKey) -> Result<(), Status> {
    if DEFAULT_KEYS.iter().any(|(id, _)| *id == stored.record.id) {
        return Err(refuse(
            Code::FailedPrecondition,
            "KEY_WELL_KNOWN",
            "crypto.CryptoService signs with this key, so it can't be deleted; disable it",
        ));
    }
    Ok(())
}

//! A key in a backup: out of the store, and back into what the store takes. What comes in is
//! held to what the API lets a caller choose, and each private half to its public one. A
//! backup proves nothing of who made it: anybody can encrypt to a recovery recipient.

use zeroize::Zeroizing;

use super::content::{ClearKey, ContentError};
use crate::algorithms::{Kind, PrivateKey, PublicKey};
use crate::default_keys::DEFAULT_KEYS;
use crate::limits::MIN_DELETION_DELAY;
use crate::proto::backup::v1::BackupKey;
use crate::proto::v1::Key;
use crate::service::convert;
use crate::store::bounds::{MAX_RESTORED_REVISION, MAX_VERSIONS};
use crate::store::{KeyRecord, KeyState, NewKey, NewVersion, StoredKey, Usage};

/// `privates`: by version from 1.
#[must_use]
pub fn to_backup(stored: StoredKey, privates: &[Zeroizing<Vec<u8>>]) -> BackupKey {
    BackupKey {
        key: Some(convert::key(stored, true)),
        private_keys: privates.iter().map(|key| key.to_vec()).collect(),
    }
}

/// Of which kind it is, and its public halves by version from 1.
pub struct Halves {
    pub kind: Kind,
    pub publics: Vec<Vec<u8>>,
}

/// # Errors
/// What is wrong with the key, by its id.
pub fn from_backup(clear: &mut ClearKey, now_ms: i64) -> Result<NewKey, ContentError> {
    let key = clear.0.key.take().unwrap_or_default();
    let id = key.id.clone();
    let privates = std::mem::take(&mut clear.0.private_keys);
    let privates = privates.into_iter().map(Zeroizing::new).collect();
    new_key(key, privates, now_ms)
        .map_err(|what| ContentError::Malformed(format!("its key {id:?}: {what}")))
}

fn new_key(key: Key, privates: Vec<Zeroizing<Vec<u8>>>, now_ms: i64) -> Result<NewKey, String> {
    let said = |status: tonic::Status| status.message().to_owned();
    if key.id.is_empty() {
        return Err("it has no id".into());
    }
    let state = u32::try_from(key.state)
        .ok()
        .and_then(KeyState::from_number);
    let state = state.ok_or("it has a state that isn't known")?;
    let kind = convert::kind(key.kind).map_err(said)?;
    let versions = versions(&key, privates, state)?;
    let scheduled = state == KeyState::PendingDeletion;
    if scheduled != (key.delete_at_ms != 0) {
        return Err("its state and its dates don't fit".into());
    }
    if !(1..=MAX_RESTORED_REVISION).contains(&key.revision) {
        return Err("its revision counts no changes".into());
    }
    // No call could put it right again.
    if let Some((_, own)) = DEFAULT_KEYS.iter().find(|(known, _)| *known == key.id)
        && (kind != *own || scheduled || state == KeyState::Destroyed)
    {
        return Err("a well-known key is of one kind, and is never deleted".into());
    }
    // Else what was lost and is got back would be destroyed at once.
    let hour = i64::try_from(MIN_DELETION_DELAY.as_millis()).unwrap_or(0);
    let delete_at_ms = match scheduled {
        true => key.delete_at_ms.max(now_ms.saturating_add(hour)),
        false => 0,
    };
    Ok(NewKey {
        record: KeyRecord {
            id: convert::id(key.id).map_err(said)?,
            kind: key.kind.unsigned_abs(),
            usage: Usage::Sign,
            state,
            revision: key.revision,
            policy: convert::policy(key.policy, kind).map_err(said)?,
            labels: convert::labels(key.labels).map_err(said)?,
            newest_version: u32::try_from(versions.len()).unwrap_or(u32::MAX),
            created_at_ms: key.created_at_ms,
            delete_at_ms,
            imported: key.imported,
        },
        versions,
    })
}

fn versions(
    key: &Key,
    privates: Vec<Zeroizing<Vec<u8>>>,
    state: KeyState,
) -> Result<Vec<NewVersion>, String> {
    let count = key.versions.len();
    let held = if state == KeyState::Destroyed {
        0
    } else {
        count
    };
    let numbered = key
        .versions
        .iter()
        .zip(1..)
        .all(|(one, number)| one.version == number);
    if !(1..=MAX_VERSIONS).contains(&count) || privates.len() != held || !numbered {
        return Err("its versions are not complete".into());
    }
    let privates = privates
        .into_iter()
        .map(Some)
        .chain(std::iter::repeat_with(|| None));
    let versions = key.versions.iter().zip(privates);
    Ok(versions
        .map(|(version, private_key)| NewVersion {
            created_at_ms: version.created_at_ms,
            public_key_der: version.public_key_der.clone(),
            private_key,
        })
        .collect())
}

/// Whether each half is one that an import takes, and the other's.
///
/// # Errors
/// The version that isn't.
pub fn check_halves(key: &NewKey) -> Result<Halves, ContentError> {
    let refuse = |number: u32, why: &str| {
        let id = &key.record.id;
        ContentError::Malformed(format!("its key {id:?}: version {number} {why}"))
    };
    let wrong = |number| refuse(number, "is no key of its kind, or its halves are two keys'");
    let kind = i32::try_from(key.record.kind).ok();
    let kind = kind.and_then(Kind::from_proto).ok_or_else(|| wrong(0))?;
    for (version, number) in key.versions.iter().zip(1..) {
        let public = &version.public_key_der;
        let fits = match &version.private_key {
            Some(pkcs8) => {
                let private = PrivateKey::import(pkcs8)
                    .map_err(|error| refuse(number, &format!("isn't taken: {error}")))?;
                private.kind() == kind && private.public_key_der().is_ok_and(|own| own == *public)
            }
            None => PublicKey::from_spki(public).is_ok_and(|one| one.kind() == kind),
        };
        if !fits {
            return Err(wrong(number));
        }
    }
    Ok(Halves {
        kind,
        publics: key
            .versions
            .iter()
            .map(|one| one.public_key_der.clone())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::proto::v1::KeyKind;
    use crate::store::Policy;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    /// Names and PKCS#8 of RSA-2048.
    const KEYS: &str = include_str!("../../tests/algorithms/weak_keys.tsv");

    fn key(private: &PrivateKey, pkcs8: Vec<u8>) -> NewKey {
        NewKey {
            record: KeyRecord {
                id: "a".into(),
                kind: u32::try_from(i32::from(KeyKind::from(private.kind()))).unwrap(),
                usage: Usage::Sign,
                state: KeyState::Enabled,
                revision: 1,
                policy: Policy::default(),
                labels: [].into(),
                newest_version: 1,
                created_at_ms: 1,
                delete_at_ms: 0,
                imported: true,
            },
            versions: vec![NewVersion {
                created_at_ms: 1,
                public_key_der: private.public_key_der().unwrap(),
                private_key: Some(Zeroizing::new(pkcs8)),
            }],
        }
    }

    #[test]
    fn a_backup_brings_no_key_that_an_import_refuses() {
        let mut weak = 0;
        for (name, text) in KEYS.lines().filter_map(|line| line.split_once('\t')) {
            let pkcs8 = STANDARD.decode(text).unwrap();
            let Ok(private) = PrivateKey::from_pkcs8(Kind::Rsa2048, &pkcs8) else {
                continue;
            };
            let taken = check_halves(&key(&private, pkcs8)).is_ok();
            assert_eq!(taken, name == "good", "{name}");
            weak += u32::from(!taken);
        }
        assert!(weak >= 2, "{weak}");
    }
}

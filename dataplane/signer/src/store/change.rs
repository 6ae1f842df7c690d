//! What may be changed in the store, and which rows that touches. Checks revisions
//! and bounds; whether a key's state allows a change is for the caller to know.

use std::collections::BTreeMap;

use super::bounds;
use super::error::StoreError;
use super::keks::Keks;
use super::record::{
    KeyRecord, KeyState, NewKey, NewVersion, Policy, StoredKey, StoredVersion, require,
};
use super::row::{Place, Row, RowKind};
use super::seal::Kek;
use super::transaction::Write;

/// One change: done whole, or not at all.
pub enum Change {
    /// Keys made, imported or restored: all of them or none.
    Create(Vec<NewKey>),
    Edit {
        id: String,
        /// 0: whatever it is.
        expected_revision: u64,
        edit: Edit,
    },
    /// What was asked of a key is so already. For what is remembered of the request.
    Nothing { id: String, expected_revision: u64 },
    /// Once in the life of a store.
    SetRecipient(super::row::Recipient),
}

/// A change of one key. Its revision goes up by one.
pub enum Edit {
    /// A new version, which signs from now on.
    AddVersion(NewVersion),
    State {
        state: KeyState,
        /// 0: not scheduled.
        delete_at_ms: i64,
    },
    Policy(Policy),
    Labels(BTreeMap<String, String>),
    /// Takes every private half away. The public halves and the id stay.
    Destroy,
}

/// The rows of a change, and the keys as they will be.
#[derive(Default)]
pub struct Plan {
    pub writes: Vec<Write>,
    pub keys: Vec<StoredKey>,
    /// Whether something was taken away that nothing may be left of.
    pub erases: bool,
    /// The setting, when that is what changes.
    pub recipient: Option<super::row::Recipient>,
}

impl Plan {
    fn put(&mut self, old: Option<Row>, new: Row) {
        self.writes.push(Write {
            old,
            new: Some(new),
        });
    }
}

/// A key's rows as they are in the store, verified.
pub struct Current {
    pub record: Row,
    pub versions: Vec<Row>,
    pub key: StoredKey,
}

/// The rows of a key that is new, and what it is then.
///
/// # Errors
/// `Invalid` or `Full`, naming the bound; `Crypto`.
pub fn rows_of(kek: &Kek, key: NewKey) -> Result<(Vec<Row>, StoredKey), StoreError> {
    let mut record = key.record;
    if key.versions.len() > bounds::MAX_VERSIONS {
        return Err(too_many_versions());
    }
    require(!key.versions.is_empty(), "versions")?;
    record.newest_version = u32::try_from(key.versions.len()).unwrap_or(u32::MAX);
    record.check()?;
    let mut rows = vec![Row::of_record(kek, &record)];
    let mut versions = Vec::with_capacity(key.versions.len());
    for (new, number) in key.versions.iter().zip(1..) {
        new.check()?;
        let destroyed = record.state == KeyState::Destroyed;
        require(new.private_key.is_none() == destroyed, "private key")?;
        let (row, version) = version_row(kek, &record, new, number)?;
        rows.push(row);
        versions.push(version);
    }
    Ok((rows, StoredKey { record, versions }))
}

fn version_row(
    kek: &Kek,
    record: &KeyRecord,
    new: &NewVersion,
    number: u32,
) -> Result<(Row, StoredVersion), StoreError> {
    let mut version = StoredVersion {
        version: number,
        created_at_ms: new.created_at_ms,
        public_key_der: new.public_key_der.clone(),
        sealed: None,
    };
    let private_key = new.private_key.as_ref().map(|key| key.as_slice());
    let row = Row::of_version(kek, record, &mut version, private_key)?;
    Ok((row, version))
}

/// # Errors
/// `Invalid`, `Full`, `Damaged`, `Crypto`.
pub fn plan_edit(keks: &Keks, current: Current, edit: Edit) -> Result<Plan, StoreError> {
    let kek = keks.newest()?;
    let mut plan = Plan::default();
    let old = &current.key.record;
    let final_state = old.state == KeyState::Destroyed;
    if final_state && !matches!(edit, Edit::Labels(_) | Edit::Policy(_)) {
        return Err(StoreError::Destroyed { id: old.id.clone() });
    }
    let mut record = old.clone();
    record.revision = old.revision.saturating_add(1);
    let mut versions = current.key.versions.clone();
    match edit {
        Edit::AddVersion(new) => {
            if versions.len() >= bounds::MAX_VERSIONS {
                return Err(too_many_versions());
            }
            new.check()?;
            require(new.private_key.is_some(), "private key")?;
            record.newest_version = old.newest_version.saturating_add(1);
            let (row, version) = version_row(kek, &record, &new, record.newest_version)?;
            plan.put(None, row);
            versions.push(version);
        }
        Edit::State {
            state,
            delete_at_ms,
        } => {
            // Only `Destroy` takes the private halves away.
            require(state != KeyState::Destroyed, "state")?;
            record.state = state;
            record.delete_at_ms = delete_at_ms;
        }
        Edit::Labels(labels) => record.labels = labels,
        Edit::Policy(policy) => {
            record.policy = policy;
            record.check()?;
            // Each private key is bound to the policy: sealed anew, all of them.
            for (row, version) in current.versions.into_iter().zip(&mut versions) {
                let private_key = open(keks, old, &row)?;
                let new = Row::of_version(
                    kek,
                    &record,
                    version,
                    private_key.as_ref().map(|key| key.as_slice()),
                )?;
                plan.put(Some(row), new);
            }
        }
        Edit::Destroy => {
            record.state = KeyState::Destroyed;
            record.delete_at_ms = 0;
            plan.erases = true;
            for (row, version) in current.versions.into_iter().zip(&mut versions) {
                let new = Row::of_version(kek, &record, version, None)?;
                plan.put(Some(row), new);
            }
        }
    }
    record.check()?;
    plan.put(Some(current.record), Row::of_record(kek, &record));
    plan.keys.push(StoredKey { record, versions });
    Ok(plan)
}

fn open(
    keks: &Keks,
    record: &KeyRecord,
    row: &Row,
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, StoreError> {
    let Some(sealed) = &row.sealed else {
        return Ok(None);
    };
    let version = u32::try_from(row.place.number).unwrap_or(0);
    keks.get(row.kek)
        .and_then(|kek| kek.open_private(record, version, sealed))
        .map(Some)
        .ok_or_else(|| StoreError::Damaged {
            id: record.id.clone(),
        })
}

/// Where the versions of a key stand.
#[must_use]
pub fn version_place(id: &str, version: u32) -> Place {
    Place::new(RowKind::Version, id, i64::from(version))
}

fn too_many_versions() -> StoreError {
    StoreError::Full {
        what: "versions of one key",
        most: bounds::MAX_VERSIONS,
    }
}

//! The keys that every store has from its first start, and what the store asks of
//! the algorithms, which it doesn't know itself.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::algorithms::{Kind, PrivateKey};
use crate::error::StartError;
use crate::proto::v1::KeyKind;
use crate::store::{KeyRecord, KeyState, NewKey, NewVersion, Policy, Usage};

/// What the seed's services sign with.
pub const DEFAULT_KEYS: [(&str, Kind); 3] = [
    ("default-rsa", Kind::Rsa2048),
    ("default-p256", Kind::P256),
    ("default-p384", Kind::P384),
];

/// # Errors
/// When the library can't make a key.
pub fn make() -> Result<Vec<NewKey>, StartError> {
    DEFAULT_KEYS
        .into_iter()
        .map(|(id, kind)| {
            new_key(id, kind).ok_or_else(|| StartError::system(format!("{id} could not be made")))
        })
        .collect()
}

fn new_key(id: &str, kind: Kind) -> Option<NewKey> {
    let key = PrivateKey::generate(kind).ok()?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let created_at_ms = i64::try_from(since.as_millis()).ok()?;
    Some(NewKey {
        record: KeyRecord {
            id: id.into(),
            kind: u32::try_from(i32::from(KeyKind::from(kind))).ok()?,
            usage: Usage::Sign,
            state: KeyState::Enabled,
            revision: 1,
            policy: Policy::default(),
            labels: BTreeMap::new(),
            newest_version: 1,
            created_at_ms,
            delete_at_ms: 0,
            imported: false,
        },
        versions: vec![NewVersion {
            created_at_ms,
            public_key_der: key.public_key_der().ok()?,
            private_key: Some(key.to_pkcs8().ok()?),
        }],
    })
}

/// The public half of a key that comes from a store of format 1.
#[must_use]
pub fn public_half(kind: u32, pkcs8: &[u8]) -> Option<Vec<u8>> {
    let kind = Kind::from_proto(i32::try_from(kind).ok()?)?;
    PrivateKey::from_pkcs8(kind, pkcs8)
        .ok()?
        .public_key_der()
        .ok()
}

//! Reads a store of format 1, of the first releases: one file, each private key
//! sealed directly under a key derived from the sealing key. Never writes one.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

use super::file::{StoreFile, Unreadable};
use super::open::PublicHalf;
use super::record::{KeyRecord, KeyState, NewKey, NewVersion, Policy, Usage};
use super::seal::{STORE_ID_BYTES, StoreId};
use super::sealing_key::SealingKey;
use crate::error::{Kind, StartError};

const FORMAT: u32 = 1;
const DERIVATION_INFO: &[u8] = b"gatehouse signer store 1 AES-256-GCM";
/// Sealed in every store: opens only with the sealing key that made the store.
const CHECK_TEXT: &[u8] = b"gatehouse signer store";
const CHECK_NAME: &str = "(check)";
/// The text in the file, the number of `gatehouse.v1.KeyKind`.
const KINDS: [(&str, u32); 3] = [("rsa-2048", 1), ("ecdsa-p256", 4), ("ecdsa-p384", 5)];
/// What every store of this format holds.
const NAMES: [&str; 3] = ["default-rsa", "default-p256", "default-p384"];

/// A store of format 1, opened.
pub struct Old {
    pub store_id: StoreId,
    pub keys: Vec<NewKey>,
}

struct OldRow {
    name: String,
    kind: String,
    created_at_s: i64,
    sealed: Vec<u8>,
}

/// # Errors
/// `WrongSealingKey`, or `CorruptStore` when anything in it isn't whole.
pub fn read(
    path: &Path,
    sealing_key: &SealingKey,
    public_half: &PublicHalf,
) -> Result<Old, StartError> {
    let corrupt = |what: String| {
        StartError::corrupt(format!(
            "the key store {} is damaged: {what}. Nothing was changed in it. Restore it from a copy, or move it away to start with new keys",
            path.display()
        ))
    };
    let (id, check, rows) = rows(path).map_err(|error| {
        corrupt(match error {
            Unreadable::Damaged(what) => what,
            Unreadable::Format1 | Unreadable::Newer(_) => "its format is unclear".into(),
        })
    })?;
    let store_id: StoreId = id
        .try_into()
        .map_err(|_| corrupt("its id has another length".into()))?;
    let key = StoreKey::new(sealing_key, &store_id)
        .ok_or_else(|| StartError::system("the key derivation failed inside the library"))?;
    let opened: Vec<_> = rows
        .iter()
        .map(|row| key.open(&store_id, &row.name, &row.kind, &row.sealed))
        .collect();
    if key
        .open(&store_id, CHECK_NAME, "", &check)
        .is_none_or(|text| *text != CHECK_TEXT)
    {
        if opened.iter().any(Option::is_some) {
            return Err(corrupt("its check record doesn't open".into()));
        }
        return Err(StartError::new(
            Kind::WrongSealingKey,
            format!(
                "wrong sealing key: it does not open the key store {}. Nothing was changed in it. Give the sealing key that this store was made with, or another --state directory to start with new keys",
                path.display()
            ),
        ));
    }
    let mut keys = Vec::with_capacity(rows.len());
    for (row, private_key) in rows.into_iter().zip(opened) {
        let name = row.name.clone();
        let key = private_key.and_then(|private_key| new_key(row, private_key, public_half));
        keys.push(key.ok_or_else(|| corrupt(format!("its key {name:?} doesn't open")))?);
    }
    // A missing key is never replaced quietly: peers trust its public half.
    for name in NAMES {
        if !keys.iter().any(|key| key.record.id == name) {
            return Err(corrupt(format!("its key {name:?} is missing")));
        }
    }
    Ok(Old { store_id, keys })
}

fn new_key(
    row: OldRow,
    private_key: Zeroizing<Vec<u8>>,
    public_half: &PublicHalf,
) -> Option<NewKey> {
    let (_, kind) = KINDS.into_iter().find(|(text, _)| *text == row.kind)?;
    let created_at_ms = row.created_at_s.checked_mul(1000)?;
    Some(NewKey {
        versions: vec![NewVersion {
            created_at_ms,
            public_key_der: public_half(kind, &private_key)?,
            private_key: Some(private_key),
        }],
        record: KeyRecord {
            id: row.name,
            kind,
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
    })
}

type Rows = (Vec<u8>, Vec<u8>, Vec<OldRow>);

fn rows(path: &Path) -> Result<Rows, Unreadable> {
    let file = StoreFile::open_to_read(path)?;
    let connection = file.connection();
    let health: String =
        connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    if health != "ok" {
        return Err(Unreadable::Damaged(health));
    }
    let (id, check) = connection.query_row("SELECT id, sealed_check FROM store", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let rows = connection
        .prepare("SELECT name, type, created_at, sealed FROM keys ORDER BY name")?
        .query_map([], |row| {
            Ok(OldRow {
                name: row.get(0)?,
                kind: row.get(1)?,
                created_at_s: row.get(2)?,
                sealed: row.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok((id, check, rows))
}

struct StoreKey(RandomizedNonceKey);

impl StoreKey {
    fn new(sealing_key: &SealingKey, store_id: &StoreId) -> Option<Self> {
        let mut derived = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, store_id)
            .extract(sealing_key.bytes())
            .expand(&[DERIVATION_INFO], &AES_256_GCM)
            .and_then(|okm| okm.fill(derived.as_mut_slice()))
            .ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, derived.as_slice())
            .ok()
            .map(Self)
    }

    fn open(
        &self,
        store_id: &[u8; STORE_ID_BYTES],
        name: &str,
        kind: &str,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let aad = Aad::from(associated(store_id, name, kind));
        let len = self.0.open_in_place(nonce, aad, &mut text).ok()?.len();
        text.get_mut(len..)?.zeroize();
        text.truncate(len);
        Some(text)
    }
}

fn associated(store_id: &[u8], name: &str, kind: &str) -> Vec<u8> {
    let format = FORMAT.to_be_bytes();
    let mut associated = b"gatehouse signer record".to_vec();
    for part in [store_id, &format, name.as_bytes(), kind.as_bytes()] {
        associated.extend_from_slice(&(part.len() as u64).to_be_bytes());
        associated.extend_from_slice(part);
    }
    associated
}

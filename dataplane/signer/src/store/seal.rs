//! What lies on the disk encrypted or authenticated, and under which key. The
//! sealing key wraps key-encryption keys (KEKs); each KEK gives, by HKDF-SHA256
//! (RFC 5869), one key for private keys, one for the head and one for rows' MACs.
//! Never gives a KEK out but wrapped.
//!
//! All nonces are random, of 96 bits: a KEK seals at most 2^32 times (NIST SP
//! 800-38D, 8.3), a hundred changes a second for over a year.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac, rand};
use zeroize::{Zeroize, Zeroizing};

use super::bytes::{Reader, Writer};
use super::error::StoreError;
use super::record::KeyRecord;
use super::row::{DIGEST_BYTES, RowView};
use super::running::{SUM_BYTES, Sum};
use super::sealing_key::SealingKey;

/// The version of the schema and of everything authenticated in it.
pub const FORMAT: u32 = 2;
pub const STORE_ID_BYTES: usize = 16;
pub const MAC_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const HEAD: &str = "head 2";

pub type StoreId = [u8; STORE_ID_BYTES];

/// # Errors
/// `Crypto` when the machine has no randomness.
pub fn new_store_id() -> Result<StoreId, StoreError> {
    let mut id = [0; STORE_ID_BYTES];
    rand::fill(&mut id).map_err(|_| StoreError::Crypto)?;
    Ok(id)
}

fn derive(secret: &[u8], store_id: &StoreId, purpose: &str) -> Result<Derived, StoreError> {
    let mut derived = Zeroizing::new([0; KEY_BYTES]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, store_id)
        .extract(secret)
        .expand(
            &[b"gatehouse signer store 2 ", purpose.as_bytes()],
            &AES_256_GCM,
        )
        .and_then(|okm| okm.fill(derived.as_mut_slice()))
        .map_err(|_| StoreError::Crypto)?;
    Ok(derived)
}

type Derived = Zeroizing<[u8; KEY_BYTES]>;

/// One AES-256-GCM key.
struct Aead(RandomizedNonceKey);

impl Aead {
    fn new(key: &Derived) -> Result<Self, StoreError> {
        RandomizedNonceKey::new(&AES_256_GCM, key.as_slice())
            .map(Self)
            .map_err(|_| StoreError::Crypto)
    }

    fn seal(&self, associated: &[u8], secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        // Room for the tag from the start: growing would leave the secret behind.
        let mut text = Zeroizing::new(Vec::with_capacity(secret.len() + AES_256_GCM.tag_len()));
        text.extend_from_slice(secret);
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(associated), &mut *text)
            .map_err(|_| StoreError::Crypto)?;
        let mut sealed = Vec::with_capacity(NONCE_LEN + text.len());
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    fn open(&self, associated: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let len = self
            .0
            .open_in_place(nonce, Aad::from(associated), &mut text)
            .ok()?
            .len();
        text.get_mut(len..)?.zeroize();
        text.truncate(len);
        Some(text)
    }
}

/// Wraps KEKs: what is kept of a sealing key, for one store.
pub struct WrappingKey(Aead);

impl WrappingKey {
    /// # Errors
    /// `Crypto` when the library fails.
    pub fn new(sealing_key: &SealingKey, store_id: &StoreId) -> Result<Self, StoreError> {
        let derived = derive(sealing_key.bytes(), store_id, "wrap")?;
        Aead::new(&derived).map(Self)
    }

    /// # Errors
    /// `Crypto` when the library fails.
    pub fn wrap(&self, store_id: &StoreId, kek: &Kek) -> Result<Vec<u8>, StoreError> {
        self.0
            .seal(&Self::associated(store_id, kek.number), kek.raw.as_slice())
    }

    /// None when it was wrapped under another sealing key, or is damaged.
    #[must_use]
    pub fn unwrap(&self, store_id: &StoreId, number: u32, wrapped: &[u8]) -> Option<Kek> {
        let raw = self.0.open(&Self::associated(store_id, number), wrapped)?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        key.copy_from_slice(raw.get(..KEY_BYTES).filter(|_| raw.len() == KEY_BYTES)?);
        Kek::from_raw(store_id, number, key).ok()
    }

    fn associated(store_id: &StoreId, number: u32) -> Vec<u8> {
        Writer::new("key-encryption key")
            .bytes(store_id)
            .u32(FORMAT)
            .u32(number)
            .finish()
    }
}

/// What the sealed head of a file says about the rows in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Counts the changes of the store.
    pub generation: u64,
    /// Rows in the file.
    pub count: u64,
    pub sum: Sum,
    /// SHA-256 over the wrapped KEKs: those of a sealing key that isn't at hand can't
    /// be tried, and one of them is all that is left when its change is done.
    pub wraps: [u8; DIGEST_BYTES],
}

/// A key-encryption key with what is derived from it.
pub struct Kek {
    pub number: u32,
    store_id: StoreId,
    raw: Derived,
    private_keys: Aead,
    head: Aead,
    rows: hmac::Key,
}

impl Kek {
    /// # Errors
    /// `Crypto` when the library fails.
    pub fn generate(store_id: &StoreId, number: u32) -> Result<Self, StoreError> {
        let mut raw = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(raw.as_mut_slice()).map_err(|_| StoreError::Crypto)?;
        Self::from_raw(store_id, number, raw)
    }

    fn from_raw(store_id: &StoreId, number: u32, raw: Derived) -> Result<Self, StoreError> {
        let part = |purpose| derive(raw.as_slice(), store_id, purpose);
        Ok(Self {
            number,
            store_id: *store_id,
            private_keys: Aead::new(&part("private keys")?)?,
            head: Aead::new(&part("head")?)?,
            rows: hmac::Key::new(hmac::HMAC_SHA512, part("rows")?.as_slice()),
            raw,
        })
    }

    /// One HMAC-SHA512 over the whole row. Its first half stands in the row, its
    /// second half is the row's addend to the running MAC and stands nowhere.
    #[must_use]
    pub fn tags(&self, row: &RowView<'_>) -> ([u8; MAC_BYTES], Sum) {
        let tag = hmac::sign(&self.rows, &row.canonical(&self.store_id, self.number));
        let (mut mac, mut addend) = ([0; MAC_BYTES], [0; SUM_BYTES]);
        if let Some((first, second)) = tag.as_ref().split_at_checked(MAC_BYTES) {
            mac.copy_from_slice(first);
            addend.copy_from_slice(second);
        }
        (mac, Sum::from_bytes(&addend))
    }

    /// # Errors
    /// `Crypto` when the library fails.
    pub fn seal_head(&self, head: &Head) -> Result<Vec<u8>, StoreError> {
        let text = Writer::new(HEAD)
            .u64(head.generation)
            .u64(head.count)
            .bytes(&head.sum.to_bytes())
            .bytes(&head.wraps)
            .finish();
        self.head.seal(&self.head_associated(), &text)
    }

    #[must_use]
    pub fn open_head(&self, sealed: &[u8]) -> Option<Head> {
        let text = self.head.open(&self.head_associated(), sealed)?;
        let mut reader = Reader::new(HEAD, &text)?;
        Some(Head {
            generation: reader.u64()?,
            count: reader.u64()?,
            sum: Sum::from_bytes(reader.bytes()?.try_into().ok()?),
            wraps: reader.bytes()?.try_into().ok()?,
        })
    }

    fn head_associated(&self) -> Vec<u8> {
        Writer::new(HEAD)
            .bytes(&self.store_id)
            .u32(FORMAT)
            .u32(self.number)
            .finish()
    }

    /// # Errors
    /// `Crypto` when the library fails.
    pub fn seal_private(
        &self,
        record: &KeyRecord,
        version: u32,
        private_key: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.private_keys
            .seal(&self.private_associated(record, version), private_key)
    }

    /// None when it is another key's, another version's, was sealed under another
    /// policy, or is damaged.
    #[must_use]
    pub fn open_private(
        &self,
        record: &KeyRecord,
        version: u32,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        self.private_keys
            .open(&self.private_associated(record, version), sealed)
    }

    fn private_associated(&self, record: &KeyRecord, version: u32) -> Vec<u8> {
        Writer::new("private key")
            .bytes(&self.store_id)
            .u32(FORMAT)
            .text(&record.id)
            .u32(version)
            .u32(record.kind)
            .u32(record.usage as u32)
            .bytes(&record.policy.to_bytes())
            .finish()
    }
}

//! The sealing key and what is sealed under it: HKDF-SHA256 (RFC 5869) makes
//! one AES-256-GCM key for each store, each record has a random nonce and is
//! bound to its place by its associated data. Never logs or returns key bytes.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Kind, StartError};
use crate::limits::MAX_SEALING_KEY_FILE_BYTES;

pub const SEALING_KEY_BYTES: usize = 32;
const DERIVATION_INFO: &[u8] = b"gatehouse signer store 1 AES-256-GCM";

/// 32 secret bytes given by the operator; erased when dropped.
pub struct SealingKey(Zeroizing<[u8; SEALING_KEY_BYTES]>);

impl SealingKey {
    /// Reads a file of 32 raw bytes, 64 hexadecimal digits or base64 of 32 bytes;
    /// the text forms may end in a line break.
    ///
    /// # Errors
    /// `Kind::NoSealingKey`, naming the file and how to make one.
    pub fn read(path: &Path) -> Result<Self, StartError> {
        let refuse = |what: String| {
            StartError::new(
                Kind::NoSealingKey,
                format!(
                    "sealing key {}: {what}. Make one with: (umask 077; head -c 32 /dev/urandom | base64 > FILE)",
                    path.display()
                ),
            )
        };
        let file = File::open(path).map_err(|error| refuse(format!("can't be read ({error})")))?;
        // The whole capacity at once: growing would leave copies behind.
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(MAX_SEALING_KEY_FILE_BYTES as usize + 32));
        file.take(MAX_SEALING_KEY_FILE_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| refuse(format!("can't be read ({error})")))?;
        Self::parse(&bytes).ok_or_else(|| {
            refuse(format!(
                "has {} bytes that are neither 32 raw bytes, nor 64 hexadecimal digits, nor base64 of 32 bytes",
                bytes.len()
            ))
        })
    }

    /// The key in any of its three forms; none when the bytes are something else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() == SEALING_KEY_BYTES {
            return Self::from_bytes(bytes);
        }
        let text = bytes.trim_ascii();
        if text.len() == 2 * SEALING_KEY_BYTES {
            return Self::from_bytes(&from_hex(text)?);
        }
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            if let Ok(decoded) = engine.decode(text) {
                return Self::from_bytes(&Zeroizing::new(decoded));
            }
        }
        None
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; SEALING_KEY_BYTES]);
        if bytes.len() != key.len() {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// The key for one store. `store_id` is random and not secret.
    ///
    /// # Errors
    /// `Kind::System` when the library fails.
    pub fn for_store(&self, store_id: &[u8]) -> Result<StoreKey, StartError> {
        let broken = |_| StartError::system("the key derivation failed inside the library");
        let mut derived = Zeroizing::new([0; SEALING_KEY_BYTES]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, store_id)
            .extract(self.0.as_slice())
            .expand(&[DERIVATION_INFO], &AES_256_GCM)
            .and_then(|okm| okm.fill(derived.as_mut_slice()))
            .map_err(broken)?;
        RandomizedNonceKey::new(&AES_256_GCM, derived.as_slice())
            .map(StoreKey)
            .map_err(broken)
    }
}

fn from_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks_exact(2) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        bytes.push((high * 16 + low) as u8);
    }
    Some(bytes)
}

/// What a record may be opened as. All of it is authenticated.
pub struct RecordName<'a> {
    pub store_id: &'a [u8],
    pub format: u32,
    pub key: &'a str,
    pub algorithm: &'a str,
}

impl RecordName<'_> {
    /// Every part with its length before it, so that no two names give the same bytes.
    fn aad(&self) -> Vec<u8> {
        let format = self.format.to_be_bytes();
        let parts = [
            self.store_id,
            &format,
            self.key.as_bytes(),
            self.algorithm.as_bytes(),
        ];
        let mut aad = b"gatehouse signer record".to_vec();
        for part in parts {
            aad.extend_from_slice(&(part.len() as u64).to_be_bytes());
            aad.extend_from_slice(part);
        }
        aad
    }
}

/// Seals and opens the records of one store.
pub struct StoreKey(RandomizedNonceKey);

impl StoreKey {
    /// Nonce, ciphertext and tag in one piece.
    ///
    /// # Errors
    /// `Kind::System` when the library fails.
    pub fn seal(&self, name: &RecordName<'_>, secret: &[u8]) -> Result<Vec<u8>, StartError> {
        // Room for the tag from the start: growing would leave the secret behind.
        let mut text = Zeroizing::new(Vec::with_capacity(secret.len() + AES_256_GCM.tag_len()));
        text.extend_from_slice(secret);
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(name.aad()), &mut *text)
            .map_err(|_| StartError::system("sealing failed inside the library"))?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// The secret, or none when the record is not what its name says or the key is another.
    #[must_use]
    pub fn open(&self, name: &RecordName<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(text.to_vec());
        let len = self
            .0
            .open_in_place(nonce, Aad::from(name.aad()), &mut text)
            .ok()?
            .len();
        text[len..].zeroize();
        text.truncate(len);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";

    fn name(key: &str) -> RecordName<'_> {
        RecordName {
            store_id: b"store",
            format: 1,
            key,
            algorithm: "p256",
        }
    }

    #[test]
    fn the_three_forms_of_a_sealing_key_are_the_same_key() {
        let hex: String = RAW.iter().map(|byte| format!("{byte:02x}")).collect();
        for form in [
            RAW.to_vec(),
            hex.clone().into_bytes(),
            format!("{hex}\n").into_bytes(),
            STANDARD.encode(RAW).into_bytes(),
            format!("{}\n", URL_SAFE_NO_PAD.encode(RAW)).into_bytes(),
        ] {
            assert_eq!(*SealingKey::parse(&form).unwrap().0, RAW);
        }
    }

    #[test]
    fn anything_else_is_no_sealing_key() {
        for form in [
            &b""[..],
            b"short",
            &[b'z'; 64],
            &[0; 31],
            &[0; 33],
            &[b'A'; 200],
        ] {
            assert!(SealingKey::parse(form).is_none());
        }
    }

    #[test]
    fn a_record_opens_under_its_own_name_only() {
        let key = SealingKey::parse(&RAW)
            .unwrap()
            .for_store(b"store")
            .unwrap();
        let sealed = key.seal(&name("a"), b"secret").unwrap();
        assert_eq!(*key.open(&name("a"), &sealed).unwrap(), b"secret");
        assert!(key.open(&name("b"), &sealed).is_none());
        let other = SealingKey::parse(&RAW)
            .unwrap()
            .for_store(b"other")
            .unwrap();
        assert!(other.open(&name("a"), &sealed).is_none());
    }

    #[test]
    fn a_changed_or_shortened_record_does_not_open() {
        let key = SealingKey::parse(&RAW)
            .unwrap()
            .for_store(b"store")
            .unwrap();
        let sealed = key.seal(&name("a"), b"secret").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(&name("a"), &changed).is_none());
            assert!(key.open(&name("a"), &sealed[..at]).is_none());
        }
    }

    #[test]
    fn sealing_the_same_secret_twice_gives_different_bytes() {
        let key = SealingKey::parse(&RAW)
            .unwrap()
            .for_store(b"store")
            .unwrap();
        let once = key.seal(&name("a"), b"secret").unwrap();
        assert_ne!(once, key.seal(&name("a"), b"secret").unwrap());
    }
}

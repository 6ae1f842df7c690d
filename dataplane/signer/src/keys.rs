//! Private keys and what they can sign. A key's secret half leaves this module
//! only as PKCS#8 for the store, which seals it.

use aws_lc_rs::digest::{self, Digest, SHA256, SHA384};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::proto::Algorithm;

/// The library failed or refused; it never says why.
#[derive(Debug, PartialEq, Eq)]
pub struct CryptoError;

/// What a key is. The text stands in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    Rsa2048,
    P256,
    P384,
}

impl KeyType {
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            KeyType::Rsa2048 => "rsa-2048",
            KeyType::P256 => "ecdsa-p256",
            KeyType::P384 => "ecdsa-p384",
        }
    }

    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [KeyType::Rsa2048, KeyType::P256, KeyType::P384]
            .into_iter()
            .find(|key_type| key_type.text() == text)
    }

    #[must_use]
    pub fn algorithms(self) -> &'static [Algorithm] {
        match self {
            KeyType::Rsa2048 => &[Algorithm::RsaPkcs1Sha256, Algorithm::RsaPssSha256],
            KeyType::P256 => &[Algorithm::EcdsaP256Sha256],
            KeyType::P384 => &[Algorithm::EcdsaP384Sha256, Algorithm::EcdsaP384Sha384],
        }
    }

    /// Whether one signature takes so long that others should not wait behind it.
    #[must_use]
    pub fn is_slow(self) -> bool {
        self == KeyType::Rsa2048
    }
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// A private key, ready to sign from any thread.
pub struct SigningKey {
    key_type: KeyType,
    pair: Pair,
    public_key_der: Vec<u8>,
}

impl SigningKey {
    /// # Errors
    /// When the library can't make a key.
    pub fn generate(key_type: KeyType) -> Result<Self, CryptoError> {
        let pair = match key_type {
            KeyType::Rsa2048 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(hide)?),
            KeyType::P256 => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(hide)?)
            }
            KeyType::P384 => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).map_err(hide)?)
            }
        };
        Self::new(key_type, pair)
    }

    /// # Errors
    /// When the bytes are no key of that type.
    pub fn from_pkcs8(key_type: KeyType, pkcs8: &[u8]) -> Result<Self, CryptoError> {
        let pair = match key_type {
            KeyType::Rsa2048 => Pair::Rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(hide)?),
            KeyType::P256 => Pair::Ec(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).map_err(hide)?,
            ),
            KeyType::P384 => Pair::Ec(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8).map_err(hide)?,
            ),
        };
        Self::new(key_type, pair)
    }

    fn new(key_type: KeyType, pair: Pair) -> Result<Self, CryptoError> {
        let der: PublicKeyX509Der<'_> = match &pair {
            Pair::Rsa(pair) => pair.public_key().as_der().map_err(hide)?,
            Pair::Ec(pair) => pair.public_key().as_der().map_err(hide)?,
        };
        Ok(Self {
            key_type,
            public_key_der: der.as_ref().to_vec(),
            pair,
        })
    }

    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    /// PrivateKeyInfo (RFC 5208), for sealing.
    ///
    /// # Errors
    /// When the library fails.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(hide)?;
                Ok(Zeroizing::new(der.as_ref().to_vec()))
            }
            Pair::Ec(pair) => {
                let document = pair.to_pkcs8v1().map_err(hide)?;
                Ok(Zeroizing::new(document.as_ref().to_vec()))
            }
        }
    }

    /// Hashes and signs. RSA gives as many bytes as the modulus has, ECDSA gives
    /// DER (RFC 3279, 2.2.3).
    ///
    /// # Errors
    /// When the algorithm is none of the key's, or the library fails.
    pub fn sign(&self, algorithm: Algorithm, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match (&self.pair, algorithm) {
            (Pair::Rsa(pair), Algorithm::RsaPkcs1Sha256) => sign_rsa(pair, &RSA_PKCS1_SHA256, data),
            // The library's salt is as long as the hash: 32 bytes.
            (Pair::Rsa(pair), Algorithm::RsaPssSha256) => sign_rsa(pair, &RSA_PSS_SHA256, data),
            (Pair::Ec(pair), Algorithm::EcdsaP256Sha256) if self.key_type == KeyType::P256 => {
                sign_ecdsa(pair, data)
            }
            (Pair::Ec(pair), Algorithm::EcdsaP384Sha384) if self.key_type == KeyType::P384 => {
                sign_ecdsa(pair, data)
            }
            (Pair::Ec(pair), Algorithm::EcdsaP384Sha256) if self.key_type == KeyType::P384 => {
                sign_p384_sha256(pair, data)
            }
            _ => Err(CryptoError),
        }
    }
}

fn hide<E>(_: E) -> CryptoError {
    CryptoError
}

fn sign_rsa(
    pair: &RsaKeyPair,
    encoding: &'static dyn RsaEncoding,
    data: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), data, &mut signature)
        .map_err(hide)?;
    Ok(signature)
}

fn sign_ecdsa(pair: &EcdsaKeyPair, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let signature = pair.sign(&SystemRandom::new(), data).map_err(hide)?;
    Ok(signature.as_ref().to_vec())
}

/// ECDSA signs the hash as a number. A hash shorter than the order is taken
/// whole (FIPS 186-5, 6.4.1, step 2), so SHA-256's 32 bytes behind 16 zero bytes
/// are the same number in the 48 bytes that the library wants of this key.
fn sign_p384_sha256(pair: &EcdsaKeyPair, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let hash = digest::digest(&SHA256, data);
    let mut number = [0; digest::SHA384_OUTPUT_LEN];
    number[digest::SHA384_OUTPUT_LEN - digest::SHA256_OUTPUT_LEN..].copy_from_slice(hash.as_ref());
    let number = Digest::import_less_safe(&number, &SHA384).map_err(hide)?;
    let signature = pair.sign_digest(&number).map_err(hide)?;
    Ok(signature.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: [KeyType; 3] = [KeyType::Rsa2048, KeyType::P256, KeyType::P384];

    #[test]
    fn a_key_survives_its_way_through_pkcs8() {
        for key_type in TYPES {
            let key = SigningKey::generate(key_type).unwrap();
            let again = SigningKey::from_pkcs8(key_type, &key.to_pkcs8().unwrap()).unwrap();
            assert_eq!(again.public_key_der(), key.public_key_der());
        }
    }

    #[test]
    fn a_key_signs_with_its_own_algorithms_only() {
        for key_type in TYPES {
            let key = SigningKey::generate(key_type).unwrap();
            for number in 0..=5 {
                let algorithm = Algorithm::try_from(number).unwrap();
                let own = key_type.algorithms().contains(&algorithm);
                assert_eq!(
                    key.sign(algorithm, b"").is_ok(),
                    own,
                    "{key_type:?} {algorithm:?}"
                );
            }
        }
    }

    #[test]
    fn a_key_of_one_type_is_not_read_as_another() {
        for key_type in TYPES {
            let pkcs8 = SigningKey::generate(key_type).unwrap().to_pkcs8().unwrap();
            for other in TYPES.into_iter().filter(|other| *other != key_type) {
                assert!(SigningKey::from_pkcs8(other, &pkcs8).is_err());
            }
        }
    }
}

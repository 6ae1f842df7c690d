//! A private key, ready to sign from any thread. Its secret half is wiped by the
//! library when it is dropped, and leaves only as PKCS#8, zeroized, for sealing.

use aws_lc_rs::digest::{self, Digest, SHA384};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair,
    RsaSignatureEncoding,
};
use zeroize::Zeroizing;

use super::ecdsa_encoding::raw_from_der;
use super::{Encoding, Input, Kind, PublicKey, SignError};
use crate::proto::v1::Algorithm;

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

pub struct PrivateKey {
    kind: Kind,
    pair: Pair,
}

impl PrivateKey {
    /// Slow for RSA: seconds, at worst, for 4,096 bits.
    ///
    /// # Errors
    /// When the library can't make a key.
    pub fn generate(kind: Kind) -> Result<Self, SignError> {
        let rsa = |size| RsaKeyPair::generate(size).map(Pair::Rsa);
        let ecdsa = |curve| EcdsaKeyPair::generate(curve).map(Pair::Ecdsa);
        let pair = match kind {
            Kind::Rsa2048 => rsa(KeySize::Rsa2048),
            Kind::Rsa3072 => rsa(KeySize::Rsa3072),
            Kind::Rsa4096 => rsa(KeySize::Rsa4096),
            Kind::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            Kind::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            Kind::P521 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
            Kind::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
        };
        pair.map(|pair| Self { kind, pair }).map_err(hide)
    }

    /// Reads what `to_pkcs8` wrote: a key that was made here or imported. A key from
    /// elsewhere goes through `import`, which also looks whether it is weak.
    ///
    /// # Errors
    /// When the bytes are no key of that kind, or its parts don't belong together.
    pub fn from_pkcs8(kind: Kind, pkcs8: &[u8]) -> Result<Self, SignError> {
        let ecdsa = |curve: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(curve, pkcs8).map(Pair::Ecdsa)
        };
        let pair = match kind {
            Kind::Rsa2048 | Kind::Rsa3072 | Kind::Rsa4096 => {
                RsaKeyPair::from_pkcs8(pkcs8).map(Pair::Rsa)
            }
            Kind::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
            Kind::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
            Kind::P521 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
            Kind::Ed25519 => Ed25519KeyPair::from_pkcs8(pkcs8).map(Pair::Ed25519),
        }
        .map_err(hide)?;
        if let (Pair::Rsa(pair), Some(bits)) = (&pair, kind.modulus_bits())
            && 8 * pair.public_modulus_len() != bits
        {
            return Err(SignError::Library);
        }
        Ok(Self { kind, pair })
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). Made anew at each call.
    ///
    /// # Errors
    /// When the library fails.
    pub fn public_key_der(&self) -> Result<Vec<u8>, SignError> {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ecdsa(pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
        }
        .map_err(hide)?;
        Ok(der.as_ref().to_vec())
    }

    /// # Errors
    /// When the library fails.
    pub fn public_key(&self) -> Result<PublicKey, SignError> {
        PublicKey::from_spki(&self.public_key_der()?).map_err(hide)
    }

    /// PrivateKeyInfo (RFC 5208), for sealing.
    ///
    /// # Errors
    /// When the library fails.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, SignError> {
        let owned = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        match &self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(hide)?;
                Ok(owned(der.as_ref()))
            }
            Pair::Ecdsa(pair) => Ok(owned(pair.to_pkcs8v1().map_err(hide)?.as_ref())),
            Pair::Ed25519(pair) => Ok(owned(pair.to_pkcs8v1().map_err(hide)?.as_ref())),
        }
    }

    /// RSA gives as many bytes as the modulus has, Ed25519 gives 64, ECDSA what
    /// `encoding` says; the others ignore it.
    ///
    /// # Errors
    /// As `Kind::check`; `Library` when the library fails.
    pub fn sign(
        &self,
        algorithm: Algorithm,
        input: Input<'_>,
        encoding: Encoding,
    ) -> Result<Vec<u8>, SignError> {
        self.kind.check(algorithm, input)?;
        match &self.pair {
            Pair::Rsa(pair) => sign_rsa(pair, algorithm, input),
            Pair::Ecdsa(pair) => {
                let digest = input.digest(algorithm)?;
                let digest = match (self.kind, algorithm) {
                    (Kind::P384, Algorithm::EcdsaP384Sha256) => as_sha384(&digest)?,
                    _ => digest,
                };
                let signature = pair.sign_digest(&digest).map_err(hide)?;
                match (encoding, self.kind.order_bytes()) {
                    (Encoding::Raw, Some(order_bytes)) => {
                        raw_from_der(signature.as_ref(), order_bytes).ok_or(SignError::Library)
                    }
                    _ => Ok(signature.as_ref().to_vec()),
                }
            }
            Pair::Ed25519(pair) => match input {
                Input::Data(data) => {
                    let signature = pair.try_sign(data).map_err(hide)?;
                    Ok(signature.as_ref().to_vec())
                }
                Input::Digest(_) => Err(SignError::DataOnly(algorithm)),
            },
        }
    }
}

fn hide<E>(_: E) -> SignError {
    SignError::Library
}

/// The library's salt for PSS is as long as the hash.
fn sign_rsa(
    pair: &RsaKeyPair,
    algorithm: Algorithm,
    input: Input<'_>,
) -> Result<Vec<u8>, SignError> {
    let encoding: &'static RsaSignatureEncoding = match algorithm {
        Algorithm::RsaPkcs1Sha256 => &RSA_PKCS1_SHA256,
        Algorithm::RsaPkcs1Sha384 => &RSA_PKCS1_SHA384,
        Algorithm::RsaPkcs1Sha512 => &RSA_PKCS1_SHA512,
        Algorithm::RsaPssSha256 => &RSA_PSS_SHA256,
        Algorithm::RsaPssSha384 => &RSA_PSS_SHA384,
        Algorithm::RsaPssSha512 => &RSA_PSS_SHA512,
        _ => return Err(SignError::Library),
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    match input {
        Input::Data(data) => pair.sign(encoding, &SystemRandom::new(), data, &mut signature),
        Input::Digest(_) => pair.sign_digest(encoding, &input.digest(algorithm)?, &mut signature),
    }
    .map_err(hide)?;
    Ok(signature)
}

/// ECDSA signs the hash as a number. A hash shorter than the order is taken
/// whole (FIPS 186-5, 6.4.1, step 2), so SHA-256's 32 bytes behind 16 zero bytes
/// are the same number in the 48 bytes that the library wants of this key.
fn as_sha384(sha256: &Digest) -> Result<Digest, SignError> {
    let mut number = [0; digest::SHA384_OUTPUT_LEN];
    number[digest::SHA384_OUTPUT_LEN - digest::SHA256_OUTPUT_LEN..]
        .copy_from_slice(sha256.as_ref());
    Digest::import_less_safe(&number, &SHA384).map_err(hide)
}

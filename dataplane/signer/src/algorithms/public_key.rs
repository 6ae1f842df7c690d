//! The public half of a key: read strictly, verifies. Whether a signature is valid is
//! an answer, never an error.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use pkcs1::RsaPublicKeyRef;
use pkcs8::SubjectPublicKeyInfoRef;
use pkcs8::der::Decode;

use super::ecdsa_encoding::der_from_raw;
use super::import::{bits_of, family_of};
use super::{Encoding, Input, Kind, PublicKeyError, SignError};
use crate::proto::v1::Algorithm;

/// RSA-4096's is the longest, 550 bytes with the common exponent.
const MAX_SPKI_BYTES: usize = 1024;

/// RSA-4096's is the longest: 512 bytes.
const MAX_SIGNATURE_BYTES: usize = 512;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    spki: Box<[u8]>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) in the one DER encoding that the
    /// library itself gives the key: uncompressed points, NULL parameters for RSA.
    ///
    /// # Errors
    /// When it is anything else, a point that isn't on its curve, or of a kind that
    /// isn't offered.
    pub fn from_spki(spki: &[u8]) -> Result<Self, PublicKeyError> {
        let refuse = |_| PublicKeyError;
        if spki.len() > MAX_SPKI_BYTES {
            return Err(PublicKeyError);
        }
        let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(refuse)?;
        let kind = match family_of(&info.algorithm).map_err(|_| PublicKeyError)? {
            Some(kind) => kind,
            None => {
                let bits = info.subject_public_key.as_bytes().ok_or(PublicKeyError)?;
                let key = RsaPublicKeyRef::from_der(bits).map_err(refuse)?;
                Kind::of_modulus_bits(bits_of(key.modulus.as_bytes())).ok_or(PublicKeyError)?
            }
        };
        let any = kind.algorithms().first().ok_or(PublicKeyError)?;
        let parsed = UnparsedPublicKey::new(verification(*any).ok_or(PublicKeyError)?, spki)
            .parse()
            .map_err(|_| PublicKeyError)?;
        let again: PublicKeyX509Der<'_> = parsed.as_der().map_err(|_| PublicKeyError)?;
        if again.as_ref() != spki {
            return Err(PublicKeyError);
        }
        let spki = spki.into();
        Ok(Self { kind, spki })
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Whether the signature is the key's over the input. ECDSA's is read as `encoding`
    /// says, DER strictly; the others ignore it.
    ///
    /// # Errors
    /// As `Kind::check`.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        input: Input<'_>,
        encoding: Encoding,
        signature: &[u8],
    ) -> Result<bool, SignError> {
        self.kind.check(algorithm, input)?;
        let library = verification(algorithm).ok_or(SignError::Library)?;
        let key = UnparsedPublicKey::new(library, &self.spki);
        if self.kind == Kind::Ed25519 {
            return match input {
                Input::Data(data) => Ok(key.verify(data, signature).is_ok()),
                Input::Digest(_) => Err(SignError::DataOnly(algorithm)),
            };
        }
        let digest = input.digest(algorithm)?;
        if signature.len() > MAX_SIGNATURE_BYTES {
            return Ok(false);
        }
        match (encoding, self.kind.order_bytes()) {
            (Encoding::Raw, Some(order_bytes)) => Ok(der_from_raw(signature, order_bytes)
                .is_some_and(|der| key.verify_digest(&digest, &der).is_ok())),
            _ => Ok(key.verify_digest(&digest, signature).is_ok()),
        }
    }
}

/// The library's own name for it. PSS: a salt as long as the hash, no other.
fn verification(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        Algorithm::RsaPkcs1Sha256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RsaPkcs1Sha384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RsaPkcs1Sha512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::RsaPssSha256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::RsaPssSha384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::RsaPssSha512 => Some(&RSA_PSS_2048_8192_SHA512),
        Algorithm::EcdsaP256Sha256 => Some(&ECDSA_P256_SHA256_ASN1),
        Algorithm::EcdsaP384Sha256 => Some(&ECDSA_P384_SHA256_ASN1),
        Algorithm::EcdsaP384Sha384 => Some(&ECDSA_P384_SHA384_ASN1),
        Algorithm::EcdsaP521Sha512 => Some(&ECDSA_P521_SHA512_ASN1),
        Algorithm::EddsaEd25519 => Some(&ED25519),
        Algorithm::Unspecified => None,
    }
}

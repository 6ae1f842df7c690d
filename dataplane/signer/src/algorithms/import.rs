//! Private keys from elsewhere: PKCS#8 in DER and nothing else, of the kinds that are
//! offered, well-formed to the last byte, and strong enough to be trusted. What is
//! said of a refused key is never about its secret half.

use pkcs8::der::Decode;
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};

use super::{Encoding, ImportError, Input, Kind, PrivateKey, rsa_import};

/// Longest input that is looked at. RSA-4096 takes 2,375 bytes; the rest is for
/// attributes, which are ignored.
pub const MAX_PKCS8_BYTES: usize = 8 * 1024;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Signed once by every imported key, to see that its halves belong together.
const TRIAL: &[u8] = b"gatehouse import";

impl PrivateKey {
    /// # Errors
    /// What is wrong with the key, in words for whoever sent it.
    pub fn import(pkcs8: &[u8]) -> Result<Self, ImportError> {
        if pkcs8.len() > MAX_PKCS8_BYTES {
            return Err(ImportError::TooLong(pkcs8.len()));
        }
        let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(|_| ImportError::NotPkcs8)?;
        let kind = match family_of(&info.algorithm)? {
            Some(kind) => kind,
            None => rsa_import::check(info.private_key.as_bytes())?,
        };
        let inconsistent = ImportError::Inconsistent(
            "its parts don't belong together, or it is no key of the kind that it says",
        );
        let key = Self::from_pkcs8(kind, pkcs8).map_err(|_| inconsistent.clone())?;
        let algorithm = kind.algorithms().first().ok_or(inconsistent.clone())?;
        let trial = Input::Data(TRIAL);
        let verified = key
            .sign(*algorithm, trial, Encoding::Der)
            .and_then(|signed| {
                key.public_key()?
                    .verify(*algorithm, trial, Encoding::Der, &signed)
            });
        match verified {
            Ok(true) => Ok(key),
            _ => Err(inconsistent),
        }
    }
}

/// The kind that an AlgorithmIdentifier names; none for RSA, whose kind is its length.
pub(super) fn family_of(
    algorithm: &AlgorithmIdentifierRef<'_>,
) -> Result<Option<Kind>, ImportError> {
    let unknown = |what: String| Err(ImportError::UnknownKind(what));
    match algorithm.oid {
        RSA => match algorithm.parameters {
            Some(parameters) if parameters.is_null() => Ok(None),
            _ => unknown("an RSA key with parameters".into()),
        },
        EC => match algorithm.parameters_oid() {
            Ok(P256) => Ok(Some(Kind::P256)),
            Ok(P384) => Ok(Some(Kind::P384)),
            Ok(P521) => Ok(Some(Kind::P521)),
            Ok(curve) => unknown(format!("the curve {curve}")),
            Err(_) => unknown("an elliptic curve that has no name".into()),
        },
        ED25519 => match algorithm.parameters {
            None => Ok(Some(Kind::Ed25519)),
            Some(_) => unknown("an Ed25519 key with parameters".into()),
        },
        RSA_PSS => unknown("an RSA key bound to PSS (id-RSASSA-PSS)".into()),
        other => unknown(format!("the algorithm {other}")),
    }
}

/// Bits of a number without leading zero bytes, as DER gives it.
pub(super) fn bits_of(number: &[u8]) -> usize {
    number
        .first()
        .map_or(0, |first| 8 * number.len() - first.leading_zeros() as usize)
}

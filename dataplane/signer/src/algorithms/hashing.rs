//! From what is to be signed to its digest: hashed whole, hashed as it comes, or
//! given by the caller. A digest of another length than the hash's is refused.

use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};

use super::SignError;
use crate::proto::v1::Algorithm;

/// What is to be signed or verified.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    Data(&'a [u8]),
    /// Of the algorithm's own hash, over the data.
    Digest(&'a [u8]),
}

/// None where the algorithm takes its data as it is.
fn hash_of(algorithm: Algorithm) -> Option<&'static digest::Algorithm> {
    match algorithm {
        Algorithm::RsaPkcs1Sha256
        | Algorithm::RsaPssSha256
        | Algorithm::EcdsaP256Sha256
        | Algorithm::EcdsaP384Sha256 => Some(&SHA256),
        Algorithm::RsaPkcs1Sha384 | Algorithm::RsaPssSha384 | Algorithm::EcdsaP384Sha384 => {
            Some(&SHA384)
        }
        Algorithm::RsaPkcs1Sha512 | Algorithm::RsaPssSha512 | Algorithm::EcdsaP521Sha512 => {
            Some(&SHA512)
        }
        Algorithm::EddsaEd25519 | Algorithm::Unspecified => None,
    }
}

/// Bytes of the digests that the algorithm takes; none where it takes data only.
#[must_use]
pub fn digest_len(algorithm: Algorithm) -> Option<usize> {
    hash_of(algorithm).map(digest::Algorithm::output_len)
}

impl Input<'_> {
    /// Of an input that `Kind::check` let through.
    pub(super) fn digest(self, algorithm: Algorithm) -> Result<Digest, SignError> {
        let hash = hash_of(algorithm).ok_or(SignError::DataOnly(algorithm))?;
        match self {
            Self::Data(data) => Ok(digest::digest(hash, data)),
            Self::Digest(digest) => {
                Digest::import_less_safe(digest, hash).map_err(|_| SignError::Library)
            }
        }
    }
}

/// Hashes data of any length, piece by piece, in constant memory.
pub struct Hashing {
    context: digest::Context,
}

impl Hashing {
    /// # Errors
    /// `DataOnly` for an algorithm that can't sign a stream.
    pub fn new(algorithm: Algorithm) -> Result<Self, SignError> {
        let hash = hash_of(algorithm).ok_or(SignError::DataOnly(algorithm))?;
        Ok(Self {
            context: digest::Context::new(hash),
        })
    }

    /// The library gives up at 2^61 bytes (FIPS 180-4, 1), which no stream lives to send.
    pub fn update(&mut self, data: &[u8]) {
        self.context.update(data);
    }

    /// The digest, to be signed as `Input::Digest`.
    #[must_use]
    pub fn finish(self) -> impl AsRef<[u8]> {
        self.context.finish()
    }
}

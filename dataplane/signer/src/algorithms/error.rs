//! What is refused and why, in words for the caller. The library itself never says
//! why it failed, and nothing here may hold a byte of a key.

use std::fmt;

use super::Kind;
use crate::proto::v1::Algorithm;

/// Why nothing was signed or verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The key is of another kind than the algorithm.
    WrongAlgorithm { kind: Kind, algorithm: Algorithm },
    /// Both in bytes.
    DigestLength {
        algorithm: Algorithm,
        expected: usize,
        given: usize,
    },
    /// The algorithm reads its data twice, so it takes no digest and no stream.
    DataOnly(Algorithm),
    /// The library failed. No input is known that makes it.
    Library,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongAlgorithm { kind, algorithm } => {
                let own: Vec<&str> = kind
                    .algorithms()
                    .iter()
                    .map(Algorithm::as_str_name)
                    .collect();
                write!(
                    f,
                    "algorithm: a key of kind {} has no {}, only {}",
                    kind.name(),
                    algorithm.as_str_name(),
                    own.join(", ")
                )
            }
            Self::DigestLength {
                algorithm,
                expected,
                given,
            } => write!(
                f,
                "digest: {given} bytes, {} takes {expected}",
                algorithm.as_str_name()
            ),
            Self::DataOnly(algorithm) => write!(
                f,
                "digest: {} takes no digest and no stream; send the data whole",
                algorithm.as_str_name()
            ),
            Self::Library => f.write_str("the cryptographic library failed; try again"),
        }
    }
}

impl std::error::Error for SignError {}

/// Why a private key was not taken in. Everything said is about its public half or
/// its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportError {
    /// More bytes than any key that is offered has.
    TooLong(usize),
    /// No unencrypted PKCS#8 (RFC 5208, RFC 5958) in DER.
    NotPkcs8,
    /// PKCS#8 of a kind that isn't offered.
    UnknownKind(String),
    /// The key inside isn't well-formed, or its parts don't belong together.
    Inconsistent(&'static str),
    /// Well-formed, but not to be trusted with a signature.
    Weak(String),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => write!(
                f,
                "private_key: {bytes} bytes, no key offered here has more than {}; send one key in PKCS#8 as DER",
                super::MAX_PKCS8_BYTES
            ),
            Self::NotPkcs8 => f.write_str(
                "private_key: no unencrypted PKCS#8 in DER; make it with: openssl pkcs8 -topk8 -nocrypt -outform DER -in KEY -out FILE",
            ),
            Self::UnknownKind(what) => write!(
                f,
                "private_key: {what} is no kind of key offered here; use one of {}",
                Kind::ALL.map(Kind::name).join(", ")
            ),
            Self::Inconsistent(what) => {
                write!(f, "private_key: {what}; export it again where it comes from")
            }
            Self::Weak(what) => write!(f, "private_key: {what}; make another key"),
        }
    }
}

impl std::error::Error for ImportError {}

/// The bytes are no SubjectPublicKeyInfo of a kind that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKeyError;

impl fmt::Display for PublicKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no SubjectPublicKeyInfo in DER of a kind of key that is offered")
    }
}

impl std::error::Error for PublicKeyError {}

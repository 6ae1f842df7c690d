//! The kinds of keys: their names, which algorithms each signs with, what one
//! signature costs.

use super::{Input, SignError, digest_len};
use crate::proto::v1::{Algorithm, KeyKind};

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
    P521,
    Ed25519,
}

const RSA: &[Algorithm] = &[
    Algorithm::RsaPkcs1Sha256,
    Algorithm::RsaPkcs1Sha384,
    Algorithm::RsaPkcs1Sha512,
    Algorithm::RsaPssSha256,
    Algorithm::RsaPssSha384,
    Algorithm::RsaPssSha512,
];

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Ed25519,
    ];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        KeyKind::from(self).as_str_name()
    }

    /// None for KEY_KIND_UNSPECIFIED and numbers that the API doesn't know.
    #[must_use]
    pub fn from_proto(number: i32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| i32::from(KeyKind::from(*kind)) == number)
    }

    /// What a key of this kind signs and verifies with.
    #[must_use]
    pub fn algorithms(self) -> &'static [Algorithm] {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => RSA,
            Self::P256 => &[Algorithm::EcdsaP256Sha256],
            Self::P384 => &[Algorithm::EcdsaP384Sha256, Algorithm::EcdsaP384Sha384],
            Self::P521 => &[Algorithm::EcdsaP521Sha512],
            Self::Ed25519 => &[Algorithm::EddsaEd25519],
        }
    }

    /// Whether a key of this kind signs or verifies that, without looking at the data: for
    /// a refusal before anything waits for a worker.
    ///
    /// # Errors
    /// What is wrong with the question.
    pub fn check(self, algorithm: Algorithm, input: Input<'_>) -> Result<(), SignError> {
        if !self.algorithms().contains(&algorithm) {
            return Err(SignError::WrongAlgorithm {
                kind: self,
                algorithm,
            });
        }
        let Input::Digest(digest) = input else {
            return Ok(());
        };
        match digest_len(algorithm) {
            None => Err(SignError::DataOnly(algorithm)),
            Some(expected) if expected != digest.len() => Err(SignError::DigestLength {
                algorithm,
                expected,
                given: digest.len(),
            }),
            Some(_) => Ok(()),
        }
    }

    /// CPU time of one signature on a core with AVX-512 IFMA, in microseconds (`cargo
    /// bench`). The kinds' costs beside each other hold elsewhere too, roughly.
    #[must_use]
    pub fn cost_us(self) -> u32 {
        match self {
            Self::Rsa2048 => 230,
            Self::Rsa3072 => 660,
            Self::Rsa4096 => 1_430,
            Self::P256 => 13,
            Self::P384 => 67,
            Self::P521 => 130,
            Self::Ed25519 => 6,
        }
    }

    /// Whether making one takes so long that others should not wait behind it: primes are
    /// looked for.
    #[must_use]
    pub fn is_slow_to_make(self) -> bool {
        self.modulus_bits().is_some()
    }

    /// The length of an RSA key's modulus; none for the others.
    pub(super) fn modulus_bits(self) -> Option<usize> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            Self::P256 | Self::P384 | Self::P521 | Self::Ed25519 => None,
        }
    }

    /// The RSA kind with exactly that modulus.
    pub(super) fn of_modulus_bits(bits: usize) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.modulus_bits() == Some(bits))
    }

    /// Bytes of the order of the curve's group, which are those of r and of s; none for
    /// kinds that don't sign with ECDSA.
    pub(super) fn order_bytes(self) -> Option<usize> {
        match self {
            Self::P256 => Some(32),
            Self::P384 => Some(48),
            Self::P521 => Some(66),
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 | Self::Ed25519 => None,
        }
    }
}

impl From<Kind> for KeyKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Rsa2048 => Self::Rsa2048,
            Kind::Rsa3072 => Self::Rsa3072,
            Kind::Rsa4096 => Self::Rsa4096,
            Kind::P256 => Self::EcP256,
            Kind::P384 => Self::EcP384,
            Kind::P521 => Self::EcP521,
            Kind::Ed25519 => Self::Ed25519,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_api_is_offered_under_its_own_number() {
        assert_eq!(Kind::from_proto(0), None);
        for number in 1..=7 {
            let kind = Kind::from_proto(number).unwrap();
            assert_eq!(i32::from(KeyKind::from(kind)), number);
        }
        assert_eq!(Kind::from_proto(8), None);
        assert!(KeyKind::try_from(8).is_err(), "the API has a new kind");
    }

    #[test]
    fn every_algorithm_of_the_api_is_offered_by_some_kind() {
        for number in 1..=11 {
            let algorithm = Algorithm::try_from(number).unwrap();
            let offered = |kind: &Kind| kind.algorithms().contains(&algorithm);
            assert!(Kind::ALL.iter().any(offered), "{algorithm:?}");
        }
        assert!(Algorithm::try_from(12).is_err(), "the API has a new one");
    }
}

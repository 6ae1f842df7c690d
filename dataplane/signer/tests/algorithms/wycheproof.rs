//! Project Wycheproof's vectors through the same code that verifies for callers. Every
//! set says how many of its tests are valid and how many are not, so that none is left
//! out unseen.

use ::wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};
use gatehouse_signer::algorithms::{Encoding, Hashing, Input, PublicKey, digest_len};
use gatehouse_signer::proto::v1::Algorithm;

/// Valid and other vectors that were looked at.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    valid: usize,
    invalid: usize,
    acceptable: usize,
}

fn counted(valid: usize, invalid: usize, acceptable: usize) -> Count {
    Count {
        valid,
        invalid,
        acceptable,
    }
}

/// A verification vector, whatever set it is from.
struct Vector<'a> {
    name: String,
    algorithm: Algorithm,
    encoding: Encoding,
    message: &'a [u8],
    signature: &'a [u8],
    result: TestResult,
}

impl Vector<'_> {
    /// Over the data, and over its digest where there is one. "Acceptable" is what some
    /// verifiers let through for old signers' sake: here it is refused.
    fn check(&self, key: &PublicKey, count: &mut Count) {
        let verify = |input| {
            key.verify(self.algorithm, input, self.encoding, self.signature)
                .unwrap()
        };
        let valid = self.result == TestResult::Valid;
        assert_eq!(verify(Input::Data(self.message)), valid, "{}", self.name);
        if digest_len(self.algorithm).is_some() {
            let mut hashing = Hashing::new(self.algorithm).unwrap();
            for piece in self.message.chunks(7) {
                hashing.update(piece);
            }
            let digest = hashing.finish();
            let verified = verify(Input::Digest(digest.as_ref()));
            assert_eq!(verified, valid, "{} over its digest", self.name);
        }
        match self.result {
            TestResult::Valid => count.valid += 1,
            TestResult::Invalid => count.invalid += 1,
            TestResult::Acceptable => count.acceptable += 1,
        }
    }
}

fn ecdsa_set(name: ecdsa::TestName, algorithm: Algorithm, encoding: Encoding) -> Count {
    let mut count = Count::default();
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        let key = PublicKey::from_spki(&group.der).unwrap();
        assert_eq!(key.spki(), &group.der[..]);
        for test in &group.tests {
            let vector = Vector {
                name: format!("{name:?} {}: {}", test.tc_id, test.comment),
                algorithm,
                encoding,
                message: &test.msg,
                signature: &test.sig,
                result: test.result,
            };
            vector.check(&key, &mut count);
        }
    }
    count
}

#[test]
fn ecdsa_verifies_what_is_valid_in_either_encoding_and_nothing_else() {
    use ecdsa::TestName as Set;
    let (p256, p521) = (Algorithm::EcdsaP256Sha256, Algorithm::EcdsaP521Sha512);
    let (p384, p384_short) = (Algorithm::EcdsaP384Sha384, Algorithm::EcdsaP384Sha256);
    for (set, algorithm, encoding, expected) in [
        (Set::EcdsaSecp256r1Sha256, p256, Encoding::Der, (174, 310)),
        (
            Set::EcdsaSecp256r1Sha256P1363,
            p256,
            Encoding::Raw,
            (173, 89),
        ),
        (
            Set::EcdsaSecp384r1Sha256,
            p384_short,
            Encoding::Der,
            (162, 310),
        ),
        (Set::EcdsaSecp384r1Sha384, p384, Encoding::Der, (194, 310)),
        (
            Set::EcdsaSecp384r1Sha384P1363,
            p384,
            Encoding::Raw,
            (193, 87),
        ),
        (Set::EcdsaSecp521r1Sha512, p521, Encoding::Der, (232, 310)),
        (
            Set::EcdsaSecp521r1Sha512P1363,
            p521,
            Encoding::Raw,
            (231, 87),
        ),
    ] {
        let count = ecdsa_set(set, algorithm, encoding);
        assert_eq!(count, counted(expected.0, expected.1, 0), "{set:?}");
    }
}

#[test]
fn ed25519_verifies_what_is_valid_and_nothing_else() {
    let mut count = Count::default();
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let key = PublicKey::from_spki(&group.der).unwrap();
        for test in &group.tests {
            let vector = Vector {
                name: format!("Ed25519 {}: {}", test.tc_id, test.comment),
                algorithm: Algorithm::EddsaEd25519,
                encoding: Encoding::Der,
                message: &test.msg,
                signature: &test.sig,
                result: test.result,
            };
            vector.check(&key, &mut count);
        }
    }
    assert_eq!(count, counted(88, 63, 0));
}

fn pkcs1(hash: HashFunction) -> Option<Algorithm> {
    match hash {
        HashFunction::Sha2_256 => Some(Algorithm::RsaPkcs1Sha256),
        HashFunction::Sha2_384 => Some(Algorithm::RsaPkcs1Sha384),
        HashFunction::Sha2_512 => Some(Algorithm::RsaPkcs1Sha512),
        _ => None,
    }
}

#[test]
fn rsa_pkcs1_verifies_what_is_valid_and_nothing_else() {
    use rsa_pkcs1_verify::TestName as Set;
    // One of each set is acceptable: a DigestInfo without its NULL.
    for (set, expected) in [
        (Set::Rsa2048Sha256, (9, 249)),
        (Set::Rsa2048Sha384, (7, 250)),
        (Set::Rsa2048Sha512, (8, 250)),
        (Set::Rsa3072Sha256, (8, 250)),
        (Set::Rsa3072Sha384, (7, 251)),
        (Set::Rsa3072Sha512, (8, 251)),
        (Set::Rsa4096Sha256, (7, 250)),
        (Set::Rsa4096Sha384, (7, 251)),
        (Set::Rsa4096Sha512, (7, 251)),
    ] {
        let mut count = Count::default();
        for group in rsa_pkcs1_verify::TestSet::load(set).unwrap().test_groups {
            let key = PublicKey::from_spki(&group.der).unwrap();
            for test in &group.tests {
                let vector = Vector {
                    name: format!("{set:?} {}: {}", test.tc_id, test.comment),
                    algorithm: pkcs1(group.hash).unwrap(),
                    encoding: Encoding::Der,
                    message: &test.msg,
                    signature: &test.sig,
                    result: test.result,
                };
                vector.check(&key, &mut count);
            }
        }
        assert_eq!(count, counted(expected.0, expected.1, 1), "{set:?}");
    }
}

fn pss(hash: HashFunction) -> Option<Algorithm> {
    match hash {
        HashFunction::Sha2_256 => Some(Algorithm::RsaPssSha256),
        HashFunction::Sha2_384 => Some(Algorithm::RsaPssSha384),
        HashFunction::Sha2_512 => Some(Algorithm::RsaPssSha512),
        _ => None,
    }
}

/// What is valid in groups that aren't the algorithm that is offered (another MGF or hash
/// for it, or a salt of another length) must not verify as if they were. What is invalid
/// there may be valid here: "s_len changed to 32".
fn pss_set(set: rsa_pss_verify::TestName) -> (Count, usize) {
    let (mut count, mut others) = (Count::default(), 0);
    for group in rsa_pss_verify::TestSet::load(set).unwrap().test_groups {
        let Some(algorithm) = pss(group.hash) else {
            continue;
        };
        let key = PublicKey::from_spki(&group.der).unwrap();
        let offered =
            group.mgf_hash == Some(group.hash) && Some(group.salt_size) == digest_len(algorithm);
        for test in &group.tests {
            let mut vector = Vector {
                name: format!("{set:?} {}: {}", test.tc_id, test.comment),
                algorithm,
                encoding: Encoding::Der,
                message: &test.msg,
                signature: &test.sig,
                result: test.result,
            };
            if offered {
                vector.check(&key, &mut count);
            } else if test.result == TestResult::Valid {
                vector.result = TestResult::Invalid;
                vector.check(&key, &mut Count::default());
                others += 1;
            }
        }
    }
    (count, others)
}

#[test]
fn rsa_pss_verifies_what_is_valid_and_nothing_else() {
    use rsa_pss_verify::TestName as Set;
    for (set, expected, others) in [
        (Set::RsaPss2048Sha256Mgf1SaltLen32, (63, 45), 0),
        (Set::RsaPss2048Sha384Mgf1SaltLen48, (95, 46), 0),
        (Set::RsaPss3072Sha256Mgf1SaltLen32, (63, 45), 0),
        (Set::RsaPss4096Sha256Mgf1SaltLen32, (63, 45), 0),
        (Set::RsaPss4096Sha384Mgf1SaltLen48, (95, 46), 0),
        (Set::RsaPss4096Sha512Mgf1SaltLen64, (132, 47), 0),
        (Set::RsaPssmisc, (3, 0), 87),
        (Set::RsaPss2048Sha256Mgf1SaltLen0, (0, 0), 61),
        (Set::RsaPss4096Sha512Mgf1SaltLen32, (0, 0), 132),
        (Set::RsaPss2048Sha256Mgf1Sha1_20, (0, 0), 63),
    ] {
        let (count, looked_at) = pss_set(set);
        assert_eq!(
            (count, looked_at),
            (counted(expected.0, expected.1, 0), others),
            "{set:?}"
        );
    }
}

#[test]
fn a_public_key_bound_to_pss_is_none_that_is_offered() {
    let set = rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen32WithParams;
    for group in rsa_pss_verify::TestSet::load(set).unwrap().test_groups {
        assert!(PublicKey::from_spki(&group.der).is_err());
    }
}

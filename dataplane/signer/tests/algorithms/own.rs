//! Keys of every kind made, exported, read again, signing and verifying.

use crate::{ENCODINGS, KEYS, digest, every_algorithm};
use gatehouse_signer::algorithms::{
    Encoding, Hashing, Input, Kind, PrivateKey, PublicKey, SignError, digest_len,
};
use gatehouse_signer::proto::v1::Algorithm;

#[test]
fn a_key_survives_its_way_through_pkcs8_and_through_import() {
    for key in KEYS.iter() {
        let pkcs8 = key.to_pkcs8().unwrap();
        let public = key.public_key_der().unwrap();
        let read = PrivateKey::from_pkcs8(key.kind(), &pkcs8).unwrap();
        assert_eq!(read.public_key_der().unwrap(), public);
        let imported = PrivateKey::import(&pkcs8).unwrap();
        assert_eq!(imported.kind(), key.kind());
        assert_eq!(imported.public_key_der().unwrap(), public);
        assert_eq!(*imported.to_pkcs8().unwrap(), *pkcs8);
        assert_eq!(PublicKey::from_spki(&public).unwrap().kind(), key.kind());
    }
}

#[test]
fn a_key_of_one_kind_is_not_read_as_another() {
    for key in KEYS.iter() {
        let pkcs8 = key.to_pkcs8().unwrap();
        for other in Kind::ALL.into_iter().filter(|other| *other != key.kind()) {
            assert!(PrivateKey::from_pkcs8(other, &pkcs8).is_err(), "{other:?}");
        }
    }
}

#[test]
fn a_key_signs_and_verifies_with_its_own_algorithms_only() {
    for key in KEYS.iter() {
        let public = key.public_key().unwrap();
        for algorithm in every_algorithm() {
            let own = key.kind().algorithms().contains(&algorithm);
            let wrong = SignError::WrongAlgorithm {
                kind: key.kind(),
                algorithm,
            };
            let signed = key.sign(algorithm, Input::Data(b""), Encoding::Der);
            let verified = public.verify(algorithm, Input::Data(b""), Encoding::Der, b"");
            assert_eq!(signed.is_ok(), own, "{:?} {algorithm:?}", key.kind());
            assert_eq!(verified, if own { Ok(false) } else { Err(wrong) });
        }
    }
}

#[test]
fn data_and_its_digest_sign_alike_in_both_encodings_and_fit_no_other_message() {
    for key in KEYS.iter() {
        let public = key.public_key().unwrap();
        for algorithm in key.kind().algorithms().iter().copied() {
            for (data, encoding) in [&b""[..], b"gatehouse"]
                .into_iter()
                .flat_map(|data| ENCODINGS.map(|encoding| (data, encoding)))
            {
                let mut inputs = vec![Input::Data(data)];
                let digest = digest_len(algorithm).map(|_| digest(algorithm, data));
                inputs.extend(digest.as_deref().map(Input::Digest));
                for signed in &inputs {
                    let signature = key.sign(algorithm, *signed, encoding).unwrap();
                    for verified in &inputs {
                        let valid = public.verify(algorithm, *verified, encoding, &signature);
                        assert_eq!(valid, Ok(true), "{algorithm:?} {encoding:?}");
                    }
                    let other = public.verify(algorithm, Input::Data(b"no"), encoding, &signature);
                    assert_eq!(other, Ok(false), "{algorithm:?} {encoding:?}");
                }
            }
        }
    }
}

#[test]
fn a_digest_of_another_length_is_refused_and_ed25519_takes_none() {
    for key in KEYS.iter() {
        let public = key.public_key().unwrap();
        for algorithm in key.kind().algorithms().iter().copied() {
            let expected = digest_len(algorithm);
            for given in [0, 20, 31, 32, 33, 48, 64, 65] {
                let digest = vec![7; given];
                let error = match expected {
                    Some(expected) if expected == given => continue,
                    Some(expected) => SignError::DigestLength {
                        algorithm,
                        expected,
                        given,
                    },
                    None => SignError::DataOnly(algorithm),
                };
                let input = Input::Digest(&digest);
                let signed = key.sign(algorithm, input, Encoding::Der);
                assert_eq!(signed, Err(error), "{algorithm:?} {given}");
                let verified = public.verify(algorithm, input, Encoding::Der, &[1; 64]);
                assert_eq!(verified, Err(error), "{algorithm:?} {given}");
            }
        }
    }
    assert!(Hashing::new(Algorithm::EddsaEd25519).is_err());
    assert!(Hashing::new(Algorithm::Unspecified).is_err());
}

#[test]
fn a_raw_signature_keeps_its_length_whatever_its_leading_zeros() {
    for (kind, bytes) in [(Kind::P256, 64), (Kind::P384, 96), (Kind::P521, 132)] {
        let key = KEYS.iter().find(|key| key.kind() == kind).unwrap();
        let public = key.public_key().unwrap();
        let algorithm = kind.algorithms()[0];
        let mut led_by_zero = 0;
        // One in 128 has such an r or s; for P-521, whose order has 521 bits, half have.
        for number in 0..2_000_u32 {
            let data = number.to_be_bytes();
            let input = Input::Data(&data);
            let raw = key.sign(algorithm, input, Encoding::Raw).unwrap();
            assert_eq!(raw.len(), bytes);
            if raw[0] == 0 || raw[bytes / 2] == 0 {
                led_by_zero += 1;
                assert_eq!(
                    public.verify(algorithm, input, Encoding::Raw, &raw),
                    Ok(true)
                );
                assert_eq!(
                    public.verify(algorithm, input, Encoding::Der, &raw),
                    Ok(false)
                );
            }
            if led_by_zero == 5 {
                break;
            }
        }
        assert!(led_by_zero > 0, "{kind:?}");
    }
}

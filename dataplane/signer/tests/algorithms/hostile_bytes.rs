//! Random and mutated bytes for every reader: no panic, nothing taken that isn't whole.

use crate::{ENCODINGS, KEYS};
use gatehouse_signer::algorithms::{Encoding, Input, PrivateKey, PublicKey};
use proptest::prelude::*;

proptest! {
    // PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(2_000)))]

    #[test]
    fn random_bytes_are_refused_everywhere_and_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        prop_assert!(PrivateKey::import(&bytes).is_err());
        prop_assert!(PublicKey::from_spki(&bytes).is_err());
        for key in KEYS.iter() {
            prop_assert!(PrivateKey::from_pkcs8(key.kind(), &bytes).is_err());
        }
        let key = &KEYS[bytes.len() % KEYS.len()];
        let public = key.public_key().unwrap();
        for algorithm in key.kind().algorithms() {
            for encoding in ENCODINGS {
                let verified = public.verify(*algorithm, Input::Data(b"x"), encoding, &bytes);
                prop_assert_eq!(verified, Ok(false));
            }
        }
    }

    /// A changed key is refused, or is the same key again: where nothing of it was changed
    /// (an attribute, a version) or what was changed makes another whole key.
    #[test]
    fn a_mutated_key_is_refused_or_signs_what_its_public_half_verifies(
        which in 0..7_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let key = &KEYS[which];
        let mutate = |original: &[u8]| {
            let mut bytes = original.to_vec();
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes
        };
        if let Ok(read) = PrivateKey::import(&mutate(&key.to_pkcs8().unwrap())) {
            let algorithm = read.kind().algorithms()[0];
            let signature = read.sign(algorithm, Input::Data(b"x"), Encoding::Der).unwrap();
            let public = read.public_key().unwrap();
            let verified = public.verify(algorithm, Input::Data(b"x"), Encoding::Der, &signature);
            prop_assert_eq!(verified, Ok(true));
        }
        let spki = mutate(&key.public_key_der().unwrap());
        if let Ok(read) = PublicKey::from_spki(&spki) {
            prop_assert_eq!(read.spki(), &spki[..]);
        }
        for encoding in ENCODINGS {
            let algorithm = key.kind().algorithms()[0];
            let signature = key.sign(algorithm, Input::Data(b"x"), encoding).unwrap();
            let mutated = mutate(&signature);
            let verified = key
                .public_key()
                .unwrap()
                .verify(algorithm, Input::Data(b"x"), encoding, &mutated);
            prop_assert_eq!(verified, Ok(mutated == signature));
        }
    }
}

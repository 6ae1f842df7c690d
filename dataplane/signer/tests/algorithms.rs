//! Keys of every kind through their whole way: made, exported, read again, imported
//! from openssl, signing for openssl, verifying what openssl signed; and what must be
//! refused, random and mutated bytes among it.
#![allow(clippy::unwrap_used)]

use gatehouse_signer::algorithms::{
    Encoding, Hashing, ImportError, Input, Kind, MAX_PKCS8_BYTES, PrivateKey, PublicKey, SignError,
    digest_len,
};
use gatehouse_signer::proto::v1::Algorithm;
use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// One key of each kind, made once.
static KEYS: LazyLock<Vec<PrivateKey>> = LazyLock::new(|| {
    let made = Kind::ALL.map(|kind| PrivateKey::generate(kind).unwrap());
    made.into_iter().collect()
});

const ENCODINGS: [Encoding; 2] = [Encoding::Der, Encoding::Raw];

fn every_algorithm() -> impl Iterator<Item = Algorithm> {
    (0..=11).map(|number| Algorithm::try_from(number).unwrap())
}

fn digest(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
    let mut hashing = Hashing::new(algorithm).unwrap();
    data.chunks(3).for_each(|piece| hashing.update(piece));
    hashing.finish().as_ref().to_vec()
}

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

struct Openssl {
    dir: TempDir,
}

impl Openssl {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn run(&self, arguments: &[&str]) -> bool {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        output.status.success()
    }

    /// A new key as PKCS#8 in DER.
    fn key(&self, arguments: &[&str]) -> Vec<u8> {
        let mut all = vec!["genpkey", "-out", "pem"];
        all.extend(arguments);
        assert!(self.run(&all), "{arguments:?}");
        // genpkey's own DER isn't PKCS#8 for every kind.
        let convert = ["pkcs8", "-topk8", "-nocrypt", "-in", "pem"];
        let convert = [&convert[..], &["-outform", "DER", "-out", "made"]].concat();
        assert!(self.run(&convert));
        fs::read(self.dir.path().join("made")).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// What `openssl pkeyutl` must be told of an algorithm whose digest it is given.
fn options(algorithm: Algorithm) -> Vec<&'static str> {
    let hash = match digest_len(algorithm) {
        Some(32) => "digest:sha256",
        Some(48) => "digest:sha384",
        Some(64) => "digest:sha512",
        _ => return vec!["-rawin"],
    };
    let mut options = vec!["-pkeyopt", hash];
    if algorithm.as_str_name().starts_with("RSA_PSS") {
        options.extend(["-pkeyopt", "rsa_padding_mode:pss"]);
        options.extend(["-pkeyopt", "rsa_pss_saltlen:digest"]);
    }
    options
}

const OPENSSL_KEYS: [(Kind, &[&str]); 7] = [
    (
        Kind::Rsa2048,
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    ),
    (
        Kind::Rsa3072,
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    ),
    (
        Kind::Rsa4096,
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    ),
    (
        Kind::P256,
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ),
    (
        Kind::P384,
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    ),
    (
        Kind::P521,
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    ),
    (Kind::Ed25519, &["-algorithm", "ED25519"]),
];

#[test]
fn openssl_and_the_signer_verify_each_others_signatures_with_keys_from_openssl() {
    let openssl = Openssl::new();
    for (kind, arguments) in OPENSSL_KEYS {
        let pkcs8 = openssl.key(arguments);
        let key = PrivateKey::import(&pkcs8).unwrap();
        assert_eq!(key.kind(), kind);
        openssl.file("public", &key.public_key_der().unwrap());
        // What it exports, openssl reads.
        openssl.file("private", &key.to_pkcs8().unwrap());
        for algorithm in kind.algorithms().iter().copied() {
            let data = b"gatehouse";
            let input = match digest_len(algorithm) {
                Some(_) => digest(algorithm, data),
                None => data.to_vec(),
            };
            openssl.file("input", &input);
            let signature = key
                .sign(algorithm, Input::Data(data), Encoding::Der)
                .unwrap();
            openssl.file("signature", &signature);
            let mut verify = vec!["pkeyutl", "-verify", "-pubin", "-keyform", "DER"];
            verify.extend(["-inkey", "public", "-in", "input", "-sigfile", "signature"]);
            verify.extend(options(algorithm));
            assert!(openssl.run(&verify), "{algorithm:?}");

            let mut sign = vec!["pkeyutl", "-sign", "-keyform", "DER"];
            sign.extend(["-inkey", "private", "-in", "input", "-out", "theirs"]);
            sign.extend(options(algorithm));
            assert!(openssl.run(&sign), "{algorithm:?}");
            let theirs = fs::read(openssl.path("theirs")).unwrap();
            let public = key.public_key().unwrap();
            let verified = public.verify(algorithm, Input::Data(data), Encoding::Der, &theirs);
            assert_eq!(verified, Ok(true), "{algorithm:?}");
        }
    }
}

fn refusal(pkcs8: &[u8]) -> ImportError {
    PrivateKey::import(pkcs8).err().unwrap()
}

#[test]
fn a_key_that_is_not_offered_is_refused_by_its_kind() {
    let openssl = Openssl::new();
    let rsa = |bits: &'static str| vec!["-algorithm", "RSA", "-pkeyopt", bits];
    for (arguments, word) in [
        (rsa("rsa_keygen_bits:1024"), "1024 bits"),
        (rsa("rsa_keygen_bits:2056"), "2056 bits"),
        (
            vec!["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
            "bound to PSS",
        ),
        (
            vec![
                "-algorithm",
                "EC",
                "-pkeyopt",
                "ec_paramgen_curve:secp256k1",
            ],
            "1.3.132.0.10",
        ),
        (
            vec!["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"],
            "1.3.132.0.33",
        ),
        (vec!["-algorithm", "ED448"], "1.3.101.113"),
        (vec!["-algorithm", "X25519"], "1.3.101.110"),
    ] {
        let error = refusal(&openssl.key(&arguments));
        assert!(matches!(error, ImportError::UnknownKind(_)), "{error:?}");
        let said = error.to_string();
        assert!(said.contains(word) && said.contains("RSA_3072"), "{said}");
    }
    let explicit = ["ec_paramgen_curve:P-256", "ec_param_enc:explicit"];
    let mut arguments = vec!["-algorithm", "EC"];
    arguments.extend(explicit.iter().flat_map(|option| ["-pkeyopt", *option]));
    let error = refusal(&openssl.key(&arguments)).to_string();
    assert!(error.contains("no name"), "{error}");
}

#[test]
fn other_formats_and_too_many_bytes_are_refused_with_what_to_do() {
    let openssl = Openssl::new();
    let pkcs8 = openssl.key(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    for arguments in [
        &["pkey", "-inform", "DER", "-in", "made", "-out", "other"][..],
        &[
            "rsa",
            "-inform",
            "DER",
            "-in",
            "made",
            "-traditional",
            "-outform",
            "DER",
            "-out",
            "other",
        ],
        &[
            "pkcs8", "-topk8", "-inform", "DER", "-in", "made", "-passout", "pass:x", "-outform",
            "DER", "-out", "other",
        ],
    ] {
        assert!(openssl.run(arguments));
        let error = refusal(&fs::read(openssl.path("other")).unwrap());
        assert_eq!(error, ImportError::NotPkcs8, "{arguments:?}");
        assert!(error.to_string().contains("openssl pkcs8 -topk8 -nocrypt"));
    }
    let mut longer = pkcs8.clone();
    longer.push(0);
    assert_eq!(refusal(&longer), ImportError::NotPkcs8);
    longer.resize(MAX_PKCS8_BYTES + 1, 0);
    assert_eq!(refusal(&longer), ImportError::TooLong(MAX_PKCS8_BYTES + 1));
}

#[test]
fn an_rsa_key_with_a_small_exponent_is_weak() {
    let openssl = Openssl::new();
    let mut arguments = vec!["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
    arguments.extend(["-pkeyopt", "rsa_keygen_pubexp:3"]);
    let error = refusal(&openssl.key(&arguments));
    assert!(
        matches!(&error, ImportError::Weak(why) if why.contains("exponent")),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

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

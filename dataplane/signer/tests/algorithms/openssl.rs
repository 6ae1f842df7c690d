//! Keys that openssl made: imported, signing for it, verifying what it signed, or refused.

use crate::{digest, refusal};
use gatehouse_signer::algorithms::{
    Encoding, ImportError, Input, Kind, MAX_PKCS8_BYTES, PrivateKey, PublicKey, digest_len,
};
use gatehouse_signer::proto::v1::Algorithm;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

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
fn a_public_key_is_read_in_its_one_encoding_only() {
    let openssl = Openssl::new();
    openssl.key(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    for (form, taken) in [
        ("uncompressed", true),
        ("compressed", false),
        ("hybrid", false),
    ] {
        let convert = ["ec", "-in", "pem", "-pubout", "-conv_form", form];
        let convert = [&convert[..], &["-outform", "DER", "-out", "public"]].concat();
        assert!(openssl.run(&convert));
        let mut spki = fs::read(openssl.path("public")).unwrap();
        assert_eq!(PublicKey::from_spki(&spki).is_ok(), taken, "{form}");
        spki.push(0);
        assert!(PublicKey::from_spki(&spki).is_err(), "{form}");
    }
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

//! Keys that must not be taken in: RSA keys whose parts don't belong together or that
//! fit together and are weak, halves of elliptic keys that aren't each other's.

use crate::refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatehouse_signer::algorithms::{ImportError, Kind, PrivateKey};
use std::collections::BTreeMap;

/// A name and PKCS#8 a line, made for these tests by a program that put the integers
/// together as the names say.
const KEYS: &str = include_str!("weak_keys.tsv");

fn keys() -> BTreeMap<&'static str, Vec<u8>> {
    let lines = KEYS.lines().map(|line| line.split_once('\t').unwrap());
    lines
        .map(|(name, text)| (name, STANDARD.decode(text).unwrap()))
        .collect()
}

#[test]
fn a_key_made_the_same_way_without_a_fault_is_taken() {
    let key = PrivateKey::import(&keys()["good"]).unwrap();
    assert_eq!(key.kind(), Kind::Rsa2048);
}

#[test]
fn rsa_keys_whose_parts_do_not_belong_together_are_refused() {
    for name in [
        "the modulus is not the product of the primes",
        "the private exponent does not fit",
        "a CRT exponent does not fit",
        "the CRT coefficient does not fit",
        "a prime is none",
        "the public exponent is another key's",
    ] {
        let error = refusal(&keys()[name]);
        assert!(
            matches!(error, ImportError::Inconsistent(_)),
            "{name}: {error}"
        );
    }
}

#[test]
fn rsa_keys_that_fit_together_but_are_weak_are_refused_by_what_is_weak() {
    for (name, word) in [
        ("the primes are left out", "primes"),
        ("the primes are neighbours", "close"),
        ("the primes share their first 124 bits", "close"),
        ("one prime is shorter", "half as long"),
        (
            "a short private exponent makes the public one long",
            "exponent",
        ),
        ("the public exponent is even", "exponent"),
        ("the public exponent is one", "exponent"),
        ("the private exponent is short", "private exponent"),
        ("both primes are of the form of CVE-2017-15361", "ROCA"),
    ] {
        let error = refusal(&keys()[name]);
        let said = error.to_string();
        assert!(matches!(error, ImportError::Weak(_)), "{name}: {said}");
        assert!(said.contains(word), "{name}: {said}");
        // The library alone would have taken some of them.
        assert!(said.contains("make another key"), "{said}");
    }
}

#[test]
fn an_rsa_key_of_three_primes_is_refused() {
    let error = refusal(&keys()["there are three primes"]);
    assert!(!matches!(error, ImportError::NotPkcs8), "{error}");
}

#[test]
fn an_elliptic_key_with_another_keys_point_is_refused() {
    for (kind, point_bytes) in [(Kind::P256, 65), (Kind::P384, 97), (Kind::P521, 133)] {
        let made = || PrivateKey::generate(kind).unwrap().to_pkcs8().unwrap();
        let (mut key, other) = (made(), made());
        // The point stands last (RFC 5915, 3).
        let at = key.len() - point_bytes;
        assert_eq!(key[at], 4, "no uncompressed point");
        key[at..].copy_from_slice(&other[at..]);
        assert!(
            matches!(refusal(&key), ImportError::Inconsistent(_)),
            "{kind:?}"
        );
    }
}

#[test]
fn an_elliptic_key_whose_secret_is_zero_or_the_order_or_more_is_refused() {
    for (kind, secret_bytes) in [(Kind::P256, 32), (Kind::P384, 48), (Kind::P521, 66)] {
        let key = PrivateKey::generate(kind).unwrap().to_pkcs8().unwrap();
        let header = [4, secret_bytes as u8];
        let header = key.windows(2).position(|two| two == header).unwrap() + 2;
        for byte in [0, 0xff] {
            let mut changed = key.to_vec();
            changed[header..header + secret_bytes].fill(byte);
            let error = refusal(&changed);
            assert!(matches!(error, ImportError::Inconsistent(_)), "{kind:?}");
        }
    }
}

#[test]
fn an_ed25519_key_with_another_keys_public_half_is_refused() {
    let made = || PrivateKey::generate(Kind::Ed25519).unwrap();
    let (key, other) = (made(), made());
    // OneAsymmetricKey (RFC 5958, 2): version 1, the public half as [1].
    let with = |public: &[u8]| {
        let mut inner = key.to_pkcs8().unwrap()[2..].to_vec();
        inner[2] = 1;
        inner.extend([0x81, 33, 0]);
        inner.extend(&public[public.len() - 32..]);
        let mut whole = vec![0x30, inner.len() as u8];
        whole.extend(inner);
        whole
    };
    let own = PrivateKey::import(&with(&key.public_key_der().unwrap())).unwrap();
    assert_eq!(own.public_key_der().unwrap(), key.public_key_der().unwrap());
    let error = refusal(&with(&other.public_key_der().unwrap()));
    assert!(matches!(error, ImportError::Inconsistent(_)), "{error}");
}

//! The signer's algorithms: keys through their whole way, and what must be refused.
#![allow(clippy::unwrap_used)]

mod generation;
mod hostile_bytes;
mod openssl;
mod own;
#[path = "../common/vectors.rs"]
mod vectors;
mod weak_keys;
mod wycheproof;

use gatehouse_signer::algorithms::{Encoding, Hashing, ImportError, Kind, PrivateKey};
use gatehouse_signer::proto::v1::Algorithm;
use std::sync::LazyLock;

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

fn refusal(pkcs8: &[u8]) -> ImportError {
    PrivateKey::import(pkcs8).err().unwrap()
}

//! Makes a store with many keys, for measurements of a signer that has them.
//!
//! `fill_store STATE_DIR SEALING_KEY_FILE KEYS PUBLIC_KEYS_FILE`; the public halves go
//! into one file, SubjectPublicKeyInfo after SubjectPublicKeyInfo.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod many_keys;

use gatehouse_signer::default_keys;
use gatehouse_signer::store::sealing_key::SealingKey;
use gatehouse_signer::store::{Options, Store};
use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [state, sealing_key, count, publics] = arguments.as_slice() else {
        panic!("usage: fill_store STATE_DIR SEALING_KEY_FILE KEYS PUBLIC_KEYS_FILE");
    };
    let sealing_key = SealingKey::read(Path::new(sealing_key))
        .map_err(|error| error.message)
        .unwrap();
    let options = Options {
        accept_loss: false,
        first_keys: &default_keys::make,
        public_half: &default_keys::public_half,
    };
    let (store, _) = Store::open(Path::new(state), &sealing_key, &options)
        .map_err(|error| error.message)
        .unwrap();
    let mut halves = Vec::new();
    many_keys::fill(&store, count.parse().unwrap(), |half| {
        halves.extend_from_slice(half);
    });
    std::fs::write(publics, halves).unwrap();
}

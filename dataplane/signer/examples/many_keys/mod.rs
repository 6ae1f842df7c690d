//! Many keys of P-256, put into a store directly, as measurements want them.

use gatehouse_signer::algorithms::{Kind, PrivateKey};
use gatehouse_signer::proto::v1::KeyKind;
use gatehouse_signer::store::{
    Change, KeyRecord, KeyState, NewKey, NewVersion, Policy, Store, Usage,
};
use std::collections::BTreeMap;

/// Keys of one transaction.
const AT_ONCE: usize = 10_000;

pub fn id(number: usize) -> String {
    format!("key-{number:06}")
}

pub fn key(id: String) -> NewKey {
    let key = PrivateKey::generate(Kind::P256).unwrap();
    NewKey {
        record: KeyRecord {
            id,
            kind: u32::try_from(i32::from(KeyKind::from(Kind::P256))).unwrap(),
            usage: Usage::Sign,
            state: KeyState::Enabled,
            revision: 1,
            policy: Policy::default(),
            labels: BTreeMap::new(),
            newest_version: 1,
            created_at_ms: 0,
            delete_at_ms: 0,
            imported: false,
        },
        versions: vec![NewVersion {
            created_at_ms: 0,
            public_key_der: key.public_key_der().unwrap(),
            private_key: Some(key.to_pkcs8().unwrap()),
        }],
    }
}

/// Makes `count` keys. `made` sees the public half of each, in the order of their numbers.
pub fn fill(store: &Store, count: usize, mut made: impl FnMut(&[u8])) {
    for from in (0..count).step_by(AT_ONCE) {
        let keys: Vec<_> = (from..count.min(from + AT_ONCE))
            .map(|number| key(id(number)))
            .collect();
        for key in &keys {
            made(&key.versions[0].public_key_der);
        }
        store.apply(Change::Create(keys), None, None).unwrap();
    }
}

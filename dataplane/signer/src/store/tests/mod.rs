//! The store by what it promises: what was acknowledged is there, whatever one
//! file has suffered, and what isn't whole is named.

mod audit;
mod damage;
mod kept;

use super::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use zeroize::Zeroizing;

const NOW_MS: i64 = 1_750_000_000_000;

fn sealing_key(byte: u8) -> SealingKey {
    SealingKey::parse(&[byte; 32]).unwrap()
}

/// Stands in for PKCS#8: the store doesn't look.
fn private(id: &str, version: usize) -> Vec<u8> {
    format!("private half of {id}, version {version}").into_bytes()
}

fn version(id: &str, version: usize) -> NewVersion {
    NewVersion {
        created_at_ms: NOW_MS,
        public_key_der: format!("public half of {id}, version {version}").into_bytes(),
        private_key: Some(Zeroizing::new(private(id, version))),
    }
}

fn new_key(id: &str) -> NewKey {
    NewKey {
        record: KeyRecord {
            id: id.into(),
            kind: 4,
            usage: Usage::Sign,
            state: KeyState::Enabled,
            revision: 1,
            policy: Policy::default(),
            labels: BTreeMap::new(),
            newest_version: 0,
            created_at_ms: NOW_MS,
            delete_at_ms: 0,
            imported: false,
        },
        versions: vec![version(id, 1)],
    }
}

fn try_open(dir: &Path, byte: u8, accept_loss: bool) -> Result<(Store, Opened), StartError> {
    let first_keys = || Ok(vec![new_key("default")]);
    let options = Options {
        accept_loss,
        first_keys: &first_keys,
        public_half: &|_, private_key| Some([b"public half of ", private_key].concat()),
    };
    Store::open(dir, &sealing_key(byte), &options)
}

fn open(dir: &Path) -> (Store, Opened) {
    try_open(dir, 1, false).unwrap()
}

fn create(store: &Store, id: &str) -> StoredKey {
    one(store.apply(Change::Create(vec![new_key(id)]), None, None))
}

fn edit(store: &Store, id: &str, edit: Edit) -> StoredKey {
    one(store.apply(change(id, 0, edit), None, None))
}

fn change(id: &str, expected_revision: u64, edit: Edit) -> Change {
    Change::Edit {
        id: id.into(),
        expected_revision,
        edit,
    }
}

fn one(outcome: Result<Outcome, StoreError>) -> StoredKey {
    match outcome.unwrap() {
        Outcome::Done(mut keys) => keys.pop().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Every key with its private halves in the clear.
type All = Vec<(KeyRecord, Vec<Option<Vec<u8>>>)>;

fn all(store: &Store, keys: &[StoredKey]) -> All {
    let opener = store.opener();
    let key = |key: &StoredKey| {
        let privates = key.versions.iter().map(|version| {
            let sealed = version.sealed.as_ref();
            sealed.map(|_| opener.open(&key.record, version).unwrap().to_vec())
        });
        (key.record.clone(), privates.collect())
    };
    keys.iter().map(key).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A store with keys in every state, and what is in it.
fn filled(dir: &Path) -> All {
    let (store, opened) = open(dir);
    assert!(opened.created);
    for id in ["a", "b", "c", "d"] {
        create(&store, id);
    }
    edit(&store, "a", Edit::AddVersion(version("a", 2)));
    let policy = Policy {
        identities: vec!["web".into()],
        ..Policy::default()
    };
    edit(&store, "a", Edit::Policy(policy));
    edit(
        &store,
        "b",
        Edit::Labels([("team".into(), "x".into())].into()),
    );
    let scheduled = Edit::State {
        state: KeyState::PendingDeletion,
        delete_at_ms: NOW_MS + 5,
    };
    edit(&store, "c", scheduled);
    edit(&store, "d", Edit::Destroy);
    let page = store.list("", 100, &|_| true).unwrap();
    all(&store, &page.keys)
}

const BOTH: [&str; 2] = [STORE_FILE, COPY_FILE];

fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| {
        let bytes = fs::read(dir.join(&name)).unwrap();
        (name, bytes)
    };
    names(dir).into_iter().map(read).collect()
}

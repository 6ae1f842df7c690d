//! A store as it must be: the same changes applied to plain values. Which change
//! comes next depends on a seed and the number of the change alone.

use gatehouse_signer::error::StartError;
use gatehouse_signer::store::sealing_key::SealingKey;
use gatehouse_signer::store::{
    Change, Edit, KeyRecord, KeyState, NewKey, NewVersion, Opened, Options, Outcome, Policy, Store,
    StoreError, StoredKey, Usage,
};
use std::collections::BTreeMap;
use std::path::Path;
use zeroize::Zeroizing;

pub const DEFAULT: &str = "default";
const NOW_MS: i64 = 1_750_000_000_000;

/// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

/// A key with its private halves in the clear.
pub type Clear = (KeyRecord, Vec<Option<Vec<u8>>>);
pub type Contents = BTreeMap<String, Clear>;

#[derive(Clone)]
pub struct Model {
    pub keys: Contents,
    pub changes: u64,
    seed: u64,
}

impl Model {
    pub fn new(seed: u64) -> Self {
        let mut model = Self {
            keys: Contents::new(),
            changes: 0,
            seed,
        };
        model.insert(new_key(DEFAULT));
        model
    }

    fn insert(&mut self, key: NewKey) {
        let mut record = key.record;
        record.newest_version = u32::try_from(key.versions.len()).unwrap();
        let versions = key.versions.into_iter();
        let privates = versions.map(|version| version.private_key.map(|key| key.to_vec()));
        self.keys
            .insert(record.id.clone(), (record, privates.collect()));
    }

    /// The next change, done here; to be done in the store.
    pub fn change(&mut self) -> Change {
        self.changes += 1;
        let mut random = Random(self.seed ^ (self.changes << 20));
        let alive: Vec<String> = self
            .keys
            .iter()
            .filter(|(_, (record, _))| record.state != KeyState::Destroyed)
            .map(|(id, _)| id.clone())
            .collect();
        let roll = random.below(10);
        if roll < 3 || alive.len() < 3 {
            let id = format!("k{:05}", self.changes);
            self.insert(new_key(&id));
            return Change::Create(vec![new_key(&id)]);
        }
        let id = alive[random.below(alive.len())].clone();
        let (record, privates) = self.keys.get_mut(&id).unwrap();
        let expected_revision = record.revision;
        record.revision += 1;
        let edit = match roll {
            3 | 4 => {
                record.newest_version += 1;
                let new = version(&id, record.newest_version);
                privates.push(new.private_key.as_ref().map(|key| key.to_vec()));
                Edit::AddVersion(new)
            }
            5 => {
                record.policy.identities = vec![format!("web{}", self.changes)];
                Edit::Policy(record.policy.clone())
            }
            6 => {
                record.labels = [("n".to_owned(), self.changes.to_string())].into();
                Edit::Labels(record.labels.clone())
            }
            7 => {
                record.state = KeyState::PendingDeletion;
                record.delete_at_ms = NOW_MS + i64::try_from(self.changes).unwrap();
                Edit::State {
                    state: record.state,
                    delete_at_ms: record.delete_at_ms,
                }
            }
            _ => {
                record.state = KeyState::Destroyed;
                record.delete_at_ms = 0;
                privates.iter_mut().for_each(|key| *key = None);
                Edit::Destroy
            }
        };
        Change::Edit {
            id,
            expected_revision,
            edit,
        }
    }
}

pub fn version(id: &str, number: u32) -> NewVersion {
    NewVersion {
        created_at_ms: NOW_MS,
        public_key_der: format!("public half of {id}, {number}").into_bytes(),
        private_key: Some(Zeroizing::new(
            format!("private half of {id}, {number}").into_bytes(),
        )),
    }
}

pub fn new_key(id: &str) -> NewKey {
    NewKey {
        record: KeyRecord {
            id: id.into(),
            kind: 4,
            usage: Usage::Sign,
            state: KeyState::Enabled,
            revision: 1,
            policy: Policy::default(),
            labels: BTreeMap::new(),
            newest_version: 1,
            created_at_ms: NOW_MS,
            delete_at_ms: 0,
            imported: false,
        },
        versions: vec![version(id, 1)],
    }
}

pub fn sealing_key(byte: u8) -> SealingKey {
    SealingKey::parse(&[byte; 32]).unwrap()
}

pub fn open(dir: &Path, byte: u8) -> Result<(Store, Opened), StartError> {
    let options = Options {
        accept_loss: false,
        first_keys: &|| Ok(vec![new_key(DEFAULT)]),
        public_half: &|_, private_key| Some(private_key.to_vec()),
    };
    Store::open(dir, &sealing_key(byte), &options)
}

/// What is served: every private half is opened.
pub fn contents(store: &Store, keys: &[StoredKey]) -> Result<Contents, StoreError> {
    let opener = store.opener();
    let clear = |key: &StoredKey| -> Result<(String, Clear), StoreError> {
        let privates = key.versions.iter().map(|version| match &version.sealed {
            None => Ok(None),
            Some(_) => Ok(Some(opener.open(&key.record, version)?.to_vec())),
        });
        let privates = privates.collect::<Result<_, StoreError>>()?;
        Ok((key.record.id.clone(), (key.record.clone(), privates)))
    };
    keys.iter().map(clear).collect()
}

pub fn apply(store: &Store, change: Change) -> Result<Vec<StoredKey>, StoreError> {
    store
        .apply(change, None, None)
        .map(|outcome| match outcome {
            Outcome::Done(keys) => keys,
            Outcome::Repeated(_) => panic!("no request id was given"),
        })
}

/// Where test directories are made: in memory where that is possible, since what a
/// disk would lose is decided by the tests themselves.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        return tempfile::tempdir_in(memory).unwrap();
    }
    tempfile::tempdir().unwrap()
}

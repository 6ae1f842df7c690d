//! What the store knows of a key, and its canonical bytes. A private key is opaque
//! here and never in these types in the clear, but in `NewVersion` on its way in.

use std::collections::BTreeMap;
use zeroize::Zeroizing;

use super::bounds;
use super::bytes::{Reader, Writer};
use super::error::StoreError;

const KEY: &str = "key 2";
const VERSION: &str = "version 2";
const POLICY: &str = "policy 2";

/// The numbers of `gatehouse.v1.KeyState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum KeyState {
    Enabled = 1,
    Disabled = 2,
    PendingDeletion = 3,
    Destroyed = 4,
}

impl KeyState {
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        [
            Self::Enabled,
            Self::Disabled,
            Self::PendingDeletion,
            Self::Destroyed,
        ]
        .into_iter()
        .find(|state| *state as u32 == number)
    }
}

/// What a key is for. One use today; bound to each sealed key, so that another
/// one can't be given to a key that lies on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Usage {
    Sign = 1,
}

/// `gatehouse.v1.KeyPolicy`, in its numbers. Empty or 0: doesn't restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub algorithms: Vec<u32>,
    pub identities: Vec<String>,
    pub transports: Vec<u32>,
    pub not_before_ms: i64,
    pub not_after_ms: i64,
    pub signatures_per_second: u32,
}

impl Policy {
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(POLICY);
        let numbers = |writer: &mut Writer, numbers: &[u32]| {
            writer.u64(numbers.len() as u64);
            numbers.iter().for_each(|number| {
                writer.u32(*number);
            });
        };
        numbers(&mut writer, &self.algorithms);
        numbers(&mut writer, &self.transports);
        writer.u64(self.identities.len() as u64);
        for identity in &self.identities {
            writer.text(identity);
        }
        writer
            .i64(self.not_before_ms)
            .i64(self.not_after_ms)
            .u32(self.signatures_per_second);
        writer.finish()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(POLICY, bytes)?;
        let mut list = |most: usize| -> Option<Vec<u32>> {
            let count = bounded(reader.u64()?, most)?;
            (0..count).map(|_| reader.u32()).collect()
        };
        let algorithms = list(bounds::MAX_POLICY_ALGORITHMS)?;
        let transports = list(bounds::MAX_POLICY_TRANSPORTS)?;
        let count = bounded(reader.u64()?, bounds::MAX_POLICY_IDENTITIES)?;
        let identities = (0..count).map(|_| reader.text()).collect::<Option<_>>()?;
        let policy = Self {
            algorithms,
            identities,
            transports,
            not_before_ms: reader.i64()?,
            not_after_ms: reader.i64()?,
            signatures_per_second: reader.u32()?,
        };
        reader.is_empty().then_some(policy)
    }

    fn check(&self) -> Result<(), StoreError> {
        let short = |text: &String| !text.is_empty() && text.len() <= bounds::MAX_IDENTITY_BYTES;
        require(
            self.algorithms.len() <= bounds::MAX_POLICY_ALGORITHMS,
            "policy.algorithms",
        )?;
        require(
            self.transports.len() <= bounds::MAX_POLICY_TRANSPORTS,
            "policy.transports",
        )?;
        require(
            self.identities.len() <= bounds::MAX_POLICY_IDENTITIES
                && self.identities.iter().all(short),
            "policy.identities",
        )
    }
}

/// A key without its versions. Authenticated as a whole by its row's MAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: String,
    /// The number of `gatehouse.v1.KeyKind`.
    pub kind: u32,
    pub usage: Usage,
    pub state: KeyState,
    /// Counts the changes of this key, from 1.
    pub revision: u64,
    pub policy: Policy,
    pub labels: BTreeMap<String, String>,
    /// There are versions from 1 to this one.
    pub newest_version: u32,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: i64,
    /// The same; 0: not scheduled.
    pub delete_at_ms: i64,
    /// Its private half was once elsewhere.
    pub imported: bool,
}

impl KeyRecord {
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(KEY);
        writer
            .text(&self.id)
            .u32(self.kind)
            .u32(self.usage as u32)
            .u32(self.state as u32)
            .u64(self.revision)
            .bytes(&self.policy.to_bytes())
            .u32(self.newest_version)
            .i64(self.created_at_ms)
            .i64(self.delete_at_ms)
            .u32(u32::from(self.imported))
            .u64(self.labels.len() as u64);
        for (name, value) in &self.labels {
            writer.text(name).text(value);
        }
        writer.finish()
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(KEY, bytes)?;
        let mut record = Self {
            id: reader.text()?,
            kind: reader.u32()?,
            usage: (reader.u32()? == Usage::Sign as u32).then_some(Usage::Sign)?,
            state: KeyState::from_number(reader.u32()?)?,
            revision: reader.u64()?,
            policy: Policy::from_bytes(reader.bytes()?)?,
            newest_version: reader.u32()?,
            created_at_ms: reader.i64()?,
            delete_at_ms: reader.i64()?,
            imported: match reader.u32()? {
                0 => false,
                1 => true,
                _ => return None,
            },
            labels: BTreeMap::new(),
        };
        for _ in 0..bounded(reader.u64()?, bounds::MAX_LABELS)? {
            let (name, value) = (reader.text()?, reader.text()?);
            let last = record.labels.last_key_value();
            if last.is_some_and(|(last, _)| *last >= name) {
                return None;
            }
            record.labels.insert(name, value);
        }
        reader.is_empty().then_some(record)
    }

    /// # Errors
    /// `Invalid`, naming what is out of its bounds.
    pub fn check(&self) -> Result<(), StoreError> {
        let id = |text: &str, most: usize| !text.is_empty() && text.len() <= most;
        require(id(&self.id, bounds::MAX_ID_BYTES), "id")?;
        self.policy.check()?;
        let label = |(name, value): (&String, &String)| {
            id(name, bounds::MAX_LABEL_NAME_BYTES) && value.len() <= bounds::MAX_LABEL_VALUE_BYTES
        };
        require(
            self.labels.len() <= bounds::MAX_LABELS && self.labels.iter().all(label),
            "labels",
        )
    }
}

/// A private key as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Number of the key-encryption key.
    pub kek: u32,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// From 1.
    pub version: u32,
    pub created_at_ms: i64,
    /// SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    pub public_key_der: Vec<u8>,
    /// None once the key is destroyed.
    pub sealed: Option<Sealed>,
}

impl StoredVersion {
    /// The part that isn't sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Writer::new(VERSION)
            .i64(self.created_at_ms)
            .bytes(&self.public_key_der)
            .finish()
    }

    #[must_use]
    pub fn from_bytes(version: u32, bytes: &[u8], sealed: Option<Sealed>) -> Option<Self> {
        let mut reader = Reader::new(VERSION, bytes)?;
        let stored = Self {
            version,
            created_at_ms: reader.i64()?,
            public_key_der: reader.bytes()?.to_vec(),
            sealed,
        };
        reader.is_empty().then_some(stored)
    }
}

/// A key with its versions, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    pub record: KeyRecord,
    pub versions: Vec<StoredVersion>,
}

/// A version on its way into the store.
pub struct NewVersion {
    pub created_at_ms: i64,
    pub public_key_der: Vec<u8>,
    /// PKCS#8 (RFC 5208). None only for a restored key that was destroyed.
    pub private_key: Option<Zeroizing<Vec<u8>>>,
}

impl NewVersion {
    /// # Errors
    /// `Invalid`, naming the half that is out of its bounds.
    pub fn check(&self) -> Result<(), StoreError> {
        let within = |len: usize, most: usize| len > 0 && len <= most;
        require(
            within(self.public_key_der.len(), bounds::MAX_PUBLIC_KEY_BYTES),
            "public key",
        )?;
        let private = self.private_key.as_ref();
        require(
            private.is_none_or(|key| within(key.len(), bounds::MAX_PRIVATE_KEY_BYTES)),
            "private key",
        )
    }
}

/// A key on its way in: made, imported, or restored with all its versions. Its
/// `newest_version` is set from them.
pub struct NewKey {
    pub record: KeyRecord,
    pub versions: Vec<NewVersion>,
}

pub(super) fn require(holds: bool, what: &'static str) -> Result<(), StoreError> {
    if holds {
        Ok(())
    } else {
        Err(StoreError::Invalid { what })
    }
}

fn bounded(count: u64, most: usize) -> Option<usize> {
    usize::try_from(count).ok().filter(|count| *count <= most)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn record(id: &str) -> KeyRecord {
        KeyRecord {
            id: id.into(),
            kind: 4,
            usage: Usage::Sign,
            state: KeyState::Enabled,
            revision: 1,
            policy: Policy {
                algorithms: vec![3],
                identities: vec!["admin:owner".into(), "web".into()],
                transports: vec![1, 3],
                not_before_ms: -5,
                not_after_ms: i64::MAX,
                signatures_per_second: 9,
            },
            labels: [("team".into(), "a".into()), ("use".into(), String::new())].into(),
            newest_version: 1,
            created_at_ms: 1_700_000_000_000,
            delete_at_ms: 0,
            imported: true,
        }
    }

    #[test]
    fn a_record_is_what_its_bytes_say_and_a_shorter_piece_is_none() {
        let bytes = record("a").to_bytes();
        assert_eq!(KeyRecord::from_bytes(&bytes), Some(record("a")));
        for len in 0..bytes.len() {
            assert_eq!(KeyRecord::from_bytes(&bytes[..len]), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn bytes_are_one_record_and_no_other_or_none(
            at in 0_usize..400, byte: u8, more in proptest::collection::vec(proptest::num::u8::ANY, 0..40)
        ) {
            let mut bytes = record("a").to_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.splice(at..at, more);
            if let Some(record) = KeyRecord::from_bytes(&bytes) {
                proptest::prop_assert_eq!(record.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn what_is_over_its_bound_is_named() {
        let named = |change: &dyn Fn(&mut KeyRecord)| {
            let mut record = record("a");
            change(&mut record);
            match record.check() {
                Err(StoreError::Invalid { what }) => what,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(named(&|key| key.id = String::new()), "id");
        assert_eq!(named(&|key| key.id = "x".repeat(65)), "id");
        assert_eq!(
            named(&|key| key.policy.identities = vec!["x".into(); 65]),
            "policy.identities"
        );
        assert_eq!(
            named(&|key| key.policy.identities = vec!["x".repeat(513)]),
            "policy.identities"
        );
        assert_eq!(
            named(&|key| key.policy.algorithms = vec![1; 33]),
            "policy.algorithms"
        );
        assert_eq!(
            named(&|key| key.policy.transports = vec![1; 9]),
            "policy.transports"
        );
        assert_eq!(
            named(&|key| {
                key.labels = (0..17).map(|n| (n.to_string(), String::new())).collect();
            }),
            "labels"
        );
        assert_eq!(
            named(&|key| {
                key.labels.insert("x".into(), "y".repeat(129));
            }),
            "labels"
        );
    }
}

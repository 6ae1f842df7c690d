//! One row of the store: a key, a version, a remembered request or a setting.
//! Every row has a MAC of its own over all of it; `sealed` is a private key.

use rusqlite::Row as SqlRow;

use super::bytes::{Reader, Writer};
use super::error::StoreError;
use super::keks::Keks;
use super::record::{KeyRecord, Sealed, StoredVersion};
use super::running::Sum;
use super::seal::{FORMAT, Kek, MAC_BYTES, StoreId};

/// What a row is; the number stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum RowKind {
    /// `name` is the key's id.
    Key = 1,
    /// `name` is the key's id, `number` the version.
    Version = 2,
    /// `number` counts requests.
    Request = 3,
    /// `name` is the setting's.
    Setting = 4,
}

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub kind: i64,
    pub name: Vec<u8>,
    pub number: i64,
}

impl Place {
    #[must_use]
    pub fn new(kind: RowKind, name: &str, number: i64) -> Self {
        Self {
            kind: kind as i64,
            name: name.as_bytes().to_vec(),
            number,
        }
    }
}

/// A row as it is read, without a copy.
#[derive(Clone, Debug)]
pub struct RowView<'a> {
    pub kind: i64,
    pub name: &'a [u8],
    pub number: i64,
    pub kek: u32,
    pub body: &'a [u8],
    pub sealed: Option<&'a [u8]>,
    pub mac: &'a [u8],
}

/// The columns, in the order in which `from_sql` takes them.
pub const COLUMNS: &str = "kind, name, number, kek, body, sealed, mac";

impl<'a> RowView<'a> {
    /// # Errors
    /// When a column holds a value of another type.
    pub fn from_sql(row: &'a SqlRow<'_>) -> rusqlite::Result<Self> {
        let blob = |at: usize| -> rusqlite::Result<&'a [u8]> { Ok(row.get_ref(at)?.as_blob()?) };
        Ok(Self {
            kind: row.get(0)?,
            name: blob(1)?,
            number: row.get(2)?,
            kek: row.get(3)?,
            body: blob(4)?,
            sealed: row.get_ref(5)?.as_blob_or_null()?,
            mac: blob(6)?,
        })
    }

    /// What the row's MAC covers.
    #[must_use]
    pub fn canonical(&self, store_id: &StoreId, kek: u32) -> Vec<u8> {
        let mut writer = Writer::new("row");
        writer
            .bytes(store_id)
            .u32(FORMAT)
            .i64(self.kind)
            .bytes(self.name)
            .i64(self.number)
            .u32(kek)
            .bytes(self.body);
        match self.sealed {
            Some(sealed) => writer.u32(1).bytes(sealed),
            None => writer.u32(0),
        };
        writer.finish()
    }

    /// The row's addend, or none when its MAC doesn't hold.
    #[must_use]
    pub fn verify(&self, keks: &Keks) -> Option<Sum> {
        let (mac, addend) = keks.get(self.kek)?.tags(self);
        aws_lc_rs::constant_time::verify_slices_are_equal(&mac, self.mac)
            .ok()
            .map(|()| addend)
    }

    #[must_use]
    pub fn to_row(&self) -> Row {
        Row {
            place: Place {
                kind: self.kind,
                name: self.name.to_vec(),
                number: self.number,
            },
            kek: self.kek,
            body: self.body.to_vec(),
            sealed: self.sealed.map(<[u8]>::to_vec),
            mac: self.mac.to_vec(),
        }
    }

    /// The record of a `Key` row whose MAC holds.
    #[must_use]
    pub fn to_record(&self) -> Option<KeyRecord> {
        KeyRecord::from_bytes(self.body).filter(|record| record.id.as_bytes() == self.name)
    }

    /// The version of a `Version` row whose MAC holds.
    #[must_use]
    pub fn to_version(&self) -> Option<StoredVersion> {
        let sealed = self.sealed.map(|bytes| Sealed {
            kek: self.kek,
            bytes: bytes.to_vec(),
        });
        StoredVersion::from_bytes(u32::try_from(self.number).ok()?, self.body, sealed)
    }
}

/// A row in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub place: Place,
    pub kek: u32,
    pub body: Vec<u8>,
    pub sealed: Option<Vec<u8>>,
    pub mac: Vec<u8>,
}

impl Row {
    /// With its MAC under `kek`.
    #[must_use]
    pub fn new(kek: &Kek, place: Place, body: Vec<u8>, sealed: Option<Vec<u8>>) -> Self {
        let mut row = Self {
            place,
            kek: kek.number,
            body,
            sealed,
            mac: vec![0; MAC_BYTES],
        };
        row.mac = kek.tags(&row.view()).0.to_vec();
        row
    }

    #[must_use]
    pub fn of_record(kek: &Kek, record: &KeyRecord) -> Self {
        Self::new(
            kek,
            Place::new(RowKind::Key, &record.id, 0),
            record.to_bytes(),
            None,
        )
    }

    /// `private_key` is sealed under `kek` as this version of the record.
    ///
    /// # Errors
    /// `Crypto` when the library fails.
    pub fn of_version(
        kek: &Kek,
        record: &KeyRecord,
        version: &mut StoredVersion,
        private_key: Option<&[u8]>,
    ) -> Result<Self, StoreError> {
        let sealed = private_key
            .map(|key| kek.seal_private(record, version.version, key))
            .transpose()?;
        version.sealed = sealed.as_ref().map(|bytes| Sealed {
            kek: kek.number,
            bytes: bytes.clone(),
        });
        let place = Place::new(RowKind::Version, &record.id, i64::from(version.version));
        Ok(Self::new(kek, place, version.to_bytes(), sealed))
    }

    #[must_use]
    pub fn view(&self) -> RowView<'_> {
        RowView {
            kind: self.place.kind,
            name: &self.place.name,
            number: self.place.number,
            kek: self.kek,
            body: &self.body,
            sealed: self.sealed.as_deref(),
            mac: &self.mac,
        }
    }
}

const REQUEST: &str = "request 2";
pub const DIGEST_BYTES: usize = 32;

/// A change that was asked for by a request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub id: String,
    /// SHA-256 of the whole request.
    pub sha256: [u8; DIGEST_BYTES],
    /// The key that it changed, or made.
    pub key: String,
}

impl Request {
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Writer::new(REQUEST)
            .text(&self.id)
            .bytes(&self.sha256)
            .text(&self.key)
            .finish()
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(REQUEST, bytes)?;
        let request = Self {
            id: reader.text()?,
            sha256: reader.bytes()?.try_into().ok()?,
            key: reader.text()?,
        };
        reader.is_empty().then_some(request)
    }
}

/// The setting that holds the recovery recipient.
pub const RECIPIENT: &str = "recovery-recipient";

/// To whom backups are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub recipient: String,
    /// Milliseconds since the Unix epoch.
    pub set_at_ms: i64,
}

impl Recipient {
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Writer::new(RECIPIENT)
            .text(&self.recipient)
            .i64(self.set_at_ms)
            .finish()
    }

    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(RECIPIENT, bytes)?;
        let value = Self {
            recipient: reader.text()?,
            set_at_ms: reader.i64()?,
        };
        reader.is_empty().then_some(value)
    }
}

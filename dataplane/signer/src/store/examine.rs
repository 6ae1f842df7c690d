//! Reads one file of the store from its first row to its last and says whether it
//! holds together: every row's MAC, the running MAC over all, the count. Changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::file::{Header, StoreFile, Unreadable, digest_of};
use super::keks::Keks;
use super::record::StoredKey;
use super::row::{RECIPIENT, Recipient, Request, Row, RowKind, RowView};
use super::running::Sum;
use super::salvage::as_id;
use super::seal::{Head, WrappingKey};
use super::sealing_key::SealingKey;

/// What the rows say.
#[derive(Default)]
pub struct Contents {
    /// By id.
    pub keys: Vec<StoredKey>,
    /// By number.
    pub requests: BTreeMap<i64, Request>,
    pub recipient: Option<Recipient>,
    /// The key to which the next version belongs.
    at: usize,
}

impl Contents {
    /// Takes a row whose MAC holds; none when it doesn't fit the ones before.
    pub fn take(&mut self, row: &RowView<'_>) -> Option<()> {
        if row.kind == RowKind::Key as i64 {
            self.keys.push(StoredKey {
                record: row.to_record()?,
                versions: Vec::new(),
            });
        } else if row.kind == RowKind::Version as i64 {
            while self.keys.get(self.at)?.record.id.as_bytes() < row.name {
                self.at += 1;
            }
            let key = self.keys.get_mut(self.at)?;
            let version = row.to_version()?;
            let next = key.versions.len() + 1;
            if key.record.id.as_bytes() != row.name || version.version as usize != next {
                return None;
            }
            key.versions.push(version);
        } else if row.kind == RowKind::Request as i64 {
            self.requests
                .insert(row.number, Request::from_bytes(row.body)?);
        } else if row.kind == RowKind::Setting as i64 && row.name == RECIPIENT.as_bytes() {
            self.recipient = Some(Recipient::from_bytes(row.body)?);
        } else {
            return None;
        }
        Some(())
    }

    /// Whether every key has all its versions.
    fn is_whole(&self) -> bool {
        self.keys
            .iter()
            .all(|key| key.versions.len() == key.record.newest_version as usize)
    }
}

/// A file whose KEK was unwrapped.
pub struct Examined {
    pub header: Header,
    pub keks: Keks,
    pub head: Option<Head>,
    /// Why it doesn't hold together; none: it does.
    pub fault: Option<String>,
    pub contents: Contents,
}

pub enum Found {
    Missing,
    Unreadable(Unreadable),
    /// The sealing key opens none of its wraps.
    WrongKey,
    Readable(Box<Examined>),
}

impl Found {
    /// The head of a file that holds together.
    #[must_use]
    pub fn sound(&self) -> Option<(u64, Sum)> {
        match self {
            Self::Readable(one) if one.fault.is_none() => {
                one.head.map(|head| (head.generation, head.sum))
            }
            _ => None,
        }
    }

    /// For the log and the operator.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Missing => "is missing".into(),
            Self::Unreadable(Unreadable::Format1) => "has format 1".into(),
            Self::Unreadable(Unreadable::Newer(format)) => format!("has format {format}"),
            Self::Unreadable(Unreadable::Damaged(why)) => format!("is damaged: {why}"),
            Self::WrongKey => "doesn't open with the sealing key".into(),
            Self::Readable(one) => one
                .fault
                .as_ref()
                .map_or("is whole".into(), |fault| format!("is damaged: {fault}")),
        }
    }
}

/// `keep`: whether what the rows say is wanted, or only whether they hold together.
#[must_use]
pub fn examine(path: &Path, sealing_key: &SealingKey, keep: bool) -> Found {
    match path.try_exists() {
        Ok(false) => Found::Missing,
        Ok(true) => read(path, sealing_key, keep).unwrap_or_else(Found::Unreadable),
        // Not to be seen is not to be gone: a new store would be made in its place.
        Err(error) => Found::Unreadable(Unreadable::Damaged(error.to_string())),
    }
}

fn read(path: &Path, sealing_key: &SealingKey, keep: bool) -> Result<Found, Unreadable> {
    let file = StoreFile::open_to_read(path)?;
    let header = file.header()?;
    let Some(keks) = unwrap_all(&header, sealing_key) else {
        return Ok(Found::WrongKey);
    };
    let head = keks
        .get(header.head_kek)
        .and_then(|kek| kek.open_head(&header.head));
    let mut sum = Sum::default();
    let (mut count, mut bad, mut misfits) = (0_u64, 0_u64, 0_u64);
    let mut contents = Contents::default();
    let scanned = file.scan(false, |row| {
        count += 1;
        match row.verify(&keks) {
            Some(addend) => {
                sum.add(addend);
                if keep && contents.take(row).is_none() {
                    misfits += 1;
                }
            }
            None => bad += 1,
        }
    });
    let fault = match (&scanned, head) {
        (Err(error), _) => Some(error.to_string()),
        (_, None) => Some("its head doesn't open".into()),
        (_, Some(head)) if bad > 0 || misfits > 0 || head.count != count => Some(format!(
            "{count} rows of {}, {bad} of them changed, {misfits} in the wrong place",
            head.count
        )),
        (_, Some(head)) if head.wraps != digest_of(&header.wraps) => {
            Some("its wrapped keys were changed".into())
        }
        (_, Some(head)) if head.sum != sum => Some("its running MAC doesn't hold".into()),
        _ if keep && !contents.is_whole() => Some("a version is missing".into()),
        _ => None,
    };
    Ok(Found::Readable(Box::new(Examined {
        header,
        keks,
        head,
        fault,
        contents,
    })))
}

fn unwrap_all(header: &Header, sealing_key: &SealingKey) -> Option<Keks> {
    let wrapping = WrappingKey::new(sealing_key, &header.store_id).ok()?;
    let keks = header
        .wraps
        .iter()
        .filter_map(|wrap| wrapping.unwrap(&header.store_id, wrap.kek, &wrap.wrapped))
        .map(Arc::new);
    Keks::new(keks.collect())
}

/// What is left of a damaged file.
#[derive(Default)]
pub struct Left {
    /// Rows whose own MAC holds, in no order, some perhaps twice.
    pub whole: Vec<Row>,
    /// Keys of which a row is damaged.
    pub damaged: Vec<String>,
}

#[must_use]
pub fn rows_left(path: &Path, keks: &Keks) -> Left {
    let mut left = Left::default();
    let Ok(file) = StoreFile::open_to_read(path) else {
        return left;
    };
    // From both ends: what lies behind a damaged page is reached from the other side.
    for backwards in [false, true] {
        let scanned = file.scan(backwards, |row| {
            if row.verify(keks).is_some() {
                left.whole.push(row.to_row());
            } else if row.kind == RowKind::Key as i64 || row.kind == RowKind::Version as i64 {
                left.damaged.extend(as_id(row.name));
            }
        });
        if scanned.is_ok() {
            break;
        }
    }
    left
}

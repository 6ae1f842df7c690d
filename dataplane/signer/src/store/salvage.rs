//! What is left of a store of which neither file holds together: every row whose
//! own MAC holds in either. Reads only; what is missing is named, never guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::bounds;
use super::examine::{Contents, Examined, rows_left};
use super::file::{Header, digest_of};
use super::keks::Keks;
use super::record::{KeyRecord, KeyState};
use super::row::{Row, RowKind};
use super::seal::Head;

pub struct Salvage {
    pub header: Header,
    pub keks: Keks,
    pub heads: Vec<Head>,
    /// Rows of whole keys, requests and settings, in the order of a file.
    pub rows: Vec<Row>,
    pub contents: Contents,
    pub damaged: BTreeSet<String>,
}

/// None when there is no file to read.
#[must_use]
pub fn salvage(files: &[(&Path, &Examined)]) -> Option<Salvage> {
    let all = files.iter().flat_map(|(_, one)| one.keks.iter().cloned());
    let keks = Keks::new(all.collect())?;
    // Wraps that the head vouches for, else the more: a lost one can't be made again.
    let vouched = |one: &Examined| {
        let digest = digest_of(&one.header.wraps);
        one.head.is_some_and(|head| head.wraps == digest)
    };
    let header = files
        .iter()
        .max_by_key(|(_, one)| (vouched(one), one.header.wraps.len()))
        .map(|(_, one)| one.header.clone())?;
    let heads = files.iter().filter_map(|(_, one)| one.head).collect();

    let (mut seen, mut named) = (Vec::new(), BTreeSet::new());
    for (path, _) in files {
        let left = rows_left(path, &keks);
        seen.extend(left.whole);
        named.extend(left.damaged);
    }
    let mut records: BTreeMap<String, (KeyRecord, Row)> = BTreeMap::new();
    let mut versions: BTreeMap<(Vec<u8>, i64), Vec<Row>> = BTreeMap::new();
    let mut others: BTreeMap<(i64, Vec<u8>, i64), Row> = BTreeMap::new();
    for row in seen {
        let place = &row.place;
        if place.kind == RowKind::Key as i64 {
            if let Some(record) = row.view().to_record() {
                let newer = records
                    .get(&record.id)
                    .is_none_or(|(known, _)| known.revision < record.revision);
                if newer {
                    records.insert(record.id.clone(), (record, row));
                }
            }
        } else if place.kind == RowKind::Version as i64 {
            let at = (place.name.clone(), place.number);
            versions.entry(at).or_default().push(row);
        } else {
            let at = (place.kind, place.name.clone(), place.number);
            others.insert(at, row);
        }
    }

    let owners = versions.keys().map(|(name, _)| name.as_slice());
    let mut damaged: BTreeSet<String> = owners
        .filter_map(as_id)
        .chain(named)
        .filter(|id| !records.contains_key(id))
        .collect();
    let (mut rows, mut version_rows) = (Vec::new(), Vec::new());
    for (id, (record, row)) in records {
        match versions_of(&record, &versions, &keks) {
            Some(own) => {
                rows.push(row);
                version_rows.extend(own);
            }
            None => {
                damaged.insert(id);
            }
        }
    }
    rows.extend(version_rows);
    rows.extend(others.into_values());
    let mut contents = Contents::default();
    rows.retain(|row| contents.take(&row.view()).is_some());
    Some(Salvage {
        header,
        keks,
        heads,
        rows,
        contents,
        damaged,
    })
}

/// An id out of a row that may be damaged, if it can be one.
#[must_use]
pub fn as_id(name: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(name).ok()?;
    let plain = |byte: u8| byte.is_ascii_graphic();
    (!text.is_empty() && text.len() <= bounds::MAX_ID_BYTES && text.bytes().all(plain))
        .then(|| text.to_owned())
}

/// One row for each version, that opens as the record says; none when one is missing.
fn versions_of(
    record: &KeyRecord,
    versions: &BTreeMap<(Vec<u8>, i64), Vec<Row>>,
    keks: &Keks,
) -> Option<Vec<Row>> {
    let destroyed = record.state == KeyState::Destroyed;
    (1..=record.newest_version)
        .map(|version| {
            let at = (record.id.as_bytes().to_vec(), i64::from(version));
            let candidates = versions.get(&at)?;
            let fits = |row: &&Row| match &row.sealed {
                None => destroyed,
                Some(sealed) => {
                    !destroyed
                        && keks
                            .get(row.kek)
                            .is_some_and(|kek| kek.open_private(record, version, sealed).is_some())
                }
            };
            candidates.iter().find(fits).cloned()
        })
        .collect()
}

//! A store where there is none, and one out of a store of format 1. Until its files
//! have their names nothing that was there is changed.

use std::fs;

use super::error::StoreError;
use super::file::{Header, StoreFile, Wrap, digest_of};
use super::format1;
use super::names::Names;
use super::open::Options;
use super::paths::{put_in_place, with_suffix};
use super::record::NewKey;
use super::row::Row;
use super::running::Sum;
use super::seal::{FORMAT, Head, Kek, StoreId, WrappingKey, new_store_id};
use super::sealing_key::SealingKey;
use crate::error::StartError;

/// A header for rows that are all under one KEK, or none yet.
fn header_of(
    store_id: &StoreId,
    kek: &Kek,
    generation: u64,
    rows: &[Row],
    wraps: Vec<Wrap>,
) -> Result<Header, StoreError> {
    let mut sum = Sum::default();
    rows.iter().for_each(|row| sum.add(kek.tags(&row.view()).1));
    let head = Head {
        generation,
        count: rows.len() as u64,
        sum,
        wraps: digest_of(&wraps),
    };
    Ok(Header {
        store_id: *store_id,
        wraps,
        head_kek: kek.number,
        head: kek.seal_head(&head)?,
    })
}

/// Makes both files with these keys in them, under a KEK of their own.
fn make_new(
    names: &Names,
    sealing_key: &SealingKey,
    store_id: &StoreId,
    keys: Vec<NewKey>,
    write: impl FnOnce(&Header, &[Row]) -> Result<(), StoreError>,
) -> Result<(), StartError> {
    let made = || -> Result<(), StoreError> {
        let kek = Kek::generate(store_id, 1)?;
        let wrapping = WrappingKey::new(sealing_key, store_id)?;
        let wrap = Wrap {
            kek: kek.number,
            slot: 0,
            wrapped: wrapping.wrap(store_id, &kek)?,
        };
        let mut rows = Vec::new();
        for key in keys {
            rows.extend(super::change::rows_of(&kek, key)?.0);
        }
        let header = header_of(store_id, &kek, 1, &rows, vec![wrap])?;
        write(&header, &rows)
    };
    made().map_err(|error| {
        StartError::system(format!(
            "making the key store in {}: {error}",
            names.dir.display()
        ))
    })
}

pub fn create(
    names: &Names,
    sealing_key: &SealingKey,
    options: &Options<'_>,
) -> Result<(), StartError> {
    for name in [&names.first, &names.second] {
        let log = with_suffix(name, "-wal");
        if log.exists() {
            return Err(StartError::corrupt(format!(
                "{} is missing but its log {} is there. Restore both from a copy, or remove the log to start with new keys",
                name.display(),
                log.display()
            )));
        }
    }
    let keys = (options.first_keys)()?;
    let store_id = new_store_id().map_err(|error| StartError::system(error.to_string()))?;
    make_new(names, sealing_key, &store_id, keys, |header, rows| {
        names.make_both(header, rows)
    })
}

/// The copy first, then the first file, under whose name the old one lies till then.
pub fn migrate(
    names: &Names,
    sealing_key: &SealingKey,
    options: &Options<'_>,
) -> Result<(), StartError> {
    let format1::Old { store_id, keys } =
        format1::read(&names.first, sealing_key, options.public_half)?;
    tracing::info!(
        keys = keys.len(),
        "the key store is migrated to format {FORMAT}"
    );
    make_new(names, sealing_key, &store_id, keys, |header, rows| {
        let new = with_suffix(&names.first, ".new");
        let insert = |file: &StoreFile| rows.iter().try_for_each(|row| file.insert(row));
        names.make(&names.second, header, insert)?;
        StoreFile::make(&new, header, insert)?;
        fs::rename(&names.first, names.old())?;
        put_in_place(&names.dir, &new, &names.first)
    })
}

//! From what lies in the directory to two files that are whole and the same: which
//! one is believed, what is made anew, what is left of a store of which neither is
//! whole. Changes nothing when the sealing key is wrong or nothing can be read.

use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::examine::{Contents, Examined, Found, examine};
use super::file::{Header, StoreFile, Unreadable, Wrap, put_in_place, remove, sync_dir, with_suffix};
use super::format1;
use super::record::NewKey;
use super::row::Row;
use super::running::Sum;
use super::salvage::{Salvage, salvage};
use super::seal::{FORMAT, Head, Kek, Keks, StoreId, WrappingKey, new_store_id};
use super::sealing_key::SealingKey;
use crate::error::{Kind, StartError};

/// The store, in the state directory, and its mirror.
pub const STORE_FILE: &str = "signer.db";
pub const COPY_FILE: &str = "signer.db.copy";
/// What a store of format 1 is called while it is migrated.
pub const OLD_FILE: &str = "signer.db.format1";

/// What opening needs to know beside the sealing key.
pub struct Options<'a> {
    /// Go on with what is whole of a damaged store, and give up the rest.
    pub accept_loss: bool,
    /// Makes the keys of a new store.
    pub first_keys: &'a dyn Fn() -> Result<Vec<NewKey>, StartError>,
    /// SubjectPublicKeyInfo of a private key of this kind; none when it is no such
    /// key. Only a store of format 1 needs it.
    pub public_half: &'a dyn Fn(u32, &[u8]) -> Option<Vec<u8>>,
}

/// The two names in one directory.
#[derive(Clone)]
pub struct Names {
    pub dir: PathBuf,
    pub first: PathBuf,
    pub second: PathBuf,
}

impl Names {
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
            first: dir.join(STORE_FILE),
            second: dir.join(COPY_FILE),
        }
    }

    fn old(&self) -> PathBuf {
        self.dir.join(OLD_FILE)
    }

    /// Makes `to` anew from a file that isn't open.
    ///
    /// # Errors
    /// When the disk refuses; `to` is as it was then.
    pub fn remake_from(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let source = StoreFile::open_to_read(from).map_err(|_| unreadable())?;
        self.remake(&source, to)
    }

    /// # Errors
    /// As `remake_from`.
    pub fn remake(&self, source: &StoreFile, to: &Path) -> Result<(), StoreError> {
        let header = source.header().map_err(|_| unreadable())?;
        self.make(to, &header, |file| {
            let mut result = Ok(());
            source.scan(false, |row| {
                if result.is_ok() {
                    result = file.insert(&row.to_row());
                }
            })?;
            result
        })
    }

    fn make(
        &self,
        to: &Path,
        header: &Header,
        rows: impl FnOnce(&StoreFile) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let new = with_suffix(to, ".new");
        let made = StoreFile::make(&new, header, rows)
            .and_then(|()| put_in_place(&self.dir, &new, to));
        if made.is_err() {
            let _ = remove(&new);
        }
        made
    }

    fn make_both(&self, header: &Header, rows: &[Row]) -> Result<(), StoreError> {
        for name in [&self.second, &self.first] {
            self.make(name, header, |file| {
                rows.iter().try_for_each(|row| file.insert(row))
            })?;
        }
        Ok(())
    }
}

fn unreadable() -> StoreError {
    StoreError::Io {
        message: "the whole file of the store can't be read any more".into(),
    }
}

/// What was found, before anything is opened for writing.
pub struct Start {
    pub store_id: StoreId,
    pub keks: Keks,
    pub head: Head,
    pub contents: Contents,
    pub wraps: Vec<Wrap>,
    /// What is left of a store of which neither file is whole; none: one is.
    pub loss: Option<Loss>,
    /// Whether the first file is the one to believe.
    pub first_leads: bool,
    /// Whether the other one is the same.
    pub in_step: bool,
    pub created: bool,
}

pub struct Loss {
    pub rows: Vec<Row>,
    pub header: Header,
    /// Keys of which a row is damaged in both files.
    pub damaged: BTreeSet<String>,
}

/// # Errors
/// `WrongSealingKey`, `CorruptStore`: with the store as it was. `System` when the
/// machine refuses.
pub fn start(
    names: &Names,
    sealing_key: &SealingKey,
    options: &Options<'_>,
) -> Result<Start, StartError> {
    settle_names(names)?;
    let mut created = false;
    let (mut first, mut second) = examine_both(names, sealing_key);
    if matches!(first, Found::Unreadable(Unreadable::Format1)) {
        migrate(names, sealing_key, options)?;
        (first, second) = examine_both(names, sealing_key);
    } else if matches!((&first, &second), (Found::Missing, Found::Missing)) {
        create(names, sealing_key, options)?;
        created = true;
        (first, second) = examine_both(names, sealing_key);
    }
    let leads = match (first.sound(), second.sound()) {
        (Some(one), Some(two)) => Some((one.0 >= two.0, one == two)),
        (Some(_), None) => Some((true, false)),
        (None, Some(_)) => Some((false, false)),
        (None, None) => None,
    };
    let Some((first_leads, in_step)) = leads else {
        let salvaged = rescue(names, &first, &second)?;
        return lost(names, options, salvaged);
    };
    if !in_step {
        tracing::warn!(
            first = first.describe(),
            copy = second.describe(),
            "the key store's files differ; the older or damaged one is made anew"
        );
    }
    let leader = if first_leads {
        first
    } else {
        examine(&names.second, sealing_key, true)
    };
    let Found::Readable(leader) = leader else {
        return Err(StartError::system(format!(
            "the key store in {} could not be read twice. Look at the disk",
            names.dir.display()
        )));
    };
    let Examined {
        header,
        keks,
        head,
        contents,
        ..
    } = *leader;
    Ok(Start {
        store_id: header.store_id,
        keks,
        head: head.ok_or_else(|| StartError::corrupt("the key store has no head"))?,
        contents,
        wraps: header.wraps,
        loss: None,
        first_leads,
        in_step,
        created,
    })
}

/// Both at once: each has a core, and most of the work is the MACs.
fn examine_both(names: &Names, sealing_key: &SealingKey) -> (Found, Found) {
    std::thread::scope(|scope| {
        let second = scope.spawn(|| examine(&names.second, sealing_key, false));
        let first = examine(&names.first, sealing_key, true);
        let gone = |_| Found::Unreadable(Unreadable::Damaged("reading it failed".into()));
        (first, second.join().unwrap_or_else(gone))
    })
}

/// Puts away what a start that was broken off left behind.
fn settle_names(names: &Names) -> Result<(), StartError> {
    let dir = names.dir.display();
    let settle = || -> Result<(), StoreError> {
        let mut any = false;
        for name in [&names.first, &names.second] {
            any |= remove(&with_suffix(name, ".new"))?;
        }
        let old = names.old();
        if !names.first.exists() && !names.second.exists() && old.exists() {
            fs::rename(&old, &names.first)?;
            any = true;
        }
        if any { sync_dir(&names.dir) } else { Ok(()) }
    };
    match settle() {
        // What can't be put away on such a disk can't be written over either.
        Err(StoreError::ReadOnly) => Ok(()),
        other => other.map_err(|error| StartError::system(format!("{dir}: {error}"))),
    }
}

/// Takes the store of format 1 away, once both files of this one are whole.
pub fn forget_old(names: &Names) -> Result<(), StoreError> {
    if remove(&names.old())? {
        sync_dir(&names.dir)?;
        tracing::info!("the key store of format 1 is removed");
    }
    Ok(())
}

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

fn create(
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
fn migrate(
    names: &Names,
    sealing_key: &SealingKey,
    options: &Options<'_>,
) -> Result<(), StartError> {
    let format1::Old { store_id, keys } =
        format1::read(&names.first, sealing_key, options.public_half)?;
    tracing::info!(keys = keys.len(), "the key store is migrated to format {FORMAT}");
    make_new(names, sealing_key, &store_id, keys, |header, rows| {
        let new = with_suffix(&names.first, ".new");
        let insert = |file: &StoreFile| rows.iter().try_for_each(|row| file.insert(row));
        names.make(&names.second, header, insert)?;
        StoreFile::make(&new, header, insert)?;
        fs::rename(&names.first, names.old())?;
        put_in_place(&names.dir, &new, &names.first)
    })
}

fn rescue(names: &Names, first: &Found, second: &Found) -> Result<Salvage, StartError> {
    let readable: Vec<(&Path, &Examined)> = [(&names.first, first), (&names.second, second)]
        .into_iter()
        .filter_map(|(path, found)| match found {
            Found::Readable(one) => Some((path.as_path(), one.as_ref())),
            _ => None,
        })
        .collect();
    if let Some(salvaged) = salvage(&readable) {
        return Ok(salvaged);
    }
    let dir = names.dir.display();
    if let Some(format) = [first, second].iter().find_map(|found| match found {
        Found::Unreadable(Unreadable::Newer(format)) => Some(*format),
        _ => None,
    }) {
        return Err(StartError::corrupt(format!(
            "the key store in {dir} has format {format}, this signer knows {FORMAT}. Use the newer signer that wrote it"
        )));
    }
    if [first, second].iter().any(|found| matches!(found, Found::WrongKey)) {
        return Err(StartError::new(
            Kind::WrongSealingKey,
            format!(
                "wrong sealing key: it does not open the key store in {dir}. Nothing was changed in it. Give the sealing key that this store was made with, or another --state directory to start with new keys"
            ),
        ));
    }
    Err(StartError::corrupt(format!(
        "the key store in {dir} is damaged: {STORE_FILE} {}, {COPY_FILE} {}. Nothing was changed in it. Restore it from a copy, or move it away to start with new keys",
        first.describe(),
        second.describe()
    )))
}

/// A store of which rows are lost: served as it is, or given up to what is whole.
fn lost(
    names: &Names,
    options: &Options<'_>,
    salvaged: Salvage,
) -> Result<Start, StartError> {
    let failed = |error: StoreError| StartError::system(error.to_string());
    let Salvage {
        mut header,
        keks,
        generation,
        rows,
        contents,
        damaged,
    } = salvaged;
    let newest = keks.newest().map_err(failed)?;
    let mut sum = Sum::default();
    for row in &rows {
        if let Some(addend) = row.view().verify(&keks) {
            sum.add(addend);
        }
    }
    let head = Head {
        generation: generation.saturating_add(1),
        count: rows.len() as u64,
        sum,
    };
    header.head_kek = newest.number;
    header.head = newest.seal_head(&head).map_err(failed)?;
    let mut start = Start {
        store_id: header.store_id,
        head,
        contents,
        wraps: header.wraps.clone(),
        loss: None,
        first_leads: true,
        in_step: true,
        created: false,
        keks,
    };
    if options.accept_loss {
        tracing::warn!(?damaged, "the loss of these keys is accepted");
        names.make_both(&header, &rows).map_err(failed)?;
    } else {
        tracing::error!(
            ?damaged,
            "the key store is damaged: whole keys serve, changes are refused. Restore the files of the store, or start once with --accept-loss"
        );
        start.loss = Some(Loss {
            rows,
            header,
            damaged,
        });
    }
    Ok(start)
}

/// Locks the directory itself, so that no lock file can be copied or left over.
///
/// # Errors
/// `InUse`, or `System` when the machine refuses.
pub fn lock(dir: &Path) -> Result<File, StartError> {
    let refuse = |error| StartError::system(format!("state directory {}: {error}", dir.display()));
    if !dir.try_exists().map_err(refuse)? {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(refuse)?;
    }
    let lock = File::open(dir).map_err(refuse)?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StartError::new(
            Kind::InUse,
            format!(
                "another signer uses the store in {}. Stop it first, or give this one a directory of its own with --state",
                dir.display()
            ),
        )),
        Err(error) => Err(refuse(error.into())),
    }
}

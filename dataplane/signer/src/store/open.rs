//! From what lies in the directory to two files that are whole and the same: which
//! one is believed, what is made anew, what is left of a store of which neither is
//! whole. Changes nothing when the sealing key is wrong or nothing can be read.

use std::collections::BTreeSet;
use std::path::Path;

use super::create::{create, migrate};
use super::error::StoreError;
use super::examine::{Contents, Examined, Found, examine};
use super::file::{Header, Unreadable, Wrap, digest_of};
use super::keks::Keks;
use super::names::{COPY_FILE, Names, STORE_FILE, settle_names};
use super::record::NewKey;
use super::row::Row;
use super::running::Sum;
use super::salvage::{Salvage, salvage};
use super::seal::{FORMAT, Head, StoreId};
use super::sealing_key::SealingKey;
use crate::error::{Kind, StartError};

/// SubjectPublicKeyInfo of a kind's number and a PKCS#8.
pub type PublicHalf = dyn Fn(u32, &[u8]) -> Option<Vec<u8>>;

/// What opening needs to know beside the sealing key.
pub struct Options<'a> {
    /// Go on with what is whole of a damaged store, and give up the rest.
    pub accept_loss: bool,
    /// Makes the keys of a new store.
    pub first_keys: &'a dyn Fn() -> Result<Vec<NewKey>, StartError>,
    /// SubjectPublicKeyInfo of a private key of this kind; none when it is no such
    /// key. Only a store of format 1 needs it.
    pub public_half: &'a PublicHalf,
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
    // A copy with changes in it is no migration that was broken off: an old file was put
    // in the place of the first, and is made anew.
    let changed = second.sound().is_some_and(|(generation, _)| generation > 1);
    if matches!(first, Found::Unreadable(Unreadable::Format1)) && !changed {
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
    if [first, second]
        .iter()
        .any(|found| matches!(found, Found::WrongKey))
    {
        return Err(StartError::new(
            Kind::WrongSealingKey,
            format!(
                "wrong sealing key: it does not open the key store in {dir}. Nothing was changed in it. Give the sealing key that this store was made with, or the one that it was changed to last, or another --state directory to start with new keys"
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
fn lost(names: &Names, options: &Options<'_>, salvaged: Salvage) -> Result<Start, StartError> {
    let failed = |error: StoreError| StartError::system(error.to_string());
    let Salvage {
        mut header,
        keks,
        heads,
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
    let generation = heads.iter().map(|head| head.generation).max();
    let head = Head {
        generation: generation.unwrap_or(0).saturating_add(1),
        count: rows.len() as u64,
        sum,
        wraps: digest_of(&header.wraps),
    };
    // Damaged in different places, the two may have everything between them.
    let nothing_lost = heads
        .iter()
        .any(|one| (one.count, one.sum) == (head.count, head.sum));
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
    if nothing_lost || options.accept_loss {
        tracing::warn!(
            ?damaged,
            "both files of the key store were damaged and are made anew; these keys are given up"
        );
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

//! Restore: a backup out of the caller's stream into a file without a name, still encrypted;
//! read whole and checked; then put into the store in one change. Until that change nothing
//! has changed, whatever is wrong with the file.

use age::x25519::Identity;
use aws_lc_rs::digest::{Context, SHA256};
use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{BufReader, Seek, Write};
use std::sync::Arc;
use std::time::Instant;
use tonic::{Code, Status, Streaming};

use super::status::{invalid, refuse};
use super::{Shared, in_background};
use crate::age_file::{self, AgeError};
use crate::backup::content::{ContentError, ContentReader};
use crate::backup::key::{Halves, check_halves, from_backup};
use crate::clock::wall_ms;
use crate::default_keys::DEFAULT_KEYS;
use crate::keyring::Slot;
use crate::limits::{
    MAX_BACKUP_BYTES, MAX_IDENTITY_FILE_BYTES, MAX_LISTED_KEYS, MAX_NAMED_KEYS, MAX_STREAM_PAUSE,
};
use crate::policy::Rule;
use crate::proto::v1::restore_request::Part;
use crate::proto::v1::{RestoreRequest, RestoreResponse, RestoreStart};
use crate::store::{NewKey, Put, Restored, StoreError};

/// # Errors
/// What is wrong with the request, the identity or the file; a key that is there already.
pub async fn restore(
    shared: Arc<Shared>,
    mut requests: Streaming<RestoreRequest>,
) -> Result<RestoreResponse, Status> {
    let permit = shared.transfer()?;
    let Some(Part::Start(start)) = next(&mut requests).await? else {
        return Err(invalid("start: the first message says what is restored"));
    };
    let identity = identity_of(&shared, &start)?;
    let file = receive(&shared, &start, &mut requests).await?;
    in_background(move || {
        // The work goes on when its caller goes away, and the permit with it.
        let _permit = permit;
        Restore {
            shared: &shared,
            start,
            identity,
            file,
        }
        .run()
    })
    .await
}

async fn next(requests: &mut Streaming<RestoreRequest>) -> Result<Option<Part>, Status> {
    let message = tokio::time::timeout(MAX_STREAM_PAUSE, requests.message())
        .await
        .map_err(|_| Status::from(Rule::DeadlineExceeded))??;
    let empty = || invalid("part: a message has to be a start or data");
    message.map(|one| one.part.ok_or_else(empty)).transpose()
}

fn identity_of(shared: &Shared, start: &RestoreStart) -> Result<Identity, Status> {
    if start.bytes == 0 || start.bytes > MAX_BACKUP_BYTES {
        return Err(invalid(format!(
            "start.bytes: from 1 to {MAX_BACKUP_BYTES}"
        )));
    }
    let field = "start.sealed_identity";
    let text = shared.open_sealed(field, &start.sealed_identity, MAX_IDENTITY_FILE_BYTES)?;
    let text = std::str::from_utf8(&text).unwrap_or_default();
    text.trim().parse().map_err(|_| {
        invalid(format!(
            "{field}: no identity of age (\"AGE-SECRET-KEY-1…\"), encrypted"
        ))
    })
}

/// The file, held against its length and digest. Still encrypted.
async fn receive(
    shared: &Arc<Shared>,
    start: &RestoreStart,
    requests: &mut Streaming<RestoreRequest>,
) -> Result<File, Status> {
    let store = Arc::clone(shared);
    let mut file = in_background(move || Ok(store.store.transit_file()?)).await?;
    let mut hash = Context::new(&SHA256);
    let mut bytes = 0_u64;
    while let Some(part) = next(requests).await? {
        let Part::Data(data) = part else {
            return Err(invalid("start: only the first message is one"));
        };
        bytes += data.len() as u64;
        if bytes > start.bytes {
            return Err(invalid(
                "start.bytes: more came than was announced; nothing was restored",
            ));
        }
        (file, hash) = in_background(move || {
            hash.update(&data);
            file.write_all(&data).map_err(StoreError::from)?;
            Ok((file, hash))
        })
        .await?;
    }
    if bytes != start.bytes || hash.finish().as_ref() != start.sha256.as_slice() {
        return Err(invalid(
            "start.sha256: the file that came has another length or digest; nothing was restored",
        ));
    }
    Ok(file)
}

/// What was found before anything is changed.
#[derive(Default)]
struct Found {
    /// To be put in, in the order of their ids.
    new: Vec<String>,
    replacing: HashSet<String>,
    skipped: Vec<String>,
    conflicts: Vec<String>,
    missing: BTreeSet<String>,
}

struct Restore<'a> {
    shared: &'a Shared,
    start: RestoreStart,
    identity: Identity,
    file: File,
}

impl Restore<'_> {
    fn run(&self) -> Result<RestoreResponse, Status> {
        let begun = Instant::now();
        let found = self.check()?;
        if let Some(id) = found.missing.first() {
            return Err(refuse(
                Code::NotFound,
                "KEY_NOT_IN_BACKUP",
                format!("the backup has no key {id:?}; nothing was restored"),
            ));
        }
        if !found.conflicts.is_empty() && !self.start.skip_existing {
            return Err(conflict(&found.conflicts));
        }
        if !self.start.dry_run && !found.new.is_empty() {
            self.apply(&found)?;
            tracing::info!(keys = found.new.len(), took = ?begun.elapsed(), "restored");
        }
        let skipped: Vec<String> = found.skipped.into_iter().chain(found.conflicts).collect();
        Ok(RestoreResponse {
            restored_count: found.new.len() as u64,
            skipped_count: skipped.len() as u64,
            restored: found.new.into_iter().take(MAX_LISTED_KEYS).collect(),
            skipped: skipped.into_iter().take(MAX_LISTED_KEYS).collect(),
        })
    }

    /// Every key of the file, those that aren't asked for as well.
    fn each(&self, mut seen: impl FnMut(NewKey) -> Result<(), Status>) -> Result<(), Status> {
        let mut file = &self.file;
        file.rewind().map_err(StoreError::from)?;
        let opened = age_file::open(BufReader::new(file), &self.identity)
            .map_err(|error| refusal(ContentError::Age(error)))?;
        let mut content = ContentReader::new(opened).map_err(refusal)?;
        let now_ms = wall_ms();
        while let Some(mut clear) = content.next_key().map_err(refusal)? {
            seen(from_backup(&mut clear, now_ms).map_err(refusal)?)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<Found, Status> {
        let mut found = Found {
            missing: self.start.ids.iter().cloned().collect(),
            ..Found::default()
        };
        let all = found.missing.is_empty();
        self.each(|key| {
            let halves = check_halves(&key).map_err(refusal)?;
            let id = key.record.id;
            if !found.missing.remove(&id) && !all {
                return Ok(());
            }
            match self.standing(&id, &halves) {
                Standing::Free => found.new.push(id),
                Standing::Same => found.skipped.push(id),
                Standing::Replaceable if self.start.replace_well_known => {
                    found.replacing.insert(id.clone());
                    found.new.push(id);
                }
                Standing::Replaceable | Standing::Taken => found.conflicts.push(id),
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn standing(&self, id: &str, halves: &Halves) -> Standing {
        let slots = self.shared.keyring.read();
        let entry = match slots.get(id) {
            None => return Standing::Free,
            Some(Slot::Damaged) => return Standing::Taken,
            Some(Slot::Whole(entry)) => entry,
        };
        let same = |(public, version): (&Vec<u8>, u32)| entry.public(version) == Some(public);
        if entry.subject.kind == halves.kind && halves.publics.iter().zip(1..).all(same) {
            Standing::Same
        } else if DEFAULT_KEYS.iter().any(|(known, _)| *known == id) {
            Standing::Replaceable
        } else {
            Standing::Taken
        }
    }

    fn apply(&self, found: &Found) -> Result<(), Status> {
        let wanted: HashSet<&str> = found.new.iter().map(String::as_str).collect();
        let source = |put: &mut Put<'_>| {
            let mut refused = None;
            let read = self.each(|key| {
                let id = key.record.id.as_str();
                if !wanted.contains(id) {
                    return Ok(());
                }
                let replaces = found.replacing.contains(id);
                put(Restored { key, replaces }).map_err(|error| {
                    refused = Some(error.clone());
                    Status::from(error)
                })
            });
            read.map_err(|status| {
                refused.take().unwrap_or_else(|| StoreError::Io {
                    message: status.message().to_owned(),
                })
            })
        };
        for key in self.shared.store.restore(&source)? {
            self.shared.keyring.put(key);
        }
        Ok(())
    }
}

enum Standing {
    Free,
    /// The same key, with all of the backup's versions.
    Same,
    /// One that every appliance makes for itself.
    Replaceable,
    Taken,
}

fn conflict(ids: &[String]) -> Status {
    let named = ids
        .iter()
        .take(MAX_NAMED_KEYS.min(10))
        .cloned()
        .collect::<Vec<_>>();
    let more = match ids.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    refuse(
        Code::AlreadyExists,
        "RESTORE_CONFLICT",
        format!(
            "other keys have these ids here: {}{more}; skip_existing leaves them as they are, replace_well_known has the backup's default-… keys take the place of this appliance's. Nothing was restored",
            named.join(", ")
        ),
    )
}

fn refusal(error: ContentError) -> Status {
    match error {
        ContentError::Age(AgeError::OtherRecipient) => refuse(
            Code::PermissionDenied,
            "WRONG_IDENTITY",
            "the identity doesn't open this backup: it was encrypted to another recovery recipient, or changed since. Nothing was restored",
        ),
        ContentError::Age(AgeError::Io(error)) => StoreError::from(error).into(),
        error => refuse(
            Code::InvalidArgument,
            "BACKUP_UNREADABLE",
            format!("the file is no whole backup: {error}. Nothing was restored"),
        ),
    }
}

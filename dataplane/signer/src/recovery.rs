//! To whom backups are encrypted: an age recipient (age-encryption.org/v1, X25519), set
//! once in the life of a store. One with a typing error would make every backup useless,
//! so its checksum is looked at before it is kept.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::clock::wall_ms;
use crate::error::StartError;
use crate::store::bounds::MAX_RECIPIENT_BYTES;
use crate::store::{Change, Recipient, Store, StoreError};

/// # Errors
/// What is wrong with it, in words for whoever gave it.
pub fn parse(given: &str) -> Result<String, String> {
    let given = given.trim();
    let parsed: Result<age::x25519::Recipient, &str> = given.parse();
    match parsed {
        Ok(recipient) if given.len() <= MAX_RECIPIENT_BYTES => Ok(recipient.to_string()),
        _ => {
            Err("recipient: no X25519 recipient of age (\"age1…\"); age-keygen -y prints it".into())
        }
    }
}

/// # Errors
/// No file, or what it holds is no recipient.
pub fn read(path: &Path) -> Result<String, StartError> {
    let refuse = |why: String| StartError::system(format!("{}: {why}", path.display()));
    let mut text = String::new();
    File::open(path)
        .and_then(|file| {
            file.take(MAX_RECIPIENT_BYTES as u64)
                .read_to_string(&mut text)
        })
        .map_err(|error| refuse(error.to_string()))?;
    parse(&text).map_err(refuse)
}

/// # Errors
/// `RecipientSet` when there is one, or as for `Store::apply`.
pub fn set(store: &Store, recipient: String) -> Result<(), StoreError> {
    let set_at_ms = wall_ms();
    let change = Change::SetRecipient(Recipient {
        recipient,
        set_at_ms,
    });
    store.apply(change, None, None).map(drop)
}

/// For a start: one that is set already stays, and a store that takes no changes is no
/// reason not to sign.
pub fn set_once(store: &Store, recipient: String) {
    match store.recipient() {
        Some(known) if known.recipient == recipient => {}
        Some(_) => tracing::warn!("another recovery recipient was set before, and stays"),
        None => {
            if let Err(error) = set(store, recipient) {
                tracing::warn!(%error, "the recovery recipient could not be kept");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_recipient_is_read_and_one_with_a_wrong_letter_is_not() {
        let good = age::x25519::Identity::generate().to_public().to_string();
        assert_eq!(parse(&format!(" {good}\n")), Ok(good.clone()));
        let last = if good.ends_with('q') { 'p' } else { 'q' };
        let wrong = format!("{}{last}", &good[..good.len() - 1]);
        for bad in [
            wrong.as_str(),
            "",
            "age1",
            "ssh-ed25519 AAAA",
            &"age1".repeat(2000),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}

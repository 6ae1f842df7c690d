//! A disk that fills up, turns read-only or fails, at each call that a change makes,
//! for a while: the change is an error, nothing of it is done, and when the disk is
//! well again the next one works, without a new start.

use gatehouse_signer::store::StoreError;
use rustix::io::Errno;
use std::path::Path;

use crate::model::{Contents, Model, apply, contents, open, scratch};
use crate::recorder::{Failure, Recording};

/// Calls that fail on end: one, and as many as a change and its undoing make.
const LENGTHS: [usize; 3] = [1, 3, 1_000];

fn failing(errno: Errno, expected: impl Fn(&StoreError) -> bool) {
    let dir = scratch();
    let mut model = Model::new(11);
    let recording = Recording::start(dir.path(), None);
    let (mut store, _) = open(dir.path(), 1).unwrap();
    let mut refused = 0;
    for calls in LENGTHS {
        // Every kind of change comes by while the failure moves through the calls.
        for first in 0..24 {
            let before = model.clone();
            recording.fail(Some(Failure {
                first,
                calls,
                errno,
            }));
            let done = apply(&store, model.change());
            recording.fail(None);
            if let Err(error) = done {
                refused += 1;
                let unsettled = matches!(error, StoreError::Unsettled { .. });
                assert!(expected(&error) || unsettled, "{error:?}");
                let changed = model;
                model = before;
                // What was refused is not there after a crash either.
                if !unsettled {
                    assert_eq!(
                        after_a_crash(dir.path()),
                        model.keys,
                        "call {first}: {error:?}"
                    );
                }
                // The disk is well again: the same change is taken, unless it was done.
                let again = apply(&store, model.change());
                assert!(again.is_ok(), "call {first}, {calls} on end: {again:?}");
                assert_eq!(model.keys, changed.keys);
            }
            let page = store.list("", 1_000, &|_| true).unwrap();
            assert_eq!(contents(&store, &page.keys).unwrap(), model.keys);
            // Now and then what lies on the disk, too.
            if first % 8 == 7 {
                drop(store);
                let (again, opened) = open(dir.path(), 1).unwrap();
                assert_eq!(contents(&again, &opened.keys).unwrap(), model.keys);
                store = again;
            }
        }
    }
    println!("{errno}: {refused} changes refused");
    assert!(refused > 20);
}

/// What a start finds of the files as they are now, left by a process that ended at once.
fn after_a_crash(dir: &Path) -> Contents {
    let copy = scratch();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let (store, opened) = open(copy.path(), 1).unwrap();
    contents(&store, &opened.keys).unwrap()
}

#[test]
fn a_full_disk_refuses_changes_until_there_is_room() {
    failing(Errno::NOSPC, |error| {
        matches!(error, StoreError::DiskFull | StoreError::Io { .. })
    });
}

#[test]
fn a_read_only_disk_refuses_changes_until_it_takes_them() {
    failing(Errno::ROFS, |error| {
        matches!(error, StoreError::ReadOnly | StoreError::Io { .. })
    });
}

#[test]
fn a_failing_disk_refuses_changes_until_it_works() {
    failing(Errno::IO, |error| matches!(error, StoreError::Io { .. }));
}

/// A file system that is really full, of 8 MiB, at $GATEHOUSE_SMALL_DISK.
#[test]
#[ignore = "needs a small file system of its own"]
fn a_small_disk_that_is_really_full() {
    let place = std::env::var("GATEHOUSE_SMALL_DISK").unwrap();
    let dir = tempfile::tempdir_in(&place).unwrap();
    let filler = dir.path().join("filler");
    let state = dir.path().join("state");
    let mut model = Model::new(13);
    let (store, _) = open(&state, 1).unwrap();
    let mut refused = 0;
    for round in 0..40 {
        // All that is left is taken, then given back.
        let mut size = 4 * 1024 * 1024;
        let mut bytes = Vec::new();
        while size >= 512 && round % 2 == 1 {
            bytes.resize(bytes.len() + size, 1);
            if std::fs::write(&filler, &bytes).is_err() {
                bytes.truncate(bytes.len() - size);
                size /= 2;
            }
        }
        for _ in 0..40 {
            let before = model.clone();
            if let Err(error) = apply(&store, model.change()) {
                assert_eq!(error, StoreError::DiskFull);
                model = before;
                refused += 1;
                break;
            }
        }
        let _ = std::fs::remove_file(&filler);
        apply(&store, model.change()).unwrap();
    }
    drop(store);
    let (store, opened) = open(&state, 1).unwrap();
    assert_eq!(contents(&store, &opened.keys).unwrap(), model.keys);
    println!("{refused} changes refused");
    assert!(refused > 10);
}

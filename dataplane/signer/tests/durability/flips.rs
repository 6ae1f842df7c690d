//! Single flipped bits. In one file of two they change nothing. In a file that
//! stands alone a key may be refused by name, or the start, but what opens is right.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gatehouse_signer::error::Kind;
use gatehouse_signer::store::{COPY_FILE, Change, STORE_FILE};

use crate::model::{Contents, Model, Random, apply, contents, new_key, open, scratch};

const SHORT_FLIPS: usize = 300;
const CHANGES: usize = 60;

type Files = BTreeMap<String, Vec<u8>>;

/// A store's files, at rest or with a log that wasn't moved, and what they hold.
fn filled(at_rest: bool) -> (Files, Contents) {
    let dir = scratch();
    let mut model = Model::new(3);
    let (store, _) = open(dir.path(), 1).unwrap();
    for _ in 0..CHANGES {
        apply(&store, model.change()).unwrap();
    }
    // The last one leaves something in the log.
    apply(&store, Change::Create(vec![new_key("last")])).unwrap();
    let mut expected = model.keys;
    let record = new_key("last").record;
    let private = b"private half of last, 1".to_vec();
    expected.insert("last".into(), (record, vec![Some(private)]));
    if at_rest {
        drop(store);
        return (read(dir.path()), expected);
    }
    (read(dir.path()), expected)
}

fn read(dir: &Path) -> Files {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// The files with one bit flipped, anywhere, and where.
fn flip(files: &Files, random: &mut Random) -> (Files, String) {
    let all: usize = files.values().map(Vec::len).sum();
    let mut at = random.below(all);
    let bit = random.below(8);
    let mut flipped = files.clone();
    let mut place = String::new();
    for (name, bytes) in &mut flipped {
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << bit;
            place = format!("bit {bit} of byte {at} of {name}");
            break;
        }
        at -= bytes.len();
    }
    (flipped, place)
}

fn lay_out(files: &Files) -> tempfile::TempDir {
    let dir = scratch();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn flips_in_one_of_two(count: usize) {
    for at_rest in [true, false] {
        let (files, expected) = filled(at_rest);
        let mut random = Random(if at_rest { 1 } else { 2 });
        for _ in 0..count / 2 {
            let (flipped, place) = flip(&files, &mut random);
            let dir = lay_out(&flipped);
            let (store, opened) = match open(dir.path(), 1) {
                Ok(opened) => opened,
                Err(error) => panic!("{place}: {error}"),
            };
            assert!(!opened.lossy && opened.damaged.is_empty(), "{place}");
            let now = contents(&store, &opened.keys);
            assert_eq!(now.unwrap(), expected, "{place}");
            let made = apply(&store, Change::Create(vec![new_key("after")]));
            assert!(made.is_ok(), "{place}: {made:?}");
            drop(store);
            // What was made anew stands alone.
            for gone in [STORE_FILE, COPY_FILE] {
                let left = read(dir.path());
                let again = lay_out(&left);
                fs::remove_file(again.path().join(gone)).unwrap();
                let (store, opened) = open(again.path(), 1).unwrap();
                let now = contents(&store, &opened.keys).unwrap();
                assert_eq!(now.len(), expected.len() + 1, "{place}");
            }
        }
    }
}

/// How lone files with a flipped bit fared.
#[derive(Debug, Default)]
struct Tally {
    unharmed: usize,
    refused_by_name: usize,
    other_rows: usize,
    not_started: usize,
}

fn flips_in_a_lone_file(count: usize) -> Tally {
    let (mut files, expected) = filled(true);
    files.remove(COPY_FILE);
    let mut random = Random(5);
    let mut tally = Tally::default();
    for _ in 0..count {
        let (flipped, place) = flip(&files, &mut random);
        let dir = lay_out(&flipped);
        match open(dir.path(), 1) {
            Err(error) => {
                let kinds = [Kind::CorruptStore, Kind::WrongSealingKey];
                assert!(kinds.contains(&error.kind), "{place}: {error}");
                assert_eq!(read(dir.path()), flipped, "{place}: nothing is changed");
                tally.not_started += 1;
            }
            Ok((store, opened)) => {
                let now = contents(&store, &opened.keys).unwrap();
                for (id, key) in &expected {
                    match now.get(id) {
                        Some(there) => assert_eq!(there, key, "{place}"),
                        None => assert!(opened.lossy, "{place}: {id} is gone"),
                    }
                }
                assert!(now.len() <= expected.len(), "{place}: a key from nowhere");
                let gone = expected.len() - now.len();
                match (opened.lossy, gone) {
                    (false, 0) => tally.unharmed += 1,
                    (false, _) => panic!("{place}: quietly gone"),
                    (true, 0) => tally.other_rows += 1,
                    (true, _) => tally.refused_by_name += 1,
                }
            }
        }
    }
    tally
}

#[test]
fn a_flipped_bit_in_one_file_of_two_changes_nothing() {
    flips_in_one_of_two(SHORT_FLIPS);
}

#[test]
fn a_flipped_bit_in_a_lone_file_never_makes_a_wrong_key() {
    println!("{:?}", flips_in_a_lone_file(SHORT_FLIPS));
}

#[test]
#[ignore = "minutes: 10,000 flips of each kind"]
fn ten_thousand_flipped_bits() {
    flips_in_one_of_two(10_000);
    println!("of two: 10000 unharmed");
    println!("alone: {:?}", flips_in_a_lone_file(10_000));
}

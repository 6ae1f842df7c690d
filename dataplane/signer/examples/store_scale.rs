//! Measures the store with many keys: how long a start takes, opening every private
//! key, a change, a page of a list, a start that has to make a file anew.
//!
//! `cargo run --release -p gatehouse-signer --example store_scale -- [KEYS] [DIR]`
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod many_keys;

use gatehouse_signer::default_keys::public_half;
use gatehouse_signer::store::sealing_key::SealingKey;
use gatehouse_signer::store::{COPY_FILE, Change, Edit, Opened, Options, STORE_FILE, Store};
use many_keys::{fill, id, key};
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments
        .next()
        .map_or(100_000, |text| text.parse().unwrap());
    let made = tempfile::tempdir().unwrap();
    let dir: PathBuf = arguments
        .next()
        .map_or_else(|| made.path().into(), PathBuf::from);
    let (store, _) = open(&dir);
    let began = Instant::now();
    fill(&store, count, |_| ());
    println!("made in {:?}", began.elapsed());
    drop(store);
    let size = |name| std::fs::metadata(dir.join(name)).unwrap().len() / 1024 / 1024;
    println!(
        "{count} keys, {} MiB and the same again; {} MiB resident before",
        size(STORE_FILE),
        resident_mib()
    );

    for _ in 0..3 {
        let (store, opened) = timed("start", || open(&dir));
        assert_eq!(opened.keys.len(), count + 1);
        println!("  {} MiB resident with every row read", resident_mib());
        drop(store);
    }
    let (store, opened) = open(&dir);
    let opener = store.opener();
    timed("open every private key, two threads", || {
        let (left, right) = opened.keys.split_at(count / 2);
        std::thread::scope(|scope| {
            for half in [left, right] {
                let opener = &opener;
                scope.spawn(move || {
                    for key in half {
                        opener.open(&key.record, &key.versions[0]).unwrap();
                    }
                });
            }
        });
    });
    let changes = 200;
    let began = Instant::now();
    for n in 0..changes {
        let edit = Edit::Labels([("n".to_owned(), n.to_string())].into());
        let change = Change::Edit {
            id: id(n * 31 % count),
            expected_revision: 0,
            edit,
        };
        store.apply(change, None, None).unwrap();
    }
    println!("a change: {:?}", began.elapsed() / changes as u32);
    timed("a page of 1,000", || {
        store.list(&id(count / 2), 1_000, &|_| true)
    })
    .unwrap();
    timed("a label that no key has", || {
        store.list("", 1_000, &|key| key.labels.contains_key("none"))
    })
    .unwrap();
    store
        .begin_rewrap(&SealingKey::parse(&[1; 32]).unwrap())
        .unwrap();
    let began = Instant::now();
    let mut longest = began.elapsed();
    while {
        let step = Instant::now();
        let running = store.rewrap_some().unwrap().running;
        longest = longest.max(step.elapsed());
        running
    } {}
    println!(
        "sealing everything anew: {:?}, at most {longest:?} a batch",
        began.elapsed()
    );
    drop(store);
    std::fs::remove_file(dir.join(COPY_FILE)).unwrap();
    timed("start without the copy", || open(&dir));
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let result = work();
    println!("{what}: {:?}", began.elapsed());
    result
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    let kib = line.split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() / 1024
}

fn open(dir: &Path) -> (Store, Opened) {
    let options = Options {
        accept_loss: false,
        first_keys: &|| Ok(vec![key("default".into())]),
        public_half: &public_half,
    };
    Store::open(dir, &SealingKey::parse(&[1; 32]).unwrap(), &options)
        .map_err(|error| error.message)
        .unwrap()
}

//! Power cut at every sync boundary of a recorded run: what was not synced is
//! dropped, kept, torn or kept in part and out of order, and the store is opened.
//! Every acknowledged change must be there, and none half; and while the store is
//! open, in each of its two files alone, or one would not stand in for the other.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use gatehouse_signer::store::{COPY_FILE, OLD_FILE, STORE_FILE, StoreError};

use crate::model::{Contents, Model, Random, apply, contents, new_key, open, scratch, sealing_key};
use crate::recorder::{DIRECTORY, FileId, Mark, Op, Recording};

/// Made by the release before, with a sealing key of 32 bytes of 1.
const FORMAT_1: &[u8] = include_bytes!("../data/signer-format1.db");
/// What a disk writes whole.
const SECTOR_BYTES: u64 = 512;
/// Random outcomes of each power cut, beside the five plain ones.
const SHORT_VARIANTS: usize = 2;

/// A run of a store: what it did to its files, and what it held after each change.
struct Run {
    ops: Vec<Op>,
    states: Vec<Contents>,
    /// The first call that is the store's.
    from: usize,
}

/// Makes a store, changes it, loses its copy, changes its sealing key, and ends.
fn record(omit: Option<&str>, changes: usize) -> Run {
    let dir = scratch();
    let recording = Recording::start(dir.path(), omit);
    let mut model = Model::new(7);
    let mut states = vec![model.keys.clone()];
    for session in 0..3 {
        recording.mark(Mark::Opening);
        let (store, _) = open(dir.path(), 1).unwrap();
        recording.mark(Mark::Open);
        if session == 0 {
            recording.mark(Mark::Acknowledged(0));
        }
        for _ in 0..changes {
            apply(&store, model.change()).unwrap();
            states.push(model.keys.clone());
            recording.mark(Mark::Acknowledged(states.len() - 1));
        }
        if session == 2 {
            store.begin_rewrap(&sealing_key(2)).unwrap();
            while store.rewrap_some().unwrap().running {}
        }
        drop(store);
        if session == 0 {
            fs::remove_file(dir.path().join(COPY_FILE)).unwrap();
        }
    }
    let run = Run {
        ops: recording.ops(),
        states,
        from: 0,
    };
    drop(recording);
    let disk = replay(&run.ops);
    assert_eq!(disk.after(Survives::All), files(dir.path()), "the record");
    run
}

/// A store of the release before, migrated at its first start.
fn record_migration() -> Run {
    let dir = scratch();
    let recording = Recording::start(dir.path(), None);
    let old = fs::File::create(dir.path().join(STORE_FILE)).unwrap();
    (&old).write_all(FORMAT_1).unwrap();
    old.sync_all().unwrap();
    fs::File::open(dir.path()).unwrap().sync_all().unwrap();
    let from = recording.ops().len();
    recording.mark(Mark::Acknowledged(0));
    let (store, opened) = open(dir.path(), 1).unwrap();
    recording.mark(Mark::Open);
    let kept = contents(&store, &opened.keys).unwrap();
    assert_eq!(kept.len(), 3);
    drop(store);
    assert!(!dir.path().join(OLD_FILE).exists());
    Run {
        ops: recording.ops(),
        states: vec![kept],
        from,
    }
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn replay(ops: &[Op]) -> Disk {
    let mut disk = Disk::default();
    ops.iter().for_each(|op| disk.take(op));
    disk
}

/// A disk with a cache: what is on it for sure, and what may be.
#[derive(Default, Clone)]
struct Disk {
    files: BTreeMap<FileId, Cached>,
    names: BTreeMap<String, FileId>,
    /// Changes of the directory since its last sync, in their order.
    unsynced: Vec<Op>,
}

#[derive(Default, Clone)]
struct Cached {
    synced: Vec<u8>,
    unsynced: Vec<Op>,
}

#[derive(Clone, Copy)]
enum Survives {
    Nothing,
    All,
    /// What happened in the directory, and nothing of the files.
    Names,
    /// Only the last write of each file, and nothing of the directory.
    Last,
    /// All but the end of the last write.
    Torn,
    /// Each write or not, the last kept one sector by sector; each name or not.
    Some(u64),
}

impl Disk {
    fn take(&mut self, op: &Op) {
        match op {
            Op::Write { file, .. } | Op::Truncate { file, .. } => {
                self.files
                    .entry(*file)
                    .or_default()
                    .unsynced
                    .push(op.clone());
            }
            Op::Sync { file } => {
                let cached = self.files.entry(*file).or_default();
                for op in std::mem::take(&mut cached.unsynced) {
                    change(&mut cached.synced, &op);
                }
            }
            Op::Create { file, .. } => {
                self.files.entry(*file).or_default();
                self.unsynced.push(op.clone());
            }
            Op::Rename { .. } | Op::Unlink { .. } => self.unsynced.push(op.clone()),
            Op::SyncDir => {
                for op in std::mem::take(&mut self.unsynced) {
                    rename(&mut self.names, &op);
                }
            }
            Op::Mark(_) => {}
        }
    }

    /// What is found after the power came back.
    fn after(&self, survives: Survives) -> BTreeMap<String, Vec<u8>> {
        let mut random = Random(match survives {
            Survives::Some(seed) => seed,
            _ => 0,
        });
        let mut names = self.names.clone();
        for op in &self.unsynced {
            let kept = match survives {
                Survives::Nothing | Survives::Last => false,
                Survives::All | Survives::Torn | Survives::Names => true,
                Survives::Some(_) => random.below(2) == 0,
            };
            if kept {
                rename(&mut names, op);
            }
        }
        let mut read = |file: &FileId| {
            self.files
                .get(file)
                .map(|cached| cached.after(survives, &mut random))
                .unwrap_or_default()
        };
        names
            .iter()
            .map(|(name, file)| (name.clone(), read(file)))
            .collect()
    }
}

impl Cached {
    fn after(&self, survives: Survives, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let last = self.unsynced.len().saturating_sub(1);
        for (at, op) in self.unsynced.iter().enumerate() {
            match survives {
                Survives::Nothing | Survives::Names => {}
                Survives::All => change(&mut bytes, op),
                Survives::Last if at == last => change(&mut bytes, op),
                Survives::Last => {}
                Survives::Torn if at == last => tear(&mut bytes, op, &mut |sector| sector == 0),
                Survives::Torn => change(&mut bytes, op),
                Survives::Some(_) if random.below(3) == 0 => {
                    tear(&mut bytes, op, &mut |_| random.below(2) == 0);
                }
                Survives::Some(_) if random.below(2) == 0 => change(&mut bytes, op),
                Survives::Some(_) => {}
            }
        }
        bytes
    }
}

fn change(bytes: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { at, data, .. } => {
            let at = usize::try_from(*at).unwrap();
            let end = at + data.len();
            bytes.resize(bytes.len().max(end), 0);
            bytes[at..end].copy_from_slice(data);
        }
        Op::Truncate { len, .. } => bytes.resize(usize::try_from(*len).unwrap(), 0),
        _ => {}
    }
}

/// Writes only some sectors; a truncation is done or not.
fn tear(bytes: &mut Vec<u8>, op: &Op, kept: &mut dyn FnMut(u64) -> bool) {
    let Op::Write { file, at, data } = op else {
        if kept(0) {
            change(bytes, op);
        }
        return;
    };
    let mut from = *at;
    let mut rest = data.as_slice();
    while !rest.is_empty() {
        let room = SECTOR_BYTES - from % SECTOR_BYTES;
        let len = rest.len().min(usize::try_from(room).unwrap());
        let (sector, after) = rest.split_at(len);
        if kept((from - at) / SECTOR_BYTES) {
            let piece = Op::Write {
                file: *file,
                at: from,
                data: sector.to_vec(),
            };
            change(bytes, &piece);
        }
        from += len as u64;
        rest = after;
    }
}

fn rename(names: &mut BTreeMap<String, FileId>, op: &Op) {
    match op {
        Op::Create { name, file } => {
            names.insert(name.clone(), *file);
        }
        Op::Rename { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Op::Unlink { name } => {
            names.remove(name);
        }
        _ => {}
    }
}

/// What the program was told when the power went.
#[derive(Clone, Copy, Default)]
struct Told {
    acknowledged: Option<usize>,
    open: bool,
}

/// Cuts the power at every sync boundary; what was found wrong. `stop`: at the first.
fn cut_everywhere(run: &Run, variants: usize, stop: bool) -> (usize, Vec<String>) {
    let (mut disk, mut told) = (Disk::default(), Told::default());
    let (mut cuts, mut wrong) = (0, Vec::new());
    for (at, op) in run.ops.iter().enumerate() {
        if stop && !wrong.is_empty() {
            break;
        }
        // Before a sync most is unsynced; after a mark most is promised.
        let boundary = at >= run.from && matches!(op, Op::Sync { .. } | Op::SyncDir);
        if boundary {
            cuts += cut(&disk, told, run, (at, variants), &mut wrong);
        }
        disk.take(op);
        if let Op::Mark(mark) = op {
            match mark {
                Mark::Opening => told.open = false,
                Mark::Open => told.open = true,
                Mark::Acknowledged(changes) => told.acknowledged = Some(*changes),
            }
            cuts += cut(&disk, told, run, (at, variants), &mut wrong);
        }
    }
    (cuts, wrong)
}

fn cut(
    disk: &Disk,
    told: Told,
    run: &Run,
    (at, variants): (usize, usize),
    wrong: &mut Vec<String>,
) -> usize {
    let plain = [
        Survives::Nothing,
        Survives::All,
        Survives::Names,
        Survives::Last,
        Survives::Torn,
    ];
    let random = (0..variants).map(|n| Survives::Some((at * 1_000 + n) as u64));
    let mut cuts = 0;
    for (number, survives) in plain.into_iter().chain(random).enumerate() {
        let found = disk.after(survives);
        let alone: &[Option<&str>] = if told.open && number != 1 {
            &[None, Some(STORE_FILE), Some(COPY_FILE)]
        } else {
            &[None]
        };
        for gone in alone {
            cuts += 1;
            if let Err(why) = check(&found, *gone, told, run) {
                wrong.push(format!(
                    "call {at}, outcome {number}, without {gone:?}: {why}"
                ));
            }
        }
    }
    cuts
}

/// Opens what the power cut left, without one of the files if so told.
fn check(
    found: &BTreeMap<String, Vec<u8>>,
    gone: Option<&str>,
    told: Told,
    run: &Run,
) -> Result<(), String> {
    let dir = scratch();
    for (name, bytes) in found {
        if gone.is_some_and(|gone| *name == gone || *name == format!("{gone}-wal")) {
            continue;
        }
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    // While the sealing key is being changed either opens the store.
    let (store, opened) = open(dir.path(), 1)
        .or_else(|first| open(dir.path(), 2).map_err(|second| format!("{first}; {second}")))?;
    if opened.lossy {
        return Err(format!("keys are lost: {:?}", opened.damaged));
    }
    let now = contents(&store, &opened.keys).map_err(|error| error.to_string())?;
    let from = told.acknowledged.unwrap_or(0);
    let expected = run.states.iter().skip(from).take(2);
    if told.acknowledged.is_some() && opened.created {
        return Err("a new store was made".into());
    }
    let found = expected.into_iter().position(|state| *state == now);
    if found.is_none() {
        return Err(format!(
            "{from} changes were acknowledged, {} keys are there that are neither that nor one more",
            now.len()
        ));
    }
    // And it goes on from there.
    let outcome = store.apply(
        gatehouse_signer::store::Change::Create(vec![new_key("after")]),
        None,
        None,
    );
    outcome
        .map(|_| ())
        .map_err(|error: StoreError| error.to_string())
}

fn variants() -> usize {
    std::env::var("GATEHOUSE_CUT_VARIANTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(SHORT_VARIANTS)
}

fn report(cuts: usize, wrong: &[String]) {
    println!("{cuts} power cuts, {} went wrong", wrong.len());
    wrong.iter().take(5).for_each(|one| println!("  {one}"));
}

#[test]
fn no_acknowledged_change_is_lost_and_none_is_half_there_wherever_the_power_goes() {
    let (cuts, wrong) = cut_everywhere(&record(None, 6), variants(), false);
    report(cuts, &wrong);
    assert!(cuts > 500);
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_migration_survives_a_power_cut_anywhere() {
    let (cuts, wrong) = cut_everywhere(&record_migration(), variants(), false);
    report(cuts, &wrong);
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
#[ignore = "minutes; as above, with more changes than the log takes before it is moved"]
fn no_acknowledged_change_is_lost_in_a_long_run() {
    let (cuts, wrong) = cut_everywhere(&record(None, 60), variants(), false);
    report(cuts, &wrong);
    assert_eq!(wrong, Vec::<String>::new());
}

/// Each kind of sync that the store does, left out, and the cuts must find it.
#[test]
fn a_store_with_one_sync_left_out_is_found_out() {
    let with = |suffix: &str| {
        [STORE_FILE, COPY_FILE]
            .map(|name| format!("{name}{suffix}"))
            .to_vec()
    };
    let kinds = [with("-wal"), with(""), with(".new"), vec![DIRECTORY.into()]];
    for omit in kinds.concat() {
        let (cuts, wrong) = cut_everywhere(&record(Some(&omit), 4), 0, true);
        println!("without the syncs of {omit}:");
        report(cuts, &wrong);
        assert!(!wrong.is_empty(), "nobody missed the syncs of {omit}");
    }
}

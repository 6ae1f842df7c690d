//! The store by what it promises: what was acknowledged is there, whatever one
//! file has suffered, and what isn't whole is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;

const NOW_MS: i64 = 1_750_000_000_000;

fn sealing_key(byte: u8) -> SealingKey {
    SealingKey::parse(&[byte; 32]).unwrap()
}

/// Stands in for PKCS#8: the store doesn't look.
fn private(id: &str, version: usize) -> Vec<u8> {
    format!("private half of {id}, version {version}").into_bytes()
}

fn version(id: &str, version: usize) -> NewVersion {
    NewVersion {
        created_at_ms: NOW_MS,
        public_key_der: format!("public half of {id}, version {version}").into_bytes(),
        private_key: Some(Zeroizing::new(private(id, version))),
    }
}

fn new_key(id: &str) -> NewKey {
    NewKey {
        record: KeyRecord {
            id: id.into(),
            kind: 4,
            usage: Usage::Sign,
            state: KeyState::Enabled,
            revision: 1,
            policy: Policy::default(),
            labels: BTreeMap::new(),
            newest_version: 0,
            created_at_ms: NOW_MS,
            delete_at_ms: 0,
            imported: false,
        },
        versions: vec![version(id, 1)],
    }
}

fn try_open(dir: &Path, byte: u8, accept_loss: bool) -> Result<(Store, Opened), StartError> {
    let first_keys = || Ok(vec![new_key("default")]);
    let options = Options {
        accept_loss,
        first_keys: &first_keys,
        public_half: &|_, private_key| Some([b"public half of ", private_key].concat()),
    };
    Store::open(dir, &sealing_key(byte), &options)
}

fn open(dir: &Path) -> (Store, Opened) {
    try_open(dir, 1, false).unwrap()
}

fn create(store: &Store, id: &str) -> StoredKey {
    one(store.apply(Change::Create(vec![new_key(id)]), None, None))
}

fn edit(store: &Store, id: &str, edit: Edit) -> StoredKey {
    one(store.apply(change(id, 0, edit), None, None))
}

fn change(id: &str, expected_revision: u64, edit: Edit) -> Change {
    Change::Edit {
        id: id.into(),
        expected_revision,
        edit,
    }
}

fn one(outcome: Result<Outcome, StoreError>) -> StoredKey {
    match outcome.unwrap() {
        Outcome::Done(mut keys) => keys.pop().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Every key with its private halves in the clear.
type All = Vec<(KeyRecord, Vec<Option<Vec<u8>>>)>;

fn all(store: &Store, keys: &[StoredKey]) -> All {
    let opener = store.opener();
    let key = |key: &StoredKey| {
        let privates = key.versions.iter().map(|version| {
            let sealed = version.sealed.as_ref();
            sealed.map(|_| opener.open(&key.record, version).unwrap().to_vec())
        });
        (key.record.clone(), privates.collect())
    };
    keys.iter().map(key).collect()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A store with keys in every state, and what is in it.
fn filled(dir: &Path) -> All {
    let (store, opened) = open(dir);
    assert!(opened.created);
    for id in ["a", "b", "c", "d"] {
        create(&store, id);
    }
    edit(&store, "a", Edit::AddVersion(version("a", 2)));
    let policy = Policy {
        identities: vec!["web".into()],
        ..Policy::default()
    };
    edit(&store, "a", Edit::Policy(policy));
    edit(
        &store,
        "b",
        Edit::Labels([("team".into(), "x".into())].into()),
    );
    let scheduled = Edit::State {
        state: KeyState::PendingDeletion,
        delete_at_ms: NOW_MS + 5,
    };
    edit(&store, "c", scheduled);
    edit(&store, "d", Edit::Destroy);
    let page = store.list("", 100, &|_| true).unwrap();
    all(&store, &page.keys)
}

#[test]
fn what_was_acknowledged_is_there_after_a_start() {
    let dir = TempDir::new().unwrap();
    let before = filled(dir.path());
    let (store, opened) = open(dir.path());
    assert!(!opened.created && !opened.lossy && opened.damaged.is_empty());
    assert_eq!(all(&store, &opened.keys), before);
    let ids: Vec<_> = before.iter().map(|(key, _)| key.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "default"]);
    assert_eq!(before[0].1, [Some(private("a", 1)), Some(private("a", 2))]);
    assert_eq!((before[0].0.revision, before[0].0.newest_version), (3, 2));
    assert_eq!(before[3].1, [None]);
    assert_eq!(before[3].0.state, KeyState::Destroyed);
    assert_eq!(store.next_due_ms(), Some(NOW_MS + 5));
    assert_eq!(store.due(NOW_MS + 4, 9), Vec::<String>::new());
    assert_eq!(store.due(NOW_MS + 5, 9), ["c"]);
    drop(store);
    assert_eq!(names(dir.path()), ["signer.db", "signer.db.copy"]);
}

#[test]
fn either_file_alone_holds_everything_and_the_other_is_made_anew() {
    let dir = TempDir::new().unwrap();
    let before = filled(dir.path());
    for (gone, left) in [(STORE_FILE, COPY_FILE), (COPY_FILE, STORE_FILE)] {
        fs::remove_file(dir.path().join(gone)).unwrap();
        let (store, opened) = open(dir.path());
        assert_eq!(all(&store, &opened.keys), before, "without {gone}");
        drop(store);
        fs::remove_file(dir.path().join(left)).unwrap();
        let (store, opened) = open(dir.path());
        assert_eq!(all(&store, &opened.keys), before, "with {gone} made anew");
        drop(store);
    }
}

#[test]
fn a_refused_change_says_why_and_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let before = filled(dir.path());
    let (store, _) = open(dir.path());
    let refused = |change| store.apply(change, None, None).unwrap_err();
    let exists = |id: &str| StoreError::Exists { id: id.into() };
    assert_eq!(refused(Change::Create(vec![new_key("d")])), exists("d"));
    let twice = vec![new_key("e"), new_key("e")];
    assert_eq!(refused(Change::Create(twice)), exists("e"));
    let stale = StoreError::Stale {
        id: "a".into(),
        revision: 3,
    };
    assert_eq!(refused(change("a", 2, Edit::Destroy)), stale);
    let missing = StoreError::NotFound { id: "x".into() };
    assert_eq!(refused(change("x", 0, Edit::Destroy)), missing);
    let mut many = new_key("e");
    many.versions = (1..=257).map(|n| version("e", n)).collect();
    assert!(matches!(
        refused(Change::Create(vec![many])),
        StoreError::Full { most: 256, .. }
    ));
    drop(store);
    let (store, opened) = open(dir.path());
    assert_eq!(all(&store, &opened.keys), before);
}

#[test]
fn a_request_sent_again_is_done_once_also_after_a_start() {
    let dir = TempDir::new().unwrap();
    let request = |id, byte| RequestId {
        id,
        sha256: [byte; 32],
    };
    let (store, _) = open(dir.path());
    let make = |store: &Store, by: &RequestId<'_>| {
        store.apply(Change::Create(vec![new_key("a")]), Some(by), None)
    };
    assert!(matches!(
        make(&store, &request("r", 1)),
        Ok(Outcome::Done(_))
    ));
    let repeated = Ok(Outcome::Repeated("a".into()));
    assert_eq!(make(&store, &request("r", 1)), repeated);
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(make(&store, &request("r", 1)), repeated);
    assert_eq!(
        make(&store, &request("r", 2)),
        Err(StoreError::RequestReused)
    );
    assert!(matches!(
        make(&store, &request("s", 1)),
        Err(StoreError::Exists { .. })
    ));
}

#[test]
fn a_list_goes_on_where_its_page_ended_and_takes_what_is_wanted() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path());
    let keys: Vec<_> = (0..2_500)
        .map(|n| {
            let mut key = new_key(&format!("k{n:05}"));
            if n % 1_000 == 7 {
                key.record.labels.insert("rare".into(), String::new());
            }
            key
        })
        .collect();
    store.apply(Change::Create(keys), None, None).unwrap();
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = store.list(&after, 700, &|_| true).unwrap();
        assert!(page.keys.len() <= 700);
        seen.extend(page.keys.into_iter().map(|key| key.record.id));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(seen.len(), 2_501);
    assert!(seen.is_sorted());
    let rare = store
        .list("", 700, &|key| key.labels.contains_key("rare"))
        .unwrap();
    assert_eq!(rare.keys.len(), 3);
    assert_eq!(rare.next, None);
}

#[test]
fn a_sealing_key_is_changed_and_a_change_broken_off_goes_on_with_either() {
    for at in 0..5 {
        for with in [1, 2] {
            let dir = TempDir::new().unwrap();
            let before = filled(dir.path());
            let (store, _) = open(dir.path());
            let many = (0..2_500).map(|n| new_key(&format!("k{n}"))).collect();
            store.apply(Change::Create(many), None, None).unwrap();
            assert!(store.begin_rewrap(&sealing_key(2)).unwrap().rows_left > 5_000);
            for _ in 0..at {
                store.rewrap_some().unwrap();
            }
            create(&store, "while");
            assert_eq!(
                store.begin_rewrap(&sealing_key(3)),
                Err(StoreError::RewrapRunning)
            );
            let same = store.begin_rewrap(&sealing_key(2)).unwrap();
            assert_eq!(same, store.sealing());
            drop(store);
            let (store, opened) = try_open(dir.path(), with, false).unwrap();
            assert_eq!(opened.keys.len(), before.len() + 2_501);
            while store.rewrap_some().unwrap().running {}
            // Who began it and doesn't know that it was done asks again.
            let done = store.begin_rewrap(&sealing_key(2)).unwrap();
            assert_eq!((done.generation, done.running), (2, false));
            let kept = all(&store, &opened.keys);
            drop(store);
            let error = try_open(dir.path(), 1, false).err().unwrap();
            assert_eq!(error.kind, crate::error::Kind::WrongSealingKey);
            let (store, opened) = try_open(dir.path(), 2, false).unwrap();
            assert_eq!(all(&store, &opened.keys), kept);
            assert_eq!(store.sealing().generation, 2);
            assert!(store.begin_rewrap(&sealing_key(3)).is_ok());
        }
    }
}

#[test]
fn the_recovery_recipient_is_set_once() {
    let dir = TempDir::new().unwrap();
    let recipient = Recipient {
        recipient: "age1x".into(),
        set_at_ms: NOW_MS,
    };
    let (store, _) = open(dir.path());
    let set = |store: &Store| store.apply(Change::SetRecipient(recipient.clone()), None, None);
    set(&store).unwrap();
    assert_eq!(set(&store), Err(StoreError::RecipientSet));
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(store.recipient(), Some(recipient.clone()));
    assert_eq!(set(&store), Err(StoreError::RecipientSet));
}

/// Changes both files behind the store's back.
fn damage(dir: &Path, files: &[&str], sql: &str) {
    for file in files {
        let database = rusqlite::Connection::open(dir.join(file)).unwrap();
        database.execute_batch(sql).unwrap();
        database.close().unwrap();
    }
}

const BOTH: [&str; 2] = [STORE_FILE, COPY_FILE];

fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| {
        let bytes = fs::read(dir.join(&name)).unwrap();
        (name, bytes)
    };
    names(dir).into_iter().map(read).collect()
}

#[test]
fn a_key_damaged_in_both_files_is_refused_by_name_while_the_others_serve() {
    let swapped = "UPDATE rows SET sealed = (SELECT sealed FROM rows WHERE kind = 2 AND name = CAST('c' AS BLOB)) WHERE kind = 2 AND name = CAST('b' AS BLOB)";
    let of_b = "name = CAST('b' AS BLOB)";
    for change in [
        swapped.into(),
        format!("UPDATE rows SET body = zeroblob(9) WHERE kind = 1 AND {of_b}"),
        format!("UPDATE rows SET sealed = zeroblob(60) WHERE kind = 2 AND {of_b}"),
        format!("UPDATE rows SET mac = zeroblob(32) WHERE kind = 2 AND {of_b}"),
        format!("DELETE FROM rows WHERE kind = 1 AND {of_b}"),
        format!("DELETE FROM rows WHERE kind = 2 AND {of_b}"),
        format!("UPDATE rows SET number = 2 WHERE kind = 2 AND {of_b}"),
    ] {
        let dir = TempDir::new().unwrap();
        let mut before = filled(dir.path());
        before.retain(|(key, _)| key.id != "b");
        damage(dir.path(), &BOTH, &change);
        let as_it_was = bytes(dir.path());
        let (store, opened) = open(dir.path());
        assert!(opened.lossy, "{change}");
        assert_eq!(opened.damaged, ["b".to_owned()].into(), "{change}");
        assert_eq!(all(&store, &opened.keys), before, "{change}");
        let damaged = StoreError::Damaged { id: "b".into() };
        assert_eq!(store.get("b"), Err(damaged), "{change}");
        let page = store.list("", 100, &|_| true).unwrap();
        assert_eq!(all(&store, &page.keys), before, "{change}");
        let another = Change::Create(vec![new_key("e")]);
        let refused = store.apply(another, None, None);
        assert_eq!(refused, Err(StoreError::LossNotAccepted), "{change}");
        drop(store);
        assert_eq!(bytes(dir.path()), as_it_was, "{change}");

        let (store, opened) = try_open(dir.path(), 1, true).unwrap();
        assert!(!opened.lossy, "{change}");
        assert_eq!(all(&store, &opened.keys), before, "{change}");
        create(&store, "again");
        drop(store);
        let (_, opened) = open(dir.path());
        assert!(!opened.lossy && opened.damaged.is_empty(), "{change}");
        assert_eq!(opened.keys.len(), before.len() + 1, "{change}");
    }
}

#[test]
fn a_row_taken_away_or_brought_back_from_before_is_found_out() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path());
    create(&store, "b");
    drop(store);
    let rows_of_b = |file: &str| -> Vec<Vec<rusqlite::types::Value>> {
        let database = rusqlite::Connection::open(dir.path().join(file)).unwrap();
        let sql = "SELECT * FROM rows WHERE name = CAST('b' AS BLOB)";
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| (0..7).map(|at| row.get(at)).collect());
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let old = rows_of_b(STORE_FILE);
    let (store, _) = open(dir.path());
    let disabled = Edit::State {
        state: KeyState::Disabled,
        delete_at_ms: 0,
    };
    edit(&store, "b", disabled);
    drop(store);
    for file in BOTH {
        let database = rusqlite::Connection::open(dir.path().join(file)).unwrap();
        for row in &old {
            let sql = "INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            database
                .execute(sql, rusqlite::params_from_iter(row))
                .unwrap();
        }
    }
    // Every row's own MAC holds: only the running one tells.
    assert!(open(dir.path()).1.lossy);

    let dir = TempDir::new().unwrap();
    filled(dir.path());
    let gone = "DELETE FROM rows WHERE name = CAST('b' AS BLOB)";
    damage(dir.path(), &BOTH, gone);
    assert!(open(dir.path()).1.lossy);
}

#[test]
fn two_files_damaged_in_different_places_lose_nothing() {
    let dir = TempDir::new().unwrap();
    let before = filled(dir.path());
    let of = |id: &str| format!("UPDATE rows SET body = x'00' WHERE name = CAST('{id}' AS BLOB)");
    damage(dir.path(), &[STORE_FILE], &of("a"));
    damage(dir.path(), &[COPY_FILE], &of("c"));
    let (store, opened) = open(dir.path());
    assert!(!opened.lossy && opened.damaged.is_empty());
    assert_eq!(all(&store, &opened.keys), before);
    create(&store, "e");
}

#[test]
fn nothing_is_left_of_a_destroyed_key_nor_of_a_replaced_wrap() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path());
    let key = create(&store, "a");
    edit(&store, "a", Edit::Labels(BTreeMap::new()));
    let holds = |needle: &[u8]| {
        let found = |bytes: &Vec<u8>| bytes.windows(needle.len()).any(|window| window == needle);
        bytes(dir.path()).values().any(found)
    };
    let sealed = key.versions[0].sealed.as_ref().unwrap().bytes.clone();
    assert!(holds(&sealed));
    edit(&store, "a", Edit::Destroy);
    assert!(!holds(&sealed));

    let wrapped: Vec<u8> = {
        drop(store);
        let database = rusqlite::Connection::open(dir.path().join(STORE_FILE)).unwrap();
        let sql = "SELECT wrapped FROM keks";
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let (store, _) = open(dir.path());
    assert!(holds(&wrapped));
    store.begin_rewrap(&sealing_key(2)).unwrap();
    while store.rewrap_some().unwrap().running {}
    assert!(!holds(&wrapped));
}

#[test]
fn a_wrong_sealing_key_changes_nothing_even_with_a_log_that_was_not_moved() {
    let dir = TempDir::new().unwrap();
    let before = filled(dir.path());
    let (store, _) = open(dir.path());
    create(&store, "e");
    let crashed = TempDir::new().unwrap();
    for (name, bytes) in bytes(dir.path()) {
        fs::write(crashed.path().join(name), bytes).unwrap();
    }
    let as_it_was = bytes(crashed.path());
    assert!(!as_it_was["signer.db-wal"].is_empty());
    let error = try_open(crashed.path(), 9, false).err().unwrap();
    assert_eq!(error.kind, crate::error::Kind::WrongSealingKey);
    assert_eq!(bytes(crashed.path()), as_it_was);
    let (_, opened) = open(crashed.path());
    assert_eq!(opened.keys.len(), before.len() + 1);
}

struct Record(&'static str);

impl Companion for Record {
    fn write(&self, transaction: &rusqlite::Connection) -> rusqlite::Result<()> {
        transaction
            .execute(
                "INSERT INTO audit (record) VALUES (?1)",
                [self.0.as_bytes()],
            )
            .map(|_| ())
    }

    fn len_bytes(&self) -> u64 {
        self.0.len() as u64
    }
}

struct Refusing;

impl Companion for Refusing {
    fn write(&self, _: &rusqlite::Connection) -> rusqlite::Result<()> {
        Err(rusqlite::Error::InvalidQuery)
    }

    fn len_bytes(&self) -> u64 {
        0
    }
}

#[test]
fn a_record_is_committed_with_a_change_or_neither_is() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path());
    let create = |id: &str, with: &dyn Companion| {
        store.apply(Change::Create(vec![new_key(id)]), None, Some(with))
    };
    create("a", &Record("made a")).unwrap();
    assert!(create("b", &Refusing).is_err());
    assert!(store.get("b").is_err());
    create("b", &Record("made b")).unwrap();
    store.append(&Record("signed")).unwrap();
    drop(store);
    // Carried over when a file is made anew.
    fs::remove_file(dir.path().join(STORE_FILE)).unwrap();
    drop(open(dir.path()));
    for file in BOTH {
        let database = rusqlite::Connection::open(dir.path().join(file)).unwrap();
        let mut statement = database
            .prepare("SELECT CAST(record AS TEXT) FROM audit ORDER BY number")
            .unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0));
        let records: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
        assert_eq!(records, ["made a", "made b", "signed"], "{file}");
    }
}

#[test]
fn the_oldest_request_id_is_forgotten_when_there_are_too_many() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path());
    create(&store, "a");
    let most = bounds::MAX_REQUEST_IDS;
    for n in 0..=most {
        let id = format!("r{n}");
        let request = RequestId {
            id: &id,
            sha256: [7; 32],
        };
        let edit = change("a", 0, Edit::Labels(BTreeMap::new()));
        store.apply(edit, Some(&request), None).unwrap();
    }
    let known = |store: &Store, n: usize| {
        let id = format!("r{n}");
        let request = RequestId {
            id: &id,
            sha256: [7; 32],
        };
        store.repeated(&request).unwrap().is_some()
    };
    assert!(!known(&store, 0) && known(&store, 1) && known(&store, most));
    drop(store);
    let (store, _) = open(dir.path());
    assert!(!known(&store, 0) && known(&store, 1) && known(&store, most));
}

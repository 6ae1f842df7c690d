//! What was acknowledged is there, and done once.

use super::*;
use std::collections::BTreeMap;
use tempfile::TempDir;

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

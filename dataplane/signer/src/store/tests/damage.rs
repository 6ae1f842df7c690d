//! Whatever one file has suffered is made good from the other; what both have is named.

use super::*;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

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

/// Changes both files behind the store's back.
fn damage(dir: &Path, files: &[&str], sql: &str) {
    for file in files {
        let database = rusqlite::Connection::open(dir.join(file)).unwrap();
        database.execute_batch(sql).unwrap();
        database.close().unwrap();
    }
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

//! A record that is to be committed with a change: room for the audit that comes later.

use super::*;
use std::fs;
use tempfile::TempDir;

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

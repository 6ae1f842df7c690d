//! The key store: one SQLite file whose records are sealed. It is made whole
//! under another name and then renamed, so it exists completely or not at all.
//! A store that exists is only ever read: neither a wrong sealing key nor a
//! damaged file can make the signer change it.

use aws_lc_rs::rand;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::algorithms::{Kind as KeyKind, PrivateKey};
use crate::error::{Kind, StartError};
use crate::sealing::{RecordName, SealingKey, StoreKey};

/// What a store has from its first start.
pub const DEFAULT_KEYS: [(&str, KeyKind); 3] = [
    ("default-rsa", KeyKind::Rsa2048),
    ("default-p256", KeyKind::P256),
    ("default-p384", KeyKind::P384),
];

/// The store, in the state directory.
pub const STORE_FILE: &str = "signer.db";
const NEW_FILE: &str = "signer.db.new";
const FORMAT: u32 = 1;
/// SQLite's application id: "GHSG".
const APPLICATION_ID: i32 = 0x4748_5347;
const STORE_ID_BYTES: usize = 16;
/// Sealed in every store: opens only with the sealing key that made the store.
const CHECK_TEXT: &[u8] = b"gatehouse signer store";
const CHECK_NAME: &str = "(check)";

const SCHEMA: &str = "
    CREATE TABLE store (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        id BLOB NOT NULL,
        sealed_check BLOB NOT NULL
    ) STRICT;
    CREATE TABLE keys (
        name TEXT PRIMARY KEY,
        type TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        sealed BLOB NOT NULL
    ) STRICT;
";

/// A key with what the store says about it.
pub struct StoredKey {
    pub name: String,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    pub key: PrivateKey,
}

/// An opened store. Nobody else can open it until this is dropped.
pub struct Store {
    pub keys: Vec<StoredKey>,
    /// Whether this start made the store.
    pub created: bool,
    _lock: File,
}

impl Store {
    /// Opens the store in `dir`, or makes one where there is none.
    ///
    /// # Errors
    /// `WrongSealingKey`, `CorruptStore` or `InUse`, with the store as it was;
    /// `System` when the machine refuses.
    pub fn open(dir: &Path, sealing_key: &SealingKey) -> Result<Self, StartError> {
        let lock = lock(dir)?;
        let file = dir.join(STORE_FILE);
        let created = !exists(&file)?;
        if created {
            create(dir, sealing_key)?;
        }
        let keys = load(&file, sealing_key)?;
        Ok(Self {
            keys,
            created,
            _lock: lock,
        })
    }
}

/// Locks the directory itself, so that no lock file can be copied or left over.
fn lock(dir: &Path) -> Result<File, StartError> {
    let refuse = |error| StartError::system(format!("state directory {}: {error}", dir.display()));
    if !exists(dir)? {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(refuse)?;
    }
    let lock = File::open(dir).map_err(refuse)?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StartError::new(
            Kind::InUse,
            format!(
                "another signer uses the store in {}. Stop it first, or give this one a directory of its own with --state",
                dir.display()
            ),
        )),
        Err(error) => Err(refuse(error.into())),
    }
}

fn exists(path: &Path) -> Result<bool, StartError> {
    path.try_exists()
        .map_err(|error| StartError::system(format!("{}: {error}", path.display())))
}

/// `signer.db` and its write-ahead log, by SQLite's naming.
fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

fn create(dir: &Path, sealing_key: &SealingKey) -> Result<(), StartError> {
    let file = dir.join(STORE_FILE);
    if exists(&log_of(&file))? {
        return Err(StartError::corrupt(format!(
            "{} is missing but its log {} is there. Restore both from a copy, or remove the log to start with new keys",
            file.display(),
            log_of(&file).display()
        )));
    }
    let new = dir.join(NEW_FILE);
    remove_unfinished(&new)?;
    let failed = |error: rusqlite::Error| {
        StartError::system(format!("making the key store {}: {error}", new.display()))
    };
    let mut connection = Connection::open(&new).map_err(failed)?;
    fill(&mut connection, sealing_key)?;
    // Closing the last connection moves the log into the file and removes it.
    connection.close().map_err(|(_, error)| failed(error))?;
    let refuse = |error| StartError::system(format!("{}: {error}", dir.display()));
    File::open(&new)
        .and_then(|new| new.sync_all())
        .map_err(refuse)?;
    fs::rename(&new, &file).map_err(refuse)?;
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(refuse)
}

/// What a start that was interrupted left behind: never a store that was in use.
fn remove_unfinished(new: &Path) -> Result<(), StartError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = new.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let path = Path::new(&name).display();
                return Err(StartError::system(format!("{path}: {error}")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes the store's identity, its check record and the first keys, all or nothing.
fn fill(connection: &mut Connection, sealing_key: &SealingKey) -> Result<(), StartError> {
    let failed =
        |error: rusqlite::Error| StartError::system(format!("making the key store: {error}"));
    let broken = |_| StartError::system("the random generator failed inside the library");
    let mut id = [0; STORE_ID_BYTES];
    rand::fill(&mut id).map_err(broken)?;
    let store_key = sealing_key.for_store(&id)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        .and_then(|()| connection.pragma_update(None, "application_id", APPLICATION_ID))
        .and_then(|()| connection.pragma_update(None, "user_version", FORMAT))
        .map_err(failed)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        });
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Exclusive)
        .map_err(failed)?;
    transaction.execute_batch(SCHEMA).map_err(failed)?;
    let check = store_key.seal(&record(&id, CHECK_NAME, ""), CHECK_TEXT)?;
    transaction
        .execute(
            "INSERT INTO store (one, id, sealed_check) VALUES (1, ?1, ?2)",
            params![id, check],
        )
        .map_err(failed)?;
    for (name, kind) in DEFAULT_KEYS {
        let pkcs8 = PrivateKey::generate(kind)
            .and_then(|key| key.to_pkcs8())
            .map_err(|_| StartError::system(format!("{name} could not be made")))?;
        let sealed = store_key.seal(&record(&id, name, kind.text()), &pkcs8)?;
        transaction
            .execute(
                "INSERT INTO keys (name, type, created_at, sealed) VALUES (?1, ?2, ?3, ?4)",
                params![name, kind.text(), now, sealed],
            )
            .map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

fn record<'a>(store_id: &'a [u8], key: &'a str, algorithm: &'a str) -> RecordName<'a> {
    RecordName {
        store_id,
        format: FORMAT,
        key,
        algorithm,
    }
}

/// A row of `keys`, still sealed.
struct SealedKey {
    name: String,
    type_text: String,
    created_at: i64,
    sealed: Vec<u8>,
}

impl SealedKey {
    fn open(&self, id: &[u8], store_key: &StoreKey) -> Option<PrivateKey> {
        let kind = KeyKind::from_text(&self.type_text)?;
        let pkcs8 = store_key.open(&record(id, &self.name, &self.type_text), &self.sealed)?;
        PrivateKey::from_pkcs8(kind, &pkcs8).ok()
    }
}

fn load(file: &Path, sealing_key: &SealingKey) -> Result<Vec<StoredKey>, StartError> {
    let corrupt = |what: String| {
        StartError::corrupt(format!(
            "the key store {} is damaged: {what}. Nothing was changed in it. Restore it from a copy, or move it away to start with new keys",
            file.display()
        ))
    };
    let SealedStore { id, check, keys } = read(file).map_err(|error| match error {
        ReadError::Sql(error) => corrupt(error.to_string()),
        ReadError::Damaged(what) => corrupt(what),
        ReadError::Newer(format) => StartError::corrupt(format!(
            "the key store {} has format {format}, this signer knows {FORMAT}. Use the newer signer that wrote it",
            file.display()
        )),
    })?;
    let store_key = sealing_key.for_store(&id)?;
    let opened: Vec<_> = keys
        .into_iter()
        .map(|sealed| (sealed.open(&id, &store_key), sealed))
        .collect();
    let check = store_key.open(&record(&id, CHECK_NAME, ""), &check);
    if check.is_none_or(|text| *text != CHECK_TEXT) {
        if opened.iter().any(|(key, _)| key.is_some()) {
            return Err(corrupt("its check record doesn't open".into()));
        }
        return Err(StartError::new(
            Kind::WrongSealingKey,
            format!(
                "wrong sealing key: it does not open the key store {}. Nothing was changed in it. Give the sealing key that this store was made with, or another --state directory to start with new keys",
                file.display()
            ),
        ));
    }
    let mut keys = Vec::with_capacity(opened.len());
    for (key, sealed) in opened {
        let key = key.ok_or_else(|| corrupt(format!("its key {:?} doesn't open", sealed.name)))?;
        keys.push(StoredKey {
            name: sealed.name,
            created_at: sealed.created_at,
            key,
        });
    }
    // A missing key is never replaced quietly: peers trust its public half.
    for (name, _) in DEFAULT_KEYS {
        if !keys.iter().any(|key| key.name == name) {
            return Err(corrupt(format!("its key {name:?} is missing")));
        }
    }
    Ok(keys)
}

enum ReadError {
    Sql(rusqlite::Error),
    Damaged(String),
    Newer(u32),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Everything in the file, unopened.
struct SealedStore {
    id: Vec<u8>,
    check: Vec<u8>,
    keys: Vec<SealedKey>,
}

fn read(file: &Path) -> Result<SealedStore, ReadError> {
    let connection = open_read_only(file)?;
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        return Err(ReadError::Damaged("it is no store of this program".into()));
    }
    let format: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format > FORMAT {
        return Err(ReadError::Newer(format));
    }
    let health: String =
        connection.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    if health != "ok" {
        return Err(ReadError::Damaged(health));
    }
    let (id, check) = connection.query_row("SELECT id, sealed_check FROM store", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let mut statement =
        connection.prepare("SELECT name, type, created_at, sealed FROM keys ORDER BY name")?;
    let keys = statement
        .query_map([], |row| {
            Ok(SealedKey {
                name: row.get(0)?,
                type_text: row.get(1)?,
                created_at: row.get(2)?,
                sealed: row.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(SealedStore { id, check, keys })
}

/// Opens the file so that SQLite can't write. Without a log SQLite is also told
/// that nothing changes, or it would make one to read a WAL database.
fn open_read_only(file: &Path) -> Result<Connection, ReadError> {
    let log_is_empty = fs::metadata(log_of(file)).map_or(true, |log| log.len() == 0);
    let mut uri = String::from("file:");
    for byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(*byte));
            }
            _ => uri.push_str(&format!("%{byte:02x}")),
        }
    }
    uri.push_str(if log_is_empty {
        "?mode=ro&immutable=1"
    } else {
        "?mode=ro"
    });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(uri, flags)?)
}

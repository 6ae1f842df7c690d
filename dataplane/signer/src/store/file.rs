//! One SQLite file of the store: how it is made, opened and read. Knows nothing of
//! keys, and never decides which file to believe.
//!
//! Write-ahead logging with full synchronisation: a commit is one append to the log
//! and one sync. The lock is exclusive, so there is no shared memory file.

use aws_lc_rs::digest;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::bytes::Writer;
use super::error::StoreError;
use super::paths::{remove, with_suffix};
use super::row::{COLUMNS, DIGEST_BYTES, Place, Row, RowView};
use super::seal::{FORMAT, StoreId};

/// SQLite's application id: "GHSG".
pub const APPLICATION_ID: i32 = 0x4748_5347;
/// Pages in the log from which it is moved into the file: a megabyte to read after a crash.
const LOG_PAGES: u64 = 250;

const SCHEMA: &str = "
CREATE TABLE store (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL, kek INTEGER NOT NULL, head BLOB NOT NULL) STRICT;
CREATE TABLE keks (number INTEGER NOT NULL, slot INTEGER NOT NULL, wrapped BLOB NOT NULL, PRIMARY KEY (number, slot)) STRICT, WITHOUT ROWID;
CREATE TABLE rows (kind INTEGER NOT NULL, name BLOB NOT NULL, number INTEGER NOT NULL, kek INTEGER NOT NULL, body BLOB NOT NULL, sealed BLOB, mac BLOB NOT NULL, PRIMARY KEY (kind, name, number)) STRICT, WITHOUT ROWID;
CREATE TABLE audit (number INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
";
const ALL_SCHEMA: &str =
    "SELECT type || ':' || name || ':' || coalesce(sql, '') FROM sqlite_schema ORDER BY name";

/// A KEK wrapped under one sealing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrap {
    pub kek: u32,
    /// Which sealing key: 0, and 1 while it is being changed.
    pub slot: u32,
    pub wrapped: Vec<u8>,
}

/// What the head keeps of these, in their order.
#[must_use]
pub fn digest_of(wraps: &[Wrap]) -> [u8; DIGEST_BYTES] {
    let mut writer = Writer::new("wraps");
    for wrap in wraps {
        writer.u32(wrap.kek).u32(wrap.slot).bytes(&wrap.wrapped);
    }
    let digest = digest::digest(&digest::SHA256, &writer.finish());
    let mut bytes = [0; DIGEST_BYTES];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// What stands before the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub store_id: StoreId,
    pub wraps: Vec<Wrap>,
    /// The KEK that sealed the head.
    pub head_kek: u32,
    pub head: Vec<u8>,
}

/// Why a file can't be read as a store.
#[derive(Debug)]
pub enum Unreadable {
    /// The format of the first releases.
    Format1,
    /// A later one than this program knows.
    Newer(u32),
    Damaged(String),
}

impl From<rusqlite::Error> for Unreadable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

pub struct StoreFile {
    pub(super) path: Option<PathBuf>,
    pub(super) connection: Connection,
    /// Up to where the log has room on the disk.
    pub(super) reserved: u64,
}

impl StoreFile {
    /// Opens to read, and changes nothing in the directory that a later start would
    /// miss: a log that isn't empty is read and left.
    ///
    /// # Errors
    /// `Damaged` when SQLite can't open it.
    pub fn open_to_read(path: &Path) -> Result<Self, Unreadable> {
        let log_is_empty =
            fs::metadata(with_suffix(path, "-wal")).map_or(true, |log| log.len() == 0);
        let connection = if log_is_empty {
            // Nobody else changes it: without this SQLite would make a log to read.
            let uri = format!("file:{}?mode=ro&immutable=1", escaped(path));
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
                | OpenFlags::SQLITE_OPEN_URI
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(uri, flags)?
        } else {
            let connection = open_existing(path)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection
        };
        Ok(Self::new(Some(path), connection))
    }

    /// # Errors
    /// When SQLite can't open it for writing.
    pub fn open_to_write(path: &Path) -> Result<Self, StoreError> {
        let connection = open_existing(path)?;
        connection.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;
             PRAGMA wal_autocheckpoint = {LOG_PAGES}"
        ))?;
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        // What a crash left in the log may hold keys that were destroyed. A full disk keeps it.
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        // A flipped bit in the header can make a file that is read but not written.
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
        if mode != "wal" {
            return Err(StoreError::Io {
                message: format!("{} has no write-ahead log", path.display()),
            });
        }
        Ok(Self::new(Some(path), connection))
    }

    /// Holds the rows that are left of a damaged store: nothing is written anywhere.
    ///
    /// # Errors
    /// What `fill` gives.
    pub fn in_memory(header: &Header, rows: &[Row]) -> Result<Self, StoreError> {
        let file = Self::new(None, Connection::open_in_memory()?);
        file.fill(header, |file| {
            rows.iter().try_for_each(|row| file.insert(row))
        })?;
        Ok(file)
    }

    fn new(path: Option<&Path>, connection: Connection) -> Self {
        connection.set_prepared_statement_cache_capacity(32);
        Self {
            path: path.map(Path::to_path_buf),
            connection,
            reserved: 0,
        }
    }

    /// Makes a whole file under a name that nobody opens, and syncs it.
    ///
    /// # Errors
    /// When the disk refuses; what was begun is left for `remove`.
    pub fn make(
        path: &Path,
        header: &Header,
        rows: impl FnOnce(&Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        remove(path)?;
        // SQLite gives the logs the mode of the file.
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        let connection = open_existing(path)?;
        // Broken off, the file is thrown away: no journal is needed.
        connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
        let file = Self::new(Some(path), connection);
        file.fill(header, rows)?;
        file.connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
        file.close()?;
        Ok(File::open(path)?.sync_all()?)
    }

    fn fill(
        &self,
        header: &Header,
        rows: impl FnOnce(&Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.connection
            .pragma_update(None, "application_id", APPLICATION_ID)?;
        self.connection
            .pragma_update(None, "user_version", FORMAT)?;
        self.connection.execute_batch("BEGIN EXCLUSIVE")?;
        self.connection.execute_batch(SCHEMA)?;
        self.connection.execute(
            "INSERT INTO store (one, id, kek, head) VALUES (1, ?1, ?2, ?3)",
            params![header.store_id, header.head_kek, header.head],
        )?;
        self.write_wraps(&header.wraps)?;
        rows(self)?;
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// # Errors
    /// `Format1`, `Newer`, or `Damaged` when it isn't laid out as this program does it.
    pub fn header(&self) -> Result<Header, Unreadable> {
        let connection = &self.connection;
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        if number("application_id")? != i64::from(APPLICATION_ID) {
            return Err(Unreadable::Damaged("it is no store of this program".into()));
        }
        match u32::try_from(number("user_version")?).unwrap_or(0) {
            1 => return Err(Unreadable::Format1),
            FORMAT => {}
            newer if newer > FORMAT => return Err(Unreadable::Newer(newer)),
            _ => return Err(Unreadable::Damaged("it has no format".into())),
        }
        let plain = Connection::open_in_memory()?;
        plain.execute_batch(SCHEMA)?;
        if schema(&plain)? != schema(connection)? {
            return Err(Unreadable::Damaged("its tables are not the store's".into()));
        }
        let (store_id, head_kek, head) =
            connection.query_row("SELECT id, kek, head FROM store", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let wraps = connection
            .prepare("SELECT number, slot, wrapped FROM keks ORDER BY number, slot")?
            .query_map([], |row| {
                Ok(Wrap {
                    kek: row.get(0)?,
                    slot: row.get(1)?,
                    wrapped: row.get(2)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(Header {
            store_id,
            wraps,
            head_kek,
            head,
        })
    }

    /// Every row by kind, name, number; or the other way round.
    ///
    /// # Errors
    /// SQLite's, where a page is damaged: the rows before it were seen.
    pub fn scan(
        &self,
        backwards: bool,
        mut seen: impl FnMut(&RowView<'_>),
    ) -> Result<(), rusqlite::Error> {
        let order = if backwards { "DESC" } else { "ASC" };
        let mut statement = self.connection.prepare(&format!(
            "SELECT {COLUMNS} FROM rows ORDER BY kind {order}, name {order}, number {order}"
        ))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            // A value of a wrong type is a damaged row, not the end of the file.
            if let Ok(view) = RowView::from_sql(row) {
                seen(&view);
            }
        }
        Ok(())
    }

    /// The audit's records, which prove themselves: they are carried, never read here.
    ///
    /// # Errors
    /// SQLite's.
    pub fn copy_audit(&self, to: &Self) -> Result<(), StoreError> {
        let mut records = self
            .connection
            .prepare("SELECT number, record FROM audit ORDER BY number")?;
        let mut insert = to
            .connection
            .prepare("INSERT INTO audit (number, record) VALUES (?1, ?2)")?;
        let mut rows = records.query([])?;
        while let Some(row) = rows.next()? {
            let record = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            insert.execute(params![row.get::<_, i64>(0)?, record])?;
        }
        Ok(())
    }

    /// # Errors
    /// SQLite's.
    pub fn row(&self, place: &Place) -> Result<Option<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM rows WHERE kind = ?1 AND name = ?2 AND number = ?3"
        ))?;
        let found = statement
            .query_row(params![place.kind, place.name, place.number], |row| {
                Ok(RowView::from_sql(row)?.to_row())
            })
            .optional()?;
        Ok(found)
    }

    /// The first rows after a place, at most `limit`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn rows_after(&self, place: &Place, limit: usize) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM rows WHERE (kind, name, number) > (?1, ?2, ?3)
             ORDER BY kind, name, number LIMIT ?4"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement
            .query_map(
                params![place.kind, place.name, place.number, limit],
                |row| Ok(RowView::from_sql(row)?.to_row()),
            )?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Rows whose KEK isn't this one.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_not_under(&self, kek: u32) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM rows WHERE kek <> ?1";
        let count: i64 = self.connection.query_row(sql, [kek], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The open transaction, for rows of other tables that are to be in it.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// # Errors
    /// SQLite's.
    pub fn close(self) -> Result<(), StoreError> {
        self.connection.close().map_err(|(_, error)| error.into())
    }
}

fn open_existing(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
    )?;
    Ok(connection)
}

fn schema(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(ALL_SCHEMA)?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// A path as SQLite's URIs want it.
fn escaped(path: &Path) -> String {
    let mut escaped = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                escaped.push(char::from(*byte));
            }
            _ => escaped.push_str(&format!("%{byte:02x}")),
        }
    }
    escaped
}

//! Why the store did not do what it was asked. After every one of these but
//! `Unsettled` the store is as it was before.

use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The key is destroyed, for good.
    Destroyed { id: String },
    /// No such key.
    NotFound { id: String },
    /// The id is, or was, in use.
    Exists { id: String },
    /// The key was changed since the caller looked: it has this revision now.
    Stale { id: String, revision: u64 },
    /// The request id was used for another request.
    RequestReused,
    /// A bound of `bounds` is reached.
    Full { what: &'static str, most: usize },
    /// A value is longer than its bound, or empty where it may not be.
    Invalid { what: &'static str },
    /// The row of this key, or of one of its versions, is damaged in both files.
    Damaged { id: String },
    /// No running MAC held at the start: changes wait for the operator.
    LossNotAccepted,
    /// The recovery recipient is set once.
    RecipientSet,
    /// The sealing key is being changed already.
    RewrapRunning,
    /// The signer was started with a sealing key that has been replaced since.
    SealingKeyReplaced,
    /// There is no room on the disk.
    DiskFull,
    /// The disk takes no writes.
    ReadOnly,
    /// Pages of one of the two files are damaged.
    FileDamaged,
    /// The disk or SQLite refused.
    Io { message: String },
    /// The first file has a change, or may have it after a crash, that was refused since,
    /// and it could not be taken back yet: the next change tries that first.
    Unsettled { message: String },
    /// The cryptographic library failed.
    Crypto,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Destroyed { id } => write!(f, "key {id:?} is destroyed; make another one"),
            Self::NotFound { id } => write!(f, "there is no key {id:?}"),
            Self::Exists { id } => write!(
                f,
                "the id {id:?} is or was in use; choose another, or leave it empty"
            ),
            Self::Stale { id, revision } => write!(
                f,
                "key {id:?} has revision {revision} now; look at it again, then repeat the change"
            ),
            Self::RequestReused => write!(
                f,
                "this request_id came before with another request; choose a new one"
            ),
            Self::Full { what, most } => write!(
                f,
                "the store is full: {most} {what} at most; use another appliance, or more versions of fewer keys"
            ),
            Self::Invalid { what } => write!(f, "{what} is empty, too long or too many"),
            Self::Damaged { id } => write!(
                f,
                "key {id:?} is damaged in both files of the store; restore it from a backup"
            ),
            Self::LossNotAccepted => write!(
                f,
                "the store is damaged and takes no changes; restore its files, or start the signer once with --accept-loss to go on with the keys that are whole"
            ),
            Self::RecipientSet => write!(f, "the recovery recipient is set already, for good"),
            Self::RewrapRunning => write!(
                f,
                "the sealing key is being changed already; wait until no keys are left, then try again"
            ),
            Self::SealingKeyReplaced => write!(
                f,
                "the signer runs with a sealing key that has been replaced; start it with the new one, then change that"
            ),
            Self::DiskFull => write!(
                f,
                "no room on the disk of the key store; make room, then try again. Nothing was changed"
            ),
            Self::ReadOnly => write!(
                f,
                "the disk of the key store takes no writes; mount it for writing, then try again. Nothing was changed"
            ),
            Self::FileDamaged => write!(
                f,
                "a file of the key store is damaged and could not be made anew. Nothing was changed; look at the disk, then restart the signer"
            ),
            Self::Io { message } => write!(
                f,
                "the key store could not be written ({message}). Nothing was changed; look at the disk, then try again"
            ),
            Self::Unsettled { message } => write!(
                f,
                "the key store failed half way ({message}); mend the disk, then look at what you changed and try again"
            ),
            Self::Crypto => write!(f, "the cryptographic library failed; try again"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            Some(rusqlite::ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::FileDamaged
            }
            _ => Self::Io {
                message: error.to_string(),
            },
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Io {
                message: error.to_string(),
            },
        }
    }
}

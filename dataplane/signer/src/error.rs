//! Why the signer did not start: one line that says what is wrong and what to
//! do, and an exit code by which a supervisor can tell the kinds apart.

use std::fmt;

/// What kind of obstacle it is. The codes are those of BSD's sysexits where one fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The machine refused something (a directory, a socket): 71.
    System,
    /// The store is damaged or of an unknown version: 65.
    CorruptStore,
    /// There is no usable sealing key: 66.
    NoSealingKey,
    /// The store that was there is gone; it may come back, with its disk: 72.
    StoreGone,
    /// Another signer is using the store or the socket: 75.
    InUse,
    /// The sealing key is not the one that this store was made with: 78.
    WrongSealingKey,
}

impl Kind {
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::CorruptStore => 65,
            Kind::NoSealingKey => 66,
            Kind::System => 71,
            Kind::StoreGone => 72,
            Kind::InUse => 75,
            Kind::WrongSealingKey => 78,
        }
    }
}

/// An error for the operator: never holds key material.
#[derive(Debug)]
pub struct StartError {
    pub kind: Kind,
    pub message: String,
}

impl StartError {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub fn system(message: impl Into<String>) -> Self {
        Self::new(Kind::System, message)
    }

    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Kind::CorruptStore, message)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}

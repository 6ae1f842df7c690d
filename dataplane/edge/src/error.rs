//! Why the edge did not start: one line that says what is wrong and what to do,
//! and an exit code by which a supervisor can tell the kinds apart.

use std::fmt;

/// What kind of obstacle it is. The codes are those of BSD's sysexits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The machine refused something (an address, a socket): 71.
    System,
}

impl Kind {
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::System => 71,
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
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}

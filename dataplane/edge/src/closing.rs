//! The end of a connection: FIN is sent, and what still comes is read and forgotten
//! for a short time. A socket closed with unread bytes makes the kernel send a
//! reset, which can overtake the alert that says why.

use std::io::ErrorKind;
use std::time::Instant;

use crate::front::Stream;
use crate::limits::{LINGER_BYTES, LINGER_TIME};

pub struct Closing {
    until: Instant,
    forgotten: usize,
}

impl Closing {
    pub fn begin<S: Stream>(stream: &mut S, last_bytes: &[u8], now: Instant) -> Self {
        // It is the first or the last that is sent; one that finds no room isn't worth a wait.
        let _ = stream.write(last_bytes);
        stream.shutdown_write();
        Self {
            until: now + LINGER_TIME,
            forgotten: 0,
        }
    }

    /// For a connection that has nothing to say and nobody to wait for.
    #[must_use]
    pub fn nothing(now: Instant) -> Self {
        Self {
            until: now,
            forgotten: 0,
        }
    }

    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.until
    }

    /// True when nothing is left to wait for.
    pub fn drive<S: Stream>(&mut self, stream: &mut S, scratch: &mut [u8], now: Instant) -> bool {
        while now < self.until && self.forgotten < LINGER_BYTES {
            match stream.read(scratch) {
                Ok(0) => return true,
                Ok(read) => self.forgotten += read,
                Err(error) => return !matches!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        true
    }
}

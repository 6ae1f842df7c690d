//! Whether a socket is worth a read: an edge-triggered poll says once that bytes
//! came, and a read that doesn't fill its buffer took them all. Saves the read that
//! only says so. An end that was reported is read up to, as no event comes for it.

use std::io::{self, ErrorKind, Read};

pub struct Ready {
    readable: bool,
    ended: bool,
}

impl Ready {
    /// For a new socket: there may be something already.
    #[must_use]
    pub fn new() -> Self {
        Self {
            readable: true,
            ended: false,
        }
    }

    /// What an event of the poll says.
    pub fn note(&mut self, readable: bool, ended: bool) {
        self.readable |= readable || ended;
        self.ended |= ended;
    }

    /// # Errors
    /// WouldBlock when nothing is there, without asking the socket when that is known.
    pub fn read(&mut self, from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.readable {
            return Err(ErrorKind::WouldBlock.into());
        }
        loop {
            match from.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.readable = error.kind() != ErrorKind::WouldBlock;
                    return Err(error);
                }
                Ok(read) => {
                    self.readable = read == 0 || read == buffer.len() || self.ended;
                    return Ok(read);
                }
            }
        }
    }
}

impl Default for Ready {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives these, counts how often it was asked.
    struct Source(Vec<io::Result<usize>>, usize);

    impl Read for Source {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            self.0.remove(0)
        }
    }

    fn would_block() -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    #[test]
    fn a_short_read_is_the_last_until_the_next_event() {
        let (mut ready, mut buffer) = (Ready::new(), [0; 8]);
        let mut source = Source(vec![Ok(8), Ok(3), Ok(2), would_block()], 0);
        assert_eq!(ready.read(&mut source, &mut buffer).unwrap(), 8);
        assert_eq!(ready.read(&mut source, &mut buffer).unwrap(), 3);
        assert!(ready.read(&mut source, &mut buffer).is_err());
        assert_eq!(source.1, 2);
        ready.note(false, false);
        assert!(ready.read(&mut source, &mut buffer).is_err());
        ready.note(true, false);
        assert_eq!(ready.read(&mut source, &mut buffer).unwrap(), 2);
        ready.note(true, false);
        assert!(ready.read(&mut source, &mut buffer).is_err());
        assert!(ready.read(&mut source, &mut buffer).is_err());
        assert_eq!(source.1, 4);
    }

    #[test]
    fn an_end_that_came_with_bytes_is_read_up_to() {
        let (mut ready, mut buffer) = (Ready::new(), [0; 8]);
        let mut source = Source(vec![Ok(3), Ok(0)], 0);
        ready.note(true, true);
        assert_eq!(ready.read(&mut source, &mut buffer).unwrap(), 3);
        assert_eq!(ready.read(&mut source, &mut buffer).unwrap(), 0);
    }
}

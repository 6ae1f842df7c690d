//! age files (age-encryption.org/v1) for one X25519 reader: opened as a stream, in bounded
//! memory. Never says more of a file that doesn't open than which of its parts it was.

use age::stream::StreamReader;
use age::x25519::Identity;
use age::{DecryptError, Decryptor};
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// The library holds a header in memory until it ends: one for a few recipients has 1 KiB.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Why an age file doesn't open.
#[derive(Debug)]
pub enum AgeError {
    /// It doesn't begin as one, or its header has no end.
    NotAge,
    /// It is encrypted to somebody else, or the part that says to whom was changed.
    OtherRecipient,
    /// It was cut or changed.
    Damaged,
    /// The disk refused.
    Io(io::Error),
}

impl fmt::Display for AgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAge => write!(f, "it is no age file"),
            Self::OtherRecipient => write!(f, "it is encrypted to another key"),
            Self::Damaged => write!(f, "it was cut or changed"),
            Self::Io(error) => write!(f, "it can't be read: {error}"),
        }
    }
}

impl AgeError {
    /// What an error while reading the content means. The library's own have no number
    /// of the system's.
    #[must_use]
    pub fn of_reading(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(_) => Self::Io(error),
            None => Self::Damaged,
        }
    }
}

/// The content of a file. Authentic piece by piece, and as a whole only when read to its end.
///
/// # Errors
/// `AgeError`.
pub fn open<R: BufRead>(
    file: R,
    identity: &Identity,
) -> Result<StreamReader<HeaderBound<R>>, AgeError> {
    let left = Rc::new(Cell::new(MAX_HEADER_BYTES));
    let bound = HeaderBound {
        inner: file,
        left: Rc::clone(&left),
    };
    let decryptor = Decryptor::new_buffered(bound).map_err(|error| match error {
        DecryptError::Io(error) if error.raw_os_error().is_some() => AgeError::Io(error),
        _ => AgeError::NotAge,
    })?;
    left.set(usize::MAX);
    let opened = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity));
    opened.map_err(|error| match error {
        DecryptError::NoMatchingKeys => AgeError::OtherRecipient,
        _ => AgeError::Damaged,
    })
}

/// Ends a reader after so many bytes, until it is told otherwise.
pub struct HeaderBound<R> {
    inner: R,
    left: Rc<Cell<usize>>,
}

impl<R: BufRead> Read for HeaderBound<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let found = self.fill_buf()?;
        let len = found.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..len), found.get(..len)) {
            to.copy_from_slice(from);
        }
        self.consume(len);
        Ok(len)
    }
}

impl<R: BufRead> BufRead for HeaderBound<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let found = self.inner.fill_buf()?;
        Ok(found.get(..left).unwrap_or(found))
    }

    fn consume(&mut self, len: usize) {
        let left = self.left.get();
        if left != usize::MAX {
            self.left.set(left.saturating_sub(len));
        }
        self.inner.consume(len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn sealed(identity: &Identity, content: &[u8]) -> Vec<u8> {
        age::encrypt(&identity.to_public(), content).unwrap()
    }

    fn content(file: &[u8], identity: &Identity) -> Result<Vec<u8>, AgeError> {
        let mut read = Vec::new();
        open(file, identity)?
            .read_to_end(&mut read)
            .map_err(AgeError::of_reading)?;
        Ok(read)
    }

    #[test]
    fn a_file_opens_for_its_reader_and_for_no_other() {
        let (one, other) = (Identity::generate(), Identity::generate());
        let long = vec![7; 200_000];
        let file = sealed(&one, &long);
        assert_eq!(content(&file, &one).unwrap(), long);
        assert!(matches!(
            content(&file, &other),
            Err(AgeError::OtherRecipient)
        ));
    }

    #[test]
    fn no_cut_and_no_changed_byte_goes_through() {
        let identity = Identity::generate();
        let file = sealed(&identity, &vec![7; 70_000]);
        for len in (0..400).chain((400..file.len()).step_by(997)) {
            assert!(content(&file[..len], &identity).is_err(), "{len}");
        }
        for at in (0..400).chain((400..file.len()).step_by(997)) {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert!(content(&changed, &identity).is_err(), "{at}");
        }
        let mut longer = file;
        longer.push(0);
        assert!(content(&longer, &identity).is_err());
    }

    /// Says how much was taken of it.
    struct Endless(Rc<Cell<usize>>, Vec<u8>);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let taken = self.0.get();
            let mut buffer = buffer;
            let piece: Vec<u8> = self
                .1
                .iter()
                .copied()
                .cycle()
                .skip(taken % self.1.len())
                .take(buffer.len())
                .collect();
            buffer.write_all(&piece)?;
            self.0.set(taken + piece.len());
            Ok(piece.len())
        }
    }

    #[test]
    fn a_header_without_an_end_is_not_read_to_its_end() {
        let identity = Identity::generate();
        let body = format!("{}\n", "A".repeat(64));
        for line in [body.as_bytes(), b"A", b"-> X25519 A\n"] {
            let taken = Rc::new(Cell::new(0));
            let start = &b"age-encryption.org/v1\n-> X25519 AAAA\n"[..];
            let endless = Endless(Rc::clone(&taken), line.to_vec());
            let file = io::BufReader::new(start.chain(endless));
            assert!(matches!(open(file, &identity), Err(AgeError::NotAge)));
            assert!(taken.get() <= 4 * MAX_HEADER_BYTES, "{}", taken.get());
        }
    }
}

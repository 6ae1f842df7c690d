//! What a backup holds inside its age file (proto/gatehouse/backup/v1/content.proto), record
//! by record and in bounded memory. Never takes a record that isn't exactly what it would
//! write itself: what this release doesn't know must not be lost in silence.

use prost::Message;
use std::fmt;
use std::io::{Read, Write};
use zeroize::{Zeroize, Zeroizing};

use crate::age_file::AgeError;
use crate::proto::backup::v1::backup_record::Record;
use crate::proto::backup::v1::{BackupEnd, BackupHeader, BackupKey, BackupRecord};
use crate::store::bounds::MAX_KEYS;

/// The first line, but for its number.
const MAGIC: &str = "gatehouse backup ";
/// The format that this release writes and reads.
pub const FORMAT: u32 = 1;
/// A key with the most versions of the longest private and public halves has 3 MiB.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;
/// The longest first line: ten digits.
const MAX_MAGIC_BYTES: usize = MAGIC.len() + 11;

/// Why a file isn't taken.
#[derive(Debug)]
pub enum ContentError {
    Age(AgeError),
    /// It is an age file of something else.
    NoBackup,
    /// Of a later release.
    OtherFormat(u32),
    /// It isn't what a signer writes.
    Malformed(String),
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age(error) => write!(f, "{error}"),
            Self::NoBackup => write!(f, "it holds no backup of this product"),
            Self::OtherFormat(format) => write!(
                f,
                "its format is {format} and this signer reads {FORMAT}; restore it with the release that wrote it, or a later one"
            ),
            Self::Malformed(what) => write!(f, "{what}"),
        }
    }
}

fn malformed(what: &str) -> ContentError {
    ContentError::Malformed(what.to_owned())
}

/// Wipes a key's private halves when it goes.
pub struct ClearKey(pub BackupKey);

impl Drop for ClearKey {
    fn drop(&mut self) {
        self.0.private_keys.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Writes one backup. Without `finish` it is none.
pub struct ContentWriter<W> {
    out: W,
    keys: u64,
}

impl<W: Write> ContentWriter<W> {
    /// # Errors
    /// Those of `out`, as everywhere here.
    pub fn new(mut out: W, header: BackupHeader) -> std::io::Result<Self> {
        writeln!(out, "{MAGIC}{FORMAT}")?;
        let mut writer = Self { out, keys: 0 };
        writer.record(&Record::Header(header))?;
        Ok(writer)
    }

    /// # Errors
    /// As `new`.
    pub fn key(&mut self, key: BackupKey) -> std::io::Result<()> {
        self.keys += 1;
        let mut record = Record::Key(key);
        let written = self.record(&record);
        if let Record::Key(key) = &mut record {
            key.private_keys.iter_mut().for_each(Zeroize::zeroize);
        }
        written
    }

    /// # Errors
    /// As `new`.
    pub fn finish(mut self, left_out: u64) -> std::io::Result<W> {
        let keys = self.keys;
        self.record(&Record::End(BackupEnd { keys, left_out }))?;
        Ok(self.out)
    }

    fn record(&mut self, record: &Record) -> std::io::Result<()> {
        let bytes = encoded(record);
        let mut len = Vec::new();
        prost::encoding::encode_varint(bytes.len() as u64, &mut len);
        self.out.write_all(&len)?;
        self.out.write_all(&bytes)
    }
}

/// As `BackupRecord` has it.
fn encoded(record: &Record) -> Zeroizing<Vec<u8>> {
    // All of its room at once: growing would leave private keys behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(record.encoded_len()));
    record.encode(&mut *bytes);
    bytes
}

/// Reads one backup, key by key.
#[derive(Debug)]
pub struct ContentReader<R> {
    input: R,
    pub header: BackupHeader,
    last_id: String,
    keys: u64,
    ended: bool,
}

impl<R: Read> ContentReader<R> {
    /// # Errors
    /// `ContentError`.
    pub fn new(mut input: R) -> Result<Self, ContentError> {
        let format = read_magic(&mut input)?;
        if format != FORMAT {
            return Err(ContentError::OtherFormat(format));
        }
        match read_record(&mut input)? {
            Some(Record::Header(header)) => Ok(Self {
                input,
                header,
                last_id: String::new(),
                keys: 0,
                ended: false,
            }),
            _ => Err(malformed("its first record is no header")),
        }
    }

    /// The next key; none after the last, when the file was read to its end and is whole.
    ///
    /// # Errors
    /// `ContentError`.
    pub fn next_key(&mut self) -> Result<Option<ClearKey>, ContentError> {
        if self.ended {
            return Ok(None);
        }
        match read_record(&mut self.input)? {
            Some(Record::Key(key)) => {
                let key = ClearKey(key);
                let id = key.0.key.as_ref().map_or("", |key| key.id.as_str());
                if id <= self.last_id.as_str() {
                    return Err(malformed("its keys are not in the order of their ids"));
                }
                if self.keys >= MAX_KEYS as u64 {
                    return Err(malformed("it has more keys than a store takes"));
                }
                id.clone_into(&mut self.last_id);
                self.keys += 1;
                Ok(Some(key))
            }
            Some(Record::End(end)) => {
                if end.keys != self.keys {
                    return Err(malformed("it has not as many keys as its end says"));
                }
                if read_some(&mut self.input, &mut [0])? != 0 {
                    return Err(malformed("there is something behind its end"));
                }
                self.ended = true;
                Ok(None)
            }
            Some(Record::Header(_)) => Err(malformed("it has a second header")),
            None => Err(malformed("it has no end: it was cut")),
        }
    }
}

fn read_magic(input: &mut impl Read) -> Result<u32, ContentError> {
    let mut line = Vec::with_capacity(MAX_MAGIC_BYTES);
    let mut byte = [0];
    loop {
        if read_some(input, &mut byte)? == 0 || line.len() >= MAX_MAGIC_BYTES {
            return Err(ContentError::NoBackup);
        }
        if byte == *b"\n" {
            break;
        }
        line.extend_from_slice(&byte);
    }
    let text = std::str::from_utf8(&line).ok();
    let number = text.and_then(|line| line.strip_prefix(MAGIC));
    number
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or(ContentError::NoBackup)
}

/// None at the end of the input.
fn read_record(input: &mut impl Read) -> Result<Option<Record>, ContentError> {
    let Some(len) = read_length(input)? else {
        return Ok(None);
    };
    let mut bytes = Zeroizing::new(vec![0; len]);
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_some(input, rest)? {
            0 => return Err(malformed("it ends within a record: it was cut")),
            more => filled += more,
        }
    }
    let unknown = || malformed("it has a record that this signer doesn't know");
    let decoded = BackupRecord::decode(bytes.as_slice()).map_err(|_| unknown())?;
    let record = decoded.record.ok_or_else(unknown)?;
    if encoded(&record).as_slice() != bytes.as_slice() {
        if let Record::Key(key) = record {
            drop(ClearKey(key));
        }
        return Err(unknown());
    }
    Ok(Some(record))
}

fn read_length(input: &mut impl Read) -> Result<Option<usize>, ContentError> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    loop {
        if read_some(input, &mut byte)? == 0 {
            return match bytes.is_empty() {
                true => Ok(None),
                false => Err(malformed("it ends within a record: it was cut")),
            };
        }
        bytes.extend_from_slice(&byte);
        if byte[0] < 0x80 {
            break;
        }
        if bytes.len() >= 4 {
            return Err(malformed("it has a record that is too long"));
        }
    }
    let len = prost::encoding::decode_varint(&mut bytes.as_slice()).unwrap_or(u64::MAX);
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    match len <= MAX_RECORD_BYTES {
        true => Ok(Some(len)),
        false => Err(malformed("it has a record that is too long")),
    }
}

fn read_some(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ContentError> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ContentError::Age(AgeError::of_reading(error))),
            Ok(len) => return Ok(len),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::Key;

    fn key(id: &str) -> BackupKey {
        BackupKey {
            key: Some(Key {
                id: id.into(),
                labels: [("a".into(), "b".into())].into(),
                ..Key::default()
            }),
            private_keys: vec![vec![7; 200]],
        }
    }

    fn written(keys: &[BackupKey]) -> Vec<u8> {
        let header = BackupHeader {
            generation: 3,
            ..BackupHeader::default()
        };
        let mut writer = ContentWriter::new(Vec::new(), header).unwrap();
        for one in keys {
            writer.key(one.clone()).unwrap();
        }
        writer.finish(0).unwrap()
    }

    fn read(bytes: &[u8]) -> Result<(BackupHeader, Vec<BackupKey>), ContentError> {
        let mut reader = ContentReader::new(bytes)?;
        let mut keys = Vec::new();
        while let Some(key) = reader.next_key()? {
            keys.push(key.0.clone());
        }
        assert!(reader.next_key()?.is_none());
        Ok((reader.header, keys))
    }

    #[test]
    fn what_was_written_is_read_and_no_shorter_piece_is() {
        let keys = [key("a"), key("b"), key("c")];
        let bytes = written(&keys);
        assert!(bytes.starts_with(b"gatehouse backup 1\n"));
        let (header, back) = read(&bytes).unwrap();
        assert_eq!((header.generation, back.as_slice()), (3, &keys[..]));
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "{len}");
        }
        let longer = [&bytes[..], b"\0"].concat();
        assert!(read(&longer).is_err());
    }

    #[test]
    fn what_is_no_backup_or_a_later_one_is_told_apart() {
        let said = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        let later = [&b"gatehouse backup 2\n"[..], &written(&[])[19..]].concat();
        assert!(said(&later).contains("format is 2"), "{}", said(&later));
        for other in [
            &b"gatehouse backup \n"[..],
            b"gatehouse backup +1\n",
            b"gatehouse backup 99999999999\n",
            b"",
            &[b'x'; 100],
            b"GATEHOUSE backup 1\n",
        ] {
            assert!(matches!(read(other), Err(ContentError::NoBackup)));
        }
    }

    #[test]
    fn records_in_the_wrong_places_are_refused() {
        let said = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert!(said(&written(&[key("b"), key("a")])).contains("order"));
        assert!(said(&written(&[key("a"), key("a")])).contains("order"));
        let whole = written(&[key("a")]);
        let header = written(&[]).len() - 3;
        let no_header = [&whole[..19], &whole[header..]].concat();
        assert!(
            said(&no_header).contains("no header"),
            "{}",
            said(&no_header)
        );
        let long = [&b"gatehouse backup 1\n"[..], &[0xff, 0xff, 0xff, 0x7f]].concat();
        assert!(said(&long).contains("too long"));
    }

    #[test]
    fn more_keys_than_a_store_takes_are_not_counted_up() {
        let file = written(&[key("a")]);
        let begun = |keys| {
            let mut reader = ContentReader::new(file.as_slice()).unwrap();
            reader.keys = keys;
            reader.next_key().map(|key| key.is_some())
        };
        assert!(begun(MAX_KEYS as u64 - 1).unwrap());
        assert!(
            begun(MAX_KEYS as u64)
                .unwrap_err()
                .to_string()
                .contains("more keys")
        );
    }

    #[test]
    fn a_field_that_this_release_does_not_know_is_refused() {
        let header = BackupRecord {
            record: Some(Record::Header(BackupHeader::default())),
        };
        // Field 15 of the record, a varint.
        let mut bytes = header.encode_to_vec();
        bytes.extend_from_slice(&[0x78, 1]);
        let file = [&b"gatehouse backup 1\n"[..], &[bytes.len() as u8], &bytes].concat();
        assert!(read(&file).unwrap_err().to_string().contains("know"));
    }

    proptest::proptest! {
        #[test]
        fn changed_bytes_are_another_backup_that_is_written_so_or_none(
            at in 0_usize..1000, byte: u8, more in proptest::collection::vec(proptest::num::u8::ANY, 0..20)
        ) {
            let mut bytes = written(&[key("a"), key("b")]);
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.splice(at..at, more);
            if let Ok((header, keys)) = read(&bytes) {
                let mut writer = ContentWriter::new(Vec::new(), header).unwrap();
                for key in keys {
                    writer.key(key).unwrap();
                }
                let end = writer.finish(0).unwrap();
                // But for how many were left out, which is the last record's.
                let known = end.len() - 6;
                proptest::prop_assert_eq!(&end[..known.min(bytes.len())], &bytes[..known.min(bytes.len())]);
            }
        }

        #[test]
        fn random_bytes_end_in_an_error(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let file = [&b"gatehouse backup 1\n"[..], &bytes].concat();
            proptest::prop_assert!(read(&bytes).is_err());
            let _ = read(&file);
        }
    }
}

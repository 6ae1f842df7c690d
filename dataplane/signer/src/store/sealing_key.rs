//! The sealing key: 32 secret bytes that the operator gives. Never logs them, and
//! gives them to nothing but the derivation of the keys of one store.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

use crate::error::{Kind, StartError};
use crate::limits::MAX_SEALING_KEY_FILE_BYTES;

pub const SEALING_KEY_BYTES: usize = 32;

/// 32 secret bytes given by the operator; erased when dropped.
pub struct SealingKey(Zeroizing<[u8; SEALING_KEY_BYTES]>);

impl SealingKey {
    /// Reads a file of 32 raw bytes, 64 hexadecimal digits or base64 of 32 bytes;
    /// the text forms may end in a line break.
    ///
    /// # Errors
    /// `Kind::NoSealingKey`, naming the file and how to make one.
    pub fn read(path: &Path) -> Result<Self, StartError> {
        let refuse = |what: String| {
            StartError::new(
                Kind::NoSealingKey,
                format!(
                    "sealing key {}: {what}. Make one with: (umask 077; head -c 32 /dev/urandom | base64 > FILE)",
                    path.display()
                ),
            )
        };
        let file = File::open(path).map_err(|error| refuse(format!("can't be read ({error})")))?;
        // The whole capacity at once: growing would leave copies behind.
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(MAX_SEALING_KEY_FILE_BYTES as usize + 32));
        file.take(MAX_SEALING_KEY_FILE_BYTES)
            .read_to_end(&mut bytes)
            .map_err(|error| refuse(format!("can't be read ({error})")))?;
        Self::parse(&bytes).ok_or_else(|| {
            refuse(format!(
                "has {} bytes that are neither 32 raw bytes, nor 64 hexadecimal digits, nor base64 of 32 bytes",
                bytes.len()
            ))
        })
    }

    /// The key in any of its three forms; none when the bytes are something else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() == SEALING_KEY_BYTES {
            return Self::from_bytes(bytes);
        }
        let text = bytes.trim_ascii();
        if text.len() == 2 * SEALING_KEY_BYTES {
            return Self::from_bytes(&from_hex(text)?);
        }
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            // What was decoded up to an error is wiped as well.
            let mut decoded = Zeroizing::new(vec![0_u8; base64::decoded_len_estimate(text.len())]);
            if let Ok(len) = engine.decode_slice(text, &mut decoded) {
                return Self::from_bytes(decoded.get(..len)?);
            }
        }
        None
    }

    /// Its 32 bytes, and no other form.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0; SEALING_KEY_BYTES]);
        if bytes.len() != key.len() {
            return None;
        }
        key.copy_from_slice(bytes);
        Some(Self(key))
    }

    /// For what derives keys from it, and for what keeps it over a restart.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

fn from_hex(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.chunks_exact(2) {
        let high = char::from(*pair.first()?).to_digit(16)?;
        let low = char::from(*pair.last()?).to_digit(16)?;
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";

    #[test]
    fn the_three_forms_of_a_sealing_key_are_the_same_key() {
        let hex: String = RAW.iter().map(|byte| format!("{byte:02x}")).collect();
        for form in [
            RAW.to_vec(),
            hex.clone().into_bytes(),
            format!("{hex}\n").into_bytes(),
            STANDARD.encode(RAW).into_bytes(),
            format!("{}\n", URL_SAFE_NO_PAD.encode(RAW)).into_bytes(),
        ] {
            assert_eq!(*SealingKey::parse(&form).unwrap().0, RAW);
        }
    }

    #[test]
    fn anything_else_is_no_sealing_key() {
        for form in [
            &b""[..],
            b"short",
            &[b'z'; 64],
            &[0; 31],
            &[0; 33],
            &[b'A'; 200],
        ] {
            assert!(SealingKey::parse(form).is_none());
        }
    }
}

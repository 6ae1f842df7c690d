//! The signer's own age key, made at each start and kept nowhere: what an administrator
//! encrypts to it, the agent relays and can't read. What is opened is wiped when dropped.

use age::x25519::Identity;
use std::io::Read;
use zeroize::Zeroizing;

use crate::age_file::{self, AgeError, MAX_HEADER_BYTES};

/// What age adds behind its header to one chunk: a nonce and a tag.
const OVERHEAD_BYTES: usize = 32;

/// Why a secret isn't taken.
#[derive(Debug)]
pub enum Unopened {
    Age(AgeError),
    /// It is longer than any secret of its kind.
    TooLong,
}

pub struct TransportKey {
    identity: Identity,
    recipient: String,
}

impl TransportKey {
    #[must_use]
    pub fn generate() -> Self {
        let identity = Identity::generate();
        let recipient = identity.to_public().to_string();
        Self {
            identity,
            recipient,
        }
    }

    /// "age1…"
    #[must_use]
    pub fn recipient(&self) -> &str {
        &self.recipient
    }

    /// A secret of at most so many bytes.
    ///
    /// # Errors
    /// `Unopened`.
    pub fn open(&self, sealed: &[u8], max_bytes: usize) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        if sealed.len() > MAX_HEADER_BYTES + max_bytes + OVERHEAD_BYTES {
            return Err(Unopened::TooLong);
        }
        let content = age_file::open(sealed, &self.identity).map_err(Unopened::Age)?;
        // The whole capacity at once: growing would leave copies behind.
        let mut secret = Zeroizing::new(Vec::with_capacity(max_bytes + 64));
        content
            .take(max_bytes as u64 + 1)
            .read_to_end(&mut secret)
            .map_err(|error| Unopened::Age(AgeError::of_reading(error)))?;
        if secret.len() > max_bytes {
            return Err(Unopened::TooLong);
        }
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_opened_up_to_its_bound_by_the_key_that_it_was_sealed_to() {
        let (one, other) = (TransportKey::generate(), TransportKey::generate());
        assert_ne!(one.recipient(), other.recipient());
        let to: age::x25519::Recipient = one.recipient().parse().unwrap();
        let sealed = age::encrypt(&to, b"secret").unwrap();
        assert_eq!(one.open(&sealed, 6).unwrap().as_slice(), b"secret");
        assert!(matches!(one.open(&sealed, 5), Err(Unopened::TooLong)));
        assert!(matches!(
            other.open(&sealed, 6),
            Err(Unopened::Age(AgeError::OtherRecipient))
        ));
        let long = age::encrypt(&to, &[0; 20_000]).unwrap();
        assert!(matches!(one.open(&long, 6), Err(Unopened::TooLong)));
        for len in 0..sealed.len() {
            assert!(one.open(&sealed[..len], 6).is_err(), "{len}");
        }
    }
}

//! What keys can do: made, imported, exported for sealing, signing, verifying, their
//! public halves. Knows nothing of names, states, policies or where keys are kept.
//! A private half leaves only as PKCS#8 for the store, which seals it; no input,
//! however hostile, may panic here.

mod ecdsa_encoding;
mod error;
mod hashing;
mod import;
mod kind;
mod private_key;
mod public_key;
mod rsa_import;

pub use ecdsa_encoding::Encoding;
pub use error::{ImportError, PublicKeyError, SignError};
pub use hashing::{Hashing, Input, digest_len};
pub use import::MAX_PKCS8_BYTES;
pub use kind::Kind;
pub use private_key::PrivateKey;
pub use public_key::PublicKey;

//! A key for session tickets. rustls' own rotates at its own pace; one of ours never
//! lives long enough for that, as `TicketRotator` replaces it as a whole.

use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::ProducesTickets;
use std::sync::Arc;

#[derive(Debug)]
pub struct FreshKey(Arc<dyn ProducesTickets>);

impl FreshKey {
    /// # Errors
    /// When the machine gives no random bytes.
    pub fn generate() -> Result<Box<dyn ProducesTickets>, rustls::crypto::GetRandomFailed> {
        match Ticketer::new() {
            Ok(one) => Ok(Box::new(Self(one))),
            Err(_) => Err(rustls::crypto::GetRandomFailed),
        }
    }
}

impl ProducesTickets for FreshKey {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.0.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.0.encrypt(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(cipher)
    }
}

//! Secrets that come encrypted to the signer, and the change of the sealing key: begun by a
//! call, done in the background a batch at a time, gone on with at every start. Signing
//! doesn't notice; other changes wait for a batch at most.

use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tonic::{Code, Status};
use zeroize::Zeroizing;

use super::status::{invalid, refuse};
use super::{Shared, in_background, listing};
use crate::age_file::AgeError;
use crate::limits::{MAX_REWRAP_PAUSE, MIN_REWRAP_PAUSE};
use crate::proto::v1::{ChangeSealingKeyRequest, SealingStatus, TransportKey};
use crate::store::sealing_key::{SEALING_KEY_BYTES, SealingKey};
use crate::transport_key::Unopened;

pub fn transport_key(shared: &Shared) -> TransportKey {
    TransportKey {
        recipient: shared.transport_key.recipient().to_owned(),
    }
}

impl Shared {
    /// A secret of at most so many bytes, sealed to this signer's transport key.
    ///
    /// # Errors
    /// Why it doesn't open; of the secret nothing is said.
    pub fn open_sealed(
        &self,
        field: &str,
        sealed: &[u8],
        max_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, Status> {
        let opened = self.transport_key.open(sealed, max_bytes);
        opened.map_err(|error| match error {
            Unopened::Age(AgeError::OtherRecipient) => refuse(
                Code::FailedPrecondition,
                "TRANSPORT_KEY_CHANGED",
                format!(
                    "{field}: it isn't encrypted to this signer's transport key, which is another one after each start of the signer; ask Sealing.GetTransportKey for it, then try again"
                ),
            ),
            Unopened::Age(error) => invalid(format!("{field}: {error}")),
            Unopened::TooLong => invalid(format!("{field}: at most {max_bytes} bytes, encrypted")),
        })
    }

    /// # Errors
    /// The secret is none, or a change to another key goes on.
    pub fn change_sealing_key(
        &self,
        request: &ChangeSealingKeyRequest,
    ) -> Result<SealingStatus, Status> {
        let secret = self.open_sealed("sealed_key", &request.sealed_key, SEALING_KEY_BYTES)?;
        let key = SealingKey::from_bytes(&secret).ok_or_else(|| {
            invalid(format!(
                "sealed_key: {SEALING_KEY_BYTES} bytes, encrypted to Sealing.GetTransportKey's recipient"
            ))
        })?;
        // Before the store has it: a restart anywhere after that finds one that opens.
        // To its end: of two calls with two keys the one that the store takes is kept.
        let kept = self.kept_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref() {
            kept.prepare(&key).map_err(|error| {
                refuse(
                    Code::Unavailable,
                    "",
                    format!("the new key can't be kept for a restart: {error}; nothing was changed, try again"),
                )
            })?;
        }
        let begun = self.store.begin_rewrap(&key);
        if let Some(kept) = kept.as_ref() {
            kept.settle(begun.is_ok());
        }
        drop(kept);
        begun?;
        tracing::info!("the sealing key is being changed");
        self.rewrap_begun.notify_one();
        Ok(listing::sealing(self))
    }

    /// Seals anew what is left of a change of the sealing key, now and whenever one is
    /// begun. Never ends by itself.
    pub async fn rewrap_when_begun(self: Arc<Self>) {
        let mut pause = MIN_REWRAP_PAUSE;
        loop {
            let shared = Arc::clone(&self);
            let done = in_background(move || Ok(shared.store.rewrap_some()?)).await;
            match done {
                Ok(progress) if progress.running => pause = MIN_REWRAP_PAUSE,
                Ok(progress) => {
                    tracing::info!(
                        generation = progress.generation,
                        "every key is under the sealing key"
                    );
                    self.rewrap_begun.notified().await;
                    continue;
                }
                Err(error) => {
                    pause = (2 * pause).clamp(Duration::from_secs(1), MAX_REWRAP_PAUSE);
                    let message = error.message();
                    tracing::warn!(
                        message,
                        ?pause,
                        "the change of the sealing key waits, and is tried again"
                    );
                }
            }
            // Others that wait for the store get their turn.
            tokio::time::sleep(pause).await;
        }
    }
}

//! Makes private keys on a thread of its own, one after the other: RSA-4096 takes a
//! second or more, which no signature should wait for.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use tokio::sync::oneshot;

use crate::algorithms::{Kind, PrivateKey, SignError};
use crate::limits::MAX_WAITING_KEYS;

/// Politeness of the thread (nice(2)): signing goes first where both want the core.
pub const NICE: i32 = 10;

/// About what the slowest kind takes.
const KEY_MS: u32 = 1_000;

type Order = (Kind, oneshot::Sender<Result<PrivateKey, SignError>>);

/// Dropping it ends the thread after what it was asked for.
pub struct Keygen {
    orders: SyncSender<Order>,
}

/// Why no key was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeygenError {
    /// As many wait as may.
    Full {
        retry_after_ms: u32,
    },
    Failed,
}

impl Keygen {
    /// # Errors
    /// When the machine has no thread left.
    pub fn start() -> std::io::Result<Self> {
        let (orders, receive) = sync_channel(MAX_WAITING_KEYS);
        thread::Builder::new()
            .name("keygen".into())
            .spawn(move || work(&receive))?;
        Ok(Self { orders })
    }

    /// # Errors
    /// `KeygenError`.
    pub async fn generate(&self, kind: Kind) -> Result<PrivateKey, KeygenError> {
        let (send, made) = oneshot::channel();
        self.orders
            .try_send((kind, send))
            .map_err(|error| match error {
                TrySendError::Full(_) => KeygenError::Full {
                    retry_after_ms: KEY_MS,
                },
                TrySendError::Disconnected(_) => KeygenError::Failed,
            })?;
        match made.await {
            Ok(Ok(key)) => Ok(key),
            _ => Err(KeygenError::Failed),
        }
    }
}

fn work(orders: &Receiver<Order>) {
    // A thread's own, in Linux. Where it is forbidden the kernel shares the core evenly.
    let _ = rustix::process::setpriority_process(None, NICE);
    while let Ok((kind, answer)) = orders.recv() {
        // Whoever asked may be gone.
        if !answer.is_closed() {
            let _ = answer.send(PrivateKey::generate(kind));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn every_kind_is_made_and_more_than_may_wait_are_refused() {
        let keygen = Keygen::start().unwrap();
        for kind in [
            Kind::Rsa2048,
            Kind::P256,
            Kind::P384,
            Kind::P521,
            Kind::Ed25519,
        ] {
            assert_eq!(keygen.generate(kind).await.unwrap().kind(), kind);
        }
        let orders = (0..MAX_WAITING_KEYS + 2).map(|_| keygen.generate(Kind::Rsa2048));
        let made = futures_join(orders).await;
        let full = KeygenError::Full {
            retry_after_ms: KEY_MS,
        };
        let refused = made
            .iter()
            .filter(|made| made.as_ref().err() == Some(&full));
        assert!((1..=2).contains(&refused.count()));
    }

    async fn futures_join<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
        let mut all: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
        std::future::poll_fn(|context| {
            for (one, done) in &mut all {
                if done.is_none()
                    && let std::task::Poll::Ready(value) = one.as_mut().poll(context)
                {
                    *done = Some(value);
                }
            }
            match all.iter().all(|(_, done)| done.is_some()) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
        all.into_iter().filter_map(|(_, done)| done).collect()
    }
}

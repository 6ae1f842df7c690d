//! Destroys keys whose time has come, and only while the appliance knows the time: a
//! clock that is set wrong must not cost a key.

use std::sync::Arc;

use super::{Shared, in_background};
use crate::clock::wall_ms;
use crate::limits::{DELETION_TICK, DELETIONS_PER_TICK};

impl Shared {
    /// Never ends by itself.
    pub async fn delete_when_due(self: Arc<Self>) {
        let mut tick = tokio::time::interval(DELETION_TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if !self.clock.get() {
                continue;
            }
            let shared = Arc::clone(&self);
            let done = in_background(move || {
                let now_ms = wall_ms();
                for id in shared.store.due(now_ms, DELETIONS_PER_TICK) {
                    shared.destroy_due(&id, now_ms)?;
                    tracing::info!(key = id, "destroyed: its time had come");
                }
                Ok(())
            });
            if let Err(error) = done.await {
                tracing::warn!(
                    message = error.message(),
                    "a key that is to be deleted is still there"
                );
            }
        }
    }
}

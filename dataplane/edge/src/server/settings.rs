//! How a configuration comes into force: looked for once a second, taken whole or not
//! at all. What is bad is logged, changes nothing, and is tried again.

use gatehouse_common::notify::notify;
use std::net::SocketAddr;
use std::time::Instant;

use super::{LISTENERS, METRICS, Server};
use crate::config::Unusable;
use crate::front::Front;
use crate::generation::Generation;
use crate::limits::LOOK_PAUSE;
use crate::room::make_room;

impl<F: Front> Server<F> {
    /// Once a second.
    pub(super) fn look(&mut self, now: Instant) {
        self.look_at = now + LOOK_PAUSE;
        if self.draining.is_some() {
            return;
        }
        if self.source.changed() {
            self.reload(now);
        } else if self.refused.is_some() {
            self.try_again(now);
        } else if !self.unbound.is_empty() {
            self.listen();
        }
    }

    /// Takes what the files say now, or keeps what was there before if they can't be
    /// used.
    pub(super) fn reload(&mut self, now: Instant) {
        self.look_at = now + LOOK_PAUSE;
        match self.source.load() {
            Ok(generation) => self.take(generation, now),
            Err(error) => self.refuse(error),
        }
        self.listen();
    }

    /// The same files again: what kept them from being read (no descriptor left, a mode)
    /// may be over, and a revocation list mustn't be missed for it. Says what it said
    /// before once.
    fn try_again(&mut self, now: Instant) {
        match self.source.load() {
            Ok(generation) => {
                self.take(generation, now);
                self.listen();
            }
            Err(error) if self.refused.as_ref() == Some(&error) => {}
            Err(error) => self.refuse(error),
        }
    }

    fn take(&mut self, generation: Generation, now: Instant) {
        let limits = &generation.limits;
        make_room(limits.connections);
        self.table
            .set_handshakes_per_second(limits.handshakes_per_second, now);
        self.table.metrics.configurations_taken += 1;
        // What is open is held against the new anchors and lists at once.
        self.recheck_at = now;
        tracing::info!(file = %generation.config.path.display(), "configuration taken");
        self.generation = Some(generation);
        self.refused = None;
    }

    fn refuse(&mut self, error: Unusable) {
        self.table.metrics.configurations_refused += 1;
        match &self.generation {
            Some(_) => {
                tracing::error!(%error, "configuration not taken: the old one stays in use")
            }
            None => tracing::warn!(%error, "no configuration yet: nothing is listened on"),
        }
        self.refused = Some(error);
    }

    fn listen(&mut self) {
        let config = self.generation.as_ref().map(|one| &one.config);
        let wanted = config.map_or(&[][..], |config| &config.listen);
        let registry = self.poll.registry();
        let mut unbound = self.front.listen(wanted, registry, LISTENERS);
        let metrics = config.and_then(|config| config.metrics.as_deref());
        unbound.extend(self.metrics.listen(metrics, registry, METRICS));
        for error in unbound.iter().filter(|one| !self.unbound.contains(one)) {
            tracing::error!(error, "an address is not listened on");
        }
        self.unbound = unbound;
        // Who waited in a queue is reported only once, maybe before this.
        self.accept_at = Some(Instant::now());
        let addresses = self.front.addresses();
        if self.said.as_ref() != Some(&addresses) {
            (self.on_ready)(&addresses);
            self.tell_systemd(&addresses);
            self.said = Some(addresses);
        }
    }

    fn tell_systemd(&self, addresses: &[SocketAddr]) {
        let addresses: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        let status = match addresses.as_slice() {
            [] => format!("listening on nothing; looking at {}", self.file.display()),
            all => format!("listening on {}", all.join(", ")),
        };
        if let Err(error) = notify(&format!("READY=1\nSTATUS={status}")) {
            tracing::warn!(%error, "systemd was not told that the edge is ready");
        }
    }
}

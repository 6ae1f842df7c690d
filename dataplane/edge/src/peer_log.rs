//! Log lines about peers, so many a second: a flood of refusals must not fill the
//! journal. Says how many were left out.

use std::net::SocketAddr;
use std::time::Instant;

use crate::bucket::Bucket;
use crate::limits::MAX_PEER_LINES_PER_SECOND;
use crate::reason::{Ending, Reason};

pub struct PeerLog {
    lines: Bucket,
    left_out: u64,
}

impl PeerLog {
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            lines: Bucket::new(MAX_PEER_LINES_PER_SECOND, now),
            left_out: 0,
        }
    }

    /// Why the edge ended a connection.
    pub fn ending(&mut self, now: Instant, peer: SocketAddr, proven: bool, ending: &Ending) {
        let why = &ending.why;
        self.say(now, || match ending.reason {
            Reason::Agent => tracing::warn!(%peer, why, "connection closed: the agent's socket failed. Is the agent running?"),
            _ if proven => tracing::info!(%peer, why, "connection closed"),
            _ => tracing::info!(%peer, why, "connection refused"),
        });
    }

    pub fn say(&mut self, now: Instant, line: impl FnOnce()) {
        if !self.lines.take(now) {
            self.left_out += 1;
            return;
        }
        if self.left_out > 0 {
            tracing::warn!(lines = self.left_out, "lines about peers left out");
            self.left_out = 0;
        }
        line();
    }
}

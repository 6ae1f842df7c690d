//! When a connection did what, and so by when it must do the next.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::limits::Limits;
use crate::pipe::Pipe;
use crate::proxy::Timing;
use crate::reason::{Ending, Reason};

pub struct Times {
    pub accepted_at: Instant,
    /// The same by the clock on the wall, since 1970.
    accepted_since_1970: Duration,
    /// The end of the handshake; for a plain connection its beginning.
    pub proven_at: Option<Instant>,
    /// TLS only: by when all of the handshake was worked off, which is what it took.
    pub handshake_end: Option<Instant>,
    /// Its first byte for the agent.
    pub back_wanted_at: Option<Instant>,
    /// The next attempt to reach the agent.
    pub back_retry_at: Option<Instant>,
    pub half_closed_at: Option<Instant>,
}

impl Times {
    #[must_use]
    pub fn new(accepted_at: Instant) -> Self {
        Self {
            accepted_at,
            accepted_since_1970: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .saturating_sub(accepted_at.elapsed()),
            proven_at: None,
            handshake_end: None,
            back_wanted_at: None,
            back_retry_at: None,
            half_closed_at: None,
        }
    }

    /// What the agent is told of it. A clock that is set meanwhile doesn't matter.
    #[must_use]
    pub fn timing(&self) -> Timing {
        let since_1970 =
            |at: Instant| self.accepted_since_1970 + at.saturating_duration_since(self.accepted_at);
        Timing {
            accepted: self.accepted_since_1970,
            handshake_end: self.handshake_end.map(since_1970),
        }
    }

    /// When the handshake must be done.
    #[must_use]
    pub fn handshake_deadline(&self, limits: &Limits) -> Instant {
        self.accepted_at + limits.handshake_time
    }

    /// Why it ends now, if it took too long over its handshake.
    #[must_use]
    pub fn slow_handshake(&self, limits: &Limits, now: Instant) -> Option<Ending> {
        (self.handshake_deadline(limits) <= now)
            .then(|| Ending::new(Reason::Slow, "the handshake took too long"))
    }

    /// When a connection that carries must be driven at the latest.
    #[must_use]
    pub fn deadline(&self, pipe: &Pipe, limits: &Limits) -> Option<Instant> {
        let first = match (self.proven_at, self.back_retry_at) {
            (None, _) => Some(self.handshake_deadline(limits)),
            (_, Some(retry)) => Some(retry),
            (Some(proven), None) if !pipe.has_back() => Some(proven + limits.first_byte_time),
            _ => None,
        };
        let stall = pipe.stalled_since.map(|since| since + limits.stall_time);
        let half = self.half_closed_at.map(|at| at + limits.half_closed_time);
        [first, stall, half].into_iter().flatten().min()
    }

    /// Why a connection that carries ends now, if its time is over.
    #[must_use]
    pub fn overdue(&self, pipe: &Pipe, limits: &Limits, now: Instant) -> Option<Ending> {
        if self.proven_at.is_none() {
            return self.slow_handshake(limits, now);
        }
        let deadline = self.deadline(pipe, limits);
        // Another attempt to reach the agent is no end; it counts its own time.
        if self.back_retry_at.is_some() || deadline.is_none_or(|at| at > now) {
            return None;
        }
        Some(if !pipe.has_back() {
            Ending::new(Reason::Silent, "nothing came from it for the agent")
        } else if self.half_closed_at.is_some() {
            Ending::new(Reason::HalfClosed, "one direction outlived the other")
        } else {
            Ending::new(Reason::Stalled, "it reads nothing")
        })
    }
}

//! What each peer has: connections now, and handshakes in the last second. Holds an
//! entry only for a peer that has a connection, or had one within some seconds.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::limits::MAX_REMEMBERED_PEERS;

/// Whom a connection is counted against.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Peer {
    V4([u8; 4]),
    /// The first 64 bits: a host chooses the others as it likes (RFC 4291, 2.5.1).
    V6([u8; 8]),
}

impl Peer {
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Peer::V4(v4.octets()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Peer::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

#[derive(Default)]
struct Share {
    connections: usize,
    /// When its handshakes so far are paid for, at so many a second.
    paid_at: Option<Instant>,
    /// Stands in `gone`, once: who comes and goes pushes nobody else out.
    is_queued: bool,
}

#[derive(Default)]
pub struct Peers {
    shares: HashMap<Peer, Share>,
    /// Those that left while still paying, the oldest first; some may be back.
    gone: VecDeque<Peer>,
}

impl Peers {
    /// Counts one more connection, unless the peer has `most` already.
    pub fn enter(&mut self, peer: Peer, most: usize, now: Instant) -> bool {
        self.forget(now);
        let share = self.shares.entry(peer).or_default();
        let enters = share.connections < most;
        if enters {
            share.connections += 1;
        }
        enters
    }

    pub fn leave(&mut self, peer: Peer, now: Instant) {
        let Some(share) = self.shares.get_mut(&peer) else {
            return;
        };
        share.connections = share.connections.saturating_sub(1);
        if share.connections > 0 || share.is_queued {
            return;
        }
        if share.paid_at.is_some_and(|at| at > now) {
            share.is_queued = true;
            self.gone.push_back(peer);
        } else {
            self.shares.remove(&peer);
        }
    }

    /// When a handshake of this peer may begin, at `per_second` and with one second's
    /// worth at once (GCRA). None: later than `within`, so there is no sense in waiting.
    pub fn book_handshake(
        &mut self,
        peer: Peer,
        per_second: u32,
        within: Duration,
        now: Instant,
    ) -> Option<Instant> {
        let share = self.shares.get_mut(&peer)?;
        let step = Duration::from_secs(1) / per_second.max(1);
        let paid_at = share.paid_at.map_or(now, |at| at.max(now)) + step;
        let begin = paid_at
            .checked_sub(Duration::from_secs(1))
            .map_or(now, |at| at.max(now));
        if begin > now + within {
            return None;
        }
        share.paid_at = Some(paid_at);
        Some(begin)
    }

    /// Those that have paid, and the oldest if there are too many.
    fn forget(&mut self, now: Instant) {
        while let Some(peer) = self.gone.front() {
            if let Some(share) = self.shares.get_mut(peer) {
                let is_back = share.connections > 0;
                let pays = share.paid_at.is_some_and(|at| at > now);
                if !is_back && pays && self.gone.len() <= MAX_REMEMBERED_PEERS {
                    return;
                }
                if is_back {
                    share.is_queued = false;
                } else {
                    self.shares.remove(peer);
                }
            }
            self.gone.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn peer(address: &str) -> Peer {
        Peer::of(address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_host_is_counted_by_its_64_and_a_mapped_address_as_ipv4() {
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
    }

    #[test]
    fn a_peer_at_its_limit_waits_for_one_to_leave_and_costs_nothing_when_gone() {
        let (mut peers, one, now) = (Peers::default(), peer("192.0.2.1"), Instant::now());
        assert!(peers.enter(one, 2, now) && peers.enter(one, 2, now));
        assert!(!peers.enter(one, 2, now));
        assert!(peers.enter(peer("192.0.2.2"), 2, now));
        peers.leave(one, now);
        assert!(peers.enter(one, 2, now));
        for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
            peers.leave(peer(address), now);
        }
        assert!(peers.shares.is_empty());
    }

    #[test]
    fn handshakes_beyond_a_seconds_worth_wait_and_leaving_does_not_pay_for_them() {
        let (mut peers, one, start) = (Peers::default(), peer("192.0.2.1"), Instant::now());
        let mut begun = Vec::new();
        for _ in 0..8 {
            // A connection of its own each, as one who wants to be taken for another.
            peers.enter(one, 9, start);
            let at = peers.book_handshake(one, 4, SECOND, start);
            begun.push(at.map(|at| (at - start).as_millis()));
            peers.leave(one, start);
        }
        let waits = [250, 500, 750, 1000].map(Some);
        assert_eq!(begun[..4], [Some(0); 4]);
        assert_eq!(begun[4..], waits);
        // And at some point there is no sense in waiting.
        peers.enter(one, 9, start);
        peers.book_handshake(one, 4, SECOND, start);
        assert_eq!(peers.book_handshake(one, 4, SECOND, start), None);
        peers.leave(one, start);
        // Another one isn't concerned.
        let other = peer("192.0.2.2");
        peers.enter(other, 9, start);
        assert_eq!(peers.book_handshake(other, 4, SECOND, start), Some(start));
        // When all is paid for, it is forgotten.
        peers.leave(other, start);
        let later = start + SECOND * 4;
        peers.enter(other, 9, later);
        assert_eq!(peers.shares.len(), 1);
    }

    #[test]
    fn so_many_peers_are_remembered_and_no_more() {
        let (mut peers, now) = (Peers::default(), Instant::now());
        for number in 0..u32::try_from(MAX_REMEMBERED_PEERS).unwrap() * 2 {
            let one = Peer::V4(number.to_be_bytes());
            peers.enter(one, 1, now);
            peers.book_handshake(one, 1, SECOND, now);
            peers.leave(one, now);
        }
        assert!(peers.shares.len() <= MAX_REMEMBERED_PEERS + 2);
    }

    #[test]
    fn who_comes_and_goes_is_remembered_once_and_pushes_nobody_out() {
        let (mut peers, now) = (Peers::default(), Instant::now());
        let (quiet, restless) = (peer("192.0.2.1"), peer("192.0.2.2"));
        for one in [quiet, restless] {
            peers.enter(one, 1, now);
            peers.book_handshake(one, 1, SECOND, now);
            peers.leave(one, now);
        }
        for _ in 0..=MAX_REMEMBERED_PEERS {
            peers.enter(restless, 1, now);
            peers.leave(restless, now);
        }
        assert_eq!((peers.shares.len(), peers.gone.len()), (2, 2));
    }
}

//! How many connections each peer has. Holds an entry only for a peer that has one,
//! so it is bounded by the number of connections.

use std::collections::HashMap;
use std::net::IpAddr;

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
pub struct Peers(HashMap<Peer, usize>);

impl Peers {
    /// Counts one more connection, unless the peer has `most` already.
    pub fn enter(&mut self, peer: Peer, most: usize) -> bool {
        let has = self.0.get(&peer).copied().unwrap_or_default();
        if has >= most {
            return false;
        }
        self.0.insert(peer, has + 1);
        true
    }

    pub fn leave(&mut self, peer: Peer) {
        match self.0.get_mut(&peer) {
            Some(has) if *has > 1 => *has -= 1,
            _ => drop(self.0.remove(&peer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let (mut peers, one) = (Peers::default(), peer("192.0.2.1"));
        assert!(peers.enter(one, 2) && peers.enter(one, 2));
        assert!(!peers.enter(one, 2));
        assert!(peers.enter(peer("192.0.2.2"), 2));
        peers.leave(one);
        assert!(peers.enter(one, 2));
        for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
            peers.leave(peer(address));
        }
        assert!(peers.0.is_empty());
    }
}

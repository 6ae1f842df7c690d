//! The open connections: who has a place, whose deadline is next, who waits for a
//! handshake. A fault in one connection ends that connection only.

mod deadlines;
mod endings;

use mio::{Registry, Token};
use slab::Slab;
use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crate::back::BackPlace;
use crate::bucket::Bucket;
use crate::connection::Connection;
use crate::front::{Accepted, Stream};
use crate::generation::Generation;
use crate::limits::QUEUE_BYTES;
use crate::metrics::Metrics;
use crate::peer_log::PeerLog;
use crate::peers::{Peer, Peers};
use crate::reason::{Ending, Reason};
use crate::world::{Outcome, World};

/// What every connection shares while one is driven.
#[derive(Clone, Copy)]
pub struct Shared<'a> {
    pub now: Instant,
    pub registry: &'a Registry,
    pub generation: &'a Generation,
}

/// A connection's two sockets share its key.
fn front_token(key: usize) -> Token {
    Token(key * 2)
}

fn back_token(key: usize) -> Token {
    Token(key * 2 + 1)
}

struct Entry<S> {
    connection: Connection<S>,
    armed: Option<Instant>,
    /// Stands in the queue for a handshake.
    waiting: bool,
    /// Bytes that somebody hasn't taken yet, and since when none was taken.
    queued_bytes: usize,
    stuck_since: Instant,
}

pub struct Table<S> {
    connections: Slab<Entry<S>>,
    peers: Peers,
    deadlines: BTreeSet<(Instant, usize)>,
    /// To be driven in this turn, and at the next handshake that may begin.
    again: VecDeque<usize>,
    waiting: VecDeque<usize>,
    /// Whose certificates are to be verified again.
    rechecks: VecDeque<usize>,
    handshakes: Bucket,
    queued_bytes: usize,
    pub metrics: Metrics,
    pub log: PeerLog,
    scratch: Vec<u8>,
}

impl<S: Stream> Table<S> {
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self {
            connections: Slab::new(),
            peers: Peers::default(),
            deadlines: BTreeSet::new(),
            again: VecDeque::new(),
            waiting: VecDeque::new(),
            rechecks: VecDeque::new(),
            handshakes: Bucket::new(1, now),
            queued_bytes: 0,
            metrics: Metrics::default(),
            log: PeerLog::new(now),
            scratch: vec![0; QUEUE_BYTES],
        }
    }

    /// A new configuration's limits; connections that are open keep their places.
    pub fn set_handshakes_per_second(&mut self, per_second: u32, now: Instant) {
        self.handshakes = Bucket::new(per_second, now);
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.queued_bytes
    }

    /// How many stand in the queue for a handshake.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// What the poll says of a connection's socket. Returns whom to drive.
    pub fn note(&mut self, event: &mio::event::Event) -> usize {
        let Token(token) = event.token();
        let key = token / 2;
        if let Some(entry) = self.connections.get_mut(key) {
            let readable = event.is_readable();
            let ended = event.is_read_closed() || event.is_error();
            if event.token() == front_token(key) {
                entry.connection.note_front(readable, ended);
            } else {
                entry.connection.note_back(readable, ended);
            }
        }
        key
    }

    /// Those that wait for a handshake go first, in the order in which they came.
    pub fn drive_due(&mut self, due: &[usize], shared: Shared<'_>) {
        while let Some(key) = self.waiting.pop_front() {
            if self.drive(key, shared) == Outcome::WaitForTurn {
                // drive() put it at the end; it was the first.
                self.waiting.pop_back();
                self.waiting.push_front(key);
                break;
            }
        }
        for &key in due {
            if self.may_go(key, shared) {
                self.drive(key, shared);
            }
        }
    }

    /// One that waits for a handshake doesn't pass the others, unless its time is over.
    fn may_go(&self, key: usize, shared: Shared<'_>) -> bool {
        self.connections.get(key).is_some_and(|entry| {
            let deadline = entry.connection.deadline(&shared.generation.limits);
            !entry.waiting || deadline.is_some_and(|at| at <= shared.now)
        })
    }

    /// Gives it a place, if one is left for its peer.
    pub fn take(&mut self, accepted: Accepted<S>, shared: Shared<'_>) {
        let (now, limits) = (shared.now, &shared.generation.limits);
        let (address, peer) = (accepted.peer, Peer::of(accepted.peer.ip()));
        let refused = if self.connections.len() >= limits.connections {
            let why = "there are as many connections as may be";
            Ending::new(Reason::TooMany, why)
        } else if self.peers.enter(peer, limits.connections_per_peer, now) {
            self.metrics.accepted += 1;
            return self.admit(Connection::new(accepted, now), shared);
        } else {
            let why = "the peer has as many connections as it may";
            Ending::new(Reason::TooManyOfPeer, why)
        };
        self.metrics.note_refused(refused.reason);
        self.log.say(now, || {
            let why = &refused.why;
            tracing::warn!(peer = %address, why, "connection refused");
        });
    }

    fn admit(&mut self, connection: Connection<S>, shared: Shared<'_>) {
        let key = self.connections.insert(Entry {
            connection,
            armed: None,
            waiting: false,
            queued_bytes: 0,
            stuck_since: shared.now,
        });
        let registered = match self.connections.get_mut(key) {
            Some(entry) => entry.connection.register(shared.registry, front_token(key)),
            None => Ok(()),
        };
        match registered {
            Ok(()) => drop(self.drive(key, shared)),
            Err(error) => {
                self.remove(key, shared.now);
                self.log.say(
                    shared.now,
                    || tracing::warn!(%error, "no connection can be registered now"),
                );
            }
        }
    }

    fn drive(&mut self, key: usize, shared: Shared<'_>) -> Outcome {
        let Some(entry) = self.connections.get_mut(key) else {
            return Outcome::Gone;
        };
        let listen = Arc::clone(entry.connection.listen());
        let mut world = World {
            now: shared.now,
            generation: shared.generation,
            handshakes: &mut self.handshakes,
            peers: &mut self.peers,
            metrics: &mut self.metrics,
            scratch: &mut self.scratch,
            back: BackPlace {
                registry: shared.registry,
                path: &listen.back,
                token: back_token(key),
            },
        };
        let driven = catch_unwind(AssertUnwindSafe(|| entry.connection.drive(&mut world)));
        let outcome = driven.unwrap_or_else(|_| {
            entry.connection.ending = Some(Ending::new(Reason::Fault, "a fault in the edge"));
            Outcome::Gone
        });
        self.settle(key, outcome, shared);
        outcome
    }

    /// Books what became of a connection.
    fn settle(&mut self, key: usize, outcome: Outcome, shared: Shared<'_>) {
        let Some(entry) = self.connections.get_mut(key) else {
            return;
        };
        let queued = entry.connection.queued_bytes();
        let progressed = std::mem::take(&mut entry.connection.progressed);
        if progressed || queued != entry.queued_bytes {
            self.queued_bytes = self.queued_bytes + queued - entry.queued_bytes;
            entry.queued_bytes = queued;
            entry.stuck_since = shared.now;
        }
        let was_waiting = entry.waiting;
        entry.waiting = outcome == Outcome::WaitForTurn;
        if let Some(ending) = entry.connection.ending.take() {
            let address = entry.connection.address;
            let proven = entry.connection.is_proven();
            self.metrics.note_ending(ending.reason, proven);
            self.log.ending(shared.now, address, proven, &ending);
        }
        if was_waiting {
            // drive_due() took it out, unless its time was over.
            self.waiting.retain(|&other| other != key);
        }
        match outcome {
            Outcome::Gone => self.remove(key, shared.now),
            Outcome::Again => self.again.push_back(key),
            Outcome::WaitForTurn => self.waiting.push_back(key),
            Outcome::Wait => {}
        }
        self.arm(key, shared);
    }

    fn remove(&mut self, key: usize, now: Instant) {
        if let Some(entry) = self.connections.try_remove(key) {
            if let Some(at) = entry.armed {
                self.deadlines.remove(&(at, key));
            }
            if entry.waiting {
                self.waiting.retain(|&other| other != key);
            }
            self.queued_bytes -= entry.queued_bytes;
            self.peers.leave(entry.connection.peer, now);
        }
    }
}

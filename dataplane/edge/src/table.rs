//! The open connections: who has a place, whose deadline is next, who waits for a
//! handshake. A fault in one connection ends that connection only.

use mio::{Registry, Token};
use slab::Slab;
use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use crate::back::BackPlace;
use crate::bucket::Bucket;
use crate::connection::{Connection, Ending, Outcome, World};
use crate::front::{Accepted, Stream};
use crate::generation::Generation;
use crate::limits::QUEUE_BYTES;
use crate::peer_log::PeerLog;
use crate::peers::{Peer, Peers};

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
    peer: Peer,
    armed: Option<Instant>,
    /// Stands in the queue for a handshake.
    waiting: bool,
}

pub struct Table<S> {
    connections: Slab<Entry<S>>,
    peers: Peers,
    deadlines: BTreeSet<(Instant, usize)>,
    /// To be driven in this turn, and at the next handshake that may begin.
    again: VecDeque<usize>,
    waiting: VecDeque<usize>,
    handshakes: Bucket,
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
            handshakes: Bucket::new(1, now),
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

    /// Puts those whose turn has come into `due`, each once.
    pub fn collect_due(&mut self, due: &mut Vec<usize>, now: Instant) {
        due.extend(self.again.drain(..));
        while let Some(&(at, key)) = self.deadlines.first()
            && at <= now
        {
            self.deadlines.pop_first();
            if let Some(entry) = self.connections.get_mut(key) {
                entry.armed = None;
            }
            due.push(key);
        }
        due.sort_unstable();
        due.dedup();
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

    /// When `collect_due` is to be called again.
    #[must_use]
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        if !self.again.is_empty() {
            return Some(now);
        }
        let turn = (!self.waiting.is_empty()).then(|| now + self.handshakes.wait());
        let first = self.deadlines.first().map(|&(at, _)| at);
        [first, turn].into_iter().flatten().min()
    }

    /// Gives it a place, if one is left for its peer.
    pub fn take(&mut self, accepted: Accepted<S>, shared: Shared<'_>) {
        let (now, limits) = (shared.now, &shared.generation.limits);
        let address = accepted.peer;
        let peer = Peer::of(address.ip());
        if self.connections.len() >= limits.connections {
            self.log.say(now, || tracing::warn!(peer = %address, "refused: there are as many connections as may be"));
        } else if self.peers.enter(peer, limits.connections_per_peer) {
            self.admit(Connection::new(accepted, now), peer, shared);
        } else {
            self.log.say(now, || tracing::warn!(peer = %address, "refused: the peer has as many connections as it may"));
        }
    }

    fn admit(&mut self, connection: Connection<S>, peer: Peer, shared: Shared<'_>) {
        let key = self.connections.insert(Entry {
            connection,
            peer,
            armed: None,
            waiting: false,
        });
        let registered = match self.connections.get_mut(key) {
            Some(entry) => entry.connection.register(shared.registry, front_token(key)),
            None => Ok(()),
        };
        match registered {
            Ok(()) => drop(self.drive(key, shared)),
            Err(error) => {
                self.remove(key);
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
        let Shared {
            now, generation, ..
        } = shared;
        let mut world = World {
            now,
            tls: generation.tls.as_ref(),
            limits: &generation.limits,
            handshakes: &mut self.handshakes,
            scratch: &mut self.scratch,
            back: BackPlace {
                registry: shared.registry,
                path: generation.config.back.as_deref().unwrap_or(Path::new("")),
                token: back_token(key),
            },
        };
        let driven = catch_unwind(AssertUnwindSafe(|| entry.connection.drive(&mut world)));
        let outcome = driven.unwrap_or(Outcome::Gone);
        let was_waiting = entry.waiting;
        entry.waiting = outcome == Outcome::WaitForTurn;
        let (address, ending) = (entry.connection.peer, entry.connection.ending.take());
        if was_waiting {
            // drive_due() took it out, unless its time was over.
            self.waiting.retain(|&other| other != key);
        }
        match &outcome {
            Outcome::Gone => self.remove(key),
            Outcome::Again => self.again.push_back(key),
            Outcome::WaitForTurn => self.waiting.push_back(key),
            Outcome::Wait => {}
        }
        self.arm(key, shared);
        match ending {
            Some(Ending::Refused(why)) => self.log.say(
                now,
                || tracing::info!(peer = %address, why, "connection refused"),
            ),
            Some(Ending::BackFailed(why)) => self.log.say(now, || tracing::warn!(peer = %address, why, "connection closed: the agent's socket failed. Is the agent running?")),
            None => {}
        }
        outcome
    }

    /// Keeps one deadline per connection in the order of time.
    fn arm(&mut self, key: usize, shared: Shared<'_>) {
        let Some(entry) = self.connections.get_mut(key) else {
            return;
        };
        let wanted = entry.connection.deadline(&shared.generation.limits);
        if wanted == entry.armed {
            return;
        }
        let before = std::mem::replace(&mut entry.armed, wanted);
        if let Some(at) = before {
            self.deadlines.remove(&(at, key));
        }
        if let Some(at) = wanted {
            self.deadlines.insert((at, key));
        }
    }

    fn remove(&mut self, key: usize) {
        if let Some(entry) = self.connections.try_remove(key) {
            if let Some(at) = entry.armed {
                self.deadlines.remove(&(at, key));
            }
            if entry.waiting {
                self.waiting.retain(|&other| other != key);
            }
            self.peers.leave(entry.peer);
        }
    }

    /// Drops those that have nothing to lose.
    pub fn drop_unused(&mut self) {
        let unused = self
            .connections
            .iter()
            .filter(|(_, entry)| entry.connection.is_unused());
        let unused: Vec<usize> = unused.map(|(key, _)| key).collect();
        unused.into_iter().for_each(|key| self.remove(key));
    }

    /// The process ends: each says goodbye if it can.
    pub fn abandon_all(&mut self) {
        for (_, entry) in &mut self.connections {
            entry.connection.abandon();
        }
    }
}

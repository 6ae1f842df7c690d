//! The one loop: waits for sockets, signals and deadlines, and drives what they
//! name. A fault in one connection ends that connection only.

use mio::net::UnixStream;
use mio::{Events, Interest, Poll, Registry, Token};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;
use slab::Slab;
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use crate::bucket::Bucket;
use crate::connection::{Connection, Ending, Outcome, World};
use crate::front::Front;
use crate::limits::{
    ACCEPT_PAUSE, ACCEPTS_PER_TURN, DRAIN_GRACE, Limits, MAX_PEER_LINES_PER_SECOND, QUEUE_BYTES,
};
use crate::notify::notify;
use crate::peers::{Peer, Peers};
use crate::tls::{Files, Tls};

const LISTENERS: Token = Token(usize::MAX - 1);
const SIGNALS: Token = Token(usize::MAX - 2);
const EVENTS_PER_POLL: usize = 1024;

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

pub struct Server<F: Front> {
    front: F,
    files: Files,
    back: PathBuf,
    limits: Limits,
    tls: Tls,
    poll: Poll,
    signals: Option<Signals>,
    connections: Slab<Entry<F::Stream>>,
    peers: Peers,
    deadlines: BTreeSet<(Instant, usize)>,
    /// To be driven in this turn, and at the next handshake that may begin.
    again: VecDeque<usize>,
    waiting: VecDeque<usize>,
    handshakes: Bucket,
    lines: Bucket,
    unsaid: u64,
    scratch: Vec<u8>,
    accept_at: Option<Instant>,
    /// When a drain ends; set by SIGTERM.
    draining: Option<Instant>,
}

impl<F: Front> Server<F> {
    /// # Errors
    /// When the machine gives no poll.
    pub fn new(
        mut front: F,
        files: Files,
        tls: Tls,
        back: PathBuf,
        limits: Limits,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        front.register(poll.registry(), LISTENERS)?;
        let now = Instant::now();
        Ok(Self {
            front,
            files,
            back,
            tls,
            poll,
            signals: None,
            connections: Slab::new(),
            peers: Peers::default(),
            deadlines: BTreeSet::new(),
            again: VecDeque::new(),
            waiting: VecDeque::new(),
            handshakes: Bucket::new(limits.handshakes_per_second, now),
            lines: Bucket::new(MAX_PEER_LINES_PER_SECOND, now),
            unsaid: 0,
            scratch: vec![0; QUEUE_BYTES],
            accept_at: None,
            draining: None,
            limits,
        })
    }

    /// SIGHUP reloads, SIGTERM and SIGINT drain, a second one ends at once.
    ///
    /// # Errors
    /// When the machine gives no signal handler.
    pub fn listen_for_signals(&mut self) -> io::Result<()> {
        let mut signals = Signals::new([SIGHUP, SIGTERM, SIGINT])?;
        let registry = self.poll.registry();
        registry.register(&mut signals, SIGNALS, Interest::READABLE)?;
        self.signals = Some(signals);
        Ok(())
    }

    /// Serves until a signal ends it.
    ///
    /// # Errors
    /// Only when polling fails.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_PER_POLL);
        let mut due: Vec<usize> = Vec::new();
        loop {
            let now = Instant::now();
            if self.is_finished(now) {
                return Ok(());
            }
            let timeout = self
                .next_deadline(now)
                .map(|at| at.saturating_duration_since(now));
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            let now = Instant::now();
            due.clear();
            due.extend(self.again.drain(..));
            let mut accept = self.accept_at.is_some_and(|at| at <= now);
            for event in &events {
                match event.token() {
                    LISTENERS => accept = true,
                    SIGNALS => {}
                    Token(token) => due.push(token / 2),
                }
            }
            self.take_signals(now);
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
            self.begin_waiting(now);
            for &key in &due {
                if self.may_go(key, now) {
                    self.drive(key, now);
                }
            }
            if accept {
                self.accept(now);
            }
        }
    }

    /// One that waits for a handshake doesn't pass the others, unless its time is over.
    fn may_go(&self, key: usize, now: Instant) -> bool {
        self.connections.get(key).is_some_and(|entry| {
            let deadline = entry.connection.deadline(&self.limits);
            !entry.waiting || deadline.is_some_and(|at| at <= now)
        })
    }

    /// Those that wait for a handshake go first, in the order in which they came.
    fn begin_waiting(&mut self, now: Instant) {
        while let Some(key) = self.waiting.pop_front() {
            if self.drive(key, now) == Outcome::WaitForTurn {
                // drive() put it at the end; it was the first.
                self.waiting.pop_back();
                self.waiting.push_front(key);
                return;
            }
        }
    }

    fn next_deadline(&self, now: Instant) -> Option<Instant> {
        if !self.again.is_empty() {
            return Some(now);
        }
        let turn = (!self.waiting.is_empty()).then(|| now + self.handshakes.wait());
        let first = self.deadlines.first().map(|&(at, _)| at);
        [first, turn, self.accept_at, self.draining]
            .into_iter()
            .flatten()
            .min()
    }

    fn accept(&mut self, now: Instant) {
        self.accept_at = None;
        for _ in 0..ACCEPTS_PER_TURN {
            match self.front.accept() {
                Ok(None) => return,
                Ok(Some(accepted)) => {
                    let peer = Peer::of(accepted.peer.ip());
                    let address = accepted.peer;
                    if self.connections.len() >= self.limits.connections {
                        self.say(now, || tracing::warn!(peer = %address, "refused: there are as many connections as may be"));
                    } else if self.peers.enter(peer, self.limits.connections_per_peer) {
                        self.admit(Connection::new(accepted, now), peer, now);
                    } else {
                        self.say(now, || tracing::warn!(peer = %address, "refused: the peer has as many connections as it may"));
                    }
                }
                Err(error) => {
                    self.say(
                        now,
                        || tracing::warn!(%error, "no connection can be accepted now"),
                    );
                    self.accept_at = Some(now + ACCEPT_PAUSE);
                    return;
                }
            }
        }
        // There may be more.
        self.accept_at = Some(now);
    }

    fn admit(&mut self, connection: Connection<F::Stream>, peer: Peer, now: Instant) {
        let key = self.connections.insert(Entry {
            connection,
            peer,
            armed: None,
            waiting: false,
        });
        let registered = match self.connections.get_mut(key) {
            Some(entry) => entry
                .connection
                .register(self.poll.registry(), front_token(key)),
            None => Ok(()),
        };
        match registered {
            Ok(()) => drop(self.drive(key, now)),
            Err(error) => {
                self.remove(key);
                self.say(
                    now,
                    || tracing::warn!(%error, "no connection can be registered now"),
                );
            }
        }
    }

    fn drive(&mut self, key: usize, now: Instant) -> Outcome {
        let Some(entry) = self.connections.get_mut(key) else {
            return Outcome::Gone;
        };
        let (registry, back) = (self.poll.registry(), &self.back);
        let mut world = World {
            now,
            tls: &self.tls,
            limits: &self.limits,
            handshakes: &mut self.handshakes,
            scratch: &mut self.scratch,
            connect: &mut || connect(registry, back, back_token(key)),
        };
        let driven = catch_unwind(AssertUnwindSafe(|| entry.connection.drive(&mut world)));
        let outcome = driven.unwrap_or(Outcome::Gone);
        let was_waiting = entry.waiting;
        entry.waiting = outcome == Outcome::WaitForTurn;
        let (address, ending) = (entry.connection.peer, entry.connection.ending.take());
        if was_waiting {
            // begin_waiting() took it out, unless its time was over.
            self.waiting.retain(|&other| other != key);
        }
        match &outcome {
            Outcome::Gone => self.remove(key),
            Outcome::Again => self.again.push_back(key),
            Outcome::WaitForTurn => self.waiting.push_back(key),
            Outcome::Wait => {}
        }
        self.arm(key);
        match ending {
            Some(Ending::Refused(why)) => {
                self.say(
                    now,
                    || tracing::info!(peer = %address, why, "connection refused"),
                );
            }
            Some(Ending::BackFailed(why)) => {
                self.say(now, || tracing::warn!(peer = %address, why, "connection closed: the agent's socket failed. Is the agent running?"));
            }
            None => {}
        }
        outcome
    }

    /// Keeps one deadline per connection in the order of time.
    fn arm(&mut self, key: usize) {
        let Some(entry) = self.connections.get_mut(key) else {
            return;
        };
        let wanted = entry.connection.deadline(&self.limits);
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

    fn take_signals(&mut self, now: Instant) {
        let Some(signals) = &mut self.signals else {
            return;
        };
        let taken: Vec<i32> = signals.pending().collect();
        for signal in taken {
            if signal == SIGHUP {
                self.reload();
            } else {
                self.begin_drain(now);
            }
        }
    }

    /// New connections are made with what the files say now, or with what was there
    /// before if they can't be used.
    fn reload(&mut self) {
        match Tls::load(&self.files) {
            Ok(tls) => {
                self.tls = tls;
                tracing::info!("certificates reloaded");
            }
            Err(error) => {
                tracing::error!(%error, "certificates not reloaded: the old ones stay in use");
            }
        }
    }

    fn begin_drain(&mut self, now: Instant) {
        if self.draining.is_some() {
            self.draining = Some(now);
            return;
        }
        tracing::info!(connections = self.connections.len(), "stopping");
        let _ = notify("STOPPING=1");
        self.front.close();
        self.accept_at = None;
        self.draining = Some(now + DRAIN_GRACE);
        let unused = self
            .connections
            .iter()
            .filter(|(_, entry)| entry.connection.is_unused());
        let unused: Vec<usize> = unused.map(|(key, _)| key).collect();
        unused.into_iter().for_each(|key| self.remove(key));
    }

    fn is_finished(&mut self, now: Instant) -> bool {
        let Some(until) = self.draining else {
            return false;
        };
        if now >= until {
            for (_, entry) in &mut self.connections {
                entry.connection.abandon();
            }
        }
        now >= until || self.connections.is_empty()
    }

    /// Logs about peers, so many lines a second.
    fn say(&mut self, now: Instant, line: impl FnOnce()) {
        if !self.lines.take(now) {
            self.unsaid += 1;
            return;
        }
        if self.unsaid > 0 {
            tracing::warn!(lines = self.unsaid, "lines about peers left out");
            self.unsaid = 0;
        }
        line();
    }
}

fn connect(registry: &Registry, path: &PathBuf, token: Token) -> io::Result<UnixStream> {
    let mut back = UnixStream::connect(path)?;
    registry.register(&mut back, token, Interest::READABLE | Interest::WRITABLE)?;
    Ok(back)
}

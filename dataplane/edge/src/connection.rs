//! One client, from accept to the end. No poll inside: it is driven when something
//! may have happened, and says when it wants to be driven again.
//!
//!   Hello --ClientHello--> Waiting --its turn--> Carrying --> Closing --> gone
//!
//! The ClientHello is looked at before anything dear is done, and the agent hears
//! of nobody whose certificate wasn't verified.

mod carry;

use rustls::server::Accepted as Hello;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::closing::Closing;
use crate::config::{Listen, Protocol};
use crate::front::{Accepted, Stream};
use crate::generation::Generation;
use crate::hello::{Greeted, Greeting, Refusal};
use crate::limits::Limits;
use crate::peers::Peer;
use crate::pipe::Pipe;
use crate::proven::would_be_taken;
use crate::ready::Ready;
use crate::reason::{Ending, Reason};
use crate::times::Times;
use crate::wire::{PlainWire, TlsWire, Wire};
use crate::world::{Outcome, World};

enum Phase {
    Hello(Box<Greeting>),
    /// Until then, if its peer's handshakes are booked out; then for any.
    Waiting(Box<Hello>, Protocol, Option<Instant>),
    Carrying(Box<Pipe>),
    Closing(Closing),
}

pub struct Connection<S> {
    stream: S,
    ready: Ready,
    pub address: SocketAddr,
    /// Whom it is counted against.
    pub peer: Peer,
    local: SocketAddr,
    /// Where it came in; that stays so when the configuration is another.
    listen: Arc<Listen>,
    phase: Phase,
    /// What came with the ClientHello.
    cipher_in: Vec<u8>,
    times: Times,
    /// Bytes were taken since this was last set to false.
    pub progressed: bool,
    pub ending: Option<Ending>,
}

impl<S: Stream> Connection<S> {
    #[must_use]
    pub fn new(accepted: Accepted<S>, now: Instant) -> Self {
        let mut times = Times::new(now);
        let phase = if accepted.listen.tls {
            Phase::Hello(Box::default())
        } else {
            // Nothing is proven, and nothing is to be.
            times.proven_at = Some(now);
            Phase::Carrying(Box::new(Pipe::new(Wire::Plain(PlainWire::default()))))
        };
        Self {
            stream: accepted.stream,
            ready: Ready::new(),
            address: accepted.peer,
            peer: Peer::of(accepted.peer.ip()),
            local: accepted.local,
            listen: accepted.listen,
            phase,
            cipher_in: Vec::new(),
            times,
            progressed: false,
            ending: None,
        }
    }

    #[must_use]
    pub fn listen(&self) -> &Arc<Listen> {
        &self.listen
    }

    /// Nothing for the agent came yet.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        !matches!(&self.phase, Phase::Carrying(pipe) if pipe.has_back())
    }

    /// Its handshake is done.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.times.proven_at.is_some()
    }

    /// Bytes held because somebody doesn't take them.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        match &self.phase {
            Phase::Carrying(pipe) => pipe.queued_bytes(),
            _ => self.cipher_in.len(),
        }
    }

    /// What an event of the client's stream says.
    pub fn note_front(&mut self, readable: bool, ended: bool) {
        self.ready.note(readable, ended);
    }

    /// What an event of the agent's socket says.
    pub fn note_back(&mut self, readable: bool, ended: bool) {
        if let Phase::Carrying(pipe) = &mut self.phase {
            pipe.note_back(readable, ended);
        }
    }

    /// # Errors
    /// When the poll takes no more.
    pub fn register(&mut self, registry: &mio::Registry, token: mio::Token) -> std::io::Result<()> {
        self.stream.register(registry, token)
    }

    pub fn drive(&mut self, world: &mut World<'_>) -> Outcome {
        if let Some(why) = self.overdue(&world.generation.limits, world.now) {
            return self.close(why, world.now);
        }
        match self.advance(world) {
            Ok(outcome) => outcome,
            Err(Refusal { ending, alert }) => {
                self.ending = Some(ending);
                self.begin_closing(&alert, world.now)
            }
        }
    }

    fn advance(&mut self, world: &mut World<'_>) -> Result<Outcome, Refusal> {
        if let Phase::Hello(greeting) = &mut self.phase {
            let (stream, ready) = (&mut self.stream, &mut self.ready);
            let greeted = greeting.read(&self.listen.alpn, stream, ready, world.scratch)?;
            let Some(Greeted {
                hello,
                protocol,
                rest,
            }) = greeted
            else {
                return Ok(Outcome::Wait);
            };
            let limits = &world.generation.limits;
            let (rate, within) = (limits.handshakes_per_second_per_peer, limits.handshake_time);
            let turn = world
                .peers
                .book_handshake(self.peer, rate, within, world.now);
            let turn = turn.ok_or_else(|| {
                Refusal::silent(Reason::TooFast, "its peer has begun too many handshakes")
            })?;
            self.cipher_in = rest;
            self.phase = Phase::Waiting(Box::new(hello), protocol, Some(turn));
        }
        if let Phase::Waiting(.., turn) = &mut self.phase {
            if turn.is_some_and(|at| at > world.now) {
                return Ok(Outcome::Wait);
            }
            *turn = None;
            if !world.handshakes.take(world.now) {
                return Ok(Outcome::WaitForTurn);
            }
            self.begin_handshake(world)?;
        }
        if let Phase::Carrying(_) = self.phase {
            return Ok(self.carry(world));
        }
        if let Phase::Closing(closing) = &mut self.phase
            && !closing.drive(&mut self.stream, world.scratch, world.now)
        {
            return Ok(Outcome::Wait);
        }
        Ok(Outcome::Gone)
    }

    /// When it must be driven at the latest.
    #[must_use]
    pub fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let handshake_end = self.times.handshake_deadline(limits);
        match &self.phase {
            Phase::Closing(closing) => Some(closing.deadline()),
            Phase::Carrying(pipe) => self.times.deadline(pipe, limits),
            Phase::Waiting(.., Some(turn)) => Some(handshake_end.min(*turn)),
            Phase::Hello(_) | Phase::Waiting(.., None) => Some(handshake_end),
        }
    }

    fn overdue(&self, limits: &Limits, now: Instant) -> Option<Ending> {
        match &self.phase {
            Phase::Closing(_) => None,
            Phase::Carrying(pipe) => self.times.overdue(pipe, limits, now),
            Phase::Hello(_) | Phase::Waiting(..) => self.times.slow_handshake(limits, now),
        }
    }

    fn begin_handshake(&mut self, world: &World<'_>) -> Result<(), Refusal> {
        let idle = Phase::Closing(Closing::nothing(world.now));
        let Phase::Waiting(hello, protocol, _) = std::mem::replace(&mut self.phase, idle) else {
            return Ok(());
        };
        let Some(tls) = &world.generation.tls else {
            let why = "no certificate is configured any more";
            return Err(Refusal::silent(Reason::NotConfigured, why));
        };
        let config = tls.config(protocol);
        let wire = TlsWire::new(
            hello.into_connection(Arc::clone(config))?,
            protocol,
            Arc::clone(config),
            std::mem::take(&mut self.cipher_in),
        );
        self.phase = Phase::Carrying(Box::new(Pipe::new(Wire::Tls(wire))));
        Ok(())
    }

    /// Whether it would be taken by the configuration as it is now.
    ///
    /// # Errors
    /// Why not.
    pub fn recheck(&self, generation: &Generation) -> Result<(), Ending> {
        match &self.phase {
            Phase::Carrying(pipe) if self.is_proven() => {
                would_be_taken(&pipe.wire, &self.listen, generation)
            }
            _ => Ok(()),
        }
    }

    /// Ends it, with TLS's goodbye if there is room for it.
    pub fn close(&mut self, ending: Ending, now: Instant) -> Outcome {
        self.abandon();
        self.ending = Some(ending);
        self.begin_closing(&[], now)
    }

    /// Says goodbye if it can: nothing else is done for it any more.
    pub fn abandon(&mut self) {
        if let (Phase::Carrying(pipe), true) = (&mut self.phase, self.times.proven_at.is_some()) {
            pipe.last_words(&mut self.stream, true);
        }
    }

    fn begin_closing(&mut self, last_bytes: &[u8], now: Instant) -> Outcome {
        self.phase = Phase::Closing(Closing::begin(&mut self.stream, last_bytes, now));
        Outcome::Again
    }
}

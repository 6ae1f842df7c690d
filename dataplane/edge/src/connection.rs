//! One client, from accept to the end. No poll inside: it is driven when something
//! may have happened, and says when it wants to be driven again.
//!
//!   Hello --ClientHello--> Waiting --its turn--> Carrying --> Closing --> gone
//!
//! The ClientHello is looked at before anything dear is done, and the agent hears
//! of nobody whose certificate wasn't verified.

use rustls::server::{Accepted as Hello, Acceptor};
use std::net::SocketAddr;
use std::time::Instant;

use crate::back::BackPlace;
use crate::bucket::Bucket;
use crate::closing::Closing;
use crate::front::{Accepted, Stream};
use crate::limits::{BACK_CONNECT_TIME, BACK_RETRY_PAUSE, Limits};
use crate::pipe::{Broken, Pipe, Turn};
use crate::proven::{check, describe};
use crate::ready::Ready;
use crate::tls::{ALPN, Tls};
use crate::wire::{PlainWire, Wire};

/// A fatal alert before there are keys (RFC 8446, 6; RFC 7301, 3.2).
const NO_APPLICATION_PROTOCOL: [u8; 7] = [21, 3, 3, 0, 2, 2, 120];

/// What the whole process shares with a connection while it is driven.
pub struct World<'a> {
    pub now: Instant,
    /// None: the configuration has no certificate any more.
    pub tls: Option<&'a Tls>,
    pub limits: &'a Limits,
    pub handshakes: &'a mut Bucket,
    pub scratch: &'a mut [u8],
    pub back: BackPlace<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Drive it on the next event or at its deadline.
    Wait,
    /// Drive it again after the others.
    Again,
    /// There is no handshake left in this second: drive it again when there is.
    WaitForTurn,
    Gone,
}

enum Phase {
    Hello(Box<Acceptor>),
    Waiting(Box<Hello>),
    Carrying(Box<Pipe>),
    Closing(Closing),
}

/// Why it ends, for the log.
pub enum Ending {
    Refused(String),
    BackFailed(String),
}

pub struct Connection<S> {
    stream: S,
    ready: Ready,
    pub peer: SocketAddr,
    local: SocketAddr,
    phase: Phase,
    cipher_in: Vec<u8>,
    accepted_at: Instant,
    /// The end of the handshake.
    proven_at: Option<Instant>,
    back_wanted_at: Option<Instant>,
    back_retry_at: Option<Instant>,
    half_closed_at: Option<Instant>,
    pub ending: Option<Ending>,
}

impl<S: Stream> Connection<S> {
    #[must_use]
    pub fn new(accepted: Accepted<S>, now: Instant) -> Self {
        let (phase, proven_at) = if accepted.tls {
            (Phase::Hello(Box::default()), None)
        } else {
            let wire = Wire::Plain(PlainWire::default());
            // Nothing is proven, and nothing is to be.
            (Phase::Carrying(Box::new(Pipe::new(wire))), Some(now))
        };
        Self {
            stream: accepted.stream,
            ready: Ready::new(),
            peer: accepted.peer,
            local: accepted.local,
            phase,
            cipher_in: Vec::new(),
            accepted_at: now,
            proven_at,
            back_wanted_at: None,
            back_retry_at: None,
            half_closed_at: None,
            ending: None,
        }
    }

    /// Nothing for the agent came yet.
    #[must_use]
    pub fn is_unused(&self) -> bool {
        !matches!(&self.phase, Phase::Carrying(pipe) if pipe.has_back())
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

    pub fn drive(&mut self, world: &mut World<'_>) -> Outcome {
        if let Some(why) = self.overdue(world) {
            return self.close(why, &[], world.now);
        }
        if let Phase::Hello(_) = self.phase {
            match self.read_hello(world) {
                Ok(true) => {}
                Ok(false) => return Outcome::Wait,
                Err((why, alert)) => return self.close(why, &alert, world.now),
            }
        }
        if let Phase::Waiting(_) = self.phase {
            if !world.handshakes.take(world.now) {
                return Outcome::WaitForTurn;
            }
            if let Err((why, alert)) = self.begin_handshake(world) {
                return self.close(why, &alert, world.now);
            }
        }
        if let Phase::Carrying(_) = self.phase {
            return self.carry(world);
        }
        if let Phase::Closing(closing) = &mut self.phase
            && !closing.drive(&mut self.stream, world.scratch, world.now)
        {
            return Outcome::Wait;
        }
        Outcome::Gone
    }

    /// When it must be driven at the latest.
    #[must_use]
    pub fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let pipe = match &self.phase {
            Phase::Closing(closing) => return Some(closing.deadline()),
            Phase::Carrying(pipe) => pipe,
            Phase::Hello(_) | Phase::Waiting(_) => {
                return Some(self.accepted_at + limits.handshake_time);
            }
        };
        let first = match (self.proven_at, self.back_retry_at) {
            (None, _) => Some(self.accepted_at + limits.handshake_time),
            (_, Some(retry)) => Some(retry),
            (Some(proven), None) if !pipe.has_back() => Some(proven + limits.first_byte_time),
            _ => None,
        };
        let stall = pipe.stalled_since.map(|since| since + limits.stall_time);
        let half = self.half_closed_at.map(|at| at + limits.half_closed_time);
        [first, stall, half].into_iter().flatten().min()
    }

    fn overdue(&self, world: &World<'_>) -> Option<Ending> {
        let passed = self
            .deadline(world.limits)
            .is_some_and(|at| at <= world.now);
        if !passed || self.back_retry_at.is_some() {
            return None;
        }
        let refused = |why: &str| Some(Ending::Refused(why.into()));
        match &self.phase {
            Phase::Closing(_) => None,
            Phase::Hello(_) | Phase::Waiting(_) => refused("the handshake took too long"),
            Phase::Carrying(_) if self.proven_at.is_none() => {
                refused("the handshake took too long")
            }
            Phase::Carrying(pipe) if !pipe.has_back() => {
                refused("nothing came after the handshake")
            }
            Phase::Carrying(_) if self.half_closed_at.is_some() => {
                refused("one direction outlived the other")
            }
            Phase::Carrying(_) => refused("the peer reads nothing"),
        }
    }

    /// True when the ClientHello is whole.
    fn read_hello(&mut self, world: &mut World<'_>) -> Result<bool, (Ending, Vec<u8>)> {
        let Phase::Hello(acceptor) = &mut self.phase else {
            return Ok(true);
        };
        let gone = |why: &str| (Ending::Refused(why.into()), Vec::new());
        loop {
            let read = match self.ready.read(&mut self.stream, world.scratch) {
                Ok(0) => return Err(gone("it left before its ClientHello")),
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(false),
                Err(_) => return Err(gone("it left before its ClientHello")),
            };
            let mut rest = world.scratch.get(..read).unwrap_or_default();
            while !rest.is_empty() {
                if !acceptor.read_tls(&mut rest).is_ok_and(|taken| taken > 0) {
                    return Err(gone("its ClientHello is too long"));
                }
                match acceptor.accept() {
                    Ok(None) => {}
                    Ok(Some(hello)) => {
                        self.cipher_in = rest.to_vec();
                        let offers = hello.client_hello().alpn();
                        if !offers.is_some_and(|mut all| all.any(|one| one == ALPN)) {
                            let why = Ending::Refused("it offers no h2 by ALPN".into());
                            return Err((why, NO_APPLICATION_PROTOCOL.to_vec()));
                        }
                        self.phase = Phase::Waiting(Box::new(hello));
                        return Ok(true);
                    }
                    Err((error, mut alert)) => {
                        let mut bytes = Vec::new();
                        let _ = alert.write_all(&mut bytes);
                        return Err((Ending::Refused(error.to_string()), bytes));
                    }
                }
            }
        }
    }

    fn begin_handshake(&mut self, world: &World<'_>) -> Result<(), (Ending, Vec<u8>)> {
        let idle = Phase::Closing(Closing::nothing(world.now));
        let Phase::Waiting(hello) = std::mem::replace(&mut self.phase, idle) else {
            return Ok(());
        };
        let Some(tls) = world.tls else {
            return Err((
                Ending::Refused("there is no certificate now".into()),
                Vec::new(),
            ));
        };
        match hello.into_connection(tls.config.clone()) {
            Ok(tls) => {
                let pipe = Pipe::new(Wire::tls(tls, std::mem::take(&mut self.cipher_in)));
                self.phase = Phase::Carrying(Box::new(pipe));
                Ok(())
            }
            Err((error, mut alert)) => {
                let mut bytes = Vec::new();
                let _ = alert.write_all(&mut bytes);
                Err((Ending::Refused(error.to_string()), bytes))
            }
        }
    }

    fn carry(&mut self, world: &mut World<'_>) -> Outcome {
        match self.carry_or_break(world) {
            Ok(outcome) => outcome,
            Err(ending) => {
                let refused_before = self.proven_at.is_none();
                if let Phase::Carrying(pipe) = &mut self.phase {
                    let goodbye = !refused_before && matches!(ending, Some(Ending::Refused(_)));
                    pipe.last_words(&mut self.stream, goodbye);
                }
                self.ending = ending;
                self.begin_closing(&[], world.now)
            }
        }
    }

    fn carry_or_break(&mut self, world: &mut World<'_>) -> Result<Outcome, Option<Ending>> {
        let Phase::Carrying(pipe) = &mut self.phase else {
            return Ok(Outcome::Gone);
        };
        let proven = self.proven_at.is_some();
        let broken = |broken| match broken {
            Broken::Tls(error) => Some(Ending::Refused(error.to_string())),
            Broken::Client if proven => None,
            Broken::Client => Some(Ending::Refused("it left during the handshake".into())),
            Broken::Back(error) => Some(Ending::BackFailed(error.to_string())),
        };
        let mut inwards = pipe
            .inwards(
                &mut self.stream,
                &mut self.ready,
                &world.back,
                world.scratch,
            )
            .map_err(broken)?;
        if !proven && !pipe.wire.is_handshaking() {
            check(&pipe.wire, world.tls).map_err(|why| Some(Ending::Refused(why)))?;
            self.proven_at = Some(world.now);
        }
        if inwards == Turn::WantsBack {
            let since = *self.back_wanted_at.get_or_insert(world.now);
            let header = describe(&pipe.wire, self.peer, self.local);
            let header = header.map_err(|why| Some(Ending::Refused(why)))?;
            match pipe.open_back(&world.back, header) {
                Ok(()) => {
                    self.back_retry_at = None;
                    inwards = Turn::More;
                }
                Err(error) if world.now.duration_since(since) < BACK_CONNECT_TIME => {
                    tracing::debug!(%error, "the agent doesn't take connections now");
                    self.back_retry_at = Some(world.now + BACK_RETRY_PAUSE);
                }
                Err(error) => return Err(Some(Ending::BackFailed(error.to_string()))),
            }
        }
        let outwards = pipe.outwards(&mut self.stream, world.scratch, world.now);
        let outwards = outwards.map_err(broken)?;
        if pipe.both_ended() {
            return Err(None);
        }
        if pipe.client_ended || pipe.back_ended {
            self.half_closed_at.get_or_insert(world.now);
        }
        Ok(match (inwards, outwards) {
            (Turn::More, _) | (_, Turn::More) => Outcome::Again,
            _ => Outcome::Wait,
        })
    }

    /// Ends it because of `why`; `alert` is what the peer is told.
    fn close(&mut self, why: Ending, alert: &[u8], now: Instant) -> Outcome {
        self.ending = Some(why);
        if let (Phase::Carrying(pipe), Some(_)) = (&mut self.phase, self.proven_at) {
            pipe.last_words(&mut self.stream, true);
        }
        self.begin_closing(alert, now)
    }

    fn begin_closing(&mut self, last_bytes: &[u8], now: Instant) -> Outcome {
        self.phase = Phase::Closing(Closing::begin(&mut self.stream, last_bytes, now));
        Outcome::Again
    }

    /// The process ends: says goodbye if it can.
    pub fn abandon(&mut self) {
        if let (Phase::Carrying(pipe), Some(_)) = (&mut self.phase, self.proven_at) {
            pipe.last_words(&mut self.stream, true);
        }
    }

    /// # Errors
    /// When the poll takes no more.
    pub fn register(&mut self, registry: &mio::Registry, token: mio::Token) -> std::io::Result<()> {
        self.stream.register(registry, token)
    }
}

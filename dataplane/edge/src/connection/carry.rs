//! A connection's time between its handshake's first message and its end: TLS is
//! done, the client proven, the agent's socket opened, bytes carried. Opens no socket
//! to the agent for a client that isn't proven.

use rustls::HandshakeKind;
use std::time::Instant;

use super::{Connection, Phase};
use crate::back::BackPlace;
use crate::front::Stream;
use crate::limits::{BACK_CONNECT_TIME, BACK_RETRY_PAUSE};
use crate::pipe::{Broken, Pipe, Turn};
use crate::proven::{check, describe};
use crate::reason::{Ending, Reason};
use crate::times::Times;
use crate::wire::Wire;
use crate::world::{Outcome, World};

impl<S: Stream> Connection<S> {
    pub(super) fn carry(&mut self, world: &mut World<'_>) -> Outcome {
        let carried = self.carry_or_break(world);
        if let Phase::Carrying(pipe) = &mut self.phase {
            let moved = pipe.take_moved();
            self.progressed |= moved != (0, 0);
            world.metrics.note_moved(moved);
        }
        match carried {
            Ok(outcome) => outcome,
            Err(ending) => {
                if let Phase::Carrying(pipe) = &mut self.phase {
                    // Who got half an answer from an agent that failed must not take it
                    // for a whole one.
                    let ours = |one: &Ending| one.reason != Reason::Agent;
                    let goodbye =
                        self.times.proven_at.is_some() && ending.as_ref().is_some_and(ours);
                    pipe.last_words(&mut self.stream, goodbye);
                }
                self.ending = ending;
                self.begin_closing(&[], world.now)
            }
        }
    }

    /// Its error is why the connection ends; None when it ends as it should.
    fn carry_or_break(&mut self, world: &mut World<'_>) -> Result<Outcome, Option<Ending>> {
        let Phase::Carrying(pipe) = &mut self.phase else {
            return Ok(Outcome::Gone);
        };
        let times = &mut self.times;
        let proven = times.proven_at.is_some();
        let broken = |broken| ending_by(broken, proven);
        let (stream, ready) = (&mut self.stream, &mut self.ready);
        let inwards = pipe.inwards(stream, ready, &world.back, world.scratch);
        let mut inwards = inwards.map_err(broken)?;
        if !proven {
            prove(pipe, times, world)?;
        }
        if inwards == Turn::WantsBack {
            let header = describe(&pipe.wire, self.address, self.local, times.timing());
            let header = header.map_err(Some)?;
            if open_back(pipe, times, &world.back, header, world.now).map_err(broken)? {
                inwards = Turn::More;
            }
        }
        let outwards = pipe.outwards(stream, world.scratch, world.now);
        let outwards = outwards.map_err(broken)?;
        if pipe.both_ended() {
            return Err(None);
        }
        if pipe.client_ended || pipe.back_ended {
            times.half_closed_at.get_or_insert(world.now);
        }
        Ok(match (inwards, outwards) {
            (Turn::More, _) | (_, Turn::More) => Outcome::Again,
            _ => Outcome::Wait,
        })
    }
}

/// Notes the end of the handshake, if this is it.
fn prove(pipe: &Pipe, times: &mut Times, world: &mut World<'_>) -> Result<(), Ending> {
    if let Wire::Tls(wire) = &pipe.wire
        && !wire.tls.is_handshaking()
    {
        let kind = check(wire, world.generation.tls.as_ref())?;
        world.metrics.note_handshake(kind == HandshakeKind::Resumed);
        times.proven_at = Some(world.now);
        times.handshake_end = Some(Instant::now());
    }
    Ok(())
}

/// False when the agent doesn't accept now: it is tried again for some time.
fn open_back(
    pipe: &mut Pipe,
    times: &mut Times,
    place: &BackPlace<'_>,
    header: Vec<u8>,
    now: Instant,
) -> Result<bool, Broken> {
    let since = *times.back_wanted_at.get_or_insert(now);
    match pipe.open_back(place, header) {
        Ok(()) => {
            times.back_retry_at = None;
            Ok(true)
        }
        Err(_) if now.duration_since(since) < BACK_CONNECT_TIME => {
            times.back_retry_at = Some(now + BACK_RETRY_PAUSE);
            Ok(false)
        }
        Err(error) => Err(Broken::Back(error)),
    }
}

/// Why a connection ends whose pipe broke; None when its client may go as it went.
fn ending_by(broken: Broken, proven: bool) -> Option<Ending> {
    match broken {
        Broken::Tls(error) => Some(error.into()),
        Broken::Client if proven => None,
        Broken::Client => Some(Ending::new(Reason::Left, "it left during the handshake")),
        Broken::Back(error) => Some(Ending::new(Reason::Agent, error.to_string())),
    }
}

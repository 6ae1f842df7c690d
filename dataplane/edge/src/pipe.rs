//! Carries bytes between one client and the agent's socket, both ways.
//!
//!   client --wire--> to_back --> agent      read on only when nothing is kept
//!   client <--wire-------------- agent      read on only when the wire has sent all
//!
//! So each direction holds one read's worth at most, and a side that doesn't take
//! bytes stops the other one from being read.

use std::io::{self, ErrorKind};
use std::time::Instant;

use crate::back::{Back, BackPlace};
use crate::front::Stream;
use crate::limits::READS_PER_TURN;
use crate::ready::Ready;
use crate::wire::{Input, Wire};

/// Why a pipe can't go on.
#[derive(Debug)]
pub enum Broken {
    /// The client said something that TLS refuses; an alert waits to be sent.
    Tls(rustls::Error),
    /// The client is gone without TLS's goodbye.
    Client,
    /// The agent is gone, or never came.
    Back(io::Error),
}

/// What a turn came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing more until a socket says so.
    Idle,
    /// There is more, but the others come first.
    More,
    /// The first byte is there and no socket to the agent.
    WantsBack,
}

pub struct Pipe {
    pub wire: Wire,
    back: Option<Back>,
    /// What came before there was a socket to the agent.
    first: Vec<u8>,
    /// The client said goodbye, and the agent was told.
    pub client_ended: bool,
    /// The agent ended its direction; TLS's goodbye is queued, then sent.
    pub back_ended: bool,
    fin_sent: bool,
    /// Plain bytes since `take_moved` was called: towards the agent, towards the client.
    moved: (u64, u64),
    /// Since when the client takes nothing of what is queued for it.
    pub stalled_since: Option<Instant>,
}

impl Pipe {
    #[must_use]
    pub fn new(wire: Wire) -> Self {
        Self {
            wire,
            back: None,
            first: Vec::new(),
            client_ended: false,
            back_ended: false,
            fin_sent: false,
            moved: (0, 0),
            stalled_since: None,
        }
    }

    #[must_use]
    pub fn has_back(&self) -> bool {
        self.back.is_some()
    }

    #[must_use]
    pub fn both_ended(&self) -> bool {
        self.client_ended && self.back_ended && self.fin_sent
    }

    /// Bytes held because somebody doesn't take them.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        let back = self.back.as_ref().map_or(0, Back::kept_bytes);
        self.first.len() + back + self.wire.queued_bytes()
    }

    /// Plain bytes since this was last called: towards the agent, towards the client.
    pub fn take_moved(&mut self) -> (u64, u64) {
        std::mem::take(&mut self.moved)
    }

    /// What an event of the agent's socket says.
    pub fn note_back(&mut self, readable: bool, ended: bool) {
        if let Some(back) = &mut self.back {
            back.ready.note(readable, ended);
        }
    }

    /// Connects to the agent; `header` is the first it gets.
    ///
    /// # Errors
    /// When the agent doesn't accept now.
    pub fn open_back(&mut self, place: &BackPlace<'_>, mut header: Vec<u8>) -> io::Result<()> {
        header.extend_from_slice(&self.first);
        self.back = Some(Back::connect(place, header)?);
        self.first = Vec::new();
        Ok(())
    }

    /// From the client to the agent.
    ///
    /// # Errors
    /// See [`Broken`].
    pub fn inwards<S: Stream>(
        &mut self,
        stream: &mut S,
        ready: &mut Ready,
        place: &BackPlace<'_>,
        scratch: &mut [u8],
    ) -> Result<Turn, Broken> {
        for _ in 0..READS_PER_TURN {
            if !self.first.is_empty() {
                return Ok(Turn::WantsBack);
            }
            let free = match &mut self.back {
                Some(back) => back.flush(place)?,
                None => true,
            };
            if self.client_ended || !free {
                return Ok(Turn::Idle);
            }
            let read = match self.wire.read(stream, ready, scratch)? {
                Input::Bytes(read) => read,
                // The answer goes out before more is asked for.
                Input::More if self.wire.has_answer() => return Ok(Turn::More),
                Input::More => continue,
                Input::Nothing => return Ok(Turn::Idle),
                Input::End => {
                    self.end_of_client();
                    return Ok(Turn::Idle);
                }
            };
            self.moved.0 += read as u64;
            let bytes = scratch.get(..read).unwrap_or_default();
            match &mut self.back {
                Some(back) => back.give(place, bytes)?,
                None => self.first = bytes.to_vec(),
            }
        }
        Ok(Turn::More)
    }

    fn end_of_client(&mut self) {
        self.client_ended = true;
        match &self.back {
            Some(back) => back.end(),
            // It never said anything: there is nobody to wait for.
            None => self.end_of_back(),
        }
    }

    fn end_of_back(&mut self) {
        self.back_ended = true;
        if let Some(back) = &mut self.back {
            back.note_end();
        }
        self.wire.say_goodbye();
    }

    /// From the agent to the client; TLS's own messages too.
    ///
    /// # Errors
    /// See [`Broken`].
    pub fn outwards<S: Stream>(
        &mut self,
        stream: &mut S,
        scratch: &mut [u8],
        now: Instant,
    ) -> Result<Turn, Broken> {
        for _ in 0..READS_PER_TURN {
            if !self.flush_to_client(stream, now)? {
                return Ok(Turn::Idle);
            }
            if self.back_ended {
                if !self.fin_sent {
                    stream.shutdown_write();
                    self.fin_sent = true;
                }
                return Ok(Turn::Idle);
            }
            let Some(back) = &mut self.back else {
                return Ok(Turn::Idle);
            };
            match back.read(scratch) {
                Ok(0) => self.end_of_back(),
                Ok(read) => {
                    self.moved.1 += read as u64;
                    let bytes = scratch.get(..read).unwrap_or_default();
                    self.wire.send(stream, bytes)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Turn::Idle),
                Err(error) => return Err(Broken::Back(error)),
            }
        }
        Ok(Turn::More)
    }

    /// True when nothing is left that the client hasn't taken.
    fn flush_to_client<S: Stream>(&mut self, stream: &mut S, now: Instant) -> Result<bool, Broken> {
        let stalled_since = &mut self.stalled_since;
        let flushed = self.wire.flush(stream, || *stalled_since = None)?;
        if flushed {
            self.stalled_since = None;
        } else {
            self.stalled_since.get_or_insert(now);
        }
        Ok(flushed)
    }

    /// The last that the wire has to say, an alert or its goodbye, if there is room for it.
    pub fn last_words<S: Stream>(&mut self, stream: &mut S, goodbye: bool) {
        if goodbye {
            self.wire.say_goodbye();
        }
        let _ = self.wire.flush(stream, || {});
    }
}

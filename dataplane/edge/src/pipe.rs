//! Carries bytes between one client's TLS and the agent's socket, both ways.
//!
//!   client --cipher_in--> TLS --to_back--> agent      read on only when both are empty
//!   client <---(TLS)------------------<--- agent      read on only when TLS has sent all
//!
//! So each direction holds one read's worth at most, and a side that doesn't take
//! bytes stops the other one from being read.

use mio::net::UnixStream;
use rustls::ServerConnection;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Instant;

use crate::front::Stream;
use crate::limits::{MAX_PLAINTEXT_BYTES, READS_PER_TURN};

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
    /// The first decrypted byte is there and no socket to the agent.
    WantsBack,
}

pub struct Pipe {
    pub tls: Box<ServerConnection>,
    cipher_in: Vec<u8>,
    to_back: Vec<u8>,
    back: Option<UnixStream>,
    /// The client said goodbye, and the agent was told.
    pub client_ended: bool,
    /// The agent ended its direction; TLS's goodbye is queued, then sent.
    pub back_ended: bool,
    fin_sent: bool,
    /// Since when the client takes nothing of what is queued for it.
    pub stalled_since: Option<Instant>,
}

impl Pipe {
    /// `cipher_in` is what was read past the ClientHello.
    #[must_use]
    pub fn new(tls: ServerConnection, cipher_in: Vec<u8>) -> Self {
        Self {
            tls: Box::new(tls),
            cipher_in,
            to_back: Vec::new(),
            back: None,
            client_ended: false,
            back_ended: false,
            fin_sent: false,
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

    /// Connected to the agent; `header` is the first it gets.
    pub fn open_back(&mut self, back: UnixStream, header: Vec<u8>) {
        self.back = Some(back);
        self.to_back = header;
    }

    /// From the client to the agent.
    ///
    /// # Errors
    /// See [`Broken`].
    pub fn inwards<S: Stream>(
        &mut self,
        stream: &mut S,
        scratch: &mut [u8],
    ) -> Result<Turn, Broken> {
        for _ in 0..READS_PER_TURN {
            if self.client_ended || !self.flush_to_back()? {
                return Ok(Turn::Idle);
            }
            if !self.tls.is_handshaking() {
                if self.back.is_none() && self.tls.reader().fill_buf().is_ok_and(|b| !b.is_empty())
                {
                    return Ok(Turn::WantsBack);
                }
                match self.tls.reader().read(scratch) {
                    Ok(0) => {
                        self.end_of_client();
                        return Ok(Turn::Idle);
                    }
                    Ok(read) => {
                        self.give_to_back(scratch.get(..read).unwrap_or_default())?;
                        continue;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return Err(Broken::Client),
                }
            }
            if !self.take_ciphertext(stream, scratch)? {
                return Ok(Turn::Idle);
            }
            if self.tls.wants_write() && self.tls.is_handshaking() {
                // The answer goes out before more is asked for.
                return Ok(Turn::More);
            }
        }
        Ok(Turn::More)
    }

    /// Moves ciphertext into TLS, as much as it may hold. False when there is none now.
    fn take_ciphertext<S: Stream>(
        &mut self,
        stream: &mut S,
        scratch: &mut [u8],
    ) -> Result<bool, Broken> {
        let kept = std::mem::take(&mut self.cipher_in);
        let mut rest = kept.as_slice();
        if rest.is_empty() {
            match stream.read(scratch) {
                Ok(0) => return self.end_of_stream(),
                Ok(read) => rest = scratch.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
                Err(_) => return Err(Broken::Client),
            }
        }
        while !rest.is_empty() {
            match self.tls.read_tls(&mut rest) {
                // After the goodbye nothing is read any more.
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(_) => return Err(Broken::Client),
            }
            let state = self.tls.process_new_packets().map_err(Broken::Tls)?;
            if state.plaintext_bytes_to_read() >= MAX_PLAINTEXT_BYTES {
                break;
            }
        }
        self.cipher_in = rest.to_vec();
        Ok(true)
    }

    /// TCP ended: rightly so only after TLS's goodbye.
    fn end_of_stream(&mut self) -> Result<bool, Broken> {
        let ended = self.tls.read_tls(&mut io::empty());
        ended.map_err(|_| Broken::Client)?;
        self.tls.process_new_packets().map_err(Broken::Tls)?;
        if self.tls.is_handshaking() {
            return Err(Broken::Client);
        }
        Ok(true)
    }

    fn end_of_client(&mut self) {
        self.client_ended = true;
        match &self.back {
            // It fails when the agent is gone, which the next read tells.
            Some(back) => drop(back.shutdown(Shutdown::Write)),
            // It never said anything: there is nobody to wait for.
            None => self.end_of_back(),
        }
    }

    fn end_of_back(&mut self) {
        self.back_ended = true;
        self.tls.send_close_notify();
    }

    fn give_to_back(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let written = self.write_to_back(bytes)?;
        self.to_back = bytes.get(written..).unwrap_or_default().to_vec();
        Ok(())
    }

    /// True when nothing is left that the agent hasn't taken.
    fn flush_to_back(&mut self) -> Result<bool, Broken> {
        if self.to_back.is_empty() {
            return Ok(true);
        }
        let bytes = std::mem::take(&mut self.to_back);
        self.give_to_back(&bytes)?;
        Ok(self.to_back.is_empty())
    }

    /// How many bytes the agent took before it wanted no more.
    fn write_to_back(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let Some(back) = &mut self.back else {
            return Ok(0);
        };
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match back.write(rest) {
                Ok(0) => return Err(Broken::Back(ErrorKind::WriteZero.into())),
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It takes no more but may have said something: the reading side tells.
                Err(error) if error.kind() == ErrorKind::BrokenPipe && !self.back_ended => {
                    return Ok(bytes.len());
                }
                Err(error) => return Err(Broken::Back(error)),
            }
        }
        Ok(written)
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
                    let bytes = scratch.get(..read).unwrap_or_default();
                    // TLS is empty, and its buffer is larger than one read.
                    let queued = self.tls.writer().write_all(bytes);
                    queued.map_err(|_| Broken::Client)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Turn::Idle),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Broken::Back(error)),
            }
        }
        Ok(Turn::More)
    }

    /// True when nothing is left that the client hasn't taken.
    fn flush_to_client<S: Stream>(&mut self, stream: &mut S, now: Instant) -> Result<bool, Broken> {
        while self.tls.wants_write() {
            match self.tls.write_tls(stream) {
                Ok(0) => return Err(Broken::Client),
                Ok(_) => self.stalled_since = None,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stalled_since.get_or_insert(now);
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Broken::Client),
            }
        }
        self.stalled_since = None;
        Ok(true)
    }

    /// The last that TLS has to say, an alert or its goodbye, if there is room for it.
    pub fn last_words<S: Stream>(&mut self, stream: &mut S, goodbye: bool) {
        if goodbye {
            self.tls.send_close_notify();
        }
        while self.tls.wants_write() && self.tls.write_tls(stream).is_ok_and(|sent| sent > 0) {}
    }
}

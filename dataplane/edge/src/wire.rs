//! The client's side of a pipe: TLS, or bytes as they come. Takes what the client
//! sends and gives plaintext; takes plaintext and sends it. Holds what the client
//! hasn't taken yet, and so much ciphertext as TLS doesn't want yet.

use rustls::{ServerConfig, ServerConnection};
use std::io::{self, ErrorKind, Read, Write};

use std::sync::Arc;

use crate::config::Protocol;
use crate::front::Stream;
use crate::limits::MAX_PLAINTEXT_BYTES;
use crate::pipe::Broken;
use crate::ready::Ready;

/// What one read came to.
pub enum Input {
    /// So many plain bytes are in the buffer.
    Bytes(usize),
    /// Something was taken that is no bytes for the agent; there may be more.
    More,
    /// Nothing more until the client sends something.
    Nothing,
    /// The client ended its direction.
    End,
}

pub enum Wire {
    Tls(TlsWire),
    Plain(PlainWire),
}

pub struct TlsWire {
    pub tls: Box<ServerConnection>,
    /// What the client offered and its listener takes.
    pub protocol: Protocol,
    /// What the handshake began with.
    pub config: Arc<ServerConfig>,
    /// Read, and not taken by TLS yet.
    cipher_in: Vec<u8>,
    /// TLS may hold what came in one piece with the ClientHello.
    fresh: bool,
    /// What TLS holds, about: deciphered and not read yet, enciphered and not sent yet.
    plain_in: usize,
    cipher_out: usize,
}

/// What the client hasn't taken yet.
#[derive(Default)]
pub struct PlainWire(Vec<u8>);

impl TlsWire {
    /// `cipher_in` is what was read past the ClientHello.
    #[must_use]
    pub fn new(
        tls: ServerConnection,
        protocol: Protocol,
        config: Arc<ServerConfig>,
        cipher_in: Vec<u8>,
    ) -> Self {
        Self {
            tls: Box::new(tls),
            protocol,
            config,
            cipher_in,
            fresh: true,
            plain_in: 0,
            cipher_out: 0,
        }
    }
}

impl Wire {
    /// Bytes held because somebody doesn't take them.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        match self {
            Wire::Tls(wire) => wire.cipher_in.len() + wire.plain_in + wire.cipher_out,
            Wire::Plain(PlainWire(kept)) => kept.len(),
        }
    }

    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        matches!(self, Wire::Tls(wire) if wire.tls.is_handshaking())
    }

    /// The handshake waits for something to be sent.
    #[must_use]
    pub fn has_answer(&self) -> bool {
        matches!(self, Wire::Tls(wire) if wire.tls.is_handshaking() && wire.tls.wants_write())
    }

    /// # Errors
    /// See [`Broken`].
    pub fn read<S: Stream>(
        &mut self,
        stream: &mut S,
        ready: &mut Ready,
        buffer: &mut [u8],
    ) -> Result<Input, Broken> {
        match self {
            Wire::Tls(wire) => wire.read(stream, ready, buffer),
            Wire::Plain(_) => match ready.read(stream, buffer) {
                Ok(0) => Ok(Input::End),
                Ok(read) => Ok(Input::Bytes(read)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Input::Nothing),
                Err(_) => Err(Broken::Client),
            },
        }
    }

    /// Sends `bytes`, or keeps what the client doesn't take: only to be called when
    /// `flush` said that nothing is kept.
    ///
    /// # Errors
    /// See [`Broken`].
    pub fn send<S: Stream>(&mut self, stream: &mut S, bytes: &[u8]) -> Result<(), Broken> {
        match self {
            // TLS is empty, and its buffer is larger than one read.
            Wire::Tls(wire) => {
                wire.cipher_out += bytes.len();
                let queued = wire.tls.writer().write_all(bytes);
                queued.map_err(|_| Broken::Client)
            }
            Wire::Plain(PlainWire(kept)) => {
                let sent = write_some(stream, bytes)?;
                kept.extend_from_slice(bytes.get(sent..).unwrap_or_default());
                Ok(())
            }
        }
    }

    /// Sends what is kept. `progress` is told of each piece that the client took; true
    /// when nothing is left.
    ///
    /// # Errors
    /// See [`Broken`].
    pub fn flush<S: Stream>(
        &mut self,
        stream: &mut S,
        mut progress: impl FnMut(),
    ) -> Result<bool, Broken> {
        match self {
            Wire::Tls(wire) => {
                while wire.tls.wants_write() {
                    match wire.tls.write_tls(stream) {
                        Ok(0) => return Err(Broken::Client),
                        Ok(sent) => {
                            wire.cipher_out = wire.cipher_out.saturating_sub(sent);
                            progress();
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Err(_) => return Err(Broken::Client),
                    }
                }
                wire.cipher_out = 0;
                Ok(true)
            }
            Wire::Plain(PlainWire(kept)) if kept.is_empty() => Ok(true),
            Wire::Plain(PlainWire(kept)) => {
                let sent = write_some(stream, kept)?;
                if sent > 0 {
                    progress();
                    *kept = kept.get(sent..).unwrap_or_default().to_vec();
                }
                Ok(kept.is_empty())
            }
        }
    }

    /// TLS's goodbye is the last that is sent.
    pub fn say_goodbye(&mut self) {
        if let Wire::Tls(wire) = self {
            wire.tls.send_close_notify();
        }
    }
}

impl TlsWire {
    fn read<S: Stream>(
        &mut self,
        stream: &mut S,
        ready: &mut Ready,
        buffer: &mut [u8],
    ) -> Result<Input, Broken> {
        if let Some(input) = self.plaintext(buffer)? {
            return Ok(input);
        }
        if !self.take_ciphertext(stream, ready, buffer)? {
            return Ok(Input::Nothing);
        }
        Ok(self.plaintext(buffer)?.unwrap_or(Input::More))
    }

    /// None: TLS has none now.
    fn plaintext(&mut self, buffer: &mut [u8]) -> Result<Option<Input>, Broken> {
        if self.tls.is_handshaking() {
            return Ok(None);
        }
        match self.tls.reader().read(buffer) {
            Ok(0) => Ok(Some(Input::End)),
            Ok(read) => {
                self.plain_in = self.plain_in.saturating_sub(read);
                Ok(Some(Input::Bytes(read)))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(_) => Err(Broken::Client),
        }
    }

    /// Moves ciphertext into TLS, as much as it may hold. False when there is none now.
    fn take_ciphertext<S: Stream>(
        &mut self,
        stream: &mut S,
        ready: &mut Ready,
        buffer: &mut [u8],
    ) -> Result<bool, Broken> {
        if std::mem::take(&mut self.fresh) {
            let state = self.tls.process_new_packets().map_err(Broken::Tls)?;
            self.plain_in = state.plaintext_bytes_to_read();
        }
        let kept = std::mem::take(&mut self.cipher_in);
        let mut rest = kept.as_slice();
        if rest.is_empty() {
            rest = match ready.read(stream, buffer) {
                Ok(0) => return self.end_of_stream(),
                Ok(read) => buffer.get(..read).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(_) => return Err(Broken::Client),
            };
        }
        while !rest.is_empty() {
            match self.tls.read_tls(&mut rest) {
                // After the goodbye nothing is read any more.
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(_) => return Err(Broken::Client),
            }
            let state = self.tls.process_new_packets().map_err(Broken::Tls)?;
            self.plain_in = state.plaintext_bytes_to_read();
            if self.plain_in >= MAX_PLAINTEXT_BYTES {
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
}

/// How much the client took before it wanted no more.
fn write_some<S: Stream>(stream: &mut S, bytes: &[u8]) -> Result<usize, Broken> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match stream.write(rest) {
            Ok(0) => return Err(Broken::Client),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(Broken::Client),
        }
    }
    Ok(written)
}

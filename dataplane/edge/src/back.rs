//! The agent's side of a pipe: its Unix socket, and what it hasn't taken yet.

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::path::Path;

use crate::pipe::Broken;
use crate::ready::Ready;

/// Where the agent is, and where its socket's events go.
pub struct BackPlace<'a> {
    pub registry: &'a Registry,
    pub path: &'a Path,
    pub token: Token,
}

pub struct Back {
    socket: UnixStream,
    pub ready: Ready,
    kept: Vec<u8>,
    /// Whether the poll was asked to say when there is room.
    waits_for_room: bool,
    ended: bool,
}

impl Back {
    /// `first` is what the agent gets first.
    ///
    /// # Errors
    /// When the agent doesn't accept now, or the poll takes no more.
    pub fn connect(place: &BackPlace<'_>, first: Vec<u8>) -> io::Result<Self> {
        let mut socket = UnixStream::connect(place.path)?;
        place
            .registry
            .register(&mut socket, place.token, Interest::READABLE)?;
        Ok(Self {
            socket,
            ready: Ready::new(),
            kept: first,
            waits_for_room: false,
            ended: false,
        })
    }

    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.kept.len()
    }

    /// # Errors
    /// WouldBlock when nothing is there.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ready.read(&mut self.socket, buffer)
    }

    /// Gives `bytes`, or keeps what the agent doesn't take: only to be called when
    /// `flush` said that nothing is kept.
    ///
    /// # Errors
    /// When the agent is gone.
    pub fn give(&mut self, place: &BackPlace<'_>, bytes: &[u8]) -> Result<(), Broken> {
        let written = self.write(bytes)?;
        self.kept = bytes.get(written..).unwrap_or_default().to_vec();
        self.watch_for_room(place)
    }

    /// True when nothing is left that the agent hasn't taken.
    ///
    /// # Errors
    /// When the agent is gone.
    pub fn flush(&mut self, place: &BackPlace<'_>) -> Result<bool, Broken> {
        if self.kept.is_empty() {
            return Ok(true);
        }
        let bytes = std::mem::take(&mut self.kept);
        self.give(place, &bytes)?;
        Ok(self.kept.is_empty())
    }

    /// The client says no more.
    pub fn end(&self) {
        // It fails when the agent is gone, which the next read tells.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// The agent ended its direction.
    pub fn note_end(&mut self) {
        self.ended = true;
    }

    /// A Unix socket reports room each time its peer reads, so that is asked for only
    /// while it is waited for.
    fn watch_for_room(&mut self, place: &BackPlace<'_>) -> Result<(), Broken> {
        let wanted = !self.kept.is_empty();
        if wanted == self.waits_for_room {
            return Ok(());
        }
        self.waits_for_room = wanted;
        let interest = match wanted {
            true => Interest::READABLE | Interest::WRITABLE,
            false => Interest::READABLE,
        };
        place
            .registry
            .reregister(&mut self.socket, place.token, interest)
            .map_err(Broken::Back)
    }

    /// How many bytes the agent took before it wanted no more.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match self.socket.write(rest) {
                Ok(0) => return Err(Broken::Back(ErrorKind::WriteZero.into())),
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It takes no more but may have said something: the reading side tells.
                Err(error) if error.kind() == ErrorKind::BrokenPipe && !self.ended => {
                    return Ok(bytes.len());
                }
                Err(error) => return Err(Broken::Back(error)),
            }
        }
        Ok(written)
    }
}

//! The Unix socket that answers every GET with the metrics. Its readers are driven by
//! the same loop as the connections, so each has little room and little time.

use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::http::{Request, answer, parse};
use crate::limits::{MAX_METRICS_REQUEST_BYTES, METRICS_READERS, METRICS_TIME};

/// Owner and group may read.
const MODE: u32 = 0o660;
/// Read at once from one reader.
const CHUNK_BYTES: usize = 1024;

struct Reader {
    socket: UnixStream,
    until: Instant,
    request: Vec<u8>,
    /// Empty until the request is whole.
    answer: Vec<u8>,
    sent: usize,
}

#[derive(Default)]
pub struct MetricsSocket {
    /// What is listened on, and what was wanted.
    open: Option<(UnixListener, PathBuf)>,
    readers: [Option<Reader>; METRICS_READERS],
    /// Others may wait to be accepted.
    more: bool,
}

impl MetricsSocket {
    /// Listens at `wanted` and nowhere else; its events get `token`. Returns why it
    /// can't now, and what to do.
    pub fn listen(
        &mut self,
        wanted: Option<&Path>,
        registry: &Registry,
        token: Token,
    ) -> Option<String> {
        if self.open.as_ref().map(|(_, path)| path.as_path()) == wanted {
            return None;
        }
        self.close();
        let path = wanted?;
        match bind(path).and_then(|mut listener| {
            registry.register(&mut listener, token, Interest::READABLE)?;
            Ok(listener)
        }) {
            Ok(listener) => {
                self.open = Some((listener, path.to_owned()));
                None
            }
            Err(error) => Some(format!(
                "no metrics at {}: {error}. Make the directory, writable for the edge; it is tried again every second",
                path.display()
            )),
        }
    }

    /// No more is listened; who reads may read on.
    pub fn close(&mut self) {
        if let Some((_, path)) = self.open.take() {
            // Gone already: so much the better.
            let _ = fs::remove_file(path);
        }
    }

    /// Takes who waits; reader n gets the token `first_token + n`. The oldest makes
    /// room if there is none.
    pub fn accept(&mut self, registry: &Registry, first_token: usize, now: Instant) {
        let Some((listener, _)) = &self.open else {
            return;
        };
        for _ in 0..METRICS_READERS {
            let Ok((mut socket, _)) = listener.accept() else {
                self.more = false;
                return;
            };
            let oldest = |at: &usize| self.readers.get(*at)?.as_ref().map(|one| one.until);
            // None, an empty place, is less than any time.
            let Some(at) = (0..METRICS_READERS).min_by_key(oldest) else {
                return;
            };
            let both = Interest::READABLE | Interest::WRITABLE;
            if registry
                .register(&mut socket, Token(first_token + at), both)
                .is_ok()
                && let Some(place) = self.readers.get_mut(at)
            {
                *place = Some(Reader {
                    socket,
                    until: now + METRICS_TIME,
                    request: Vec::new(),
                    answer: Vec::new(),
                    sent: 0,
                });
            }
        }
        // After the connections had their turn.
        self.more = true;
    }

    /// Reader `at` may have said something or have room.
    pub fn drive(&mut self, at: usize, text: impl FnOnce() -> String) {
        if let Some(place) = self.readers.get_mut(at)
            && let Some(reader) = place
            && reader.is_done(text)
        {
            *place = None;
        }
    }

    /// Once in each turn of the loop: those whose time is over go, others may come.
    pub fn turn(&mut self, registry: &Registry, first_token: usize, now: Instant) {
        if self.more {
            self.accept(registry, first_token, now);
        }
        for place in &mut self.readers {
            if place.as_ref().is_some_and(|reader| reader.until <= now) {
                *place = None;
            }
        }
    }

    #[must_use]
    pub fn next_deadline(&self, now: Instant) -> Option<Instant> {
        if self.more {
            return Some(now);
        }
        let readers = self.readers.iter().flatten();
        readers.map(|reader| reader.until).min()
    }
}

impl Reader {
    /// True when it has its answer, or left.
    fn is_done(&mut self, text: impl FnOnce() -> String) -> bool {
        let done = self.read(text).and_then(|()| self.write());
        match done {
            Ok(done) => done,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }

    fn read(&mut self, text: impl FnOnce() -> String) -> io::Result<()> {
        let mut chunk = [0; CHUNK_BYTES];
        let mut text = Some(text);
        while self.answer.is_empty() {
            let room = MAX_METRICS_REQUEST_BYTES - self.request.len();
            let len = self
                .socket
                .read(chunk.get_mut(..room.min(CHUNK_BYTES)).unwrap_or_default())?;
            if len == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.request
                .extend_from_slice(chunk.get(..len).unwrap_or_default());
            let request = parse(&self.request);
            if request != Request::Partial {
                let body = || text.take().map(|text| text()).unwrap_or_default();
                self.answer = answer(request, body);
            }
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<bool> {
        while let Some(rest) = self.answer.get(self.sent..).filter(|rest| !rest.is_empty()) {
            self.sent += self.socket.write(rest)?;
        }
        // What is left unread would take the answer back.
        let mut chunk = [0; CHUNK_BYTES];
        for _ in 0..MAX_METRICS_REQUEST_BYTES / CHUNK_BYTES {
            if !matches!(self.socket.read(&mut chunk), Ok(1..)) {
                break;
            }
        }
        Ok(true)
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    // What a process before this one left; nothing else is taken away.
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    Ok(listener)
}

// The server's backend: takes its connections on a Unix socket, with a PROXY header before each, and
// does what the client asks for. Any byte that is not as it must be is an error of the run.
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use load::random::Random;
use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use slab::Slab;

use crate::pattern::{Pattern, piece_bytes};
use crate::proxy_header;
use crate::request::{REQUEST_BYTES, Request, Work};

const READ_BYTES: usize = 64 << 10;
/// Reads or writes of one connection before the others get their turn.
const TURNS: usize = 16;

pub struct Backend {
    listener: UnixListener,
    connections: Slab<Connection>,
    scratch: Box<[u8]>,
    listener_token: Token,
    token: fn(usize) -> Token,
}

struct Connection {
    stream: UnixStream,
    phase: Phase,
    /// There may be more to do, which epoll will not tell again.
    readable: bool,
    writable: bool,
}

enum Phase {
    /// What came of the header and the request.
    Opening(Vec<u8>),
    Serving(Request),
}

impl Backend {
    /// @param token of a connection's number
    pub fn bind(
        path: &Path,
        registry: &Registry,
        listener_token: Token,
        token: fn(usize) -> Token,
    ) -> Result<Self, String> {
        let explain = |error: io::Error| format!("{}: {error}", path.display());
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(explain(error)),
            _ => {}
        }
        let mut listener = UnixListener::bind(path).map_err(explain)?;
        registry
            .register(&mut listener, listener_token, Interest::READABLE)
            .map_err(explain)?;
        Ok(Self {
            listener,
            connections: Slab::new(),
            scratch: vec![0; READ_BYTES].into(),
            listener_token,
            token,
        })
    }

    /// Something happened on the listener.
    pub fn accept(&mut self, registry: &Registry) -> Result<(), String> {
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    let entry = self.connections.vacant_entry();
                    let token = (self.token)(entry.key());
                    registry
                        .register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)
                        .map_err(|error| format!("backend: {error}"))?;
                    entry.insert(Connection {
                        stream,
                        phase: Phase::Opening(Vec::new()),
                        readable: true,
                        writable: true,
                    });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(format!("backend: {error}")),
            }
        }
    }

    pub fn is_listener(&self, token: Token) -> bool {
        token == self.listener_token
    }

    /// Something happened on connection `number`.
    pub fn wake(&mut self, number: usize, readable: bool, writable: bool) {
        if let Some(connection) = self.connections.get_mut(number) {
            connection.readable |= readable;
            connection.writable |= writable;
        }
    }

    /// Does what can be done. Returns how many bytes clients have brought, and whether there is more to do.
    pub fn work(&mut self, pattern: &Pattern, random: &mut Random) -> Result<(u64, bool), String> {
        let (mut taken, mut more) = (0, false);
        let mut ended = Vec::new();
        for (number, connection) in &mut self.connections {
            match connection.work(&mut self.scratch, pattern, random)? {
                Some((bytes, busy)) => {
                    taken += bytes;
                    more |= busy;
                }
                None => ended.push(number),
            }
        }
        for number in ended {
            self.connections.remove(number);
        }
        Ok((taken, more))
    }
}

impl Connection {
    /// None when the connection has ended.
    fn work(
        &mut self,
        scratch: &mut [u8],
        pattern: &Pattern,
        random: &mut Random,
    ) -> Result<Option<(u64, bool)>, String> {
        let mut taken = 0;
        for _ in 0..TURNS {
            if !self.readable {
                break;
            }
            let read = match self.stream.read(scratch) {
                Ok(0) => return Ok(None),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.readable = false;
                    break;
                }
                // A server may reset what its client has left.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(format!("backend: {error}")),
            };
            self.readable = read == scratch.len();
            let bytes = &scratch[..read];
            match &mut self.phase {
                Phase::Opening(opening) => {
                    opening.extend_from_slice(bytes);
                    let Some((request, rest)) = opened(opening)? else {
                        continue;
                    };
                    self.phase = Phase::Serving(request);
                    taken += self.serve(&rest, pattern)?;
                }
                Phase::Serving(_) => taken += self.serve(bytes, pattern)?,
            }
        }
        if let Phase::Serving(Request {
            work: Work::Give,
            position,
        }) = &mut self.phase
        {
            for _ in 0..TURNS {
                if !self.writable {
                    break;
                }
                match self
                    .stream
                    .write(pattern.from(*position, piece_bytes(random)))
                {
                    Ok(written) => *position += written as u64,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(None),
                    Err(error) => return Err(format!("backend: {error}")),
                }
            }
            return Ok(Some((taken, self.readable || self.writable)));
        }
        Ok(Some((taken, self.readable)))
    }

    /// What a client brought after its request.
    fn serve(&mut self, bytes: &[u8], pattern: &Pattern) -> Result<u64, String> {
        let Phase::Serving(request) = &mut self.phase else {
            return Ok(0);
        };
        if bytes.is_empty() {
            return Ok(0);
        }
        match request.work {
            Work::Give => return Err("backend: bytes where none are expected".into()),
            Work::Take if !pattern.is_at(request.position, bytes) => {
                return Err("backend: the server changed a byte".into());
            }
            Work::Take => {}
            // An echo is shorter than what a socket holds.
            Work::Echo => match self.stream.write(bytes) {
                Ok(written) if written == bytes.len() => {}
                Ok(_) => return Err("backend: a socket took a part of an echo".into()),
                // Its client was an earlier run's; one of this run misses its echo.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                Err(error) => return Err(format!("backend: {error}")),
            },
        }
        request.position += bytes.len() as u64;
        Ok(bytes.len() as u64)
    }
}

/// The request behind the PROXY header, and the bytes behind it; None when more are needed.
fn opened(bytes: &[u8]) -> Result<Option<(Request, Vec<u8>)>, String> {
    let Some(header) = proxy_header::length(bytes)? else {
        return Ok(None);
    };
    let Some((&request, rest)) = bytes[header..].split_first_chunk::<REQUEST_BYTES>() else {
        return Ok(None);
    };
    Ok(Some((Request::read(request)?, rest.to_vec())))
}

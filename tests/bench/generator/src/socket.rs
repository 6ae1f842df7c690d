// A connected socket of either kind, non-blocking.
use std::io::{self, Read, Write};
use std::net::ToSocketAddrs;

use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};

pub enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(into),
            Socket::Unix(stream) => stream.read(into),
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        }
    }

    /// Asks for the events of this socket, edge-triggered.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Socket::Tcp(stream) => registry.register(stream, token, interest),
            Socket::Unix(stream) => registry.register(stream, token, interest),
        }
    }
}

/// Begins to connect to host:port, or to the path of a Unix socket.
pub fn open(server: &str) -> Result<Socket, String> {
    let explain = |error: std::io::Error| format!("{server}: {error}");
    if server.contains('/') {
        return UnixStream::connect(server)
            .map(Socket::Unix)
            .map_err(explain);
    }
    let address = server
        .to_socket_addrs()
        .map_err(explain)?
        .next()
        .ok_or("no such address")?;
    let stream = TcpStream::connect(address).map_err(explain)?;
    stream.set_nodelay(true).map_err(explain)?;
    Ok(Socket::Tcp(stream))
}

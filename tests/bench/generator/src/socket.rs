// A connected socket of any kind, non-blocking.
use std::io::{self, Read, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use load::tls::{TlsStream, Version, client_config};
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use rustls::ClientConfig;

use crate::options::Options;

pub enum Socket {
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
    Unix(UnixStream),
}

impl Socket {
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(into),
            Socket::Tls(stream) => stream.read(into),
            Socket::Unix(stream) => stream.read(into),
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Tls(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        }
    }

    /// Sends what the socket itself holds back, as far as it can.
    pub fn flush(&mut self) -> io::Result<()> {
        match self {
            Socket::Tls(stream) => stream.flush().map(drop),
            Socket::Tcp(_) | Socket::Unix(_) => Ok(()),
        }
    }

    /// Asks for the events of this socket, edge-triggered.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Socket::Tcp(stream) => registry.register(stream, token, interest),
            Socket::Tls(stream) => registry.register(stream.socket(), token, interest),
            Socket::Unix(stream) => registry.register(stream, token, interest),
        }
    }
}

/// How to connect: host:port, plain or by TLS, or the path of a Unix socket.
pub enum Way {
    Tcp(SocketAddr),
    /// Each connection is the next client's.
    Tls(SocketAddr, Vec<Arc<ClientConfig>>),
    Unix(String),
}

impl Way {
    pub fn of(options: &Options) -> Result<Self, String> {
        let server = &options.server;
        if server.contains('/') {
            return Ok(Way::Unix(server.clone()));
        }
        let mut addresses = server
            .to_socket_addrs()
            .map_err(|error| format!("{server}: {error}"))?;
        let address = addresses.next().ok_or("no such address")?;
        let Some(dir) = &options.tls else {
            return Ok(Way::Tcp(address));
        };
        let clients = 0..load::pki::CLIENTS;
        let configs = clients.map(|client| client_config(dir, client, Version::Tls13, false));
        Ok(Way::Tls(address, configs.collect::<Result<_, _>>()?))
    }
}

/// Begins to connect.
pub fn open(way: &Way, number: usize) -> Result<Socket, String> {
    let tcp = |&address: &SocketAddr| {
        let connected = TcpStream::connect(address);
        let stream = connected.map_err(|error| format!("{address}: {error}"))?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        Ok::<TcpStream, String>(stream)
    };
    match way {
        Way::Tcp(address) => tcp(address).map(Socket::Tcp),
        Way::Tls(address, configs) => {
            let config = Arc::clone(&configs[number % configs.len()]);
            let stream = TlsStream::new(tcp(address)?, config)?;
            Ok(Socket::Tls(Box::new(stream)))
        }
        Way::Unix(path) => UnixStream::connect(path)
            .map(Socket::Unix)
            .map_err(|error| format!("{path}: {error}")),
    }
}

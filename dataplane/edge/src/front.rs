//! What the edge needs of whatever carries TCP: accepted byte streams that are read
//! and written without blocking and that say when to try again. The kernel's TCP is
//! one; a TCP in user space over DPDK takes its place by implementing these two,
//! with an eventfd for what it registers. TLS and the back side see nothing else.

use mio::{Registry, Token};
use std::io::{self, Read, Write};
use std::net::SocketAddr;

/// One TCP connection. `read` and `write` answer WouldBlock instead of waiting.
pub trait Stream: Read + Write {
    /// From now on `token` is reported after every change to readable or writable.
    ///
    /// # Errors
    /// When the poll takes no more.
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()>;

    /// Sends FIN after what was written.
    fn shutdown_write(&self);
}

pub struct Accepted<S> {
    pub stream: S,
    pub peer: SocketAddr,
    pub local: SocketAddr,
}

/// The listeners.
pub trait Front {
    type Stream: Stream;

    /// From now on `token` is reported when there may be something to accept.
    ///
    /// # Errors
    /// When the poll takes no more.
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()>;

    /// The next connection; None when there is none now.
    ///
    /// # Errors
    /// When one can't be taken now (no descriptor left): worth another try later.
    fn accept(&mut self) -> io::Result<Option<Accepted<Self::Stream>>>;

    fn addresses(&self) -> Vec<SocketAddr>;

    /// Listens no more; streams that were accepted stay.
    fn close(&mut self);
}

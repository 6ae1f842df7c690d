//! What the edge needs of whatever carries TCP: accepted byte streams that are read
//! and written without blocking and that say when to try again. The kernel's TCP is
//! one; a TCP in user space over DPDK takes its place by implementing these two,
//! with an eventfd for what it registers. TLS and the back side see nothing else.

use mio::{Registry, Token};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::config::Listen;

/// One TCP connection. `read` and `write` answer WouldBlock instead of waiting; a
/// read that fills less than its buffer took all there was.
pub trait Stream: Read + Write {
    /// From now on `token` is reported when bytes came, when the peer ended its
    /// direction, and when there is room again after a write that found none.
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
    /// What its listener was told.
    pub listen: Arc<Listen>,
}

/// The listeners.
pub trait Front {
    type Stream: Stream;

    /// Listens on `wanted` and on nothing else: what is there stays, the rest is
    /// opened or closed. `token` is reported when there may be something to accept.
    /// Streams that were accepted stay. Returns what can't be listened on now, with
    /// the reason and what to do; the others are listened on.
    fn listen(&mut self, wanted: &[Arc<Listen>], registry: &Registry, token: Token) -> Vec<String>;

    /// The next connection; None when there is none now.
    ///
    /// # Errors
    /// When one can't be taken now (no descriptor left): worth another try later.
    fn accept(&mut self) -> io::Result<Option<Accepted<Self::Stream>>>;

    /// Those bound, with the ports that were chosen, in the order in which they were wanted.
    fn addresses(&self) -> Vec<SocketAddr>;
}

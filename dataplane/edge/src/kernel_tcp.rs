//! The front on the kernel's TCP.

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use std::io;
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};

use crate::error::{Kind, StartError};
use crate::front::{Accepted, Front, Stream};

impl Stream for TcpStream {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(self, token, Interest::READABLE | Interest::WRITABLE)
    }

    fn shutdown_write(&self) {
        // It fails only when the peer has gone, which the next read tells.
        let _ = self.shutdown(Shutdown::Write);
    }
}

pub struct KernelTcp {
    listeners: Vec<TcpListener>,
}

impl KernelTcp {
    /// Binds every `HOST:PORT`; port 0 lets the kernel choose.
    ///
    /// # Errors
    /// When one is no address, or can't be bound.
    pub fn bind(addresses: &[String]) -> Result<Self, StartError> {
        let listeners = addresses.iter().map(|address| {
            let at = resolve(address).ok_or_else(|| {
                StartError::system(format!(
                    "{address:?} is no address to listen on. Write --listen HOST:PORT, as in 0.0.0.0:443 or [::]:443"
                ))
            })?;
            TcpListener::bind(at).map_err(|error| {
                let (kind, next) = match error.kind() {
                    io::ErrorKind::AddrInUse => (Kind::InUse, "Stop what listens there, or choose another port"),
                    io::ErrorKind::PermissionDenied => (Kind::System, "Choose a port from 1024 on, or give the process CAP_NET_BIND_SERVICE"),
                    _ => (Kind::System, "Choose an address that this machine has"),
                };
                StartError::new(kind, format!("can't listen on {address}: {error}. {next}"))
            })
        });
        Ok(Self {
            listeners: listeners.collect::<Result<_, _>>()?,
        })
    }
}

fn resolve(address: &str) -> Option<SocketAddr> {
    address.to_socket_addrs().ok()?.next()
}

impl Front for KernelTcp {
    type Stream = TcpStream;

    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.listeners
            .iter_mut()
            .try_for_each(|listener| registry.register(listener, token, Interest::READABLE))
    }

    fn accept(&mut self) -> io::Result<Option<Accepted<TcpStream>>> {
        for listener in &self.listeners {
            loop {
                match listener.accept() {
                    Ok((stream, peer)) => {
                        // Gone already: there is nothing to be told about it.
                        let Ok(local) = stream.local_addr() else {
                            continue;
                        };
                        let _ = stream.set_nodelay(true);
                        return Ok(Some(Accepted {
                            stream,
                            peer,
                            local,
                        }));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // The peer left the queue; accept(2) says to go on.
                    Err(error)
                        if matches!(
                            error.kind(),
                            io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                        ) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(None)
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.listeners.iter().map(TcpListener::local_addr);
        addresses.filter_map(Result::ok).collect()
    }

    fn close(&mut self) {
        self.listeners.clear();
    }
}

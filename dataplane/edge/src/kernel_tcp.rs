//! The front on the kernel's TCP.

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use rustix::net::sockopt::{set_ipv6_v6only, set_socket_reuseaddr};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

use crate::config::Listen;
use crate::front::{Accepted, Front, Stream};
use crate::limits::ACCEPT_QUEUE;

impl Stream for TcpStream {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(self, token, Interest::READABLE | Interest::WRITABLE)
    }

    fn shutdown_write(&self) {
        // It fails only when the peer has gone, which the next read tells.
        let _ = self.shutdown(Shutdown::Write);
    }
}

struct Listener {
    wanted: Arc<Listen>,
    v6_only: bool,
    socket: TcpListener,
}

#[derive(Default)]
pub struct KernelTcp {
    listeners: Vec<Listener>,
}

impl Front for KernelTcp {
    type Stream = TcpStream;

    fn listen(&mut self, wanted: &[Arc<Listen>], registry: &Registry, token: Token) -> Vec<String> {
        let mut before = std::mem::take(&mut self.listeners);
        let mut missing = Vec::new();
        for one in wanted {
            let v6_only = shares_its_port(one, wanted);
            let kept = |listener: &Listener| {
                let moved = !wanted.contains(&listener.wanted) && listener.wanted.is_moved(one);
                listener.v6_only == v6_only && (listener.wanted == *one || moved)
            };
            match before.iter().position(kept) {
                Some(at) => self.listeners.push(Listener {
                    wanted: Arc::clone(one),
                    ..before.remove(at)
                }),
                None => missing.push((Arc::clone(one), v6_only)),
            }
        }
        // First closed, then opened: one may need the port of another.
        drop(before);
        let mut failed = Vec::new();
        for (one, v6_only) in missing {
            let opened = open(one.address, v6_only).and_then(|mut socket| {
                registry.register(&mut socket, token, Interest::READABLE)?;
                Ok(socket)
            });
            match opened {
                Ok(socket) => self.listeners.push(Listener {
                    wanted: one,
                    v6_only,
                    socket,
                }),
                Err(error) => failed.push(refusal(one.address, &error)),
            }
        }
        let place = |listener: &Listener| wanted.iter().position(|one| *one == listener.wanted);
        self.listeners.sort_by_key(place);
        failed
    }

    fn accept(&mut self) -> io::Result<Option<Accepted<TcpStream>>> {
        for listener in &self.listeners {
            loop {
                match listener.socket.accept() {
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
                            listen: Arc::clone(&listener.wanted),
                        }));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // The peer left the queue; accept(2) says to go on.
                    Err(error)
                        if matches!(
                            error.kind(),
                            ErrorKind::ConnectionAborted | ErrorKind::Interrupted
                        ) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(None)
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self
            .listeners
            .iter()
            .map(|listener| listener.socket.local_addr());
        addresses.filter_map(Result::ok).collect()
    }
}

/// [::] takes IPv4 too, unless 0.0.0.0 is wanted on the same port.
fn shares_its_port(one: &Listen, all: &[Arc<Listen>]) -> bool {
    one.address.is_ipv6()
        && one.address.ip().is_unspecified()
        && all.iter().any(|other| {
            other.address.is_ipv4()
                && other.address.port() == one.address.port()
                && one.address.port() != 0
        })
}

fn open(address: SocketAddr, v6_only: bool) -> io::Result<TcpListener> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    // The port is free as soon as its listener is closed.
    set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        set_ipv6_v6only(&socket, v6_only)?;
    }
    bind(&socket, &address)?;
    listen(&socket, ACCEPT_QUEUE)?;
    Ok(TcpListener::from_std(socket.into()))
}

fn refusal(address: SocketAddr, error: &io::Error) -> String {
    let next = match error.kind() {
        ErrorKind::AddrInUse => "Stop what listens there, or choose another port",
        ErrorKind::PermissionDenied => {
            "Choose a port from 1024 on, or give the process CAP_NET_BIND_SERVICE"
        }
        ErrorKind::AddrNotAvailable => "Give the machine this address, or choose one that it has",
        _ => "Choose another address",
    };
    format!("can't listen on {address}: {error}. {next}; it is tried again every second")
}

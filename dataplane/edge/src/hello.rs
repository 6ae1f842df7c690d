//! Reads a client's first message, so far as to know whether it is worth a handshake.
//! Does nothing dear: no key is touched here.

use rustls::server::{Accepted as Hello, AcceptedAlert, Acceptor};
use std::io::ErrorKind;

use crate::config::Protocol;
use crate::front::Stream;
use crate::limits::MAX_CLIENT_HELLO_BYTES;
use crate::ready::Ready;
use crate::reason::{Ending, Reason};

/// A fatal alert before there are keys (RFC 8446, 6; RFC 7301, 3.2).
const NO_APPLICATION_PROTOCOL: [u8; 7] = [21, 3, 3, 0, 2, 2, 120];

/// Why a client is refused, and the alert that tells it.
pub struct Refusal {
    pub ending: Ending,
    pub alert: Vec<u8>,
}

impl Refusal {
    pub fn silent(reason: Reason, why: &str) -> Self {
        Self {
            ending: Ending::new(reason, why),
            alert: Vec::new(),
        }
    }
}

impl From<(rustls::Error, AcceptedAlert)> for Refusal {
    fn from((error, mut alert): (rustls::Error, AcceptedAlert)) -> Self {
        let mut bytes = Vec::new();
        // Writing to a Vec doesn't fail.
        let _ = alert.write_all(&mut bytes);
        Self {
            ending: error.into(),
            alert: bytes,
        }
    }
}

/// A whole ClientHello.
pub struct Greeted {
    pub hello: Hello,
    /// What is settled on.
    pub protocol: Protocol,
    /// The bytes that came after it.
    pub rest: Vec<u8>,
}

#[derive(Default)]
pub struct Greeting {
    acceptor: Acceptor,
    len_bytes: usize,
}

impl Greeting {
    /// The ClientHello, when it is whole; `speaks` is what its listener takes, the
    /// dearest first.
    ///
    /// # Errors
    /// Why this client gets no handshake.
    pub fn read<S: Stream>(
        &mut self,
        speaks: &[Protocol],
        stream: &mut S,
        ready: &mut Ready,
        scratch: &mut [u8],
    ) -> Result<Option<Greeted>, Refusal> {
        loop {
            let read = match ready.read(stream, scratch) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Ok(0) | Err(_) => {
                    let why = "it left before its ClientHello";
                    return Err(Refusal::silent(Reason::Left, why));
                }
                Ok(read) => read,
            };
            let mut rest = scratch.get(..read).unwrap_or_default();
            while !rest.is_empty() {
                let before = rest.len();
                let taken = self.acceptor.read_tls(&mut rest);
                self.len_bytes += before - rest.len();
                if !taken.is_ok_and(|taken| taken > 0) || self.len_bytes > MAX_CLIENT_HELLO_BYTES {
                    let why = "its ClientHello is too long";
                    return Err(Refusal::silent(Reason::TooLarge, why));
                }
                if let Some(hello) = self.acceptor.accept()? {
                    let Some(protocol) = settle(&hello, speaks) else {
                        let why = "it offers no protocol by ALPN that is spoken here";
                        return Err(Refusal {
                            ending: Ending::new(Reason::NoAlpn, why),
                            alert: NO_APPLICATION_PROTOCOL.to_vec(),
                        });
                    };
                    return Ok(Some(Greeted {
                        hello,
                        protocol,
                        rest: rest.to_vec(),
                    }));
                }
            }
        }
    }
}

/// What both speak, by the order of `speaks`.
fn settle(hello: &Hello, speaks: &[Protocol]) -> Option<Protocol> {
    let offers: Option<Vec<&[u8]>> = hello.client_hello().alpn().map(Iterator::collect);
    let both = |one: &&Protocol| match &offers {
        Some(offers) => offers.iter().any(|offer| one.is(Some(offer))),
        None => one.is(None),
    };
    speaks.iter().find(both).copied()
}

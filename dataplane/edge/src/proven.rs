//! What is known of a client at the end of its handshake, and what the agent is told
//! of it. Never lets one pass whose certificate isn't good at this moment.

use rustls::{HandshakeKind, ProtocolVersion};
use std::net::SocketAddr;

use crate::config::Listen;
use crate::generation::Generation;
use crate::limits::MAX_CLIENT_CERTIFICATE_BYTES;
use crate::proxy::{Origin, Proven, Timing, header};
use crate::reason::{Ending, Reason};
use crate::tls::Tls;
use crate::wire::{TlsWire, Wire};

/// What must be true at the end of a handshake, beyond what TLS saw to. Returns which
/// kind it was.
///
/// # Errors
/// Why the client is refused.
pub fn check(wire: &TlsWire, tls: Option<&Tls>) -> Result<HandshakeKind, Ending> {
    let chain = wire.tls.peer_certificates().unwrap_or_default();
    let leaf = chain
        .first()
        .ok_or_else(|| Ending::new(Reason::NoCertificate, "it has no certificate"))?;
    if leaf.len() > MAX_CLIENT_CERTIFICATE_BYTES {
        return Err(Ending::new(
            Reason::TooLarge,
            "its certificate is too large",
        ));
    }
    if !wire.protocol.is(wire.tls.alpn_protocol()) {
        let why = "it didn't settle on a protocol that is spoken here";
        return Err(Ending::new(Reason::NoAlpn, why));
    }
    let kind = wire.tls.handshake_kind().unwrap_or(HandshakeKind::Full);
    // A ticket brings the chain of an earlier day; a reload may bring other anchors
    // while the handshake is under way.
    let is_current = tls.is_some_and(|tls| tls.made(&wire.config));
    if kind == HandshakeKind::Resumed || !is_current {
        still_good(wire, tls)?;
    }
    Ok(kind)
}

/// Whether a client that was taken would be taken by the configuration as it is now.
///
/// # Errors
/// Why not.
pub fn would_be_taken(wire: &Wire, listen: &Listen, generation: &Generation) -> Result<(), Ending> {
    match wire {
        Wire::Tls(wire) => still_good(wire, generation.tls.as_ref()),
        // Where it may go plain, it may go there plain by any address.
        Wire::Plain(_)
            if generation
                .config
                .listen
                .iter()
                .any(|one| !one.tls && one.back == listen.back) =>
        {
            Ok(())
        }
        Wire::Plain(_) => {
            let why = "plain connections aren't allowed any more";
            Err(Ending::new(Reason::NotConfigured, why))
        }
    }
}

fn still_good(wire: &TlsWire, tls: Option<&Tls>) -> Result<(), Ending> {
    let tls = tls.ok_or_else(|| {
        let why = "no certificate is configured any more";
        Ending::new(Reason::NotConfigured, why)
    })?;
    let chain = wire.tls.peer_certificates().unwrap_or_default();
    tls.verify(chain).map_err(Ending::from)
}

/// The PROXY header.
///
/// # Errors
/// Why there can be none.
pub fn describe(
    wire: &Wire,
    source: SocketAddr,
    destination: SocketAddr,
    timing: Timing,
) -> Result<Vec<u8>, Ending> {
    let nameless = || Ending::new(Reason::NoCertificate, "it has no certificate");
    let tls = match wire {
        Wire::Plain(_) => None,
        Wire::Tls(wire) => {
            let chain = wire.tls.peer_certificates().unwrap_or_default();
            Some(Proven {
                tls_version: match wire.tls.protocol_version() {
                    Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                    Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                    _ => {
                        let why = "its TLS version has no name";
                        return Err(Ending::new(Reason::Protocol, why));
                    }
                },
                certificate_der: chain.first().ok_or_else(nameless)?,
            })
        }
    };
    let made = header(&Origin {
        source,
        destination,
        tls,
        timing,
    });
    made.ok_or_else(|| Ending::new(Reason::TooLarge, "its certificate is too large"))
}

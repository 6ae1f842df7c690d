//! What is known of a client at the end of its handshake, and what the agent is told
//! of it. Never lets one pass whose certificate isn't good at this moment.

use rustls::{HandshakeKind, ProtocolVersion};
use std::net::SocketAddr;

use crate::limits::MAX_CLIENT_CERTIFICATE_BYTES;
use crate::proxy::{Origin, Proven, header};
use crate::tls::{ALPN, Tls};
use crate::wire::Wire;

/// What must be true at the end of a handshake, beyond what TLS saw to.
///
/// # Errors
/// Why the client is refused.
pub fn check(wire: &Wire, tls: Option<&Tls>) -> Result<(), String> {
    let Wire::Tls(wire) = wire else {
        return Ok(());
    };
    let chain = wire.tls.peer_certificates().unwrap_or_default();
    let leaf = chain.first().ok_or("it has no certificate")?;
    if leaf.len() > MAX_CLIENT_CERTIFICATE_BYTES {
        return Err("its certificate is too large".into());
    }
    if wire.tls.alpn_protocol() != Some(ALPN) {
        return Err("it didn't settle on h2".into());
    }
    if wire.tls.handshake_kind() == Some(HandshakeKind::Resumed) {
        let tls = tls.ok_or("there is no certificate now")?;
        tls.verify(chain).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The PROXY header.
///
/// # Errors
/// Why there can be none.
pub fn describe(
    wire: &Wire,
    source: SocketAddr,
    destination: SocketAddr,
) -> Result<Vec<u8>, String> {
    let tls = match wire {
        Wire::Plain(_) => None,
        Wire::Tls(wire) => {
            let chain = wire.tls.peer_certificates().unwrap_or_default();
            Some(Proven {
                tls_version: match wire.tls.protocol_version() {
                    Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                    Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                    _ => return Err("its TLS version has no name".into()),
                },
                certificate_der: chain.first().ok_or("it has no certificate")?,
            })
        }
    };
    let made = header(&Origin {
        source,
        destination,
        tls,
    });
    made.ok_or_else(|| "its certificate is too large".into())
}

//! Why a connection isn't served any more: a name for the metrics, and words for the
//! log.

use rustls::{CertificateError, Error};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident => $label:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            pub const ALL: &[Reason] = &[$(Reason::$name),*];

            /// The metrics' value of `reason`.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self {
                    $(Reason::$name => $label,)*
                }
            }
        }
    };
}

reasons! {
    /// As many connections as may be.
    TooMany => "connections",
    /// As many as its peer may have.
    TooManyOfPeer => "connections_of_peer",
    /// More handshakes than its peer may begin.
    TooFast => "handshakes_of_peer",
    /// The handshake took too long.
    Slow => "handshake_timeout",
    /// It left before the handshake was done.
    Left => "left",
    /// No TLS, or not as it should be.
    Protocol => "protocol",
    /// No version, suite or group in common.
    Incompatible => "incompatible",
    NoAlpn => "no_alpn",
    TooLarge => "too_large",
    /// It refused us.
    Alert => "alert",
    NoCertificate => "no_certificate",
    Expired => "certificate_expired",
    NotYetValid => "certificate_not_yet_valid",
    Revoked => "certificate_revoked",
    UnknownIssuer => "certificate_unknown_issuer",
    BadCertificate => "certificate_bad",
    /// There is no certificate of ours any more.
    NotConfigured => "not_configured",
    /// Nothing came after the handshake.
    Silent => "silent",
    /// It reads nothing.
    Stalled => "stalled",
    /// One direction outlived the other.
    HalfClosed => "half_closed",
    /// It held the bytes that were queued for the longest time.
    Memory => "memory",
    /// The agent's socket failed.
    Agent => "agent",
    /// A fault of our own.
    Fault => "fault",
}

/// Why it ends, for the log and the metrics.
#[derive(Debug)]
pub struct Ending {
    pub reason: Reason,
    pub why: String,
}

impl Ending {
    pub fn new(reason: Reason, why: impl Into<String>) -> Self {
        Self {
            reason,
            why: why.into(),
        }
    }
}

impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        let reason = match &error {
            Error::NoCertificatesPresented => Reason::NoCertificate,
            Error::InvalidCertificate(certificate) => of_certificate(certificate),
            Error::NoApplicationProtocol => Reason::NoAlpn,
            Error::PeerIncompatible(_) => Reason::Incompatible,
            Error::AlertReceived(_) => Reason::Alert,
            Error::PeerSentOversizedRecord => Reason::TooLarge,
            _ => Reason::Protocol,
        };
        Self::new(reason, error.to_string())
    }
}

fn of_certificate(error: &CertificateError) -> Reason {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Reason::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Reason::NotYetValid
        }
        CertificateError::Revoked => Reason::Revoked,
        CertificateError::UnknownIssuer => Reason::UnknownIssuer,
        _ => Reason::BadCertificate,
    }
}

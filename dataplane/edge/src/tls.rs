//! Certificate, key, anchors and revocation lists: read as a whole, used as a whole.
//! A client without a certificate that is good at this moment gets no connection.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::ticketer::TicketRotator;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, Error, RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use x509_cert::der::Decode;

use crate::config::{Material, Protocol, Unusable};
use crate::limits::{MAX_PEM_FILE_BYTES, TICKETS_PER_HANDSHAKE};
use crate::read::{self, Access, unusable};
use crate::tickets::FreshKey;

/// What a connection is made with; replaced as a whole by a reload.
pub struct Tls {
    /// The same but for what ALPN may settle on; they share their tickets, and each
    /// handshake settles anew.
    h2: Arc<ServerConfig>,
    http11: Arc<ServerConfig>,
    /// When the server's certificate ends, since 1970.
    pub not_after: Duration,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Tls {
    /// Reads all files. Each load has session tickets under keys of its own: nobody
    /// resumes what an older list allowed.
    ///
    /// # Errors
    /// Names the file and what to do; nothing of a file's content.
    pub fn load(files: &Material, ticket_key_seconds: u32) -> Result<Self, Unusable> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        for anchor in certificates(&files.client_ca)? {
            let added = roots.add(anchor);
            added.map_err(|error| unusable(&files.client_ca, &error))?;
        }
        let mut verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        if let Some(path) = &files.crl {
            // RFC 5280, 6.3.3: every certificate below the anchor, and no stale list.
            verifier = verifier
                .with_crls(revocation_lists(path)?)
                .enforce_revocation_expiration();
        }
        let verifier = verifier.build().map_err(|error| {
            let path = files.crl.as_ref().unwrap_or(&files.client_ca);
            unusable(path, &error)
        })?;
        let chain = certificates(&files.certificate)?;
        let not_after = not_after(&chain).map_err(|error| unusable(&files.certificate, &error))?;
        let pem = read::whole(
            &files.private_key,
            Access::OwnerAndGroup,
            MAX_PEM_FILE_BYTES,
        )?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
            unusable(
                &files.private_key,
                &"no private key in PEM (PKCS #8, SEC 1 or PKCS #1)",
            )
        })?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| Unusable(format!("no TLS: {error}")))?
            .with_client_cert_verifier(Arc::clone(&verifier))
            .with_single_cert(chain, key)
            .map_err(|error| unusable(&files.certificate, &error))?;
        let tickets = TicketRotator::new(ticket_key_seconds, FreshKey::generate)
            .map_err(|error| Unusable(format!("no session tickets: {error}")))?;
        config.ticketer = Arc::new(tickets);
        config.send_tls13_tickets = TICKETS_PER_HANDSHAKE;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        let for_protocol = |protocol: Protocol| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.name().to_vec()];
            Arc::new(config)
        };
        Ok(Self {
            h2: for_protocol(Protocol::H2),
            http11: for_protocol(Protocol::Http11),
            not_after,
            verifier,
        })
    }

    /// For a handshake that settles on `protocol`.
    #[must_use]
    pub fn config(&self, protocol: Protocol) -> &Arc<ServerConfig> {
        match protocol {
            Protocol::H2 => &self.h2,
            Protocol::Http11 => &self.http11,
        }
    }

    /// Whether `config` is one of these.
    #[must_use]
    pub fn made(&self, config: &Arc<ServerConfig>) -> bool {
        Arc::ptr_eq(config, &self.h2) || Arc::ptr_eq(config, &self.http11)
    }

    /// Verifies a client's chain once more, as of now. A resumed session brings the
    /// chain of the first one, which may have expired or been revoked since.
    ///
    /// # Errors
    /// Why the chain isn't good.
    pub fn verify(&self, chain: &[CertificateDer<'_>]) -> Result<(), Error> {
        let Some((leaf, others)) = chain.split_first() else {
            return Err(CertificateError::BadEncoding.into());
        };
        let verified = self
            .verifier
            .verify_client_cert(leaf, others, UnixTime::now());
        verified.map(drop)
    }
}

fn not_after(chain: &[CertificateDer<'_>]) -> Result<Duration, x509_cert::der::Error> {
    let leaf = chain.first().map(AsRef::as_ref).unwrap_or_default();
    let leaf = x509_cert::Certificate::from_der(leaf)?;
    let validity = leaf.tbs_certificate.validity;
    Ok(validity.not_after.to_unix_duration())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let pem = read::whole(path, Access::Anybody, MAX_PEM_FILE_BYTES)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(unusable(path, &"no whole certificate in PEM")),
    }
}

fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, Unusable> {
    let pem = read::whole(path, Access::Anybody, MAX_PEM_FILE_BYTES)?;
    let all: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(unusable(path, &"no whole revocation list in PEM")),
    }
}

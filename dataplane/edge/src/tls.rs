//! Certificate, key, anchors and revocation lists: read as a whole, used as a whole.
//! A client without a certificate that is good at this moment gets no connection.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, Error, RootCertStore, ServerConfig};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::StartError;
use crate::limits::MAX_PEM_FILE_BYTES;

/// The only protocol that the agent speaks.
pub const ALPN: &[u8] = b"h2";

/// Where the PEM files are.
#[derive(Clone, Debug)]
pub struct Files {
    pub cert: PathBuf,
    pub key: PathBuf,
    pub client_ca: PathBuf,
    pub crl: Option<PathBuf>,
}

/// What a connection is made with; replaced as a whole by a reload.
pub struct Tls {
    pub config: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Tls {
    /// Reads all files. Each load has session tickets under a key of its own, which
    /// rustls then changes every six hours: nobody resumes what an older list allowed.
    ///
    /// # Errors
    /// Names the file and what to do; nothing of a file's content.
    pub fn load(files: &Files) -> Result<Self, StartError> {
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
        let chain = certificates(&files.cert)?;
        let pem = read(&files.key, true)?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
            unusable(
                &files.key,
                &"no private key in PEM (PKCS #8, SEC 1 or PKCS #1)",
            )
        })?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| StartError::system(format!("no TLS: {error}")))?
            .with_client_cert_verifier(Arc::clone(&verifier))
            .with_single_cert(chain, key)
            .map_err(|error| unusable(&files.cert, &error))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.ticketer = aws_lc_rs::Ticketer::new()
            .map_err(|error| StartError::system(format!("no session tickets: {error}")))?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self {
            config: Arc::new(config),
            verifier,
        })
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

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let pem = read(path, false)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(unusable(path, &"no whole certificate in PEM")),
    }
}

fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, StartError> {
    let pem = read(path, false)?;
    let all: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(unusable(path, &"no whole revocation list in PEM")),
    }
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> StartError {
    StartError::material(format!(
        "{} can't be used: {why}. Put a good file there, then start again (or send SIGHUP to an edge that runs)",
        path.display()
    ))
}

/// One look at the file, so that what was checked is what is read.
fn read(path: &Path, secret: bool) -> Result<Vec<u8>, StartError> {
    let file = File::open(path).map_err(|error| unusable(path, &error))?;
    let metadata = file.metadata().map_err(|error| unusable(path, &error))?;
    if secret && metadata.mode() & 0o077 != 0 {
        return Err(StartError::material(format!(
            "{} may be read by others. Make it its owner's alone: chmod 600 {0}",
            path.display()
        )));
    }
    let mut content = Vec::new();
    file.take(MAX_PEM_FILE_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(|error| unusable(path, &error))?;
    if content.len() as u64 > MAX_PEM_FILE_BYTES {
        return Err(unusable(path, &"it is larger than 4 MiB"));
    }
    Ok(content)
}

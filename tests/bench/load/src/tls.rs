// The TLS of a load generator: one cipher suite, one group for the key exchange, so that every server does the same work.
// It pins the server's certificate and checks none of its signatures: what is measured is the server,
// and the client shares the machine. Must never be taken for a client to trust.
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind,
    SignatureScheme,
};

use crate::pki::{Files, SERVER_NAME};

pub const ALPN: &[u8] = b"h2";
/// Ciphertext taken by one read: four TLS records.
const READ_BYTES: usize = 64 << 10;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    Tls12,
    Tls13,
}

/// A client's configuration with the certificates of `dir` (see `pki::write`).
///
/// Of 1.3 it offers TLS_AES_128_GCM_SHA256, of 1.2 ECDHE-ECDSA with the same cipher, both with X25519.
/// With `resume` it keeps tickets for connections of this configuration.
pub fn client_config(
    dir: &Path,
    client: usize,
    version: Version,
    resume: bool,
) -> Result<Arc<ClientConfig>, String> {
    let files = Files::of(dir);
    let (certificate, key) = files.client(client);
    let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| error.to_string())?;
    let provider = CryptoProvider {
        cipher_suites: vec![match version {
            Version::Tls12 => aws_lc_rs::cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            Version::Tls13 => aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256,
        }],
        // P-256 is the certificates' curve: of 1.2 OpenSSL wants it among the client's groups.
        kx_groups: vec![aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1],
        ..aws_lc_rs::default_provider()
    };
    let versions = match version {
        Version::Tls12 => [&TLS12],
        Version::Tls13 => [&TLS13],
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&versions)
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(one(&files.server().0)?)))
        .with_client_auth_cert(vec![one(&certificate)?], key)
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    if !resume {
        config.resumption = Resumption::disabled();
    }
    Ok(Arc::new(config))
}

fn one(path: &Path) -> Result<CertificateDer<'static>, String> {
    CertificateDer::from_pem_file(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[derive(Debug)]
struct Pinned(CertificateDer<'static>);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.0 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// A TLS client on a socket of mio. `read` and `write` answer WouldBlock instead of waiting; after every
/// event `flush` must have been called, for TLS has bytes of its own to send.
pub struct TlsStream {
    socket: TcpStream,
    tls: ClientConnection,
    /// Ciphertext that TLS has not taken: `input[start..end]`.
    input: Box<[u8]>,
    start: usize,
    end: usize,
}

impl TlsStream {
    pub fn new(socket: TcpStream, config: Arc<ClientConfig>) -> Result<Self, String> {
        let name = ServerName::try_from(SERVER_NAME).map_err(|error| error.to_string())?;
        let tls = ClientConnection::new(config, name).map_err(|error| error.to_string())?;
        Ok(Self {
            socket,
            tls,
            input: vec![0; READ_BYTES].into(),
            start: 0,
            end: 0,
        })
    }

    #[must_use]
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// What kind of handshake it was, once it is over.
    #[must_use]
    pub fn handshake(&self) -> Option<HandshakeKind> {
        let over = !self.tls.is_handshaking();
        over.then(|| self.tls.handshake_kind()).flatten()
    }

    /// True when the server has settled on h2.
    #[must_use]
    pub fn speaks_h2(&self) -> bool {
        self.tls.alpn_protocol() == Some(ALPN)
    }

    /// Fills `into` as far as there are bytes; 0: the server said goodbye.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        let mut drained = false;
        loop {
            match self.tls.reader().read(&mut into[filled..]) {
                Ok(0) => break,
                Ok(read) => {
                    filled += read;
                    if filled == into.len() {
                        break;
                    }
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if self.start == self.end {
                if drained {
                    return filled_or_block(filled);
                }
                match self.socket.read(&mut self.input) {
                    Ok(read) => {
                        // epoll(7): a short read of a stream socket has emptied it.
                        drained = read < self.input.len();
                        (self.start, self.end) = (0, read);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        return filled_or_block(filled);
                    }
                    Err(error) => return Err(error),
                }
            }
            // With nothing in `input` this tells TLS that the socket has ended.
            let mut rest = &self.input[self.start..self.end];
            self.tls.read_tls(&mut rest)?;
            self.start = self.end - rest.len();
            self.tls
                .process_new_packets()
                .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            if self.tls.wants_write() {
                self.flush()?;
            }
        }
        Ok(filled)
    }

    /// Keeps a few bytes to be sent at the end of the handshake.
    pub fn queue(&mut self, bytes: &[u8]) -> Result<(), String> {
        let kept = self.tls.writer().write_all(bytes);
        kept.map_err(|error| error.to_string())
    }

    /// Takes as many bytes as TLS may hold, once what it held before is sent.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.flush()? {
            return Err(ErrorKind::WouldBlock.into());
        }
        let taken = self.tls.writer().write(bytes)?;
        self.flush()?;
        Ok(taken)
    }

    /// Sends what TLS holds. False: the socket takes no more now.
    pub fn flush(&mut self) -> io::Result<bool> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.socket) {
                Ok(_) => {}
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected
                    ) =>
                {
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// TLS's goodbye, then TCP's, as far as there is room for it.
    pub fn end(&mut self) {
        self.tls.send_close_notify();
        let _ = self.flush();
        let _ = self.socket.shutdown(std::net::Shutdown::Write);
    }
}

fn filled_or_block(filled: usize) -> io::Result<usize> {
    if filled > 0 {
        Ok(filled)
    } else {
        Err(ErrorKind::WouldBlock.into())
    }
}

// Certificates of one comparison: every server shows the same one, the clients differ. ECDSA on P-256.
use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The name in the server's certificate.
pub const SERVER_NAME: &str = "localhost";
/// Clients with a key and a certificate each, so that no server meets the same one every time.
pub const CLIENTS: usize = 16;

/// Where the files of `write` lie.
pub struct Files(PathBuf);

impl Files {
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        Self(dir.to_owned())
    }

    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    #[must_use]
    pub fn server(&self) -> (PathBuf, PathBuf) {
        (self.0.join("server.pem"), self.0.join("server.key"))
    }

    #[must_use]
    pub fn client(&self, number: usize) -> (PathBuf, PathBuf) {
        let number = number % CLIENTS;
        (
            self.0.join(format!("client-{number}.pem")),
            self.0.join(format!("client-{number}.key")),
        )
    }
}

/// Writes an authority's certificate, a server's and the clients', with their keys, as PEM.
pub fn write(dir: &Path) -> Result<(), String> {
    let files = Files::of(dir);
    let explain = |error: rcgen::Error| error.to_string();
    let key = KeyPair::generate().map_err(explain)?;
    let mut params = CertificateParams::new(vec![]).map_err(explain)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Authority of a comparison");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = params.self_signed(&key).map_err(explain)?;
    put(&files.authority(), &authority.pem())?;
    let issuer = Issuer::new(params, key);
    let issue = |name: &str, usage, (certificate, key): (PathBuf, PathBuf)| {
        let own = KeyPair::generate().map_err(explain)?;
        let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(explain)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        let signed = params.signed_by(&own, &issuer).map_err(explain)?;
        put(&certificate, &signed.pem())?;
        put(&key, &own.serialize_pem())
    };
    issue(
        SERVER_NAME,
        ExtendedKeyUsagePurpose::ServerAuth,
        files.server(),
    )?;
    for number in 0..CLIENTS {
        let name = format!("client-{number}.bench");
        issue(
            &name,
            ExtendedKeyUsagePurpose::ClientAuth,
            files.client(number),
        )?;
    }
    Ok(())
}

/// Only its owner may read it: so servers want it of a key.
fn put(path: &Path, pem: &str) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let explain = |error: std::io::Error| format!("{}: {error}", path.display());
    fs::write(path, pem).map_err(explain)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(explain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{Version, client_config};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn every_client_finds_its_own_certificate_and_no_key_is_open_to_others() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path()).unwrap();
        let mut chains = Vec::new();
        for client in 0..CLIENTS {
            client_config(dir.path(), client, Version::Tls13, true).unwrap();
            let (certificate, key) = Files::of(dir.path()).client(client);
            assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o077, 0);
            chains.push(fs::read_to_string(certificate).unwrap());
        }
        chains.sort();
        chains.dedup();
        assert_eq!(chains.len(), CLIENTS);
    }
}

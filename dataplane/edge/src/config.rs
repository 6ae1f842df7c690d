//! What the edge is told to do: one JSON file, read whole or refused whole. Checks
//! form and bounds only; never opens what the file names.

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::limits::{
    Limits, MAX_CONFIG_BYTES, MAX_CONFIGURED_CONNECTIONS, MAX_CONFIGURED_HANDSHAKES, MAX_LISTENERS,
};
use crate::read::{self, Access};

/// What an agent's front speaks, by its name in ALPN (RFC 7301, 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Protocol {
    #[serde(rename = "h2")]
    H2,
    #[serde(rename = "http/1.1")]
    Http11,
}

impl Protocol {
    #[must_use]
    pub fn name(self) -> &'static [u8] {
        match self {
            Self::H2 => b"h2",
            Self::Http11 => b"http/1.1",
        }
    }

    /// Whether this is what was settled on. Nothing stands for HTTP/1.1, which is spoken
    /// over TLS as ever; HTTP/2 takes ALPN (RFC 9113, 3.2).
    #[must_use]
    pub fn is(self, alpn: Option<&[u8]>) -> bool {
        alpn.unwrap_or(Self::Http11.name()) == self.name()
    }
}

/// One address to listen on. Two are the same listener when they are equal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Port 0: the kernel chooses.
    #[serde(deserialize_with = "address")]
    pub address: SocketAddr,
    /// False: bytes are carried as they come, and the agent is told so.
    pub tls: bool,
    /// The Unix socket on which the agent takes what comes here.
    pub back: PathBuf,
    /// What may be settled on, the dearest first. Empty without TLS.
    #[serde(default)]
    pub alpn: Vec<Protocol>,
}

impl Listen {
    /// Whether `to` is the same listener before another of the agent's sockets.
    #[must_use]
    pub fn is_moved(&self, to: &Self) -> bool {
        (self.address, self.tls, &self.alpn) == (to.address, to.tls, &to.alpn)
    }

    fn issue(&self) -> Option<String> {
        let at = self.address;
        match (self.tls, self.alpn.is_empty()) {
            (true, true) => Some(format!(
                "{at} has \"tls\": true and no \"alpn\". Add \"alpn\": [\"h2\"] for gRPC, [\"http/1.1\"] for the gateway"
            )),
            (false, false) => Some(format!(
                "{at} has \"tls\": false, but ALPN is TLS's. Leave \"alpn\" out"
            )),
            _ => None,
        }
    }
}

/// Where the PEM files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    pub certificate: PathBuf,
    pub private_key: PathBuf,
    pub client_ca: PathBuf,
    pub crl: Option<PathBuf>,
}

impl Material {
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.certificate, &self.private_key, &self.client_ca]
            .into_iter()
            .chain(&self.crl)
    }
}

#[derive(Clone, Debug)]
pub struct Config {
    /// The file as it was read: symbolic links in its directory are resolved.
    pub path: PathBuf,
    pub listen: Vec<Arc<Listen>>,
    /// There whenever one of `listen` is TLS.
    pub material: Option<Material>,
    pub metrics: Option<PathBuf>,
    limits: WrittenLimits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    listen: Vec<Listen>,
    certificate: Option<PathBuf>,
    private_key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
    crl: Option<PathBuf>,
    metrics: Option<PathBuf>,
    #[serde(default)]
    limits: WrittenLimits,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLimits {
    max_connections: Option<u32>,
    max_connections_per_peer: Option<u32>,
    handshakes_per_second: Option<u32>,
    handshakes_per_second_per_peer: Option<u32>,
}

/// Why a configuration, or a file that it names, isn't taken: with what to do about
/// it, and nothing of a file's content.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusable(pub String);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Config {
    /// Reads `file`. The directory's symbolic links are resolved first, so that what
    /// the file names comes from beside it even if the link is swapped meanwhile.
    ///
    /// # Errors
    /// Says where and what to do.
    pub fn read(file: &Path) -> Result<Self, Unusable> {
        let gone = |error: std::io::Error| {
            let file = file.display();
            Unusable(format!(
                "{file}: {error}. It is read as soon as it is there"
            ))
        };
        let parent = file.parent().filter(|parent| *parent != Path::new(""));
        let directory = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).map_err(gone)?;
        let path = directory.join(file.file_name().unwrap_or_default());
        let text = read::whole(&path, Access::Anybody, MAX_CONFIG_BYTES)?;
        Self::parse(&text, &path)
    }

    /// # Errors
    /// Says where and what to do.
    pub fn parse(text: &[u8], path: &Path) -> Result<Self, Unusable> {
        let refuse = |what: &str| {
            let path = path.display();
            Err(Unusable(format!("{path}: {what}")))
        };
        let written: Written = match serde_json::from_slice(text) {
            Ok(written) => written,
            Err(error) => {
                return refuse(&format!(
                    "{error}. Mend it there; it is read again when it changes"
                ));
            }
        };
        let Written { listen, limits, .. } = written;
        if let Some(why) = limits.issue() {
            return refuse(&why);
        }
        if listen.len() > MAX_LISTENERS {
            return refuse(&format!(
                "more than {MAX_LISTENERS} addresses. Listen on fewer"
            ));
        }
        if let Some(why) = listen.iter().find_map(Listen::issue) {
            return refuse(&why);
        }
        let directory = path.parent().unwrap_or(Path::new("."));
        let beside = |path: PathBuf| directory.join(path);
        let material = match (written.certificate, written.private_key, written.client_ca) {
            (Some(certificate), Some(private_key), Some(client_ca)) => Some(Material {
                certificate: beside(certificate),
                private_key: beside(private_key),
                client_ca: beside(client_ca),
                crl: written.crl.map(beside),
            }),
            (None, None, None) if written.crl.is_none() => None,
            _ => {
                return refuse(
                    "TLS takes \"certificate\", \"private_key\" and \"client_ca\" together. Name the missing ones, or none",
                );
            }
        };
        if material.is_none() && listen.iter().any(|one| one.tls) {
            return refuse(
                "an address has \"tls\": true, but no certificate is named. Add \"certificate\", \"private_key\" and \"client_ca\"",
            );
        }
        Ok(Self {
            path: path.to_owned(),
            listen: listen
                .into_iter()
                .map(|one| Listen {
                    back: beside(one.back),
                    ..one
                })
                .map(Arc::new)
                .collect(),
            material,
            metrics: written.metrics.map(beside),
            limits,
        })
    }

    /// `limits` with what the file says about them.
    #[must_use]
    pub fn limits(&self, limits: &Limits) -> Limits {
        let WrittenLimits {
            max_connections,
            max_connections_per_peer,
            handshakes_per_second,
            handshakes_per_second_per_peer,
        } = self.limits;
        let count = |written: Option<u32>, other: usize| {
            written.map_or(other, |number| usize::try_from(number).unwrap_or(other))
        };
        Limits {
            connections: count(max_connections, limits.connections),
            connections_per_peer: count(max_connections_per_peer, limits.connections_per_peer),
            handshakes_per_second: handshakes_per_second.unwrap_or(limits.handshakes_per_second),
            handshakes_per_second_per_peer: handshakes_per_second_per_peer
                .unwrap_or(limits.handshakes_per_second_per_peer),
            ..limits.clone()
        }
    }
}

impl WrittenLimits {
    fn issue(&self) -> Option<String> {
        let all = [
            (
                "max_connections",
                self.max_connections,
                MAX_CONFIGURED_CONNECTIONS,
            ),
            (
                "max_connections_per_peer",
                self.max_connections_per_peer,
                MAX_CONFIGURED_CONNECTIONS,
            ),
            (
                "handshakes_per_second",
                self.handshakes_per_second,
                MAX_CONFIGURED_HANDSHAKES,
            ),
            (
                "handshakes_per_second_per_peer",
                self.handshakes_per_second_per_peer,
                MAX_CONFIGURED_HANDSHAKES,
            ),
        ];
        all.into_iter().find_map(|(name, written, most)| {
            let value = written.filter(|value| *value == 0 || *value > most)?;
            Some(format!(
                "limits.{name} is {value}. Write a number from 1 to {most}"
            ))
        })
    }
}

/// IP:PORT. No names: asking a name server could hold up every connection.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let local = text
        .strip_prefix("localhost:")
        .and_then(|port| port.parse().ok());
    let parsed = match local {
        Some(port) => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        None => text.parse(),
    };
    parsed.map_err(|_| {
        let text: String = text.chars().take(80).collect();
        D::Error::custom(format!(
            "{text:?} is no address; write an IP address and a port, as in \"0.0.0.0:50051\" or \"[::]:50051\""
        ))
    })
}

#[cfg(test)]
mod tests;

// The command line. Must hold no rule of the measurement: only what was asked for.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use load::tls::Version;

/// Handshakes and bulk data through a server that ends mutual TLS in front of a Unix socket.
#[derive(Parser)]
pub struct Options {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Write an authority, a server's certificate and clients' certificates to a folder
    Pki { dir: PathBuf },
    /// Connections, each with a handshake, a short echo through the backend, and its end
    Handshakes(HandshakesOptions),
    /// Bytes through connections that stay
    Bulk(BulkOptions),
}

#[derive(Args)]
pub struct Common {
    /// The server's host:port
    pub server: SocketAddr,
    /// The folder that `pki` wrote
    #[arg(long, value_name = "DIR")]
    pub certificates: PathBuf,
    /// Unix socket on which this program is the server's backend
    #[arg(long, value_name = "PATH")]
    pub backend: PathBuf,
    #[arg(long, value_enum, default_value_t = Tls::V13)]
    pub tls: Tls,
    /// Measure so many seconds
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub duration: Duration,
    /// Seconds before the measurement begins
    #[arg(long, default_value = "0.3", value_parser = seconds)]
    pub warmup: Duration,
    /// The server's processes, whose CPU time is read and added up
    #[arg(long, value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// Connections at once
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub connections: u32,
}

#[derive(Args)]
pub struct HandshakesOptions {
    #[command(flatten)]
    pub common: Common,
    /// Resume sessions by their tickets
    #[arg(long)]
    pub resume: bool,
}

#[derive(Args)]
pub struct BulkOptions {
    #[command(flatten)]
    pub common: Common,
    #[arg(long, value_enum)]
    pub direction: Direction,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    /// From the client to the backend
    Up,
    /// From the backend to the client
    Down,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tls {
    #[value(name = "1.2")]
    V12,
    #[value(name = "1.3")]
    V13,
}

impl Tls {
    pub fn version(self) -> Version {
        match self {
            Tls::V12 => Version::Tls12,
            Tls::V13 => Version::Tls13,
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{error}"))
}

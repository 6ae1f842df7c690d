// The generator's command line. Must hold no rule of the measurement: only what was asked for.
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Calls a gRPC server over HTTP/2, plain or over TLS, from one thread and prints what it saw as JSON.
#[derive(Parser)]
pub struct Options {
    /// host:port, or the path of a Unix socket
    pub server: String,
    #[arg(long, value_enum, default_value_t = Mode::Unary)]
    pub mode: Mode,
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub connections: u32,
    /// Calls in flight on each connection
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub streams: u32,
    /// Measure so many seconds ...
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub duration: Duration,
    /// ... or so many calls (messages, when streaming)
    #[arg(long)]
    pub requests: Option<u64>,
    /// Seconds before the measurement begins
    #[arg(long, default_value = "0.3", value_parser = seconds)]
    pub warmup: Duration,
    /// Bytes of the text (unary) or of each message's payload (streaming)
    #[arg(long, default_value_t = 18, value_parser = clap::value_parser!(u32).range(1..=4_000_000))]
    pub payload: u32,
    /// Each call has its own trace id, timeout and text; the two fields' HPACK form
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "indexed")]
    pub vary: Option<Vary>,
    /// Open loop: calls a second over all connections, at even intervals
    #[arg(long)]
    pub rate: Option<f64>,
    /// Messages in flight of a bidirectional stream
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub window: u32,
    /// Messages of one server-streaming call; calls follow one another
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub count: u32,
    /// What of an echoed text is compared
    #[arg(long, value_enum, default_value_t = Check::Payload)]
    pub check: Check,
    /// Signing: the key's id in gatehouse.v1.Crypto; without it the seed's crypto.CryptoService is called
    #[arg(long)]
    pub key: Option<String>,
    /// Signing: so many keys, whose ids are --key, a hyphen and a number of six digits
    #[arg(long, requires = "key", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub keys: Option<u32>,
    /// Signing: which of them by Zipf's law (exponent 1) instead of each as likely
    #[arg(long)]
    pub zipf: bool,
    /// Signing: the algorithm's number in the service that is called
    #[arg(long, default_value_t = 0)]
    pub algorithm: u32,
    /// Signing: the key's public half, a file of SubjectPublicKeyInfo in DER (of several keys one after the other)
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
    /// Signing: one call in so many has its signatures verified
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub verify_each: u64,
    /// Signing: items of a call; more than one are a SignBatch, and each counts as a unit
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub batch: u32,
    /// Mutual TLS 1.3, with the certificates that `edge-load pki` wrote to this folder
    #[arg(long, value_name = "DIR")]
    pub tls: Option<PathBuf>,
    /// The server's processes, whose CPU time and memory are read and added up
    #[arg(long, value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// Read the server's memory each so many measured calls
    #[arg(long)]
    pub rss_every: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// echo.EchoService/Echo
    Unary,
    /// gatehouse.bench.Streams/Bidi, one answer for each message
    Bidi,
    /// gatehouse.bench.Streams/Flow, one request, many messages back
    Flow,
    /// Sign of crypto.CryptoService, or with --key Sign or SignBatch of gatehouse.v1.Crypto
    Sign,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Vary {
    /// Literal with incremental indexing, as grpc-go's encoder: each call changes the peer's dynamic table
    Indexed,
    /// Literal without indexing
    Plain,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Check {
    Payload,
    /// For a server whose answers are constant bytes
    Length,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{error}"))
}

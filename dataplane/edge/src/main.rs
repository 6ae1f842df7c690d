//! The command line of the edge. Reads the certificates, binds, hands over to `server`.

use clap::Parser;
use gatehouse_edge::error::StartError;
use gatehouse_edge::front::Front;
use gatehouse_edge::kernel_tcp::KernelTcp;
use gatehouse_edge::limits::{Limits, MAX_CONNECTIONS};
use gatehouse_edge::log;
use gatehouse_edge::notify::notify;
use gatehouse_edge::server::Server;
use gatehouse_edge::tls::{Files, Tls};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Example:
  gatehouse-edge --listen 0.0.0.0:443 --listen '[::]:443' \\
    --back /run/gatehouse-edge/agent.sock --cert server.pem --key server.key \\
    --client-ca clients.pem --crl revoked.pem

Signals: SIGHUP reads the PEM files again (bad ones are logged, the old ones stay);
SIGTERM and SIGINT stop listening and end when the open connections have, or after 5 s.

Exit codes: 0 stopped by a signal, 2 wrong usage, 66 a PEM file can't be used, 71 the
machine refused something, 75 an address is in use.";

/// Ends mutual TLS (1.3 and 1.2, ALPN h2) and hands the bytes to the agent's Unix socket.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct CommandLine {
    /// Address to listen on; may be given several times. Port 0: the kernel chooses
    #[arg(long, value_name = "HOST:PORT", required = true)]
    listen: Vec<String>,
    /// The agent's Unix socket, on which it takes PROXY protocol v2
    #[arg(long, value_name = "PATH")]
    back: PathBuf,
    /// The server's certificate and what stands between it and its anchor
    #[arg(long, value_name = "PEM")]
    cert: PathBuf,
    /// Its private key; nobody but its owner may have access to the file
    #[arg(long, value_name = "PEM")]
    key: PathBuf,
    /// Anchors of the clients' certificates
    #[arg(long, value_name = "PEM")]
    client_ca: PathBuf,
    /// Revocation lists of every issuer below the anchors; a stale one refuses all it covers
    #[arg(long, value_name = "PEM")]
    crl: Option<PathBuf>,
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    log::init();
    std::panic::set_hook(Box::new(|panic| {
        // The place only: a panic's message could quote what it worked on.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a fault in the edge; its connection is closed");
    }));
    match start(command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "gatehouse-edge: {error}");
            ExitCode::from(error.kind.exit_code())
        }
    }
}

fn start(command_line: CommandLine) -> Result<(), StartError> {
    let system = |what: &str, error: std::io::Error| StartError::system(format!("{what}: {error}"));
    harden().map_err(|error| system("core dumps can't be switched off", error))?;
    make_room();
    let files = Files {
        cert: command_line.cert,
        key: command_line.key,
        client_ca: command_line.client_ca,
        crl: command_line.crl,
    };
    let tls = Tls::load(&files)?;
    let front = KernelTcp::bind(&command_line.listen)?;
    let addresses = front.addresses();
    let mut server = Server::new(front, files, tls, command_line.back, Limits::default())
        .map_err(|error| system("no poll", error))?;
    server
        .listen_for_signals()
        .map_err(|error| system("no signals", error))?;
    log::ready(&addresses);
    if let Err(error) = notify("READY=1") {
        tracing::warn!(%error, "systemd was not told that the edge is ready");
    }
    server
        .run()
        .map_err(|error| system("the poll failed", error))
}

/// The private key stays out of core dumps and debuggers.
fn harden() -> std::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if getrlimit(Resource::Core) != none {
        setrlimit(Resource::Core, none)?;
    }
    Ok(())
}

/// Two descriptors a connection and a few besides, as far as the machine allows.
fn make_room() {
    let needed = MAX_CONNECTIONS as u64 * 2 + 64;
    let has = getrlimit(Resource::Nofile);
    if has.current.is_none_or(|current| current >= needed) {
        return;
    }
    let wanted = has.maximum.map_or(needed, |maximum| maximum.min(needed));
    let raised = Rlimit {
        current: Some(wanted),
        maximum: has.maximum,
    };
    if setrlimit(Resource::Nofile, raised).is_err() || wanted < needed {
        tracing::warn!(
            wanted,
            needed,
            "too few file descriptors for every connection (LimitNOFILE= of the unit)"
        );
    }
}

//! The command line of the edge. Hardens the process, hands over to `server`.

use clap::Parser;
use gatehouse_edge::error::StartError;
use gatehouse_edge::kernel_tcp::KernelTcp;
use gatehouse_edge::limits::Limits;
use gatehouse_edge::log;
use gatehouse_edge::server::Server;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, getpid, getrlimit, kill_process,
    set_dumpable_behavior, setrlimit,
};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = r#"Example:
  gatehouse-edge --config /etc/gatehouse-edge/edge.json

  where edge.json says, with paths relative to its directory:
    {
      "listen": [{"address": "0.0.0.0:50051", "tls": true}],
      "back": "/run/gatehouse-agent/edge.sock",
      "certificate": "certificate.pem",
      "private_key": "private_key.pem",
      "client_ca": "client_ca.pem",
      "crl": "crl.pem",
      "metrics": "/run/gatehouse-edge/metrics.sock",
      "limits": {"max_connections": 4096, "max_connections_per_peer": 512,
                 "handshakes_per_second": 500, "handshakes_per_second_per_peer": 100}
    }
  "crl", "metrics" and "limits" may be left out. The file may come later.

The file and those that it names are looked at once a second. What changed is taken as a
whole; if it can't be used, that is logged and the old one stays.

Signals: SIGHUP takes the files again at once; SIGTERM and SIGINT stop listening and end
when the open connections have, or after 5 s.

Exit codes: 0 stopped by a signal, 2 wrong usage, 71 the machine refused something."#;

/// Ends mutual TLS (1.3 and 1.2, ALPN h2) and hands the bytes to the agent's Unix socket.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct CommandLine {
    /// What to listen on and what with, as JSON (see below)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Stop when standard input ends: a pipe of whoever started this, and who may be killed
    #[arg(long)]
    stop_at_stdin_end: bool,
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    log::init();
    std::panic::set_hook(Box::new(|panic| {
        // The place only: a panic's message could quote what it worked on.
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a fault in the edge; its connection is closed");
    }));
    match start(&command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "gatehouse-edge: {error}");
            ExitCode::from(error.kind.exit_code())
        }
    }
}

fn start(command_line: &CommandLine) -> Result<(), StartError> {
    let system = |what: &str, error: std::io::Error| StartError::system(format!("{what}: {error}"));
    harden().map_err(|error| system("core dumps can't be switched off", error))?;
    let front = KernelTcp::default();
    let mut server = Server::new(front, &command_line.config, Limits::default())
        .map_err(|error| system("no poll", error))?;
    server
        .listen_for_signals()
        .map_err(|error| system("no signals", error))?;
    if command_line.stop_at_stdin_end {
        stop_at_stdin_end().map_err(|error| system("no thread for standard input", error))?;
    }
    server
        .run()
        .map_err(|error| system("the poll failed", error))
}

/// Ends this process as SIGTERM does; to be called when that is listened for.
fn stop_at_stdin_end() -> std::io::Result<()> {
    std::thread::Builder::new().spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = kill_process(getpid(), Signal::TERM);
    })?;
    Ok(())
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

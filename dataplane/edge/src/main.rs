//! The command line of the edge. Hardens the process, hands over to `server`.

use clap::Parser;
use gatehouse_common::hardening::harden;
use gatehouse_common::log;
use gatehouse_edge::kernel_tcp::KernelTcp;
use gatehouse_edge::limits::Limits;
use gatehouse_edge::server::{Interrupt, Server};
use rustix::process::{Signal, getpid, kill_process};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// sysexits' EX_OSERR: the machine refused something.
const MACHINE_REFUSED: u8 = 71;

const EXAMPLES: &str = r#"Example:
  gatehouse-edge --config /etc/gatehouse-edge/edge.json

  where edge.json says, with paths relative to its directory:
    {
      "listen": [
        {"address": "0.0.0.0:50051", "tls": true, "alpn": ["h2"],
         "back": "/run/gatehouse-agent/edge.sock"},
        {"address": "0.0.0.0:50443", "tls": true, "alpn": ["http/1.1"],
         "back": "/run/gatehouse-agent/gateway-edge.sock"}
      ],
      "certificate": "certificate.pem",
      "private_key": "private_key.pem",
      "client_ca": "client_ca.pem",
      "crl": "crl.pem",
      "metrics": "/run/gatehouse-edge/metrics.sock",
      "limits": {"max_connections": 4096, "max_connections_per_peer": 512,
                 "handshakes_per_second": 500, "handshakes_per_second_per_peer": 100}
    }
  "crl", "metrics" and "limits" may be left out, and "alpn" where "tls" is false. The limits
  are for all of "listen" together. The file may come later.

The file and those that it names are looked at once a second. What changed is taken as a
whole; if it can't be used, that is logged and the old one stays.

Signals: SIGHUP takes the files again at once; SIGTERM and SIGINT stop listening and end
when the open connections have, or after 5 s.

Exit codes: 0 stopped by a signal, 2 wrong usage, 71 the machine refused something."#;

/// Ends mutual TLS (1.3 and 1.2) and hands the bytes to the agent's Unix sockets.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct CommandLine {
    /// What to listen on and what with, as JSON (see below)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Stop when standard input ends and ignore SIGINT: for a parent process that supervises
    #[arg(long)]
    stop_at_stdin_end: bool,
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    log::init("edge");
    log::panics("a fault in the edge; its connection is closed");
    match run(&command_line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "gatehouse-edge: {error}");
            ExitCode::from(MACHINE_REFUSED)
        }
    }
}

/// Until a signal ends it. The error is what the machine refused.
fn run(command_line: &CommandLine) -> Result<(), String> {
    let refused = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    // Memory isn't locked, as the signer's is: the edge's is buffers, mostly.
    harden().map_err(refused("core dumps can't be switched off"))?;
    let (front, limits) = (KernelTcp::default(), Limits::default());
    let server = Server::new(front, &command_line.config, limits);
    let mut server = server.map_err(refused("no poll"))?;
    let interrupt = match command_line.stop_at_stdin_end {
        true => Interrupt::Ignored,
        false => Interrupt::Stops,
    };
    server
        .listen_for_signals(interrupt)
        .map_err(refused("no signals"))?;
    if command_line.stop_at_stdin_end {
        stop_at_stdin_end().map_err(refused("no thread for standard input"))?;
    }
    server.run().map_err(refused("the poll failed"))
}

/// Ends this process as SIGTERM does; to be called when that is listened for.
fn stop_at_stdin_end() -> io::Result<()> {
    std::thread::Builder::new().spawn(|| {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = kill_process(getpid(), Signal::TERM);
    })?;
    Ok(())
}

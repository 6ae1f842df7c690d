// Measures what ends TLS in front of a Unix socket: handshakes a second, bytes a second. One thread is
// the clients and the backend behind the server. One JSON report on standard output; it ends with 1
// when a single byte was wrong, for a fast server that errs is not fast.
mod backend;
mod bulk;
mod clients;
mod handshakes;
mod meter;
mod options;
mod pattern;
mod proxy_header;
mod request;

use std::process::ExitCode;

use clap::Parser;
use options::{Command, Options};

fn main() -> ExitCode {
    let measured = match Options::parse().command {
        Command::Pki { dir } => load::pki::write(&dir).map(|()| None),
        Command::Handshakes(options) => handshakes::run(&options).map(Some),
        Command::Bulk(options) => bulk::run(&options).map(Some),
    };
    match measured {
        Ok(report) => {
            if let Some(report) = report {
                println!("{report}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("edge-load: {error}");
            ExitCode::FAILURE
        }
    }
}

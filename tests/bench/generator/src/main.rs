// The load generator of the speed comparison. One JSON report on standard output;
// it ends with 1 when a single answer was wrong, for a fast server that errs is not fast.
mod connection;
mod frame;
mod huffman;
mod keys;
mod message;
mod meter;
mod options;
mod request_headers;
mod response_headers;
mod run;
mod signing;
mod slot;
mod socket;
mod stream_hash;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match run::run(&options::Options::parse()) {
        Ok((report, right)) => {
            println!("{report}");
            if right {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("generator: {error}");
            ExitCode::FAILURE
        }
    }
}

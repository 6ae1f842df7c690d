//! Holds Gatehouse's private keys and signs with them, for one agent on a Unix
//! socket. A private key never leaves the process in the clear, and nothing
//! here listens on a network.

pub mod codec;
pub mod error;
pub mod keys;
pub mod limits;
pub mod run;
pub mod sealing;
pub mod service;
pub mod socket;
pub mod store;
pub mod stream;
pub mod workers;

/// Messages and services of `gatehouse.signer.v1`.
pub mod proto {
    #![allow(clippy::all)]
    tonic::include_proto!("gatehouse.signer.v1");
}

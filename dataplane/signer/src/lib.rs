//! Holds Gatehouse's private keys and signs with them, for one agent on a Unix
//! socket. A private key never leaves the process in the clear, and nothing
//! here listens on a network.

pub mod age_file;
pub mod algorithms;
pub mod backup;
pub mod clock;
pub mod codec;
pub mod confinement;
pub mod cores;
pub mod default_keys;
pub mod error;
pub mod job;
pub mod kept_key;
pub mod keygen;
pub mod keyring;
pub mod lifecycle;
pub mod limits;
pub mod policy;
pub mod rate;
pub mod recovery;
pub mod run;
pub mod service;
pub mod socket;
pub mod store;
pub mod stream;
pub mod system_calls;
pub mod transport_key;
pub mod workers;

/// The messages of `gatehouse.v1`, `gatehouse.signer.v1` and `gatehouse.backup.v1`, nested as their packages are.
pub mod proto {
    #![allow(clippy::all)]
    pub mod v1 {
        tonic::include_proto!("gatehouse.v1");
    }
    pub mod backup {
        pub mod v1 {
            tonic::include_proto!("gatehouse.backup.v1");
        }
    }
    pub mod signer {
        pub mod v1 {
            tonic::include_proto!("gatehouse.signer.v1");
        }
    }
    pub use signer::v1::*;
}

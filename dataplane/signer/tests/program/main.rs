//! The signer's program, asked over its socket: what it answers, keeps and refuses. One
//! binary for all of it, because each one more is linked and optimised as a whole.
#![allow(clippy::unwrap_used, clippy::panic)]

mod backup;
#[path = "../common/mod.rs"]
mod common;
mod confinement;
mod damage;
mod generated;
mod keys;
mod outcomes;
mod process;
mod sealing;
mod signing;
mod store;
mod vectors;
#[path = "../common/vectors.rs"]
mod wycheproof_vectors;

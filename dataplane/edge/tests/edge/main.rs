//! The edge on real sockets, between clients and an agent that answers. One program,
//! so that it is linked once.
#![allow(clippy::unwrap_used)]

mod carrying;
mod common;
mod fronts;
mod limits;
mod listeners;
mod memory;
mod metrics;
mod process;
mod refusals;
mod reload;

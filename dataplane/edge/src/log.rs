//! The line that a supervisor waits for.

use gatehouse_common::log;
use serde_json::Value;
use std::net::SocketAddr;

/// `addresses` are those bound, with the ports that the kernel chose.
pub fn ready(addresses: &[SocketAddr]) {
    let addresses: Vec<Value> = addresses.iter().map(|at| at.to_string().into()).collect();
    log::info("ready", "addresses", addresses.into());
}

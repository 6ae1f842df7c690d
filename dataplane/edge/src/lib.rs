//! Ends mutual TLS for the agent: TLS on TCP in front, the agent's Unix socket in
//! back. It reads no HTTP/2 and decides nothing about authority: it proves who the
//! peer is and says so in a PROXY protocol v2 header.

pub mod back;
pub mod bucket;
pub mod closing;
pub mod config;
pub mod connection;
pub mod front;
pub mod generation;
pub mod hello;
pub mod http;
pub mod kernel_tcp;
pub mod limits;
pub mod log;
pub mod metrics;
pub mod metrics_socket;
pub mod peer_log;
pub mod peers;
pub mod pipe;
pub mod proven;
pub mod proxy;
pub mod read;
pub mod ready;
pub mod reason;
pub mod room;
pub mod server;
pub mod table;
pub mod tickets;
pub mod times;
pub mod tls;
pub mod watch;
pub mod wire;
pub mod world;

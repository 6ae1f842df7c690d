//! Every bound on what a peer may make the edge hold or do, with its reason. The
//! attacker here is anyone who can open a TCP connection.

use std::time::Duration;

/// Connections at once, in any state. Each costs two descriptors and at most about
/// 200 KiB while both its sides are stuck, so all of them stay under 1 GiB.
pub const MAX_CONNECTIONS: usize = 4096;

/// Of one peer: an IPv4 address, or an IPv6 /64, which one host has for itself. A
/// gateway in front of many clients fits; one host can't take every place.
pub const MAX_CONNECTIONS_PER_PEER: usize = 512;

/// Handshakes begun a second, in all. A full one takes about 0.5 ms of CPU (a
/// signature, a key exchange, a chain to verify), so 500 leave the larger part of
/// a core to connections that are open. What comes faster waits its turn.
pub const MAX_HANDSHAKES_PER_SECOND: u32 = 500;

/// Of those, of one peer: no peer alone keeps the others from their handshakes. What
/// comes faster waits its turn too.
pub const MAX_HANDSHAKES_PER_SECOND_PER_PEER: u32 = 100;

/// Peers whose last connection is gone and whose handshakes still count, so that who
/// leaves and comes back isn't taken for another. About 2 MiB.
pub const MAX_REMEMBERED_PEERS: usize = 16 * 1024;

/// A ClientHello: real ones have 0.3 to 2 KiB, and the client's chain more where it
/// travels in a session ticket.
pub const MAX_CLIENT_HELLO_BYTES: usize = 32 * 1024;

/// From accept to the end of the handshake: covers two slow round trips and the
/// wait for its turn; a peer that sends a byte at a time is cut off.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// From the end of the handshake to the first decrypted byte. An HTTP/2 client
/// sends its preface at once; the agent isn't troubled before.
pub const FIRST_BYTE_TIME: Duration = Duration::from_secs(10);

/// How long a client that doesn't read may hold back bytes that are queued for it,
/// without taking one. The agent's own keepalive is quicker where it is on.
pub const STALL_TIME: Duration = Duration::from_secs(120);

/// How long one direction may go on after the other one ended.
pub const HALF_CLOSED_TIME: Duration = Duration::from_secs(60);

/// How long a closed connection is read from and forgotten, so that unread bytes
/// don't make the kernel take back the alert (a reset overtakes it); and how much.
pub const LINGER_TIME: Duration = Duration::from_secs(1);
pub const LINGER_BYTES: usize = 64 * 1024;

/// Bytes moved by one read, and so the most that waits in one direction: towards the
/// agent this much undeciphered and this much deciphered, towards the client this
/// much enciphered. Two TLS records.
pub const QUEUE_BYTES: usize = 32 * 1024;

/// Bytes queued over all connections. Past this, who has taken nothing for
/// `BUDGET_PATIENCE` is closed, the longest first: nobody who reads, be it slowly, has
/// to wait for those who don't. Until then there are at most as many bytes as
/// connections may hold.
pub const MAX_QUEUED_BYTES: usize = 128 * 1024 * 1024;
pub const BUDGET_PATIENCE: Duration = Duration::from_secs(1);

/// Deciphered bytes that TLS may hold before it is given no more: one record.
pub const MAX_PLAINTEXT_BYTES: usize = 16 * 1024;

/// Reads of one connection before the others get their turn.
pub const READS_PER_TURN: usize = 8;

/// Connections that wait to be accepted; the kernel takes its own bound if less.
pub const ACCEPT_QUEUE: i32 = 1024;

/// Connections accepted before those that are open get their turn.
pub const ACCEPTS_PER_TURN: usize = 64;

/// A client's certificate: it travels in the PROXY header, whose length has 16 bits
/// and which the agent bounds too. Real ones have 0.5 to 4 KiB.
pub const MAX_CLIENT_CERTIFICATE_BYTES: usize = 16 * 1024;

/// How long the agent may be away (a restart) or too busy to accept before a
/// connection that has something for it is closed; and the pause between attempts.
pub const BACK_CONNECT_TIME: Duration = Duration::from_secs(2);
pub const BACK_RETRY_PAUSE: Duration = Duration::from_millis(50);

/// After SIGTERM, how long what is open may take.
pub const DRAIN_GRACE: Duration = Duration::from_secs(5);

/// How long accept() pauses after it failed (no file descriptor left).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Log lines a second about peers: a flood of refusals must not fill the journal.
pub const MAX_PEER_LINES_PER_SECOND: u32 = 20;

/// How long tickets are made under one key; they are taken for twice that (RFC 8446,
/// 4.6.1 allows a week). Whoever learns a key reads no older or newer session with it.
pub const TICKET_KEY_SECONDS: u32 = 6 * 60 * 60;

/// Tickets after a full handshake and after each resumed one: one for the next
/// connection, which brings the next. More are bytes for connections that a client of
/// HTTP/2 doesn't open.
pub const TICKETS_PER_HANDSHAKE: usize = 1;

/// How often the certificates of open connections are verified again, beside after a
/// reload: one may have expired. And how many before the others get their turn: each
/// takes about 0.1 ms.
pub const RECHECK_PAUSE: Duration = Duration::from_secs(60);
pub const RECHECKS_PER_TURN: usize = 32;

/// How often the files are looked at, and addresses that couldn't be had are tried.
pub const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The configuration file: a few hundred bytes, and some for each address.
pub const MAX_CONFIG_BYTES: u64 = 64 * 1024;
pub const MAX_LISTENERS: usize = 32;

/// What an operator may set at most: two descriptors for each connection must fit
/// the hard limit of descriptors, and no core makes more handshakes.
pub const MAX_CONFIGURED_CONNECTIONS: u32 = 65_536;
pub const MAX_CONFIGURED_HANDSHAKES: u32 = 100_000;

/// Readers of the metrics at once; one more makes the oldest go, so that those who
/// don't read keep nobody out. A request's bytes, and the time for all of it.
pub const METRICS_READERS: usize = 8;
pub const MAX_METRICS_REQUEST_BYTES: usize = 8 * 1024;
pub const METRICS_TIME: Duration = Duration::from_secs(2);

/// Largest PEM file: some hundred anchors, or a list of some ten thousand revoked.
pub const MAX_PEM_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Those limits that a test shortens.
#[derive(Clone, Debug)]
pub struct Limits {
    pub connections: usize,
    pub connections_per_peer: usize,
    pub handshakes_per_second: u32,
    pub handshakes_per_second_per_peer: u32,
    pub queued_bytes: usize,
    pub ticket_key_seconds: u32,
    pub recheck_pause: Duration,
    pub handshake_time: Duration,
    pub first_byte_time: Duration,
    pub stall_time: Duration,
    pub half_closed_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            connections_per_peer: MAX_CONNECTIONS_PER_PEER,
            handshakes_per_second: MAX_HANDSHAKES_PER_SECOND,
            handshakes_per_second_per_peer: MAX_HANDSHAKES_PER_SECOND_PER_PEER,
            queued_bytes: MAX_QUEUED_BYTES,
            ticket_key_seconds: TICKET_KEY_SECONDS,
            recheck_pause: RECHECK_PAUSE,
            handshake_time: HANDSHAKE_TIME,
            first_byte_time: FIRST_BYTE_TIME,
            stall_time: STALL_TIME,
            half_closed_time: HALF_CLOSED_TIME,
        }
    }
}

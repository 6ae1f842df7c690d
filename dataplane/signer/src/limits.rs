//! Every bound on what the agent may make the signer hold, with its reason.
//! A compromised agent is the attacker here.

use std::time::Duration;

/// Data of one item. A gRPC message of 4 MiB (the default limit of every gRPC
/// implementation) less 64 KiB for the fields around it.
pub const MAX_DATA_BYTES: usize = 4 * 1024 * 1024 - 64 * 1024;

/// One message, either way: room for the largest item.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Items in one request. An empty item is two bytes on the wire and about a
/// hundred in memory, so the count is checked before the message is decoded.
pub const MAX_ITEMS_PER_BATCH: usize = 4096;

/// Results in one response: enough to share the framing, few enough that the
/// first one doesn't wait for the last.
pub const MAX_RESULTS_PER_BATCH: usize = 512;

/// Longest key name that is looked up or repeated in an error.
pub const MAX_KEY_NAME_BYTES: usize = 128;

/// Items waiting for a worker, over all streams: about 4 s of RSA-2048 on one core.
pub const MAX_QUEUED_ITEMS: usize = 16_384;

/// Their data: as much as the agent lets wait on its own side.
pub const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;

/// Results that one stream may have outstanding (waiting to be signed or to be
/// read by the peer) before its next request is not read: a peer that sends and
/// never reads is held back by flow control instead of filling memory.
pub const MAX_UNDELIVERED_RESULTS: usize = 16_384;

/// Connections at once. The agent needs one, two while it leaves an old one; a
/// person's tool may be another.
pub const MAX_CONNECTIONS: usize = 4;

/// HTTP/2 streams of one connection: one that signs, one that lists keys. Eight
/// in all, each with a message on the wire, the same decoded and its results,
/// are under 120 MiB, so a hostile agent can't drive the process out of memory.
pub const MAX_STREAMS_PER_CONNECTION: u32 = 2;

/// HTTP/2 windows: a Unix socket has no delay to cover, so a few batches do.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// Data from which an item counts as slow, whatever its key: hashing 64 KiB
/// takes about as long as one RSA-2048 signature.
pub const SLOW_DATA_BYTES: usize = 64 * 1024;

/// Quick items that may pass a waiting slow one. Sixteen P-256 signatures take
/// about as long as one of RSA-2048, so both kinds get about half a core.
pub const QUICK_PER_SLOW: u32 = 16;

/// After SIGTERM, how long what is in flight may take.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// How long accept() pauses after it failed (no file descriptor left).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a socket file's owner may take to answer before the file counts as in use.
pub const SOCKET_PROBE: Duration = Duration::from_secs(1);

/// Largest file that is read as a sealing key.
pub const MAX_SEALING_KEY_FILE_BYTES: u64 = 4096;

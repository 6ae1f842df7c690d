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

/// Longest key name that is looked up.
pub const MAX_KEY_NAME_BYTES: usize = 128;

/// Items waiting in one lane for a worker, over all streams: more than an agent has in
/// flight. What they take in memory beside their data is under 5 MiB a lane.
pub const MAX_LANE_ITEMS: usize = 16_384;

/// Their data, of which each has less than `BULK_DATA_BYTES`.
pub const MAX_LANE_BYTES: usize = 8 * 1024 * 1024;

/// Data of the items in the lane of those that have more.
pub const MAX_BULK_LANE_BYTES: usize = 24 * 1024 * 1024;

/// Work that may wait in one lane: whoever called waits no longer than this, whatever its
/// deadline. An agent gives an item 5 s by itself.
pub const MAX_LANE_WAIT: Duration = Duration::from_secs(2);

/// Data from which an item has to do with hashing rather than with its key: 64 KiB take
/// about as long as one RSA-2048 signature where the CPU has no instructions for SHA-2.
pub const BULK_DATA_BYTES: usize = 64 * 1024;

/// Work that a thread takes out of the queue at once, under one lock, at most. Its first
/// result waits for its last, and no other lane gets this thread meanwhile.
pub const MAX_TURN_US: u64 = 200;
pub const MAX_TURN_ITEMS: usize = 32;

/// How long a thread keeps what it has done before it answers, while more waits to be
/// done: half of what an item has waited, within these. 1 ms are about 70 signatures of
/// P-256, 16 ms about 60 of RSA-2048: what an answer costs is then small beside them.
pub const MIN_HOLD: Duration = Duration::from_millis(1);
pub const MAX_HOLD: Duration = Duration::from_millis(16);

/// What it keeps: as many as one response has.
pub const MAX_HELD_ITEMS: usize = MAX_RESULTS_PER_BATCH;

/// A backup that is taken: as the agent's MAX_BACKUP_BYTES.
pub const MAX_BACKUP_BYTES: u64 = 8 * 1024 * 1024 * 1024;

/// Of a backup, in one message.
pub const BACKUP_CHUNK_BYTES: usize = 64 * 1024;

/// A recovery identity, with the comments of its file.
pub const MAX_IDENTITY_FILE_BYTES: usize = 16 * 1024;

/// Keys listed in an answer about many. There are two lists, and with both the message has
/// less than `MAX_ITEMS_PER_BATCH` elements, which is what our own codec takes.
pub const MAX_LISTED_KEYS: usize = 2000;

/// Keys named where there should be none.
pub const MAX_NAMED_KEYS: usize = 1000;

/// Keys that wait to be made. RSA-4096 takes a second or so, so the last waits some.
pub const MAX_WAITING_KEYS: usize = 16;

/// Streams of data that are hashed at once. Each holds a message on the wire and the same decoded.
pub const MAX_HASHED_STREAMS: usize = 8;

/// Of those, one caller's: whoever keeps his for as long as they may last leaves others theirs.
pub const MAX_HASHED_STREAMS_OF_ONE: usize = 4;

/// How long a stream of data may pause, so that a slow caller doesn't keep others out.
pub const MAX_STREAM_PAUSE: Duration = Duration::from_secs(30);

/// Data hashed before others get their turn on the thread: about 30 us.
pub const HASH_STEP_BYTES: usize = 64 * 1024;

/// A page of a list: half of what a message may have, so that one key more always fits.
pub const MAX_PAGE_BYTES: usize = MAX_MESSAGE_BYTES / 2;

/// Keys on a page.
pub const MAX_PAGE_KEYS: usize = 1000;
pub const DEFAULT_PAGE_KEYS: usize = 100;

/// Random bytes in one answer.
pub const MAX_RANDOM_BYTES: usize = 65_536;

/// A deletion comes after this time at least, so that it can be seen and cancelled, and
/// at most, so that a typing error isn't found years later.
pub const MIN_DELETION_DELAY: Duration = Duration::from_secs(3600);
pub const MAX_DELETION_DELAY: Duration = Duration::from_secs(90 * 24 * 3600);
pub const DEFAULT_DELETION_DELAY: Duration = Duration::from_secs(7 * 24 * 3600);

/// How often a change is tried again whose key changes meanwhile.
pub const CHANGE_TRIES: usize = 8;

/// How often it is looked whether a deletion is due, and how many are done then.
pub const DELETION_TICK: Duration = Duration::from_secs(1);
pub const DELETIONS_PER_TICK: usize = 16;

/// Between two batches of a change of the sealing key, so that other changes get their turn;
/// and after one that failed, so that a full disk doesn't fill the log as well.
pub const MIN_REWRAP_PAUSE: Duration = Duration::from_millis(5);
pub const MAX_REWRAP_PAUSE: Duration = Duration::from_secs(60);

/// Threads that wait for the disk: changes of keys come one after the other there anyway.
pub const BLOCKING_THREADS: usize = 8;

/// Results that one stream may have outstanding (waiting to be signed or to be
/// read by the peer) before its next request is not read: a peer that sends and
/// never reads is held back by flow control instead of filling memory.
pub const MAX_UNDELIVERED_RESULTS: usize = 16_384;

/// Connections at once. The agent needs one, two while it leaves an old one; a
/// person's tool may be another.
pub const MAX_CONNECTIONS: usize = 4;

/// HTTP/2 streams of one connection: one that signs items, some with data of any length,
/// some calls about keys. 64 in all, each with a message on the wire and the same decoded,
/// are 512 MiB at worst, so a hostile agent can't drive the process out of memory.
pub const MAX_STREAMS_PER_CONNECTION: u32 = 16;

/// HTTP/2 windows: a Unix socket has no delay to cover, so a few batches do.
pub const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
pub const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// After SIGTERM, how long what is in flight may take.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// How long accept() pauses after it failed (no file descriptor left).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a socket file's owner may take to answer before the file counts as in use.
pub const SOCKET_PROBE: Duration = Duration::from_secs(1);

/// Largest file that is read as a sealing key.
pub const MAX_SEALING_KEY_FILE_BYTES: u64 = 4096;

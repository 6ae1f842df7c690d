// Every bound of the gRPC layer that a peer or a caller can run into, with its reason.
// HTTP/2's own bounds (streams, header lists, windows, floods) are in src/http2/limits.ts.

/** One received message, after decompression too. gRPC's usual default; memory per stream, gzip bombs. */
export const MAX_RECEIVE_MESSAGE_BYTES = 4 * 1024 * 1024;
/**
 * What one connection may make the server hold: requests not yet whole, responses not yet read. A hundred calls
 * of 1 MiB at once. Beyond it a call ends with RESOURCE_EXHAUSTED. Unfinished requests, gzip bombs, slow readers.
 */
export const MAX_HELD_BYTES_PER_CONNECTION = 128 * 1024 * 1024;
/** The same of all connections together: a VM of 1.5 GiB stays well. */
export const MAX_HELD_BYTES = 256 * 1024 * 1024;
/** What each connection may hold whatever the others do, so that small calls go on beside an attack. */
export const HELD_FREE_BYTES = 128 * 1024;
/** What an open call costs beside its messages: its stream, its state, a node stream where the handler has one. */
export const OPEN_CALL_BYTES = 2 * 1024;
/** Calls whose cost is not counted, on each connection: as many as RFC 9113 section 6.5.2 asks to allow. */
export const FREE_CALLS = 100;
/** First allocation for a message that comes in pieces: its length prefix alone must not cost 4 MiB. */
export const FIRST_MESSAGE_BUFFER_BYTES = 32 * 1024;
/** Messages up to this size are framed in shared memory when they can leave at once: an array for each is garbage at once. */
export const MAX_SCRATCH_BYTES = 32 * 1024;
/** Larger responses go out plain: compression runs on the event loop, and 256 KiB takes about 3 ms there. */
export const MAX_COMPRESS_BYTES = 256 * 1024;
/** Smaller messages gain nothing from compression. */
export const MIN_COMPRESS_BYTES = 256;

/** Encoded grpc-message beyond which it is cut: peers refuse trailers above 8 to 16 KiB as a whole. */
export const MAX_STATUS_MESSAGE_BYTES = 4 * 1024;

/** Connections one server serves at once, over all its listeners. A read buffer and an HPACK table each. */
export const MAX_CONNECTIONS = 1_024;
/**
 * Of the connections served at once, so many at most, and at most this part of them, are kept for VSOCK and Unix
 * sockets: whoever administrates comes by these, and must get in when the network has taken the rest.
 */
export const LOCAL_CONNECTIONS = 32;
export const LOCAL_CONNECTIONS_PART = 1 / 16;
/** Above this many (serving and being refused) a connection is closed without a word. */
export const MAX_REFUSED_CONNECTIONS = 256;

/**
 * New connections that one listener takes at once, and then each second: each costs the event loop about 0.2 ms
 * until it is gone again, so a flood of them gets a quarter of it. Connect floods.
 */
export const ACCEPT_BURST = 256;
export const ACCEPTS_PER_SECOND = 1_000;
/** Pause of a listener that has taken its share. */
export const ACCEPT_PAUSE_MS = 10;
/** A message that grows by no more than this is compressed well; what is beyond is counted. Deflate's most is 1,032. */
export const USUAL_INFLATION = 64;
/**
 * Bytes beyond the usual inflation that one connection may make us produce at once, and per second; then nothing is
 * read of it for a while. 4 KiB on the wire become 4 MiB, and 20 ms of the event loop. Compressed bombs.
 */
export const INFLATION_BURST_BYTES = 8 * 1024 * 1024;
export const INFLATION_BYTES_PER_SECOND = 32 * 1024 * 1024;
/** One pause at most; who has earned more gets it again after the next read. */
export const MAX_READ_PAUSE_MS = 1_000;
/** How often a server looks after its connections: the grain of every time in connection_policy.ts. */
export const SWEEP_MS = 1_000;
/** A sweep that comes so late means that this process stood still, not its peers. */
export const LATE_SWEEP_MS = 5 * SWEEP_MS;
/** Bytes that an unfinished request has to bring in each `requestStallTimeoutMs`, as SEND_STALL_MIN_BYTES the other way. */
export const REQUEST_STALL_MIN_BYTES = 16_384;
/** Share of the maximum age that is random, either way: connections of one start don't all end at once (gRFC A9). */
export const MAX_AGE_JITTER = 0.1;
/** PINGs too many that are forgiven (gRFC A8). */
export const MAX_PING_STRIKES = 2;
/** Between PINGs of a peer without calls, where those are not permitted (gRFC A8). */
export const PING_INTERVAL_WITHOUT_CALLS_MS = 7_200_000;

/** What a connection's read buffer starts with and grows to while reads fill it: idle connections stay cheap. */
export const MIN_READ_BUFFER_BYTES = 8 * 1024;
export const MAX_READ_BUFFER_BYTES = 256 * 1024;
/**
 * A read that took the event loop for longer makes the next one smaller: 256 KiB of small messages with a costly
 * handler are half a second in which nobody else is served.
 */
export const MAX_TURN_MS = 5;
/** Bytes in one write: large enough for few calls, small enough that a stalled peer pins little. */
export const MAX_WRITE_BYTES = 256 * 1024;
/** From the end of a connection's output to its close, so that the peer reads our GOAWAY before a TCP reset. */
export const LINGER_MS = 100;
/** From the decision to close to the close, whatever the peer reads, after an error: a half-open client pins no socket. */
export const CLOSE_FLUSH_TIMEOUT_MS = 2_000;
/** The same after a graceful end: the last of an answer may have a slow reader, and it is not to be lost. */
export const DRAIN_FLUSH_TIMEOUT_MS = 20_000;

/** Client: one attempt to reach one address, dial and the server's SETTINGS together. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Client: pauses between attempts at the whole list (grpc/grpc doc/connection-backoff.md, faster start: our peers are near). */
export const BACKOFF_FIRST_MS = 200;
export const BACKOFF_MAX_MS = 20_000;
export const BACKOFF_FACTOR = 1.6;
/** Share of a pause that is random, either way: clients of one server don't come back together. */
export const BACKOFF_JITTER = 0.2;
/** Client: from a keepalive PING to the end of a connection that says nothing (grpc/grpc doc/keepalive.md). */
export const KEEPALIVE_TIMEOUT_MS = 20_000;
/** Client: what a server's `too_many_pings` multiplies the keepalive time with (gRFC A8). */
export const KEEPALIVE_SLOWER = 2;
/** Client: a connection that lived so long, or answered, was good: after its end the next is tried at once. */
export const PROVED_AFTER_MS = 1_000;
/** Client: calls on one connection, after which a new one takes over: stream ids end at 2^30 (RFC 9113 section 5.1.1). */
export const MAX_CALLS_PER_CONNECTION = 1_000_000_000;
/** Client: calls waiting for a connection or a free stream; more get RESOURCE_EXHAUSTED. */
export const MAX_QUEUED_CALLS = 10_000;
/** Client: bytes of sent messages kept to repeat a call that the server refused unseen; larger calls fail instead. */
export const MAX_REPLAY_BYTES = 256 * 1024;

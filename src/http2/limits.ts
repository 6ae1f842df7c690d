// Every bound that a peer can run into: a named constant, its reason, the attack it names.
// Must never hold state; token_bucket.ts and floods.ts count against these.

/** RFC 9113 section 4.2: the smallest SETTINGS_MAX_FRAME_SIZE, and what both sides start with. */
export const MIN_MAX_FRAME_BYTES = 16_384;
/** RFC 9113 section 6.5.2: the largest SETTINGS_MAX_FRAME_SIZE. */
export const MAX_MAX_FRAME_BYTES = 16_777_215;
/** RFC 9113 section 6.9.1: no flow-control window may pass 2^31-1. */
export const MAX_WINDOW_BYTES = 0x7fff_ffff;
/** RFC 9113 section 6.9.2: every window before SETTINGS or WINDOW_UPDATE say otherwise. */
export const INITIAL_WINDOW_BYTES = 65_535;
/** RFC 9113 section 5.1.1: the last stream id; after it a new connection is needed. */
export const MAX_STREAM_ID = 0x7fff_ffff;

/** Streams a peer may have open. What their calls hold is bounded by whoever gives window bytes back (the layer above). */
export const MAX_CONCURRENT_STREAMS = 1_000;
/** What a client assumes until the server's SETTINGS arrive (RFC 9113 advises at least 100). */
export const ASSUMED_PEER_STREAMS = 100;
/** Body bytes a peer may send on one stream before we give them back: one 256 KiB burst without a round trip. */
export const STREAM_WINDOW_BYTES = 262_144;
/** Body bytes a peer may send on all streams before some are given back: what unconsumed bodies can pin per connection. */
export const CONNECTION_WINDOW_BYTES = 1_048_576;
/** What either window may grow to on a long path: 1 Gbit/s at 130 ms. The layer above bounds what all of them hold together. */
export const MAX_GROWN_WINDOW_BYTES = 16_777_216;
/** Share of a window that a sample must fill before it grows: updates go out by half windows, and a sample may see one half alone. */
export const PROBE_FULL_SHARE = 0.45;
/** From a sample to the window it asks for: twice what two halves make. */
export const PROBE_GROWTH = 4;
/** Weight of the newest round trip in the running estimate: one slow turn of an event loop is no long path. */
export const PROBE_RTT_WEIGHT = 0.25;

/** Frame payload we accept: the RFC's minimum, so that one frame never holds others up for long. */
export const MAX_FRAME_BYTES = MIN_MAX_FRAME_BYTES;

/** Decoded header list, RFC 7541 section 4.1 sizes (32 bytes overhead a field). gRPC's usual hard limit. HPACK bomb (CVE-2016-6581). */
export const MAX_HEADER_LIST_BYTES = 16_384;
/** Fields in one header list: cheap one-byte fields pass the size limit by their per-object memory (CVE-2026-49975). */
export const MAX_HEADER_COUNT = 128;
/**
 * A list so many times larger than we accept, in bytes or fields, is no mistake: decoding stops and the connection
 * ends. Up to there the table must follow what is refused, and that work is the attack (CVE-2026-49975).
 */
export const HEADER_BOMB_FACTOR = 4;
/** CONTINUATION frames in one header block, as nghttp2 (CVE-2024-27316, CVE-2023-45288). */
export const MAX_CONTINUATION_FRAMES = 8;
/** Encoded bytes in one header block: twice the decoded limit leaves room for table updates (CVE-2024-27316). */
export const MAX_HEADER_BLOCK_BYTES = 65_536;
/** Our HPACK decoder's dynamic table: RFC default; a larger one buys nothing for gRPC. */
export const DECODER_TABLE_BYTES = 4_096;
/** Our HPACK encoder's dynamic table, whatever the peer offers: its memory is ours (CVE-2026-49975). */
export const ENCODER_TABLE_BYTES = 4_096;
/** 1xx responses on one stream: each is a header block for nothing. */
export const MAX_INFORMATIONAL_RESPONSES = 16;

/** RST_STREAM frames at once, then per second: nghttp2's figures. Rapid reset (CVE-2023-44487). */
export const RESET_BURST = 1_000;
export const RESETS_PER_SECOND = 33;
/** Resets that the peer's errors made us send: MadeYouReset (CVE-2025-8671). Same figures, for the same work. */
export const STREAM_ERROR_BURST = 1_000;
export const STREAM_ERRORS_PER_SECOND = 33;
/** A header list beyond the limit is decoded to its end before it is refused: the work of so many other mistakes. */
export const REFUSED_LIST_COST = 50;
/** PING frames that want an answer (CVE-2019-9512). A bandwidth probe sends one a round trip. */
export const PING_BURST = 1_000;
export const PINGS_PER_SECOND = 100;
/** SETTINGS frames; each wants an ACK and may touch every stream (CVE-2019-9515). */
export const SETTINGS_BURST = 100;
export const SETTINGS_PER_SECOND = 10;
/** PRIORITY frames: ignored since RFC 9113, so only their parsing costs (CVE-2019-9513). */
export const PRIORITY_BURST = 1_000;
export const PRIORITY_PER_SECOND = 100;
/** WINDOW_UPDATE frames beyond those that our own DATA explains (CVE-2019-9511, CVE-2019-9517). */
export const WINDOW_UPDATE_BURST = 1_000;
export const WINDOW_UPDATES_PER_SECOND = 100;
/** Some clients answer every DATA frame with one WINDOW_UPDATE for the stream and one for the connection. */
export const WINDOW_UPDATES_PER_DATA_FRAME = 4;
/** A DATA frame that the peer's window cut below this explains no WINDOW_UPDATE: it is a dribble (CVE-2019-9511). */
export const DRIBBLE_DATA_BYTES = 256;
/** Frames of unknown type, and frames on streams that are closed: legal, ignored, so bounded. */
export const IGNORED_FRAME_BURST = 10_000;
export const IGNORED_FRAMES_PER_SECOND = 1_000;

/** Overhead budget for DATA that carries next to nothing: 100 empty frames of 256 (CVE-2019-9518). */
export const TINY_DATA_BUDGET_BYTES = 25_600;
/** What one tiny frame takes from the budget. Useful bytes pay it back one for one. */
export const TINY_DATA_COST_BYTES = 256;
/** What the clock pays back: ten tiny frames a second are nobody's attack. */
export const TINY_DATA_BYTES_PER_SECOND = 2_560;
/** Below this a DATA frame is tiny: not even a gRPC message's 5-byte prefix fits. Small messages stay free. */
export const TINY_DATA_BYTES = 5;

/**
 * PING and SETTINGS answers and resets waiting for a peer that does not read (CVE-2019-9512, CVE-2019-9514,
 * CVE-2019-9515). Go allows 10,000, grpc-go stops at 100; ours is under what the bursts above add up to.
 */
export const MAX_QUEUED_CONTROL_FRAMES = 1_000;
/**
 * Packed output beyond which frames wait in their streams, so that the stream limit bounds them
 * (CVE-2019-9517). With one more frame of 16 KiB the buffer is 64 KiB.
 */
export const OUTPUT_BUFFER_BYTES = 49_000;
/** Body bytes queued on one stream from which `sendData` says: back off. */
export const SEND_HIGH_WATER_BYTES = 65_536;
/** ... and below which `onWritable` says: go on. */
export const SEND_LOW_WATER_BYTES = 16_384;
/** DATA that one stream may send before the next has its turn. */
export const DATA_TURN_BYTES = 16_384;
/** DATA up to this size skips the queue when windows and output have room. */
export const DIRECT_DATA_BYTES = 8_192;
/** Closed streams remembered, to tell late frames from wrong ones. At least the concurrent streams. */
export const CLOSED_STREAM_MEMORY = 1_024;
/** Debug data of GOAWAY that is kept or sent: it ends in logs. */
export const MAX_GOAWAY_DEBUG_BYTES = 256;

/** From connection start to the peer's preface and SETTINGS: slow loris. */
export const PREFACE_TIMEOUT_MS = 10_000;
/** From our SETTINGS to their ACK (RFC 9113 section 6.5.3). */
export const SETTINGS_TIMEOUT_MS = 10_000;
/** From the first HEADERS frame of a block to its END_HEADERS: nothing else can be received meanwhile. */
export const HEADER_BLOCK_TIMEOUT_MS = 10_000;
/** A stream, or the transport, with bytes to send that gets no room. Data dribble, window stall (CVE-2019-9511, CVE-2019-9517, CVE-2026-49975). */
export const SEND_STALL_TIMEOUT_MS = 120_000;
/** Bytes that must leave a blocked stream in that time; a WINDOW_UPDATE of 1 is no progress. */
export const SEND_STALL_MIN_BYTES = 16_384;
/** How often stalls are looked for, as a part of SEND_STALL_TIMEOUT_MS. */
export const STALL_CHECKS = 8;
/** From the first GOAWAY of a graceful end to the final one, should the peer not answer the PING. */
export const GOAWAY_PING_TIMEOUT_MS = 5_000;

/** What one connection is configured with. Every field has a default above. */
export interface Http2Config {
  /** Server: streams a client may have open at once; more are refused with REFUSED_STREAM. */
  maxConcurrentStreams: number;
  /** Receive window of each stream, bytes, 1 .. 2^31-1. */
  streamWindowBytes: number;
  /** Receive window of the connection, bytes, 65,535 .. 2^31-1. */
  connectionWindowBytes: number;
  /** What both receive windows may grow to where the path is long, bytes; not above the two windows themselves: they stay. */
  maxWindowBytes: number;
  /** Largest frame payload we accept, bytes, 16,384 .. 16,777,215. */
  maxFrameBytes: number;
  /** Largest header list we accept, RFC 7541 section 4.1 bytes. */
  maxHeaderListBytes: number;
  /** Most header fields we accept in one list. */
  maxHeaderCount: number;
  /** Body bytes queued on one stream from which `sendData` returns false. */
  sendHighWaterBytes: number;
  /** Body bytes queued on one stream from which `onWritable` is called again. */
  sendLowWaterBytes: number;
  prefaceTimeoutMs: number;
  settingsTimeoutMs: number;
  /** 0 turns it off. */
  sendStallTimeoutMs: number;
}

export const DEFAULT_CONFIG: Readonly<Http2Config> = {
  maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
  streamWindowBytes: STREAM_WINDOW_BYTES,
  connectionWindowBytes: CONNECTION_WINDOW_BYTES,
  maxWindowBytes: MAX_GROWN_WINDOW_BYTES,
  maxFrameBytes: MAX_FRAME_BYTES,
  maxHeaderListBytes: MAX_HEADER_LIST_BYTES,
  maxHeaderCount: MAX_HEADER_COUNT,
  sendHighWaterBytes: SEND_HIGH_WATER_BYTES,
  sendLowWaterBytes: SEND_LOW_WATER_BYTES,
  prefaceTimeoutMs: PREFACE_TIMEOUT_MS,
  settingsTimeoutMs: SETTINGS_TIMEOUT_MS,
  sendStallTimeoutMs: SEND_STALL_TIMEOUT_MS,
};

// Every bound of the agent's side of the signer, with its reason. The signer's
// own are in dataplane/signer/src/limits.rs.

/** Data of one item, bytes: the signer's MAX_DATA_BYTES. */
export const MAX_DATA_BYTES = 4 * 1024 * 1024 - 64 * 1024;

/** Items, callers and the clock's word of one message: the signer's MAX_ITEMS_PER_BATCH counts all of them. */
export const MAX_BATCH_FIELDS = 4096;

/** Data and fields of one message: under the signer's 4 MiB, above the largest item. */
export const MAX_BATCH_BYTES = 4 * 1024 * 1024 - 32 * 1024;

/** What an item's numbers, tags and lengths take beside key and input, at most. */
export const ITEM_OVERHEAD_BYTES = 64;

/** The same of a caller, beside its identity. */
export const CALLER_OVERHEAD_BYTES = 16;

/** Longest identity of a caller, UTF-16 units: a name of a certificate, which the PROXY header could make longer. */
export const MAX_IDENTITY_UNITS = 4096;

/** Longest key name, bytes: the signer's MAX_KEY_NAME_BYTES. */
export const MAX_KEY_NAME_BYTES = 128;

/** Items waiting for an answer. More callers than that are told to come back: about 2 s of RSA-2048 on one core. */
export const MAX_PENDING_ITEMS = 8192;

/** Their data, bytes, so that large items can't fill the agent's memory. */
export const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/** When a caller for whom there was no room may come again: a tenth of what those before him wait at most. */
export const BUSY_RETRY_MS = 200;

/** Pauses between attempts to reach a signer: short at first, since it is back within a second of its death. */
export const FIRST_BACKOFF_MS = 25;
export const MAX_BACKOFF_MS = 500;

/** For one attempt: connect and read the list of keys. */
export const CONNECT_TIMEOUT_MS = 2_000;

/** Time for one item, unless the configuration says otherwise. */
export const DEFAULT_DEADLINE_MS = 5_000;

/** Time for a call beside the stream of signatures: making an RSA-4096 key on an emulated processor takes the longest. */
export const CALL_DEADLINE_MS = 60_000;

/** Time for a stream of data or of a backup: gigabytes at the pace of a slow caller. */
export const STREAM_DEADLINE_MS = 60 * 60_000;

/** Streams of data to be signed, open at once: the signer's MAX_HASHED_STREAMS. */
export const MAX_SIGN_STREAMS = 8;

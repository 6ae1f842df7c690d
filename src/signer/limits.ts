// Every bound of the agent's side of the signer, with its reason. The signer's
// own are in dataplane/signer/src/limits.rs.

/** Data of one item, bytes: the signer's MAX_DATA_BYTES. */
export const MAX_DATA_BYTES = 4 * 1024 * 1024 - 64 * 1024;

/** Items of one message: the signer's MAX_ITEMS_PER_BATCH. */
export const MAX_BATCH_ITEMS = 4096;

/** Data and fields of one message: under the signer's 4 MiB, above the largest item. */
export const MAX_BATCH_BYTES = 4 * 1024 * 1024 - 32 * 1024;

/** What an item's fields take beside key and data, at most: tags, lengths, id, algorithm. */
export const ITEM_OVERHEAD_BYTES = 32;

/** Longest key name, bytes: the signer's MAX_KEY_NAME_BYTES. */
export const MAX_KEY_NAME_BYTES = 128;

/** Items waiting for an answer. More callers than that are told to come back: about 2 s of RSA-2048 on one core. */
export const MAX_PENDING_ITEMS = 8192;

/** Their data, bytes, so that large items can't fill the agent's memory. */
export const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/** Pauses between attempts to reach a signer: short at first, since it is back within a second of its death. */
export const FIRST_BACKOFF_MS = 25;
export const MAX_BACKOFF_MS = 500;

/** For one attempt: connect and read the list of keys. */
export const CONNECT_TIMEOUT_MS = 2_000;

/** Time for one item, unless the configuration says otherwise. */
export const DEFAULT_DEADLINE_MS = 5_000;

// Every bound of the gateway's HTTP/1.1 that a client can run into, with its reason. Sizes and times that gRPC has too
// are the configuration's [limits] and [connections]: see HttpSettings in http_server.ts.

/**
 * JSON's growth over the message it stands for: base64 makes 4 bytes of 3, and names and quotes come beside it. With
 * this much of it the largest message fits, and its other fields. The message itself is measured when it is one.
 */
export const JSON_GROWTH = 1.5;
/** For small limits: names and quotes of a message that is nearly nothing but these. */
export const BODY_EXTRA_BYTES = 16 * 1024;
/**
 * Bytes on the wire in place of one byte of a body, at most: chunks cost a length each, and their extensions could be
 * of any length. A client with good reasons sends chunks of a KiB.
 */
export const CHUNKING_GROWTH = 2;
/** Header fields of one request; browsers send 20. Each costs an object more than its bytes. Header floods. */
export const MAX_HEADER_FIELDS = 128;
/** Requests that wait behind the one being answered: no browser pipelines, and each holds its headers. Pipeline floods. */
export const MAX_PIPELINED = 8;
/** Requests on one connection, after which the client is to open another: nothing grows old with a connection. */
export const MAX_REQUESTS_PER_CONNECTION = 1_000;
/** Between two requests on one connection. A browser comes back within seconds or not at all; opening costs little. */
export const IDLE_TIMEOUT_MS = 60_000;
/** Bytes of a client that come after our last word are read and thrown away up to this many: else a reset destroys it. */
export const MAX_DISCARDED_BYTES = 1024 * 1024;
/** Connections that are told that there is no place, at once; further ones are closed without a word. */
export const MAX_REFUSING = 64;
/** One read. Requests are small; a body comes in as many as it takes. */
export const READ_BUFFER_BYTES = 16 * 1024;
/**
 * What the parser gets at once: the smallest request has 25 bytes and costs 0.3 ms, so that a flood of them in one read
 * would stand in everybody's way for 200 ms. Pipeline floods.
 */
export const MAX_PIECE_BYTES = 2 * 1024;
/** Small pieces of an answer (its headers and its body) leave in one write up to this size. */
export const MAX_JOINED_BYTES = 64 * 1024;
/**
 * Padded pieces of one gRPC-Web-text request: clients send one for the message, and perhaps one for its prefix. Each
 * costs a string and a buffer for two bytes on the wire. Padding floods.
 */
export const MAX_BASE64_PIECES = 16;
/** Callers whose nonces are kept beyond their connections: the VM's host is one, a Unix socket's clients are one. */
export const MAX_NONCE_HOLDERS = 64;

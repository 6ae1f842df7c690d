// VSOCK over a Unix socket, as Firecracker (docs/vsock.md) and vhost-device-vsock
// speak it: a one-line text handshake, then bytes. The daemon is a peer like any
// other: its reply is bounded in length and time.
import { formatVsockAddress, type HybridAddress, MAX_UNIX_PATH_BYTES, unixPathProblem } from "./address.ts";
import { MAX_VSOCK_WRITE_BYTES } from "./af_vsock.ts";
import { attempt, connectUnix } from "./attempt.ts";
import { connectError, isDisconnect, SocketError, timeoutError } from "./error.ts";
import { SocketConn } from "./socket_conn.ts";
import type { ListenOptions } from "./socket_listener.ts";
import type { Conn, Listener, Peer } from "./types.ts";
import { listenUnix } from "./unix.ts";

/** A dial's whole time, retries included: a guest's driver may come up meanwhile. */
export const HYBRID_DIAL_TIMEOUT_MS = 10_000;
/** A CONNECT sent before the guest's driver is up is dropped without a word: after this, ask again. */
export const FIRST_REPLY_TIMEOUT_MS = 1000;
/** Each further CONNECT waits twice as long, up to this: a slow guest must get to answer. */
export const LONGEST_REPLY_TIMEOUT_MS = 4000;
/** "OK 4294967295\n" has 14 bytes; a peer that sends more before a newline speaks something else. */
export const MAX_REPLY_BYTES = 32;
/** "OK 0\n": no reply is shorter, so this much can be read at once without taking the guest's first bytes. */
const MIN_REPLY_BYTES = 5;
/** Whoever can open the socket can pose as the guest: owner only, unless asked otherwise. */
const DEFAULT_MODE = 0o600;

export interface HybridDialOptions {
  /** Default HYBRID_DIAL_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  /** Default FIRST_REPLY_TIMEOUT_MS. */
  readonly firstReplyTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

function hybridPeer(address: HybridAddress): Peer {
  return { transport: "vsock", address: formatVsockAddress(address) };
}

/**
 * Opens one connection to a guest's port. Asks again while no reply comes; a closed
 * port fails at once with code ECONNREFUSED. So does vhost-device-vsock while no VM
 * is attached to it: whoever waits for a VM to boot must dial again.
 *
 * @throws {SocketError} or the signal's reason.
 */
export function dialHybrid(address: HybridAddress, options: HybridDialOptions = {}): Promise<Conn> {
  const { timeoutMs = HYBRID_DIAL_TIMEOUT_MS, firstReplyTimeoutMs = FIRST_REPLY_TIMEOUT_MS, signal } =
    options;
  const peer = hybridPeer(address);
  const noReply = (limitMs: number) => () =>
    timeoutError(peer.address, limitMs, "is the VM up? its VSOCK driver answers nothing");
  return attempt(
    async (stop) => {
      for (let replyMs = firstReplyTimeoutMs;; replyMs = Math.min(replyMs * 2, LONGEST_REPLY_TIMEOUT_MS)) {
        try {
          return await attempt(
            (once) => connectOnce(address, peer, once),
            { timeoutMs: replyMs, signal: stop },
            noReply(replyMs),
          );
        } catch (error) {
          const dropped = error instanceof SocketError && error.code === "ETIMEDOUT";
          if (!dropped || stop.aborted) throw error;
        }
      }
    },
    { timeoutMs, signal },
    noReply(timeoutMs),
  );
}

async function connectOnce(address: HybridAddress, peer: Peer, stop: AbortSignal): Promise<Conn> {
  let socket: Deno.UnixConn;
  try {
    socket = await connectUnix(address.path, stop);
  } catch (error) {
    throw connectError(error, peer.address);
  }
  // The daemon ends both directions when one is ended: no half-close.
  const conn = new SocketConn(socket, peer, { maxWriteBytes: MAX_VSOCK_WRITE_BYTES, halfClose: false });
  const close = () => conn.close();
  stop.addEventListener("abort", close);
  try {
    await handshake(conn, address);
    return conn;
  } catch (error) {
    conn.close();
    // After the request, a broken pipe or reset says the same as EOF: nobody there.
    throw isDisconnect(error) ? closedPort(address, error) : error;
  } finally {
    stop.removeEventListener("abort", close);
  }
}

async function handshake(conn: Conn, address: HybridAddress): Promise<void> {
  const request = new TextEncoder().encode(`CONNECT ${address.port}\n`);
  for (let at = 0; at < request.length;) at += await conn.write(request.subarray(at));
  const line = await readReply(conn, address);
  // The number is the daemon's own port of the connection; it means nothing to us.
  if (!/^OK [0-9]{1,10}$/.test(line)) throw badReply(address, line);
}

/** Reads up to the newline and not one byte further: what follows is the guest's. */
async function readReply(conn: Conn, address: HybridAddress): Promise<string> {
  const reply = new Uint8Array(MAX_REPLY_BYTES);
  let lenBytes = 0;
  while (lenBytes === 0 || reply[lenBytes - 1] !== 0x0a) {
    if (lenBytes === reply.length) throw badReply(address, latin1(reply));
    const end = Math.max(MIN_REPLY_BYTES, lenBytes + 1);
    const read = await conn.read(reply.subarray(lenBytes, end));
    if (read === null) {
      if (lenBytes === 0) throw closedPort(address);
      throw badReply(address, latin1(reply.subarray(0, lenBytes)));
    }
    lenBytes += read;
  }
  return latin1(reply.subarray(0, lenBytes - 1));
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function closedPort(address: HybridAddress, cause?: unknown): SocketError {
  const text = formatVsockAddress(address);
  return new SocketError(
    "ECONNREFUSED",
    text,
    `can't connect to ${text}: the VM is not up yet, or nothing in it listens on port ${address.port}; ` +
      "wait, or look at its serial log",
    cause,
  );
}

function badReply(address: HybridAddress, line: string): SocketError {
  const text = formatVsockAddress(address);
  return new SocketError(
    "EPROTO",
    text,
    `can't connect to ${text}: expected "OK <port>", got ${JSON.stringify(line)}; ` +
      `is ${address.path} a hybrid VSOCK socket?`,
  );
}

/**
 * Listens for connections that the guest makes to the host (CID 2) on a port: the
 * daemon hands each on to the Unix socket `<path>_<port>`, without a handshake.
 *
 * @throws {SocketError}
 */
export function listenHybrid(address: HybridAddress, options: ListenOptions = {}): Promise<Listener> {
  const peer = hybridPeer(address);
  const path = `${address.path}_${address.port}`;
  const problem = unixPathProblem(path);
  if (problem) {
    return Promise.reject(
      new SocketError(
        "ENAMETOOLONG",
        peer.address,
        `can't listen at ${peer.address}: ${path}: ${problem}; ` +
          `choose a path that leaves room for _${address.port} within ${MAX_UNIX_PATH_BYTES} bytes`,
      ),
    );
  }
  return listenUnix(path, peer, { ...options, mode: options.mode ?? DEFAULT_MODE }, {
    maxWriteBytes: MAX_VSOCK_WRITE_BYTES,
    halfClose: false,
  });
}

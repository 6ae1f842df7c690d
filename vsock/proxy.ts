// A byte proxy between any two transports: what lets ordinary gRPC tools reach a
// VM's VSOCK. Looks into no byte; memory is bounded; no connection's fault ends it.
import { isDisconnect, SocketError } from "./error.ts";
import type { Conn, Dial, Listener, Peer } from "./types.ts";

/** Pairs at a time; each has two buffers, so the proxy's memory stays under 64 MiB. */
export const MAX_PROXY_CONNECTIONS = 1024;
/** Read at most this per turn and direction; the next read waits until it is written. */
export const COPY_BUFFER_BYTES = 32 * 1024;
/**
 * One side has ended its sending and the other can't be told (hybrid VSOCK has no
 * half-close): the pair lives on while bytes still come, and ends after this silence.
 */
export const HALF_CLOSE_SILENCE_MS = 3000;

/** One finished pair. */
export interface ProxyTraffic {
  /** Bytes from the client to the target. */
  readonly sentBytes: number;
  /** Bytes from the target to the client. */
  readonly receivedBytes: number;
  readonly durationMs: number;
}

export interface ProxyOptions {
  /** Closed by the proxy when it ends. */
  readonly listen: Listener;
  readonly to: Dial;
  /** Aborted: stops listening, closes every pair, and proxy() resolves. */
  readonly signal?: AbortSignal;
  /** Default MAX_PROXY_CONNECTIONS; further clients are closed at once and reported. */
  readonly maxConnections?: number;
  /** Default HALF_CLOSE_SILENCE_MS. */
  readonly halfCloseSilenceMs?: number;
  /** A client reached the target. */
  readonly onConnection?: (client: Peer, target: Peer) => void;
  /** A pair has ended, for whatever reason. */
  readonly onEnd?: (client: Peer, traffic: ProxyTraffic) => void;
  /** A target that can't be reached, a client too many, a broken stream. Vanished peers are none. */
  readonly onError?: (error: unknown, client: Peer) => void;
}

/**
 * Copies bytes both ways between each client and a connection of its own to the
 * target. Resolves when the listener is closed or the signal aborted, and every pair is over.
 *
 * @example
 * ```ts
 * await proxy({ listen: listener, to: () => dialVsock({ transport: "vsock", cid: 3, port: 50051 }) });
 * ```
 */
export async function proxy(options: ProxyOptions): Promise<void> {
  const { listen, to, signal, maxConnections = MAX_PROXY_CONNECTIONS } = options;
  const stop = new AbortController();
  const onAbort = () => {
    listen.close();
    stop.abort(signal?.reason);
  };
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  const pairs = new Set<Promise<void>>();
  try {
    for await (const client of listen) {
      if (pairs.size >= maxConnections) {
        client.close();
        const refusal = new SocketError(
          "ECONNLIMIT",
          listen.address,
          `refused a client: ${maxConnections} connections are open; close some, or raise the limit`,
        );
        guard(() => options.onError?.(refusal, client.peer));
        continue;
      }
      const pair: Promise<void> = servePair(client, to, options, stop.signal).finally(() =>
        pairs.delete(pair)
      );
      pairs.add(pair);
    }
    await Promise.all(pairs);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** A hook's fault is not a connection's. */
function guard(hook: () => void): void {
  try {
    hook();
  } catch {
    // There is nobody left to tell.
  }
}

/** One client from accept to end. Never rejects. */
async function servePair(client: Conn, to: Dial, options: ProxyOptions, stop: AbortSignal): Promise<void> {
  const began = performance.now();
  const moved: Moved = { sentBytes: 0, receivedBytes: 0 };
  try {
    const target = await to(stop);
    guard(() => options.onConnection?.(client.peer, target.peer));
    await relay(client, target, moved, options.halfCloseSilenceMs ?? HALF_CLOSE_SILENCE_MS, stop);
  } catch (error) {
    // A dial's failure is always news; a stream's only if nobody has just gone away.
    const vanished = !(error instanceof SocketError) && isDisconnect(error);
    if (!stop.aborted && !vanished) guard(() => options.onError?.(error, client.peer));
  } finally {
    client.close();
    guard(() => options.onEnd?.(client.peer, { ...moved, durationMs: performance.now() - began }));
  }
}

interface Moved {
  sentBytes: number;
  receivedBytes: number;
}

/** Copies both ways until both have ended, one failed, or `stop`; then both are closed. */
function relay(
  client: Conn,
  target: Conn,
  moved: Moved,
  silenceMs: number,
  stop: AbortSignal,
): Promise<void> {
  const canHalfClose = client.closeWrite !== undefined && target.closeWrite !== undefined;
  return new Promise<void>((resolve, reject) => {
    let ended = 0;
    let over = false;
    let silence: ReturnType<typeof setTimeout> | undefined;
    // A write that the peer doesn't take can't be cancelled, so the end doesn't wait for the copies.
    const end = () => {
      over = true;
      clearTimeout(silence);
      stop.removeEventListener("abort", end);
      client.close();
      target.close();
      resolve();
    };
    const fail = (error: unknown) => {
      reject(error);
      end();
    };
    const listenForSilence = () => {
      clearTimeout(silence);
      if (!over) silence = setTimeout(end, silenceMs);
    };
    const oneWay = async (from: Conn, to: Conn, count: (lenBytes: number) => void) => {
      await copy(from, to, (lenBytes) => {
        count(lenBytes);
        if (silence !== undefined) listenForSilence();
      });
      if (++ended === 2) return end();
      await to.closeWrite?.();
      if (!canHalfClose) listenForSilence();
    };
    if (stop.aborted) return end();
    stop.addEventListener("abort", end);
    oneWay(client, target, (lenBytes) => moved.sentBytes += lenBytes).catch(fail);
    oneWay(target, client, (lenBytes) => moved.receivedBytes += lenBytes).catch(fail);
  });
}

async function copy(from: Conn, to: Conn, count: (lenBytes: number) => void): Promise<void> {
  const buffer = new Uint8Array(COPY_BUFFER_BYTES);
  for (;;) {
    const read = await from.read(buffer);
    if (read === null) return;
    for (let at = 0; at < read;) {
      const written = await to.write(buffer.subarray(at, read));
      count(written);
      at += written;
    }
  }
}

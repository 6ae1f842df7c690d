// One attempt to get a connection: the addresses in order, until one speaks HTTP/2.
// Must never leave a Conn or a timer behind, whichever way an attempt ends.
import type { Http2Config } from "../http2/mod.ts";
import { ClientConnection, type ConnectionOwner } from "./client_connection.ts";
import type { KeepaliveConfig } from "./client_keepalive.ts";
import type { Clock } from "./clock.ts";
import type { Conn, Dial } from "./conn.ts";

/** One way to reach the server. */
export interface Target {
  /** For `:authority`, errors and logs. */
  readonly address: string;
  readonly dial: Dial;
}

/** What each address answered; `message` lists them all. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";

  constructor(readonly failures: readonly { readonly address: string; readonly reason: string }[]) {
    super(failures.map(({ address, reason }) => `${address}: ${reason}`).join("; "));
  }
}

export interface ConnectorOptions {
  readonly http2: Partial<Http2Config>;
  readonly clock: Clock;
  readonly keepalive: KeepaliveConfig | undefined;
  readonly maxCalls: number;
  /** For one address: dial and the server's SETTINGS together. */
  readonly timeoutMs: number;
}

/**
 * The first connection whose server sent its SETTINGS; an open port alone is no server.
 * @throws ConnectError when no address gave one; the signal's reason when it aborts
 */
export async function connect(
  targets: readonly Target[],
  owner: ConnectionOwner,
  options: ConnectorOptions,
  signal: AbortSignal,
): Promise<ClientConnection> {
  const failures: { address: string; reason: string }[] = [];
  for (const target of targets) {
    try {
      return await reach(target, owner, options, signal);
    } catch (error) {
      signal.throwIfAborted();
      failures.push({
        address: target.address,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
  throw new ConnectError(failures);
}

async function reach(
  target: Target,
  owner: ConnectionOwner,
  options: ConnectorOptions,
  signal: AbortSignal,
): Promise<ClientConnection> {
  const attempt = new AbortController();
  const abort = () => attempt.abort(signal.reason);
  signal.addEventListener("abort", abort);
  const timer = options.clock.startTimer(
    options.timeoutMs,
    () => attempt.abort(new Error(`no answer within ${options.timeoutMs} ms`)),
  );
  try {
    signal.throwIfAborted();
    return await shakeHands(await dial(target, attempt.signal), owner, options, attempt.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", abort);
  }
}

/** A dial that ignores its signal is abandoned: what it gives later is closed. */
async function dial(target: Target, signal: AbortSignal): Promise<Conn> {
  const dialing = target.dial(signal);
  const conn = await Promise.race([dialing, aborted(signal)]);
  if (conn !== undefined) return conn;
  dialing.then((late) => late.close(), () => {});
  throw signal.reason;
}

function shakeHands(
  conn: Conn,
  owner: ConnectionOwner,
  { http2, clock, keepalive, maxCalls }: ConnectorOptions,
  signal: AbortSignal,
): Promise<ClientConnection> {
  return new Promise((resolve, reject) => {
    let settled = false;
    const close = () => connection.close();
    const connection = new ClientConnection(conn, http2, clock, keepalive, maxCalls, {
      onReady: (ready) => {
        settled = true;
        signal.removeEventListener("abort", close);
        resolve(ready);
      },
      onRoom: (one) => owner.onRoom(one),
      onDraining: (one) => owner.onDraining(one),
      onEnded: (one, reason) => {
        if (settled) return owner.onEnded(one, reason);
        signal.removeEventListener("abort", close);
        reject(signal.aborted ? signal.reason : new Error(reason));
      },
    });
    signal.addEventListener("abort", close);
    // run() never rejects; its end is onEnded.
    void connection.run();
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

// Unix stream sockets: hybrid VSOCK stands on them, and Gatehouse's unix: too.
// Must never remove a socket file behind which somebody answers, or another kind of file.
import { attempt, connectUnix } from "./attempt.ts";
import { connectError, errorCode, listenError, SocketError, timeoutError } from "./error.ts";
import { SocketConn } from "./socket_conn.ts";
import { type ListenOptions, SocketListener } from "./socket_listener.ts";
import type { Conn, Listener, Peer } from "./types.ts";

/** A local server accepts in microseconds; after this it hangs. */
export const UNIX_CONNECT_TIMEOUT_MS = 5000;
/** How long a socket file's owner may take to accept before it counts as hanging, not as gone. */
const STALE_PROBE_TIMEOUT_MS = 1000;

export interface UnixDialOptions {
  /** Default UNIX_CONNECT_TIMEOUT_MS. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Opens one connection to a Unix socket. @throws {SocketError} or the signal's reason. */
export function dialUnix(path: string, peer: Peer, options: UnixDialOptions = {}): Promise<Conn> {
  const { timeoutMs = UNIX_CONNECT_TIMEOUT_MS, signal } = options;
  return attempt(
    async (stop) => {
      try {
        return new SocketConn(await connectUnix(path, stop), peer);
      } catch (error) {
        throw connectError(error, peer.address);
      }
    },
    { timeoutMs, signal },
    () => timeoutError(peer.address, timeoutMs, "the server hangs; look at its log"),
  );
}

/**
 * Listens on a Unix socket. A socket file that a dead process left is replaced,
 * after nobody answered behind it; the file is removed at close().
 *
 * @throws {SocketError}
 */
export async function listenUnix(
  path: string,
  peer: Peer,
  options: ListenOptions = {},
  conn: { maxWriteBytes?: number; halfClose?: boolean } = {},
): Promise<Listener> {
  let socket: Deno.UnixListener;
  try {
    socket = bind(path, options.mode);
  } catch (error) {
    if (errorCode(error) !== "EADDRINUSE") throw listenError(error, peer.address);
    await removeStale(path, peer.address);
    try {
      socket = bind(path, options.mode);
    } catch (again) {
      throw listenError(again, peer.address);
    }
  }
  return new SocketListener(
    socket,
    peer.address,
    (accepted, onGone) => new SocketConn(accepted, peer, { ...conn, onGone }),
    options,
  );
}

/** Binds with the mode already in force: the umask is the process's, so nothing may wait in here. */
function bind(path: string, mode: number | undefined): Deno.UnixListener {
  if (mode === undefined) return Deno.listen({ transport: "unix", path });
  const before = Deno.umask(0o777 & ~mode);
  try {
    return Deno.listen({ transport: "unix", path });
  } finally {
    Deno.umask(before);
  }
}

async function removeStale(path: string, address: string): Promise<void> {
  const found = await lstat(path);
  if (!found) return;
  if (!found.isSocket) {
    throw new SocketError(
      "EEXIST",
      address,
      `can't listen at ${address}: a file that is no socket has this path; move it away, or choose another path`,
    );
  }
  let owner: Conn;
  try {
    owner = await dialUnix(path, { transport: "unix", address }, { timeoutMs: STALE_PROBE_TIMEOUT_MS });
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return;
    if (code !== "ECONNREFUSED") {
      throw new SocketError(
        "EADDRINUSE",
        address,
        `can't listen at ${address}: another process may hold it (${code}); stop it, or choose another path`,
        error,
      );
    }
    const now = await lstat(path);
    // Another process may have bound the path while this one looked.
    if (now?.ino === found.ino) await removeIfThere(path, address);
    return;
  }
  owner.close();
  throw new SocketError(
    "EADDRINUSE",
    address,
    `can't listen at ${address}: another process answers there; stop it, or choose another path`,
  );
}

async function lstat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function removeIfThere(path: string, address: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw listenError(error, address);
  }
}

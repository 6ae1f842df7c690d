// What can go wrong with a socket, in words that say what to do next. Reads and
// writes keep Deno's own errors (a wrapper would cost a promise each);
// isDisconnect() tells the everyday ones among them from the rest.

/** A failed dial, listen or accept. `code` is the kernel's errno name where there is one. */
export class SocketError extends Error {
  override readonly name = "SocketError";

  constructor(readonly code: string, readonly address: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** The errno name of an error of Deno's network calls; its class name where it has none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "UNKNOWN";
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string") return code;
  // getaddrinfo's failures have no code in Deno 2.9.
  if (error.message.includes("failed to lookup address")) return "ENOTFOUND";
  return error.name;
}

// EINTR and BadResource are what Deno gives to a read that our own close() ended.
const DISCONNECTS = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOTCONN",
  "ETIMEDOUT",
  "EINTR",
  "BadResource",
  "Interrupted",
  "UnexpectedEof",
]);

/** True if a read or write failed because one side has gone: nothing that an operator must act on. */
export function isDisconnect(error: unknown): boolean {
  return DISCONNECTS.has(errorCode(error));
}

function detail(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The reason that a Deno permission is missing, or undefined. */
function deniedByDeno(error: unknown): string | undefined {
  return error instanceof Error && error.name === "NotCapable" ? error.message : undefined;
}

/** Turns what Deno.connect threw into a SocketError that says what to do next. */
export function connectError(error: unknown, address: string): SocketError {
  if (error instanceof SocketError) return error;
  const code = errorCode(error);
  const say = (text: string) => new SocketError(code, address, `can't connect to ${address}: ${text}`, error);
  const denied = deniedByDeno(error);
  if (denied) return say(denied);
  const vsock = address.startsWith("vsock");
  switch (code) {
    case "ECONNREFUSED":
      return say("nothing listens there; start the server, or check the address");
    case "ECONNRESET":
      return vsock
        ? say("refused; either no VM has this CID, or nothing in it listens on this port")
        : say("the peer closed the connection at once; check what listens there");
    case "ENOENT":
      return say("there is no such socket file; start the server, or check the path");
    case "ENOTSOCK":
      return say("this file is not a socket; check the path");
    case "EACCES":
    case "EPERM":
      return say("not permitted; run as the socket's owner or in its group");
    case "ENOTFOUND":
      return say("the host name is unknown; check its spelling, or give an IP address");
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return say("no route to it; check the address and this machine's network");
    case "ETIMEDOUT":
      return say(
        vsock
          ? "no answer; check that the VM runs with this CID (for CID 2: that the host listens on this port)"
          : "no answer; check the address and firewalls",
      );
    case "ENODEV":
    case "EAFNOSUPPORT":
    case "EADDRNOTAVAIL":
      return vsock
        ? say(
          "this kernel has no VSOCK here; on a host without vhost-vsock dial vsock+unix:///path.sock:port",
        )
        : say("this machine has no such network; check the address");
    default:
      return say(detail(error));
  }
}

/** The failure of an attempt that took too long. */
export function timeoutError(address: string, timeoutMs: number, hint: string): SocketError {
  return new SocketError(
    "ETIMEDOUT",
    address,
    `can't connect to ${address}: no answer within ${timeoutMs} ms; ${hint}`,
  );
}

/** Turns what Deno.listen threw into a SocketError that says what to do next. */
export function listenError(error: unknown, address: string): SocketError {
  if (error instanceof SocketError) return error;
  const code = errorCode(error);
  const say = (text: string) => new SocketError(code, address, `can't listen at ${address}: ${text}`, error);
  const denied = deniedByDeno(error);
  if (denied) return say(denied);
  switch (code) {
    case "EADDRINUSE":
      return say("already in use; stop the process that listens there (ss -lp shows it), or choose another");
    case "EADDRNOTAVAIL":
      return say("this machine has no such address; use one of its own, or 0.0.0.0 for all");
    case "EACCES":
    case "EPERM":
      return say("not permitted; choose a port above 1023 or a directory that you may write to");
    case "ENOENT":
    case "ENOTDIR":
      return say("its directory does not exist; create it with mkdir -p");
    case "EROFS":
      return say("its directory is on a read-only file system; choose another path");
    case "ENOTFOUND":
      return say("the host name is unknown; give an IP address");
    case "ENODEV":
    case "EAFNOSUPPORT":
      return say("this kernel has no VSOCK; load its module (modprobe vsock), or leave this address out");
    case "EMFILE":
    case "ENFILE":
      return say("no file descriptor is left; raise the limit (ulimit -n, LimitNOFILE=)");
    default:
      return say(detail(error));
  }
}

// VSOCK addresses as text: what a person types, checked, and back again.
// Parses only; opens nothing.

/** VMADDR_CID_ANY of linux/vm_sockets.h: bind to every context id. */
export const VMADDR_CID_ANY = 0xffff_ffff;
/** VMADDR_CID_LOCAL: loopback, any process of the same kernel. */
export const VMADDR_CID_LOCAL = 1;
/** VMADDR_CID_HOST: the hypervisor's side, seen from a guest. */
export const VMADDR_CID_HOST = 2;
/** VMADDR_PORT_ANY: the kernel chooses; so no port of an address can have this number. */
export const VMADDR_PORT_ANY = 0xffff_ffff;
/** sun_path of linux/un.h has 108 bytes, one of them for the final NUL. */
export const MAX_UNIX_PATH_BYTES = 107;
/** Addresses stand in error messages, and they may come from a network: no more than this is repeated. */
const MAX_QUOTED_CHARS = 120;

/** AF_VSOCK: a context id and a port, each 32 bits. Port 0 is for listening: the kernel chooses. */
export interface VsockAddress {
  readonly transport: "vsock";
  readonly cid: number;
  readonly port: number;
}

/** A guest's VSOCK port behind a hybrid Unix socket (Firecracker, vhost-device-vsock). */
export interface HybridAddress {
  readonly transport: "vsock+unix";
  /** The host's socket file, absolute. */
  readonly path: string;
  readonly port: number;
}

/** Text that is no address. The message says what is wrong and gives an example. */
export class AddressError extends Error {
  override readonly name = "AddressError";

  constructor(readonly text: string, problem: string, example: string) {
    const quoted = text.length > MAX_QUOTED_CHARS ? text.slice(0, MAX_QUOTED_CHARS) + "..." : text;
    super(`bad address ${JSON.stringify(quoted)}: ${problem}; an example: ${example}`);
  }
}

const VSOCK_EXAMPLE = "vsock://3:50051";
const HYBRID_EXAMPLE = "vsock+unix:///run/vm.sock:50051";

/** A decimal number without sign or leading zeros, within bounds; undefined if it isn't one. */
export function parseDecimal(text: string, max: number): number | undefined {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

/** Why a path can't be a Unix socket's; undefined if it can. */
export function unixPathProblem(path: string): string | undefined {
  if (path === "") return "the path is missing";
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(path)) return "the path has a control character";
  // A lone surrogate would become another character on its way to the kernel.
  if (!path.isWellFormed()) return "the path is not valid Unicode";
  const lenBytes = new TextEncoder().encode(path).length;
  if (lenBytes > MAX_UNIX_PATH_BYTES) {
    return `the path has ${lenBytes} bytes, a Unix socket's may have ${MAX_UNIX_PATH_BYTES}`;
  }
  if (path.endsWith("/")) return "the path names a directory";
  return undefined;
}

/** True if `text` begins as one of this package's addresses does. */
export function isVsockText(text: string): boolean {
  return text.startsWith("vsock:") || text.startsWith("vsock+unix:");
}

/**
 * Reads `vsock://cid:port`, `vsock://any:port`, gRPC's `vsock:cid:port`
 * (grpc/doc/naming.md) and `vsock+unix:///path.sock:port`.
 *
 * @example
 * ```ts
 * parseVsockAddress("vsock://3:50051"); // { transport: "vsock", cid: 3, port: 50051 }
 * ```
 * @throws {AddressError}
 */
export function parseVsockAddress(text: string): VsockAddress | HybridAddress {
  if (text.startsWith("vsock+unix:")) return parseHybrid(text);
  if (!text.startsWith("vsock:")) {
    throw new AddressError(text, "it begins with neither vsock: nor vsock+unix:", VSOCK_EXAMPLE);
  }
  const rest = text.slice(text.startsWith("vsock://") ? "vsock://".length : "vsock:".length);
  const parts = rest.split(":");
  if (parts.length !== 2) throw new AddressError(text, "it needs a CID and a port", VSOCK_EXAMPLE);
  const [cidText, portText] = parts as [string, string];
  const cid = cidText === "any" ? VMADDR_CID_ANY : parseDecimal(cidText, VMADDR_CID_ANY);
  if (cid === undefined) {
    throw new AddressError(text, `the CID must be "any" or a number up to ${VMADDR_CID_ANY}`, VSOCK_EXAMPLE);
  }
  const port = parseDecimal(portText, VMADDR_PORT_ANY - 1);
  if (port === undefined) {
    throw new AddressError(text, `the port must be a number up to ${VMADDR_PORT_ANY - 1}`, VSOCK_EXAMPLE);
  }
  return { transport: "vsock", cid, port };
}

function parseHybrid(text: string): HybridAddress {
  if (!text.startsWith("vsock+unix:///")) {
    throw new AddressError(text, "vsock+unix: needs // and an absolute path", HYBRID_EXAMPLE);
  }
  const rest = text.slice("vsock+unix://".length);
  const colon = rest.lastIndexOf(":");
  if (colon < 0) throw new AddressError(text, "the guest's port is missing", HYBRID_EXAMPLE);
  const path = rest.slice(0, colon);
  const problem = unixPathProblem(path);
  if (problem) throw new AddressError(text, problem, HYBRID_EXAMPLE);
  const port = parseDecimal(rest.slice(colon + 1), VMADDR_PORT_ANY - 1);
  if (port === undefined || port === 0) {
    throw new AddressError(
      text,
      `the guest's port must be a number from 1 to ${VMADDR_PORT_ANY - 1}`,
      HYBRID_EXAMPLE,
    );
  }
  return { transport: "vsock+unix", path, port };
}

/** The canonical text of an address; parseVsockAddress() reads it back to an equal value. */
export function formatVsockAddress(address: VsockAddress | HybridAddress): string {
  if (address.transport === "vsock+unix") return `vsock+unix://${address.path}:${address.port}`;
  return `vsock://${address.cid === VMADDR_CID_ANY ? "any" : address.cid}:${address.port}`;
}

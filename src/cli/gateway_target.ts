// Which HTTP gateway a command means, and whether one answers there.
// Must never send a request that changes anything.
import { parseAddress } from "../transport/address.ts";
import { dialer } from "../transport/dial.ts";
import type { TlsClientOptions } from "../transport/tls_material.ts";
import type { Conn, Dial } from "../grpc/conn.ts";
import { GatehouseError } from "../vm/errors.ts";
import { DEFAULT_VM } from "../vm/paths.ts";
import { runningVmOf } from "../vm/machine.ts";
import { readTls, type TlsFlags } from "./tls_option.ts";
import { readClientFiles } from "./vm_tls.ts";

export interface GatewayFlags extends TlsFlags {
  /** The gateway's own address. */
  readonly server?: string;
  /** The VM whose gateway is meant where there is no --server. */
  readonly name: string;
}

export interface GatewayTarget {
  readonly address: string;
  readonly dial: Dial;
}

/** Connecting included; software emulation answers in some tens of milliseconds. */
const ANSWER_MS = 5_000;
/** An answer begins so, whatever its version and status (RFC 9112, 4). */
const ANSWER_BEGINS = "HTTP/1.";
const QUESTION = "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** @throws GatehouseError that says what to name or to start */
export async function gatewayTarget({ server, name, ...tls }: GatewayFlags): Promise<GatewayTarget> {
  if (server !== undefined) return target(server, await readTls(tls, server));
  const vm = await runningVmOf(name);
  if (vm === undefined) {
    throw new GatehouseError(
      "not-running",
      `no --server given, and the VM "${name}" doesn't run`,
      "start it with `gatehouse up`, or name a gateway with --server",
    );
  }
  const { vsock, tls: overTls, tcp } = vm.addresses.gateway ?? {};
  const address = vsock ?? overTls ?? tcp;
  if (address === undefined) {
    throw new GatehouseError(
      "bad-argument",
      `the VM "${name}" was booted without a gateway`,
      `add [gateway] with addresses = ["vsock://any:50080"] to its configuration, or leave --config out; then ` +
        `\`gatehouse down\` and \`gatehouse up\`${name === DEFAULT_VM ? "" : ` --name ${name}`}`,
    );
  }
  return target(address, address === overTls ? await readClientFiles(vm.clientFiles) : undefined);
}

function target(address: string, tls: TlsClientOptions | undefined): GatewayTarget {
  return { address, dial: dialer(parseAddress(address), { tls, protocol: "http/1.1" }) };
}

/** Asks once, so that a wrong address is told now and not by a browser's empty page. @throws GatehouseError or SocketError */
export async function checkAnswers({ address, dial }: GatewayTarget, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(ANSWER_MS);
  const end = AbortSignal.any([signal, limit]);
  const conn = await dial(end);
  const close = () => conn.close();
  end.addEventListener("abort", close, { once: true });
  try {
    const begin = await beginningOfAnswer(conn).catch(() => undefined);
    signal.throwIfAborted();
    if (begin === ANSWER_BEGINS) return;
    throw new GatehouseError(
      "bad-argument",
      limit.aborted
        ? `${address} gives no answer within ${ANSWER_MS / 1_000} s`
        : `${address} answers otherwise than by HTTP/1.1`,
      "give an address of [gateway] in the server's configuration; `gatehouse status` of a VM names it",
    );
  } finally {
    end.removeEventListener("abort", close);
    conn.close();
  }
}

async function beginningOfAnswer(conn: Conn): Promise<string> {
  const question = new TextEncoder().encode(QUESTION);
  for (let at = 0; at < question.length;) at += await conn.write(question.subarray(at));
  const answer = new Uint8Array(ANSWER_BEGINS.length);
  let length = 0;
  while (length < answer.length) {
    const count = await conn.read(answer.subarray(length));
    if (count === null) break;
    length += count;
  }
  return new TextDecoder().decode(answer.subarray(0, length));
}

// Calls that need a role, for every command that makes one: proven with the administrator's key where the transport
// takes proofs, by the client certificate over TLS. Must never send a proof where the server refuses all.
import type { Command, Option } from "commander";
import { type PrivateKey, PrivateKeyError, readPrivateKey } from "../authority/private_key.ts";
import { firstThen, Prover } from "../authority/prover.ts";
import { MAX_KEY_FILE_BYTES } from "../authority/public_key.ts";
import { type ApiPath, TABLE } from "../authority/table.ts";
import { Channel } from "../grpc/channel.ts";
import { clientStream, serverStream, unary } from "../grpc/client.ts";
import { methodAt } from "../proto/mod.ts";
import { type Address, formatAddress, parseAddressList } from "../transport/address.ts";
import { dialer, type DialOptions } from "../transport/dial.ts";
import { GatehouseError } from "../vm/errors.ts";
import { ownVmPaths } from "../vm/paths.ts";
import { exists } from "../files/write_once.ts";
import { readInput } from "./files.ts";
import { note } from "./output.ts";
import { callsOwnVm, resolveServer, type ServerOptions, serverOptions } from "./server_option.ts";

/** Who follows a stream wants it back soon after the server. */
const MAX_BACKOFF_MS = 5_000;

export interface AdminOptions extends ServerOptions {
  adminKey?: string;
}

/** --server and the like, and --admin-key. */
export function adminOptions(command: Command, timeoutMs?: number, key?: Option): Command {
  return serverOptions(command, timeoutMs, key).option(
    "--admin-key <file>",
    "an enrolled private key, for VSOCK and Unix sockets (default: $GATEHOUSE_ADMIN_KEY, else the running VM's)",
  );
}

/**
 * ```ts
 * await withAdmin(options, signal, (client) => client.unary("/gatehouse.v1.Admins/List", {}));
 * ```
 */
export class AdminClient {
  readonly #channel: Channel;
  readonly #prover: Prover | undefined;
  #peer = "";

  /** @param key absent: the calls go out as they are */
  constructor(
    addresses: readonly Address[],
    private readonly options: DialOptions & { readonly deadlineMs: number; readonly signal?: AbortSignal },
    key?: PrivateKey,
  ) {
    this.#channel = new Channel(
      addresses.map((parsed) => {
        const address = formatAddress(parsed);
        const dial = dialer(parsed, { tls: options.tls });
        return {
          address,
          dial: async (signal?: AbortSignal) => {
            const conn = await dial(signal);
            this.#peer = address;
            return conn;
          },
        };
      }),
      { maxBackoffMs: MAX_BACKOFF_MS },
    );
    this.#prover = key && new Prover(this.#channel, key.proving);
  }

  /** @throws GrpcError */
  unary<Request, Response>(path: ApiPath, request: Request): Promise<Response> {
    const { deadlineMs, signal } = this.options;
    const method = methodAt<Request, Response>(path);
    const prover = this.#proverFor(path);
    return prover
      ? prover.unary(method, request, { deadlineMs, signal })
      : unary(this.#channel, method, request, { deadlineMs, signal });
  }

  /** Has no time limit. Leaving the loop ends it. @throws GrpcError while iterating */
  serverStream<Request, Response>(path: ApiPath, request: Request): AsyncIterable<Response> {
    const { signal } = this.options;
    const method = methodAt<Request, Response>(path);
    const prover = this.#proverFor(path);
    return prover
      ? prover.serverStream(method, request, { signal })
      : serverStream(this.#channel, method, request, { signal });
  }

  /**
   * Has no time limit: what is sent may be of any length.
   * @param first what a proof is made for
   * @param rest what follows; called again when the connection was lost at the start
   * @throws GrpcError
   */
  clientStream<Request, Response>(
    path: ApiPath,
    first: Request,
    rest: () => AsyncIterable<Request>,
  ): Promise<Response> {
    const { signal } = this.options;
    const method = methodAt<Request, Response>(path);
    const prover = this.#proverFor(path);
    return prover
      ? prover.clientStream(method, first, rest, { signal })
      : clientStream(this.#channel, method, firstThen(first, rest), { signal });
  }

  /** None where the server doesn't look at a proof: it would cost a round trip for nothing. */
  #proverFor(path: ApiPath): Prover | undefined {
    return TABLE.get(path)?.readsProof ? this.#prover : undefined;
  }

  /** The address that was connected to last; empty before the first call. */
  peer(): string {
    return this.#peer;
  }

  close(): void {
    this.#channel.close();
  }
}

/** Runs `use` with a client for what the options name, and closes it whatever happens. */
export async function withAdmin<T>(
  options: AdminOptions,
  signal: AbortSignal,
  use: (client: AdminClient) => Promise<T>,
): Promise<T> {
  const { addresses, timeoutMs, ...dialing } = await resolveServer(options);
  const all = parseAddressList(addresses);
  const key = await keyFor(options, all);
  // A proof is for transports without TLS: with one, the others aren't tried.
  const client = new AdminClient(
    key ? all.filter(takesProofs) : all,
    { ...dialing, deadlineMs: timeoutMs, signal },
    key,
  );
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const takesProofs = ({ transport }: Address) => transport !== "tcp" && transport !== "tls";

async function keyFor(options: AdminOptions, addresses: Address[]): Promise<PrivateKey | undefined> {
  if (addresses.some(takesProofs)) {
    const file = options.adminKey ?? (Deno.env.get("GATEHOUSE_ADMIN_KEY") || await vmKeyFile(options));
    return file === undefined ? undefined : await readKeyFile(file);
  }
  if (options.adminKey === undefined) return undefined;
  throw new GatehouseError(
    "bad-argument",
    "--admin-key proves over VSOCK and Unix sockets only, and --server names neither",
    "call the server by vsock:// or unix://, or leave --admin-key out: over tls:// the certificate alone says who calls",
  );
}

/** The key that `gatehouse up` made, when it is that VM which is called. */
async function vmKeyFile(options: AdminOptions): Promise<string | undefined> {
  if (!callsOwnVm(options)) return undefined;
  const { adminKey } = ownVmPaths(options.name);
  return await exists(adminKey) ? adminKey : undefined;
}

async function readKeyFile(file: string): Promise<PrivateKey> {
  const next = "give the private half of an enrolled key; `gatehouse admins keygen` makes a pair";
  const text = new TextDecoder().decode(await readInput(file, MAX_KEY_FILE_BYTES, next));
  if (((await Deno.stat(file).catch(() => undefined))?.mode ?? 0) & 0o077) {
    note(`Warning: others can read ${file}: chmod 600 ${file}`);
  }
  try {
    return await readPrivateKey(text);
  } catch (error) {
    if (!(error instanceof PrivateKeyError)) throw error;
    throw new GatehouseError("bad-argument", `--admin-key ${file}: ${error.message}`, next);
  }
}

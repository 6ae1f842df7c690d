// --server, --timeout and what TLS takes, the same on every command that calls a server.
import type { Command, Option } from "commander";
import { GatehouseError } from "../vm/errors.ts";
import { DEFAULT_VM } from "../vm/paths.ts";
import { addressList, type RunningVm, runningVmOf } from "../vm/machine.ts";
import { DEFAULT_TIMEOUT_MS } from "./client.ts";
import { wholeNumber } from "./command.ts";
import { readTls, type TlsFlags, tlsOptions } from "./tls_option.ts";
import type { TlsClientOptions } from "../transport/tls_material.ts";

export interface ServerOptions extends TlsFlags {
  server?: string;
  name: string;
  timeout: string;
  json?: boolean;
}

/** A day: longer is a typing mistake. */
const MAX_TIMEOUT_MS = 24 * 3600 * 1000;

/** The server to call, and how. */
export interface Server {
  /** Separated by commas, tried in order. */
  readonly addresses: string;
  readonly timeoutMs: number;
  /** There when one of the addresses is tls://. */
  readonly tls?: TlsClientOptions;
}

/**
 * @param timeoutMs what --timeout is when it isn't given
 * @param key --key, on a command where it is more than the certificate's
 */
export function serverOptions(command: Command, timeoutMs = DEFAULT_TIMEOUT_MS, key?: Option): Command {
  command.option(
    "--server <addresses>",
    "tls://host:port, tcp://host:port, unix:///path, vsock://cid:port or vsock+unix:///path:port; several, " +
      "separated by commas, are tried in order (default: $GATEHOUSE_SERVER, else the running VM)",
  );
  return tlsOptions(command, key)
    .option("--name <vm>", "the VM to call when there is no --server", DEFAULT_VM)
    .option("--timeout <ms>", "for each call", String(timeoutMs))
    .option("--json", "print JSON");
}

/** Whether nothing names a server, so that a VM of this machine is called. */
export const callsOwnVm = ({ server }: Pick<ServerOptions, "server">): boolean =>
  server === undefined && Deno.env.get("GATEHOUSE_SERVER") === undefined;

/** The server to call: as told, else the running VM. */
export async function resolveServer(options: ServerOptions): Promise<Server> {
  const timeoutMs = wholeNumber("--timeout", options.timeout, 1, MAX_TIMEOUT_MS);
  const told = options.server ?? Deno.env.get("GATEHOUSE_SERVER");
  if (told === "") {
    throw new GatehouseError(
      "bad-argument",
      `${options.server === undefined ? "$GATEHOUSE_SERVER" : "--server"} is empty`,
      "name an address, or leave it out for the running VM",
    );
  }
  if (told !== undefined) return { addresses: told, timeoutMs, tls: await readTls(options, told) };
  const vm = await runningVmOf(options.name);
  if (vm === undefined) {
    throw new GatehouseError(
      "not-running",
      `no --server given, and the VM "${options.name}" doesn't run`,
      "start it with `gatehouse up`, or name a server with --server",
    );
  }
  const list = addressList(vm).join(",");
  return { addresses: list, timeoutMs, tls: await readTls(vmFlags(options, vm), list) };
}

/** What `up` made for its VM, unless the caller names something else. A certificate and its key go together. */
function vmFlags({ ca, cert, key, serverName }: TlsFlags, { clientFiles, addresses }: RunningVm): TlsFlags {
  if (addresses.tls === undefined) return { ca, cert, key, serverName };
  const own = cert === undefined && key === undefined;
  return {
    ca: ca ?? clientFiles.ca,
    cert: own ? clientFiles.cert : cert,
    key: own ? clientFiles.key : key,
    serverName,
  };
}

// --server and --timeout, the same on every command that calls a server.
import type { Command } from "commander";
import { GatehouseError } from "../vm/errors.ts";
import { DEFAULT_VM } from "../vm/paths.ts";
import { runningAddresses } from "../vm/machine.ts";
import { DEFAULT_TIMEOUT_MS } from "./client.ts";
import { wholeNumber } from "./command.ts";

export interface ServerOptions {
  server?: string;
  name: string;
  timeout: string;
  json?: boolean;
}

/** A day: longer is a typing mistake. */
const MAX_TIMEOUT_MS = 24 * 3600 * 1000;

/** @param timeoutMs what --timeout is when it isn't given */
export function serverOptions(command: Command, timeoutMs = DEFAULT_TIMEOUT_MS): Command {
  return command
    .option(
      "--server <addresses>",
      "tcp://host:port, unix:///path, vsock://cid:port or vsock+unix:///path:port; several, separated by " +
        "commas, are tried in order (default: $GATEHOUSE_SERVER, else the running VM)",
    )
    .option("--name <vm>", "the VM to call when there is no --server", DEFAULT_VM)
    .option("--timeout <ms>", "for each call", String(timeoutMs))
    .option("--json", "print JSON");
}

/** The addresses to call: as told, else the running VM's. */
export async function resolveServer(
  options: ServerOptions,
): Promise<{ addresses: string; timeoutMs: number }> {
  const timeoutMs = wholeNumber("--timeout", options.timeout, 1, MAX_TIMEOUT_MS);
  const told = options.server ?? Deno.env.get("GATEHOUSE_SERVER");
  if (told === "") {
    throw new GatehouseError(
      "bad-argument",
      "--server is empty",
      "name an address, or leave --server out for the running VM",
    );
  }
  if (told !== undefined) return { addresses: told, timeoutMs };
  const addresses = await runningAddresses(options.name);
  if (!addresses) {
    throw new GatehouseError(
      "not-running",
      `no --server given, and the VM "${options.name}" doesn't run`,
      "start it with `gatehouse up`, or name a server with --server",
    );
  }
  return { addresses: addresses.join(","), timeoutMs };
}

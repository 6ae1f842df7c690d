// After a change that is undone unless confirmed: does the server still answer over a new connection, and is the
// change to stay? Must never confirm what it could not reach.
import type { ConfigVersion } from "../../proto/mod.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { type AdminOptions, withAdmin } from "../admin_client.ts";
import { note } from "../output.ts";
import { confirmConfig, getVersion } from "./calls.ts";

const CONFIRM_MODES = ["auto", "ask", "no"] as const;
export type ConfirmMode = typeof CONFIRM_MODES[number];

/** Attempts over the time that is left, each of which a listener that comes late may answer. */
const ATTEMPT_PAUSE_MS = 500;
/** One attempt: an address that swallows packets answers nothing. */
const ATTEMPT_MS = 5_000;

export interface Outcome {
  /** Whether a new connection found the version in force. */
  readonly reached: boolean;
  readonly confirmed: boolean;
}

/**
 * What was asked for, or asking where somebody can answer.
 * @param withinS of --confirm-within; 0: there is nothing to confirm
 * @throws GatehouseError
 */
export function confirmMode(text: string | undefined, withinS: number): ConfirmMode {
  if (text !== undefined && withinS === 0) {
    throw new GatehouseError(
      "bad-argument",
      "--confirm without --confirm-within: the change would stay whatever comes",
      "give --confirm-within 60s too, or leave --confirm out",
    );
  }
  if (text === undefined) return Deno.stdin.isTerminal() ? "ask" : "no";
  const mode = CONFIRM_MODES.find((one) => one === text);
  if (mode !== undefined) return mode;
  throw new GatehouseError("bad-argument", `--confirm ${text}: no such way`, "choose auto, ask or no");
}

export async function confirmAfter(
  applied: ConfigVersion,
  options: AdminOptions,
  mode: ConfirmMode,
  signal: AbortSignal,
): Promise<Outcome> {
  const version = applied.version.toNumber();
  const untilMs = applied.confirm_by_ms.toNumber();
  const until = new Date(untilMs).toISOString();
  const reached = await reach(version, untilMs, options, signal);
  if (!reached) {
    note(`The server can't be reached over a new connection: version ${version} is undone at ${until}`);
    return { reached, confirmed: false };
  }
  const wanted = mode === "auto" || (mode === "ask" && confirm(`Keep version ${version}?`));
  if (!wanted) {
    note(
      `Version ${version} is undone at ${until} unless you confirm it: gatehouse config confirm ${version}`,
    );
    return { reached, confirmed: false };
  }
  await withAdmin(options, signal, (client) => confirmConfig(client, version));
  return { reached, confirmed: true };
}

async function reach(
  version: number,
  untilMs: number,
  options: AdminOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const timeout = String(Math.min(ATTEMPT_MS, Number(options.timeout)));
  do {
    try {
      const found = await withAdmin({ ...options, timeout }, signal, (client) => getVersion(client, 0));
      return found.version.toNumber() === version;
    } catch (error) {
      if (signal.aborted || error instanceof GatehouseError) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_PAUSE_MS));
  } while (Date.now() < untilMs);
  return false;
}

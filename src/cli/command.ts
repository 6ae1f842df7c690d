// How a command runs: one place for --json, errors, Ctrl-C and the exit code.
import type { Command } from "commander";
import { GatehouseError } from "../vm/errors.ts";
import { reportFailure } from "./output.ts";

/** Ended by Ctrl-C, as shells count it: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

export interface CommandContext {
  json: boolean;
  /** Aborted at the first Ctrl-C or SIGTERM; the second ends the process at once. */
  signal: AbortSignal;
}

/**
 * Makes a commander action of `run`. Whatever it throws is printed with its next step and ends in
 * exit code 1; what it returns, if a number, is the exit code.
 */
export function action<Args extends unknown[]>(
  run: (context: CommandContext, ...args: Args) => Promise<number | void>,
): (this: Command, ...args: Args) => Promise<void> {
  return async function (this: Command, ...args: Args) {
    const json = Boolean(this.opts().json);
    const abort = new AbortController();
    const interrupt = () => abort.signal.aborted ? Deno.exit(EXIT_INTERRUPTED) : abort.abort();
    Deno.addSignalListener("SIGINT", interrupt);
    Deno.addSignalListener("SIGTERM", interrupt);
    let exitCode = 0;
    try {
      exitCode = (await run({ json, signal: abort.signal }, ...args)) ?? 0;
    } catch (error) {
      reportFailure(error, json);
      exitCode = abort.signal.aborted ? EXIT_INTERRUPTED : 1;
    } finally {
      Deno.removeSignalListener("SIGINT", interrupt);
      Deno.removeSignalListener("SIGTERM", interrupt);
    }
    // A command that is done is done: whatever a library left running must not keep the process.
    Deno.exit(exitCode);
  };
}

/** Resolves at the first Ctrl-C or SIGTERM. */
export const interrupted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** A whole number within bounds, or an error that says so. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < min || value > max) {
    throw new GatehouseError(
      "bad-argument",
      `${option} ${text}: not a whole number from ${min} to ${max}`,
      `give ${option} a number in that range`,
    );
  }
  return value;
}

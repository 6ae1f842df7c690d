// Asks before something is lost for good. Must never take silence, or a pipe, for a yes.
import { GatehouseError } from "../vm/errors.ts";
import { note } from "./output.ts";

/**
 * Returns when it may go on.
 *
 * @param loss what is lost, a line each
 * @throws GatehouseError when it may not
 */
export function confirmLoss(question: string, loss: readonly string[], yes: boolean | undefined): void {
  if (yes) return;
  for (const line of loss) note(line);
  if (!Deno.stdin.isTerminal()) {
    throw new GatehouseError(
      "bad-argument",
      `${question} Nobody is there to ask`,
      "add --yes when that is meant",
    );
  }
  if (confirm(question)) return;
  throw new GatehouseError("cancelled", "nothing was done", "run it again, or add --yes, when that is meant");
}

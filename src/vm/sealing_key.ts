// The key that the signer's store is sealed with, on the host and outside the VM's
// disk. It must never be replaced once made: what is sealed with it is lost with it.

import { randomBytes } from "node:crypto";
import { GatehouseError } from "./errors.ts";
import { writeOnce } from "./write_once.ts";

/** What the signer takes, no more and no less. */
export const SEALING_KEY_BYTES = 32;

/** The path of a sealing key, made with mode 0600 if there is none. Throws `state-damaged` on one of another length. */
export async function ensureSealingKey(path: string): Promise<string> {
  await writeOnce(path, randomBytes(SEALING_KEY_BYTES));
  const key = await Deno.stat(path);
  if (key.size !== SEALING_KEY_BYTES) {
    throw new GatehouseError(
      "state-damaged",
      `${path} has ${key.size} bytes, not the ${SEALING_KEY_BYTES} of a sealing key`,
      "restore it from a backup; without it the keys that it sealed can't be opened",
    );
  }
  if (((key.mode ?? 0) & 0o077) !== 0) await Deno.chmod(path, 0o600);
  return path;
}

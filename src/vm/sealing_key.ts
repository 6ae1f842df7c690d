// The key that the signer's store is sealed with, on the host and outside the VM's
// disk. It must never be replaced before what it seals is sealed with the next one: that
// would be lost with it.

import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { diskSteps, type FileSteps, replaceFile } from "../files/durable_file.ts";
import { exists, writeOnce } from "../files/write_once.ts";
import { GatehouseError } from "./errors.ts";

/** What the signer takes, no more and no less. */
export const SEALING_KEY_BYTES = 32;

/**
 * The path of a sealing key, made with mode 0600 if there is none.
 * @param sealed what it seals: where one of these is there already and the key isn't, none is made
 * @throws GatehouseError `state-damaged` on a key that is missing or of another length
 */
export async function ensureSealingKey(path: string, ...sealed: string[]): Promise<string> {
  if (!await exists(path)) {
    for (const file of sealed) {
      if (!await exists(file)) continue;
      throw new GatehouseError(
        "state-damaged",
        `${path} is missing, and ${file} was sealed with it`,
        "restore the key from a backup; a new one could not open what is there",
      );
    }
  }
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

/**
 * Puts the next sealing key in place of the one before, once nothing is sealed with that any more. After a crash
 * anywhere the key that opens the store lies in one of the two files, and doing it again ends it.
 * @throws GatehouseError `state-damaged` when the next one is no sealing key
 */
export async function adoptSealingKey(
  path: string,
  next: string,
  steps: FileSteps = diskSteps,
): Promise<void> {
  const key = await Deno.readFile(next);
  if (key.length !== SEALING_KEY_BYTES) {
    throw new GatehouseError(
      "state-damaged",
      `${next} has ${key.length} bytes, not the ${SEALING_KEY_BYTES} of a sealing key`,
      "put the sealing key that belongs to this disk there, or remove that file if it is in sealing.key",
    );
  }
  await replaceFile(path, key, 0o600, steps);
  await steps.remove(next);
  await steps.syncDir(dirname(next));
}

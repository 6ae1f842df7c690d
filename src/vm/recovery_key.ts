// The recovery key that is made for a store of its own: what opens its backups. Must never be replaced: the backups
// that were made for it would be lost with it.
import { replaceFile } from "../files/durable_file.ts";
import { exists, writeOnce } from "../files/write_once.ts";
import { AgeError, identityFile, makeIdentity, readIdentity } from "../recovery/age.ts";
import { GatehouseError } from "./errors.ts";

/**
 * An identity of age, mode 0600, made if there is none, and its public half beside it: the signer gets that one alone.
 * @throws GatehouseError `state-damaged` when the file holds no identity
 */
export async function ensureRecoveryKey(identityPath: string, recipientPath: string): Promise<void> {
  if (!await exists(identityPath)) {
    await writeOnce(identityPath, new TextEncoder().encode(identityFile(await makeIdentity(), new Date())));
  }
  const mode = (await Deno.stat(identityPath)).mode ?? 0;
  if ((mode & 0o077) !== 0) await Deno.chmod(identityPath, 0o600);
  try {
    const { recipient } = await readIdentity(await Deno.readTextFile(identityPath));
    await replaceFile(recipientPath, `${recipient}\n`, 0o644);
  } catch (error) {
    if (!(error instanceof AgeError)) throw error;
    throw new GatehouseError(
      "state-damaged",
      `${identityPath} is no recovery key: ${error.message}`,
      "restore it from a backup; without it nobody opens the backups that were made for it",
      { cause: error },
    );
  }
}

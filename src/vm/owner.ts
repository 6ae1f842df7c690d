// What makes a VM its owner's: the first administrator's key, an authority with the
// VM's certificate and one for the command line, and what opens its backups. Made once,
// beside the VM's files; the admin and recovery keys are never replaced, certificates are
// renewed by a later `up`.

import { CREDENTIALS } from "../agent/credential_names.ts";
import { makePrivateKeyPem, PrivateKeyError, readPrivateKey } from "../authority/private_key.ts";
import { PkiError } from "../pki/error.ts";
import { replaceFile } from "../files/durable_file.ts";
import { canonicalName } from "../pki/names.ts";
import { ensureOwnTls } from "../pki/own_tls.ts";
import { GatehouseError } from "./errors.ts";
import { ensureRecoveryKey } from "./recovery_key.ts";
import type { VmPaths } from "./paths.ts";
import type { Credential } from "./qemu.ts";
import { writeOnce } from "../files/write_once.ts";

/** What the command line's certificate calls it; the configuration that `up` gives lets it do what a user may. */
export const CLI_NAME = "cli.gatehouse";

/** To whom backups are encrypted: the signer takes it over at its first start. */
const RECOVERY_CREDENTIAL = "gatehouse.recovery";

/** What a caller of this VM takes, as files: the authority to trust, and who it is. */
export interface ClientFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export function clientFiles({ tls }: VmPaths): ClientFiles {
  return { ca: `${tls}/ca.pem`, cert: `${tls}/client.pem`, key: `${tls}/client.key` };
}

/**
 * Makes what isn't there yet, and renews certificates that end soon.
 * @returns what the VM is given of it at its boot
 * @throws GatehouseError `state-damaged` with what to do about it
 */
export async function ensureOwner(paths: VmPaths): Promise<Credential[]> {
  await ensureAdminKey(paths);
  await ensureRecoveryKey(paths.recoveryKey, paths.recoveryRecipient);
  try {
    const tls = await ensureOwnTls(paths.tls, { serverNames: serverNames(paths.name), clientName: CLI_NAME });
    return [
      { name: CREDENTIALS.admin, path: paths.adminPublicKey },
      { name: RECOVERY_CREDENTIAL, path: paths.recoveryRecipient },
      { name: CREDENTIALS.certificate, path: tls.server.certificate },
      { name: CREDENTIALS.privateKey, path: tls.server.privateKey },
      { name: CREDENTIALS.clientCa, path: tls.ca },
      { name: CREDENTIALS.crl, path: tls.crl },
    ];
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw new GatehouseError(
      "state-damaged",
      `the VM's certificates can't be made: ${error.message}`,
      `move ${paths.tls} away; the next up makes a new authority and new certificates`,
      { cause: error },
    );
  }
}

/** Ed25519, PKCS#8 as PEM, mode 0600; its public half beside it, for whoever enrols it elsewhere too. */
async function ensureAdminKey({ adminKey, adminPublicKey }: VmPaths): Promise<void> {
  await writeOnce(adminKey, new TextEncoder().encode(makePrivateKeyPem()));
  const mode = (await Deno.stat(adminKey)).mode ?? 0;
  if ((mode & 0o077) !== 0) await Deno.chmod(adminKey, 0o600);
  await replaceFile(adminPublicKey, await publicHalf(adminKey), 0o644);
}

async function publicHalf(path: string): Promise<string> {
  try {
    return (await readPrivateKey(await Deno.readTextFile(path))).publicPem;
  } catch (error) {
    if (!(error instanceof PrivateKeyError)) throw error;
    throw new GatehouseError(
      "state-damaged",
      `${path} is no private key that administrates: ${error.message}`,
      "restore it from a backup; without it nobody administrates this VM until ./gatehouse down --purge",
      { cause: error },
    );
  }
}

/** How the host reaches the VM, and the VM's own name where a certificate can say it. */
function serverNames(name: string): string[] {
  const names = ["dns:localhost", "ip:127.0.0.1"];
  try {
    names.push(canonicalName(`dns:${name}`));
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
  }
  return names;
}

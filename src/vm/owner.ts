// What makes a VM its owner's: the first administrator's key, an authority with the
// VM's certificate and one for the command line. Made once, beside the VM's files; the
// admin key is never replaced, certificates are renewed by a later `up`.

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { PkiError } from "../pki/error.ts";
import { replaceFile } from "../agent/durable_file.ts";
import { canonicalName } from "../pki/names.ts";
import { ensureOwnTls } from "../pki/own_tls.ts";
import { GatehouseError } from "./errors.ts";
import type { VmPaths } from "./paths.ts";
import type { Credential } from "./qemu.ts";
import { writeOnce } from "./write_once.ts";

/** What the command line's certificate calls it; the configuration that `up` gives lets it do what a user may. */
export const CLI_NAME = "cli.gatehouse";

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
  try {
    const tls = await ensureOwnTls(paths.tls, { serverNames: serverNames(paths.name), clientName: CLI_NAME });
    return [
      { name: "gatehouse.admin", path: paths.adminPublicKey },
      { name: "gatehouse.tls-cert", path: tls.server.certificate },
      { name: "gatehouse.tls-key", path: tls.server.privateKey },
      { name: "gatehouse.client-ca", path: tls.ca },
      { name: "gatehouse.crl", path: tls.crl },
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
  const { privateKey } = generateKeyPairSync("ed25519");
  const made = privateKey.export({ type: "pkcs8", format: "pem" });
  await writeOnce(adminKey, new TextEncoder().encode(String(made)));
  const mode = (await Deno.stat(adminKey)).mode ?? 0;
  if ((mode & 0o077) !== 0) await Deno.chmod(adminKey, 0o600);
  await replaceFile(adminPublicKey, publicHalf(adminKey, await Deno.readTextFile(adminKey)), 0o644);
}

function publicHalf(path: string, pem: string): string {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw new GatehouseError(
      "state-damaged",
      `${path} is no private key`,
      "restore it from a backup; without it nobody administrates this VM until ./gatehouse down --purge",
      { cause: error },
    );
  }
  return String(createPublicKey(key).export({ type: "spki", format: "pem" }));
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

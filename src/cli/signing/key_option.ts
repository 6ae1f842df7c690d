// --key of `sign` and `verify`: a signing key's id, and, as on every command, the file of a certificate's private key.
// Must never take a private key's file for an id, nor send one anywhere.
import { Option } from "commander";
import { exists } from "../../files/write_once.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { readInput } from "../files.ts";
import { collect } from "../repeatable.ts";
import { namesCertificate } from "../tls_option.ts";

/** RSA-4096's private key in PEM has 3.3 KB. */
export const MAX_KEY_FILE_BYTES = 16_384;
/** As the API has ids. */
const ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export const keyOption = (description: string): Option =>
  new Option("--key <id>", `${description}. A second --key may name the private key of --cert`).argParser(
    collect,
  );

export interface GivenKeys {
  /** The signing key's id. */
  id?: string;
  /** A public key's file, where that is of use. */
  publicKey?: Uint8Array;
  /** The file of the certificate's private key. */
  tlsKey?: string;
}

/**
 * Tells them apart: a file that holds a private key goes with --cert; one that holds a public key is that where
 * `takesFiles`; anything else is an id.
 * @throws GatehouseError
 */
export async function sortKeys(
  { key: values = [], cert }: { key?: string[]; cert?: string },
  takesFiles: boolean,
): Promise<GivenKeys> {
  const given: GivenKeys = {};
  for (const value of values) {
    const one = await sortKey(value, namesCertificate({ cert }), takesFiles);
    const twice = Object.keys(one).some((name) => name in given) ||
      ("id" in one && "publicKey" in given) || ("publicKey" in one && "id" in given);
    if (twice) {
      throw refused(
        value,
        "is one too many",
        "give one key to sign with, and with --cert the file of its key",
      );
    }
    Object.assign(given, one);
  }
  return given;
}

async function sortKey(value: string, hasCertificate: boolean, takesFiles: boolean): Promise<GivenKeys> {
  if (value === "-" || await exists(value)) {
    const isFile = value === "-" || (await Deno.stat(value)).isFile;
    const bytes = isFile ? await readInput(value, MAX_KEY_FILE_BYTES) : new Uint8Array();
    if (/^-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/m.test(new TextDecoder("latin1").decode(bytes))) {
      if (hasCertificate) return { tlsKey: value };
      const next = "a signing key is named by its id; a certificate's private key goes with --cert FILE";
      throw refused(value, "is a private key's file", next);
    }
    if (takesFiles && isFile) return { publicKey: bytes };
  }
  if (ID.test(value)) return { id: value };
  throw refused(
    value,
    takesFiles ? "is neither a key's id nor a file" : "is no key's id",
    "give a key as `gatehouse keys list` has it",
  );
}

const refused = (value: string, is: string, next: string) =>
  new GatehouseError("bad-argument", `--key ${value} ${is}`, next);

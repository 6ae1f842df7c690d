// A certificate and its key as two files beside each other: NAME.pem and NAME.key.
import { replaceFile } from "../files/durable_file.ts";
import { join } from "node:path";
import { exists } from "../files/write_once.ts";
import { PkiError } from "./error.ts";

import type { KeyPairPem } from "./profile.ts";

export interface LeafFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

export const leafFiles = (dir: string, name: string): LeafFiles => ({
  certificate: join(dir, `${name}.pem`),
  privateKey: join(dir, `${name}.key`),
});

/** @throws {PkiError} when one of the files is there: a key that was replaced is lost */
export async function refuseToReplace({ certificate, privateKey }: LeafFiles): Promise<void> {
  for (const path of [certificate, privateKey]) {
    if (await exists(path)) {
      throw new PkiError(`${path} is there already`, "move it away, or name another place");
    }
  }
}

/** The key 0600, and before the certificate: whoever sees that has both. */
export async function writeLeaf(files: LeafFiles, pair: KeyPairPem): Promise<void> {
  await replaceFile(files.privateKey, pair.privateKeyPem, 0o600);
  await replaceFile(files.certificate, pair.certificatePem, 0o644);
}

// The TLS material that the operator gives with the start, as files of one directory.
// Must never read another file than these.
import { join } from "node:path";
import { readIfThere } from "../../files/read_if_there.ts";
import { CREDENTIALS } from "../credential_names.ts";
import type { TlsFiles } from "./applier.ts";
import { MAX_PEM_UNITS } from "./tls_check.ts";

const FILES: Readonly<Record<keyof TlsFiles, string>> = {
  certificatePem: CREDENTIALS.certificate,
  privateKeyPem: CREDENTIALS.privateKey,
  clientCaPem: CREDENTIALS.clientCa,
  crlPem: CREDENTIALS.crl,
};

/** A character of PEM is one byte; what stands between its blocks may be in another language. */
const MAX_FILE_BYTES = 4 * MAX_PEM_UNITS;

/** Undefined when there is none of them. @throws Error when one is there and can't be read */
export async function tlsCredentials(dir: string | undefined): Promise<TlsFiles | undefined> {
  if (dir === undefined) return undefined;
  const found: Partial<Record<keyof TlsFiles, string>> = {};
  for (const [part, name] of Object.entries(FILES) as [keyof TlsFiles, string][]) {
    const text = await readIfThere(join(dir, name), MAX_FILE_BYTES);
    // systemd's default for a credential that wasn't given is an empty file.
    if (text !== undefined && text !== "") found[part] = text;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

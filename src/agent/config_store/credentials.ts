// The TLS material that the operator gives with the start, as files of one directory.
// Must never read another file than these.
import { join } from "node:path";
import type { TlsFiles } from "./applier.ts";
import { MAX_PEM_UNITS } from "./tls_check.ts";

const FILES: Readonly<Record<keyof TlsFiles, string>> = {
  certificatePem: "gatehouse.tls-cert",
  privateKeyPem: "gatehouse.tls-key",
  clientCaPem: "gatehouse.client-ca",
  crlPem: "gatehouse.crl",
};

/** Undefined when there is none of them. @throws Error when one is there and can't be read */
export async function tlsCredentials(dir: string | undefined): Promise<TlsFiles | undefined> {
  if (dir === undefined) return undefined;
  const found: Partial<Record<keyof TlsFiles, string>> = {};
  for (const [part, name] of Object.entries(FILES) as [keyof TlsFiles, string][]) {
    const text = await readIfThere(join(dir, name));
    // systemd's default for a credential that wasn't given is an empty file.
    if (text !== undefined && text !== "") found[part] = text;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const { size } = await Deno.stat(path);
    if (size > 4 * MAX_PEM_UNITS) throw new Error(`${path} has ${size} bytes, which no TLS material has`);
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

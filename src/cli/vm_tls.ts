// What the command line takes to call a VM of its own over TLS: the files that `up` made.
import type { TlsClientOptions } from "../transport/tls_material.ts";
import type { ClientFiles } from "../vm/machine.ts";

/** @throws Error when one of the files can't be read */
export async function readClientFiles({ ca, cert, key }: ClientFiles): Promise<TlsClientOptions> {
  const [caPem, certPem, keyPem] = await Promise.all([ca, cert, key].map((path) => Deno.readTextFile(path)));
  return { ca: caPem, cert: certPem, key: keyPem };
}

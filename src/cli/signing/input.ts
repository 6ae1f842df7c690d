// What is to be signed or verified: held whole when one call takes it, else read in parts. Must never hold more.
import { Buffer } from "node:buffer";
import { MAX_SIGN_DATA_BYTES } from "../../services/crypto.ts";
import { GatehouseError } from "../../vm/errors.ts";
import { readInput } from "../files.ts";
import { algorithmName, digestBytes } from "../words.ts";

export type Input =
  | { readonly kind: "data"; readonly data: Uint8Array }
  /** `parts` is read once; `totalBytes` where it is known. */
  | { readonly kind: "parts"; parts(): AsyncIterable<Uint8Array>; readonly totalBytes?: number };

/** @param path "-" or nothing: standard input. @throws GatehouseError when it can't be read */
export async function openInput(path: string | undefined): Promise<Input> {
  const named = path !== undefined && path !== "-";
  const what = named ? path : "standard input";
  try {
    const file = named ? await Deno.open(path) : Deno.stdin;
    const reader = file.readable.getReader();
    const held: Uint8Array[] = [];
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { kind: "data", data: Buffer.concat(held) };
      held.push(value);
      bytes += value.length;
      if (bytes > MAX_SIGN_DATA_BYTES) break;
    }
    const size = named ? (await Deno.stat(path)).size : 0;
    return {
      kind: "parts",
      // A pipe has no size.
      totalBytes: size >= bytes ? size : undefined,
      async *parts() {
        for (let part = held.shift(); part !== undefined; part = held.shift()) yield part;
        for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
      },
    };
  } catch (error) {
    throw new GatehouseError(
      "bad-argument",
      `can't read ${what}: ${error instanceof Error ? error.message : error}`,
      "give a file that can be read, or - for standard input",
    );
  }
}

/** SHA-512 in hex with a file's name after it, as sha512sum(1) writes. */
const MAX_DIGEST_FILE_BYTES = 8_192;

/**
 * A digest, raw or in hex; behind that may stand a file's name, as sha256sum(1) writes it.
 * @throws GatehouseError when it isn't as long as the algorithm's
 */
export async function readDigest(path: string | undefined, algorithm: number): Promise<Uint8Array> {
  const wanted = digestBytes(algorithm);
  if (wanted === undefined) {
    throw new GatehouseError(
      "bad-argument",
      `${algorithmName(algorithm)} takes data and no digest`,
      "leave --digest out and give the data",
    );
  }
  const bytes = await readInput(
    path,
    MAX_DIGEST_FILE_BYTES,
    "with --digest, give the digest and not the data",
  );
  return digestIn(bytes, wanted, algorithmName(algorithm));
}

export function digestIn(bytes: Uint8Array, wanted: number, algorithm: string): Uint8Array {
  const hex = /^((?:[0-9a-f]{2})+)(?:\s|$)/i.exec(new TextDecoder("latin1").decode(bytes))?.[1];
  const digest = hex === undefined ? bytes : new Uint8Array(Buffer.from(hex, "hex"));
  if (digest.length === wanted) return digest;
  throw new GatehouseError(
    "bad-argument",
    `a digest of ${digest.length} bytes, and ${algorithm} signs one of ${wanted}`,
    `give it raw or in hex, as sha${wanted * 8}sum writes it`,
  );
}

// What an authority remembers of the certificates that it made: index.json in its directory.
// Must never forget one: what isn't known can't be revoked.
import { replaceFile } from "../files/durable_file.ts";
import { join } from "node:path";
import { z } from "zod";
import { PkiError } from "./error.ts";
import { readIfThere } from "../files/read_if_there.ts";

/** An entry has some 400 bytes: room for 80,000 certificates. */
const MAX_INDEX_BYTES = 32 * 1024 * 1024;

const issued = z.strictObject({
  /** Lower-case hex, as Certificate has it. */
  serial: z.string().regex(/^[0-9a-f]{1,40}$/),
  name: z.string(),
  use: z.enum(["server", "client"]),
  names: z.array(z.string()),
  /** RFC 3339. */
  not_before: z.iso.datetime(),
  not_after: z.iso.datetime(),
  /** Of its DER, lower-case hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  revoked_at: z.iso.datetime().optional(),
});

const index = z.strictObject({
  version: z.literal(1),
  /** Of the last revocation list; grows with each. */
  crl_number: z.int().min(0),
  certificates: z.array(issued),
});

export type Issued = z.infer<typeof issued>;
export type CaIndex = z.infer<typeof index>;

const pathOf = (dir: string) => join(dir, "index.json");

/** @throws {PkiError} when it is missing or can't be understood */
export async function readIndex(dir: string): Promise<CaIndex> {
  const path = pathOf(dir);
  const next = "restore it from a backup: without it what it has issued can't be revoked";
  const text = await readIfThere(path, MAX_INDEX_BYTES);
  if (text === undefined) throw new PkiError(`${path} is missing`, next);
  try {
    return index.parse(JSON.parse(text));
  } catch (error) {
    throw new PkiError(`${path} can't be understood`, next, { cause: error });
  }
}

export const writeIndex = (dir: string, value: CaIndex): Promise<void> =>
  replaceFile(pathOf(dir), JSON.stringify(value, null, 1) + "\n", 0o600);

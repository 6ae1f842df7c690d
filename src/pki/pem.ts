// PEM (RFC 7468): blocks out of a text, and a block as text. Knows nothing of what is in them.
import { Buffer } from "node:buffer";
import { PkiError } from "./error.ts";

/** What stands in a BEGIN line. */
export type PemLabel = "CERTIFICATE" | "X509 CRL" | "PRIVATE KEY" | "PUBLIC KEY";

/** RFC 7468, 2: lines of 64 characters. */
const LINE_CHARS = 64;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** The DER of every block with this label, in order; other blocks and what stands between them are passed over. @throws {PkiError} */
export function readPem(text: string, label: PemLabel): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  for (let from = text.indexOf(begin); from >= 0; from = text.indexOf(begin, from)) {
    const body = from + begin.length;
    from = text.indexOf(end, body);
    if (from < 0) throw new PkiError(`a PEM block ${label} has no end`);
    const base64 = text.slice(body, from).replace(/\s+/g, "");
    if (!BASE64.test(base64)) throw new PkiError(`a PEM block ${label} holds something else than base64`);
    blocks.push(new Uint8Array(Buffer.from(base64, "base64")));
  }
  return blocks;
}

/** One block, its last line ended. */
export function writePem(label: PemLabel, der: Uint8Array): string {
  const lines = Buffer.from(der).toString("base64").match(new RegExp(`.{1,${LINE_CHARS}}`, "g")) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

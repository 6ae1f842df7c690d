// A page's token as callers get it: sealed, so that it names no key that its holder may not see.
// Must never be trusted to have come from here until it opened.
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The signer's own is shorter: an id, or a place. */
const MAX_TOKEN_CHARS = 1024;

/** Of one agent's life: a list that was begun before a restart is begun again. */
export class PageTokens {
  readonly #key = randomBytes(32);

  /** @param token the signer's; empty stays empty */
  seal(token: string): string {
    if (token === "") return "";
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const sealed = Buffer.concat([cipher.update(token, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64url");
  }

  /** The signer's token; undefined when it isn't one that was sealed here. */
  open(sealed: string): string | undefined {
    if (sealed === "") return "";
    if (sealed.length > MAX_TOKEN_CHARS) return undefined;
    const bytes = Buffer.from(sealed, "base64url");
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    try {
      const opener = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES));
      opener.setAuthTag(bytes.subarray(-TAG_BYTES));
      const token = opener.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([token, opener.final()]).toString("utf8");
    } catch {
      return undefined;
    }
  }
}

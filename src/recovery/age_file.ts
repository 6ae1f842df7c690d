// The outside of an age file (age-encryption.org/v1): what can be checked of a backup without the key that opens it.
// Must never need an identity.

/** More than any header for one recipient has, with room for others. */
export const MAX_HEADER_BYTES = 64 * 1024;
/** The payload's nonce, and the tag of its last chunk. */
const MIN_PAYLOAD_BYTES = 16 + 16;

/**
 * What is wrong with a file that begins so; undefined when nothing is.
 * @param start its first MAX_HEADER_BYTES, or all of it
 */
export function ageFault(start: Uint8Array, bytes: number): string | undefined {
  const text = new TextDecoder("latin1").decode(start);
  if (!text.startsWith("age-encryption.org/v1\n")) return "it doesn't begin as an age file";
  const end = /\n--- [A-Za-z0-9+/]{43}\n/.exec(text);
  if (end === null) return "its header has no end";
  if (!/\n-> X25519 [A-Za-z0-9+/]{43}\n/.test(text.slice(0, end.index + 1))) {
    return "it is encrypted to no X25519 recipient";
  }
  const payload = bytes - (end.index + end[0].length);
  return payload < MIN_PAYLOAD_BYTES ? "it ends behind its header" : undefined;
}

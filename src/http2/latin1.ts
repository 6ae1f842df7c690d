// Header bytes as strings, one byte a character.
// Must never decode as UTF-8: header fields are octets (RFC 9110 section 5.5).

/** Characters of one String.fromCharCode call. */
const CHUNK_CHARS = 128;
/** Names repeat; this many are kept so that equal bytes give the same string without a new one. */
const NAME_SLOTS = 512;
/** Longer names are not worth a slot. */
const NAME_MAX_BYTES = 40;

/**
 * One array for each length up to a chunk's: as arguments, plain arrays are twice as fast as typed ones, which the
 * engine would copy first. Shared: nothing of them lives past one call.
 */
const CODES: number[][] = Array.from({ length: CHUNK_CHARS + 1 }, (_, length) => new Array(length).fill(0));

const names: string[] = new Array(NAME_SLOTS).fill("");

/** `bytes[start..end)` as a latin1 string. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= CHUNK_CHARS) return chunk(bytes, start, end);
  let text = "";
  for (let at = start; at < end; at += CHUNK_CHARS) text += chunk(bytes, at, Math.min(end, at + CHUNK_CHARS));
  return text;
}

function chunk(bytes: Uint8Array, start: number, end: number): string {
  const codes = CODES[end - start];
  for (let i = 0; i < codes.length; i++) codes[i] = bytes[start + i];
  return String.fromCharCode.apply(null, codes);
}

/** As `latin1`, but remembers short strings: for field names. The memory is shared and bounded. */
export function latin1Name(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 0 || length > NAME_MAX_BYTES) return latin1(bytes, start, end);
  let hash = length;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
  const slot = (hash ^ (hash >>> 11)) & (NAME_SLOTS - 1);
  const known = names[slot];
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === bytes[start + i]) i++;
    if (i === length) return known;
  }
  const name = latin1(bytes, start, end);
  names[slot] = name;
  return name;
}

/** Writes a latin1 string at `at`; returns the offset after it. */
export function writeLatin1(text: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
  return at + text.length;
}

// Which characters a field name and a field value may hold (RFC 9113 section 8.2.1).
// Must never be looser than the RFC: what passes here reaches applications and log files.

const NAME_OK = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") NAME_OK[char.charCodeAt(0)] = 1;

/** NUL, LF, CR. Other control characters are odd but legal octets. */
const VALUE_BAD = new Uint8Array(256);
VALUE_BAD[0x00] = VALUE_BAD[0x0a] = VALUE_BAD[0x0d] = 1;

const SPACE = 0x20;
const TAB = 0x09;

/** A lower-case token (RFC 9110 section 5.6.2), without the colon of pseudo-headers. */
export function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (NAME_OK[name.charCodeAt(i)] !== 1) return false;
  }
  return name.length > 0;
}

/** Latin1 without NUL, CR and LF, and without white space at either end. */
export function isFieldValue(value: string): boolean {
  const length = value.length;
  if (length === 0) return true;
  for (let i = 0; i < length; i++) {
    if (VALUE_BAD[value.charCodeAt(i)] !== 0) return false; // above 255: undefined
  }
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(length - 1);
  return first !== SPACE && first !== TAB && last !== SPACE && last !== TAB;
}

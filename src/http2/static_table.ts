// The static table of HPACK (RFC 7541 appendix A).
// Must never change at run time: every connection reads it.

// deno-fmt-ignore
const ENTRIES: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""], [":method", "GET"], [":method", "POST"], [":path", "/"], [":path", "/index.html"],
  [":scheme", "http"], [":scheme", "https"], [":status", "200"], [":status", "204"], [":status", "206"],
  [":status", "304"], [":status", "400"], [":status", "404"], [":status", "500"], ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"], ["accept-language", ""], ["accept-ranges", ""], ["accept", ""],
  ["access-control-allow-origin", ""], ["age", ""], ["allow", ""], ["authorization", ""],
  ["cache-control", ""], ["content-disposition", ""], ["content-encoding", ""], ["content-language", ""],
  ["content-length", ""], ["content-location", ""], ["content-range", ""], ["content-type", ""],
  ["cookie", ""], ["date", ""], ["etag", ""], ["expect", ""], ["expires", ""], ["from", ""], ["host", ""],
  ["if-match", ""], ["if-modified-since", ""], ["if-none-match", ""], ["if-range", ""],
  ["if-unmodified-since", ""], ["last-modified", ""], ["link", ""], ["location", ""],
  ["max-forwards", ""], ["proxy-authenticate", ""], ["proxy-authorization", ""], ["range", ""],
  ["referer", ""], ["refresh", ""], ["retry-after", ""], ["server", ""], ["set-cookie", ""],
  ["strict-transport-security", ""], ["transfer-encoding", ""], ["user-agent", ""], ["vary", ""],
  ["via", ""], ["www-authenticate", ""],
];

/** Entries in the static table; dynamic entries are numbered after them. */
export const STATIC_ENTRIES = ENTRIES.length;
/** By index, from 1; [0] is not used. */
export const STATIC_NAMES: readonly string[] = ["", ...ENTRIES.map(([name]) => name)];
/** By index, from 1; [0] is not used. */
export const STATIC_VALUES: readonly string[] = ["", ...ENTRIES.map(([, value]) => value)];

/** First index of each name. */
export const STATIC_NAME_INDEX: ReadonlyMap<string, number> = firstIndexes();

function firstIndexes(): Map<string, number> {
  const indexes = new Map<string, number>();
  for (let index = STATIC_ENTRIES; index > 0; index--) indexes.set(STATIC_NAMES[index], index);
  return indexes;
}

/** Index of name and value together, 0 when the table does not have both. */
export function staticIndex(nameIndex: number, value: string): number {
  const name = STATIC_NAMES[nameIndex];
  for (let index = nameIndex; index <= STATIC_ENTRIES && STATIC_NAMES[index] === name; index++) {
    if (STATIC_VALUES[index] === value) return index;
  }
  return 0;
}

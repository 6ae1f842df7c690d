// The Huffman code of HPACK (RFC 7541 appendix B), decoded by tables of eight and of twelve bits.
// Must never write past the destination: callers size it with maxDecodedBytes / encodedBytes.

// The code is canonical (ordered by length, then by symbol), so the lengths say everything.
// deno-fmt-ignore
const LENGTH_BITS = new Uint8Array([
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
]);
const SHORTEST_CODE_BITS = 5;
const LONGEST_CODE_BITS = 30;

/** A leaf of the decoding tables: this flag, the bits it uses of its byte << 8, the symbol. */
const LEAF = 0x8000;

/** Bits of one look that finds two symbols: all digits and most letters have codes of 5 or 6. */
const PAIR_BITS = 12;

const CODES = canonicalCodes();
const TABLES = decodingTables();
const PAIRS = pairTable();

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(256);
  let next = 0;
  for (let bits = SHORTEST_CODE_BITS; bits <= LONGEST_CODE_BITS; bits++) {
    for (let symbol = 0; symbol < 256; symbol++) {
      if (LENGTH_BITS[symbol] === bits) codes[symbol] = next++;
    }
    next *= 2;
  }
  return codes;
}

/** 256 entries a table, the root first. An entry is a leaf, the number of the next table, or 0: no such code. */
function decodingTables(): Uint16Array {
  const entries: number[] = new Array(256).fill(0);
  for (let symbol = 0; symbol < 256; symbol++) {
    let bits = LENGTH_BITS[symbol];
    let table = 0;
    while (bits > 8) {
      bits -= 8;
      const at = table * 256 + ((CODES[symbol] >>> bits) & 0xff);
      if (entries[at] === 0) {
        entries[at] = entries.length / 256;
        for (let i = 0; i < 256; i++) entries.push(0);
      }
      table = entries[at];
    }
    const first = table * 256 + ((CODES[symbol] << (8 - bits)) & 0xff);
    entries.fill(LEAF | (bits << 8) | symbol, first, first + (1 << (8 - bits)));
  }
  return Uint16Array.from(entries);
}

/** By the next PAIR_BITS bits: the bits of two symbols << 16, the second << 8, the first; 0: they hold no two. */
function pairTable(): Uint32Array {
  const pairs = new Uint32Array(1 << PAIR_BITS);
  // Only these leave room for a second one. All of 256 x 256 would delay the program's start.
  const short = [...LENGTH_BITS.keys()].filter((symbol) =>
    LENGTH_BITS[symbol] <= PAIR_BITS - SHORTEST_CODE_BITS
  );
  for (const first of short) {
    for (const second of short) {
      const bits = LENGTH_BITS[first] + LENGTH_BITS[second];
      const spare = PAIR_BITS - bits;
      if (spare < 0) continue;
      const at = ((CODES[first] << LENGTH_BITS[second]) | CODES[second]) << spare;
      pairs.fill((bits << 16) | (second << 8) | first, at, at + (1 << spare));
    }
  }
  return pairs;
}

/** The most bytes that `encodedBytes` bytes can decode to: the shortest code has 5 bits. */
export function maxDecodedBytes(encodedBytes: number): number {
  return Math.floor((encodedBytes * 8) / SHORTEST_CODE_BITS);
}

/**
 * Decodes `from[start..end)` into `into`.
 * @returns decoded length in bytes, or -1 when the padding is wrong or EOS occurs (RFC 7541 section 5.2)
 */
export function huffmanDecode(from: Uint8Array, start: number, end: number, into: Uint8Array): number {
  const tables = TABLES;
  let length = 0;
  let bits = 0; // the last `pending` bits are not decoded yet
  let pending = 0;
  let sinceSymbol = 0; // bits since the last whole symbol, for the padding rule
  let table = 0;
  // Two symbols a look while there are bytes; the round after the last byte takes what is left of whole bytes.
  for (let at = start; at <= end; at++) {
    let enough = 8;
    if (at < end) {
      bits = ((bits << 8) | from[at]) & 0xffffff;
      pending += 8;
      sinceSymbol += 8;
      enough = table === 0 ? PAIR_BITS : 8;
    }
    while (pending >= enough) {
      if (table === 0 && pending >= PAIR_BITS) {
        const pair = PAIRS[(bits >>> (pending - PAIR_BITS)) & (PAIRS.length - 1)];
        if (pair !== 0) {
          into[length++] = pair & 0xff;
          into[length++] = (pair >>> 8) & 0xff;
          pending -= pair >>> 16;
          sinceSymbol = pending;
          continue;
        }
      }
      const entry = tables[table + ((bits >>> (pending - 8)) & 0xff)];
      if (entry >= LEAF) {
        into[length++] = entry & 0xff;
        pending -= (entry >>> 8) & 0x7f;
        sinceSymbol = pending;
        table = 0;
      } else if (entry !== 0) {
        pending -= 8;
        table = entry << 8;
      } else {
        return -1;
      }
    }
  }
  while (pending > 0) {
    const entry = tables[table + ((bits << (8 - pending)) & 0xff)];
    if (entry < LEAF) break;
    const used = (entry >>> 8) & 0x7f;
    if (used > pending) break;
    into[length++] = entry & 0xff;
    pending -= used;
    sinceSymbol = pending;
    table = 0;
  }
  if (sinceSymbol > 7) return -1;
  const padding = (1 << pending) - 1;
  return (bits & padding) === padding ? length : -1;
}

/** Bytes that `text` (latin1) takes in Huffman code. */
export function huffmanBytes(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += LENGTH_BITS[text.charCodeAt(i) & 0xff];
  return (bits + 7) >>> 3;
}

/** Encodes `text` (latin1) into `into` from `at`; returns the offset after it. */
export function huffmanEncode(text: string, into: Uint8Array, at: number): number {
  let bits = 0; // at most 7 bits wait between symbols
  let pending = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    let code = CODES[symbol];
    let length = LENGTH_BITS[symbol];
    if (length > 16) { // 7 + 30 bits would not fit in 32
      length -= 16;
      bits = (bits << length) | (code >>> 16);
      pending += length;
      while (pending >= 8) {
        pending -= 8;
        into[at++] = bits >>> pending;
      }
      code &= 0xffff;
      length = 16;
    }
    bits = (bits << length) | code;
    pending += length;
    while (pending >= 8) {
      pending -= 8;
      into[at++] = bits >>> pending;
    }
  }
  if (pending > 0) into[at++] = (bits << (8 - pending)) | (0xff >>> pending);
  return at;
}

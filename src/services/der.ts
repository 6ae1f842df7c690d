// The little DER (X.690) that the seed's formats need: one element at a time,
// strict, throwing RangeError on anything cut or indefinite.

export interface Element {
  tag: number;
  content: Uint8Array;
  /** Where the next element starts, in the bytes that were read. */
  end: number;
}

/** Reads the element at `offset`. Lengths of up to four bytes. */
export function readElement(der: Uint8Array, offset = 0): Element {
  const tag = der[offset];
  let length = der[offset + 1];
  let start = offset + 2;
  if (length > 0x80 && length <= 0x84) {
    const count = length - 0x80;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + der[start + i];
    start += count;
  } else if (length >= 0x80) {
    throw new RangeError(`DER: a length of form 0x${length.toString(16)} at byte ${offset + 1}`);
  }
  const end = start + length;
  if (!(end <= der.length)) {
    throw new RangeError(`DER: cut at byte ${der.length}, element at ${offset} is longer`);
  }
  return { tag, content: der.subarray(start, end), end };
}

/** The same, and the tag must be this one. */
export function expectElement(der: Uint8Array, tag: number, offset = 0): Element {
  const element = readElement(der, offset);
  if (element.tag !== tag) throw new RangeError(`DER: tag ${element.tag} at byte ${offset}, not ${tag}`);
  return element;
}

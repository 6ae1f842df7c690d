// Makes any string safe for one line of a log: quoted, bounded, every invisible character spelt out.
// Must never let through a character that ends a line, moves a cursor or reorders text.

/**
 * Longest string that a field or a message may hold, in UTF-16 units. Peers choose method names and
 * addresses; without a bound, one call could write a header list's worth of log, over and over.
 */
export const MAX_VALUE_UNITS = 1024;

// Printable ASCII but the quote and the backslash: nothing to escape, and nearly every value is such.
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

// Control (C0, DEL, C1), format (bidirectional and zero-width), line and paragraph separators, private use,
// lone surrogates. JSON itself asks for C0 only (RFC 8259 section 7); a terminal obeys U+009B as it does ESC [.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/**
 * A JSON string, quotes included, that reads back as `text` (its first `maxUnits` UTF-16 units and a note
 * of how many were cut) and that holds visible characters only.
 */
export function quote(text: string, maxUnits = MAX_VALUE_UNITS): string {
  if (text.length <= maxUnits && PLAIN.test(text)) return `"${text}"`;
  return JSON.stringify(cut(text, maxUnits)).replace(HIDDEN, spellOut);
}

/** `text` bounded and with visible characters only, without quotes: for people, not for a parser. */
export function visible(text: string, maxUnits = MAX_VALUE_UNITS): string {
  if (text.length <= maxUnits && PLAIN.test(text)) return text;
  return cut(text, maxUnits).replace(HIDDEN, spellOut);
}

function cut(text: string, maxUnits: number): string {
  if (text.length <= maxUnits) return text;
  const splitsPair = isHighSurrogate(text.charCodeAt(maxUnits - 1));
  const end = splitsPair ? maxUnits - 1 : maxUnits;
  return `${text.slice(0, end)}…(+${text.length - end})`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function spellOut(character: string): string {
  let spelt = "";
  for (let i = 0; i < character.length; i++) {
    spelt += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return spelt;
}

// A certificate's subject or issuer as one line for people (RFC 4514). Nothing may be decided by it: names are.
import type { Name } from "@peculiar/asn1-x509";

/** RFC 4514, 3, and what is usual besides; others are shown by their number. */
const TYPES: Record<string, string> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/** In the certificate's order, which is the reading order of most tools. Control characters come out escaped. */
export function formatName(name: Name): string {
  return [...name].map((relative) =>
    [...relative].map(({ type, value }) => `${TYPES[type] ?? type}=${escapeValue(value.toString())}`).join(
      "+",
    )
  ).join(", ");
}

function escapeValue(text: string): string {
  return text
    .replace(/[",+;<>\\]|^[ #]| $/g, "\\$&")
    // Line ends, and what makes a terminal write right to left.
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
